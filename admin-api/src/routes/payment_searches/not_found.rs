//! `POST /v1/payment-searches/{id}/not-found`: the treasury has not found the payment (L18).
//!
//! Owns: what the request says.
//! Does not own: requests (`billing::payments`).
//! Always: it can be found later all the same.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Say that the payment is not found
#[utoipa::path(
    post, path = "/v1/payment-searches/{id}/not-found", operation_id = "payment_search_not_found", tag = "payments",
    params(("id" = i64, Path, description = "Number of the request", example = 3), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "банк платёж не исполнял"})),
    responses((status = 200, description = "Written down", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("payment_search_not_found", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    payments::not_found(&mut change, number, context.revision, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
