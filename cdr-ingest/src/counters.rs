//! Where the counters of accounts stand while a batch is rated.
//!
//! Owns: the standings that one batch sees and moves, and which of its legs they count.
//! Does not own: the committed standings (`billing::counters`), whether a move still holds when it is committed (`stream::commit`).
//! Always: a leg that repeats an earlier one moves nothing; legs move the standings in the order in which they are rated.

use billing::counters::CounterMove;
use rating::counter::{CounterKey, Counters, Draw};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::charge::Identity;

/// What a batch knows of the time before it.
pub trait Before: Sync {
    /// Where a counter stood before the batch.
    fn used(&self, key: &CounterKey) -> u64;
    /// Whether a leg repeats one of an earlier batch.
    fn is_repeat(&self, identity: &Identity) -> bool;
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
}

/// The standings of a batch under way.
pub struct Standings<'a> {
    before: &'a dyn Before,
    /// Where a counter was found, and where it stands.
    moved: FxHashMap<CounterKey, (u64, u64)>,
    counted: FxHashSet<Identity>,
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
        Self { before, moved: FxHashMap::default(), counted: FxHashSet::default() }
    }

    /// Moves the counters by a leg, unless it repeats one; returns what it added.
    pub fn count(&mut self, identity: Identity, draws: &[Draw]) -> Vec<Draw> {
        if self.before.is_repeat(&identity) || !self.counted.insert(identity) {
            return Vec::new();
        }
        self.move_on(draws);
        draws.to_vec()
    }

    /// Moves the counters by what a leg adds.
    pub fn move_on(&mut self, draws: &[Draw]) {
        for draw in draws {
            let (_, stands) = self.moved.entry(draw.key).or_insert((draw.before, draw.before));
            *stands = draw.before + draw.used;
        }
    }

    /// Every counter that was moved, from where it was found to where it stands.
    pub fn moves(&self) -> Vec<CounterMove> {
        let steps = self.moved.iter();
        let mut moves: Vec<_> =
            steps.map(|(key, (before, after))| CounterMove { key: *key, before: *before, after: *after }).collect();
        moves.sort_unstable_by_key(|step| step.key);
        moves
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
    }

    /// identity | counted | where the counter stands after it
    #[test]
    fn a_repeat_moves_nothing() {
        let mut standings = Standings::after(&Ten);
        for (identity, counted, used) in [(1, true, 15), (2, true, 20), (1, false, 20), (9, false, 20)] {
            let draw = Draw { key: KEY, before: standings.used(&KEY), used: 5 };
            assert_eq!(!standings.count([identity; 16], &[draw]).is_empty(), counted, "{identity}");
            assert_eq!(standings.used(&KEY), used, "{identity}");
        }
        assert_eq!(standings.moves(), [CounterMove { key: KEY, before: 10, after: 20 }]);
    }
}
