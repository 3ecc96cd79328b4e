//! Claims and positions of partitions.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::batch::IdentityBlob;
use crate::store::{Store, StoreError};

/// A registered stream.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct StreamId(pub i32);

/// A partition that this process owns until somebody claims it anew.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    /// Stream.
    pub stream: StreamId,
    /// Partition.
    pub partition: i32,
    /// Epoch of the claim; an older one is fenced.
    pub epoch: i64,
    /// First offset that has no effect yet.
    pub next_offset: i64,
    /// Digest of the record before it.
    pub last_digest: Option<Vec<u8>>,
}

/// How far a partition has been read, for the completeness of days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionProgress {
    /// Stream.
    pub stream: StreamId,
    /// Partition.
    pub partition: i32,
    /// Epoch of the present claim.
    pub epoch: i64,
    /// First offset without effect.
    pub next_offset: i64,
    /// Log end as the owner saw it last.
    pub log_end: Option<i64>,
    /// When it saw it.
    pub log_end_at: Option<DateTime<Utc>>,
}

/// The identifier of a topic; registered at first sight.
pub async fn open_stream(store: &Store, cluster: &str, topic: &str) -> Result<StreamId, StoreError> {
    let id = sqlx::query_scalar(
        "INSERT INTO stream (cluster, topic) VALUES ($1, $2) ON CONFLICT (cluster, topic) DO UPDATE SET topic = excluded.topic RETURNING id",
    )
    .bind(cluster)
    .bind(topic)
    .fetch_one(store.pool())
    .await?;
    Ok(StreamId(id))
}

/// Claims a partition: raises its epoch, so that a former owner is fenced. A partition never seen before starts at `first_offset`.
pub async fn claim(
    store: &Store,
    stream: StreamId,
    partition: i32,
    owner: &str,
    first_offset: i64,
) -> Result<Claim, StoreError> {
    let row = sqlx::query(
        "INSERT INTO partition_state (stream_id, partition, epoch, owner, next_offset) VALUES ($1, $2, 1, $3, $4)
         ON CONFLICT (stream_id, partition) DO UPDATE SET epoch = partition_state.epoch + 1, owner = excluded.owner, updated_at = now()
         RETURNING epoch, next_offset, last_digest",
    )
    .bind(stream.0)
    .bind(partition)
    .bind(owner)
    .bind(first_offset)
    .fetch_one(store.pool())
    .await?;
    Ok(Claim {
        stream,
        partition,
        epoch: row.get("epoch"),
        next_offset: row.get("next_offset"),
        last_digest: row.get("last_digest"),
    })
}

/// (epoch, next offset) as committed: settles a COMMIT whose answer was lost.
pub async fn position(store: &Store, stream: StreamId, partition: i32) -> Result<(i64, i64), StoreError> {
    let row = sqlx::query("SELECT epoch, next_offset FROM partition_state WHERE stream_id = $1 AND partition = $2")
        .bind(stream.0)
        .bind(partition)
        .fetch_one(store.pool())
        .await?;
    Ok((row.get("epoch"), row.get("next_offset")))
}

/// Records the log end that the owner of a partition sees, also when it is idle.
pub async fn record_progress(store: &Store, claim: &Claim, log_end: i64, at: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE partition_state SET log_end = $4, log_end_at = $5, updated_at = now() WHERE stream_id = $1 AND partition = $2 AND epoch = $3")
        .bind(claim.stream.0)
        .bind(claim.partition)
        .bind(claim.epoch)
        .bind(log_end)
        .bind(at)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Every partition of every topic.
pub async fn progress(store: &Store) -> Result<Vec<PartitionProgress>, StoreError> {
    let rows = sqlx::query(
        "SELECT stream_id, partition, epoch, next_offset, log_end, log_end_at FROM partition_state p JOIN stream s ON s.id = p.stream_id
         WHERE s.kind = 'topic' ORDER BY 1, 2",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| PartitionProgress {
            stream: StreamId(row.get("stream_id")),
            partition: row.get("partition"),
            epoch: row.get("epoch"),
            next_offset: row.get("next_offset"),
            log_end: row.get("log_end"),
            log_end_at: row.get("log_end_at"),
        })
        .collect())
}

/// The identities that a repeat may still name: all that were not forgotten. In order of commit, at most `limit` blobs after `after_id`.
pub async fn identities_after(store: &Store, after_id: i64, limit: i64) -> Result<Vec<IdentityBlob>, StoreError> {
    let rows =
        sqlx::query("SELECT id, newest_end, keys, removal FROM identity_blob WHERE id > $1 ORDER BY id LIMIT $2")
            .bind(after_id)
            .bind(limit)
            .fetch_all(store.pool())
            .await?;
    Ok(rows.iter().map(IdentityBlob::read).collect())
}

/// The message time that the slowest partition has been read up to, of those that have records left to read; `None` when nothing is left. One that nobody
/// has looked at since `silent_since` holds nothing up: what it still has is looked up exactly when it comes.
pub async fn oldest_read(store: &Store, silent_since: DateTime<Utc>) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT min(coalesce(read_up_to, 'epoch')) FROM partition_state p JOIN stream s ON s.id = p.stream_id AND s.kind = 'topic'
         WHERE coalesce(log_end > next_offset, true) AND coalesce(log_end_at, p.updated_at) >= $1",
    )
    .bind(silent_since)
    .fetch_one(store.pool())
    .await?)
}

/// When the oldest part that waits for ClickHouse was committed.
pub async fn oldest_waiting(store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT min(created_at) FROM outbox").fetch_one(store.pool()).await?)
}

/// Moves a position by hand: for an operator who knows that records before it are settled otherwise. The owner, if any, is fenced.
pub async fn move_position(
    store: &Store,
    stream: StreamId,
    partition: i32,
    next_offset: i64,
    last_digest: &[u8],
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE partition_state SET next_offset = $3, last_digest = $4, epoch = epoch + 1, updated_at = now() WHERE stream_id = $1 AND partition = $2",
    )
    .bind(stream.0)
    .bind(partition)
    .bind(next_offset)
    .bind(last_digest)
    .execute(store.pool())
    .await?;
    Ok(())
}

/// Deletes identities of records that ended before `ended` and were committed before `committed`, and moves the horizon up to the latest of them:
/// ClickHouse has their rows for the look-up of what comes from behind it.
pub async fn forget_identities(
    store: &Store,
    ended: DateTime<Utc>,
    committed: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "WITH forgotten AS (DELETE FROM identity_blob WHERE newest_end < $1 AND committed_at < $2 RETURNING newest_end)
         INSERT INTO identity_horizon (forgotten_up_to) SELECT max(newest_end) FROM forgotten HAVING count(*) > 0
         ON CONFLICT (only_row) DO UPDATE SET forgotten_up_to = greatest(identity_horizon.forgotten_up_to, excluded.forgotten_up_to)",
    )
    .bind(ended)
    .bind(committed)
    .execute(store.pool())
    .await?;
    Ok(())
}

/// The end of the latest record whose identity may have been forgotten; `None` while none was.
pub async fn identity_horizon(store: &Store) -> Result<Option<DateTime<Utc>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT forgotten_up_to FROM identity_horizon").fetch_optional(store.pool()).await?)
}
