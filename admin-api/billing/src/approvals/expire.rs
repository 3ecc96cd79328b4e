//! Requests whose time is over.
//!
//! Owns: writing down that they expired; they are read as expired before that.
//! Does not own: when that is looked after (a job).
//! Always: a request that somebody decides on at that moment is left to him; each one leaves an audit line.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::rules::State;
use crate::audit::{self, AuditLine, Outcome};
use crate::change::Actor;
use crate::store::{Store, StoreError};

/// Requests that are moved in one transaction.
const STEP: i64 = 1_000;

/// Moves the requests that are overdue at `now`; how many.
pub async fn expire(store: &Store, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut moved = 0;
    loop {
        let step = expire_some(store, now).await?;
        moved += step;
        if step < STEP as u64 {
            return Ok(moved);
        }
    }
}

async fn expire_some(store: &Store, now: DateTime<Utc>) -> Result<u64, StoreError> {
    let mut tx = store.begin().await?;
    let ids: Vec<i64> = sqlx::query_scalar(
        "UPDATE approval SET state = 'expired', closed_at = expires_at, revision = revision + 1
         WHERE id IN (SELECT id FROM approval WHERE state = 'requested' AND expires_at <= $1 ORDER BY expires_at, id LIMIT $2 FOR UPDATE SKIP LOCKED)
         RETURNING id",
    )
    .bind(now)
    .bind(STEP)
    .fetch_all(&mut *tx)
    .await?;
    let line = |id: &i64| AuditLine {
        action: "approval.expire",
        entity: "approval",
        entity_id: id.to_string(),
        before: Some(json!({"state": State::Requested.as_str()})),
        after: Some(json!({"state": State::Expired.as_str()})),
        personal: None,
        reason: String::new(),
    };
    let lines: Vec<AuditLine> = ids.iter().map(line).collect();
    // Last: whoever writes a line holds up all others until it commits.
    audit::write(&mut tx, &Actor::program("approvals"), now, Outcome::Done, &lines).await?;
    tx.commit().await?;
    Ok(ids.len() as u64)
}
