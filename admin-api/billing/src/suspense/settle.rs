//! Entries that are tried again, and what becomes of them.
//!
//! Owns: reading entries for a job, the compare-and-set by which an entry is settled.
//! Does not own: the job (`rework`), the charge that settles an entry.
//! Always: an entry is settled in the transaction of its charge, and only while it is open.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

use super::Correction;
use crate::store::StoreError;
use crate::streams::StreamId;

/// An open entry with its record. No `Debug`: numbers do not belong into logs.
#[derive(Clone)]
pub struct Waiting {
    /// Identifier.
    pub id: i64,
    /// Identity of the leg; of the place for an undecodable record.
    pub identity: [u8; 16],
    /// Stream that the record came by.
    pub stream: StreamId,
    /// Partition of it.
    pub partition: i32,
    /// Offset of the record.
    pub offset: i64,
    /// Import that the record belongs to, 0 = the live stream.
    pub import_id: u64,
    /// Source, empty when not known.
    pub source: String,
    /// Source that the message named beside the record.
    pub header: Option<String>,
    /// Why it waits.
    pub code: String,
    /// Stage that said so.
    pub stage: String,
    /// Identity of the record at its source.
    pub cdr_id: String,
    /// Leg.
    pub leg: u8,
    /// The record.
    pub raw: Vec<u8>,
    /// What a person says it should read.
    pub correction: Option<Correction>,
    /// Message time.
    pub received_at: DateTime<Utc>,
}

const COLUMNS: &str = "id, identity, stream_id, partition, record_offset, import_id, source, source_header, code, stage, cdr_id, leg, raw, correction, received_at";

/// Open entries with identifiers in [first, end), of this code and source where they are given, or of these identifiers alone.
pub(crate) async fn waiting(
    connection: &mut PgConnection,
    (first, end): (i64, i64),
    code: Option<&str>,
    source: Option<&str>,
    ids: Option<&[i64]>,
) -> Result<Vec<Waiting>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM suspense WHERE status = 'open' AND id >= $1 AND id < $2 AND ($3::text IS NULL OR code = $3)
                AND ($4::text IS NULL OR source = $4) AND ($5::bigint[] IS NULL OR id IN (SELECT unnest($5::bigint[]))) ORDER BY id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(first)
        .bind(end)
        .bind(code)
        .bind(source)
        .bind(ids)
        .fetch_all(connection)
        .await?;
    rows.iter().map(read).collect()
}

/// Entries with identifiers in [first, end) of records that stand between two offsets of a partition or belong to an import, in whatever state
/// but rolled back. Gives each with whether it is open.
pub(crate) async fn waiting_by_place(
    connection: &mut PgConnection,
    (first, end): (i64, i64),
    place: Option<(StreamId, i32, i64, i64)>,
    import_id: Option<u64>,
) -> Result<Vec<(Waiting, bool)>, StoreError> {
    let sql = format!(
        "SELECT {COLUMNS}, status = 'open' AS is_open FROM suspense
         WHERE status <> 'rolled_back' AND id >= $1 AND id < $2
               AND ($3::int IS NULL OR (stream_id = $3 AND partition = $4 AND record_offset >= $5 AND record_offset < $6))
               AND ($7::bigint IS NULL OR import_id = $7) ORDER BY id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(first)
        .bind(end)
        .bind(place.map(|place| place.0.0))
        .bind(place.map_or(0, |place| place.1))
        .bind(place.map_or(0, |place| place.2))
        .bind(place.map_or(0, |place| place.3))
        .bind(import_id.map(|id| id as i64))
        .fetch_all(connection)
        .await?;
    rows.iter().map(|row| Ok((read(row)?, row.get("is_open")))).collect()
}

fn read(row: &PgRow) -> Result<Waiting, StoreError> {
    let id = row.get("id");
    let identity: Vec<u8> = row.get("identity");
    let identity = identity.try_into().map_err(|_| StoreError::Inconsistent {
        table: "suspense",
        problem: format!("entry {id}, whose identity is not 16 bytes"),
    })?;
    Ok(Waiting {
        id,
        identity,
        stream: StreamId(row.get("stream_id")),
        partition: row.get("partition"),
        offset: row.get("record_offset"),
        import_id: row.get::<i64, _>("import_id") as u64,
        source: row.get("source"),
        header: row.get("source_header"),
        code: row.get("code"),
        stage: row.get("stage"),
        cdr_id: row.get("cdr_id"),
        leg: row.get::<i16, _>("leg") as u8,
        raw: row.get("raw"),
        correction: row.get::<Option<Json<Correction>>, _>("correction").map(|correction| correction.0),
        received_at: row.get("received_at"),
    })
}

/// What becomes of an entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Settled {
    /// It is charged now.
    Recycled,
    /// It was charged all along.
    Duplicate,
    /// A person does not want it charged.
    Discarded,
    /// Its import is rolled back.
    RolledBack,
    /// It still cannot be rated: why, which stage says so, what exactly is wrong.
    StillOpen {
        /// Why.
        code: &'static str,
        /// Stage that says so.
        stage: &'static str,
        /// What exactly is wrong.
        detail: String,
    },
}

impl Settled {
    /// The status that the entry has then.
    pub const fn status(&self) -> &'static str {
        match self {
            Self::Recycled => "recycled",
            Self::Duplicate => "duplicate",
            Self::Discarded => "discarded",
            Self::RolledBack => "rolled_back",
            Self::StillOpen { .. } => "open",
        }
    }
}

/// What becomes of which entry.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settlement {
    /// The entry.
    pub id: i64,
    /// Whether it was found open; an entry that is rolled back may have been settled before.
    pub was_open: bool,
    /// What becomes of it.
    pub settled: Settled,
}

/// Settles entries, each once. `false` when one of them is no longer as it was found: the transaction is then to be given up.
pub(crate) async fn settle(
    connection: &mut PgConnection,
    job: i64,
    entries: &[Settlement],
    at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    if entries.is_empty() {
        return Ok(true);
    }
    let still = |entry: &Settlement| match &entry.settled {
        Settled::StillOpen { code, stage, detail } => Some((*code, *stage, detail.clone())),
        _ => None,
    };
    let written = sqlx::query(
        "UPDATE suspense s SET status = d.status, code = coalesce(d.code, s.code), stage = coalesce(d.stage, s.stage), detail = coalesce(d.detail, s.detail),
                tries = s.tries + 1, tried_at = $8, settled_at = CASE WHEN d.status = 'open' THEN NULL ELSE $8 END,
                settled_by = CASE WHEN d.status = 'open' THEN NULL ELSE $7 END
         FROM unnest($1::bigint[], $2::text[], $3::bool[], $4::text[], $5::text[], $6::text[]) AS d (id, status, was_open, code, stage, detail)
         WHERE s.id = d.id AND (s.status = 'open') = d.was_open AND s.status <> 'rolled_back'",
    )
    .bind(entries.iter().map(|entry| entry.id).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.settled.status()).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| entry.was_open).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| still(entry).map(|still| still.0)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| still(entry).map(|still| still.1)).collect::<Vec<_>>())
    .bind(entries.iter().map(|entry| still(entry).map(|still| still.2)).collect::<Vec<_>>())
    .bind(job)
    .bind(at)
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == entries.len() as u64)
}
