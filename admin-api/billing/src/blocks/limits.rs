//! Temporary limits: an amount on top of what an account may owe, until a moment.
//!
//! Owns: table `account_limit`.
//! Does not own: the permanent limit (`accounts`), the floor that they make together (`credit`).
//! Always: each ends by itself, within a year; together with the permanent one they are no more than one person may give (setting
//! `approval.credit_limit_above`).

use chrono::{DateTime, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;

use super::{BlockError, hold};
use crate::accounts;
use crate::change::Change;
use crate::sums::is_sum;

/// SQL: what temporary limits add to account `a` at the moment with this parameter.
macro_rules! temporary_limits {
    ($now:literal) => {
        concat!(
            "(SELECT coalesce(sum(x.amount), 0) FROM account_limit x WHERE x.account_id = a.id AND x.ended_at IS NULL AND x.valid_from <= ",
            $now,
            " AND ",
            $now,
            " < x.valid_to)"
        )
    };
}

pub(crate) use temporary_limits;

/// Longest term.
const DAYS_MAX: i64 = 366;

/// A temporary limit to be given.
#[derive(Clone, Debug)]
pub struct NewLimit {
    /// How much; positive.
    pub amount: Decimal,
    /// First moment; now when absent.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last.
    pub until: DateTime<Utc>,
}

/// Gives an account a temporary limit; its identifier.
///
/// # Errors
/// No such account, a closed one, payment by fact; no time; more than one person may give.
pub async fn add_limit(change: &mut Change, account: &str, new: &NewLimit, reason: &str) -> Result<i64, BlockError> {
    if !is_sum(new.amount) || new.amount <= Decimal::ZERO {
        return Err(BlockError::BadAmount);
    }
    let now = change.now();
    let from = new.from.map_or(now, |from| from.max(now));
    if new.until <= from || new.until - from > TimeDelta::days(DAYS_MAX) {
        return Err(BlockError::NoTime);
    }
    let held = hold(change.connection(), account).await?;
    if !held.is_active {
        return Err(BlockError::AccountClosed(account.to_owned()));
    }
    let (mode, policy): (&str, &str) = (held.row.get("payment_mode"), held.row.get("credit_policy"));
    if mode == "postpaid" && policy == "none" {
        return Err(BlockError::NoLimit);
    }
    // At no moment are there more of them than all that have not ended yet.
    let others: Decimal = sqlx::query_scalar(
        "SELECT coalesce(sum(amount), 0) FROM account_limit WHERE account_id = $1 AND ended_at IS NULL AND valid_to > $2",
    )
    .bind(held.id)
    .bind(from)
    .fetch_one(change.connection())
    .await?;
    let permanent: Decimal = held.row.get("credit_limit");
    accounts::refuse_raise(change, Some(permanent), Some(permanent + others + new.amount)).await?;
    let author = change.actor().login.clone();
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO account_limit (account_id, amount, valid_from, valid_to, author, reason, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(held.id)
    .bind(new.amount)
    .bind(from)
    .bind(new.until)
    .bind(author)
    .bind(reason)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"limit": id, "amount": new.amount.normalize(), "from": from, "until": new.until});
    change.record("account.temporary_limit", "account", account, &json!({}), &after, reason);
    Ok(id)
}

/// Ends a temporary limit before its time.
///
/// # Errors
/// No such limit, one that has ended.
pub async fn end_limit(change: &mut Change, id: i64, reason: &str) -> Result<(), BlockError> {
    let now = change.now();
    let row = sqlx::query(
        "SELECT a.code, l.amount, l.valid_to, l.ended_at IS NOT NULL OR l.valid_to <= $2 AS ended FROM account_limit l JOIN account a ON a.id = l.account_id
         WHERE l.id = $1 FOR UPDATE OF l",
    )
    .bind(id)
    .bind(now)
    .fetch_optional(change.connection())
    .await?
    .ok_or(BlockError::NotFound)?;
    if row.get("ended") {
        return Err(BlockError::Ended);
    }
    let author = change.actor().login.clone();
    sqlx::query("UPDATE account_limit SET ended_at = $2, ended_by = $3 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(author)
        .execute(change.connection())
        .await?;
    let (amount, until): (Decimal, DateTime<Utc>) = (row.get("amount"), row.get("valid_to"));
    let before = json!({"limit": id, "amount": amount.normalize(), "until": until});
    let after = json!({"limit": id, "until": now});
    change.record("account.temporary_limit_end", "account", row.get::<String, _>("code"), &before, &after, reason);
    Ok(())
}
