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
use crate::ledger::{self, LedgerError, NewPosting, PostingKind};
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
/// What the ledger refuses.
pub async fn post(change: &mut Change, account_id: i64, fee: &NewFee, reason: &str) -> Result<i64, LedgerError> {
    let posting = NewPosting {
        description: &fee.description,
        ..NewPosting::new(account_id, PostingKind::Charge, -fee.amount, &fee.reference)
    };
    let posted = ledger::post(change, &[posting]).await?[0];
    let before = serde_json::json!({"balance": posted.balance_before});
    change.record("fee.post", "account", account_id, &before, fee, reason);
    Ok(posted.id)
}
