//! What a lane knows of counters, and of calls that come in parts, before it rates a batch.
//!
//! Owns: the committed standings of this process, and the tentative ones of a lane: those that its own batches under way lead to.
//! Does not own: the decision (Postgres moves a counter only from where the batch found it), what is counted (`rating::counter`).
//! Always: a wrong standing costs a second rating and never a wrong charge; what is forgotten here is read again when Postgres disagrees.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};

use billing::counters::{self, CounterMove};
use billing::long_calls::LongCall;
use billing::{Store, StoreError};
use chrono::{Days, NaiveDate};
use rating::counter::CounterKey;
use rustc_hash::{FxHashMap, FxHashSet};

use super::seen::Seen;
use crate::charge::{Arena, Identity};
use crate::counters::Before;

/// Counters of periods that began longer ago are read when they are needed.
const LOADED_DAYS: u64 = 62;
/// Standings are trimmed to the recent ones when there are so many more than after the last trim.
const TRIM_STEP: usize = 200_000;

/// The committed standings, as far as this process knows them.
#[derive(Debug, Default)]
pub struct Committed {
    used: RwLock<FxHashMap<CounterKey, u64>>,
    trim_at: Mutex<usize>,
}

impl Committed {
    /// Reads the counters of recent periods.
    pub async fn load(store: &Store, today: NaiveDate) -> Result<Self, StoreError> {
        let used: FxHashMap<_, _> = counters::standings_since(store, oldest(today)).await?.into_iter().collect();
        let trim_at = Mutex::new(used.len() + TRIM_STEP);
        Ok(Self { used: RwLock::new(used), trim_at })
    }

    /// Where a counter stands, as far as this process knows.
    pub fn standing(&self, key: &CounterKey) -> u64 {
        self.used.read().expect("no panic under this lock").get(key).copied().unwrap_or(0)
    }

    /// Whether every counter that a batch moves stands, as far as this process knows, where the batch found it.
    pub fn stand_where_found(&self, moves: &[CounterMove]) -> bool {
        let used = self.used.read().expect("no panic under this lock");
        moves.iter().all(|step| used.get(&step.key).is_none_or(|stands| *stands == step.before))
    }

    /// Takes over what a batch has moved.
    pub fn moved(&self, moves: &[CounterMove], today: NaiveDate) {
        if moves.is_empty() {
            return;
        }
        let mut used = self.used.write().expect("no panic under this lock");
        used.extend(moves.iter().map(|step| (step.key, step.after)));
        let mut trim_at = self.trim_at.lock().expect("no panic under this lock");
        if used.len() > *trim_at {
            used.retain(|key, _| key.period >= oldest(today));
            *trim_at = used.len() + TRIM_STEP;
        }
    }

    /// Reads anew where the counters of a refused batch stand, now and in the periods after them.
    pub async fn refresh(&self, store: &Store, moves: &[CounterMove]) -> Result<(), StoreError> {
        self.reread(store, moves.iter().map(|step| step.key).collect()).await
    }

    /// Reads anew where counters stand, now and in the periods after them.
    pub async fn reread(&self, store: &Store, keys: Vec<CounterKey>) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let standing = counters::standings_from(store, &keys).await?;
        let mut used = self.used.write().expect("no panic under this lock");
        used.extend(keys.into_iter().map(|key| (key, 0)));
        used.extend(standing);
        Ok(())
    }
}

fn oldest(today: NaiveDate) -> NaiveDate {
    today.checked_sub_days(Days::new(LOADED_DAYS)).unwrap_or(NaiveDate::MIN)
}

/// Where the batches of a lane lead that are rated and not yet committed.
#[derive(Clone, Debug, Default)]
pub struct Tentative(Arc<Mutex<UnderWay>>);

#[derive(Debug, Default)]
struct UnderWay {
    stands: FxHashMap<CounterKey, u64>,
    counted: FxHashSet<Identity>,
}

impl Tentative {
    fn lock(&self) -> MutexGuard<'_, UnderWay> {
        self.0.lock().expect("no panic under this lock")
    }

    /// The lane goes on from what a batch leads to.
    pub fn lead_to(&self, moves: &[CounterMove], counted: impl Iterator<Item = Identity>) {
        let mut under_way = self.lock();
        under_way.stands.extend(moves.iter().map(|step| (step.key, step.after)));
        under_way.counted.extend(counted);
    }

    /// A batch is committed: forgets where it led, unless a later one leads further.
    pub fn committed(&self, moves: &[CounterMove], arena: &Arena) {
        let mut under_way = self.lock();
        for step in moves {
            if under_way.stands.get(&step.key) == Some(&step.after) {
                under_way.stands.remove(&step.key);
            }
        }
        forget(&mut under_way.counted, arena);
    }

    /// A batch is to be rated again: what was built on it is void.
    pub fn refused(&self, moves: &[CounterMove], arena: &Arena) {
        let mut under_way = self.lock();
        for step in moves {
            under_way.stands.remove(&step.key);
        }
        forget(&mut under_way.counted, arena);
    }
}

fn forget(counted: &mut FxHashSet<Identity>, arena: &Arena) {
    for leg in &arena.counted {
        counted.remove(&arena.legs[leg.leg].identity);
    }
}

/// What is known before one batch.
pub struct Known<'a> {
    /// Committed standings.
    pub committed: &'a Committed,
    /// Those of the lane.
    pub tentative: &'a Tentative,
    /// Identities of earlier batches.
    pub seen: &'a RwLock<Seen>,
    /// Legs of this batch that were found to repeat others when it was to be committed.
    pub repeats: &'a FxHashSet<Identity>,
    /// What was read of calls that come in parts.
    pub long_calls: &'a HashMap<Identity, LongCall>,
}

impl Before for Known<'_> {
    fn used(&self, key: &CounterKey) -> u64 {
        let tentative = self.tentative.lock().stands.get(key).copied();
        tentative.unwrap_or_else(|| self.committed.standing(key))
    }

    fn is_repeat(&self, identity: &Identity) -> bool {
        self.repeats.contains(identity)
            || self.tentative.lock().counted.contains(identity)
            || self.seen.read().expect("no panic under this lock").contains(identity)
    }

    fn long_call(&self, call: &Identity) -> Option<&LongCall> {
        self.long_calls.get(call)
    }
}

/// Whether exactly the legs were counted that are no repeats.
pub fn counted_rightly(arena: &Arena, is_repeat: &[bool]) -> bool {
    arena.counted.iter().all(|counted| counted.is_new != is_repeat[counted.leg])
}
