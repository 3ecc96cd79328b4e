//! `POST /v1/fiscal-receipts/{id}/retry`: send a fiscal receipt again.
//!
//! Owns: what the request says.
//! Does not own: receipts (`billing::receipts`).
//! Always: it is sent under the same external id unless the register has said that none was made.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::receipts;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Send a fiscal receipt again
///
/// One that failed or waits for a person is sent with the next round, with all its attempts again. What stood in its way has to be gone.
#[utoipa::path(
    post, path = "/v1/fiscal-receipts/{id}/retry", operation_id = "fiscal_receipt_retry", tag = "payments",
    params(("id" = i64, Path, description = "Number of the receipt", example = 5), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "внесена почта клиента"})),
    responses((status = 200, description = "It waits to be sent", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("fiscal_receipt_retry", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    receipts::retry(&mut change, number, context.revision, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
