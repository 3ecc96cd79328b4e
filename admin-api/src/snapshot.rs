//! The catalogue in memory: the rating snapshot and the settings.
//!
//! Owns: when they are read anew.
//! Does not own: the rows (`billing::hot_path`), the numbering plan (`billing::numbering_plan`), the snapshot's shape (`rating`).
//! Always: what cannot be read or built leaves the former one in force and a line in the log; building never blocks a thread that answers requests.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use billing::hot_path::{self, VersionListener};
use billing::settings::Settings;
use billing::{Store, StoreError, numbering_plan};
use rating::Snapshot;
use tokio::sync::Mutex;

use crate::state::AppState;

/// How often a change is looked for while no settings are known.
const POLL_DEFAULT: Duration = Duration::from_secs(20);
/// Pause after a failure.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Why the catalogue is not newer than it was.
#[derive(Debug, thiserror::Error)]
pub enum RefreshError {
    /// Settings or version cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The snapshot cannot be read or built.
    #[error(transparent)]
    Snapshot(#[from] hot_path::SnapshotError),
}

/// What is held.
#[derive(Default)]
pub(crate) struct Catalogue {
    snapshot: ArcSwapOption<Snapshot>,
    settings: ArcSwapOption<Settings>,
    /// One refresh at a time, so that an older build never replaces a newer one.
    refreshing: Mutex<()>,
}

impl Catalogue {
    /// The snapshot in force, once there is one.
    pub(crate) fn snapshot(&self) -> Option<Arc<Snapshot>> {
        self.snapshot.load_full()
    }

    /// The settings in force, once they were read.
    pub(crate) fn settings(&self) -> Option<Arc<Settings>> {
        self.settings.load_full()
    }

    /// Reads settings and, when its version changed, the catalogue.
    pub(crate) async fn refresh(&self, store: &Store) -> Result<bool, RefreshError> {
        let _one_at_a_time = self.refreshing.lock().await;
        self.settings.store(Some(Arc::new(Settings::read(store).await?)));
        let version = hot_path::version(store).await? as u64;
        if self.snapshot().is_some_and(|held| held.version == version) {
            return Ok(false);
        }
        let former = self.snapshot();
        let snapshot = hot_path::read_snapshot(store, numbering_plan::in_force(), former.as_deref()).await?;
        tracing::info!(version = snapshot.version, accounts = snapshot.account_count(), "catalogue in force");
        self.snapshot.store(Some(Arc::new(snapshot)));
        Ok(true)
    }

    fn poll_every(&self) -> Duration {
        let seconds = self.settings().and_then(|settings| settings.number("snapshot.poll_seconds").ok());
        seconds.and_then(|seconds| u64::try_from(seconds).ok()).map_or(POLL_DEFAULT, |s| Duration::from_secs(s.max(1)))
    }
}

/// Keeps the catalogue fresh for ever: on every announcement, and by polling in case one was missed.
pub(crate) async fn keep_fresh(state: AppState) {
    let mut listener: Option<VersionListener> = None;
    loop {
        if listener.is_none() {
            listener = match VersionListener::open(&state.store).await {
                Ok(opened) => Some(opened),
                Err(error) => {
                    tracing::warn!("no announcements of catalogue versions: {error}");
                    None
                }
            };
            // What was announced while nobody listened is looked for at once.
            refresh_logged(&state).await;
        }
        let pause = state.catalogue.poll_every();
        let Some(open) = &mut listener else {
            tokio::time::sleep(RETRY_AFTER).await;
            continue;
        };
        let waited = tokio::time::timeout(pause, open.changed()).await;
        if let Ok(Err(error)) = waited {
            tracing::warn!("announcements of catalogue versions broke off: {error}");
            listener = None;
            tokio::time::sleep(RETRY_AFTER).await;
            continue;
        }
        refresh_logged(&state).await;
    }
}

async fn refresh_logged(state: &AppState) {
    if let Err(error) = state.refresh().await {
        tracing::error!("the catalogue stays as it was: {error}");
    }
}
