//! The stream of records of a few days, and what it must come to.
//!
//! **Owns:** the mix, the order, repeats, and the record that goes out. **Does not own:** single calls (`calls`, `special`, `spoiled`), their bytes
//! (`encode`), their judgement (`oracle`). **Always:** the stream is in the order in which calls end, but for repeats and for times that are
//! wrong on purpose; a repeat follows what it repeats.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::call::Call;
use super::calls::Draw;
use super::encode::encode;
use super::error::GenerateError;
use super::expectation::{Expectation, SuspenseCode, Tally};
use super::model::Operator;
use super::oracle::{Leg, Oracle, Outcome, Owed};
use super::pools::Pools;
use super::price_book::destinations;
use super::rng::Rng;
use super::schedule::Schedule;
use super::spoiled::Damage;

const DAY_MS: i64 = 86_400_000;
/// Of a thousand records: history of calls to idle numbers, and repeats.
const HISTORY_PER_MILLE: u64 = 12;
const REPEATS_PER_MILLE: u64 = 10;
/// Of a thousand records of a known payer: those that go to some other partition than the rest of his, so that partitions meet at his counters.
const STRAY_PER_MILLE: u64 = 5;

/// What traffic to make.
#[derive(Debug, Clone, Copy)]
pub struct TrafficOptions {
    /// The same seed gives the same stream.
    pub seed: u64,
    /// How many records.
    pub cdrs: u64,
    /// "Now": no valid call ends later.
    pub until: DateTime<Utc>,
    /// Days of the main traffic before `until`; 3 is usual.
    pub days: u32,
    /// Days over which calls to idle numbers are spread; 40 shows every class of quarantine.
    pub non_target_days: u32,
}

/// A record as a switch sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GeneratedRecord {
    /// The bytes, without a line break.
    pub payload: Vec<u8>,
    /// The message header `source`, where the switch sets one.
    pub source: Option<String>,
    /// The message key: records of one key go to one partition.
    pub key: Vec<u8>,
    /// The time of the message: shortly after the end of the call.
    pub timestamp_ms: i64,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Outgoing,
    Incoming,
    TollFree,
    Forwarded,
    Internal,
    OnNet,
    Emergency,
    ShortCode,
    Message,
    IdleNumber,
    OwnToIdle,
    HalfAnswered,
    ClientLock,
    OperatorLock,
    FraudLock,
    NoRetailPrice,
    Overflow,
    UnknownSubscriber,
    Ambiguous,
    BadNumber,
    BadTimes,
    OutOfRange,
    LongCall,
    Damaged,
}

/// Of 100,000 draws. The bad ones come to about half of one percent.
const MIX: &[(Kind, u32)] = &[
    (Kind::Outgoing, 64_764),
    (Kind::Incoming, 18_000),
    (Kind::TollFree, 3_500),
    (Kind::Forwarded, 2_000),
    (Kind::Internal, 2_000),
    (Kind::OnNet, 5_600),
    (Kind::Emergency, 150),
    (Kind::ShortCode, 150),
    (Kind::Message, 2_000),
    (Kind::IdleNumber, 600),
    (Kind::OwnToIdle, 200),
    (Kind::HalfAnswered, 60),
    (Kind::ClientLock, 160),
    (Kind::OperatorLock, 160),
    (Kind::FraudLock, 50),
    (Kind::NoRetailPrice, 80),
    (Kind::Overflow, 16),
    (Kind::UnknownSubscriber, 80),
    (Kind::Ambiguous, 40),
    (Kind::BadNumber, 70),
    (Kind::BadTimes, 50),
    (Kind::OutOfRange, 30),
    (Kind::LongCall, 150),
    (Kind::Damaged, 90),
];

/// So close to the end no call is reported in parts, so that all of them are among the records that were asked for.
const NO_PARTS_AT_THE_END: u64 = 500;

/// A record on its way out, with how many legs it has when it is repeated.
struct Repeat {
    record: GeneratedRecord,
    legs: u64,
}

struct Stream<'p, 'a> {
    draw: Draw<'p, 'a>,
    /// Apart from `draw`, so that a change in how records are written does not change which calls there are.
    writing: Rng,
    oracle: Oracle<'a>,
    tally: Tally,
    operator: &'a Operator,
    options: TrafficOptions,
    until_ms: i64,
    /// Repeats by the index at which they are due.
    repeats: BTreeMap<u64, Vec<Repeat>>,
    /// Second records of on-net calls.
    waiting: Vec<(Call<'a>, i64)>,
    /// Further parts of long calls.
    parts: Vec<GeneratedRecord>,
}

/// Makes the records of `options`, hands each to `sink`, and says what they must come to.
///
/// `destinations_csv` is the text of the destinations file, from which numbers are drawn.
///
/// # Errors
///
/// When the destinations cannot be read or the sink refuses a record.
pub fn generate(
    options: &TrafficOptions,
    operator: &Operator,
    destinations_csv: &str,
    sink: &mut dyn FnMut(GeneratedRecord) -> Result<(), GenerateError>,
) -> Result<Expectation, GenerateError> {
    let world = destinations(destinations_csv)?;
    let until_ms = options.until.timestamp_millis();
    let pools = Pools::draw(operator, &world, until_ms, &mut Rng::new(options.seed, "pools"));
    let mut stream = Stream {
        draw: Draw::new(&pools, options.seed),
        writing: Rng::new(options.seed, "writing"),
        oracle: Oracle::new(operator, until_ms),
        tally: Tally::default(),
        operator,
        options: *options,
        until_ms,
        repeats: BTreeMap::new(),
        waiting: Vec::new(),
        parts: Vec::new(),
    };
    let has_history = options.non_target_days > options.days;
    let history = if has_history { options.cdrs * HISTORY_PER_MILLE / 1_000 } else { 0 };
    let schedule = Schedule::new(options.until, options.days, options.cdrs - history);
    let history_begin_ms = until_ms - i64::from(options.non_target_days) * DAY_MS;
    for index in 0..options.cdrs {
        if stream.send_repeat(index, sink)? {
            continue;
        }
        if index < history {
            let span = u128::from((schedule.begin_ms() - history_begin_ms).unsigned_abs());
            let into = i64::try_from(span * u128::from(index) / u128::from(history)).unwrap_or(0);
            let call = stream.draw.idle_number(history_begin_ms + into);
            stream.send(call, history_begin_ms + into, index, sink)?;
        } else {
            stream.next(index, schedule.end_ms(index - history), sink)?;
        }
    }
    stream.send_rest(sink)?;
    stream.tally.finish(operator)
}

type Sink<'s> = &'s mut dyn FnMut(GeneratedRecord) -> Result<(), GenerateError>;

impl<'a> Stream<'_, 'a> {
    /// One record of the main traffic, ending at `end_ms`.
    fn next(&mut self, index: u64, end_ms: i64, sink: Sink<'_>) -> Result<(), GenerateError> {
        if let Some((call, ended_ms)) = self.waiting.pop() {
            return self.send(call, ended_ms, index, sink);
        }
        if let Some(part) = self.parts.pop() {
            self.tally.record();
            return sink(part);
        }
        let kind = MIX[self.draw.rng.weighted(MIX.iter().map(|kind| kind.1))].0;
        match kind {
            Kind::LongCall => {
                let call = self.draw.long(end_ms);
                return self.send_in_parts(call, index, sink);
            }
            Kind::Damaged => return self.send_damaged(end_ms, sink),
            _ => {}
        }
        let mut calls = draw_sound(&mut self.draw, kind, end_ms).into_iter();
        let first = calls.next();
        self.waiting.extend(calls.map(|call| (call, end_ms)));
        first.map_or(Ok(()), |call| self.send(call, end_ms, index, sink))
    }

    /// Judges the call, sends it, and now and then keeps it to be sent again.
    fn send(&mut self, call: Call<'a>, end_ms: i64, index: u64, sink: Sink<'_>) -> Result<(), GenerateError> {
        let legs = self.oracle.judge(&call);
        for leg in &legs {
            self.tally.leg(leg);
        }
        let payer = legs.first().and_then(|leg| leg.retail.as_ref()).map(Owed::account);
        let record = self.record(&call, payer, end_ms);
        if self.draw.rng.chance(REPEATS_PER_MILLE, 1_000) {
            self.keep_repeat(call, &record, legs.len() as u64, index);
        }
        self.tally.record();
        sink(record)
    }

    /// Sends a call in parts, in any order: the oracle judges the whole. One that counts for a counter, or is not rated, goes out whole.
    fn send_in_parts(&mut self, call: Call<'a>, index: u64, sink: Sink<'_>) -> Result<(), GenerateError> {
        let (end_ms, answer_ms) = (call.end_ms, call.answer_ms.unwrap_or(call.end_ms));
        let legs = self.oracle.judge(&call);
        let is_plain = |leg: &Leg| leg.outcome == Outcome::Rated && !matches!(leg.retail, Some(Owed::Counted(_)));
        let lasted_ms = end_ms - answer_ms;
        if !legs.iter().all(is_plain) || lasted_ms < 2 || index + NO_PARTS_AT_THE_END > self.options.cdrs {
            return self.send(call, end_ms, index, sink);
        }
        for leg in &legs {
            self.tally.leg(leg);
        }
        let payer = legs.first().and_then(|leg| leg.retail.as_ref()).map(Owed::account);
        let cuts = 1 + self.draw.rng.below(3);
        let mut ends: Vec<i64> = (0..cuts).map(|_| answer_ms + self.draw.rng.between(1, lasted_ms - 1)).collect();
        ends.push(end_ms);
        ends.sort_unstable();
        ends.dedup();
        self.tally.further_parts((ends.len() - 1) as u64 * legs.len() as u64);
        let mut begin_ms = answer_ms;
        for (number, until_ms) in (1..).zip(&ends) {
            let is_first = number == 1;
            let part = Call {
                sequence: number,
                is_final: *until_ms == end_ms,
                setup_ms: if is_first { call.setup_ms } else { begin_ms },
                answer_ms: Some(begin_ms),
                end_ms: *until_ms,
                billable_ms: None,
                ..call.clone()
            };
            let record = self.record(&part, payer, *until_ms);
            // The same bytes: the copy may go out before this one.
            if self.draw.rng.chance(REPEATS_PER_MILLE, 1_000) {
                let due = index + 1 + self.draw.rng.below(self.options.cdrs / 10 + 1);
                let repeat = Repeat { record: record.clone(), legs: legs.len() as u64 };
                self.repeats.entry(due).or_default().push(repeat);
            }
            let place = self.draw.rng.index(self.parts.len() + 1);
            self.parts.insert(place, record);
            begin_ms = *until_ms;
        }
        let first = self.parts.pop();
        self.tally.record();
        first.map_or(Ok(()), sink)
    }

    /// The parts of long calls that are still to come.
    fn send_rest(&mut self, sink: Sink<'_>) -> Result<(), GenerateError> {
        while let Some(part) = self.parts.pop() {
            self.tally.record();
            sink(part)?;
        }
        Ok(())
    }

    /// The key is the payer's code where one is known, as mediation would have it: then his counters are moved by one partition.
    fn record(&mut self, call: &Call<'_>, payer: Option<usize>, end_ms: i64) -> GeneratedRecord {
        let source = &self.operator.sources[call.source];
        let payer = payer.filter(|_| !self.writing.chance(STRAY_PER_MILLE, 1_000));
        let key = payer.map_or(call.src.as_bytes(), |account| self.operator.accounts[account].code.as_bytes()).to_vec();
        GeneratedRecord {
            payload: encode(call, source, &mut self.writing),
            source: self.writing.chance(9, 10).then(|| source.code.clone()),
            key,
            timestamp_ms: end_ms + self.writing.between(1_000, 8_000),
        }
    }

    /// Half of the repeats are the same bytes; half have the same identity, but the switch has looked at the clock again.
    fn keep_repeat(&mut self, mut call: Call<'a>, record: &GeneratedRecord, mut legs: u64, index: u64) {
        let mut again = record.clone();
        if self.draw.rng.chance(1, 2) && !call.cdr_id.is_empty() {
            let later = call.end_ms + 1_000;
            call.end_ms = if later < self.until_ms { later } else { call.end_ms };
            again.payload = encode(&call, &self.operator.sources[call.source], &mut self.writing);
            // The later end may make the times contradict each other: such a record is one leg, whatever the call was.
            legs = self.oracle.judge(&call).len() as u64;
        }
        let delay_ms = if self.draw.rng.chance(1, 2) {
            self.draw.rng.between(0, 60_000)
        } else {
            self.draw.rng.between(0, DAY_MS)
        };
        again.timestamp_ms = (again.timestamp_ms + delay_ms).min(self.until_ms.max(again.timestamp_ms));
        let distance =
            if self.draw.rng.chance(1, 2) { 40 } else { self.options.cdrs / u64::from(self.options.days.max(1)) };
        let due = index + 1 + self.draw.rng.below(distance.max(1));
        self.repeats.entry(due).or_default().push(Repeat { record: again, legs });
    }

    /// Sends a repeat that is due, if there is one.
    fn send_repeat(&mut self, index: u64, sink: Sink<'_>) -> Result<bool, GenerateError> {
        let Some(mut due) = self.repeats.first_entry().filter(|entry| *entry.key() <= index) else { return Ok(false) };
        let repeat = due.get_mut().pop();
        if due.get().is_empty() {
            due.remove();
        }
        let Some(repeat) = repeat else { return Ok(false) };
        self.tally.record();
        self.tally.duplicates(repeat.legs);
        sink(repeat.record)?;
        Ok(true)
    }

    fn send_damaged(&mut self, end_ms: i64, sink: Sink<'_>) -> Result<(), GenerateError> {
        let foreign = self.draw.rng.chance(1, 5).then(|| self.draw.outgoing(end_ms));
        // Only cutting spoils every format alike; the rest knows the fields of the canonical one.
        let (call, damage) = match foreign {
            Some(call) => (call, Damage::Truncated),
            None => (self.draw.plain(end_ms), Damage::any(&mut self.draw.rng)),
        };
        self.send_undecodable(&call, Some(damage), end_ms, sink)
    }

    fn send_undecodable(
        &mut self,
        call: &Call<'a>,
        damage: Option<Damage>,
        end_ms: i64,
        sink: Sink<'_>,
    ) -> Result<(), GenerateError> {
        let mut record = self.record(call, None, end_ms);
        if let Some(damage) = damage {
            damage.inflict(&mut record.payload, &mut self.writing);
        }
        self.tally.suspended(SuspenseCode::Undecodable);
        self.tally.record();
        sink(record)
    }
}

/// The records of one call that decodes: two when both legs of an on-net call are reported.
fn draw_sound<'a>(draw: &mut Draw<'_, 'a>, kind: Kind, end_ms: i64) -> Vec<Call<'a>> {
    vec![match kind {
        Kind::OnNet => return draw.on_net(end_ms),
        Kind::OwnToIdle => return draw.own_to_idle(end_ms),
        Kind::Incoming => draw.incoming(end_ms),
        Kind::TollFree => draw.toll_free(end_ms),
        Kind::Forwarded => draw.forwarded(end_ms),
        Kind::Internal => draw.internal(end_ms),
        Kind::Emergency => draw.emergency(end_ms),
        Kind::ShortCode => draw.short_code(end_ms),
        Kind::Message => draw.message(end_ms),
        Kind::IdleNumber => draw.idle_number(end_ms),
        Kind::HalfAnswered => draw.half_answered(end_ms),
        Kind::ClientLock => draw.locked("client", end_ms),
        Kind::OperatorLock => draw.locked("operator", end_ms),
        Kind::FraudLock => draw.locked("fraud", end_ms),
        Kind::NoRetailPrice => draw.no_retail_price(end_ms),
        Kind::Overflow => draw.overflow(end_ms),
        Kind::UnknownSubscriber => draw.unknown_subscriber(end_ms),
        Kind::Ambiguous => draw.ambiguous(end_ms),
        Kind::BadNumber => draw.bad_number(end_ms),
        Kind::BadTimes => draw.bad_times(end_ms),
        Kind::OutOfRange => draw.out_of_range(end_ms),
        Kind::Outgoing | Kind::LongCall | Kind::Damaged => draw.outgoing(end_ms),
    }]
}

#[cfg(test)]
mod tests {
    use super::MIX;

    #[test]
    fn the_mix_is_of_a_hundred_thousand() {
        assert_eq!(MIX.iter().map(|kind| kind.1).sum::<u32>(), 100_000);
    }
}
