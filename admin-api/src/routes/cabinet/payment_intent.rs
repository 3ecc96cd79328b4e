//! `POST /v1/cabinet/payment-intents`: a user of the client wants to pay (B11, B27).
//!
//! Owns: what the request says.
//! Does not own: payment gateways, postings; the row that an adapter of a gateway takes (`billing::cabinet`).
//! Always: by a user of the client with the right `pay`; an employee is told that only the client pays; no money is booked.

use axum::extract::State;
use axum::response::Response;
use billing::cabinet::{self, Intent, NewIntent};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// What is to be paid.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedPayment {
    /// Code of the account.
    account: String,
    /// Amount in its currency, above 0, with at most two decimals.
    amount: String,
    /// Code of a payment method that is available to you.
    #[serde(default)]
    method: Option<String>,
    /// Why; need not be said.
    #[serde(default)]
    reason: Option<String>,
}

/// A payment that is wanted.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentIntentView {
    /// Identifier.
    id: i64,
    /// Code of the account.
    account: String,
    /// Amount, a decimal.
    amount: String,
    /// Currency.
    currency: String,
    /// How.
    method: Option<String>,
    /// `new`: an adapter of a payment gateway may take it; `paid`: a payment of a gateway has named it.
    state: String,
    /// When it was wanted.
    created_at: DateTime<Utc>,
}

impl From<Intent> for PaymentIntentView {
    fn from(intent: Intent) -> Self {
        let Intent { id, account, amount, currency, method, state, created_at } = intent;
        Self { id, account, amount: amount.to_string(), currency, method, state, created_at }
    }
}

/// Want to pay
///
/// Writes down what is to be paid, in the state `new`, for the adapter of a payment gateway to take; money is booked when a payment arrives, and not by this.
/// Employees who work as the client are answered `only_client_pays`.
#[utoipa::path(
    post, path = "/v1/cabinet/payment-intents", operation_id = "cabinet_payment_intent", tag = "cabinet",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedPayment, example = json!({"account": "A-000001", "amount": "1500.00"})),
    responses((status = 201, description = "Written down", body = PaymentIntentView, example = json!(
        {"id": 8, "account": "A-000001", "amount": "1500", "currency": "RUB", "method": null, "state": "new", "created_at": "2026-07-01T10:00:00Z"}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    body: JsonBody<WantedPayment>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let method = given(asked.method.as_deref()).map(|text| inputs::word("/method", text).map(str::to_owned));
    let new = NewIntent {
        account: inputs::word("/account", &asked.account)?.to_owned(),
        amount: inputs::amount("/amount", &asked.amount)?,
        method: method.transpose()?,
    };
    let reason = context.reason(asked.reason.as_deref())?;
    let key = context.idempotency("cabinet_payment_intent", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let intent = cabinet::add_intent(&mut change, context.visitor.client_id, &new, reason).await?;
    writes::created(change, &PaymentIntentView::from(intent)).await
}
