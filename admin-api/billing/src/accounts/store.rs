//! SQL of the accounts.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::json;
use sqlx::{PgConnection, Row};

use crate::audit;
use crate::change::Change;
use crate::settings;
use crate::store::{Store, StoreError};

/// An account with its balance.
#[derive(Clone, Debug, Serialize)]
pub struct Account {
    /// Identifier.
    #[serde(skip)]
    pub id: i64,
    /// Code.
    pub code: String,
    /// Code of its client.
    pub client: String,
    /// Currency.
    pub currency: String,
    /// `prepaid` or `postpaid`.
    pub payment_mode: String,
    /// `none`, `monthly` or `days`.
    pub credit_policy: String,
    /// Credit limit.
    pub credit_limit: Decimal,
    /// Balance.
    pub balance: Decimal,
    /// Whether it is active.
    pub active: bool,
    /// Code of the plan of now.
    pub plan: Option<String>,
    /// Raised by every change; the ETag.
    pub revision: i64,
}

/// The account with this code.
pub async fn by_code(store: &Store, code: &str, now: DateTime<Utc>) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query(
        "SELECT a.id, a.code, c.code AS client, a.currency::text AS currency, a.payment_mode, a.credit_policy, a.credit_limit, b.balance, a.active,
                a.revision, (SELECT t.code FROM account_plan p JOIN tariff_plan t ON t.id = p.plan_id
                             WHERE p.account_id = a.id AND coalesce(p.valid_from, '-infinity') <= $2 AND $2 < coalesce(p.valid_to, 'infinity') LIMIT 1) AS plan
         FROM account a JOIN client c ON c.id = a.client_id JOIN account_balance b ON b.account_id = a.id WHERE a.code = $1",
    )
    .bind(code)
    .bind(now)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| Account {
        id: row.get("id"),
        code: row.get("code"),
        client: row.get("client"),
        currency: row.get("currency"),
        payment_mode: row.get("payment_mode"),
        credit_policy: row.get("credit_policy"),
        credit_limit: row.get("credit_limit"),
        balance: row.get::<Decimal, _>("balance").normalize(),
        active: row.get("active"),
        plan: row.get("plan"),
        revision: row.get("revision"),
    }))
}

/// Why a credit limit was not changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No such account.
    #[error("there is no such account")]
    NotFound,
    /// Not an amount a limit can have.
    #[error("a credit limit is 0 to 999999999.99 with at most two decimals")]
    BadLimit,
    /// The account's terms have no limit (A13).
    #[error("an account with credit policy `none` has no limit")]
    NoCreditPolicy,
    /// A raise above this amount is nothing that one person does (setting `approval.credit_limit_above`).
    #[error("a credit limit above {0} needs an approval")]
    ApprovalNeeded(Decimal),
    /// Somebody changed it since it was read.
    #[error("the account was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

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
    if limit.is_sign_negative() && !limit.is_zero() || limit.scale() > 2 || limit >= Decimal::from(1_000_000_000) {
        return Err(AccountError::BadLimit);
    }
    let lock = if hold { "FOR NO KEY UPDATE" } else { "" };
    let sql = format!("SELECT id, credit_limit, credit_policy, revision FROM account WHERE code = $1 {lock}");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(code)
        .fetch_optional(connection)
        .await?
        .ok_or(AccountError::NotFound)?;
    if row.get::<&str, _>("credit_policy") == "none" && !limit.is_zero() {
        return Err(AccountError::NoCreditPolicy);
    }
    Ok(Credit {
        id: row.get("id"),
        limit: row.get::<Decimal, _>("credit_limit").normalize(),
        revision: row.get("revision"),
    })
}

/// Changes the credit limit (B14, B16). `revision`: the one the caller has seen, if it insists. A raise above the setting `approval.credit_limit_above` is
/// nothing that one person does.
pub async fn set_credit_limit(
    change: &mut Change,
    code: &str,
    limit: Decimal,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), AccountError> {
    let limit = limit.normalize();
    let credit = credit_of(change.connection(), code, limit, true).await?;
    let most = settings::value(change.connection(), "approval.credit_limit_above").await?;
    write_limit(change, code, limit, &credit, revision, settings::amount(&most), reason).await
}

/// The same, where others have approved the limit.
pub(crate) async fn set_approved_credit_limit(
    change: &mut Change,
    code: &str,
    limit: Decimal,
    revision: i64,
    reason: &str,
) -> Result<(), AccountError> {
    let credit = credit_of(change.connection(), code, limit, true).await?;
    write_limit(change, code, limit, &credit, Some(revision), None, reason).await
}

/// Writes the limit, unless it is a raise above `most`.
async fn write_limit(
    change: &mut Change,
    code: &str,
    limit: Decimal,
    credit: &Credit,
    revision: Option<i64>,
    most: Option<Decimal>,
    reason: &str,
) -> Result<(), AccountError> {
    if revision.is_some_and(|seen| seen != credit.revision) {
        return Err(AccountError::Stale);
    }
    if let Some(most) = most.filter(|most| limit > *most && limit > credit.limit) {
        return Err(AccountError::ApprovalNeeded(most));
    }
    sqlx::query("UPDATE account SET credit_limit = $2, revision = revision + 1 WHERE id = $1")
        .bind(credit.id)
        .bind(limit)
        .execute(change.connection())
        .await?;
    change.record(
        "account.credit",
        "account",
        code,
        &json!({"credit_limit": credit.limit}),
        &json!({"credit_limit": limit}),
        reason,
    );
    Ok(())
}

/// One changed field (B16).
#[derive(Clone, Debug, Serialize)]
pub struct FieldChange {
    /// Identifier of the audit line, for paging.
    pub id: i64,
    /// Moment.
    pub at: DateTime<Utc>,
    /// Author.
    pub user: String,
    /// Field.
    pub field: String,
    /// Value before.
    pub before: serde_json::Value,
    /// Value after.
    pub after: serde_json::Value,
    /// Why.
    pub reason: String,
}

/// Changes of an account's terms, the newest first.
pub async fn credit_history(
    store: &Store,
    code: &str,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<FieldChange>, StoreError> {
    let records = audit::history(store, "account", code, before_id, limit, true).await?;
    let mut changes = Vec::new();
    for record in records {
        let (Some(serde_json::Value::Object(before)), Some(serde_json::Value::Object(after))) =
            (record.before, record.after)
        else {
            continue;
        };
        for (field, value) in after {
            let former = before.get(&field).cloned().unwrap_or_default();
            changes.push(FieldChange {
                id: record.id,
                at: record.at,
                user: record.login.clone(),
                field,
                before: former,
                after: value,
                reason: record.reason.clone(),
            });
        }
    }
    Ok(changes)
}

/// (identifier, code) of every account.
pub async fn codes(store: &Store) -> Result<Vec<(u64, String)>, StoreError> {
    let rows = sqlx::query("SELECT id, code FROM account").fetch_all(store.pool()).await?;
    Ok(rows.iter().map(|row| (row.get::<i64, _>("id") as u64, row.get("code"))).collect())
}
