//! What a portion of a job writes beside what any batch writes.
//!
//! Owns: settled entries, revisions, identities that are forgotten, counters given back, differences, the progress of the job; all in the transaction of the
//! portion.
//! Does not own: the statements of a batch (`streams`).
//! Always: a portion has all its effects or none; a revision of a charge is written once, whoever writes it.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};
use rating::counter::CounterKey;
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::{Claimed, Difference};
use crate::counters;
use crate::store::{Store, StoreError};
use crate::streams::{BatchTx, BatchWrite, StreamId, WriteError};
use crate::suspense::{self, Settlement};

/// A revision that a charge is given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Revision {
    /// Identity of the charge.
    pub identity: [u8; 16],
    /// Number of the revision.
    pub revision: u16,
}

/// What a portion writes.
#[derive(Debug)]
pub struct PortionWrite<'a> {
    /// As any batch.
    pub batch: BatchWrite<'a>,
    /// Entries of suspense that are settled, or stay open with another reason.
    pub settled: &'a [Settlement],
    /// Revisions given.
    pub revisions: &'a [Revision],
    /// Identities that are forgotten, 16 bytes each.
    pub removed: &'a [u8],
    /// What counters get back, one row a key.
    pub given_back: &'a [(CounterKey, u64)],
    /// Differences, one row a key.
    pub differences: &'a [Difference],
    /// What became of how many.
    pub counts: &'a BTreeMap<&'static str, u64>,
}

/// Blobs of identities that a portion wrote.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Blobs {
    /// Of those that it charged.
    pub remembered: Option<i64>,
    /// Of those that it took back.
    pub forgotten: Option<i64>,
}

/// Why a portion was not written.
#[derive(Debug, thiserror::Error)]
pub enum PortionRefused {
    /// As any batch.
    #[error(transparent)]
    Batch(#[from] WriteError),
    /// Charges or entries were changed since the portion was read: read it again.
    #[error("charges or suspended records of the portion were changed while it was rated")]
    Outdated,
}

impl From<StoreError> for PortionRefused {
    fn from(error: StoreError) -> Self {
        Self::Batch(error.into())
    }
}

impl From<sqlx::Error> for PortionRefused {
    fn from(error: sqlx::Error) -> Self {
        Self::Batch(error.into())
    }
}

impl BatchTx {
    /// Writes a portion.
    pub async fn write_portion(
        &mut self,
        claimed: &Claimed,
        write: &PortionWrite<'_>,
        now: DateTime<Utc>,
    ) -> Result<Blobs, PortionRefused> {
        let remembered = self.write(&claimed.claim, &write.batch).await?;
        let job = claimed.job.id;
        if !suspense::settle(self.connection(), job, write.settled, now).await? {
            return Err(PortionRefused::Outdated);
        }
        if !write_revisions(self.connection(), Some(job), write.revisions).await? {
            return Err(PortionRefused::Outdated);
        }
        counters::give_back(self.connection(), write.given_back).await?;
        let forgotten = self.write_removal(claimed, write, now).await?;
        self.write_differences(claimed, write.differences).await?;
        self.move_on(claimed, write, now).await?;
        Ok(Blobs { remembered, forgotten })
    }

    /// A removal outlives the identities that it removes: its end is later than that of any record that came before it.
    async fn write_removal(
        &mut self,
        claimed: &Claimed,
        write: &PortionWrite<'_>,
        now: DateTime<Utc>,
    ) -> Result<Option<i64>, StoreError> {
        if write.removed.is_empty() {
            return Ok(None);
        }
        let id = sqlx::query_scalar(
            "INSERT INTO identity_blob (stream_id, partition, from_offset, newest_end, keys, removal) VALUES ($1, $2, $3, $4, $5, true) RETURNING id",
        )
        .bind(claimed.claim.stream.0)
        .bind(claimed.claim.partition)
        .bind(write.batch.from_offset)
        .bind(now + TimeDelta::hours(2))
        .bind(write.removed)
        .fetch_one(self.connection())
        .await?;
        Ok(Some(id))
    }

    async fn write_differences(&mut self, claimed: &Claimed, differences: &[Difference]) -> Result<(), StoreError> {
        if differences.is_empty() {
            return Ok(());
        }
        let number = |value: fn(&Difference) -> i64| differences.iter().map(value).collect::<Vec<i64>>();
        let text = |value: fn(&Difference) -> &str| differences.iter().map(value).collect::<Vec<&str>>();
        let amount = |value: fn(&Difference) -> Decimal| differences.iter().map(value).collect::<Vec<Decimal>>();
        sqlx::query(
            "INSERT INTO rework_difference AS t (job_id, pass, account_id, destination, currency, cost_currency, charges, changed, unpriced,
                 retail_before, retail_after, wholesale_before, wholesale_after)
             SELECT $1, $2, * FROM unnest($3::bigint[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::bigint[], $9::bigint[],
                                          $10::numeric[], $11::numeric[], $12::numeric[], $13::numeric[])
             ON CONFLICT (job_id, pass, account_id, destination, currency, cost_currency) DO UPDATE
             SET charges = t.charges + excluded.charges, changed = t.changed + excluded.changed, unpriced = t.unpriced + excluded.unpriced,
                 retail_before = t.retail_before + excluded.retail_before, retail_after = t.retail_after + excluded.retail_after,
                 wholesale_before = t.wholesale_before + excluded.wholesale_before, wholesale_after = t.wholesale_after + excluded.wholesale_after",
        )
        .bind(claimed.job.id)
        .bind(claimed.claim.partition as i16)
        .bind(number(|row| row.account as i64))
        .bind(text(|row| &row.destination))
        .bind(text(|row| &row.currency))
        .bind(text(|row| &row.cost_currency))
        .bind(number(|row| row.charges))
        .bind(number(|row| row.changed))
        .bind(number(|row| row.unpriced))
        .bind(amount(|row| row.retail_before))
        .bind(amount(|row| row.retail_after))
        .bind(amount(|row| row.wholesale_before))
        .bind(amount(|row| row.wholesale_after))
        .execute(self.connection())
        .await?;
        Ok(())
    }

    async fn move_on(
        &mut self,
        claimed: &Claimed,
        write: &PortionWrite<'_>,
        now: DateTime<Utc>,
    ) -> Result<(), PortionRefused> {
        let moved = sqlx::query(
            "UPDATE rework_job SET done = $2, alive_at = $3,
                    counts = (SELECT coalesce(jsonb_object_agg(name, n), '{}') FROM (
                        SELECT name, sum(n) AS n FROM (
                            SELECT key AS name, value::bigint AS n FROM jsonb_each_text(counts)
                            UNION ALL SELECT * FROM unnest($4::text[], $5::bigint[])) AS both_of GROUP BY name) AS summed)
             WHERE id = $1 AND state = 'running'",
        )
        .bind(claimed.job.id)
        .bind(write.batch.next_offset)
        .bind(now)
        .bind(write.counts.keys().copied().collect::<Vec<_>>())
        .bind(write.counts.values().map(|n| *n as i64).collect::<Vec<_>>())
        .execute(self.connection())
        .await?;
        // Cancelled meanwhile: nothing of the portion is written.
        if moved.rows_affected() == 1 { Ok(()) } else { Err(PortionRefused::Outdated) }
    }
}

/// Gives revisions, by a job or by a further part of a call. `false` when one of them was given before; the transaction is then to be given up.
pub(crate) async fn write_revisions(
    connection: &mut PgConnection,
    job: Option<i64>,
    revisions: &[Revision],
) -> Result<bool, StoreError> {
    if revisions.is_empty() {
        return Ok(true);
    }
    let written = sqlx::query(
        "INSERT INTO charge_revision (identity, revision, job_id) SELECT identity, revision, $3 FROM unnest($1::bytea[], $2::int[]) AS r (identity, revision)
         ON CONFLICT DO NOTHING",
    )
    .bind(revisions.iter().map(|revision| &revision.identity[..]).collect::<Vec<_>>())
    .bind(revisions.iter().map(|revision| i32::from(revision.revision)).collect::<Vec<_>>())
    .bind(job)
    .execute(connection)
    .await?;
    Ok(written.rows_affected() == revisions.len() as u64)
}

/// Revisions that were given to a charge.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Given {
    /// The highest one, whatever life of its record it belongs to.
    pub highest: u16,
    /// The highest one that a further part of its call gave.
    pub by_part: u16,
}

/// The revisions that were given to each of these charges; none where there is none.
pub async fn revisions_given(store: &Store, identities: &[[u8; 16]]) -> Result<HashMap<[u8; 16], Given>, StoreError> {
    let rows = sqlx::query(
        "SELECT r.identity, max(r.revision) AS revision, coalesce(max(r.revision) FILTER (WHERE r.job_id IS NULL), 0) AS by_part FROM unnest($1::bytea[]) AS asked (identity) JOIN charge_revision r USING (identity) GROUP BY r.identity",
    )
    .bind(identities.iter().map(|identity| &identity[..]).collect::<Vec<_>>())
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .filter_map(|row| {
            let identity: Vec<u8> = row.get("identity");
            let given = |column| row.get::<i32, _>(column) as u16;
            Some((identity.try_into().ok()?, Given { highest: given("revision"), by_part: given("by_part") }))
        })
        .collect())
}

/// The stream of a topic.
pub async fn stream_of(store: &Store, cluster: &str, topic: &str) -> Result<Option<StreamId>, StoreError> {
    let id: Option<i32> =
        sqlx::query_scalar("SELECT id FROM stream WHERE cluster = $1 AND topic = $2 AND kind = 'topic'")
            .bind(cluster)
            .bind(topic)
            .fetch_optional(store.pool())
            .await?;
    Ok(id.map(StreamId))
}
