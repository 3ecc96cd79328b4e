//! `POST /v1/payments/{id}/return`: the bank took a payment back.
//!
//! Owns: what the request says.
//! Does not own: payments (`billing::payments`).
//! Always: what it paid is open again; the account may owe then.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shown::PaymentPosted;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A payment that the bank took back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TakenBack {
    /// The day that it counts for, in no closed month; today when absent.
    #[serde(default)]
    day: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Record that the bank took a payment back
#[utoipa::path(
    post, path = "/v1/payments/{id}/return", operation_id = "payment_return", tag = "payments",
    params(("id" = i64, Path, description = "Number of the payment", example = 17), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = TakenBack, example = json!({"reason": "ошибочное зачисление, письмо банка от 3 июля"})),
    responses((status = 200, description = "Taken back", body = PaymentPosted, example = json!({"id": 17, "posting": 43})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<TakenBack>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let day = given(asked.day.as_deref()).map(|text| inputs::day("/day", text)).transpose()?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_return", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let posting = payments::take_back(&mut change, number, day, context.revision, reason).await?;
    writes::commit(change, &PaymentPosted { id: number, posting }).await
}
