//! Blocks: begun and lifted by hand.
//!
//! Owns: rows of table `account_block` that people make, and that of a contract which was ended.
//! Does not own: blocks that begin and end with money (`credit`).
//! Always: people block and lift for causes of theirs alone: a word is no payment (M49); a block of an ended contract they lift, and do not begin.

use serde_json::json;
use sqlx::Row;

use super::{BlockError, hold};
use crate::change::Change;
use crate::credit::blocks::{Cause, Scope};
use crate::store::broken_constraint;

/// A block to be made.
#[derive(Clone, Copy, Debug)]
pub struct NewBlock {
    /// Why.
    pub cause: Cause,
    /// What it stops; what its cause stops usually when absent.
    pub scope: Option<Scope>,
}

/// Blocks an account; the identifier of the block. In force for the next call.
///
/// # Errors
/// No such account, a closed one, one that is blocked for this cause, a cause that is not people's.
pub async fn begin(change: &mut Change, account: &str, new: NewBlock, reason: &str) -> Result<i64, BlockError> {
    if !new.cause.begins_by_hand() {
        return Err(BlockError::EndsByItself(new.cause));
    }
    let held = hold(change.connection(), account).await?;
    if !held.is_active {
        return Err(BlockError::AccountClosed(account.to_owned()));
    }
    write(change, (held.id, account), new, None, reason).await
}

/// Blocks an account, which the caller holds, for good: its contract was ended behind a notice (M70).
///
/// # Errors
/// It is blocked for that already.
pub(crate) async fn terminated(
    change: &mut Change,
    account: (i64, &str),
    notice: i64,
    reason: &str,
) -> Result<i64, BlockError> {
    write(change, account, NewBlock { cause: Cause::Terminated, scope: None }, Some(notice), reason).await
}

async fn write(
    change: &mut Change,
    (id, account): (i64, &str),
    new: NewBlock,
    notice: Option<i64>,
    reason: &str,
) -> Result<i64, BlockError> {
    let scope = new.scope.unwrap_or(new.cause.default_scope());
    let (at, author) = (change.now(), change.actor().login.clone());
    let block: i64 = sqlx::query_scalar(
        "INSERT INTO account_block (account_id, cause, scope, reason, notice_id, begun_at, begun_by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(id)
    .bind(new.cause.as_str())
    .bind(scope.as_str())
    .bind(reason)
    .bind(notice)
    .bind(at)
    .bind(author)
    .fetch_one(change.connection())
    .await
    .map_err(|error| match broken_constraint(&error) {
        Some("account_block_once") => BlockError::AlreadyBlocked(new.cause),
        _ => error.into(),
    })?;
    let after = json!({"block": block, "cause": new.cause.as_str(), "scope": scope.as_str()});
    change.record("account.block", "account", account, &json!({}), &after, reason);
    Ok(block)
}

/// Lifts a block that people made.
///
/// # Errors
/// No such block, one that has ended, one whose cause ends by itself.
pub async fn lift(change: &mut Change, id: i64, reason: &str) -> Result<(), BlockError> {
    let row = sqlx::query(
        "SELECT a.code, b.cause, b.scope, b.ended_at IS NOT NULL AS ended FROM account_block b JOIN account a ON a.id = b.account_id
         WHERE b.id = $1 FOR UPDATE OF b",
    )
    .bind(id)
    .fetch_optional(change.connection())
    .await?
    .ok_or(BlockError::NotFound)?;
    let (account, cause): (String, String) = (row.get("code"), row.get("cause"));
    if row.get("ended") {
        return Err(BlockError::Ended);
    }
    if let Ok(cause) = cause.parse::<Cause>()
        && !cause.ends_by_hand()
    {
        return Err(BlockError::EndsByItself(cause));
    }
    let (at, author) = (change.now(), change.actor().login.clone());
    sqlx::query("UPDATE account_block SET ended_at = $2, ended_by = $3, ended_reason = $4 WHERE id = $1")
        .bind(id)
        .bind(at)
        .bind(author)
        .bind(reason)
        .execute(change.connection())
        .await?;
    let before = json!({"block": id, "cause": cause, "scope": row.get::<&str, _>("scope")});
    change.record("account.unblock", "account", account, &before, &json!({}), reason);
    Ok(())
}
