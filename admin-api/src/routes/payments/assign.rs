//! `POST /v1/payments/{id}/match`: say whose a payment is (L17).
//!
//! Owns: what the request says.
//! Does not own: payments (`billing::payments`).
//! Always: a payment that waits; what is refused stays in the work list.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;
use serde::Deserialize;
use utoipa::ToSchema;

use super::shown::PaymentPosted;
use super::wanted::{self, WantedPays};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Whose a payment is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedMatch {
    /// Code of the account.
    account: String,
    /// What it pays; the oldest first when absent.
    #[serde(default)]
    pays: Option<WantedPays>,
    /// Why it is his; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Match a payment by hand
///
/// The account is of the legal entity that has the money (`other_legal_entity`), open (`account_closed`) and in its currency (`foreign_currency`).
#[utoipa::path(
    post, path = "/v1/payments/{id}/match", operation_id = "payment_match", tag = "payments",
    params(("id" = i64, Path, description = "Number of the payment", example = 17), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedMatch, example = json!({
        "account": "A-000001", "pays": {"items": [{"kind": "payment_invoice", "number": "123"}]}, "reason": "подтвердил плательщик"
    })),
    responses((status = 200, description = "Booked", body = PaymentPosted, example = json!({"id": 17, "posting": 41})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<WantedMatch>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let account = inputs::word("/account", &asked.account)?;
    let choice = wanted::choice(asked.pays.as_ref())?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_match", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let posting = payments::assign(&mut change, number, account, &choice, context.revision, reason).await?;
    writes::commit(change, &PaymentPosted { id: number, posting: Some(posting) }).await
}
