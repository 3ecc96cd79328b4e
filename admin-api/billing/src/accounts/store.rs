//! SQL that the parts of the room share: the card, an account held for a change, its history.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;
use sqlx::{PgConnection, Row};

use super::AccountError;
use crate::audit;
use crate::change::Change;
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
    /// Code of its legal entity.
    pub legal_entity: String,
    /// Currency.
    pub currency: String,
    /// Zone.
    pub zone: String,
    /// `prepaid` or `postpaid`.
    pub payment_mode: String,
    /// `none`, `monthly` or `days`.
    pub credit_policy: String,
    /// Credit limit.
    pub credit_limit: Decimal,
    /// Days from the issue of a payment invoice until it is overdue; `None`: it may wait for ever.
    pub deferral_days: Option<i32>,
    /// Days from the issue until it stops work with services; `None`: never.
    pub block_after_days: Option<i32>,
    /// Balance.
    pub balance: Decimal,
    /// Whether it is active.
    pub active: bool,
    /// Whether a block is in force (M55).
    pub blocked: bool,
    /// Whether the client may use it: it is active, and in the currency that its legal entity has now (B13).
    pub available: bool,
    /// Code of the plan of now.
    pub plan: Option<String>,
    /// Login of who answers for it.
    pub responsible: Option<String>,
    /// Code of the card in the accounting program (L6).
    pub card_code: Option<String>,
    /// For staff.
    pub comment: String,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// By whom.
    pub opened_by: String,
    /// When it was closed.
    pub closed_at: Option<DateTime<Utc>>,
    /// Raised by every change; the ETag.
    pub revision: i64,
}

/// The account with this code.
pub async fn by_code(store: &Store, code: &str, now: DateTime<Utc>) -> Result<Option<Account>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code, now).await
}

/// The same inside a change.
pub async fn changed(change: &mut Change, code: &str) -> Result<Account, AccountError> {
    let now = change.now();
    find(change.connection(), code, now).await?.ok_or(AccountError::NotFound)
}

pub(super) async fn find(
    connection: &mut PgConnection,
    code: &str,
    now: DateTime<Utc>,
) -> Result<Option<Account>, StoreError> {
    let row = sqlx::query(
        "SELECT a.id, a.code, c.code AS client, e.code AS legal_entity, a.currency::text AS currency, a.zone, a.payment_mode, a.credit_policy,
                a.credit_limit, a.deferral_days, a.block_after_days, b.balance, a.active,
                EXISTS (SELECT FROM account_block x WHERE x.account_id = a.id AND x.ended_at IS NULL) AS blocked, a.active AND a.currency = e.currency AS available, u.login AS responsible, a.card_code, a.comment,
                a.opened_at, a.opened_by, a.closed_at, a.revision,
                (SELECT t.code FROM account_plan p JOIN tariff_plan t ON t.id = p.plan_id
                 WHERE p.account_id = a.id AND p.withdrawn_in IS NULL
                       AND coalesce(p.valid_from, '-infinity') <= $2 AND $2 < coalesce(p.valid_to, 'infinity') LIMIT 1) AS plan
         FROM account a JOIN client c ON c.id = a.client_id JOIN legal_entity e ON e.id = a.legal_entity_id
         JOIN account_balance b ON b.account_id = a.id LEFT JOIN staff_user u ON u.id = a.responsible_id WHERE a.code = $1",
    )
    .bind(code)
    .bind(now)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| Account {
        id: row.get("id"),
        code: row.get("code"),
        client: row.get("client"),
        legal_entity: row.get("legal_entity"),
        currency: row.get("currency"),
        zone: row.get("zone"),
        payment_mode: row.get("payment_mode"),
        credit_policy: row.get("credit_policy"),
        credit_limit: row.get("credit_limit"),
        deferral_days: row.get("deferral_days"),
        block_after_days: row.get("block_after_days"),
        balance: row.get::<Decimal, _>("balance").normalize(),
        active: row.get("active"),
        blocked: row.get("blocked"),
        available: row.get("available"),
        plan: row.get("plan"),
        responsible: row.get("responsible"),
        card_code: row.get("card_code"),
        comment: row.get("comment"),
        opened_at: row.get("opened_at"),
        opened_by: row.get("opened_by"),
        closed_at: row.get("closed_at"),
        revision: row.get("revision"),
    }))
}

/// An account until the end of a change.
pub(super) struct Held {
    pub(super) id: i64,
    pub(super) client_id: i64,
    pub(super) entity_id: i32,
    pub(super) currency: String,
    pub(super) zone: String,
    pub(super) active: bool,
}

/// Holds an account, if it is as the caller has seen it. That of a client whose data were cleaned does not change any more (B9).
pub(super) async fn held(change: &mut Change, code: &str, revision: Option<i64>) -> Result<Held, AccountError> {
    let row = sqlx::query(
        "SELECT a.id, a.client_id, a.legal_entity_id, a.currency::text AS currency, a.zone, a.active, a.revision, c.gdpr_state <> 'none' AS cleaned
         FROM account a JOIN client c ON c.id = a.client_id WHERE a.code = $1 FOR KEY SHARE OF c FOR NO KEY UPDATE OF a",
    )
    .bind(code)
    .fetch_optional(change.connection())
    .await?
    .ok_or(AccountError::NotFound)?;
    if row.get("cleaned") {
        return Err(AccountError::Cleaned);
    }
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(AccountError::Stale);
    }
    Ok(Held {
        id: row.get("id"),
        client_id: row.get("client_id"),
        entity_id: row.get("legal_entity_id"),
        currency: row.get("currency"),
        zone: row.get("zone"),
        active: row.get("active"),
    })
}

/// Raises the revision of a held account.
pub(super) async fn raise_revision(change: &mut Change, id: i64) -> Result<(), AccountError> {
    sqlx::query("UPDATE account SET revision = revision + 1 WHERE id = $1")
        .bind(id)
        .execute(change.connection())
        .await?;
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

/// Changes of an account's terms, the newest first. Personal values of a client whose data were cleaned are shown to nobody (B9).
pub async fn credit_history(
    store: &Store,
    code: &str,
    before_id: Option<i64>,
    limit: i64,
) -> Result<Vec<FieldChange>, StoreError> {
    let cleaned: Option<bool> = sqlx::query_scalar(
        "SELECT c.gdpr_state <> 'none' FROM account a JOIN client c ON c.id = a.client_id WHERE a.code = $1",
    )
    .bind(code)
    .fetch_optional(store.pool())
    .await?;
    let is_blocked = cleaned == Some(true);
    let records = audit::history(store, "account", code, before_id, limit, true).await?;
    let mut changes = Vec::new();
    for record in records {
        let record = if is_blocked { record } else { record.with_personal() };
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
