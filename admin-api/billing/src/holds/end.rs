//! Staff end a call.
//!
//! Owns: the wish that a call ends.
//! Does not own: how its switch is told (the API).
//! Always: the wish is on record with its author; the call gets no more seconds from then on.

use serde_json::json;
use sqlx::Row;

use super::ask::CallKey;
use super::calls::key_of;
use crate::change::Change;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    /// No such call goes on.
    #[error("there is no such call")]
    NotFound,
    /// It is over, or asked to end already.
    #[error("the call is over or asked to end already")]
    Already,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for HoldError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Asks that a call ends; its name, for who can tell the switch.
///
/// # Errors
/// No such call; one that is over or asked to end already.
pub async fn ask_end(change: &mut Change, id: i64, reason: &str) -> Result<CallKey, HoldError> {
    let row = sqlx::query(
        "SELECT h.source, h.call_id, h.leg, a.code, h.state = 'open' AND h.end_asked_at IS NULL AS is_open FROM hold h JOIN account a ON a.id = h.account_id
         WHERE h.id = $1 FOR UPDATE OF h",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(HoldError::NotFound)?;
    if !row.get::<bool, _>("is_open") {
        return Err(HoldError::Already);
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query("UPDATE hold SET end_asked_at = $2, end_asked_by = $3, end_reason = $4 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(author)
        .bind(reason)
        .execute(change.connection())
        .await?;
    let key = key_of(&row);
    let account: String = row.get("code");
    // Who called whom is not the audit's to keep.
    let call = json!({"source": key.source, "call_id": key.call_id, "leg": key.leg, "account": account});
    change.record("call.end", "call", id, &json!({}), &call, reason);
    Ok(key)
}
