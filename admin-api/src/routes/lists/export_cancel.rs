//! `DELETE /v1/exports/{id}`: an export that is wanted no more.
//!
//! Owns: what the request says.
//! Does not own: exports (`billing::grid`).
//! Always: one's own only.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::grid;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Cancel an export
#[utoipa::path(
    delete, path = "/v1/exports/{id}", operation_id = "export_cancel", tag = "lists",
    params(("id" = i64, Path, description = "Identifier", example = 12), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "не тот фильтр"})),
    responses((status = 200, description = "Cancelled", body = Numbered, example = json!({"id": 12})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("export_cancel", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    grid::cancel(&mut change, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
