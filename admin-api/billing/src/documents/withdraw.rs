//! A document is none any more: it was entered by mistake, or is made anew.
//!
//! Owns: the end of a document.
//! Does not own: which may end (whoever makes them: a tax document that was sent does not, A22).
//! Always: what paid it pays what else is open; what it billed is no debt any more; the row stays, and its number is free.

use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;

use super::DocumentError;
use crate::change::Change;
use crate::ledger;
use crate::payments::{self, Item};

/// Withdraws a document.
///
/// # Errors
/// No such document; one that was withdrawn before.
pub async fn withdraw(change: &mut Change, id: i64, reason: &str) -> Result<(), DocumentError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let account: Option<i64> = sqlx::query_scalar("SELECT account_id FROM document WHERE id = $1")
        .bind(id)
        .fetch_optional(change.connection())
        .await?;
    let account = account.ok_or(DocumentError::NoDocument)?;
    ledger::hold_accounts(change, &[account]).await?;
    let row = sqlx::query("SELECT kind, number, paid FROM document WHERE id = $1 AND withdrawn_at IS NULL")
        .bind(id)
        .fetch_optional(change.connection())
        .await?
        .ok_or(DocumentError::NoDocument)?;
    sqlx::query("UPDATE document SET withdrawn_at = $2, withdrawn_by = $3, paid = 0 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(author)
        .execute(change.connection())
        .await?;
    let before = json!({"paid": row.get::<Decimal, _>("paid").normalize()});
    change.record("document.withdraw", "document", id, &before, &json!({"withdrawn": true}), reason);
    let item = Item { kind: row.get("kind"), number: row.get("number") };
    payments::asks_no_more(change, account, &item).await?;
    Ok(())
}
