//! `GET /v1/dids`: numbers of our capacity (M2).
//!
//! Owns: that an exact number is looked for in our capacity at all.
//! Does not own: the list (`billing::numbers`, `grids`).
//! Always: a number outside of our capacity is `not_ours`, with whose range it is where the numbering plan knows it (A33); anything else that finds nothing is an
//! empty list.

use axum::extract::{Query, Request, State};
use axum::http::Uri;
use axum::response::Response;
use billing::numbers;
use numbering::E164;

use super::not_ours;
use crate::call_context::CallContext;
use crate::grids;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;

pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    request: Request,
) -> Result<Response, Problem> {
    let number = exact_number(&state, request.uri())?;
    if let Some(number) = number
        && !numbers::is_known(&state.store, number).await?
    {
        return Err(not_ours(number));
    }
    grids::answer(state, &numbers::GRID, context, request).await
}

/// The number that is asked for; what is none, the list itself complains about.
fn exact_number(state: &AppState, uri: &Uri) -> Result<Option<E164>, Problem> {
    let Ok(Query(pairs)) = Query::<Vec<(String, String)>>::try_from_uri(uri) else { return Ok(None) };
    let text = pairs.iter().find(|(name, _)| name == "number").map(|(_, text)| text.as_str());
    let Some(text) = given(text) else { return Ok(None) };
    Ok(inputs::party::phone("/number", text, &*state.settings()?).ok().map(|(_, number)| number))
}
