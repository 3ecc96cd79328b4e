//! Suspense: records that could not be rated, with their raw bytes.
//!
//! Owns: table `suspense`: what the stream writes into it, its list ([`GRID`]), corrections by people (`read`), and how entries are settled (`settle`).
//! Does not own: why a record cannot be rated (the stages of the stream say so), trying it again (`rework` has the jobs).
//! Always: an open entry is unique by identity; nothing is dropped, whatever its bytes; an entry is settled once.

mod correction;
mod grid;
mod read;
mod settle;

use chrono::{DateTime, NaiveDate, Utc};
use rating::SuspenseCode;
use sqlx::PgConnection;

pub use correction::{Correction, DISPOSITIONS};
pub use grid::GRID;
pub use read::{OpenCount, SuspenseRow, correct, counts, one};
pub use settle::{Settled, Settlement, Waiting};
pub(crate) use settle::{settle, waiting, waiting_by_place};

use crate::store::{Store, StoreError};
use crate::streams::StreamId;

/// A leg that could not be rated. Texts have no control characters.
#[derive(Clone, Debug)]
pub struct SuspenseEntry {
    /// Identity.
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
pub(crate) async fn insert(connection: &mut PgConnection, entries: &[SuspenseEntry]) -> Result<(), StoreError> {
    if entries.is_empty() {
        return Ok(());
    }
    fn column<'a, T>(entries: &'a [SuspenseEntry], value: impl Fn(&'a SuspenseEntry) -> T) -> Vec<T> {
        entries.iter().map(value).collect()
    }
    let written = sqlx::query(
        "INSERT INTO suspense (stream_id, partition, identity, day, record_offset, source, code, stage, detail, cdr_id, leg, sequence, src, dst,
                               started_at, raw, received_at, source_header, import_id)
         SELECT * FROM unnest($1::int[], $2::int[], $3::bytea[], $4::date[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::text[], $10::text[],
                              $11::smallint[], $12::bigint[], $13::text[], $14::text[], $15::timestamptz[], $16::bytea[], $17::timestamptz[], $18::text[],
                              $19::bigint[])
         ON CONFLICT DO NOTHING",
    )
    .bind(column(entries, |entry| entry.stream.0))
    .bind(column(entries, |entry| entry.partition))
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
    .bind(column(entries, |entry| entry.header.as_deref()))
    .bind(column(entries, |entry| entry.import_id as i64))
    .execute(&mut *connection)
    .await?;
    assert_eq!(
        written.rows_affected(),
        entries.len() as u64,
        "an identity is suspended twice: the duplicate check let a repeat through"
    );
    Ok(())
}

/// Which of these identities are in suspense or were settled there.
pub async fn known(store: &Store, identities: &[[u8; 16]]) -> Result<Vec<[u8; 16]>, StoreError> {
    if identities.is_empty() {
        return Ok(Vec::new());
    }
    let asked: Vec<Vec<u8>> = identities.iter().map(|identity| identity.to_vec()).collect();
    let known = known_among(&mut *store.pool().acquire().await?, &asked, true).await?;
    Ok(known.into_iter().filter_map(|identity| identity.try_into().ok()).collect())
}

/// Which of these identities are in suspense or were settled there; what was rolled back is as if it had never come.
pub(crate) async fn known_among(
    connection: &mut PgConnection,
    identities: &[Vec<u8>],
    recycled_too: bool,
) -> Result<Vec<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT s.identity FROM unnest($1::bytea[]) AS asked (identity) JOIN suspense s USING (identity)
         WHERE s.status <> 'rolled_back' AND ($2 OR s.status NOT IN ('recycled', 'duplicate'))",
    )
    .bind(identities)
    .bind(recycled_too)
    .fetch_all(&mut *connection)
    .await?)
}
