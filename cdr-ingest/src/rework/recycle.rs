//! Recycling: entries of suspense through the stages once more.
//!
//! Owns: which legs of a record an entry stands for, what is a repeat among them, what becomes of the entry.
//! Does not own: the stages; whether an entry is still open when it is settled (`billing::suspense`).
//! Always: an entry gives a charge once; one that still cannot be rated stays open and says why by now; a leg that was charged elsewhere meanwhile is
//! found exactly, and closes its entry without a charge (A8).

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use billing::long_calls::LongCall;
use billing::suspense::{self, Settled, Settlement, Waiting};
use rating::Outcome;
use rating::counter::CounterKey;
use rustc_hash::FxHashSet;

use super::{Prepared, Trouble};
use crate::assemble::Assembly;
use crate::charge::{Arena, ChargedLeg, Effect, Identity, Located, identity_of_place};
use crate::clickhouse::row::{Place, TraceRow, suspended};
use crate::counters::{Before, Moves, Standings};
use crate::decode::Sources;
use crate::stages::{self, Context, fallback_source};
use crate::stream::commit::ids_of;
use crate::stream::counting::Committed;
use crate::stream::late::charged_among;
use crate::stream::service::Shared;

/// Settles entries without a charge.
pub(super) async fn discard(shared: &Arc<Shared>, entries: &[Waiting]) -> Result<Prepared, Trouble> {
    let mut prepared = Prepared::default();
    let mut ids = ids_of(shared.reserve_ids_for(entries.len()).await?);
    let mut assembly = Assembly::new(&mut ids);
    for entry in entries {
        prepared.count("discarded");
        prepared.settled.push(Settlement { id: entry.id, was_open: true, settled: Settled::Discarded });
        trace(&mut assembly, entry, (&entry.code, &entry.stage), -1);
    }
    prepared.assembled = assembly.finish();
    Ok(prepared)
}

/// Tries entries again.
pub(super) async fn recycle(shared: &Arc<Shared>, entries: &[Waiting]) -> Result<Prepared, Trouble> {
    // First what legs there are, to ask whether any of them was charged meanwhile; counters count nothing yet.
    let found = rate(shared, entries, &[], &HashMap::new());
    let repeats = Repeats::among(shared, entries, &found).await?;
    let long_calls = shared.long_calls(&found.calls_asked).await?;
    let booked: Vec<FxHashSet<Identity>> = entries
        .iter()
        .enumerate()
        .map(|(index, entry)| found.booked(entry, index, &repeats).map(|leg| leg.identity).collect())
        .collect();
    let rated = rate(shared, entries, &booked, &long_calls);
    let ids = shared.reserve_ids(&rated.arena).await?;
    let mut prepared = settle(entries, &rated, &repeats, ids);
    prepared.resolved = rated.arena.resolved;
    Ok(prepared)
}

/// What an entry's record is to a leg that it gives.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// The entry stands for this leg.
    Own,
    /// The record was never taken apart: the entry stands for this leg too.
    Other,
    /// Another entry, or a charge, stands for it.
    Foreign,
}

fn role(entry: &Waiting, index: usize, leg: &ChargedLeg) -> Role {
    let is_whole = entry.identity == identity_of_place(place(entry)) || entry.stage == "normalise";
    match (is_whole, index) {
        (true, 0) => Role::Own,
        (true, _) => Role::Other,
        (false, _) if leg.identity == entry.identity => Role::Own,
        (false, _) => Role::Foreign,
    }
}

/// The legs that entries give, each entry's in a range.
struct Rated {
    arena: Arena,
    legs: Vec<Range<usize>>,
    moves: Moves,
    calls_asked: Vec<Identity>,
}

impl Rated {
    /// The legs of an entry with their roles.
    fn of<'a>(&'a self, entry: &'a Waiting, index: usize) -> impl Iterator<Item = (Role, &'a ChargedLeg)> {
        let legs = &self.arena.legs[self.legs[index].clone()];
        legs.iter().enumerate().map(|(index, leg)| (role(entry, index, leg), leg))
    }

    /// The legs of an entry that are charged now.
    fn booked<'a>(
        &'a self,
        entry: &'a Waiting,
        index: usize,
        repeats: &'a Repeats,
    ) -> impl Iterator<Item = &'a ChargedLeg> {
        let legs = self.of(entry, index);
        legs.filter(|(role, leg)| *role != Role::Foreign && !repeats.has(entry, &leg.identity)).map(|(_, leg)| leg)
    }
}

/// Where counters stand; only the legs that the entry under way books move them: a leg of its record that another entry stands for is priced there.
struct Counting<'a> {
    committed: &'a Committed,
    /// Of each entry.
    booked: &'a [FxHashSet<Identity>],
    entry: AtomicUsize,
    long_calls: &'a HashMap<Identity, LongCall>,
}

impl Before for Counting<'_> {
    fn used(&self, key: &CounterKey) -> u64 {
        self.committed.standing(key)
    }

    fn is_repeat(&self, identity: &Identity) -> bool {
        let own = self.booked.get(self.entry.load(Ordering::Relaxed));
        !own.is_some_and(|booked| booked.contains(identity))
    }

    fn long_call(&self, call: &Identity) -> Option<&LongCall> {
        self.long_calls.get(call)
    }
}

/// Takes the records of entries through the stages.
fn rate(
    shared: &Shared,
    entries: &[Waiting],
    booked: &[FxHashSet<Identity>],
    long_calls: &HashMap<Identity, LongCall>,
) -> Rated {
    let snapshot = shared.live.snapshot();
    let periods = shared.live.periods();
    let fallback = fallback_source(&snapshot);
    let sources = Sources::new(snapshot.sources(), &fallback);
    let context = Context {
        snapshot: &snapshot,
        sources: &sources,
        periods: &periods,
        now_ms: shared.now_ms(),
        window_ms: shared.window_ms,
        forgotten_up_to_ms: i64::MIN,
        late_lookup_failed: false,
    };
    let counting = Counting { committed: &shared.counters, booked, entry: AtomicUsize::new(0), long_calls };
    let mut standings = Standings::after(&counting);
    let mut arena = Arena::default();
    let mut legs = Vec::with_capacity(entries.len());
    for (index, entry) in entries.iter().enumerate() {
        counting.entry.store(index, Ordering::Relaxed);
        let first = arena.legs.len();
        stages::run(&context, [located(entry)], &mut standings, &mut arena);
        legs.push(first..arena.legs.len());
    }
    Rated { arena, legs, moves: standings.moves(), calls_asked: standings.calls_asked() }
}

fn place(entry: &Waiting) -> Place {
    Place { stream: entry.stream.0 as u32, partition: entry.partition, offset: entry.offset }
}

fn located(entry: &Waiting) -> Located<'_> {
    // The source was found when the record came: it stays, unless the record was never taken apart.
    let header = if entry.source.is_empty() { entry.header.as_deref() } else { Some(entry.source.as_str()) };
    Located {
        bytes: &entry.raw,
        place: place(entry),
        received_ms: entry.received_at.timestamp_millis(),
        header,
        import_id: entry.import_id,
        correction: entry.correction.as_ref(),
    }
}

/// Which legs were charged meanwhile, or wait under another entry.
struct Repeats {
    /// Found in the books.
    charged: HashSet<Identity>,
    /// Remembered, or waiting under an entry of their own. An entry's own identity is remembered since it was suspended: that says nothing.
    known: HashSet<Identity>,
}

impl Repeats {
    async fn among(shared: &Shared, entries: &[Waiting], found: &Rated) -> Result<Self, Trouble> {
        let mut repeats = Self { charged: HashSet::new(), known: HashSet::new() };
        let nothing = Self { charged: HashSet::new(), known: HashSet::new() };
        let mut legs: Vec<&ChargedLeg> = Vec::new();
        let mut others: Vec<Identity> = Vec::new();
        for (index, entry) in entries.iter().enumerate() {
            for leg in found.booked(entry, index, &nothing) {
                legs.push(leg);
                if leg.identity != entry.identity {
                    others.push(leg.identity);
                }
            }
        }
        repeats.charged = charged_among(&shared.clickhouse, &legs).await?;
        {
            let seen = shared.seen.read().expect("no panic under this lock");
            repeats.known.extend(others.iter().filter(|identity| seen.contains(identity)));
        }
        repeats.known.extend(suspense::known(&shared.store, &others).await?);
        Ok(repeats)
    }

    fn has(&self, entry: &Waiting, identity: &Identity) -> bool {
        self.charged.contains(identity) || (*identity != entry.identity && self.known.contains(identity))
    }
}

fn settle(entries: &[Waiting], rated: &Rated, repeats: &Repeats, ids: Vec<i64>) -> Prepared {
    let mut prepared = Prepared { moves: rated.moves.clone(), ..Prepared::default() };
    let mut ids = ids_of(ids);
    let mut assembly = Assembly::new(&mut ids);
    // Two copies of one undecodable record may be in one portion.
    let mut charged: FxHashSet<Identity> = FxHashSet::default();
    for (index, entry) in entries.iter().enumerate() {
        let mut settled = None;
        for (role, leg) in rated.of(entry, index) {
            if role == Role::Foreign {
                continue;
            }
            if repeats.has(entry, &leg.identity) || charged.contains(&leg.identity) || leg.is_repeated_part() {
                assembly.repeat(&rated.arena, leg, place(entry));
                settled = settled.or((role == Role::Own).then_some(Settled::Duplicate));
                continue;
            }
            match &leg.effect {
                Effect::Suspense(still) if role == Role::Own => {
                    let (code, stage, detail) = (still.code.as_str(), still.stage, still.detail.clone());
                    settled = Some(Settled::StillOpen { code, stage, detail });
                }
                _ => {
                    charged.insert(leg.identity);
                    assembly.leg(&rated.arena, leg);
                    if leg.identity != entry.identity {
                        prepared.unseen.push(leg.identity);
                    }
                    settled = settled
                        .or((role == Role::Own && leg.outcome != Outcome::Suspended).then_some(Settled::Recycled));
                }
            }
        }
        let settled = settled.unwrap_or_else(|| Settled::StillOpen {
            code: code_of(&entry.code),
            stage: stage_of(&entry.stage),
            detail: "the record has no such leg any more: discard it".into(),
        });
        prepared.count(match settled {
            Settled::StillOpen { .. } => "still_open",
            _ => settled.status(),
        });
        move_trace(&mut assembly, entry, &settled);
        prepared.settled.push(Settlement { id: entry.id, was_open: true, settled });
    }
    prepared.assembled = assembly.finish();
    prepared
}

fn code_of(code: &str) -> &'static str {
    code.parse().map_or("", rating::SuspenseCode::as_str)
}

fn stage_of(stage: &str) -> &'static str {
    ["decode", "normalise", "admit", "rate", "duplicates"].into_iter().find(|known| *known == stage).unwrap_or("")
}

/// Says in `suspended` what waits no longer, or under another code.
fn move_trace(assembly: &mut Assembly<'_>, entry: &Waiting, settled: &Settled) {
    match settled {
        Settled::StillOpen { code, stage, .. } if (*code, *stage) == (entry.code.as_str(), entry.stage.as_str()) => {}
        Settled::StillOpen { code, stage, .. } => {
            trace(assembly, entry, (&entry.code, &entry.stage), -1);
            trace(assembly, entry, (code, stage), 1);
        }
        _ => trace(assembly, entry, (&entry.code, &entry.stage), -1),
    }
}

/// A row of `suspended` for an entry.
pub(super) fn trace(assembly: &mut Assembly<'_>, entry: &Waiting, (code, stage): (&str, &str), sign: i8) {
    let received_ms = entry.received_at.timestamp_millis();
    let row = TraceRow {
        identity: entry.identity,
        place: place(entry),
        source: &entry.source,
        cdr_id: &entry.cdr_id,
        leg: entry.leg,
        code,
        stage,
        received_ms,
        sign,
    };
    assembly.row(suspended::TABLE, received_ms, |bytes| suspended::encode(bytes, &row));
}
