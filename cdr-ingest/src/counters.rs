//! Where the counters of accounts, and calls that come in parts, stand while a batch is rated.
//!
//! Owns: the standings that one batch sees and moves, and which of its legs they count; the calls as its parts leave them.
//! Does not own: the committed ones (`billing::counters`, `billing::long_calls`), what a part changes (`long_calls`), whether a move still holds when it is committed (`stream::commit`).
//! Always: a leg that repeats an earlier one moves nothing; legs move the standings in the order in which they are rated.

use std::collections::{BTreeMap, BTreeSet};

use billing::counters::CounterMove;
use billing::long_calls::{LongCall, SoFar};
use billing::rework::Revision;
use rating::counter::{CounterKey, Counters, Draw};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::charge::Identity;
use crate::long_calls::{self, Change};

/// What a batch knows of the time before it.
pub trait Before: Sync {
    /// Where a counter stood before the batch.
    fn used(&self, key: &CounterKey) -> u64;
    /// Whether a leg repeats one of an earlier batch.
    fn is_repeat(&self, identity: &Identity) -> bool;
    /// What is known of a call that comes in parts; `None` when nothing is, or it was not read yet.
    fn long_call(&self, call: &Identity) -> Option<&LongCall>;
}

/// Nothing was used and nothing was seen before.
struct Nothing;

impl Before for Nothing {
    fn used(&self, _key: &CounterKey) -> u64 {
        0
    }

    fn is_repeat(&self, _identity: &Identity) -> bool {
        false
    }

    fn long_call(&self, _call: &Identity) -> Option<&LongCall> {
        None
    }
}

/// What a batch leads to, beside its charges.
#[derive(Clone, Debug, Default)]
pub struct Moves {
    /// Every counter that was moved, from where it was found to where it stands.
    pub counters: Vec<CounterMove>,
    /// Calls of which parts came, as they stand then; their version is that which was found.
    pub long_calls: Vec<LongCall>,
    /// Revisions that parts gave to charges.
    pub revisions: Vec<Revision>,
}

/// The standings of a batch under way.
pub struct Standings<'a> {
    before: &'a dyn Before,
    /// Where a counter was found, and where it stands.
    moved: FxHashMap<CounterKey, (u64, u64)>,
    counted: FxHashSet<Identity>,
    /// Calls that came in parts, as they stand.
    long_calls: BTreeMap<Identity, LongCall>,
    /// Those of which a part is new.
    changed: BTreeSet<Identity>,
    revisions: Vec<Revision>,
}

impl Default for Standings<'static> {
    fn default() -> Self {
        Self::after(&Nothing)
    }
}

impl std::fmt::Debug for Standings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map().entries(&self.moved).finish()
    }
}

impl Counters for Standings<'_> {
    fn used(&self, key: &CounterKey) -> u64 {
        self.moved.get(key).map_or_else(|| self.before.used(key), |(_, stands)| *stands)
    }
}

impl<'a> Standings<'a> {
    /// The standings of a batch that comes after `before`.
    pub fn after(before: &'a dyn Before) -> Self {
        Self {
            before,
            moved: FxHashMap::default(),
            counted: FxHashSet::default(),
            long_calls: BTreeMap::new(),
            changed: BTreeSet::new(),
            revisions: Vec::new(),
        }
    }

    /// What is known of a call that comes in parts.
    pub fn long_call(&mut self, call: Identity) -> &LongCall {
        let before = self.before;
        self.long_calls
            .entry(call)
            .or_insert_with(|| before.long_call(&call).cloned().unwrap_or_else(|| LongCall::unknown(call)))
    }

    /// Whether a leg repeats one that was counted before, in this batch or an earlier one.
    pub fn is_repeat(&self, identity: &Identity) -> bool {
        self.counted.contains(identity) || self.before.is_repeat(identity)
    }

    /// Remembers a part that has to wait: a second copy of it repeats it.
    pub fn note(&mut self, identity: Identity) {
        self.counted.insert(identity);
    }

    /// Counts a part of a long call: the counters move from the charge of the parts before to that of the whole so far.
    pub fn count_part(&mut self, identity: Identity, so_far: &SoFar, draws: &[Draw], change: Change) {
        self.counted.insert(identity);
        self.changed.insert(change.call.call);
        self.long_calls.insert(change.call.call, change.call);
        for (key, step) in long_calls::steps(so_far, draws) {
            let found = self.used(&key);
            let (_, stands) = self.moved.entry(key).or_insert((found, found));
            *stands = u64::try_from(i128::from(*stands) + step).unwrap_or(0);
        }
        self.revisions.extend(change.revisions);
    }

    /// The calls that were asked about.
    pub fn calls_asked(&self) -> Vec<Identity> {
        self.long_calls.keys().copied().collect()
    }

    /// What the batch leads to.
    pub fn moves(&self) -> Moves {
        let steps = self.moved.iter();
        let mut counters: Vec<_> =
            steps.map(|(key, (before, after))| CounterMove { key: *key, before: *before, after: *after }).collect();
        counters.sort_unstable_by_key(|step| step.key);
        let long_calls = self.changed.iter().filter_map(|call| self.long_calls.get(call)).cloned().collect();
        Moves { counters, long_calls, revisions: self.revisions.clone() }
    }

    /// Moves the counters by a leg, unless it repeats one; returns whether it was new.
    pub fn count(&mut self, identity: Identity, draws: &[Draw]) -> bool {
        if self.is_repeat(&identity) {
            return false;
        }
        self.counted.insert(identity);
        self.move_on(draws);
        true
    }

    /// Moves the counters by what a leg adds.
    pub fn move_on(&mut self, draws: &[Draw]) {
        for draw in draws {
            let (_, stands) = self.moved.entry(draw.key).or_insert((draw.before, draw.before));
            *stands = draw.before + draw.used;
        }
    }

    /// The legs that counters count.
    pub fn counted(&self) -> impl Iterator<Item = Identity> + '_ {
        self.counted.iter().copied()
    }
}

#[cfg(test)]
mod tests {
    use rating::rows::{AccountId, CounterId};

    use super::*;

    const KEY: CounterKey = CounterKey { account: AccountId(1), counter: CounterId(2), period: chrono::NaiveDate::MIN };

    struct Ten;

    impl Before for Ten {
        fn used(&self, _key: &CounterKey) -> u64 {
            10
        }

        fn is_repeat(&self, identity: &Identity) -> bool {
            identity[0] == 9
        }

        fn long_call(&self, _call: &Identity) -> Option<&LongCall> {
            None
        }
    }

    /// identity | counted | where the counter stands after it
    #[test]
    fn a_repeat_moves_nothing() {
        let mut standings = Standings::after(&Ten);
        for (identity, counted, used) in [(1, true, 15), (2, true, 20), (1, false, 20), (9, false, 20)] {
            let draw = Draw { key: KEY, before: standings.used(&KEY), used: 5 };
            assert_eq!(standings.count([identity; 16], &[draw]), counted, "{identity}");
            assert_eq!(standings.used(&KEY), used, "{identity}");
        }
        assert_eq!(standings.moves().counters, [CounterMove { key: KEY, before: 10, after: 20 }]);
    }
}
