//! What of an account is not paid: documents that ask for money, and charges that stand in none of them.
//!
//! Owns: table `payable_document`, the list of what is open.
//! Does not own: documents themselves (whoever issues them says what they ask for), the distribution (`distribute`), charges (`ledger`).
//! Always: whether something is paid follows from the allocations and is stored nowhere; a charge in a document is paid by way of the document; what was taken
//! back is not open.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::distribute;
use super::error::PaymentError;
use super::words::Item;
use crate::change::Change;
use crate::store::StoreError;
use crate::sums::is_in_kopecks;

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

/// How far a document is paid (L17).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Paid {
    /// Not at all.
    Nothing,
    /// In part.
    Part,
    /// Whole.
    Whole,
}

impl Paid {
    /// Names of all of them.
    pub const NAMES: &'static [&'static str] = &["unpaid", "partly_paid", "paid"];

    /// How far `amount` is paid by `paid`. What asks for nothing is paid.
    pub fn of(amount: Decimal, paid: Decimal) -> Self {
        if paid >= amount {
            Self::Whole
        } else if paid > Decimal::ZERO {
            Self::Part
        } else {
            Self::Nothing
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nothing => "unpaid",
            Self::Part => "partly_paid",
            Self::Whole => "paid",
        }
    }
}

/// A document that asks for money.
#[derive(Clone, Debug)]
pub struct NewDocument<'a> {
    /// Account, by identifier.
    pub account: i64,
    /// What document it is: small letters and `_`, and not `charge`.
    pub kind: &'a str,
    /// Its number.
    pub number: &'a str,
    /// Day of its issue.
    pub issued_on: NaiveDate,
    /// What it asks for, with tax, in kopecks.
    pub amount: Decimal,
}

/// Says that a document asks for money, or for another sum than it did. Advances of the account pay it; what it asks for no more pays what else is open.
/// What paid charges that stand in it pays it from then on. Called behind the postings of a change; the audit line is the caller's.
///
/// # Errors
/// The database.
pub async fn put_document(change: &mut Change, new: &NewDocument<'_>) -> Result<(), PaymentError> {
    assert!(Item::is_kind(new.kind) && is_in_kopecks(new.amount), "a document of no kind, or of no sum");
    let now = change.now();
    distribute::hold(change.connection(), new.account).await?;
    sqlx::query(
        "INSERT INTO payable_document (account_id, kind, number, issued_on, amount, created_at) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT ON CONSTRAINT payable_document_once DO UPDATE SET issued_on = excluded.issued_on, amount = excluded.amount, withdrawn_at = NULL",
    )
    .bind(new.account)
    .bind(new.kind)
    .bind(new.number)
    .bind(new.issued_on)
    .bind(new.amount)
    .bind(now)
    .execute(change.connection())
    .await?;
    release_charges(change, new.account, new.number).await?;
    let item = Item { kind: new.kind.to_owned(), number: new.number.to_owned() };
    if paid(change.connection(), new.account, &item).await? > new.amount {
        distribute::release(change, new.account, &item).await?;
    }
    distribute::advances(change, new.account, std::slice::from_ref(&item)).await
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

/// Says that a document asks for nothing any more: what paid it pays what else is open. Called behind the postings of a change; the audit line
/// is the caller's.
///
/// # Errors
/// The database.
pub async fn withdraw_document(change: &mut Change, account: i64, item: &Item) -> Result<(), PaymentError> {
    let now = change.now();
    distribute::hold(change.connection(), account).await?;
    sqlx::query(
        "UPDATE payable_document SET withdrawn_at = $4 WHERE account_id = $1 AND kind = $2 AND number = $3 AND withdrawn_at IS NULL",
    )
    .bind(account)
    .bind(&item.kind)
    .bind(&item.number)
    .bind(now)
    .execute(change.connection())
    .await?;
    distribute::release(change, account, item).await?;
    distribute::advances(change, account, &[]).await
}

/// Frees what paid a charge that was taken back: it pays what else is open.
pub(crate) async fn charge_taken_back(change: &mut Change, posting: i64) -> Result<(), PaymentError> {
    let account: Option<i64> = sqlx::query_scalar("SELECT account_id FROM posting WHERE id = $1 AND kind = 'charge'")
        .bind(posting)
        .fetch_optional(change.connection())
        .await?;
    let Some(account) = account else { return Ok(()) };
    distribute::hold(change.connection(), account).await?;
    let item = Item { kind: super::CHARGE.to_owned(), number: posting.to_string() };
    distribute::release(change, account, &item).await?;
    distribute::advances(change, account, &[]).await
}

/// What payments have paid of an item.
async fn paid(connection: &mut PgConnection, account: i64, item: &Item) -> Result<Decimal, StoreError> {
    let paid = sqlx::query_scalar(
        "SELECT coalesce(sum(amount), 0) FROM payment_allocation WHERE account_id = $1 AND kind = $2 AND number = $3 AND ended_at IS NULL",
    )
    .bind(account)
    .bind(&item.kind)
    .bind(&item.number)
    .fetch_one(connection)
    .await?;
    Ok(paid)
}

/// What is open. A fraction of a kopeck that a charge has is paid by nobody.
const OPEN: &str = "WITH paid AS (
         SELECT kind, number, sum(amount) AS sum FROM payment_allocation WHERE account_id = $1 AND ended_at IS NULL GROUP BY kind, number
     ), document AS (
         SELECT id, kind, number, issued_on, amount FROM payable_document WHERE account_id = $1 AND withdrawn_at IS NULL
     )
     SELECT d.kind, d.number, d.issued_on AS day, d.amount - coalesce(p.sum, 0) AS rest, d.id, 0 AS place
     FROM document d LEFT JOIN paid p ON p.kind = d.kind AND p.number = d.number WHERE d.amount > coalesce(p.sum, 0)
     UNION ALL
     SELECT 'charge', g.id::text, g.day, trunc(-g.amount, 2) - coalesce(p.sum, 0), g.id, 1
     FROM posting g LEFT JOIN paid p ON p.kind = 'charge' AND p.number = g.id::text
     WHERE g.account_id = $1 AND g.kind = 'charge' AND trunc(-g.amount, 2) > coalesce(p.sum, 0)
           AND NOT EXISTS (SELECT FROM posting r WHERE r.reverses = g.id)
           AND (g.document = '' OR NOT EXISTS (SELECT FROM document d WHERE d.number = g.document))
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

#[cfg(test)]
mod tests {
    use super::*;

    /// L17: 3270.00 pays an invoice of that sum, 3000.00 a part of it.
    #[test]
    fn a_part_is_not_the_whole() {
        for (amount, paid, expected) in [
            ("3270.00", "0", "unpaid"),
            ("3270.00", "0.01", "partly_paid"),
            ("3270.00", "3000.00", "partly_paid"),
            ("3270.00", "3269.99", "partly_paid"),
            ("3270.00", "3270.00", "paid"),
            ("0", "0", "paid"),
        ] {
            let found = Paid::of(amount.parse().unwrap(), paid.parse().unwrap());
            assert_eq!(found.as_str(), expected, "{amount} {paid}");
            assert!(Paid::NAMES.contains(&expected));
        }
    }
}
