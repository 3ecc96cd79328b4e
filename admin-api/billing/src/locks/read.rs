//! SQL of the locks as people read them: cards, lists, history.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{Postgres, QueryBuilder, Row};

use super::store::LockError;
use crate::audit;
use crate::change::Change;
use crate::store::{Store, StoreError};

/// A lock as people see it.
#[derive(Clone, Debug, Serialize)]
pub struct LockCard {
    /// Identifier.
    pub id: i64,
    /// Code of the account; `None` = a global lock.
    pub account: Option<String>,
    /// The barred prefix or number.
    pub mask: String,
    /// Code of the provider that it is tied to.
    pub provider: Option<String>,
    /// Who asked for it.
    pub origin: String,
    /// Whether it is meant to bar; a deleted one never is.
    pub active: bool,
    /// First moment, as wanted; `None` = open.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last, as wanted; `None` = open.
    pub to: Option<DateTime<Utc>>,
    /// Whether it bars at the moment asked for.
    pub in_force: bool,
    /// Since when it has been in force without a break; `None` when it is not, or has been since ever.
    pub since: Option<DateTime<Utc>>,
    /// Login of its author.
    pub author: String,
    /// Why it stands.
    pub comment: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
    /// Raised by every change; the ETag.
    pub revision: i64,
}

/// The columns of a card at a moment; the caller says which locks.
const CARD: &str = " AS moment)
    SELECT l.id, a.code AS account, l.mask, p.code AS provider, l.origin, l.active, l.valid_from, l.valid_to, f.lock_id IS NOT NULL AS in_force,
           f.valid_from AS since, l.author, l.reason, l.created_at, l.deleted_at, l.revision
    FROM lock l LEFT JOIN account a ON a.id = l.account_id LEFT JOIN provider p ON p.id = l.provider_id
         LEFT JOIN LATERAL (SELECT * FROM lock_period t, asked
                            WHERE t.lock_id = l.id AND coalesce(t.valid_from, '-infinity') <= asked.moment AND asked.moment < coalesce(t.valid_to, 'infinity')
                            LIMIT 1) f ON true";

fn cards_at(now: DateTime<Utc>) -> QueryBuilder<Postgres> {
    let mut query = QueryBuilder::new("WITH asked AS (SELECT ");
    query.push_bind(now).push("::timestamptz").push(CARD);
    query
}

fn card(row: &PgRow) -> LockCard {
    LockCard {
        id: row.get("id"),
        account: row.get("account"),
        mask: row.get("mask"),
        provider: row.get("provider"),
        origin: row.get("origin"),
        active: row.get("active"),
        from: row.get("valid_from"),
        to: row.get("valid_to"),
        in_force: row.get("in_force"),
        since: row.get("since"),
        author: row.get("author"),
        comment: row.get("reason"),
        created_at: row.get("created_at"),
        deleted_at: row.get("deleted_at"),
        revision: row.get("revision"),
    }
}

/// Locks of the client's own wish on an account that were not lifted, the newest first: at most `limit` older than `before_id`.
pub async fn of_client(
    store: &Store,
    account: &str,
    before_id: Option<i64>,
    now: DateTime<Utc>,
    limit: i64,
) -> Result<Vec<LockCard>, StoreError> {
    let mut query = cards_at(now);
    query.push(" WHERE l.origin = 'client' AND l.active AND l.account_id = (SELECT id FROM account WHERE code = ");
    query.push_bind(account.to_owned()).push(")");
    if let Some(before) = before_id {
        query.push(" AND l.id < ").push_bind(before);
    }
    query.push(" ORDER BY l.id DESC LIMIT ").push_bind(limit);
    let rows = query.build().fetch_all(store.pool()).await?;
    Ok(rows.iter().map(card).collect())
}

/// The locks with these identifiers as they stand at `now`.
pub async fn by_ids(store: &Store, ids: &[i64], now: DateTime<Utc>) -> Result<Vec<LockCard>, StoreError> {
    let mut query = cards_at(now);
    query.push(" WHERE l.id = ANY(").push_bind(ids.to_vec()).push(")");
    let rows = query.build().fetch_all(store.pool()).await?;
    Ok(rows.iter().map(card).collect())
}

/// The lock with this identifier as it stands at `now`.
pub async fn by_id(store: &Store, id: i64, now: DateTime<Utc>) -> Result<Option<LockCard>, StoreError> {
    Ok(by_ids(store, &[id], now).await?.pop())
}

/// A lock as this change leaves it.
pub async fn changed(change: &mut Change, id: i64) -> Result<LockCard, LockError> {
    let mut query = cards_at(change.now());
    query.push(" WHERE l.id = ").push_bind(id);
    let row = query.build().fetch_optional(change.connection()).await?;
    row.as_ref().map(card).ok_or(LockError::NotFound)
}

/// What became of a lock at a moment.
#[derive(Clone, Debug)]
pub struct LockEvent {
    /// Identifier of the audit line, for paging; 0 = it came with the loaded operator.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub user: String,
    /// `lock.create`, `lock.edit` or `lock.delete`.
    pub action: String,
    /// What it was; `None` before it was made.
    pub before: Option<Value>,
    /// What it became.
    pub after: Option<Value>,
    /// Why.
    pub reason: String,
}

/// What became of a lock, the newest first (M28): at most `limit` events older than `before_id`.
pub async fn history(
    store: &Store,
    lock: &LockCard,
    before_id: Option<i64>,
    limit: usize,
) -> Result<Vec<LockEvent>, StoreError> {
    let records = audit::history(store, "lock", &lock.id.to_string(), before_id, limit as i64, true).await?;
    let mut events: Vec<LockEvent> = records
        .into_iter()
        .map(|record| LockEvent {
            id: record.id,
            at: record.at,
            user: record.login,
            action: record.action,
            before: record.before.filter(|before| !before.is_null()),
            after: record.after,
            reason: record.reason,
        })
        .collect();
    if events.len() < limit && !was_made_here(store, lock.id).await? {
        let first_comment: Option<String> = sqlx::query_scalar(
            "SELECT before ->> 'comment' FROM audit_record
             WHERE entity = 'lock' AND entity_id = $1 AND action = 'lock.edit' AND outcome = 'done' ORDER BY id LIMIT 1",
        )
        .bind(lock.id.to_string())
        .fetch_optional(store.pool())
        .await?;
        let made = json!({
            "account": lock.account, "mask": lock.mask, "provider": lock.provider, "origin": lock.origin
        });
        events.push(LockEvent {
            id: 0,
            at: lock.created_at,
            user: lock.author.clone(),
            action: "lock.create".into(),
            before: None,
            after: Some(made),
            reason: first_comment.unwrap_or_else(|| lock.comment.clone()),
        });
    }
    Ok(events)
}

/// Whether the audit knows how it was made; locks of a loaded operator it does not.
async fn was_made_here(store: &Store, id: i64) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT exists(SELECT FROM audit_record WHERE entity = 'lock' AND entity_id = $1 AND action = 'lock.create' AND outcome = 'done')",
    )
    .bind(id.to_string())
    .fetch_one(store.pool())
    .await?)
}
