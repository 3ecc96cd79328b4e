//! A payment as people see it.
//!
//! Owns: the card with its distribution, refunds and the payments before and after it; what a client sees of his own.
//! Does not own: changes.
//! Always: what has ended is on the card too; a client sees money that is on his accounts, and nothing of who paid it or why it was found.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::distribute::Part;
use super::statement::Party;
use super::words::Item;
use crate::receipts::{self, CardReceipt};
use crate::store::{Store, StoreError};

/// A payment.
#[derive(Clone, Debug)]
pub struct PaymentCard {
    /// Its number.
    pub id: i64,
    /// How it came.
    pub source: String,
    /// Where it stands.
    pub state: String,
    /// Code of the legal entity.
    pub legal_entity: String,
    /// Account of ours at a bank.
    pub bank_account: Option<String>,
    /// Number of the document.
    pub number: String,
    /// Its date.
    pub date: Option<NaiveDate>,
    /// The day on which the money moved.
    pub value_date: NaiveDate,
    /// How much.
    pub amount: Decimal,
    /// Currency.
    pub currency: String,
    /// Who pays.
    pub payer: Party,
    /// What for.
    pub purpose: String,
    /// Code of the account.
    pub account: Option<String>,
    /// Its posting.
    pub posting: Option<i64>,
    /// What said whose it is.
    pub rule: String,
    /// Why it waits.
    pub doubt: String,
    /// The reason in words: Russian, English.
    pub why: [String; 2],
    /// Accounts that may be meant.
    pub candidates: Vec<Candidate>,
    /// When it was matched.
    pub matched_at: Option<DateTime<Utc>>,
    /// By whom.
    pub matched_by: Option<String>,
    /// The statement that told it.
    pub statement: Option<i64>,
    /// The intent that it answers.
    pub intent: Option<i64>,
    /// The payment that it stands for.
    pub moved_from: Option<i64>,
    /// The payment that stands for it.
    pub moved_to: Option<i64>,
    /// By what it counts at this legal entity.
    pub agreement: String,
    /// What was given back.
    pub refunded: Decimal,
    /// What it pays and paid, in order.
    pub parts: Vec<CardPart>,
    /// What was given back, in order.
    pub refunds: Vec<CardRefund>,
    /// Its fiscal receipts, in order (A26).
    pub receipts: Vec<CardReceipt>,
    /// When it was written down.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Raised with every change.
    pub revision: i64,
}

impl PaymentCard {
    /// What it pays now.
    pub fn paid(&self) -> Decimal {
        self.parts.iter().filter(|part| part.ended_at.is_none()).map(|part| part.part.amount).sum()
    }

    /// What of it is here, and pays nothing.
    pub fn free(&self) -> Decimal {
        if ["unmatched", "booked"].contains(&self.state.as_str()) {
            self.amount - self.refunded - self.paid()
        } else {
            Decimal::ZERO
        }
    }
}

/// An account that may be meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Code.
    pub account: String,
    /// Code of the client.
    pub client: String,
    /// His name.
    pub client_name: String,
    /// Code of the legal entity.
    pub legal_entity: String,
    /// Whether it is open.
    pub active: bool,
}

/// What a payment pays, or paid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardPart {
    /// What, and how much.
    pub part: Part,
    /// Since when.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Until when.
    pub ended_at: Option<DateTime<Utc>>,
    /// By whom.
    pub ended_by: Option<String>,
}

/// A refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CardRefund {
    /// Identifier.
    pub id: i64,
    /// How much.
    pub amount: Decimal,
    /// Its posting.
    pub posting: Option<i64>,
    /// Number of our order.
    pub number: String,
    /// To whom, if not to who paid.
    pub payee: String,
    /// Why.
    pub reason: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
}

/// The payment with this number.
///
/// # Errors
/// The database.
pub async fn card(store: &Store, id: i64) -> Result<Option<PaymentCard>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let row = sqlx::query(
        "SELECT p.id, p.source, p.state, e.code AS legal_entity, p.bank_account, p.document_number, p.document_date, p.value_date, p.amount,
                p.currency::text AS currency, p.payer_name, p.payer_inn, p.payer_kpp, p.payer_account, p.payer_bic, p.payer_bank, p.purpose, a.code AS account,
                p.posting_id, p.rule, p.doubt, p.why_ru, p.why_en, p.candidates, p.matched_at, p.matched_by, n.statement_id, p.intent_id, p.moved_from,
                m.id AS moved_to, p.agreement, p.created_at, p.created_by, p.revision
         FROM payment p JOIN legal_entity e ON e.id = p.legal_entity_id LEFT JOIN account a ON a.id = p.account_id
         LEFT JOIN bank_statement_line n ON n.id = p.line_id LEFT JOIN payment m ON m.moved_from = p.id WHERE p.id = $1",
    )
    .bind(id)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let candidates = candidates(&mut connection, row.get("candidates")).await?;
    let (parts, refunds) = (parts(&mut connection, id).await?, refunds(&mut connection, id).await?);
    let receipts = receipts::of_payment(&mut connection, id).await?;
    let refunded = refunds.iter().map(|refund| refund.amount).sum();
    Ok(Some(PaymentCard {
        id,
        source: row.get("source"),
        state: row.get("state"),
        legal_entity: row.get("legal_entity"),
        bank_account: row.get("bank_account"),
        number: row.get("document_number"),
        date: row.get("document_date"),
        value_date: row.get("value_date"),
        amount: row.get("amount"),
        currency: row.get("currency"),
        payer: payer(&row),
        purpose: row.get("purpose"),
        account: row.get("account"),
        posting: row.get("posting_id"),
        rule: row.get("rule"),
        doubt: row.get("doubt"),
        why: [row.get("why_ru"), row.get("why_en")],
        candidates,
        matched_at: row.get("matched_at"),
        matched_by: row.get("matched_by"),
        statement: row.get("statement_id"),
        intent: row.get("intent_id"),
        moved_from: row.get("moved_from"),
        moved_to: row.get("moved_to"),
        agreement: row.get("agreement"),
        refunded,
        parts,
        refunds,
        receipts,
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        revision: row.get("revision"),
    }))
}

fn payer(row: &PgRow) -> Party {
    Party {
        name: row.get("payer_name"),
        inn: row.get("payer_inn"),
        kpp: row.get("payer_kpp"),
        account: row.get("payer_account"),
        bic: row.get("payer_bic"),
        bank: row.get("payer_bank"),
    }
}

async fn candidates(connection: &mut PgConnection, ids: Vec<i64>) -> Result<Vec<Candidate>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.code, c.code AS client, c.name, e.code AS legal_entity, a.active FROM account a JOIN client c ON c.id = a.client_id
         JOIN legal_entity e ON e.id = a.legal_entity_id WHERE a.id = ANY($1) ORDER BY a.id",
    )
    .bind(&ids)
    .fetch_all(connection)
    .await?;
    let candidate = |row: &PgRow| Candidate {
        account: row.get("code"),
        client: row.get("client"),
        client_name: row.get("name"),
        legal_entity: row.get("legal_entity"),
        active: row.get("active"),
    };
    Ok(rows.iter().map(candidate).collect())
}

/// A part of a row.
fn part(row: &PgRow) -> Part {
    Part { item: Item { kind: row.get("kind"), number: row.get("number") }, amount: row.get("amount") }
}

async fn parts(connection: &mut PgConnection, payment: i64) -> Result<Vec<CardPart>, StoreError> {
    let rows = sqlx::query(
        "SELECT kind, number, amount, created_at, created_by, ended_at, ended_by FROM payment_allocation WHERE payment_id = $1 ORDER BY id",
    )
    .bind(payment)
    .fetch_all(connection)
    .await?;
    let shown = |row: &PgRow| CardPart {
        part: part(row),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        ended_at: row.get("ended_at"),
        ended_by: row.get("ended_by"),
    };
    Ok(rows.iter().map(shown).collect())
}

async fn refunds(connection: &mut PgConnection, payment: i64) -> Result<Vec<CardRefund>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, amount, posting_id, document_number, payee, reason, created_at, created_by FROM payment_refund WHERE payment_id = $1 ORDER BY id",
    )
    .bind(payment)
    .fetch_all(connection)
    .await?;
    let refund = |row: &PgRow| CardRefund {
        id: row.get("id"),
        amount: row.get("amount"),
        posting: row.get("posting_id"),
        number: row.get("document_number"),
        payee: row.get("payee"),
        reason: row.get("reason"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
    };
    Ok(rows.iter().map(refund).collect())
}

/// A payment as its client sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnPayment {
    /// Its number.
    pub id: i64,
    /// Code of the account.
    pub account: String,
    /// How much.
    pub amount: Decimal,
    /// Currency.
    pub currency: String,
    /// The day on which the money moved.
    pub value_date: NaiveDate,
    /// How it came.
    pub source: String,
    /// Number of the document.
    pub number: String,
    /// `booked`, `refunded` or `returned`.
    pub state: String,
    /// What was given back.
    pub refunded: Decimal,
    /// What it pays.
    pub parts: Vec<Part>,
}

/// Payments on the accounts of a client, the newest first: at most `limit` of those with a number below `before_id`. What was moved away is none of his.
///
/// # Errors
/// The database.
pub async fn of_client(
    store: &Store,
    client_id: i64,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<OwnPayment>, StoreError> {
    let rows = sqlx::query(
        "SELECT p.id, a.code, p.amount, p.currency::text AS currency, p.value_date, p.source, p.document_number, p.state,
                coalesce((SELECT sum(r.amount) FROM payment_refund r WHERE r.payment_id = p.id), 0) AS refunded
         FROM payment p JOIN account a ON a.id = p.account_id WHERE a.client_id = $1 AND p.state <> 'moved' AND p.id < coalesce($2, 9223372036854775807)
         ORDER BY p.id DESC LIMIT $3",
    )
    .bind(client_id)
    .bind(before_id)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let ids: Vec<i64> = rows.iter().map(|row| row.get("id")).collect();
    let pays = sqlx::query(
        "SELECT payment_id, kind, number, amount FROM payment_allocation WHERE payment_id = ANY($1) AND ended_at IS NULL ORDER BY id",
    )
    .bind(&ids)
    .fetch_all(store.pool())
    .await?;
    let parts_of = |id: i64| pays.iter().filter(|row| row.get::<i64, _>("payment_id") == id).map(part).collect();
    let own = |row: &PgRow| OwnPayment {
        id: row.get("id"),
        account: row.get("code"),
        amount: row.get("amount"),
        currency: row.get("currency"),
        value_date: row.get("value_date"),
        source: row.get("source"),
        number: row.get("document_number"),
        state: row.get("state"),
        refunded: row.get("refunded"),
        parts: parts_of(row.get("id")),
    };
    Ok(rows.iter().map(own).collect())
}
