//! Suspense: records that could not be rated, with their raw bytes.
//!
//! Owns: table `suspense`.
//! Does not own: why a record cannot be rated (the stages of the stream say so).
//! Always: an open entry is unique by identity; nothing is dropped, whatever its bytes.

use chrono::{DateTime, NaiveDate, Utc};
use rating::SuspenseCode;
use serde::Serialize;
use sqlx::{PgConnection, Row};

use crate::store::{Store, StoreError};
use crate::streams::Claim;

/// A leg that could not be rated. Texts have no control characters.
#[derive(Clone, Debug)]
pub struct SuspenseEntry {
    /// Identity.
    pub identity: [u8; 16],
    /// Offset of the record.
    pub offset: i64,
    /// Source, empty when not known.
    pub source: String,
    /// Why.
    pub code: SuspenseCode,
    /// Stage that said so.
    pub stage: &'static str,
    /// What exactly is wrong.
    pub detail: String,
    /// Identity of the record at its source.
    pub cdr_id: String,
    /// Leg.
    pub leg: u8,
    /// Sequence of a partial record.
    pub sequence: u32,
    /// Calling number as reported.
    pub src: String,
    /// Dialled number as reported.
    pub dst: String,
    /// Moment of the answer or set-up, if known and sensible.
    pub started_at: Option<DateTime<Utc>>,
    /// The record.
    pub raw: Vec<u8>,
    /// Message time.
    pub received_at: DateTime<Utc>,
}

/// Writes entries in the transaction of their batch.
pub(crate) async fn insert(
    connection: &mut PgConnection,
    claim: &Claim,
    entries: &[SuspenseEntry],
) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    fn column<'a, T>(entries: &'a [SuspenseEntry], value: impl Fn(&'a SuspenseEntry) -> T) -> Vec<T> {
        entries.iter().map(value).collect()
    }
    let written = sqlx::query(
        "INSERT INTO suspense (stream_id, partition, identity, day, record_offset, source, code, stage, detail, cdr_id, leg, sequence, src, dst,
                               started_at, raw, received_at)
         SELECT $1, $2, * FROM unnest($3::bytea[], $4::date[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[], $11::smallint[],
                               $12::bigint[], $13::text[], $14::text[], $15::timestamptz[], $16::bytea[], $17::timestamptz[])
         ON CONFLICT DO NOTHING",
    )
    .bind(claim.stream.0)
    .bind(claim.partition)
    .bind(column(entries, |entry| &entry.identity[..]))
    .bind(column(entries, |entry| -> NaiveDate { entry.received_at.date_naive() }))
    .bind(column(entries, |entry| entry.offset))
    .bind(column(entries, |entry| entry.source.as_str()))
    .bind(column(entries, |entry| entry.code.as_str()))
    .bind(column(entries, |entry| entry.stage))
    .bind(column(entries, |entry| entry.detail.as_str()))
    .bind(column(entries, |entry| entry.cdr_id.as_str()))
    .bind(column(entries, |entry| i16::from(entry.leg)))
    .bind(column(entries, |entry| i64::from(entry.sequence)))
    .bind(column(entries, |entry| entry.src.as_str()))
    .bind(column(entries, |entry| entry.dst.as_str()))
    .bind(column(entries, |entry| entry.started_at))
    .bind(column(entries, |entry| &entry.raw[..]))
    .bind(column(entries, |entry| entry.received_at))
    .execute(&mut *connection)
    .await?;
    assert_eq!(
        written.rows_affected(),
        entries.len() as u64,
        "an identity is suspended twice: the duplicate check let a repeat through"
    );
    Ok(())
}

/// Which of these identities are in suspense, in whatever state.
pub(crate) async fn known_among(
    connection: &mut PgConnection,
    identities: &[Vec<u8>],
) -> Result<Vec<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT DISTINCT identity FROM suspense WHERE identity = ANY($1)")
        .bind(identities)
        .fetch_all(&mut *connection)
        .await?)
}

/// An entry as it is listed.
#[derive(Clone, Debug, Serialize)]
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
    /// First 400 bytes of the record, as text where they are text.
    pub raw: String,
}

/// What is listed.
#[derive(Clone, Debug, Default)]
pub struct SuspenseFilter {
    /// Only this code.
    pub code: Option<SuspenseCode>,
    /// Only this source.
    pub source: Option<String>,
    /// Only older than this identifier.
    pub before_id: Option<i64>,
}

/// Open entries, the newest first.
pub async fn list(store: &Store, filter: &SuspenseFilter, limit: i64) -> Result<Vec<SuspenseRow>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, code, stage, detail, source, cdr_id, leg, src, dst, started_at, received_at, status, substr(raw, 1, 400) AS raw FROM suspense
         WHERE status = 'open' AND ($1::text IS NULL OR code = $1) AND ($2::text IS NULL OR source = $2)
               AND id < coalesce($3, 9223372036854775807) ORDER BY id DESC LIMIT $4",
    )
    .bind(filter.code.map(SuspenseCode::as_str))
    .bind(&filter.source)
    .bind(filter.before_id)
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| SuspenseRow {
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
            raw: String::from_utf8_lossy(row.get("raw")).into_owned(),
        })
        .collect())
}

/// Open entries by code.
pub async fn counts(store: &Store) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT code, count(*) AS n FROM suspense WHERE status = 'open' GROUP BY code ORDER BY n DESC, code",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| (row.get("code"), row.get("n"))).collect())
}
