//! The live snapshot: rebuilt off-thread when the catalogue changes.
//!
//! Owns: the snapshot in force, the closed periods beside it, and when they are read again.
//! Does not own: what is in them.
//! Always: readers never wait; a snapshot that cannot be built leaves the one in force and is logged.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use billing::hot_path::SnapshotError;
use billing::{Clock, Store, SystemClock, hot_path, ledger};
use numbering::NumberingPlan;
use rating::Snapshot;
use tokio::sync::Mutex;

use crate::charge::Periods;
use crate::meters;

/// Snapshot and periods in force.
pub struct Live {
    snapshot: ArcSwap<Snapshot>,
    periods: ArcSwap<Periods>,
    numbering: Arc<NumberingPlan>,
    /// The last version that was refused: it is not read again before something changes. 0 = the one in force is the latest that was read.
    refused: AtomicU64,
    /// One rebuild at a time, so that an older one never replaces a newer one.
    rebuilding: Mutex<()>,
}

impl Live {
    /// Reads the first snapshot.
    pub async fn open(store: &Store, numbering: Arc<NumberingPlan>) -> anyhow::Result<Self> {
        let snapshot = hot_path::read_snapshot(store, Arc::clone(&numbering), None).await?;
        let periods = Periods::new(ledger::closed_periods(store).await?);
        in_force(snapshot.version);
        Ok(Self {
            snapshot: ArcSwap::from_pointee(snapshot),
            periods: ArcSwap::from_pointee(periods),
            numbering,
            refused: AtomicU64::new(0),
            rebuilding: Mutex::new(()),
        })
    }

    /// The snapshot in force.
    pub fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    /// The periods in force.
    pub fn periods(&self) -> Arc<Periods> {
        self.periods.load_full()
    }

    /// Reads the closed periods again.
    pub async fn refresh_periods(&self, store: &Store) -> Result<(), billing::StoreError> {
        self.periods.store(Arc::new(Periods::new(ledger::closed_periods(store).await?)));
        Ok(())
    }

    /// Follows the catalogue for ever: on notification, and every `poll` as a safety net.
    pub async fn follow(&self, store: &Store, poll: Duration) {
        loop {
            if let Err(error) = self.follow_once(store, poll).await {
                tracing::warn!("the catalogue cannot be followed: {error:#}; trying again");
                tokio::time::sleep(Duration::from_secs(2)).await;
            }
        }
    }

    async fn follow_once(&self, store: &Store, poll: Duration) -> anyhow::Result<()> {
        let mut listener = hot_path::VersionListener::open(store).await?;
        loop {
            let version = self.look(store).await?;
            if version == self.snapshot.load().version {
                metrics::gauge!(meters::SNAPSHOT_CHECKED).set(now_seconds());
            }
            self.refresh_periods(store).await?;
            // Either way the version is compared next.
            match tokio::time::timeout(poll, listener.changed()).await {
                Ok(changed) => changed?,
                Err(_elapsed) => {}
            }
        }
    }

    /// Reads the catalogue of now at once: `true` when it is in force, or was refused and the old one stays; `false` when it cannot be read.
    pub async fn reach(&self, store: &Store) -> Result<bool, billing::StoreError> {
        let version = self.look(store).await?;
        Ok(self.past_refused(self.snapshot.load().version) >= version)
    }

    /// The version whose changes need not be waited for: that by which something was resolved, or a later one that was refused.
    pub fn past_refused(&self, version: u64) -> u64 {
        version.max(self.refused.load(Ordering::Relaxed))
    }

    /// Rebuilds the snapshot if the catalogue has another version; which one that is.
    async fn look(&self, store: &Store) -> Result<u64, billing::StoreError> {
        let _one_at_a_time = self.rebuilding.lock().await;
        let version = hot_path::version(store).await? as u64;
        if version != self.snapshot.load().version && version != self.refused.load(Ordering::Relaxed) {
            self.rebuild(store, version).await;
        }
        Ok(version)
    }

    async fn rebuild(&self, store: &Store, version: u64) {
        let started = std::time::Instant::now();
        let former = self.snapshot();
        match hot_path::read_snapshot(store, Arc::clone(&self.numbering), Some(&former)).await {
            Ok(snapshot) => {
                tracing::info!(
                    version = snapshot.version,
                    ms = started.elapsed().as_millis() as u64,
                    "snapshot in force"
                );
                in_force(snapshot.version);
                self.refused.store(0, Ordering::Relaxed);
                self.snapshot.store(Arc::new(snapshot));
            }
            Err(SnapshotError::Contradictions(rows)) => {
                self.refused.store(version, Ordering::Relaxed);
                metrics::gauge!(meters::SNAPSHOT_REFUSED).set(version as f64);
                let text: Vec<String> = rows.iter().take(20).map(ToString::to_string).collect();
                tracing::error!(
                    "the new catalogue was refused, the old one stays in force: {} contradiction(s): {}",
                    rows.len(),
                    text.join("; ")
                );
            }
            Err(SnapshotError::Store(error)) => {
                tracing::error!("the new catalogue cannot be read, the old one stays in force: {error:#}");
            }
        }
    }
}

/// Tells that a version prices from now on.
fn in_force(version: u64) {
    metrics::gauge!(meters::SNAPSHOT_VERSION).set(version as f64);
    metrics::gauge!(meters::SNAPSHOT_LOADED).set(now_seconds());
    metrics::gauge!(meters::SNAPSHOT_CHECKED).set(now_seconds());
    metrics::gauge!(meters::SNAPSHOT_REFUSED).set(0.0);
}

/// Now in seconds of the epoch, as Prometheus counts them.
pub(super) fn now_seconds() -> f64 {
    SystemClock.now().timestamp_millis() as f64 / 1000.0
}
