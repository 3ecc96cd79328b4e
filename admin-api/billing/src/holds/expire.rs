//! Calls whose record never came, and lists that grow.
//!
//! Owns: the move from `hold` to `overdue_hold`, how long both lists are kept.
//! Does not own: when a hold stops counting: its own moment says so, and whoever adds holds up obeys it at once.
//! Always: in portions, each whole; a row that somebody holds is left for the next time.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;

use crate::store::{Store, StoreError};

/// Rows of one statement.
const PORTION: i64 = 5_000;

/// What was done.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Expired {
    /// Calls whose record never came.
    pub overdue: i64,
    /// Of these, calls that no switch had released.
    pub unreleased: i64,
    /// Refused calls that were forgotten.
    pub refused_forgotten: i64,
    /// Overdue calls that were forgotten.
    pub overdue_forgotten: i64,
}

/// Marks calls whose record never came, and forgets what is older than `keep_days`.
pub async fn expire(store: &Store, now: DateTime<Utc>, keep_days: i64) -> Result<Expired, StoreError> {
    let mut done = Expired::default();
    loop {
        let row = sqlx::query(
            "WITH due AS (SELECT id FROM hold WHERE expires_at <= $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED),
                  gone AS (DELETE FROM hold h USING due WHERE h.id = due.id RETURNING h.*),
                  kept AS (INSERT INTO overdue_hold (id, source, call_id, leg, account_id, state, service, src, dst, currency, amount, seconds, used, created_at,
                                                     answered_at, released_at, expires_at)
                           SELECT id, source, call_id, leg, account_id, state, service, src, dst, currency, amount, seconds, used, created_at, answered_at,
                                  released_at, expires_at FROM gone)
             SELECT count(*) AS overdue, count(*) FILTER (WHERE state = 'open') AS unreleased FROM gone",
        )
        .bind(now)
        .bind(PORTION)
        .fetch_one(store.pool())
        .await?;
        let overdue: i64 = row.get("overdue");
        done.overdue += overdue;
        done.unreleased += row.get::<i64, _>("unreleased");
        if overdue < PORTION {
            break;
        }
    }
    let before = now - TimeDelta::days(keep_days);
    done.refused_forgotten = forget(
        store,
        "DELETE FROM refused_call WHERE id IN (SELECT id FROM refused_call WHERE at < $1 ORDER BY at, id LIMIT $2)",
        before,
    )
    .await?;
    done.overdue_forgotten = forget(
        store,
        "DELETE FROM overdue_hold WHERE id IN (SELECT id FROM overdue_hold WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)",
        before,
    )
    .await?;
    Ok(done)
}

async fn forget(store: &Store, sql: &'static str, before: DateTime<Utc>) -> Result<i64, StoreError> {
    let mut forgotten = 0;
    loop {
        let gone = sqlx::query(sql).bind(before).bind(PORTION).execute(store.pool()).await?.rows_affected() as i64;
        forgotten += gone;
        if gone < PORTION {
            return Ok(forgotten);
        }
    }
}
