//! The shelf in memory: the numbers that are searched for sale.
//!
//! Owns: when they are read, and which shelf is searched.
//! Does not own: the shelf (`billing::numbers::shelf`).
//! Always: until all numbers were read once, a search is `unavailable` and never an empty list; what cannot be read leaves the former shelf and a line in the
//! log; changes are looked for four times as often as they have to be in force (M20).

use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::ArcSwapOption;
use billing::numbers::shelf::{self, Shelf};
use billing::{Store, StoreError};
use tokio::sync::Mutex;

use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// How often changes are looked for while no settings are known.
const LOOK_DEFAULT: Duration = Duration::from_secs(15);
/// Looks within the time in which a change has to be in force.
const LOOKS_WITHIN: u32 = 4;
/// Seconds after which it is worth asking again while numbers are being read.
const RETRY_SECONDS: u64 = 10;

/// What is held.
#[derive(Default)]
pub(crate) struct HeldShelf {
    shelf: ArcSwapOption<Shelf>,
    /// One look at a time, so that an older one never replaces a newer one.
    looking: Mutex<()>,
}

impl HeldShelf {
    /// The shelf to be searched.
    pub(crate) fn shelf(&self) -> Result<Arc<Shelf>, Problem> {
        self.shelf.load_full().ok_or_else(|| {
            let reading = Text::fixed(
                "Номера ещё читаются в память после запуска: повторите запрос через несколько секунд",
                "The numbers are still being read after the start: ask again in some seconds",
            );
            Problem::new(Code::Unavailable).because(reading).retry_after(RETRY_SECONDS)
        })
    }

    /// Reads all numbers, or those that have changed; how many those were.
    pub(crate) async fn refresh(&self, store: &Store) -> Result<usize, StoreError> {
        let _one_at_a_time = self.looking.lock().await;
        let (next, changed) = if let Some(former) = self.shelf.load_full() {
            let mut next = Shelf::clone(&former);
            let changed = shelf::refresh(&mut next, store).await?;
            (next, changed)
        } else {
            let begun = Instant::now();
            let loaded = shelf::load(store).await?;
            let numbers = loaded.len();
            tracing::info!(numbers, ms = begun.elapsed().as_millis() as u64, "numbers can be searched for sale");
            (loaded, numbers)
        };
        self.shelf.store(Some(Arc::new(next)));
        Ok(changed)
    }
}

/// Keeps the shelf fresh for ever.
pub(crate) async fn keep_fresh(state: AppState) {
    loop {
        if let Err(error) = state.refresh_shelf().await {
            tracing::error!("the numbers for sale stay as they were: {error}");
        }
        tokio::time::sleep(look_every(&state)).await;
    }
}

fn look_every(state: &AppState) -> Duration {
    let seconds = state.settings().ok().and_then(|settings| settings.number("did.forced_effect_seconds").ok());
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
    seconds.map_or(LOOK_DEFAULT, |seconds| Duration::from_secs(seconds.max(1)) / LOOKS_WITHIN)
}
