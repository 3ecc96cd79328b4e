//! Rows on their way to ClickHouse.

use chrono::{DateTime, NaiveDate, Utc};
use sqlx::Row;

use super::partition::StreamId;
use crate::store::{Store, StoreError};

/// Rows of one table and month out of one batch: the body of one INSERT.
#[derive(Clone, Debug)]
pub struct OutboxPart {
    /// Identifier from [`reserve_ids`]; also the token and the column `batch_id` of its rows.
    pub id: i64,
    /// Table.
    pub target: &'static str,
    /// First day of the month (of the partition in ClickHouse).
    pub month: NaiveDate,
    /// Number of rows, 1 to 100,000.
    pub rows: u32,
    /// Size of the rows before compression.
    pub raw_bytes: u64,
    /// Earliest of the rows' times by which the table is partitioned.
    pub first_at: DateTime<Utc>,
    /// Latest of them.
    pub last_at: DateTime<Utc>,
    /// The rows, compressed.
    pub body: Vec<u8>,
}

/// A part that waits.
#[derive(Clone, Debug)]
pub struct OutboxRow {
    /// Identifier.
    pub id: i64,
    /// Table.
    pub target: String,
    /// Number of rows.
    pub rows: u32,
    /// Earliest time.
    pub first_at: DateTime<Utc>,
    /// Latest time.
    pub last_at: DateTime<Utc>,
    /// The rows, compressed.
    pub body: Vec<u8>,
}

/// `count` identifiers that nobody had before and nobody will have again.
pub async fn reserve_ids(store: &Store, count: i64) -> Result<Vec<i64>, StoreError> {
    Ok(sqlx::query_scalar("SELECT nextval('batch_id') FROM generate_series(1, $1)")
        .bind(count)
        .fetch_all(store.pool())
        .await?)
}

/// What waits of a partition, in order.
pub async fn pending(store: &Store, stream: StreamId, partition: i32) -> Result<Vec<OutboxRow>, StoreError> {
    let rows = sqlx::query("SELECT id, target, rows, first_at, last_at, body FROM outbox WHERE stream_id = $1 AND partition = $2 ORDER BY id")
        .bind(stream.0)
        .bind(partition)
        .fetch_all(store.pool())
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// Waiting parts by their identifiers, in order.
pub async fn pending_by_id(store: &Store, ids: &[i64]) -> Result<Vec<OutboxRow>, StoreError> {
    let rows =
        sqlx::query("SELECT id, target, rows, first_at, last_at, body FROM outbox WHERE id = ANY($1) ORDER BY id")
            .bind(ids)
            .fetch_all(store.pool())
            .await?;
    Ok(rows.iter().map(read).collect())
}

fn read(row: &sqlx::postgres::PgRow) -> OutboxRow {
    OutboxRow {
        id: row.get("id"),
        target: row.get("target"),
        rows: row.get::<i32, _>("rows") as u32,
        first_at: row.get("first_at"),
        last_at: row.get("last_at"),
        body: row.get("body"),
    }
}

/// Deletes parts that ClickHouse has acknowledged.
pub async fn delete_delivered(store: &Store, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM outbox WHERE id = ANY($1)").bind(ids).execute(store.pool()).await?;
    Ok(())
}

/// Bytes that wait, of all partitions.
pub async fn outbox_bytes(store: &Store) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT coalesce(sum(raw_bytes), 0)::bigint FROM outbox").fetch_one(store.pool()).await?)
}
