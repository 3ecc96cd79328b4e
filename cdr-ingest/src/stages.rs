//! All stages of a record on one page.
//!
//! In: the bytes of messages.  Out: one or two charged legs of each in the arena of the batch.
//! Owns: the order of the stages and what becomes of a rejection.
//! Does not own: any decision.
//! Always: every record adds at least one leg to the arena, whatever its bytes.

use numbering::E164;
use rating::rows::SourceRow;
use rating::{Snapshot, SuspenseCode};

use crate::admit::admit;
use crate::charge::{
    Arena, Decoded, Located, Periods, REPORTS_APART_MS, identity, identity_of_call, identity_of_place,
};
use crate::clickhouse::row::CallRow;
use crate::counters::Standings;
use crate::decode::{DecodedCdr, Sources, Undecodable, decode, decode_corrected, without_mark};
use crate::long_calls::{self, WithoutIt};
use crate::normalise::{NormalisedCdr, Rejected, normalise};
use crate::rate::rate;
use crate::text::Said;

/// What the stages work with; the same for every record of a batch.
pub struct Context<'a> {
    /// What prices and owners are.
    pub snapshot: &'a Snapshot,
    /// Configured sources.
    pub sources: &'a Sources<'a>,
    /// Closed months.
    pub periods: &'a Periods,
    /// Now.
    pub now_ms: i64,
    /// The duplicate window.
    pub window_ms: i64,
    /// The end of the latest record whose identity may have been forgotten.
    pub forgotten_up_to_ms: i64,
    /// The exact look-up of late records could not be made: they wait.
    pub late_lookup_failed: bool,
}

impl Context<'_> {
    /// Whether the identity of a record that reports this end may have been forgotten: another report of the call may have ended it a little earlier.
    const fn may_be_forgotten(&self, end_ms: i64) -> bool {
        end_ms.saturating_sub(REPORTS_APART_MS) <= self.forgotten_up_to_ms
    }
}

/// By what legs were resolved: who had which number at an answer is what a version of the catalogue says.
#[derive(Clone, Debug, Default)]
pub struct Resolved {
    /// The version; where some records went through the stages again, that of the first time.
    pub version: u64,
    /// The numbers that the records name, ours or not.
    pub numbers: Vec<E164>,
}

impl Resolved {
    fn name(&mut self, call: &NormalisedCdr) {
        self.numbers.extend([call.src, call.dst.e164(), call.forwarded_from].into_iter().flatten());
    }
}

/// The source of everything where none is configured.
pub fn fallback_source(snapshot: &Snapshot) -> SourceRow {
    SourceRow {
        code: String::new(),
        format: "canonical".into(),
        zone: chrono_tz::UTC,
        whole_seconds: rating::WholeSeconds::HalfUp,
        on_net_once: false,
        rules: snapshot.default_rules().clone(),
        identify: rating::identify::Identify::default(),
        mapping: None,
    }
}

/// Records that go through the stages side by side: while one waits for memory, so do the others.
const BLOCK: usize = 32;

/// A record whose bytes, numbers and times were looked at.
struct Understood<'a, 's> {
    /// The record and its source, if the bytes are one.
    decoded: Result<(DecodedCdr<'a>, &'s SourceRow), Undecodable>,
    /// Its numbers and times; not looked at where the bytes are no record.
    call: Option<Result<NormalisedCdr, Rejected>>,
}

impl Understood<'_, '_> {
    fn call(&self) -> Option<&NormalisedCdr> {
        self.call.as_ref().and_then(|call| call.as_ref().ok())
    }
}

/// Takes records through all stages; `standings` are moved by what counters count.
pub fn run<'r>(
    context: &Context<'_>,
    records: impl IntoIterator<Item = Located<'r>>,
    standings: &mut Standings<'_>,
    arena: &mut Arena,
) {
    arena.resolved.version = context.snapshot.version;
    let mut records = records.into_iter();
    let mut block = Vec::with_capacity(BLOCK);
    loop {
        block.clear();
        block.extend(records.by_ref().take(BLOCK).map(|at| (at, understand(context, &at))));
        if block.is_empty() {
            return;
        }
        warm(context.snapshot, block.iter().filter_map(|(_, understood)| understood.call()));
        for (at, understood) in &block {
            settle(context, *at, understood, standings, arena);
        }
    }
}

fn understand<'a, 's>(context: &Context<'s>, at: &Located<'a>) -> Understood<'a, 's> {
    let decoded = match at.correction {
        None => decode(at.bytes, at.header, context.sources),
        Some(correction) => decode_corrected(at.bytes, at.header, context.sources, correction),
    };
    let call = decoded.as_ref().ok().map(|(cdr, source)| normalise(cdr, source, context.now_ms));
    Understood { decoded, call }
}

/// Reads what the look-ups of these calls will read, each kind for all of them before the next, so that the waits for memory overlap. Decides nothing.
fn warm<'c>(snapshot: &Snapshot, calls: impl Iterator<Item = &'c NormalisedCdr> + Clone) {
    let mut accounts = [None; BLOCK];
    for (account, call) in accounts.iter_mut().zip(calls.clone()) {
        let owner = call.src.and_then(|number| snapshot.did(number, call.at_ms()));
        *account = owner.and_then(|did| did.account);
    }
    for account in accounts.iter().flatten() {
        std::hint::black_box(snapshot.warm_account(*account));
    }
    for call in calls {
        std::hint::black_box(call.dst.e164().and_then(|number| snapshot.did(number, call.at_ms())).is_some());
    }
}

/// Takes a record through the stages that need to know the operator.
fn settle(
    context: &Context<'_>,
    at: Located<'_>,
    understood: &Understood<'_, '_>,
    standings: &mut Standings<'_>,
    arena: &mut Arena,
) {
    let (cdr, source) = match &understood.decoded {
        Ok((cdr, source)) => (cdr, *source),
        Err(problem) => {
            let rejected = Rejected::new(SuspenseCode::Undecodable, "decode", problem.0.clone());
            arena.suspend(at, identity_of_place(at.place), 0, rejected, None, false);
            return;
        }
    };
    // A source that nobody configured is named by the record alone: text from outside.
    let own = crate::text::clean(cdr.source.as_deref().unwrap_or_default());
    let code: &str = if source.code.is_empty() { &own } else { &source.code };
    let decoded = Decoded { cdr, source: code, call: understood.call() };
    if let Some(call) = decoded.call {
        arena.resolved.name(call);
    }
    if cdr.is_part() && understood.call().is_some() {
        return settle_part(context, at, (cdr, source), &decoded, standings, arena);
    }
    let identity = |leg| identity(code, cdr, leg, without_mark(at.bytes));
    let call = match understood.call.as_ref().expect("a record that was decoded was looked at") {
        Ok(call) => call,
        Err(rejected) => {
            return arena.suspend(at, identity(cdr.leg), cdr.leg, rejected.clone(), Some(&decoded), false);
        }
    };
    let late = at.received_ms - call.end_ms > context.window_ms || context.may_be_forgotten(call.end_ms);
    let period = context.periods.booking(context.snapshot.usage_day(call.at_ms()));
    let plan = context.snapshot.numbering();
    let destination = call.dst.e164().and_then(|number| plan.destination(number)).map(|id| plan.describe(id));
    for (offset, admitted) in admit(context.snapshot, cdr, call, source).into_iter().flatten() {
        let leg = cdr.leg.wrapping_add(offset);
        let rated = if late && context.late_lookup_failed {
            Err(Rejected::new(
                SuspenseCode::LateBeyondWindow,
                "duplicates",
                Said::fixed(
                    "запись старше окна повторов, а точный поиск повтора сделать не удалось",
                    "older than the duplicate window, and the exact look-up could not be made",
                ),
            ))
        } else {
            admitted.and_then(|admitted| rate(context.snapshot, cdr, call, admitted, None, standings, &mut ()))
        };
        match rated {
            Ok(rated) => {
                let identity = identity(leg);
                if !rated.draws().is_empty() {
                    arena.count_next(standings.count(identity, rated.draws()));
                }
                let row = CallRow {
                    identity,
                    place: at.place,
                    source: code,
                    import_id: at.import_id,
                    cdr,
                    leg,
                    sequence: cdr.sequence,
                    revision: 0,
                    sign: 1,
                    call,
                    rated: &rated,
                    destination,
                    snapshot: context.snapshot,
                    period,
                    late,
                };
                arena.charge(at, &row);
            }
            Err(rejected) => arena.suspend(at, identity(leg), leg, rejected, Some(&decoded), late),
        }
    }
}

/// Takes a part of a long call through the same stages: what is admitted and priced is the whole call so far. Whether the part is a repeat is known by
/// its call, exactly and whatever its age.
fn settle_part(
    context: &Context<'_>,
    at: Located<'_>,
    (cdr, source): (&DecodedCdr<'_>, &SourceRow),
    decoded: &Decoded<'_>,
    standings: &mut Standings<'_>,
    arena: &mut Arena,
) {
    let Some(part) = decoded.call else { return };
    let code = decoded.source;
    let known = long_calls::of_part(standings.long_call(identity_of_call(code, cdr, cdr.leg)), part);
    let first = long_calls::whole(&known.so_far, part, cdr.service, source);
    let late = at.received_ms - part.end_ms > context.window_ms || context.may_be_forgotten(part.end_ms);
    let plan = context.snapshot.numbering();
    let destination = part.dst.e164().and_then(|number| plan.destination(number)).map(|id| plan.describe(id));
    for (offset, admitted) in admit(context.snapshot, cdr, &first, source).into_iter().flatten() {
        let leg = cdr.leg.wrapping_add(offset);
        let identity = identity(code, cdr, leg, without_mark(at.bytes));
        let known = long_calls::of_part(standings.long_call(identity_of_call(code, cdr, leg)), part);
        let is_known = known.has(&identity);
        let is_new = !is_known && !standings.is_repeat(&identity);
        arena.count_next(is_new);
        if !is_new {
            arena.repeat_part(at, (identity, leg), decoded, is_known, late);
            continue;
        }
        let call = long_calls::whole(&known.so_far, part, cdr.service, source);
        let rated = admitted.and_then(|admitted| {
            let counters = WithoutIt::new(standings, &known.so_far);
            rate(context.snapshot, cdr, &call, admitted, None, &counters, &mut ())
        });
        let rated = match rated {
            Ok(rated) => rated,
            Err(rejected) => {
                arena.suspend(at, identity, leg, rejected, Some(decoded), false);
                standings.note(identity);
                continue;
            }
        };
        let mut row = CallRow {
            identity,
            place: at.place,
            source: code,
            import_id: at.import_id,
            cdr,
            leg,
            sequence: cdr.sequence,
            revision: 0,
            sign: 1,
            call: &call,
            rated: &rated,
            destination,
            snapshot: context.snapshot,
            period: context.periods.booking(rated.usage_day),
            late,
        };
        let change = long_calls::change(&known, &mut row, (identity, cdr.is_final), context.periods);
        arena.charge_part(at, identity, &row, change.part.clone());
        standings.count_part(identity, &known.so_far, rated.draws(), change);
    }
}
