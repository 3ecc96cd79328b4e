//! The running service: what its lanes share, its start, its end.
//!
//! Owns: the order of start-up (engines, schema, probe, snapshot, identities, consumer) and of the end.
//! Does not own: the work of a lane.
//! Always: nothing is consumed before everything that a charge needs is there; at the end every committed batch has been delivered or stands in the outbox.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, RwLock};
use std::time::Duration;

use billing::long_calls::{self, LongCall};
use billing::settings::Settings;
use billing::streams;
use billing::{Clock, Store, StoreError, SystemClock};
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::consumer::{self, ConsumerHandle, ConsumerOptions};
use super::counting::Committed;
use super::live::Live;
use super::progress;
use super::seen::Seen;
use crate::charge::{Arena, Identity};
use crate::clickhouse::ClickHouse;
use crate::clickhouse::deliver::probe;
use crate::meters;
use crate::monitor::Readiness;
use crate::operator_dir::world_plan;
use crate::rework;

/// Identifiers that a batch may need besides one a hundred thousand rows: four tables times the months that records may lie in.
const SPARE_IDS: usize = 4 * 16;
/// Blobs read at once at the start.
const BLOBS_AT_ONCE: i64 = 64;

/// What all lanes use.
pub struct Shared {
    /// Postgres.
    pub store: Store,
    /// ClickHouse.
    pub clickhouse: ClickHouse,
    /// Snapshot and periods.
    pub live: Live,
    /// Identities.
    pub seen: RwLock<Seen>,
    /// Where the counters of accounts stand.
    pub counters: Committed,
    /// One commit of this process at a time.
    pub gate: Mutex<()>,
    /// The duplicate window.
    pub window_ms: i64,
    /// Wait between COMMIT and INSERT, for failure drills.
    pub hold_delivery: Duration,
    /// Told of every progress that was recorded.
    pub readiness: Arc<Readiness>,
    /// Bytes that wait for ClickHouse.
    pub outbox_bytes: AtomicI64,
    outbox_max: i64,
    /// Bytes of compressed parts that wait for ClickHouse in memory.
    pub parcel_bytes: AtomicUsize,
}

impl Shared {
    /// Reads everything that a charge needs: settings, snapshot, identities, counters. ClickHouse is probed first.
    pub async fn open(
        store: Store,
        clickhouse: ClickHouse,
        readiness: Arc<Readiness>,
        hold_delivery: Duration,
    ) -> anyhow::Result<(Arc<Self>, Settings)> {
        let settings = Settings::read(&store).await?;
        probe(&clickhouse).await?;
        let live = Live::open(&store, world_plan()).await?;
        let snapshot = live.snapshot();
        tracing::info!(
            version = snapshot.version,
            accounts = snapshot.account_count(),
            lists = snapshot.lists().len(),
            prefixes = snapshot.prefixes().len(),
            "snapshot in force"
        );
        metrics::gauge!(meters::OUTBOX_MAX_BYTES).set(settings.number("outbox.max_bytes")? as f64);
        metrics::gauge!(meters::SUSPENSE_ALARM_PERCENT).set(settings.number("suspense.alarm_percent")? as f64);
        metrics::gauge!(meters::CLICKHOUSE_UP).set(1.0);
        let shared = Self {
            seen: RwLock::new(load_identities(&store).await?),
            counters: Committed::load(&store, SystemClock.now().date_naive()).await?,
            outbox_bytes: AtomicI64::new(0),
            outbox_max: settings.number("outbox.max_bytes")?,
            parcel_bytes: AtomicUsize::new(0),
            gate: Mutex::new(()),
            window_ms: settings.number("dedup.window_hours")? * 3_600_000,
            hold_delivery,
            readiness,
            store,
            clickhouse,
            live,
        };
        tracing::info!(
            identities = shared.seen.read().expect("no panic under this lock").len(),
            "identities of the duplicate window loaded"
        );
        Ok((Arc::new(shared), settings))
    }

    /// Follows the catalogue in a task of its own.
    pub fn follow_catalogue(self: &Arc<Self>, settings: &Settings) -> anyhow::Result<JoinHandle<()>> {
        let poll = Duration::from_secs(settings.number("snapshot.poll_seconds")?.max(1) as u64);
        let shared = Arc::clone(self);
        Ok(tokio::spawn(async move { shared.live.follow(&shared.store, poll).await }))
    }

    /// Now, milliseconds of the epoch.
    pub fn now_ms(&self) -> i64 {
        SystemClock.now().timestamp_millis()
    }

    /// As many identifiers as the parts of this arena can need.
    pub async fn reserve_ids(&self, arena: &Arena) -> Result<Vec<i64>, StoreError> {
        self.reserve_ids_for(arena.legs.len()).await
    }

    /// As many identifiers as the parts of so many legs can need.
    pub async fn reserve_ids_for(&self, legs: usize) -> Result<Vec<i64>, StoreError> {
        let count = SPARE_IDS + legs / (crate::assemble::PART_ROWS_MAX as usize / 2);
        loop {
            match streams::reserve_ids(&self.store, count as i64).await {
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, "postgres is away; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                other => return other,
            }
        }
    }

    /// What is known of calls that come in parts.
    pub async fn long_calls(&self, calls: &[Identity]) -> Result<HashMap<Identity, LongCall>, StoreError> {
        loop {
            match long_calls::read(&self.store, calls).await {
                Err(error) if error.is_unavailable() => {
                    tracing::warn!(%error, "postgres is away; trying again");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                other => return other,
            }
        }
    }

    /// Waits while too much waits for ClickHouse: consumption pauses behind this.
    pub async fn wait_for_outbox(&self) {
        let mut said = false;
        while self.outbox_bytes.load(Ordering::Relaxed) > self.outbox_max {
            if !said {
                tracing::warn!(
                    bytes = self.outbox_bytes.load(Ordering::Relaxed),
                    "the outbox is full; consumption pauses until ClickHouse takes rows"
                );
                said = true;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

/// How the service runs.
pub struct ServiceOptions {
    /// Consumer.
    pub consumer: ConsumerOptions,
    /// End when everything that is in the topic now is charged and delivered.
    pub stop_at_end: bool,
    /// Wait between COMMIT and INSERT, for failure drills.
    pub hold_delivery: Duration,
    /// Told of every progress that was recorded.
    pub readiness: Arc<Readiness>,
}

/// Runs until `stop` resolves, or the end of the topic when asked for, or a failure that needs a person.
pub async fn run(
    store: Store,
    clickhouse: ClickHouse,
    options: ServiceOptions,
    stop: impl Future<Output = ()>,
) -> anyhow::Result<()> {
    let (shared, settings) = Shared::open(store, clickhouse, options.readiness, options.hold_delivery).await?;
    let stream = streams::open_stream(&shared.store, &options.consumer.cluster, &options.consumer.topic).await?;
    let follower = shared.follow_catalogue(&settings)?;
    let jobs = tokio::spawn(rework::executor::follow(Arc::clone(&shared)));
    let (consumer, mut failures) = consumer::start(Arc::clone(&shared), stream, options.consumer)?;
    let ticker = tokio::spawn(progress::tick(Arc::clone(&shared), consumer.watch(), settings));
    let ended = tokio::select! {
        () = stop => Ok(()),
        failure = failures.first() => Err(failure),
        reached = consumer.reach_end(&shared, stream), if options.stop_at_end => reached,
    };
    ticker.abort();
    follower.abort();
    jobs.abort();
    let drained = finish(consumer).await;
    ended.and(drained)
}

async fn finish(consumer: ConsumerHandle) -> anyhow::Result<()> {
    tracing::info!("stopping: no more records are taken; what is under way is finished");
    consumer.stop().await?;
    tracing::info!("stopped");
    Ok(())
}

/// Loads what a repeat may still name, and the horizon behind which something was forgotten.
async fn load_identities(store: &Store) -> Result<Seen, StoreError> {
    let now_ms = SystemClock.now().timestamp_millis();
    let mut seen = Seen::default();
    loop {
        let blobs = streams::identities_after(store, seen.last_blob(), BLOBS_AT_ONCE).await?;
        if blobs.is_empty() {
            break;
        }
        for blob in &blobs {
            seen.insert(blob, now_ms);
        }
    }
    // Read after the blobs: what was deleted between the two is behind it.
    seen.raise_horizon(streams::identity_horizon(store).await?.map_or(i64::MIN, |at| at.timestamp_millis()));
    Ok(seen)
}
