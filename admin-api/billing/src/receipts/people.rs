//! What people do with receipts.
//!
//! Owns: the work list, the state `resolved`.
//! Does not own: receipts that are issued elsewhere, about which a person only says so.
//! Always: with a reason; what was issued stays as it is.

use serde_json::json;
use sqlx::Row;

use super::ReceiptError;
use super::judge::{Judged, judge};
use super::words::State;
use crate::change::Change;
use crate::store::StoreError;

/// Holds a receipt; where it stands. `revision`: as the caller has seen it.
async fn hold(change: &mut Change, id: i64, revision: Option<i64>) -> Result<State, ReceiptError> {
    let row = sqlx::query("SELECT state, revision FROM fiscal_receipt WHERE id = $1 FOR NO KEY UPDATE")
        .bind(id)
        .fetch_optional(change.connection())
        .await?
        .ok_or(ReceiptError::NotFound)?;
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(ReceiptError::Stale);
    }
    let word: &str = row.get("state");
    let state = word
        .parse::<State>()
        .map_err(|()| StoreError::Inconsistent { table: "fiscal_receipt", problem: format!("{id} is {word}") })?;
    Ok(state)
}

/// Has a receipt that waits for a person, or for its next attempt, sent now; it gets all its attempts again.
///
/// # Errors
/// No such receipt, one in another state; what stood in its way still does.
pub async fn retry(change: &mut Change, id: i64, revision: Option<i64>, reason: &str) -> Result<(), ReceiptError> {
    let state = hold(change, id, revision).await?;
    if !matches!(state, State::Failed | State::Refused) {
        return Err(ReceiptError::State(state));
    }
    if let Some((_, obstacle)) = judge(change, &[id], Judged::Again).await?.first() {
        return Err(ReceiptError::Obstacle(obstacle));
    }
    sqlx::query("UPDATE fiscal_receipt SET attempts = 0 WHERE id = $1").bind(id).execute(change.connection()).await?;
    let (before, after) = (json!({"state": state.as_str()}), json!({"state": State::Queued.as_str()}));
    change.record("receipt.retry", "fiscal_receipt", id, &before, &after, reason);
    Ok(())
}

/// Says why no more is needed for a receipt: it was issued elsewhere, or is not needed. Returns of it that wait need a person then.
///
/// # Errors
/// No such receipt, one that is settled.
pub async fn resolve(change: &mut Change, id: i64, revision: Option<i64>, reason: &str) -> Result<(), ReceiptError> {
    let state = hold(change, id, revision).await?;
    if state.is_settled() {
        return Err(ReceiptError::State(state));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "UPDATE fiscal_receipt SET state = 'resolved', resolved_at = $2, resolved_by = $3, resolution = $4, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(now)
    .bind(author)
    .bind(reason)
    .execute(change.connection())
    .await?;
    sqlx::query(
        "UPDATE fiscal_receipt r SET state = 'refused', problem = 'income_resolved', revision = r.revision + 1 FROM fiscal_receipt i
         WHERE i.id = $1 AND i.kind = 'income' AND r.payment_id = i.payment_id AND r.kind = 'income_return' AND r.state = 'queued'",
    )
    .bind(id)
    .execute(change.connection())
    .await?;
    let (before, after) = (json!({"state": state.as_str()}), json!({"state": State::Resolved.as_str()}));
    change.record("receipt.resolve", "fiscal_receipt", id, &before, &after, reason);
    Ok(())
}

/// Looks again whether a receipt that was to be sent can be: whoever should get it has no contact any more. What is not to be sent leaves nothing to commit.
///
/// # Errors
/// No such receipt.
pub async fn look_again(change: &mut Change, id: i64) -> Result<bool, ReceiptError> {
    let state = hold(change, id, None).await?;
    if !matches!(state, State::Queued | State::Failed) {
        return Ok(false);
    }
    judge(change, &[id], Judged::Again).await?;
    Ok(true)
}
