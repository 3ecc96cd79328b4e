//! `DELETE /v1/client-taxes/{id}`: end a client's own tax rate now (B22).
//!
//! Owns: what the request says.
//! Does not own: taxes of clients (`billing::terms`).
//! Always: nothing is erased; no end without a reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::terms;

use super::Ended;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// End a client's own tax rate
///
/// Calls answered from now on have the standard rate.
#[utoipa::path(
    delete, path = "/v1/client-taxes/{id}", operation_id = "tax_end", tag = "terms",
    params(
        ("id" = i64, Path, description = "Identifier", example = 7),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "право утрачено"})),
    responses((status = 200, description = "Ended", body = Ended, example = json!({"id": 7, "ended_at": "2026-07-01T10:00:00Z"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("tax_end", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    terms::end_tax(&mut change, number, reason).await?;
    let ended_at = change.now();
    writes::commit(change, &Ended { id: number, ended_at }).await
}
