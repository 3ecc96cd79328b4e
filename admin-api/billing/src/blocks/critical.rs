//! The critical balance: at or below it the client is told (M31).
//!
//! Owns: the column `account.critical_balance`.
//! Does not own: the notice (`credit`).
//! Always: a change raises the revision of the account.

use rust_decimal::Decimal;
use serde_json::json;
use sqlx::Row;

use super::{BlockError, hold};
use crate::change::Change;
use crate::sums::is_sum;

/// Sets the critical balance of an account; `None`: its client is not told.
///
/// # Errors
/// No such account; an amount that money does not have.
pub async fn set_critical_balance(
    change: &mut Change,
    account: &str,
    amount: Option<Decimal>,
    reason: &str,
) -> Result<(), BlockError> {
    if amount.is_some_and(|amount| !is_sum(amount)) {
        return Err(BlockError::BadAmount);
    }
    let held = hold(change.connection(), account).await?;
    sqlx::query("UPDATE account SET critical_balance = $2, revision = revision + 1 WHERE id = $1")
        .bind(held.id)
        .bind(amount)
        .execute(change.connection())
        .await?;
    let before: Option<Decimal> = held.row.get("critical_balance");
    let shown = |amount: Option<Decimal>| json!({"critical_balance": amount.map(|amount| amount.normalize())});
    change.record("account.critical_balance", "account", account, &shown(before), &shown(amount), reason);
    Ok(())
}
