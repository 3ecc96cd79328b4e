//! `DELETE /v1/session`: sign out.
//!
//! Owns: nothing.
//! Does not own: sessions (`billing::sign_in`).
//! Always: the next request with its token is refused.

use axum::extract::State;
use axum::response::Response;
use billing::sign_in;

use crate::call_context::CallContext;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Sign out
#[utoipa::path(
    delete, path = "/v1/session", operation_id = "session_close", tag = "sign_in",
    responses((status = 200, description = "Signed out", body = Numbered, example = json!({"id": 7})))
)]
pub(crate) async fn handler(State(state): State<AppState>, context: CallContext) -> Result<Response, Problem> {
    let id = context.staff.session.ok_or(Problem::new(Code::SessionNeeded))?;
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    sign_in::end_session(&mut change, &context.staff, id).await?;
    writes::commit(change, &Numbered { id }).await
}
