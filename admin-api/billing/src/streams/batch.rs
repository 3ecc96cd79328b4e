//! The transaction of a batch.

use chrono::{DateTime, Utc};
use numbering::E164;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Postgres, Row, Transaction};

use super::outbox::OutboxPart;
use super::partition::Claim;
use crate::counters::{self, CounterMove};
use crate::holds::{self, EndedCall};
use crate::hot_path;
use crate::ledger::{self, UsageDelta};
use crate::long_calls::{self, LongCall};
use crate::numbers::{self, NonTargetDelta};
use crate::rework::{self, Revision};
use crate::store::{Store, StoreError};
use crate::suspense::{self, SuspenseEntry};

/// Key of the advisory lock under which batches commit one after another.
const COMMIT_LOCK: i64 = 0x0054_4f4c_4c47_4154;

/// Waits for the batch that is under way, and lets no other begin until the transaction ends: for what is counted anew while nothing may be added. Taken before
/// anything that a batch may want.
pub(crate) async fn hold_commits(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(COMMIT_LOCK).execute(connection).await?;
    Ok(())
}

/// Identities of one committed batch.
#[derive(Clone, Debug)]
pub struct IdentityBlob {
    /// Identifier, in order of commit.
    pub id: i64,
    /// Latest end of its records.
    pub newest_end: DateTime<Utc>,
    /// 16 bytes each.
    pub keys: Vec<u8>,
    /// The identities were rolled back: they are to be forgotten.
    pub removal: bool,
}

impl IdentityBlob {
    pub(super) fn read(row: &PgRow) -> Self {
        Self {
            id: row.get("id"),
            newest_end: row.get("newest_end"),
            keys: row.get("keys"),
            removal: row.get("removal"),
        }
    }
}

/// By what the legs of a batch were resolved.
#[derive(Clone, Copy, Debug, Default)]
pub struct Resolved<'a> {
    /// Version of the catalogue.
    pub version: u64,
    /// The numbers that its records name, ours or not, in any order.
    pub numbers: &'a [E164],
}

/// Everything that a batch changes.
#[derive(Clone, Debug)]
pub struct BatchWrite<'a> {
    /// Offset of the first record.
    pub from_offset: i64,
    /// Offset after the last record.
    pub next_offset: i64,
    /// Digest of the last record.
    pub last_digest: Vec<u8>,
    /// By what its legs were resolved.
    pub resolved: Resolved<'a>,
    /// Latest message time of the batch.
    pub read_up_to: DateTime<Utc>,
    /// What accounts owe, one row a key.
    pub usage: &'a [UsageDelta],
    /// Identities of the legs, 16 bytes each.
    pub identities: &'a [u8],
    /// Latest end of the records.
    pub newest_end: DateTime<Utc>,
    /// Records that could not be rated.
    pub suspense: &'a [SuspenseEntry],
    /// Counters of accounts, one move a key.
    pub counters: &'a [CounterMove],
    /// Calls to numbers not in work, one row a key.
    pub non_target: &'a [NonTargetDelta],
    /// Calls of which parts came, as they stand after it.
    pub long_calls: &'a [LongCall],
    /// Revisions that charges are given by further parts of their calls.
    pub revisions: &'a [Revision],
    /// Calls whose last record is charged: their holds go.
    pub ended: &'a [EndedCall<'a>],
    /// Rows for ClickHouse.
    pub outbox: &'a [OutboxPart],
}

/// Why a batch was not written.
#[derive(Debug, thiserror::Error)]
pub enum WriteError {
    /// Another owner has claimed the partition, or the position is not where this batch begins.
    #[error("partition {partition} is fenced: epoch {epoch} at offset {offset} is no longer its owner")]
    Fenced {
        /// Partition.
        partition: i32,
        /// Our epoch.
        epoch: i64,
        /// Where our batch begins.
        offset: i64,
    },
    /// A period was closed since the batch was rated: rate it again with the periods of now.
    #[error("a billing period was closed while the batch was rated")]
    PeriodClosed,
    /// A counter stands elsewhere than where the batch found it: rate it again with the counters of now.
    #[error("a counter of an account was moved while the batch was rated")]
    CountersMoved,
    /// Another part of a call was charged, or its charge revised: rate it again with what is known of the call now.
    #[error("a call that comes in parts was changed while the batch was rated")]
    LongCallsMoved,
    /// A number that the batch names has moved since: resolve it again, for the move may have been before a call's answer.
    #[error("a number moved while the batch was rated")]
    NumbersMoved,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for WriteError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// What became of a COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// The server said so.
    Yes,
    /// The answer was lost: read [`super::position`] to settle it.
    Unknown,
}

/// The transaction of a batch, holding the commit lock.
pub struct BatchTx {
    tx: Transaction<'static, Postgres>,
}

impl BatchTx {
    /// Begins and waits for the commit lock.
    pub async fn begin(store: &Store) -> Result<Self, StoreError> {
        let mut tx = store.begin().await?;
        sqlx::query("SET LOCAL lock_timeout = 0").execute(&mut *tx).await?;
        hold_commits(&mut tx).await?;
        Ok(Self { tx })
    }

    /// Identities that others committed since `after_id`.
    pub async fn identities_since(&mut self, after_id: i64) -> Result<Vec<IdentityBlob>, StoreError> {
        let rows = sqlx::query("SELECT id, newest_end, keys, removal FROM identity_blob WHERE id > $1 ORDER BY id")
            .bind(after_id)
            .fetch_all(&mut *self.tx)
            .await?;
        Ok(rows.iter().map(IdentityBlob::read).collect())
    }

    /// The end of the latest record whose identity may have been forgotten; read after [`Self::identities_since`], it covers what those no longer had.
    pub async fn identity_horizon(&mut self) -> Result<Option<DateTime<Utc>>, StoreError> {
        Ok(sqlx::query_scalar("SELECT forgotten_up_to FROM identity_horizon").fetch_optional(&mut *self.tx).await?)
    }

    /// Codes of the sources that ask before their calls: only theirs have holds.
    pub async fn sources_of_holds(&mut self) -> Result<Vec<String>, StoreError> {
        holds::sources(&mut self.tx).await
    }

    /// Which of these identities (16 bytes each) wait in suspense, open or settled; those that were recycled if asked for.
    pub async fn suspended_among(
        &mut self,
        identities: &[Vec<u8>],
        recycled_too: bool,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        suspense::known_among(&mut self.tx, identities, recycled_too).await
    }

    /// Writes the batch; returns the identifier of its identities (`None` when it had none).
    pub async fn write(&mut self, claim: &Claim, batch: &BatchWrite<'_>) -> Result<Option<i64>, WriteError> {
        let moved = sqlx::query(
            "UPDATE partition_state SET next_offset = $5, last_digest = $6, read_up_to = greatest(read_up_to, $7), updated_at = now()
             WHERE stream_id = $1 AND partition = $2 AND epoch = $3 AND next_offset = $4",
        )
        .bind(claim.stream.0)
        .bind(claim.partition)
        .bind(claim.epoch)
        .bind(batch.from_offset)
        .bind(batch.next_offset)
        .bind(&batch.last_digest)
        .bind(batch.read_up_to)
        .execute(&mut *self.tx)
        .await?;
        if moved.rows_affected() != 1 {
            return Err(WriteError::Fenced {
                partition: claim.partition,
                epoch: claim.epoch,
                offset: batch.from_offset,
            });
        }
        if !ledger::book_usage(&mut self.tx, batch.usage).await? {
            return Err(WriteError::PeriodClosed);
        }
        if !counters::apply(&mut self.tx, batch.counters).await? {
            return Err(WriteError::CountersMoved);
        }
        if !long_calls::write(&mut self.tx, batch.long_calls).await?
            || !rework::write_revisions(&mut self.tx, None, batch.revisions).await?
        {
            return Err(WriteError::LongCallsMoved);
        }
        holds::close(&mut self.tx, batch.ended, batch.read_up_to).await?;
        let blob = self.write_identities(claim, batch).await?;
        suspense::insert(&mut self.tx, batch.suspense).await?;
        numbers::count_non_target(&mut self.tx, batch.non_target).await?;
        for part in batch.outbox {
            sqlx::query(
                "INSERT INTO outbox (id, stream_id, partition, target, month, rows, raw_bytes, first_at, last_at, body)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
            )
            .bind(part.id)
            .bind(claim.stream.0)
            .bind(claim.partition)
            .bind(part.target)
            .bind(part.month)
            .bind(part.rows as i32)
            .bind(part.raw_bytes as i64)
            .bind(part.first_at)
            .bind(part.last_at)
            .bind(&part.body)
            .execute(&mut *self.tx)
            .await?;
        }
        // Last, so that as little as possible is left in which a number could move unseen: a call belongs to whoever had the number at its answer (M12).
        if hot_path::moved_since(&mut self.tx, batch.resolved.version as i64, batch.resolved.numbers).await? {
            return Err(WriteError::NumbersMoved);
        }
        Ok(blob)
    }

    async fn write_identities(&mut self, claim: &Claim, batch: &BatchWrite<'_>) -> Result<Option<i64>, StoreError> {
        if batch.identities.is_empty() {
            return Ok(None);
        }
        let id = sqlx::query_scalar(
            "INSERT INTO identity_blob (stream_id, partition, from_offset, newest_end, keys) VALUES ($1, $2, $3, $4, $5) RETURNING id",
        )
        .bind(claim.stream.0)
        .bind(claim.partition)
        .bind(batch.from_offset)
        .bind(batch.newest_end)
        .bind(batch.identities)
        .fetch_one(&mut *self.tx)
        .await?;
        Ok(Some(id))
    }

    /// The connection inside the transaction, for the rooms that write more with a batch.
    pub(crate) fn connection(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Commits. A lost answer is not an error: it is settled by reading the position.
    pub async fn commit(self) -> Result<Committed, StoreError> {
        match self.tx.commit().await {
            Ok(()) => Ok(Committed::Yes),
            Err(error @ sqlx::Error::Database(_)) => Err(error.into()),
            Err(_) => Ok(Committed::Unknown),
        }
    }
}
