//! `POST /v1/payments/{id}/move`: put a payment where it belongs (T22, A24).
//!
//! Owns: what the request says.
//! Does not own: payments (`billing::payments`).
//! Always: the former booking stays beside what took it back.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments::{self, NewPlace};
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

/// Where a payment belongs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedMove {
    /// Code of the account.
    account: String,
    /// By what it counts at the legal entity of the account, where the money came to another one: a set-off agreement, a letter of the client.
    #[serde(default)]
    agreement: Option<String>,
    /// What it pays there; the oldest first when absent.
    #[serde(default)]
    pays: Option<WantedPays>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Move a payment
///
/// To another account, or to one at another legal entity: then by an agreement. The answer names the payment that stands for it from then on.
#[utoipa::path(
    post, path = "/v1/payments/{id}/move", operation_id = "payment_move", tag = "payments",
    params(("id" = i64, Path, description = "Number of the payment", example = 17), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedMove, example = json!({"account": "A-000002", "agreement": "соглашение о зачёте от 5 июля 2026 № 3", "reason": "оплатили не той организации"})),
    responses((status = 200, description = "Moved", body = PaymentPosted, example = json!({"id": 18, "posting": 44})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<WantedMove>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let agreement = inputs::party::text("/agreement", asked.agreement.as_deref().unwrap_or_default(), 500)?;
    let new = NewPlace {
        account: inputs::word("/account", &asked.account)?,
        agreement: &agreement,
        choice: wanted::choice(asked.pays.as_ref())?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_move", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = payments::relocate(&mut change, number, &new, context.revision, reason).await?;
    writes::commit(change, &PaymentPosted { id: done.id, posting: Some(done.posting) }).await
}
