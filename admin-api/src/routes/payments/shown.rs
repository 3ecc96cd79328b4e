//! How payments are shown.
//!
//! Owns: the contract of their answers.
//! Does not own: what is in them.
//! Always: sums are decimals as strings; reasons are in the language of the caller.

use billing::payments::{Candidate, CardPart, CardRefund, Part, PaymentCard};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::{said, sum};
use crate::language::Language;
use crate::routes::fiscal_receipts::get::ReceiptBrief;

/// What a booking of a payment answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentPosted {
    /// Number of the payment.
    pub(crate) id: i64,
    /// Identifier of the posting; `null`: nothing was booked, the money is on no account.
    pub(crate) posting: Option<i64>,
}

/// A payment.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentView {
    /// Its number.
    id: i64,
    /// `bank`, `card`, `cash` or `manual`.
    source: String,
    /// `unmatched` (in the work list), `booked`, `moved` (another payment stands for it), `refunded` (whole), `returned` (the bank took it back).
    state: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Account of ours at a bank.
    bank_account: Option<String>,
    /// Number of the document.
    number: Option<String>,
    /// Its date.
    date: Option<NaiveDate>,
    /// The day on which the money moved.
    value_date: NaiveDate,
    /// How much.
    amount: String,
    /// Currency.
    currency: String,
    /// Who pays.
    payer: PaymentPayer,
    /// What for.
    purpose: Option<String>,
    /// Code of the account that it is on, or was.
    account: Option<String>,
    /// Its posting.
    posting: Option<i64>,
    /// What said whose it is: `account`, `invoice`, `contract`, `inn`, `inn_and_sum`, `entered`, `manual`, `gateway`, `moved`.
    rule: Option<String>,
    /// Why it waits.
    doubt: Option<String>,
    /// Either in words.
    why: Option<String>,
    /// Accounts that may be meant, while it waits.
    candidates: Vec<PaymentCandidate>,
    /// When it was matched.
    matched_at: Option<DateTime<Utc>>,
    /// By whom.
    matched_by: Option<String>,
    /// The statement that told it.
    statement: Option<i64>,
    /// The intent to pay that it answers.
    intent: Option<i64>,
    /// The payment that it stands for.
    moved_from: Option<i64>,
    /// The payment that stands for it.
    moved_to: Option<i64>,
    /// By what it counts at this legal entity, where the money came to another one.
    agreement: Option<String>,
    /// What it pays now.
    paid: String,
    /// What was given back.
    refunded: String,
    /// What is left: advance.
    free: String,
    /// What it pays and paid, in order.
    pays: Vec<PaymentPartView>,
    /// What was given back, in order.
    refunds: Vec<PaymentRefundView>,
    /// Fiscal receipts of it and of its refunds, in order; none where none is needed.
    receipts: Vec<ReceiptBrief>,
    /// When it was written down.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Raised with every change.
    revision: i64,
}

/// Who pays.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentPayer {
    /// Name.
    name: Option<String>,
    /// INN.
    inn: Option<String>,
    /// KPP.
    kpp: Option<String>,
    /// Account.
    account: Option<String>,
    /// BIC of the bank.
    bic: Option<String>,
    /// Name of the bank.
    bank: Option<String>,
}

/// An account that may be meant.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentCandidate {
    /// Code.
    account: String,
    /// Code of the client.
    client: String,
    /// His name.
    client_name: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Whether it is open.
    active: bool,
}

/// What a payment pays, or paid.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentPartView {
    /// Kind of the document, or `charge`.
    kind: String,
    /// Its number; of a charge, that of its posting.
    number: String,
    /// How much.
    amount: String,
    /// Since when.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Until when.
    ended_at: Option<DateTime<Utc>>,
    /// By whom.
    ended_by: Option<String>,
}

/// A refund.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaymentRefundView {
    /// Identifier.
    id: i64,
    /// How much.
    amount: String,
    /// Its posting; `null`: the money was on no account.
    posting: Option<i64>,
    /// Number of our payment order.
    number: Option<String>,
    /// To whom, if not to who paid.
    payee: Option<String>,
    /// Why.
    reason: String,
    /// When.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
}

/// What a payment pays now.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PaidItem {
    /// Kind of the document, or `charge`.
    kind: String,
    /// Its number; of a charge, that of its posting.
    number: String,
    /// How much.
    amount: String,
}

impl From<Part> for PaidItem {
    fn from(part: Part) -> Self {
        Self { kind: part.item.kind, number: part.item.number, amount: sum(part.amount) }
    }
}

impl From<CardPart> for PaymentPartView {
    fn from(part: CardPart) -> Self {
        let CardPart { part, created_at, created_by, ended_at, ended_by } = part;
        let PaidItem { kind, number, amount } = part.into();
        Self { kind, number, amount, created_at, created_by, ended_at, ended_by }
    }
}

impl From<CardRefund> for PaymentRefundView {
    fn from(refund: CardRefund) -> Self {
        Self {
            id: refund.id,
            amount: sum(refund.amount),
            posting: refund.posting,
            number: said(refund.number),
            payee: said(refund.payee),
            reason: refund.reason,
            created_at: refund.created_at,
            created_by: refund.created_by,
        }
    }
}

impl From<Candidate> for PaymentCandidate {
    fn from(candidate: Candidate) -> Self {
        let Candidate { account, client, client_name, legal_entity, active } = candidate;
        Self { account, client, client_name, legal_entity, active }
    }
}

/// A text of two, Russian and English, in one language.
pub(crate) fn spoken([ru, en]: [String; 2], language: Language) -> String {
    match language {
        Language::Russian => ru,
        Language::English => en,
    }
}

impl PaymentView {
    /// A payment in a language.
    pub(crate) fn new(card: PaymentCard, language: Language) -> Self {
        let (paid, free) = (sum(card.paid()), sum(card.free()));
        let payer = card.payer;
        Self {
            id: card.id,
            source: card.source,
            state: card.state,
            legal_entity: card.legal_entity,
            bank_account: card.bank_account,
            number: said(card.number),
            date: card.date,
            value_date: card.value_date,
            amount: sum(card.amount),
            currency: card.currency,
            payer: PaymentPayer {
                name: said(payer.name),
                inn: said(payer.inn),
                kpp: said(payer.kpp),
                account: said(payer.account),
                bic: said(payer.bic),
                bank: said(payer.bank),
            },
            purpose: said(card.purpose),
            account: card.account,
            posting: card.posting,
            rule: said(card.rule),
            doubt: said(card.doubt),
            why: said(spoken(card.why, language)),
            candidates: card.candidates.into_iter().map(PaymentCandidate::from).collect(),
            matched_at: card.matched_at,
            matched_by: card.matched_by,
            statement: card.statement,
            intent: card.intent,
            moved_from: card.moved_from,
            moved_to: card.moved_to,
            agreement: said(card.agreement),
            paid,
            refunded: sum(card.refunded),
            free,
            pays: card.parts.into_iter().map(PaymentPartView::from).collect(),
            refunds: card.refunds.into_iter().map(PaymentRefundView::from).collect(),
            receipts: card.receipts.into_iter().map(ReceiptBrief::from).collect(),
            created_at: card.created_at,
            created_by: card.created_by,
            revision: card.revision,
        }
    }
}
