//! `GET /v1/fiscal-receipts/{id}`: a fiscal receipt with what the register answered.
//!
//! Owns: the contract of the answer.
//! Does not own: receipts (`billing::receipts`).
//! Always: sums are decimals as strings; a contact is masked.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::receipts::{self, Attempt, CardReceipt, ReceiptCard};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::etag;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::routes::payments::{said, sum};
use crate::state::AppState;

/// What of a fiscal receipt stands on the card of its payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptBrief {
    /// Its number.
    id: i64,
    /// `income` (money came), `income_return` (it was given back), `offset` (an advance paid what was rendered).
    kind: String,
    /// How much.
    amount: String,
    /// `queued`, `sent`, `done`, `failed` (tried again by itself), `refused` (a person is needed), `resolved` (a person has said why no more is needed).
    state: String,
    /// Why it is not done: `no_contact`, `no_rate`, `no_requisites`, `currency`, `other_entity`, `income_resolved`, `no_answer`, `not_taken`, `unknown`,
    /// `rejected`.
    problem: Option<String>,
    /// When it was issued.
    issued_at: Option<DateTime<Utc>>,
    /// Where it is shown.
    url: Option<String>,
}

/// What an issued receipt is known by.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptFiscal {
    /// Number of the fiscal drive (ФН).
    #[serde(rename = "fn")]
    drive: String,
    /// Number of the fiscal document (ФД).
    fd: String,
    /// Fiscal sign of the document (ФПД).
    fpd: String,
    /// Registration number of the cash register.
    register: Option<String>,
}

/// An answer of the register.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptAttempt {
    /// When.
    at: DateTime<Utc>,
    /// The external id that was asked for.
    external_id: String,
    /// What it came to: `taken`, `waits`, `done`, `not_taken`, `rejected`, `no_answer`, `unknown`.
    outcome: String,
    /// In the words of the register.
    words: Option<String>,
}

/// Who resolved a receipt by hand.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptResolved {
    /// Login.
    by: String,
    /// When.
    at: DateTime<Utc>,
    /// Why.
    reason: String,
}

/// A fiscal receipt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReceiptView {
    #[serde(flatten)]
    brief: ReceiptBrief,
    /// Code of the account.
    account: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// The payment.
    payment: Option<i64>,
    /// The refund.
    refund: Option<i64>,
    /// Kind of the document that an advance paid.
    document_kind: Option<String>,
    /// Its number.
    document_number: Option<String>,
    /// Currency.
    currency: String,
    /// The day by which the rate was chosen.
    day: NaiveDate,
    /// `cash`, `electronic` or `advance`.
    paid_by: String,
    /// The rate as the receipt writes it: `vat122` of an advance, `vat22` of what was rendered.
    vat: Option<String>,
    /// Tax inside.
    vat_amount: Option<String>,
    /// What the register said last.
    words: Option<String>,
    /// By what it is issued once.
    external_id: String,
    /// By what the register knows it.
    uuid: Option<String>,
    /// Where it was sent, with most of it hidden.
    contact: Option<String>,
    /// When it is taken up next, while it is neither issued nor waits for a person.
    due_at: DateTime<Utc>,
    /// When the register took it.
    sent_at: Option<DateTime<Utc>>,
    /// What it is known by once it is issued.
    fiscal: Option<ReceiptFiscal>,
    /// Who resolved it by hand.
    resolved: Option<ReceiptResolved>,
    /// When it was queued.
    created_at: DateTime<Utc>,
    /// Raised with every change.
    revision: i64,
    /// What the register answered, in order; that it needs time is not kept.
    attempts: Vec<ReceiptAttempt>,
}

impl From<CardReceipt> for ReceiptBrief {
    fn from(receipt: CardReceipt) -> Self {
        let CardReceipt { id, kind, amount, state, problem, issued_at, url } = receipt;
        Self { id, kind, amount: sum(amount), state, problem: said(problem), issued_at, url: said(url) }
    }
}

impl From<Attempt> for ReceiptAttempt {
    fn from(attempt: Attempt) -> Self {
        let Attempt { at, external_id, outcome, words } = attempt;
        Self { at, external_id, outcome, words: said(words) }
    }
}

impl From<ReceiptCard> for ReceiptView {
    fn from(card: ReceiptCard) -> Self {
        let [document_kind, document_number] = card.document;
        let register = said(card.register);
        Self {
            brief: card.brief.into(),
            account: card.account,
            legal_entity: card.legal_entity,
            payment: card.payment,
            refund: card.refund,
            document_kind: said(document_kind),
            document_number: said(document_number),
            currency: card.currency,
            day: card.day,
            paid_by: card.paid_by,
            vat: card.vat,
            vat_amount: card.vat_amount.map(sum),
            words: said(card.words),
            external_id: card.external_id,
            uuid: card.uuid,
            contact: said(card.contact),
            due_at: card.due_at,
            sent_at: card.sent_at,
            fiscal: card.fiscal.map(|[drive, fd, fpd]| ReceiptFiscal { drive, fd, fpd, register }),
            resolved: card.resolved.map(|(by, at, reason)| ReceiptResolved { by, at, reason }),
            created_at: card.created_at,
            revision: card.revision,
            attempts: card.attempts.into_iter().map(ReceiptAttempt::from).collect(),
        }
    }
}

/// A fiscal receipt
#[utoipa::path(
    get, path = "/v1/fiscal-receipts/{id}", operation_id = "fiscal_receipt_get", tag = "payments",
    params(("id" = i64, Path, description = "Number of the receipt", example = 5)),
    responses((status = 200, description = "The receipt with what the register answered; the header ETag carries its revision", body = ReceiptView, example = json!({
        "id": 5, "kind": "income", "amount": "1000", "state": "done", "problem": null, "issued_at": "2026-07-15T10:01:00Z", "url": "https://ofd.example.ru/1",
        "account": "A-000001", "legal_entity": "T", "payment": 17, "refund": null, "document_kind": null, "document_number": null, "currency": "RUB",
        "day": "2026-07-15", "paid_by": "electronic", "vat": "vat122", "vat_amount": "180.33", "words": null,
        "external_id": "2f6d1c0e-7a55-4d0c-9d0b-3a0a5d7f3f11", "uuid": "2ea26f17-0884-4f08-b120-306fc096a58f", "contact": "i***@example.ru",
        "due_at": "2026-07-15T10:01:00Z", "sent_at": "2026-07-15T10:00:01Z",
        "fiscal": {"fn": "9999078900000001", "fd": "133", "fpd": "3449555941", "register": "0000111118041361"}, "resolved": null,
        "created_at": "2026-07-15T10:00:00Z", "revision": 4,
        "attempts": [{"at": "2026-07-15T10:00:01Z", "external_id": "2f6d1c0e-7a55-4d0c-9d0b-3a0a5d7f3f11", "outcome": "taken", "words": null}]
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let card = receipts::card(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(etag::shown(card.revision, &ReceiptView::from(card)))
}
