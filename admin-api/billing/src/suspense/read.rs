//! Entries as people see them, and what people do to one.
//!
//! Owns: one entry with its record, the counts with their age, the correction of an entry.
//! Does not own: the list (`grid`), trying entries again (`rework`).
//! Always: a correction stands beside the record, which stays as it came.

use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::Row;
use sqlx::postgres::PgRow;
use sqlx::types::Json;

use super::Correction;
use crate::change::Change;
use crate::store::{Store, StoreError};

/// The states of entries.
pub(super) const STATUSES: &[&str] = &["open", "recycled", "duplicate", "discarded", "rolled_back"];

/// An entry as it is shown. No `Debug`: numbers do not belong into logs.
#[derive(Clone, Serialize)]
pub struct SuspenseRow {
    /// Identifier.
    pub id: i64,
    /// Why.
    pub code: String,
    /// Stage that said so.
    pub stage: String,
    /// What exactly is wrong.
    pub detail: String,
    /// Source.
    pub source: String,
    /// Identity at its source.
    pub cdr_id: String,
    /// Leg.
    pub leg: i16,
    /// Calling number as reported.
    pub src: String,
    /// Dialled number as reported.
    pub dst: String,
    /// Moment of the answer or set-up.
    pub started_at: Option<DateTime<Utc>>,
    /// Message time.
    pub received_at: DateTime<Utc>,
    /// State.
    pub status: String,
    /// How often it was tried again.
    pub tries: i32,
    /// When it was tried last.
    pub tried_at: Option<DateTime<Utc>>,
    /// When it was settled.
    pub settled_at: Option<DateTime<Utc>>,
    /// The job that settled it.
    pub settled_by: Option<i64>,
    /// What a person says it should read.
    pub correction: Option<Correction>,
    /// The record, as text where it is text.
    pub raw: String,
}

const COLUMNS: &str = "id, code, stage, detail, source, cdr_id, leg, src, dst, started_at, received_at, status, tries, tried_at, settled_at, settled_by, correction";

/// One entry, its record whole.
pub async fn one(store: &Store, id: i64) -> Result<Option<SuspenseRow>, StoreError> {
    let sql = format!("SELECT {COLUMNS}, raw FROM suspense WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

fn read(row: &PgRow) -> SuspenseRow {
    SuspenseRow {
        id: row.get("id"),
        code: row.get("code"),
        stage: row.get("stage"),
        detail: row.get("detail"),
        source: row.get("source"),
        cdr_id: row.get("cdr_id"),
        leg: row.get("leg"),
        src: row.get("src"),
        dst: row.get("dst"),
        started_at: row.get("started_at"),
        received_at: row.get("received_at"),
        status: row.get("status"),
        tries: row.get("tries"),
        tried_at: row.get("tried_at"),
        settled_at: row.get("settled_at"),
        settled_by: row.get("settled_by"),
        correction: row.get::<Option<Json<Correction>>, _>("correction").map(|correction| correction.0),
        raw: String::from_utf8_lossy(row.get("raw")).into_owned(),
    }
}

/// Open entries of one code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCount {
    /// The code.
    pub code: String,
    /// How many.
    pub count: i64,
    /// How many of them have waited for more than a day.
    pub older_than_day: i64,
    /// For more than a week.
    pub older_than_week: i64,
    /// Since when the oldest waits.
    pub oldest: DateTime<Utc>,
}

/// Open entries by code, with their age at `now`.
pub async fn counts(store: &Store, now: DateTime<Utc>) -> Result<Vec<OpenCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT code, count(*) AS n, min(received_at) AS oldest, count(*) FILTER (WHERE received_at < $1 - interval '1 day') AS older_than_day,
                count(*) FILTER (WHERE received_at < $1 - interval '7 days') AS older_than_week
         FROM suspense WHERE status = 'open' GROUP BY code ORDER BY n DESC, code",
    )
    .bind(now)
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| OpenCount {
            code: row.get("code"),
            count: row.get("n"),
            older_than_day: row.get("older_than_day"),
            older_than_week: row.get("older_than_week"),
            oldest: row.get("oldest"),
        })
        .collect())
}

/// Says what an open entry should read; `None` takes a correction back. `false` when there is no such open entry.
pub async fn correct(
    change: &mut Change,
    id: i64,
    correction: Option<&Correction>,
    reason: &str,
) -> Result<bool, StoreError> {
    let former = sqlx::query("SELECT correction FROM suspense WHERE id = $1 AND status = 'open' FOR UPDATE")
        .bind(id)
        .fetch_optional(change.connection())
        .await?;
    let Some(former) = former else { return Ok(false) };
    let former = former.get::<Option<Json<Correction>>, _>("correction").map(|former| former.0);
    sqlx::query("UPDATE suspense SET correction = $2 WHERE id = $1")
        .bind(id)
        .bind(correction.map(Json))
        .execute(change.connection())
        .await?;
    change.record("suspense.correct", "suspense", id, &former, &correction, reason);
    Ok(true)
}
