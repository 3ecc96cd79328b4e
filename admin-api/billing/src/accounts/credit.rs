//! The credit limit.
//!
//! Owns: changing it alone, and how much of it one person may give.
//! Does not own: the other terms (`update`), requests for more (`approvals`).
//! Always: who is bound by no limit is who has no floor (`crate::credit::floor`); a raise above the setting `approval.credit_limit_above` is nothing that one person does, by whichever way.

use rust_decimal::Decimal;
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::rules::{CreditPolicy, PaymentMode, limit_fits};
use super::{AccountError, CreditFault};
use crate::change::Change;
use crate::credit::{floor, keep_terms};
use crate::settings;

/// The credit of an account that may have a certain limit.
pub(crate) struct Credit {
    id: i64,
    limit: Decimal,
    /// Revision of the account.
    pub(crate) revision: i64,
}

/// The credit of an account, if it may have `limit` at all. `hold`: it stays as it is until the end of the transaction.
pub(crate) async fn credit_of(
    connection: &mut PgConnection,
    code: &str,
    limit: Decimal,
    hold: bool,
) -> Result<Credit, AccountError> {
    if !limit_fits(limit) {
        return Err(AccountError::BadLimit);
    }
    let lock = if hold { "FOR KEY SHARE OF c FOR NO KEY UPDATE OF a" } else { "" };
    let sql = format!(
        "SELECT a.id, a.credit_limit, a.credit_policy, a.revision, c.gdpr_state <> 'none' AS cleaned
         FROM account a JOIN client c ON c.id = a.client_id WHERE a.code = $1 {lock}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(code)
        .fetch_optional(connection)
        .await?
        .ok_or(AccountError::NotFound)?;
    if row.get("cleaned") {
        return Err(AccountError::Cleaned);
    }
    if row.get::<&str, _>("credit_policy") == "none" && !limit.is_zero() {
        return Err(AccountError::Credit(CreditFault::NoLimit));
    }
    Ok(Credit {
        id: row.get("id"),
        limit: row.get::<Decimal, _>("credit_limit").normalize(),
        revision: row.get("revision"),
    })
}

/// How much an account may owe; `None`: it has no floor, so that nothing limits it (A13).
pub(super) fn most_owed(mode: PaymentMode, policy: CreditPolicy, limit: Decimal) -> Option<Decimal> {
    floor(mode, policy, limit, Decimal::ZERO).map(|_| limit)
}

/// Refuses a raise that takes the approval of others. `None`: there is no limit to what the account may owe.
pub(crate) async fn refuse_raise(
    change: &mut Change,
    before: Option<Decimal>,
    after: Option<Decimal>,
) -> Result<(), AccountError> {
    let most = settings::value(change.connection(), "approval.credit_limit_above").await?;
    let Some(most) = settings::amount(&most) else { return Ok(()) };
    match (before, after) {
        (Some(_), None) => Err(AccountError::FloorNeeded),
        (Some(before), Some(after)) if after > most && after > before => Err(AccountError::ApprovalNeeded(most)),
        _ => Ok(()),
    }
}

/// Changes the credit limit (B14, B16). `revision`: the one the caller has seen, if it insists.
pub async fn set_credit_limit(
    change: &mut Change,
    code: &str,
    limit: Decimal,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), AccountError> {
    let limit = limit.normalize();
    let credit = credit_of(change.connection(), code, limit, true).await?;
    if revision.is_some_and(|seen| seen != credit.revision) {
        return Err(AccountError::Stale);
    }
    refuse_raise(change, Some(credit.limit), Some(limit)).await?;
    write_limit(change, code, limit, &credit, reason).await
}

/// The same, where others have approved the limit for the account as it was at this revision.
pub(crate) async fn set_approved_credit_limit(
    change: &mut Change,
    code: &str,
    limit: Decimal,
    revision: i64,
    reason: &str,
) -> Result<(), AccountError> {
    let credit = credit_of(change.connection(), code, limit, true).await?;
    if credit.revision != revision {
        return Err(AccountError::Stale);
    }
    write_limit(change, code, limit, &credit, reason).await
}

async fn write_limit(
    change: &mut Change,
    code: &str,
    limit: Decimal,
    credit: &Credit,
    reason: &str,
) -> Result<(), AccountError> {
    if limit != credit.limit {
        keep_terms(change, credit.id).await?;
    }
    sqlx::query("UPDATE account SET credit_limit = $2, revision = revision + 1 WHERE id = $1")
        .bind(credit.id)
        .bind(limit)
        .execute(change.connection())
        .await?;
    let (before, after) = (json!({"credit_limit": credit.limit}), json!({"credit_limit": limit}));
    change.record("account.credit", "account", code, &before, &after, reason);
    Ok(())
}
