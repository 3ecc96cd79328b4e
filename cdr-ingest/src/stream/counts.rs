//! What a committed batch adds to the figures of the service.
//!
//! Owns: counting legs, suspense, breaches of locks and sizes once a batch is committed; the time of a stage.
//! Does not own: the names (`meters`), what is written to the books.
//! Always: a batch is counted once, after its commit; a source that nobody configured is `other`, so that records cannot invent labels.

use std::time::Instant;

use rating::Outcome;
use rating::rows::SourceRow;
use rustc_hash::FxHashMap;

use super::commit::Prepared;
use crate::assemble::count_of;
use crate::meters;

/// Counts a committed batch.
pub(super) fn count(prepared: &Prepared, sources: &[SourceRow]) {
    for outcome in Outcome::ALL {
        let legs = u64::from(count_of(&prepared.assembled.counts, *outcome));
        metrics::counter!(meters::LEGS, "outcome" => outcome.as_str()).increment(legs);
    }
    let configured =
        |source: &str| sources.iter().find(|row| row.code == source).map_or("other", |row| row.code.as_str());
    let mut suspended: FxHashMap<&str, u64> = FxHashMap::default();
    for entry in &prepared.assembled.suspense {
        metrics::counter!(meters::SUSPENDED, "code" => entry.code.as_str()).increment(1);
        *suspended.entry(configured(&entry.source)).or_default() += 1;
    }
    let mut legs: FxHashMap<&str, u64> = FxHashMap::default();
    for leg in &prepared.arena.legs {
        *legs.entry(&prepared.arena.texts[leg.source.clone()]).or_default() += 1;
    }
    for (source, count) in legs {
        metrics::counter!(meters::SOURCE_LEGS, "source" => configured(source).to_owned()).increment(count);
    }
    for (source, count) in suspended {
        metrics::counter!(meters::SOURCE_SUSPENDED, "source" => source.to_owned()).increment(count);
    }
    metrics::counter!(meters::LOCK_BREACHES).increment(breaches(prepared));
    metrics::counter!(meters::RECORDS).increment(u64::from(prepared.summary.records));
    metrics::histogram!(meters::BATCH_RECORDS).record(f64::from(prepared.summary.records));
}

/// Legs in spite of a lock: those that were charged, and records that wait for it.
fn breaches(prepared: &Prepared) -> u64 {
    let legs = prepared.arena.legs.iter().zip(&prepared.marks);
    let charged = legs.filter(|(leg, repeat)| !**repeat && leg.lock_breach).count();
    let waiting = prepared.assembled.suspense.iter().filter(|entry| entry.code.as_str() == "LOCK_BREACH").count();
    (charged + waiting) as u64
}

/// Records the time since `started` as that of a stage.
pub(super) fn observe(stage: &'static str, started: Instant) {
    metrics::histogram!(meters::STAGE_SECONDS, "stage" => stage).record(started.elapsed().as_secs_f64());
}
