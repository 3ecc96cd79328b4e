//! Calls that this process has let go, in a few bytes each.
//!
//! Owns: who pays for them and how long they may be talked, as far as is remembered.
//! Does not own: the truth, which is the table of holds: this only says in which lane a call's requests wait, and whom an outage concerns.
//! Always: what is over is forgotten; of too many the newest are not remembered.

use std::hash::{DefaultHasher, Hash, Hasher};

use billing::holds::CallKey;
use dashmap::DashMap;
use rating::rows::AccountId;

/// Most calls that are remembered: some 60 MB.
const CALLS_MAX: usize = 1_000_000;
/// How long a call is remembered after it should be over, milliseconds: its extension may be on the way.
const KEPT_MS: i64 = 60_000;

/// A call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LiveCall {
    /// Who pays.
    pub(super) account: AccountId,
    /// Seconds granted, from the answer on.
    pub(super) seconds: u64,
    /// When it is over at the latest, milliseconds of the epoch.
    pub(super) ends_ms: i64,
}

/// The calls.
#[derive(Debug, Default)]
pub(super) struct Live {
    calls: DashMap<u64, LiveCall>,
}

/// A name in a few bytes. Two calls that share them share a lane, and in an outage the stance of one account.
pub(super) fn digest(key: &CallKey) -> u64 {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    hasher.finish()
}

impl Live {
    /// What is remembered of a call.
    pub(super) fn get(&self, key: &CallKey) -> Option<LiveCall> {
        self.calls.get(&digest(key)).map(|call| *call)
    }

    /// Remembers a call.
    pub(super) fn put(&self, key: &CallKey, call: LiveCall) {
        if self.calls.len() < CALLS_MAX {
            self.calls.insert(digest(key), call);
        }
    }

    /// Forgets a call.
    pub(super) fn drop(&self, key: &CallKey) {
        self.calls.remove(&digest(key));
    }

    /// Forgets those that are over.
    pub(super) fn sweep(&self, now_ms: i64) {
        self.calls.retain(|_, call| call.ends_ms + KEPT_MS > now_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_over_is_forgotten() {
        let live = Live::default();
        let key = |call: &str| CallKey { source: "s".into(), call_id: call.into(), leg: 0 };
        let call = |ends_ms| LiveCall { account: AccountId(1), seconds: 60, ends_ms };
        live.put(&key("a"), call(0));
        live.put(&key("b"), call(1));
        live.put(&key("c"), call(1));
        live.drop(&key("c"));
        live.sweep(KEPT_MS);
        assert_eq!((live.get(&key("a")), live.get(&key("b")), live.get(&key("c"))), (None, Some(call(1)), None));
    }
}
