//! `DELETE /v1/cabinet/session`: leave the cabinet.
//!
//! Owns: nothing.
//! Does not own: sessions (`billing::cabinet`).
//! Always: the next request with the token is refused.

use axum::extract::State;
use axum::response::Response;
use billing::cabinet;

use crate::cabinet_context::CabinetContext;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Sign out
#[utoipa::path(
    delete, path = "/v1/cabinet/session", operation_id = "cabinet_sign_out", tag = "cabinet",
    responses((status = 200, description = "Ended", body = Named, example = json!({"code": "C-000001"})))
)]
pub(crate) async fn handler(State(state): State<AppState>, context: CabinetContext) -> Result<Response, Problem> {
    let mut change = match writes::begin(&state, &context, None).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    cabinet::end_session(&mut change, &context.visitor).await?;
    writes::commit(change, &Named { code: context.visitor.client }).await
}
