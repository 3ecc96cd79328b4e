//! Calls that come in parts: each part prices the whole call so far, and the difference is charged.
//!
//! In: a part and what is known of its call.  Out: the whole so far; what its charge does instead of the charge before; what is known of the call then.
//! Owns: what parts come to together, which charge of a call goes on and which is begun anew.
//! Does not own: the price, where the state is kept (`billing::long_calls`), whether it still stood so at the commit.
//! Always: in whatever order parts come, and however they are cut, they come to the price of one record of the whole; a call has one charge that stands, each
//! part revises it; what chooses a charge (account, set-up, usage day, dialled number, place) is the same in all its revisions: where a part moves
//! it, the charge is taken back and another one begun.

use billing::long_calls::{Books, Charged, LongCall, SoFar};
use billing::rework::Revision;
use numbering::E164;
use rating::counter::{CounterKey, Counters, Draw};
use rating::rows::{AccountId, CounterId, SourceRow};
use rating::{Money, Service, Usage};

use crate::charge::{Effect, Identity, Part, Periods, REPORTS_APART_MS, TakenBack, effect};
use crate::clickhouse::revision::{Revised, revisions};
use crate::clickhouse::row::{CallRow, Place, book_into, calls};
use crate::normalise::NormalisedCdr;

/// A charge with more revisions is taken back, and another one begun.
const REVISIONS_MAX: u16 = u16::MAX - 4;

/// What the books say a charge did.
pub fn books(effect: &Effect) -> Books {
    match effect {
        Effect::Usage { service, tax_basis_points, gross, net, seconds, .. } => Books::Usage {
            service: service.to_string(),
            tax_basis_points: *tax_basis_points,
            gross: gross.nanos(),
            net: net.nanos(),
            seconds: *seconds,
        },
        Effect::NonTarget { did, caller, .. } => {
            Books::NonTarget { did: did.to_string(), caller: caller.map(|caller| caller.to_string()) }
        }
        Effect::Part(_) | Effect::Suspense(_) | Effect::Nothing => Books::Nothing,
    }
}

/// The effect that a charge had, booked into the month that is open for it now.
fn booked(charged: &Charged, periods: &Periods) -> Effect {
    let number = |text: &str| E164::parse(text);
    match &charged.books {
        Books::Usage { service, tax_basis_points, gross, net, seconds } => Effect::Usage {
            account: charged.account,
            day: charged.usage_day,
            period: periods.booking(charged.usage_day),
            service: service.parse().unwrap_or(Service::Outgoing),
            tax_basis_points: *tax_basis_points,
            gross: Money::from_nanos(*gross).unwrap_or(Money::ZERO),
            net: Money::from_nanos(*net).unwrap_or(Money::ZERO),
            seconds: *seconds,
        },
        Books::NonTarget { did, caller } => match number(did) {
            Some(did) => Effect::NonTarget { did, day: charged.usage_day, caller: caller.as_deref().and_then(number) },
            None => Effect::Nothing,
        },
        Books::Nothing => Effect::Nothing,
    }
}

/// What of a call a part brings, in the unit that is added up: milliseconds of a call, pieces of an event.
const fn used(call: &NormalisedCdr, is_call: bool) -> u64 {
    if is_call { call.duration_ms } else { call.usage.duration_ms / 1000 }
}

/// What is known of the call of a part. Sources use identities again: a part days away from the others is of another call.
pub fn of_part(known: &LongCall, part: &NormalisedCdr) -> LongCall {
    let is_another = |charged: &Charged| {
        part.setup_ms > charged.end_ms + REPORTS_APART_MS || part.end_ms < charged.setup_ms - REPORTS_APART_MS
    };
    if known.so_far.charged.as_ref().is_some_and(is_another) { known.taken_back() } else { known.clone() }
}

/// The whole call so far: the parts that are charged, and this one.
pub fn whole(so_far: &SoFar, part: &NormalisedCdr, service: Service, source: &SourceRow) -> NormalisedCdr {
    let Some(charged) = &so_far.charged else { return part.clone() };
    let is_call = service.is_call();
    let answer_ms = match (charged.answer_ms, part.answer_ms) {
        (Some(former), Some(own)) => Some(former.min(own)),
        (former, own) => former.or(own),
    };
    let used = charged.used.saturating_add(used(part, is_call));
    NormalisedCdr {
        setup_ms: charged.setup_ms.min(part.setup_ms),
        answer_ms,
        end_ms: charged.end_ms.max(part.end_ms),
        duration_ms: if is_call { used } else { 0 },
        usage: match (answer_ms, is_call) {
            (None, _) => Usage::ATTEMPT,
            // A call is rounded to whole seconds as one, not part by part.
            (Some(_), true) => Usage::call(source.whole_seconds.apply(used)),
            (Some(_), false) => Usage::event(used),
        },
        ..part.clone()
    }
}

/// Counters as they would stand if the charge of the parts before had not been: the whole is priced from there.
#[derive(Debug)]
pub struct WithoutIt<'a> {
    counters: &'a dyn Counters,
    own: Vec<(CounterKey, u64)>,
}

impl<'a> WithoutIt<'a> {
    /// Of a call so far.
    pub fn new(counters: &'a dyn Counters, so_far: &SoFar) -> Self {
        Self { counters, own: own_draws(so_far) }
    }
}

impl Counters for WithoutIt<'_> {
    fn used(&self, key: &CounterKey) -> u64 {
        let own = self.own.iter().filter(|(own, _)| own == key).map(|(_, used)| used).sum::<u64>();
        self.counters.used(key).saturating_sub(own)
    }
}

/// What the charge of a call has added to counters.
pub fn own_draws(so_far: &SoFar) -> Vec<(CounterKey, u64)> {
    let charged = so_far.charged.iter();
    let draws = charged.flat_map(|charged| charged.draws.iter().map(move |draw| (charged.account, draw)));
    draws
        .map(|(account, (counter, period, used))| {
            (CounterKey { account: AccountId(account), counter: CounterId(*counter), period: *period }, *used)
        })
        .collect()
}

/// What a part changes.
pub struct Change {
    /// What it does to the books.
    pub part: Part,
    /// The call with it.
    pub call: LongCall,
    /// Revisions that it gives.
    pub revisions: Vec<Revision>,
}

/// What a part does that is new. `row` is that of the whole so far, and becomes that of its charge: identity, place and revision are set here.
pub fn change(known: &LongCall, row: &mut CallRow<'_>, (part, is_last): (Identity, bool), periods: &Periods) -> Change {
    let rated = row.rated;
    let account = rated.account(row.snapshot).map_or(0, |account| account.0);
    let dst = row.call.dst.digits().to_string();
    let effect = effect(row.call, rated, row.snapshot, row.period);
    let former = known.so_far.charged.as_ref();
    let goes_on = former.filter(|former| {
        former.account == account
            && former.setup_ms == row.call.setup_ms
            && former.usage_day == rated.usage_day
            && former.dst == dst
            && former.revision < REVISIONS_MAX
    });
    let mut revisions: Vec<Revision> =
        former.iter().map(|former| Revision { identity: known.charge, revision: former.revision + 1 }).collect();
    let life = match (former, goes_on) {
        (Some(_), None) => known.so_far.life + 1,
        _ => known.so_far.life,
    };
    row.identity = crate::charge::identity_of_life(&known.call, life, row.call.setup_ms);
    if let Some(former) = goes_on {
        row.place = Place { stream: former.stream, partition: former.partition, offset: former.offset };
        row.import_id = former.import_id;
        row.sequence = former.sequence;
        row.revision = former.revision + 2;
        revisions.push(Revision { identity: row.identity, revision: row.revision });
    }
    let before = former.map(|former| {
        let mut row = known.reversal.clone();
        book_into(&mut row, periods.booking(former.usage_day));
        TakenBack { row_ms: former.setup_ms, row, effect: booked(former, periods) }
    });
    let charged = Charged {
        setup_ms: row.call.setup_ms,
        answer_ms: row.call.answer_ms,
        end_ms: row.call.end_ms,
        used: used(row.call, row.cdr.service.is_call()),
        revision: row.revision,
        stream: row.place.stream,
        partition: row.place.partition,
        offset: row.place.offset,
        import_id: row.import_id,
        sequence: row.sequence,
        account,
        usage_day: rated.usage_day,
        dst,
        books: books(&effect),
        draws: rated.draws().iter().map(|draw| (draw.key.counter.0, draw.key.period, draw.used)).collect(),
    };
    let call = LongCall {
        call: known.call,
        version: known.version,
        charge: row.identity,
        parts: [&known.parts[..], &part].concat(),
        is_over: known.is_over || is_last,
        so_far: SoFar { life, charged: Some(charged) },
        reversal: reversal(row),
    };
    Change { part: Part { before, now: effect, is_known: false }, call, revisions }
}

/// The row that takes a charge back, as its next revision.
fn reversal(row: &CallRow<'_>) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(512);
    calls::encode(&mut bytes, &CallRow { sign: -1, revision: row.revision + 1, ..*row });
    bytes
}

/// Draws that lead from where counters stand to where they stand with the whole so far.
pub fn steps(so_far: &SoFar, draws: &[Draw]) -> Vec<(CounterKey, i128)> {
    let given_back = own_draws(so_far).into_iter().map(|(key, used)| (key, -i128::from(used)));
    given_back.chain(draws.iter().map(|draw| (draw.key, i128::from(draw.used)))).collect()
}

/// A call whose charge was priced again by a job: what the next part takes back is the charge as it is now.
pub fn revised(known: &LongCall, row: &Revised<'_>) -> LongCall {
    let mut call = known.clone();
    call.reversal.clear();
    revisions::encode(&mut call.reversal, &Revised { sign: -1, revision: row.revision + 1, ..*row });
    if let Some(charged) = &mut call.so_far.charged {
        charged.revision = row.revision;
        let draws = row.figures.counters.iter();
        charged.draws = draws.map(|(counter, period, _, used)| (counter.0, *period, *used)).collect();
        if let Books::Usage { tax_basis_points: tax, gross, net, seconds, .. } = &mut charged.books {
            let retail = &row.figures.retail;
            (*tax, *gross, *net) = (retail.tax_basis_points, retail.gross.nanos(), retail.net.nanos());
            *seconds = if row.is_call { retail.billed } else { 0 };
        }
    }
    call
}
