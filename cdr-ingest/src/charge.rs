//! Stage 6: what a leg does: a row for ClickHouse, and an effect on the books.
//!
//! In: [`RatedLeg`] or [`Rejected`].  Out: [`ChargedLeg`], its row in the arena of the batch.
//! Owns: identities, the shape of effects, the period that a leg is booked into; putting legs that are rated again in their places.
//! Does not own: adding up and dropping repeats (`assemble`).
//! Always: a leg has exactly one outcome here (never duplicate: that is decided when the batch is assembled).

use std::collections::BTreeSet;
use std::ops::Range;

use billing::streams::StreamId;
use billing::suspense::{Correction, SuspenseEntry};
use chrono::{DateTime, Datelike, Months, NaiveDate, Utc};
use numbering::E164;
use rating::{Money, Outcome, Service};
use rustc_hash::FxHashSet;
use xxhash_rust::xxh3::Xxh3;

use crate::admit::Admission;
use crate::clickhouse::row::{CallRow, Place, TraceRow, calls, suspended};
use crate::decode::DecodedCdr;
use crate::normalise::{NormalisedCdr, Rejected};
use crate::rate::RatedLeg;
use crate::text::clean;

/// How far the times of two reports of one call may lie apart.
pub const REPORTS_APART_MS: i64 = 2 * 86_400_000;

/// Identity of a leg: 128 bits of (source, cdr_id, leg, sequence), or of the raw record where the source has no identity.
pub type Identity = [u8; 16];

/// Identity of a leg by what its source calls it.
pub fn identity(source: &str, cdr: &DecodedCdr<'_>, leg: u8, raw: &[u8]) -> Identity {
    let (kind, own): (&[u8], _) =
        if cdr.cdr_id.is_empty() { (b"\0raw\0", raw) } else { (b"\0id\0", cdr.cdr_id.as_bytes()) };
    digest_of([source.as_bytes(), kind, own, &[0, leg], &cdr.sequence.to_le_bytes()])
}

/// Digest of the parts as if they stood one after another. What fits into a little buffer is digested in one go, without the state of a stream.
fn digest_of<const N: usize>(parts: [&[u8]; N]) -> Identity {
    let mut buffer = [0u8; 192];
    let mut used = 0;
    for part in parts {
        let Some(room) = buffer.get_mut(used..used + part.len()) else {
            let mut hasher = Xxh3::new();
            for part in parts {
                hasher.update(part);
            }
            return hasher.digest128().to_le_bytes();
        };
        room.copy_from_slice(part);
        used += part.len();
    }
    xxhash_rust::xxh3::xxh3_128(&buffer[..used]).to_le_bytes()
}

/// What the parts of a leg have in common: the leg without the number of the part.
pub fn identity_of_call(source: &str, cdr: &DecodedCdr<'_>, leg: u8) -> Identity {
    digest_of([source.as_bytes(), b"\0parts\0", cdr.cdr_id.as_bytes(), &[0, leg], b""])
}

/// Identity of a charge of a leg that comes in parts.
pub fn identity_of_life(call: &Identity, life: u32, setup_ms: i64) -> Identity {
    digest_of([&call[..], b"\0life\0", &life.to_le_bytes(), &setup_ms.to_le_bytes()])
}

/// Identity of a record that cannot be decoded: its place, never its content.
pub fn identity_of_place(place: Place) -> Identity {
    let (stream, partition, offset) =
        (place.stream.to_le_bytes(), place.partition.to_le_bytes(), place.offset.to_le_bytes());
    digest_of([&b"\0place\0"[..], &stream, &partition, &offset])
}

/// Digest of a record's bytes, by which a topic is recognised after a restart.
pub fn record_digest(bytes: &[u8]) -> [u8; 16] {
    xxhash_rust::xxh3::xxh3_128(bytes).to_le_bytes()
}

/// Which months are closed.
#[derive(Clone, Debug, Default)]
pub struct Periods {
    closed: BTreeSet<NaiveDate>,
}

impl Periods {
    /// From the first days of the closed months.
    pub fn new(closed: impl IntoIterator<Item = NaiveDate>) -> Self {
        Self { closed: closed.into_iter().collect() }
    }

    /// First day of the month that usage of `day` is booked into: its own while open, else the oldest open one after it (A9).
    pub fn booking(&self, day: NaiveDate) -> NaiveDate {
        let mut month = first_of_month(day);
        while self.closed.contains(&month) {
            month = month + Months::new(1);
        }
        month
    }
}

/// The first day of the month of a day.
pub fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).expect("every month has a first day")
}

/// Effect of a leg on Postgres.
#[derive(Clone, Debug)]
pub enum Effect {
    /// The account owes an amount, possibly 0.
    Usage {
        /// Account.
        account: u64,
        /// Day.
        day: NaiveDate,
        /// Period.
        period: NaiveDate,
        /// Service.
        service: Service,
        /// Tax in hundredths of a percent.
        tax_basis_points: u32,
        /// With tax.
        gross: Money,
        /// Without tax.
        net: Money,
        /// Seconds charged.
        seconds: u64,
    },
    /// A call to a number not in work.
    NonTarget {
        /// The number.
        did: E164,
        /// Day.
        day: NaiveDate,
        /// The caller.
        caller: Option<E164>,
    },
    /// A part of a long call: the whole so far instead of what was charged before.
    Part(Box<Part>),
    /// The leg waits.
    Suspense(Box<SuspenseEntry>),
    /// Nothing but its row.
    Nothing,
}

/// What a part of a long call does.
#[derive(Clone, Debug)]
pub struct Part {
    /// The charge of the parts before it, taken back.
    pub before: Option<TakenBack>,
    /// What the whole so far does. Nothing for a part that was taken for a repeat.
    pub now: Effect,
    /// Whether its call says that it is charged.
    pub is_known: bool,
}

/// A charge that is taken back.
#[derive(Clone, Debug)]
pub struct TakenBack {
    /// Time by whose month its row is filed.
    pub row_ms: i64,
    /// Its row.
    pub row: Vec<u8>,
    /// What it had done.
    pub effect: Effect,
}

/// A leg with everything it does.
#[derive(Clone, Debug)]
pub struct ChargedLeg {
    /// Identity.
    pub identity: Identity,
    /// Outcome.
    pub outcome: Outcome,
    /// Leg number.
    pub leg: u8,
    /// Older than the duplicate window when it arrived, or of a file that is imported: looked up exactly (A8).
    pub late: bool,
    /// The call took place in spite of a lock.
    pub lock_breach: bool,
    /// Position of the record.
    pub offset: i64,
    /// Message time.
    pub received_ms: i64,
    /// End of the call; the message time when not known.
    pub end_ms: i64,
    /// Time by whose month the row is filed.
    pub row_ms: i64,
    /// Set-up of the call; the message time when not known.
    pub setup_ms: i64,
    /// The row in the arena.
    pub row: Range<usize>,
    /// Source and identity in the texts of the arena.
    pub source: Range<usize>,
    /// As above.
    pub cdr_id: Range<usize>,
    /// The call that it ends, as its source names it, in those texts, and whether somebody answered: its hold goes with it.
    pub ends: Option<(Range<usize>, bool)>,
    /// Effect on the books.
    pub effect: Effect,
}

impl ChargedLeg {
    /// The same leg where its row and its texts lie so many bytes further on.
    fn moved_by(self, rows: usize, texts: usize) -> Self {
        let by = |range: Range<usize>, bytes| range.start + bytes..range.end + bytes;
        let (row, source, cdr_id) = (by(self.row, rows), by(self.source, texts), by(self.cdr_id, texts));
        let ends = self.ends.map(|(call, answered)| (by(call, texts), answered));
        Self { row, source, cdr_id, ends, ..self }
    }
}

/// Rows and texts of a batch under construction.
#[derive(Debug, Default)]
pub struct Arena {
    /// Encoded rows.
    pub rows: Vec<u8>,
    /// Texts of legs.
    pub texts: String,
    /// Legs in order of their offsets.
    pub legs: Vec<ChargedLeg>,
    /// Legs whose price depends on legs before them: those that counters count, and parts of long calls.
    pub counted: Vec<CountedLeg>,
    /// By what they were resolved.
    pub resolved: crate::stages::Resolved,
}

/// A leg whose price depends on legs before it, and that of legs after it on this one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CountedLeg {
    /// Index in [`Arena::legs`].
    pub leg: usize,
    /// Whether it was taken for new: a repeat moves nothing.
    pub is_new: bool,
}

/// A record where it stands. No `Debug`: numbers do not belong into logs.
#[derive(Clone, Copy)]
pub struct Located<'a> {
    /// Bytes.
    pub bytes: &'a [u8],
    /// Position.
    pub place: Place,
    /// Message time.
    pub received_ms: i64,
    /// Source that the message names beside the record.
    pub header: Option<&'a str>,
    /// Import that the record belongs to, 0 = the live stream.
    pub import_id: u64,
    /// What a person says the record should read.
    pub correction: Option<&'a Correction>,
}

impl Arena {
    /// With room for the legs of so many records, of so many bytes together.
    pub fn for_records(records: usize, bytes: usize) -> Self {
        let legs = Vec::with_capacity(records + records / 8);
        Self { legs, rows: Vec::with_capacity(bytes), ..Self::default() }
    }

    /// Positions of the records that have legs which counters count, in order.
    pub fn counted_offsets(&self) -> impl Iterator<Item = i64> + '_ {
        self.counted.iter().map(|counted| self.legs[counted.leg].offset)
    }

    /// Puts the legs of `again` into the place of those whose records stand at `offsets`; the order of offsets stays. Rows and texts of what they replace
    /// remain as bytes that no leg names: they are few, and to move all the others would cost more. Their records name the same numbers as before.
    pub fn replace(&mut self, offsets: &FxHashSet<i64>, mut again: Self) {
        let (rows, texts) = (self.rows.len(), self.texts.len());
        self.rows.append(&mut again.rows);
        self.texts.push_str(&again.texts);
        let mut fresh = again.drain().peekable();
        let mut done = i64::MIN;
        let former = self.drain();
        self.legs.reserve(former.size_hint().0);
        for (leg, is_new) in former {
            if !offsets.contains(&leg.offset) {
                self.push(leg, is_new);
            } else if leg.offset != done {
                done = leg.offset;
                while let Some((leg, is_new)) = fresh.next_if(|(leg, _)| leg.offset == done) {
                    self.push(leg.moved_by(rows, texts), is_new);
                }
            }
        }
    }

    /// Takes the legs out, each with whether it was taken for new, if it is counted.
    fn drain(&mut self) -> impl Iterator<Item = (ChargedLeg, Option<bool>)> + use<> {
        let mut counted = std::mem::take(&mut self.counted).into_iter().peekable();
        std::mem::take(&mut self.legs).into_iter().enumerate().map(move |(index, leg)| {
            let own = counted.next_if(|counted| counted.leg == index);
            (leg, own.map(|counted| counted.is_new))
        })
    }

    fn push(&mut self, leg: ChargedLeg, is_new: Option<bool>) {
        if let Some(is_new) = is_new {
            self.count_next(is_new);
        }
        self.legs.push(leg);
    }

    fn text(&mut self, text: &str) -> Range<usize> {
        let start = self.texts.len();
        self.texts.push_str(text);
        start..self.texts.len()
    }

    /// Notes that the price of the next leg depends on legs before it.
    pub fn count_next(&mut self, is_new: bool) {
        self.counted.push(CountedLeg { leg: self.legs.len(), is_new });
    }

    /// Adds a rated or non-target leg.
    pub fn charge(&mut self, at: Located<'_>, row: &CallRow<'_>) {
        self.add(at, row.identity, row, effect(row.call, row.rated, row.snapshot, row.period));
    }

    /// Adds a part of a long call: `row` is that of the whole so far.
    pub fn charge_part(&mut self, at: Located<'_>, identity: Identity, row: &CallRow<'_>, part: Part) {
        self.add(at, identity, row, Effect::Part(Box::new(part)));
    }

    fn add(&mut self, at: Located<'_>, identity: Identity, row: &CallRow<'_>, effect: Effect) {
        let start = self.rows.len();
        calls::encode(&mut self.rows, row);
        let (source, cdr_id) = (self.text(row.source), self.text(&clean(&row.cdr.cdr_id)));
        let is_last = row.cdr.is_final && row.cdr.service.is_call() && !row.cdr.call_id.is_empty();
        let ends = is_last.then(|| (self.text(&clean(&row.cdr.call_id)), row.call.answer_ms.is_some()));
        self.legs.push(ChargedLeg {
            identity,
            outcome: if row.rated.price.is_some() { Outcome::Rated } else { Outcome::NonTarget },
            leg: row.leg,
            late: row.late || at.import_id != 0,
            lock_breach: row.rated.price.as_ref().is_some_and(|price| price.breached_lock.is_some()),
            offset: at.place.offset,
            received_ms: at.received_ms,
            end_ms: row.call.end_ms,
            row_ms: row.call.setup_ms,
            setup_ms: row.call.setup_ms,
            row: start..self.rows.len(),
            source,
            cdr_id,
            ends,
            effect,
        });
    }

    /// Adds a part of a long call that was charged before.
    pub fn repeat_part(
        &mut self,
        at: Located<'_>,
        (identity, leg): (Identity, u8),
        decoded: &Decoded<'_>,
        is_known: bool,
        late: bool,
    ) {
        let (source, cdr_id) = (self.text(decoded.source), self.text(&clean(&decoded.cdr.cdr_id)));
        let (start, call) = (self.rows.len(), decoded.call);
        self.legs.push(ChargedLeg {
            identity,
            outcome: Outcome::Rated,
            leg,
            late,
            lock_breach: false,
            offset: at.place.offset,
            received_ms: at.received_ms,
            end_ms: call.map_or(at.received_ms, |call| call.end_ms),
            row_ms: at.received_ms,
            setup_ms: call.map_or(at.received_ms, |call| call.setup_ms),
            row: start..start,
            source,
            cdr_id,
            ends: None,
            effect: Effect::Part(Box::new(Part { before: None, now: Effect::Nothing, is_known })),
        });
    }

    /// Adds a leg that could not be rated.
    pub fn suspend(
        &mut self,
        at: Located<'_>,
        identity: Identity,
        leg: u8,
        rejected: Rejected,
        decoded: Option<&Decoded<'_>>,
        late: bool,
    ) {
        let cdr = decoded.map(|decoded| decoded.cdr);
        let call = decoded.and_then(|decoded| decoded.call);
        let source = decoded.map_or("", |decoded| decoded.source);
        let cdr_id = cdr.map_or(std::borrow::Cow::Borrowed(""), |cdr| clean(&cdr.cdr_id));
        let start = self.rows.len();
        let row = TraceRow {
            identity,
            place: at.place,
            source,
            cdr_id: &cdr_id,
            leg,
            code: rejected.code.as_str(),
            stage: rejected.stage,
            received_ms: at.received_ms,
            sign: 1,
        };
        suspended::encode(&mut self.rows, &row);
        let entry = SuspenseEntry {
            identity,
            stream: StreamId(at.place.stream as i32),
            partition: at.place.partition,
            offset: at.place.offset,
            import_id: at.import_id,
            source: source.to_owned(),
            header: at.header.map(|header| clean(header).into_owned()),
            code: rejected.code,
            stage: rejected.stage,
            detail: clean(rejected.detail.english()).into_owned(),
            cdr_id: cdr_id.clone().into_owned(),
            leg,
            sequence: cdr.map_or(0, |cdr| cdr.sequence),
            src: cdr.map_or_else(String::new, |cdr| clean(&cdr.src).into_owned()),
            dst: cdr.map_or_else(String::new, |cdr| clean(&cdr.dst).into_owned()),
            started_at: cdr.and_then(|cdr| cdr.answer_ms.or(cdr.setup_ms)).and_then(sensible),
            raw: at.bytes.to_vec(),
            received_at: instant(at.received_ms),
        };
        let (source, cdr_id) = (self.text(source), self.text(&cdr_id));
        self.legs.push(ChargedLeg {
            identity,
            outcome: Outcome::Suspended,
            leg,
            late: late || at.import_id != 0,
            lock_breach: false,
            offset: at.place.offset,
            received_ms: at.received_ms,
            end_ms: call.map_or(at.received_ms, |call| call.end_ms),
            row_ms: at.received_ms,
            setup_ms: call.map_or(at.received_ms, |call| call.setup_ms),
            row: start..self.rows.len(),
            source,
            cdr_id,
            ends: None,
            effect: Effect::Suspense(Box::new(entry)),
        });
    }
}

/// A record that was decoded, with its source.
pub struct Decoded<'a> {
    /// The record.
    pub cdr: &'a DecodedCdr<'a>,
    /// Code of its source.
    pub source: &'a str,
    /// Its numbers and times, where they are understood.
    pub call: Option<&'a NormalisedCdr>,
}

impl ChargedLeg {
    /// Whether it is a part of a long call, which is known by the call and not by its row.
    pub const fn is_part(&self) -> bool {
        matches!(self.effect, Effect::Part(_))
    }

    /// Whether it is a part that was taken for a repeat: it has no row, and must not be added as anything else.
    pub fn is_repeated_part(&self) -> bool {
        self.is_part() && self.row.is_empty()
    }

    /// Whether it is a part that its call has already.
    pub fn is_known_part(&self) -> bool {
        matches!(&self.effect, Effect::Part(part) if part.is_known)
    }
}

/// What a leg does to the books.
pub(crate) fn effect(call: &NormalisedCdr, rated: &RatedLeg, snapshot: &rating::Snapshot, period: NaiveDate) -> Effect {
    match rated.leg.admission {
        Admission::NonTarget(did) => Effect::NonTarget { did, day: rated.usage_day, caller: call.src },
        Admission::Rate { account: Some(account), .. } => Effect::Usage {
            account: snapshot.account(account).id.0,
            day: rated.usage_day,
            period,
            service: rated.leg.service,
            tax_basis_points: rated.tax_basis_points,
            gross: rated.retail().amount,
            net: rated.net,
            seconds: if rated.leg.service.is_call() { rated.retail().billed_s } else { 0 },
        },
        Admission::Rate { account: None, .. } => Effect::Nothing,
    }
}

/// A moment that fits every column; the epoch for one that does not.
pub fn instant(ms: i64) -> DateTime<Utc> {
    sensible(ms).unwrap_or_default()
}

fn sensible(ms: i64) -> Option<DateTime<Utc>> {
    (0..4_102_444_800_000).contains(&ms).then(|| DateTime::from_timestamp_millis(ms)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long and short parts have the digest of their joined bytes.
    #[test]
    fn a_digest_does_not_depend_on_how_it_is_computed() {
        for length in [0, 1, 100, 191, 192, 193, 5_000] {
            let long = vec![b'x'; length];
            assert_eq!(digest_of([b"", &long[..], b""]), record_digest(&long), "{length}");
            let joined = [b"ab", &long[..], b"c"].concat();
            assert_eq!(digest_of([b"ab", &long[..], b"c"]), record_digest(&joined), "{length}");
        }
    }

    fn leg(arena: &mut Arena, offset: i64, text: &str, counted: Option<bool>) {
        let start = arena.rows.len();
        arena.rows.extend_from_slice(text.as_bytes());
        let (source, cdr_id) = (arena.text("s"), arena.text(text));
        if let Some(is_new) = counted {
            arena.count_next(is_new);
        }
        arena.legs.push(ChargedLeg {
            identity: [0; 16],
            outcome: Outcome::Rated,
            leg: 0,
            late: false,
            lock_breach: false,
            offset,
            received_ms: 0,
            end_ms: 0,
            row_ms: 0,
            setup_ms: 0,
            row: start..arena.rows.len(),
            source,
            cdr_id,
            ends: None,
            effect: Effect::Nothing,
        });
    }

    fn told(arena: &Arena) -> Vec<String> {
        let legs = arena.legs.iter().enumerate().map(|(index, leg)| {
            let is_new = arena.counted.iter().find(|counted| counted.leg == index).map(|counted| counted.is_new);
            let row = std::str::from_utf8(&arena.rows[leg.row.clone()]).unwrap();
            let (source, id) = (&arena.texts[leg.source.clone()], &arena.texts[leg.cdr_id.clone()]);
            format!("{} {row} {source} {id} {is_new:?}", leg.offset)
        });
        legs.collect()
    }

    /// A record of two legs of which one is counted, one that is not counted, one that becomes one leg of two.
    #[test]
    fn what_is_rated_again_stands_where_it_stood() {
        let mut arena = Arena::default();
        for (offset, text, counted) in
            [(3, "a1", None), (3, "a2", Some(true)), (4, "b", None), (9, "c", Some(true)), (12, "d", None)]
        {
            leg(&mut arena, offset, text, counted);
        }
        let mut again = Arena::default();
        for (offset, text, counted) in [(3, "A1", None), (3, "A2", Some(false)), (9, "C1", Some(true)), (9, "C2", None)]
        {
            leg(&mut again, offset, text, counted);
        }
        let offsets = arena.counted_offsets().collect();
        arena.replace(&offsets, again);
        assert_eq!(
            told(&arena),
            [
                "3 A1 s A1 None",
                "3 A2 s A2 Some(false)",
                "4 b s b None",
                "9 C1 s C1 Some(true)",
                "9 C2 s C2 None",
                "12 d s d None"
            ]
        );
    }

    #[test]
    fn usage_of_a_closed_month_goes_into_the_oldest_open_one() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let periods = Periods::new([day("2026-09-01"), day("2026-10-01")]);
        for (usage, booked) in [
            ("2026-11-15", "2026-11-01"),
            ("2026-10-31", "2026-11-01"),
            ("2026-09-01", "2026-11-01"),
            ("2026-08-31", "2026-08-01"),
        ] {
            assert_eq!(periods.booking(day(usage)), day(booked), "{usage}");
        }
    }
}
