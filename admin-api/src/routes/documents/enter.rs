//! `POST /v1/accounts/{code}/documents`: enter a document that was issued (M50, A14, L17).
//!
//! Owns: what the request says.
//! Does not own: documents (`billing::documents`), the debt that they make (`billing::credit`), what pays them (`billing::payments`).
//! Always: a document books nothing: charges are postings of their own.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::documents::{self, DocumentKind, NewDocument};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A document that was issued.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedDocument {
    /// `payment_invoice` (asks for money), `tax_invoice`, `upd`, `act` (bill services) or `ukd` (corrects).
    kind: String,
    /// Its number: one document's of its kind at the account.
    number: String,
    /// The month that it bills, `YYYY-MM`; of a correction, the month that it corrects.
    month: String,
    /// Day of its issue, `YYYY-MM-DD`, not after today; today when absent.
    day: Option<String>,
    /// Number of the contract of the account that it is under, if it names one.
    contract: Option<String>,
    /// With tax: a decimal as a string, at most two decimals; below zero in a `ukd` alone.
    amount: String,
    /// Whether it asks for money, so that payments are bound to it: a payment invoice always, what bills services only where no invoice asks for the same money.
    /// When absent, a payment invoice does and nothing else.
    payable: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Enter a document that was issued
///
/// What bills services makes debt: documents less real payments. A payment invoice makes none: it is payable, payments are bound to it, advances of the account pay
/// it at once, and the days of a deferral run from its issue. A `ukd` below zero lowers the debt: an account that owes nothing any more is released at once.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/documents", operation_id = "document_enter", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedDocument, example = json!({"kind": "upd", "number": "УПД-17", "month": "2026-07", "day": "2026-08-03", "amount": "2000.00", "reason": "перенос из бухгалтерии"})),
    responses((status = 201, description = "Entered; `GET /v1/documents` shows it", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedDocument>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let asked = &body.value;
    let new = NewDocument {
        account: code,
        kind: inputs::one_of("/kind", &asked.kind, DocumentKind::NAMES.iter().copied())?,
        number: inputs::word("/number", asked.number.trim())?,
        month: inputs::month("/month", asked.month.trim())?,
        issued_on: given(asked.day.as_deref()).map(|text| inputs::day("/day", text)).transpose()?,
        contract: given(asked.contract.as_deref()).map(|text| inputs::word("/contract", text)).transpose()?,
        amount: inputs::amount("/amount", &asked.amount)?,
        payable: asked.payable,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("document_enter", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = documents::enter(&mut change, &new, reason).await?;
    writes::created(change, &Numbered { id }).await
}
