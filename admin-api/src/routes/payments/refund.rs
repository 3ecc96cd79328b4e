//! `POST /v1/payments/{id}/refunds`: give money back.
//!
//! Owns: what the request says.
//! Does not own: refunds (`billing::payments`), the transfer, which is done outside.
//! Always: no more than is left of the payment, and than the account has of its own.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments::{self, NewRefund};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::sum;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// What is given back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRefund {
    /// How much: a decimal as a string, at most two decimals; all that is left when absent.
    #[serde(default)]
    amount: Option<String>,
    /// The day that it counts for, in no closed month; today when absent.
    #[serde(default)]
    day: Option<String>,
    /// Number of our payment order.
    #[serde(default)]
    number: Option<String>,
    /// To whom, if not to who paid.
    #[serde(default)]
    payee: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// A refund that was made.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RefundMade {
    /// Identifier of the refund.
    id: i64,
    /// Identifier of the posting; `null`: the money was on no account.
    posting: Option<i64>,
    /// How much was given back.
    amount: String,
}

/// Give a payment back
///
/// Whole or in part. What it pays is not left of it: distribute it anew first, or take the charge back. Money in the work list goes back whole.
#[utoipa::path(
    post, path = "/v1/payments/{id}/refunds", operation_id = "payment_refund", tag = "payments",
    params(("id" = i64, Path, description = "Number of the payment", example = 17), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedRefund, example = json!({"amount": "100.00", "number": "205", "reason": "заявление от 5 июля"})),
    responses((status = 201, description = "Given back", body = RefundMade, example = json!({"id": 2, "posting": 52, "amount": "100"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<WantedRefund>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let payment = inputs::id("/id", &id)?;
    let payee = inputs::party::text("/payee", asked.payee.as_deref().unwrap_or_default(), 300)?;
    let new = NewRefund {
        amount: given(asked.amount.as_deref()).map(|text| inputs::amount("/amount", text)).transpose()?,
        day: given(asked.day.as_deref()).map(|text| inputs::day("/day", text)).transpose()?,
        number: given(asked.number.as_deref()).map_or(Ok(""), |text| inputs::word("/number", text))?,
        payee: &payee,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_refund", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = payments::refund(&mut change, payment, &new, context.revision, reason).await?;
    writes::created(change, &RefundMade { id: done.id, posting: done.posting, amount: sum(done.amount) }).await
}
