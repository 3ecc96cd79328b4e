//! Imports as people see them.
//!
//! Owns: imports as programs read them, one import, whether the ingest is done with it, its suspense.
//! Does not own: its charges (ClickHouse has them).
//! Always: the newest first; an import that was rolled back names the job that did it.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::store::{ROLLED_BACK, Trailer};
use crate::store::{Store, StoreError};

/// The states of imports.
pub(super) const STATES: &[&str] = &["sending", "sent", "refused"];

/// An import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Number.
    pub id: i64,
    /// Source.
    pub source: String,
    /// Name of the file.
    pub file_name: String,
    /// Size.
    pub size_bytes: i64,
    /// SHA-256 of the content, hexadecimal.
    pub sha256: String,
    /// When the file was written last.
    pub modified_at: Option<DateTime<Utc>>,
    /// Number in its name.
    pub sequence: Option<i64>,
    /// One of [`STATES`].
    pub state: String,
    /// The import that had the same content.
    pub repeats: Option<i64>,
    /// Records in the file.
    pub records_found: i64,
    /// Records that the broker acknowledged.
    pub records_sent: i64,
    /// Records that no message can hold.
    pub records_rejected: i64,
    /// Bytes behind which sending goes on.
    pub position_bytes: i64,
    /// Answered calls and seconds that we count in it.
    pub counted: Option<(i64, i64)>,
    /// What its trailer claims.
    pub trailer: Trailer,
    /// When it was begun.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it was refused.
    pub problem: Option<String>,
    /// Job that took it back.
    pub rolled_back_by: Option<i64>,
}

/// Which imports.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Only this source.
    pub source: Option<String>,
    /// Only in this state.
    pub state: Option<String>,
    /// Begun at this moment or later.
    pub from: Option<DateTime<Utc>>,
    /// Begun before this moment.
    pub to: Option<DateTime<Utc>>,
    /// Only older than this number.
    pub before_id: Option<i64>,
}

const FITS: &str = "($1::text IS NULL OR i.source = $1) AND ($2::text IS NULL OR i.state = $2)
    AND ($3::timestamptz IS NULL OR i.started_at >= $3) AND ($4::timestamptz IS NULL OR i.started_at < $4)";

/// Imports, the newest first.
pub async fn list(store: &Store, filter: &Filter, limit: i64) -> Result<Vec<Import>, StoreError> {
    let sql = format!(
        "SELECT i.*, encode(i.sha256, 'hex') AS sha256_hex, {ROLLED_BACK} AS rolled_back_by FROM import i WHERE {FITS} AND i.id < coalesce($6, 9223372036854775807) ORDER BY i.id DESC LIMIT $5"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(&filter.source)
        .bind(&filter.state)
        .bind(filter.from)
        .bind(filter.to)
        .bind(limit)
        .bind(filter.before_id)
        .fetch_all(store.pool())
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// One import.
pub async fn one(store: &Store, id: i64) -> Result<Option<Import>, StoreError> {
    let sql = format!(
        "SELECT i.*, encode(i.sha256, 'hex') AS sha256_hex, {ROLLED_BACK} AS rolled_back_by FROM import i WHERE i.id = $1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

/// An import that is being sent and has not moved for so long is given up: its file is gone, or nobody collects any more.
const GIVEN_UP_MINUTES: i64 = 10;

/// State of an import (`given_up`: it has not moved for long), and the job that took it back.
pub(crate) async fn state_of(
    connection: &mut sqlx::PgConnection,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Option<(String, Option<i64>)>, StoreError> {
    let sql = format!(
        "SELECT CASE WHEN i.state = 'sending' AND i.progressed_at < $2 THEN 'given_up' ELSE i.state END AS state, {ROLLED_BACK} AS rolled_back_by FROM import i WHERE i.id = $1"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(now - TimeDelta::minutes(GIVEN_UP_MINUTES))
        .fetch_optional(connection)
        .await?;
    Ok(row.map(|row| (row.get("state"), row.get("rolled_back_by"))))
}

/// The newest import that came in the place of this one, sent records and was not rolled back: those that both held were repeats in it, and would be lost.
pub(crate) async fn successor(connection: &mut sqlx::PgConnection, id: i64) -> Result<Option<i64>, StoreError> {
    let sql = format!(
        "WITH RECURSIVE later AS (
             SELECT replaced_by AS id FROM import WHERE id = $1
             UNION SELECT n.replaced_by FROM later JOIN import n ON n.id = later.id)
         SELECT max(i.id) FROM later JOIN import i ON i.id = later.id
         WHERE (i.state <> 'refused' OR i.records_sent > 0) AND {ROLLED_BACK} IS NULL"
    );
    Ok(sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(id).fetch_one(connection).await?)
}

/// Whether records of the import wait in Kafka: the ingest has not passed where its last ones stand.
pub async fn pending(store: &Store, id: i64) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT i.state = 'sending' OR EXISTS (
             SELECT FROM import_place p LEFT JOIN stream s ON s.cluster = i.cluster AND s.topic = i.topic AND s.kind = 'topic'
                 LEFT JOIN partition_state q ON q.stream_id = s.id AND q.partition = p.partition
             WHERE p.import_id = i.id AND coalesce(q.next_offset, 0) <= p.last_offset)
         FROM import i WHERE i.id = $1",
    )
    .bind(id)
    .fetch_optional(store.pool())
    .await?
    .unwrap_or(false))
}

/// A partition in which records of the import wait in Kafka, and how far the ingest is there.
pub(crate) async fn waits_at(connection: &mut sqlx::PgConnection, id: i64) -> Result<Option<(i32, i64)>, StoreError> {
    let row = sqlx::query(
        "SELECT p.partition, coalesce(q.next_offset, 0) AS next_offset FROM import i JOIN import_place p ON p.import_id = i.id
             LEFT JOIN stream s ON s.cluster = i.cluster AND s.topic = i.topic AND s.kind = 'topic'
             LEFT JOIN partition_state q ON q.stream_id = s.id AND q.partition = p.partition
         WHERE i.id = $1 AND coalesce(q.next_offset, 0) <= p.last_offset ORDER BY p.partition LIMIT 1",
    )
    .bind(id)
    .fetch_optional(connection)
    .await?;
    Ok(row.map(|row| (row.get("partition"), row.get("next_offset"))))
}

/// Records of the import that wait in suspense, and those that came there and were settled otherwise than by a charge.
pub async fn suspended(store: &Store, id: i64) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query(
        "SELECT count(*) FILTER (WHERE is_open) AS waiting, count(*) FILTER (WHERE NOT is_open) AS settled
         FROM (SELECT bool_or(status = 'open') AS is_open FROM suspense WHERE import_id = $1 AND status IN ('open', 'discarded')
               GROUP BY stream_id, partition, record_offset) AS records",
    )
    .bind(id)
    .fetch_one(store.pool())
    .await?;
    Ok((row.get("waiting"), row.get("settled")))
}

fn read(row: &PgRow) -> Import {
    let answered: Option<i64> = row.get("found_answered");
    Import {
        id: row.get("id"),
        source: row.get("source"),
        file_name: row.get("file_name"),
        size_bytes: row.get("size_bytes"),
        sha256: row.get("sha256_hex"),
        modified_at: row.get("modified_at"),
        sequence: row.get("sequence"),
        state: row.get("state"),
        repeats: row.get("repeats"),
        records_found: row.get("records_found"),
        records_sent: row.get("records_sent"),
        records_rejected: row.get("records_rejected"),
        position_bytes: row.get("position_bytes"),
        counted: answered.zip(row.get("found_seconds")),
        trailer: Trailer {
            records: row.get("trailer_records"),
            answered: row.get("trailer_answered"),
            seconds: row.get("trailer_seconds"),
        },
        started_at: row.get("started_at"),
        finished_at: row.get("finished_at"),
        problem: row.get("problem"),
        rolled_back_by: row.get("rolled_back_by"),
    }
}
