//! Notes of refused calls.
//!
//! Owns: when they are written.
//! Does not own: what they say.
//! Always: together, behind the answers; what cannot be written within a while is dropped, and the log says how many.

use std::sync::Arc;
use std::time::Duration;

use billing::holds::{self, RefusedCall};
use tokio::sync::mpsc;

use super::Core;

/// Notes of one statement.
const TOGETHER_MAX: usize = 1_000;
/// Pause between two statements, in which notes gather.
const PAUSE: Duration = Duration::from_millis(100);
/// Tries of a statement.
const TRIES: u32 = 5;

/// Writes what comes, for ever.
pub(super) async fn run(core: Arc<Core>, mut notes: mpsc::Receiver<RefusedCall>) {
    let mut waiting = Vec::with_capacity(TOGETHER_MAX);
    while notes.recv_many(&mut waiting, TOGETHER_MAX).await > 0 {
        for tries in 1..=TRIES {
            match holds::note(&core.store, &waiting).await {
                Ok(()) => break,
                Err(error) if tries == TRIES => {
                    core.figures.notes_lost.increment(waiting.len() as u64);
                    tracing::error!(calls = waiting.len(), "refused calls are not noted: {error}");
                }
                Err(_) => tokio::time::sleep(Duration::from_secs(1)).await,
            }
        }
        waiting.clear();
        tokio::time::sleep(PAUSE).await;
    }
}
