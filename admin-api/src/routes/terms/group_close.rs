//! `DELETE /v1/client-groups/{code}`: close a group of clients.
//!
//! Owns: what the request says.
//! Does not own: groups (`billing::terms`).
//! Always: nothing is erased; its members leave it now, and what is kept for it stays kept.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::terms;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Close a group of clients
///
/// Its members leave it now, also those agreed for later; calls answered before keep what it had.
#[utoipa::path(
    delete, path = "/v1/client-groups/{code}", operation_id = "group_close", tag = "terms",
    params(("code" = String, Path, description = "Code of the group", example = "partners"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "программа закончилась"})),
    responses((status = 200, description = "Closed", body = Named, example = json!({"code": "partners"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("group_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    terms::close_group(&mut change, &code, reason).await?;
    writes::commit(change, &Named { code }).await
}
