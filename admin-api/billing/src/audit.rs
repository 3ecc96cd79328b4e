//! Audit: who did or tried what.
//!
//! Owns: table `audit_record`.
//! Does not own: the decision what is worth a line (`change` demands one for every write; refusals come from the API's door).
//! Always: append-only; a line names its author, moment, before and after.

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde_json::Value;
use sqlx::{PgConnection, Row};

use crate::change::Actor;
use crate::store::{Store, StoreError};

/// Whether it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It happened.
    Done,
    /// It was refused.
    Refused,
}

/// What is written besides author and moment.
#[derive(Clone, Debug)]
pub struct AuditLine {
    /// The verb, for example `account.credit`.
    pub action: &'static str,
    /// Kind of record.
    pub entity: &'static str,
    /// Which record.
    pub entity_id: String,
    /// State before, of what changed.
    pub before: Option<Value>,
    /// State after, of what changed.
    pub after: Option<Value>,
    /// Why, in the author's words.
    pub reason: String,
}

/// A line as it is read.
#[derive(Clone, Debug, Serialize)]
pub struct AuditRecord {
    /// Identifier, ascending.
    pub id: i64,
    /// Moment.
    pub at: DateTime<Utc>,
    /// Author.
    pub login: String,
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
}

/// Writes lines inside a transaction.
pub(crate) async fn write(
    connection: &mut PgConnection,
    actor: &Actor,
    at: DateTime<Utc>,
    outcome: Outcome,
    lines: &[AuditLine],
) -> Result<(), StoreError> {
    for line in lines {
        sqlx::query(
            "INSERT INTO audit_record (at, user_id, login, action, entity, entity_id, outcome, before, after, reason, request_id)
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        )
        .bind(at)
        .bind(actor.user_id)
        .bind(&actor.login)
        .bind(line.action)
        .bind(line.entity)
        .bind(&line.entity_id)
        .bind(if outcome == Outcome::Done { "done" } else { "refused" })
        .bind(&line.before)
        .bind(&line.after)
        .bind(&line.reason)
        .bind(&actor.request_id)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// Writes that an attempt was refused (M28: the attempt is in the audit).
pub async fn refused(store: &Store, actor: &Actor, at: DateTime<Utc>, line: AuditLine) -> Result<(), StoreError> {
    let mut connection = store.pool().acquire().await?;
    write(&mut connection, actor, at, Outcome::Refused, &[line]).await
}

/// Writes one line outside of a change: something was looked at, or made by a command.
pub async fn done(store: &Store, actor: &Actor, at: DateTime<Utc>, line: AuditLine) -> Result<(), StoreError> {
    let mut connection = store.pool().acquire().await?;
    write(&mut connection, actor, at, Outcome::Done, &[line]).await
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
        "SELECT id, at, login, action, outcome, before, after, reason FROM audit_record
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
        action: row.get("action"),
        outcome: row.get("outcome"),
        before: row.get("before"),
        after: row.get("after"),
        reason: row.get("reason"),
    };
    Ok(rows.iter().map(read).collect())
}
