//! What becomes of calls while the books cannot be reached.
//!
//! Owns: whether the books count as out of reach, whose calls go then, and the memory of those that went.
//! Does not own: what groups say (`billing::terms`), the setting for everybody else.
//! Always: nobody waits for books that are known to be away; what was let go without them is written down once they are back, money and all.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use arc_swap::ArcSwap;
use billing::holds::{self, CallKey, Terms, Unheld};
use billing::terms::{self, Stance};
use billing::{Store, StoreError};
use chrono::{DateTime, Utc};
use dashmap::DashMap;
use rating::rows::ClientId;

/// Most calls that are remembered. Beyond them calls go all the same, and are not written down.
const CALLS_MAX: usize = 100_000;
/// Calls of one statement.
const PORTION: usize = 1_000;

/// The state of it.
#[derive(Default)]
pub(super) struct Outage {
    away: AtomicBool,
    stances: ArcSwap<HashMap<ClientId, Stance>>,
    unheld: DashMap<CallKey, Unheld>,
}

impl Outage {
    /// Whether the books are known to be out of reach.
    pub(super) fn is_away(&self) -> bool {
        self.away.load(Ordering::Relaxed)
    }

    /// Notes whether they can be reached.
    pub(super) fn set_away(&self, away: bool) {
        if self.away.swap(away, Ordering::Relaxed) != away {
            if away {
                tracing::error!(
                    "the books cannot be reached: calls go as their groups and the setting authorize.outage say"
                );
            } else {
                tracing::info!("the books can be reached again");
            }
        }
    }

    /// Whether calls of a client go; `default`: what the setting says.
    pub(super) fn allows(&self, client: ClientId, default: bool) -> bool {
        match self.stances.load().get(&client) {
            Some(Stance::Allow) => true,
            Some(Stance::Deny) => false,
            Some(Stance::Unsaid) | None => default,
        }
    }

    /// Reads what groups say.
    pub(super) async fn read_stances(&self, store: &Store, now: DateTime<Utc>) -> Result<(), StoreError> {
        let stances = terms::outage_calls(store, now).await?;
        self.stances.store(Arc::new(stances.into_iter().collect()));
        Ok(())
    }

    /// A call that went without the books, if it is remembered: seconds granted.
    pub(super) fn granted(&self, key: &CallKey) -> Option<u64> {
        self.unheld.get(key).map(|call| call.seconds)
    }

    /// Remembers a call that went without them.
    pub(super) fn put(&self, call: Unheld) {
        if self.unheld.len() < CALLS_MAX {
            self.unheld.insert(call.key.clone(), call);
        } else {
            tracing::warn!("a call went without the books and will not be written down: too many wait for that");
        }
    }

    /// Forgets a call that is over.
    pub(super) fn drop(&self, key: &CallKey) {
        self.unheld.remove(key);
    }

    /// Writes down the calls that went without the books.
    pub(super) async fn write_down(&self, store: &Store, terms: Terms) -> Result<(), StoreError> {
        loop {
            let portion: Vec<Unheld> = self.unheld.iter().take(PORTION).map(|call| call.value().clone()).collect();
            if portion.is_empty() {
                return Ok(());
            }
            holds::put_unheld(store, &portion, terms).await?;
            tracing::info!(calls = portion.len(), "calls that went without the books are written down");
            for call in &portion {
                self.unheld.remove(&call.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_count_before_the_setting() {
        let outage = Outage::default();
        let stances = [(1, Stance::Allow), (2, Stance::Deny), (3, Stance::Unsaid)];
        outage
            .stances
            .store(Arc::new(stances.map(|(client, stance)| (ClientId(client), stance)).into_iter().collect()));
        for (client, default, expected) in
            [(1, false, true), (2, true, false), (3, true, true), (3, false, false), (4, true, true), (4, false, false)]
        {
            assert_eq!(outage.allows(ClientId(client), default), expected, "{client} {default}");
        }
        outage.set_away(true);
        assert!(outage.is_away());
    }
}
