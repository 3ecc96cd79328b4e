//! The legal hold of an account.
//!
//! Owns: the flag.
//! Does not own: who may set it, what it stops (`clean`, `destroy`).
//! Always: a change leaves an audit line with its reason.

use serde_json::json;

use super::CleaningError;
use crate::change::Change;

/// Puts an account under a legal hold, or lifts it (A40).
pub async fn set_hold(change: &mut Change, account: &str, hold: bool, reason: &str) -> Result<(), CleaningError> {
    let before: Option<bool> = sqlx::query_scalar("SELECT legal_hold FROM account WHERE code = $1 FOR NO KEY UPDATE")
        .bind(account)
        .fetch_optional(change.connection())
        .await?;
    let before = before.ok_or(CleaningError::NotFound)?;
    if before == hold {
        return Err(CleaningError::Already);
    }
    sqlx::query("UPDATE account SET legal_hold = $2, revision = revision + 1 WHERE code = $1")
        .bind(account)
        .bind(hold)
        .execute(change.connection())
        .await?;
    let shown = |hold: bool| json!({"legal_hold": hold});
    change.record("legal_hold.edit", "account", account, &shown(before), &shown(hold), reason);
    Ok(())
}
