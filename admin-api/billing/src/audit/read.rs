//! Reading lines.
//!
//! Owns: the history of one record (M67).
//! Does not own: who may see it.
//! Always: the newest first.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::Row;

use crate::store::{Store, StoreError};

/// A line as it is read.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRecord {
    /// Identifier, ascending.
    pub id: i64,
    /// Moment.
    pub at: DateTime<Utc>,
    /// Author.
    pub login: String,
    /// Code of the client as whom the author worked, if he did (B26).
    pub on_behalf: Option<String>,
    /// Network address that the request came from; empty where there was none.
    pub address: String,
    /// The verb.
    pub action: String,
    /// `done` or `refused`.
    pub outcome: String,
    /// State before.
    pub before: Option<Value>,
    /// State after.
    pub after: Option<Value>,
    /// Why.
    pub reason: String,
    /// Personal values before and after, as long as they are not destroyed; who may see them decides whether they are shown.
    #[serde(skip)]
    pub personal: Option<Value>,
}

impl AuditRecord {
    /// The line with its personal values in their places.
    #[must_use]
    pub fn with_personal(mut self) -> Self {
        let Some(personal) = self.personal.take() else { return self };
        for (fields, name) in [(&mut self.before, "before"), (&mut self.after, "after")] {
            let values = personal.get(name).and_then(Value::as_object);
            if let (Some(fields), Some(values)) = (fields.as_mut().and_then(Value::as_object_mut), values) {
                fields.extend(values.clone());
            }
        }
        self
    }
}

/// The history of one record, the newest first: at most `limit` lines older than `before_id`; `only_done` leaves refused attempts out.
pub async fn history(
    store: &Store,
    entity: &str,
    entity_id: &str,
    before_id: Option<i64>,
    limit: i64,
    only_done: bool,
) -> Result<Vec<AuditRecord>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, at, login, on_behalf, address, action, outcome, before, after, reason, personal FROM audit_record
         WHERE entity = $1 AND entity_id = $2 AND id < coalesce($3, 9223372036854775807)
               AND (NOT $5 OR outcome = 'done') ORDER BY id DESC LIMIT $4",
    )
    .bind(entity)
    .bind(entity_id)
    .bind(before_id)
    .bind(limit)
    .bind(only_done)
    .fetch_all(store.pool())
    .await?;
    let read = |row: &sqlx::postgres::PgRow| AuditRecord {
        id: row.get("id"),
        at: row.get("at"),
        login: row.get("login"),
        on_behalf: row.get("on_behalf"),
        address: row.get("address"),
        action: row.get("action"),
        outcome: row.get("outcome"),
        before: row.get("before"),
        after: row.get("after"),
        reason: row.get("reason"),
        personal: row.get("personal"),
    };
    Ok(rows.iter().map(read).collect())
}
