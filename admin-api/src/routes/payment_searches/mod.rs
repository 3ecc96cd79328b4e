//! Endpoints of requests to find a payment (L18).
//!
//! Owns: the list of them, how a request is shown.
//! Does not own: requests (`billing::payments`), the letter to the treasury (`billing::mail`).
//! Always: no request without the order, the mark of the bank, INN and code of the card.

pub(crate) mod create;
pub(crate) mod file;
pub(crate) mod found;
pub(crate) mod get;
pub(crate) mod not_found;

use billing::payments::SearchCard;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::payments::{said, sum};

/// A request to find a payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentSearchView {
    /// Its number.
    id: i64,
    /// `sent`, `found` or `not_found`.
    state: String,
    /// Code of the account.
    account: String,
    /// INN of who has paid.
    inn: String,
    /// Code of the card in the accounting program.
    card_code: String,
    /// The mark of the bank on the order.
    bank_mark: String,
    /// Number of the order.
    order_number: Option<String>,
    /// Its date.
    order_date: Option<NaiveDate>,
    /// Its sum.
    amount: Option<String>,
    /// Kind of the document that it pays.
    document_kind: Option<String>,
    /// Its number.
    document_number: Option<String>,
    /// What else was said.
    comment: Option<String>,
    /// Name of the file.
    file: String,
    /// The letter to the treasury, as `GET /v1/mails` numbers it.
    mail: i64,
    /// The payment that was found.
    payment: Option<i64>,
    /// What was answered.
    answer: Option<String>,
    /// When.
    answered_at: Option<DateTime<Utc>>,
    /// By whom.
    answered_by: Option<String>,
    /// When it was made.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Raised with every change.
    revision: i64,
}

impl From<SearchCard> for PaymentSearchView {
    fn from(card: SearchCard) -> Self {
        let (document_kind, document_number) = card.item.map(|item| (item.kind, item.number)).unzip();
        Self {
            id: card.id,
            state: card.state,
            account: card.account,
            inn: card.inn,
            card_code: card.card_code,
            bank_mark: card.bank_mark,
            order_number: said(card.order_number),
            order_date: card.order_date,
            amount: card.amount.map(sum),
            document_kind,
            document_number,
            comment: said(card.comment),
            file: card.file,
            mail: card.mail,
            payment: card.payment,
            answer: said(card.answer),
            answered_at: card.answered_at,
            answered_by: card.answered_by,
            created_at: card.created_at,
            created_by: card.created_by,
            revision: card.revision,
        }
    }
}
