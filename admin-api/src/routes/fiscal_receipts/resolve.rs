//! `POST /v1/fiscal-receipts/{id}/resolve`: say why no more is needed for a fiscal receipt.
//!
//! Owns: what the request says.
//! Does not own: receipts (`billing::receipts`).
//! Always: what is issued stays as it is.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::receipts;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Resolve a fiscal receipt by hand
///
/// Says why no more is needed: it was issued on another register, or is not needed at all. Nothing is sent for it any more. Returns of it that wait need a person then.
#[utoipa::path(
    post, path = "/v1/fiscal-receipts/{id}/resolve", operation_id = "fiscal_receipt_resolve", tag = "payments",
    params(("id" = i64, Path, description = "Number of the receipt", example = 5), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "чек пробит на кассе офиса, ФД 118"})),
    responses((status = 200, description = "It is resolved", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("fiscal_receipt_resolve", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    receipts::resolve(&mut change, number, context.revision, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
