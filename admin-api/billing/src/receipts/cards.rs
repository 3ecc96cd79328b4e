//! A receipt as people see it.
//!
//! Owns: the card with what the register answered; what of receipts stands on the card of a payment.
//! Does not own: changes.
//! Always: a contact is masked.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::store::{Store, StoreError};

/// What of a receipt stands on the card of its payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardReceipt {
    /// Its number.
    pub id: i64,
    /// `income` or `income_return`.
    pub kind: String,
    /// How much.
    pub amount: Decimal,
    /// Where it stands.
    pub state: String,
    /// Why it is not done.
    pub problem: String,
    /// When it was issued.
    pub issued_at: Option<DateTime<Utc>>,
    /// Where it is shown.
    pub url: String,
}

/// An answer of the register.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// When.
    pub at: DateTime<Utc>,
    /// The external id that was asked for.
    pub external_id: String,
    /// What it came to.
    pub outcome: String,
    /// In the words of the register.
    pub words: String,
}

/// A receipt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiptCard {
    /// What a payment shows of it.
    pub brief: CardReceipt,
    /// Code of the account.
    pub account: String,
    /// Code of the legal entity.
    pub legal_entity: String,
    /// The payment.
    pub payment: Option<i64>,
    /// The refund.
    pub refund: Option<i64>,
    /// The document that an advance paid: kind and number.
    pub document: [String; 2],
    /// Currency.
    pub currency: String,
    /// The day of the rate.
    pub day: NaiveDate,
    /// How the money moved.
    pub paid_by: String,
    /// Sign of the rate.
    pub vat: Option<String>,
    /// Tax inside.
    pub vat_amount: Option<Decimal>,
    /// What the register said last.
    pub words: String,
    /// By what it is issued once.
    pub external_id: String,
    /// By what the register knows it.
    pub uuid: Option<String>,
    /// Where it was sent, masked.
    pub contact: String,
    /// When it is taken up next.
    pub due_at: DateTime<Utc>,
    /// When the register took it.
    pub sent_at: Option<DateTime<Utc>>,
    /// ФН, ФД, ФПД.
    pub fiscal: Option<[String; 3]>,
    /// Registration number of the cash register.
    pub register: String,
    /// Who resolved it, when and why.
    pub resolved: Option<(String, DateTime<Utc>, String)>,
    /// When it was queued.
    pub created_at: DateTime<Utc>,
    /// Raised with every change.
    pub revision: i64,
    /// What the register answered, in order.
    pub attempts: Vec<Attempt>,
}

fn brief(row: &PgRow) -> CardReceipt {
    CardReceipt {
        id: row.get("id"),
        kind: row.get("kind"),
        amount: row.get("amount"),
        state: row.get("state"),
        problem: row.get("problem"),
        issued_at: row.get("issued_at"),
        url: row.get("url"),
    }
}

/// Receipts of a payment, in order.
pub(crate) async fn of_payment(connection: &mut PgConnection, payment: i64) -> Result<Vec<CardReceipt>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, kind, amount, state, problem, issued_at, url FROM fiscal_receipt WHERE payment_id = $1 ORDER BY id",
    )
    .bind(payment)
    .fetch_all(connection)
    .await?;
    Ok(rows.iter().map(brief).collect())
}

/// The receipt with this number.
///
/// # Errors
/// The database.
pub async fn card(store: &Store, id: i64) -> Result<Option<ReceiptCard>, StoreError> {
    let row = sqlx::query(
        "SELECT r.*, r.currency::text AS money, a.code AS account, e.code AS entity FROM fiscal_receipt r JOIN account a ON a.id = r.account_id
             JOIN legal_entity e ON e.id = r.legal_entity_id WHERE r.id = $1",
    )
    .bind(id)
    .fetch_optional(store.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let attempts = sqlx::query(
        "SELECT at, external_id, outcome, words FROM fiscal_attempt WHERE receipt_id = $1 ORDER BY id LIMIT 1000",
    )
    .bind(id)
    .fetch_all(store.pool())
    .await?;
    let attempt = |row: &PgRow| Attempt {
        at: row.get("at"),
        external_id: row.get("external_id"),
        outcome: row.get("outcome"),
        words: row.get("words"),
    };
    let fiscal: [Option<String>; 3] = [row.get("fn"), row.get("fd"), row.get("fpd")];
    let resolved_by: Option<String> = row.get("resolved_by");
    let resolved_at: Option<DateTime<Utc>> = row.get("resolved_at");
    Ok(Some(ReceiptCard {
        brief: brief(&row),
        account: row.get("account"),
        legal_entity: row.get("entity"),
        payment: row.get("payment_id"),
        refund: row.get("refund_id"),
        document: [row.get("document_kind"), row.get("document_number")],
        currency: row.get("money"),
        day: row.get("day"),
        paid_by: row.get("paid_by"),
        vat: row.get("vat"),
        vat_amount: row.get("vat_amount"),
        words: row.get("words"),
        external_id: row.get("external_id"),
        uuid: row.get("uuid"),
        contact: row.get("contact"),
        due_at: row.get("due_at"),
        sent_at: row.get("sent_at"),
        fiscal: match fiscal {
            [Some(drive), Some(document), Some(sign)] => Some([drive, document, sign]),
            _ => None,
        },
        register: row.get("register"),
        resolved: resolved_by.zip(resolved_at).map(|(by, at)| (by, at, row.get("resolution"))),
        created_at: row.get("created_at"),
        revision: row.get("revision"),
        attempts: attempts.iter().map(attempt).collect(),
    }))
}
