//! Fees: what products cost an account, calls aside (M46).
//!
//! Owns: postings of kind `charge`: writing one, listing them.
//! Does not own: when a product costs what (subscriptions), traffic (`usage_total`, ClickHouse), other kinds of postings.
//! Always: a fee is positive for what the account owes, its posting negative; the balance moves in the transaction of the posting.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::Row;

use crate::change::Change;
use crate::store::{Store, StoreError};

/// A fee that was posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fee {
    /// Identifier of the posting.
    pub id: i64,
    /// When it was posted.
    pub at: DateTime<Utc>,
    /// With tax, currency of the account; negative when a fee is given back.
    pub amount: Decimal,
    /// What it belongs to: product, document.
    pub reference: String,
    /// In words.
    pub description: String,
    /// Who posted it.
    pub author: String,
}

/// Which fees of an account.
#[derive(Clone, Copy, Debug)]
pub struct FeeFilter {
    /// The account.
    pub account_id: i64,
    /// Posted at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Posted before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Posted before this one: the page before ended with it.
    pub before_id: Option<i64>,
}

/// The fees of an account, the newest first, at most so many.
///
/// # Errors
/// Postgres does not answer.
pub async fn list(store: &Store, filter: &FeeFilter, limit: i64) -> Result<Vec<Fee>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, at, -amount AS amount, reference, description, author FROM posting
         WHERE account_id = $1 AND kind = 'charge' AND at >= coalesce($2, '-infinity') AND at < coalesce($3, 'infinity') AND ($4::bigint IS NULL OR id < $4)
         ORDER BY id DESC LIMIT $5",
    )
    .bind(filter.account_id)
    .bind(filter.from)
    .bind(filter.to)
    .bind(filter.before_id)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| Fee {
            id: row.get("id"),
            at: row.get("at"),
            amount: row.get("amount"),
            reference: row.get("reference"),
            description: row.get("description"),
            author: row.get("author"),
        })
        .collect())
}

/// A fee to be posted.
#[derive(Clone, Debug, Serialize)]
pub struct NewFee {
    /// With tax, currency of the account.
    pub amount: Decimal,
    /// What it belongs to: product, document.
    pub reference: String,
    /// In words.
    pub description: String,
}

/// Posts a fee now and moves the balance; the identifier of the posting.
///
/// # Errors
/// Postgres does not answer, or there is no such account.
pub async fn post(change: &mut Change, account_id: i64, fee: &NewFee, reason: &str) -> Result<i64, StoreError> {
    let (at, author) = (change.now(), change.actor().login.clone());
    let balance: Decimal = sqlx::query_scalar(
        "UPDATE account_balance SET balance = balance - $2 WHERE account_id = $1 RETURNING balance + $2",
    )
    .bind(account_id)
    .bind(fee.amount)
    .fetch_one(change.connection())
    .await?;
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO posting (account_id, kind, is_real, amount, at, reference, author, description)
         VALUES ($1, 'charge', false, -$2::numeric, $3, $4, $5, $6) RETURNING id",
    )
    .bind(account_id)
    .bind(fee.amount)
    .bind(at)
    .bind(&fee.reference)
    .bind(author)
    .bind(&fee.description)
    .fetch_one(change.connection())
    .await?;
    change.record("fee.post", "account", account_id, &serde_json::json!({"balance": balance}), fee, reason);
    Ok(id)
}
