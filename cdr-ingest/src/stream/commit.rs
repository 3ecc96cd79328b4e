//! The commit of a batch.
//!
//! Owns: the duplicate decision under the commit lock, the retries, and the settling of a COMMIT whose answer was lost.
//! Does not own: the statements (`billing::streams`).
//! Always: one batch of this process at a time (the gate), one of all processes (the advisory lock); identities enter memory only after COMMIT.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use billing::StoreError;
use billing::holds::EndedCall;
use billing::long_calls::LongCall;
use billing::streams::{self, BatchTx, BatchWrite, Claim, Committed, IdentityBlob, Resolved, WriteError};

use rustc_hash::FxHashSet;

use super::counting::counted_rightly;
use super::late::charged_among;
use super::service::Shared;
use crate::assemble::{Assembled, assemble};
use crate::charge::{Arena, Identity, REPORTS_APART_MS, instant};
use crate::clickhouse::row::BatchRow;
use crate::counters::Moves;

/// A rated batch, ready to be committed.
pub struct Prepared {
    /// Legs with their effects.
    pub arena: Arena,
    /// What it writes if the marks hold.
    pub assembled: Assembled,
    /// Which legs repeat earlier ones, as known before the lock.
    pub marks: Vec<bool>,
    /// Facts of the batch.
    pub summary: BatchRow,
    /// Offset of the first record.
    pub from_offset: i64,
    /// Digest of the last record.
    pub last_digest: [u8; 16],
    /// Counters and calls in parts that it moves.
    pub moves: Moves,
    /// Calls in parts that it asked about.
    pub calls_asked: Vec<Identity>,
    /// What earlier tries to commit it have taught.
    pub lessons: Lessons,
}

/// What a try to commit a batch teaches the next rating of it.
#[derive(Clone, Debug, Default)]
pub struct Lessons {
    /// The look-up of late records has failed: they wait in suspense.
    pub late_lookup_failed: bool,
    /// Legs that repeat others: counters must not count them.
    pub repeats: FxHashSet<Identity>,
    /// What is known of calls that come in parts.
    pub long_calls: Arc<HashMap<Identity, LongCall>>,
}

impl Lessons {
    /// With what is known of these calls now.
    pub async fn with_calls(&self, shared: &Shared, calls: &[Identity]) -> Result<Self, StoreError> {
        Ok(Self { long_calls: Arc::new(shared.long_calls(calls).await?), ..self.clone() })
    }
}

/// Why a batch was not committed.
pub enum Refusal {
    /// Somebody else owns the partition.
    Fenced(String),
    /// It has to be rated again.
    RateAgain(Again, Lessons),
    /// Postgres refuses it, and would refuse it again: a person has to look.
    Failed(StoreError),
}

/// How much of a batch has to be rated again.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Again {
    /// A period was closed, a number moved, or late records could not be looked up.
    Everything,
    /// A counter or a call in parts was moved by somebody else, or counted a repeat.
    Counted,
}

enum Attempt {
    Done,
    Again(String),
    Refused(Refusal),
}

impl From<StoreError> for Attempt {
    fn from(error: StoreError) -> Self {
        if error.is_unavailable() || error.is_conflict() {
            Self::Again(error.to_string())
        } else {
            Self::Refused(Refusal::Failed(error))
        }
    }
}

/// Commits a batch; tries until Postgres takes or refuses it.
pub async fn commit(shared: &Arc<Shared>, claim: &Claim, prepared: &mut Prepared) -> Result<(), Refusal> {
    let mut wait = Duration::from_millis(50);
    loop {
        let attempt = {
            let _gate = shared.gate.lock().await;
            match attempt(shared, claim, prepared).await {
                Ok(attempt) | Err(attempt) => attempt,
            }
        };
        match attempt {
            Attempt::Done => return Ok(()),
            Attempt::Refused(refusal) => return Err(refusal),
            Attempt::Again(problem) => {
                tracing::warn!(
                    partition = claim.partition,
                    wait_ms = wait.as_millis() as u64,
                    "the batch was not committed: {problem}; trying again"
                );
                metrics::counter!("tollgate_commit_retries_total").increment(1);
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(Duration::from_secs(5));
            }
        }
    }
}

async fn attempt(shared: &Arc<Shared>, claim: &Claim, prepared: &mut Prepared) -> Result<Attempt, Attempt> {
    // What this process has moved itself meanwhile is known without asking.
    if !shared.counters.stand_where_found(&prepared.moves.counters) {
        return Ok(counters_moved(claim, prepared));
    }
    let mut tx = BatchTx::begin(&shared.store).await?;
    catch_up(shared, &mut tx, prepared.summary.read_up_to_ms.max(shared.now_ms())).await?;
    let (mut marks, late) = {
        let seen = shared.seen.read().expect("no panic under this lock");
        // Identities may have been forgotten since the batch was rated, here or elsewhere.
        let horizon = seen.forgotten_up_to_ms();
        let legs = &prepared.arena.legs;
        let late: Vec<bool> =
            legs.iter().map(|leg| leg.late || leg.end_ms.saturating_sub(REPORTS_APART_MS) <= horizon).collect();
        let mut marks = seen.mark(legs);
        // Which parts a call has, its own state says, however old they are.
        legs.iter().zip(&mut marks).for_each(|(leg, mark)| *mark |= leg.is_known_part());
        (marks, late)
    };
    mark_suspended(&mut tx, prepared, &late, &mut marks).await?;
    if !mark_late(shared, prepared, &late, &mut marks).await? {
        let lessons = Lessons { late_lookup_failed: true, ..prepared.lessons.clone() };
        return Ok(Attempt::Refused(Refusal::RateAgain(Again::Everything, lessons)));
    }
    if !counted_rightly(&prepared.arena, &marks) {
        return Ok(Attempt::Refused(Refusal::RateAgain(Again::Counted, learn_repeats(prepared, &marks))));
    }
    if marks != prepared.marks {
        let ids = shared.reserve_ids(&prepared.arena).await?;
        let (arena, summary) = (&prepared.arena, prepared.summary);
        prepared.assembled = tokio::task::block_in_place(|| assemble(arena, &marks, summary, &mut ids_of(ids)));
        prepared.marks = marks;
    }
    let holding = tx.sources_of_holds().await?;
    let ended = ended_calls(&prepared.arena, &prepared.marks, &holding);
    let version = shared.live.past_refused(prepared.arena.resolved.version);
    let blob = match tx.write(claim, &write(prepared, version, &ended)).await {
        Ok(blob) => blob,
        Err(error @ WriteError::Fenced { .. }) => return Ok(Attempt::Refused(Refusal::Fenced(error.to_string()))),
        Err(WriteError::PeriodClosed) => {
            shared.live.refresh_periods(&shared.store).await?;
            return Ok(Attempt::Refused(Refusal::RateAgain(Again::Everything, prepared.lessons.clone())));
        }
        Err(WriteError::CountersMoved) => {
            shared.counters.refresh(&shared.store, &prepared.moves.counters).await?;
            return Ok(counters_moved(claim, prepared));
        }
        Err(WriteError::LongCallsMoved) => {
            drop(tx);
            let lessons = prepared.lessons.with_calls(shared, &prepared.calls_asked).await?;
            return Ok(Attempt::Refused(Refusal::RateAgain(Again::Counted, lessons)));
        }
        Err(WriteError::NumbersMoved) => {
            drop(tx);
            return numbers_moved(shared, claim, prepared).await;
        }
        Err(WriteError::Store(error)) => return Err(error.into()),
    };
    if tx.commit().await? == Committed::Unknown {
        match settle(shared, claim, prepared).await {
            Settled::Committed => {}
            Settled::WithoutEffect => {
                return Ok(Attempt::Again("the answer to COMMIT was lost, and it had no effect".into()));
            }
            Settled::Fenced => {
                // Whether ours took effect or the new owner charged the same records again from the old position: either way the rows are in the outbox
                // that he delivers. We deliver nothing.
                let problem = format!("partition {} was claimed while the answer to COMMIT was lost", claim.partition);
                return Ok(Attempt::Refused(Refusal::Fenced(problem)));
            }
        }
    }
    shared.counters.moved(&prepared.moves.counters, instant(shared.now_ms()).date_naive());
    if let Some(id) = blob {
        let keys = std::mem::take(&mut prepared.assembled.identities);
        let blob = IdentityBlob { id, newest_end: instant(prepared.assembled.newest_end_ms), keys, removal: false };
        shared.seen.write().expect("no panic under this lock").insert(&blob, shared.now_ms());
    }
    Ok(Attempt::Done)
}

/// Learns, under the commit lock, what others have committed and forgotten since this process looked last.
pub(crate) async fn catch_up(shared: &Shared, tx: &mut BatchTx, now_ms: i64) -> Result<(), StoreError> {
    let last_blob = shared.seen.read().expect("no panic under this lock").last_blob();
    let blobs = tx.identities_since(last_blob).await?;
    let horizon = tx.identity_horizon().await?.map_or(i64::MIN, |at| at.timestamp_millis());
    let mut seen = shared.seen.write().expect("no panic under this lock");
    for blob in &blobs {
        seen.insert(blob, now_ms);
    }
    seen.raise_horizon(horizon);
    Ok(())
}

/// The refusal of a batch that names a number which moved: what moved is read first, so that the next rating knows it.
async fn numbers_moved(shared: &Shared, claim: &Claim, prepared: &Prepared) -> Result<Attempt, Attempt> {
    metrics::counter!("tollgate_number_conflicts_total").increment(1);
    tracing::info!(
        partition = claim.partition,
        from_offset = prepared.from_offset,
        version = prepared.arena.resolved.version,
        "numbers moved: the batch is rated again"
    );
    if shared.live.reach(&shared.store).await? {
        return Ok(Attempt::Refused(Refusal::RateAgain(Again::Everything, prepared.lessons.clone())));
    }
    Ok(Attempt::Again("a number moved, and the catalogue cannot be read".into()))
}

/// The refusal of a batch that found its counters elsewhere than they stand.
fn counters_moved(claim: &Claim, prepared: &Prepared) -> Attempt {
    metrics::counter!("tollgate_counter_conflicts_total").increment(1);
    tracing::info!(
        partition = claim.partition,
        from_offset = prepared.from_offset,
        counters = prepared.moves.counters.len(),
        "counters moved: what they count is rated again"
    );
    Attempt::Refused(Refusal::RateAgain(Again::Counted, prepared.lessons.clone()))
}

/// What the counted legs repeat from before the batch, so that the next rating leaves them out.
fn learn_repeats(prepared: &Prepared, marks: &[bool]) -> Lessons {
    let counted = prepared.arena.counted.iter().map(|counted| counted.leg);
    let repeats = repeated_from_before(counted.map(|leg| (prepared.arena.legs[leg].identity, marks[leg])));
    // The marks are complete at every try: what an earlier one taught may be wrong by now.
    Lessons { repeats: repeats.into_iter().collect(), ..prepared.lessons.clone() }
}

/// Of legs in their order, each with whether it repeats another one: the identities of which already the first leg does. Where only later ones do,
/// they repeat the first, which counts: rating knows those by itself.
fn repeated_from_before(legs: impl Iterator<Item = (Identity, bool)>) -> Vec<Identity> {
    let mut met = FxHashSet::default();
    legs.filter(|(identity, repeats)| met.insert(*identity) && *repeats).map(|(identity, _)| identity).collect()
}

enum Settled {
    Committed,
    WithoutEffect,
    Fenced,
}

/// Settles a COMMIT whose answer was lost: while the epoch is ours, only we can have moved the position. The server may still be at it: its transaction
/// holds the commit lock until it is done, so the lock is taken before the position is read.
async fn settle(shared: &Shared, claim: &Claim, prepared: &Prepared) -> Settled {
    let (epoch, next_offset) = loop {
        // An unsettled COMMIT must not be forgotten: nothing else is tried before the position is known.
        match position_after_it(shared, claim).await {
            Ok(position) => break position,
            Err(error) => {
                tracing::warn!(partition = claim.partition, %error, "the answer to COMMIT was lost and cannot be settled yet; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    };
    if epoch != claim.epoch {
        Settled::Fenced
    } else if next_offset >= prepared.summary.next_offset {
        Settled::Committed
    } else {
        Settled::WithoutEffect
    }
}

async fn position_after_it(shared: &Shared, claim: &Claim) -> Result<(i64, i64), StoreError> {
    let _after_it = BatchTx::begin(&shared.store).await?;
    streams::position(&shared.store, claim.stream, claim.partition).await
}

/// Marks legs that wait in suspense already, whatever their age: those that would be suspended again, and late ones that can be rated by now.
async fn mark_suspended(
    tx: &mut BatchTx,
    prepared: &Prepared,
    late: &[bool],
    marks: &mut [bool],
) -> Result<(), Attempt> {
    let legs = &prepared.arena.legs;
    let asked: Vec<usize> = (0..legs.len())
        .filter(|index| {
            let leg = &legs[*index];
            let is_doubtful = late[*index] || leg.outcome == rating::Outcome::Suspended || leg.is_repeated_part();
            !marks[*index] && is_doubtful
        })
        .collect();
    // Which parts were recycled, their calls know.
    let (parts, others): (Vec<usize>, Vec<usize>) = asked.into_iter().partition(|index| legs[*index].is_part());
    for (asked, recycled_too) in [(parts, false), (others, true)] {
        if asked.is_empty() {
            continue;
        }
        let keys: Vec<Vec<u8>> = asked.iter().map(|index| legs[*index].identity.to_vec()).collect();
        let known: HashSet<Vec<u8>> = tx.suspended_among(&keys, recycled_too).await?.into_iter().collect();
        for index in asked {
            marks[index] = known.contains(&legs[index].identity[..]);
        }
    }
    Ok(())
}

/// Looks late legs up exactly and marks those that were charged. `false` when the look-up cannot be made.
async fn mark_late(shared: &Shared, prepared: &Prepared, late: &[bool], marks: &mut [bool]) -> Result<bool, Attempt> {
    let is_asked = |index: &usize| late[*index] && !marks[*index] && !prepared.arena.legs[*index].is_part();
    let late: Vec<usize> = (0..marks.len()).filter(is_asked).collect();
    if prepared.lessons.late_lookup_failed {
        return Ok(late.iter().all(|index| prepared.arena.legs[*index].outcome == rating::Outcome::Suspended));
    }
    if late.is_empty() {
        return Ok(true);
    }
    let legs: Vec<_> = late.iter().map(|index| &prepared.arena.legs[*index]).collect();
    let charged = match charged_among(&shared.clickhouse, &legs).await {
        Ok(charged) => charged,
        Err(error) => {
            tracing::warn!(%error, records = legs.len(), "late records cannot be looked up; they go to suspense");
            return Ok(false);
        }
    };
    for index in late {
        marks[index] = charged.contains(&prepared.arena.legs[index].identity);
    }
    Ok(true)
}

/// The calls of a batch that are over, of sources that ask before their calls. A record that waits in suspense is not charged yet, so its hold stays.
fn ended_calls<'a>(arena: &'a Arena, marks: &[bool], sources: &[String]) -> Vec<EndedCall<'a>> {
    if sources.is_empty() {
        return Vec::new();
    }
    let legs = arena.legs.iter().zip(marks).filter(|(_, is_repeat)| !**is_repeat);
    let ended = legs.filter_map(|(leg, _)| {
        let (call, is_answered) = leg.ends.clone()?;
        let source = &arena.texts[leg.source.clone()];
        let asks = sources.iter().any(|known| known == source);
        asks.then(|| EndedCall { source, call_id: &arena.texts[call], leg: leg.leg, is_answered })
    });
    ended.collect()
}

fn write<'a>(prepared: &'a Prepared, version: u64, ended: &'a [EndedCall<'a>]) -> BatchWrite<'a> {
    let assembled = &prepared.assembled;
    BatchWrite {
        from_offset: prepared.from_offset,
        next_offset: prepared.summary.next_offset,
        last_digest: prepared.last_digest.to_vec(),
        resolved: Resolved { version, numbers: &prepared.arena.resolved.numbers },
        read_up_to: instant(prepared.summary.read_up_to_ms),
        usage: &assembled.usage,
        identities: &assembled.identities,
        newest_end: instant(assembled.newest_end_ms),
        suspense: &assembled.suspense,
        counters: &prepared.moves.counters,
        non_target: &assembled.non_target,
        long_calls: &prepared.moves.long_calls,
        revisions: &prepared.moves.revisions,
        ended,
        outbox: &assembled.parts,
    }
}

/// Hands out reserved identifiers one by one.
pub fn ids_of(ids: Vec<i64>) -> impl FnMut() -> i64 {
    let mut ids = ids.into_iter();
    move || ids.next().expect("as many identifiers as a batch can have parts were reserved")
}

#[cfg(test)]
mod tests {
    use super::repeated_from_before;

    /// legs with whether they repeat | what was there before the batch
    #[test]
    fn only_what_the_first_leg_repeats_is_from_before() {
        for (legs, from_before) in [
            (vec![(1, false), (2, false)], vec![]),
            (vec![(1, false), (1, true), (1, true)], vec![]),
            (vec![(1, true), (2, false), (2, true), (1, true)], vec![1]),
        ] {
            let identities = legs.iter().map(|(identity, repeats)| ([*identity; 16], *repeats));
            let expected: Vec<_> = from_before.iter().map(|identity| [*identity; 16]).collect();
            assert_eq!(repeated_from_before(identities), expected, "{legs:?}");
        }
    }
}
