//! What of an account is not paid: documents that ask for money, and charges that stand in none of them.
//!
//! Owns: the list of what is open, what a document that comes or goes frees and takes.
//! Does not own: documents themselves (`documents`), the distribution (`distribute`), charges (`ledger`).
//! Always: what is paid follows from the allocations; a charge in a document that asks for money is paid by way of the document; what was taken back or withdrawn
//! is not open.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::distribute;
use super::error::PaymentError;
use super::settled::settled;
use super::words::Item;
use crate::change::Change;
use crate::ledger;
use crate::store::StoreError;

/// Something that is not paid in full.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Open {
    /// What it is.
    pub item: Item,
    /// Its day.
    pub day: NaiveDate,
    /// What is left to pay, in kopecks.
    pub rest: Decimal,
}

/// A document of an account that is held asks for money: advances pay it, and what paid charges that stand in it pays it from then on. Called behind the
/// postings of a change; the audit line is the caller's.
pub(crate) async fn document_asks(change: &mut Change, account: i64, item: &Item) -> Result<(), PaymentError> {
    release_charges(change, account, &item.number).await?;
    distribute::advances(change, account, std::slice::from_ref(item)).await?;
    settled(change, account).await
}

/// Ends what payments pay of charges that stand in a document: they are paid by way of it.
async fn release_charges(change: &mut Change, account: i64, document: &str) -> Result<(), StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE payment_allocation l SET ended_at = $3, ended_by = $4 FROM posting g
         WHERE g.account_id = $1 AND g.kind = 'charge' AND g.document = $2 AND l.account_id = $1 AND l.kind = 'charge' AND l.number = g.id::text
               AND l.ended_at IS NULL",
    )
    .bind(account)
    .bind(document)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// An item of an account that is held asks for nothing any more: what paid it pays what else is open. Called behind the postings of a change; the audit line is
/// the caller's.
pub(crate) async fn asks_no_more(change: &mut Change, account: i64, item: &Item) -> Result<(), PaymentError> {
    distribute::release(change, account, item).await?;
    distribute::advances(change, account, &[]).await?;
    settled(change, account).await
}

/// Frees what paid a charge that was taken back: it pays what else is open.
pub(crate) async fn charge_taken_back(change: &mut Change, posting: i64) -> Result<(), PaymentError> {
    let account: Option<i64> = sqlx::query_scalar("SELECT account_id FROM posting WHERE id = $1 AND kind = 'charge'")
        .bind(posting)
        .fetch_optional(change.connection())
        .await?;
    let Some(account) = account else { return Ok(()) };
    ledger::hold_accounts(change, &[account]).await?;
    asks_no_more(change, account, &Item { kind: super::CHARGE.to_owned(), number: posting.to_string() }).await
}

/// What is open. A fraction of a kopeck that a charge has is paid by nobody.
const OPEN: &str = "WITH paid AS (
         SELECT kind, number, sum(amount) AS sum FROM payment_allocation WHERE account_id = $1 AND ended_at IS NULL GROUP BY kind, number
     ), asking AS (
         SELECT id, kind, number, issued_on, amount FROM document WHERE account_id = $1 AND payable AND withdrawn_at IS NULL
     )
     SELECT d.kind, d.number, d.issued_on AS day, d.amount - coalesce(p.sum, 0) AS rest, d.id, 0 AS place
     FROM asking d LEFT JOIN paid p ON p.kind = d.kind AND p.number = d.number WHERE d.amount > coalesce(p.sum, 0)
     UNION ALL
     SELECT 'charge', g.id::text, g.day, trunc(-g.amount, 2) - coalesce(p.sum, 0), g.id, 1
     FROM posting g LEFT JOIN paid p ON p.kind = 'charge' AND p.number = g.id::text
     WHERE g.account_id = $1 AND g.kind = 'charge' AND trunc(-g.amount, 2) > coalesce(p.sum, 0)
           AND NOT EXISTS (SELECT FROM posting r WHERE r.reverses = g.id)
           AND (g.document = '' OR NOT EXISTS (SELECT FROM asking d WHERE d.number = g.document))
     ORDER BY 3, 6, 5";

/// What of an account is open, the oldest first.
pub(super) async fn of_account(connection: &mut PgConnection, account: i64) -> Result<Vec<Open>, StoreError> {
    let rows = sqlx::query(OPEN).bind(account).fetch_all(connection).await?;
    let open = |row: &sqlx::postgres::PgRow| Open {
        item: Item { kind: row.get("kind"), number: row.get("number") },
        day: row.get("day"),
        rest: row.get("rest"),
    };
    Ok(rows.iter().map(open).collect())
}
