//! Delivery of a lane's outbox rows to ClickHouse.
//!
//! Owns: the queue behind the commits of a partition, and the deletion of what was acknowledged.
//! Does not own: the INSERT (`clickhouse::deliver`).
//! Always: in order of commit, within a batch in order of the identifiers, so that its row in `batches` comes last; memory stays bounded: behind the
//! first few megabytes only identifiers wait, their bytes are read back from the outbox.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use billing::streams::{self, StreamId};
use billing::{Clock, SystemClock};
use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc;
use tracing::{Instrument, Span};

use super::counts::observe;
use super::service::Shared;
use crate::clickhouse::deliver::{DeliverError, Parcel, deliver};
use crate::traces::stage;

/// Bytes of parts, compressed, that may wait in memory, of all lanes.
const IN_MEMORY_MAX: usize = 32 << 20;
/// For how long after its COMMIT the rows of a batch are sent without being counted first. ClickHouse remembers tokens for much longer.
const FRESH_FOR: TimeDelta = TimeDelta::seconds(60);

/// What one batch sends.
pub struct Consignment {
    /// Its parcels, or only their identifiers when too much waits.
    parcels: Vec<Parcel>,
    ids: Vec<i64>,
    raw_bytes: u64,
    next_offset: i64,
    committed_at: DateTime<Utc>,
    span: Span,
}

/// The entrance of the queue.
pub struct Sender {
    queue: mpsc::UnboundedSender<Consignment>,
}

impl Sender {
    /// Queues the parcels of a committed batch.
    pub fn send(&self, shared: &Shared, parcels: Vec<Parcel>, raw_bytes: u64, next_offset: i64, span: Span) {
        let ids = parcels.iter().map(|parcel| parcel.id).collect();
        let bytes: usize = parcels.iter().map(|parcel| parcel.body.len()).sum();
        let crowded = shared.parcel_bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > IN_MEMORY_MAX;
        if crowded {
            shared.parcel_bytes.fetch_sub(bytes, Ordering::Relaxed);
        }
        shared.outbox_bytes.fetch_add(raw_bytes as i64, Ordering::Relaxed);
        let parcels = if crowded { Vec::new() } else { parcels };
        let consignment = Consignment { parcels, ids, raw_bytes, next_offset, committed_at: SystemClock.now(), span };
        // The receiver ends only with its lane; what was committed is in the outbox whatever happens here.
        let _ = self.queue.send(consignment);
    }
}

/// A queue for one lane.
pub fn channel() -> (Sender, Receiver) {
    let (queue, receiver) = mpsc::unbounded_channel();
    (Sender { queue }, Receiver { queue: receiver })
}

/// The exit of the queue.
pub struct Receiver {
    queue: mpsc::UnboundedReceiver<Consignment>,
}

impl Receiver {
    /// Delivers until the lane ends and nothing waits.
    pub async fn run(mut self, shared: Arc<Shared>, partition: i32) -> Result<(), DeliverError> {
        while let Some(consignment) = self.queue.recv().await {
            if !shared.hold_delivery.is_zero() {
                tokio::time::sleep(shared.hold_delivery).await;
            }
            let parcels = parcels(&shared, partition, &consignment).await;
            let started = Instant::now();
            let sending = stage!(&consignment.span, "deliver");
            for parcel in &parcels {
                // This process may have been frozen, its partition have gone to another one that sent the rows long ago.
                let is_doubtful = SystemClock.now() - consignment.committed_at > FRESH_FOR;
                deliver(&shared.clickhouse, parcel, is_doubtful).instrument(sending.clone()).await?;
            }
            delete(&shared, &consignment.ids).await;
            observe("deliver", started);
            let bytes: usize = consignment.parcels.iter().map(|parcel| parcel.body.len()).sum();
            shared.parcel_bytes.fetch_sub(bytes, Ordering::Relaxed);
            shared.outbox_bytes.fetch_sub(consignment.raw_bytes as i64, Ordering::Relaxed);
            tracing::info!(partition, next_offset = consignment.next_offset, "batch delivered");
        }
        Ok(())
    }
}

async fn parcels(shared: &Shared, partition: i32, consignment: &Consignment) -> Vec<Parcel> {
    if !consignment.parcels.is_empty() || consignment.ids.is_empty() {
        return consignment.parcels.clone();
    }
    loop {
        match streams::pending_by_id(&shared.store, &consignment.ids).await {
            Ok(rows) => return rows.into_iter().map(Parcel::from).collect(),
            Err(error) => {
                tracing::warn!(partition, %error, "the outbox cannot be read; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

/// Sends again what a former owner of the partition left in the outbox.
pub async fn resend(shared: &Shared, stream: StreamId, partition: i32) -> anyhow::Result<usize> {
    let rows = streams::pending(&shared.store, stream, partition).await?;
    let count = rows.len();
    for row in rows {
        let id = row.id;
        deliver(&shared.clickhouse, &Parcel::from(row), true).await?;
        delete(shared, &[id]).await;
    }
    Ok(count)
}

/// Deletes acknowledged rows. One that stayed would be counted and deleted by the next owner; until then it would hold up whoever waits for an empty outbox.
pub(crate) async fn delete(shared: &Shared, ids: &[i64]) {
    while let Err(error) = streams::delete_delivered(&shared.store, ids).await {
        tracing::warn!(%error, "delivered outbox rows could not be deleted; trying again");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}
