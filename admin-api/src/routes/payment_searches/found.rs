//! `POST /v1/payment-searches/{id}/found`: the treasury has found the payment (L18).
//!
//! Owns: what the request says.
//! Does not own: requests and payments (`billing::payments`).
//! Always: a payment that waits is put on the account of the request, and pays the document that the request names.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// The payment that was found.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FoundPayment {
    /// Its number.
    payment: i64,
    /// What the treasury says; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Say that the payment is found
///
/// A payment of the work list, or one that is on the account already. Money that no statement has told is written down first (`POST /v1/payments`).
#[utoipa::path(
    post, path = "/v1/payment-searches/{id}/found", operation_id = "payment_search_found", tag = "payments",
    params(("id" = i64, Path, description = "Number of the request", example = 3), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = FoundPayment, example = json!({"payment": 17, "reason": "нашли в невыясненных"})),
    responses((status = 200, description = "Found", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<FoundPayment>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("payment_search_found", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    payments::found(&mut change, number, body.value.payment, context.revision, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
