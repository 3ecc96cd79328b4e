//! What authorisation does beside answering.
//!
//! Owns: when the books are looked for, when groups are read, when calls that are over are forgotten.
//! Does not own: any of these (`outage`, `live`).
//! Always: what fails is tried again with the next turn.

use std::sync::Arc;
use std::time::Duration;

use super::Core;

/// A turn.
const TURN: Duration = Duration::from_millis(250);
/// Turns after which groups are read anew, and calls that are over forgotten.
const TURNS_OF_UPKEEP: u64 = 80;
/// How long the books may take to say that they are there.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Turns for ever.
pub(super) async fn run(core: Arc<Core>) {
    let mut turns = tokio::time::interval(TURN);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut turn = 0_u64;
    let mut version = None;
    loop {
        turns.tick().await;
        core.figures.books_away.set(f64::from(u8::from(core.outage.is_away())));
        if core.outage.is_away() {
            let asked = tokio::time::timeout(ANSWER_WITHIN, core.store.ping()).await;
            if !matches!(asked, Ok(Ok(()))) {
                continue;
            }
            core.outage.set_away(false);
        }
        if let Some(rules) = core.rules()
            && let Err(error) = core.outage.write_down(&core.store, rules.terms).await
        {
            tracing::warn!("calls that went without the books are not written down yet: {error}");
        }
        // What a group says, and who joined or left one, raises the version or is seen with one of the next turns.
        let now_in_force = core.catalogue.snapshot().map(|snapshot| snapshot.version);
        if turn.is_multiple_of(TURNS_OF_UPKEEP) || now_in_force != version {
            version = now_in_force;
            core.live.sweep(core.clock.now().timestamp_millis());
            if let Err(error) = core.outage.read_stances(&core.store, core.clock.now()).await {
                tracing::warn!("what groups say of outages stays as it was: {error}");
            }
        }
        turn = turn.wrapping_add(1);
    }
}
