//! From the legs of a batch to what one transaction writes.
//!
//! In: the arena of a batch and which legs are repeats.  Out: [`Assembled`]: sums per key, identities, suspense, non-target counts, and the parts for
//! ClickHouse, one a table and month, at most 100,000 rows each.
//! Owns: adding up, compaction, compression.
//! Does not own: which legs are repeats (`stream::seen`).
//! Always: legs in = rated + non-target + suspended + duplicate, asserted; a repeat leaves nothing but its row in `duplicates`.

use std::collections::BTreeMap;
use std::io::Write;

use billing::ledger::UsageDelta;
use billing::numbers::NonTargetDelta;
use billing::streams::OutboxPart;
use billing::suspense::SuspenseEntry;
use chrono::NaiveDate;
use lz4_flex::frame::{BlockSize, FrameEncoder, FrameInfo};
use numbering::E164;
use rating::{Outcome, Service};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use crate::charge::{Arena, ChargedLeg, Effect, first_of_month, instant};
use crate::clickhouse::row::{BATCH_ID_BYTES, BatchRow, Place, TraceRow, batches, calls, duplicates, suspended};

/// Most rows of one INSERT: one INSERT must be one block.
pub const PART_ROWS_MAX: u32 = 100_000;

/// Everything that one batch writes.
#[derive(Debug, Default)]
pub struct Assembled {
    /// What accounts owe, one row a key.
    pub usage: Vec<UsageDelta>,
    /// Identities, 16 bytes each.
    pub identities: Vec<u8>,
    /// Latest end of the records.
    pub newest_end_ms: i64,
    /// Records that wait.
    pub suspense: Vec<SuspenseEntry>,
    /// Calls to numbers not in work, one row a key.
    pub non_target: Vec<NonTargetDelta>,
    /// Rows for ClickHouse.
    pub parts: Vec<OutboxPart>,
    /// Legs by outcome: rated, non-target, suspended, duplicate.
    pub counts: [u32; 4],
}

type UsageKey = (u64, NaiveDate, NaiveDate, Service, u32);

/// What is owed more for one key: with tax, without it, legs, seconds. Less than nothing where charges are taken back.
#[derive(Clone, Copy, Debug, Default)]
pub struct Owed {
    /// With tax, in nano-units.
    pub gross: i128,
    /// Without tax, in nano-units.
    pub net: i128,
    /// Legs.
    pub calls: i64,
    /// Seconds charged.
    pub seconds: i64,
}

impl Owed {
    /// Whether what was charged and what was taken back cancel out.
    const fn is_nothing(&self) -> bool {
        self.gross == 0 && self.net == 0 && self.calls == 0 && self.seconds == 0
    }
}

/// Adds the batch up. `is_repeat[i]` says that leg `i` was seen before; `ids` gives identifiers of parts.
pub fn assemble(arena: &Arena, is_repeat: &[bool], summary: BatchRow, ids: &mut dyn FnMut() -> i64) -> Assembled {
    assert_eq!(arena.legs.len(), is_repeat.len(), "one mark a leg");
    let mut assembly = Assembly::new(ids);
    for (leg, repeat) in arena.legs.iter().zip(is_repeat) {
        if *repeat { assembly.repeat(arena, leg, summary.place) } else { assembly.leg(arena, leg) }
    }
    assert_eq!(assembly.out.counts.iter().sum::<u32>() as usize, arena.legs.len(), "every leg has exactly one outcome");
    let summary = BatchRow { legs: assembly.out.counts, ..summary };
    assembly.row(batches::TABLE, summary.read_up_to_ms, |bytes| batches::encode(bytes, &summary));
    assembly.finish()
}

/// A batch or a portion that is being added up.
pub struct Assembly<'i> {
    out: Assembled,
    usage: FxHashMap<UsageKey, Owed>,
    non_target: BTreeMap<(E164, NaiveDate, Option<E164>), i64>,
    rows: PartsInProgress,
    scratch: Vec<u8>,
    ids: &'i mut dyn FnMut() -> i64,
}

impl<'i> Assembly<'i> {
    /// With nothing in it; `ids` gives identifiers of parts.
    pub fn new(ids: &'i mut dyn FnMut() -> i64) -> Self {
        let (out, rows) = (Assembled::default(), PartsInProgress::default());
        Self { out, usage: FxHashMap::default(), non_target: BTreeMap::new(), rows, scratch: Vec::new(), ids }
    }

    /// Adds a leg that repeats an earlier one: it leaves nothing but its row in `duplicates`.
    pub fn repeat(&mut self, arena: &Arena, leg: &ChargedLeg, place: Place) {
        self.out.newest_end_ms = self.out.newest_end_ms.max(leg.end_ms);
        self.out.counts[3] += 1;
        let row = trace_row(arena, leg, place);
        self.row(duplicates::TABLE, leg.received_ms, |bytes| duplicates::encode(bytes, &row));
    }

    /// Adds a leg with its effect.
    pub fn leg(&mut self, arena: &Arena, leg: &ChargedLeg) {
        self.out.newest_end_ms = self.out.newest_end_ms.max(leg.end_ms);
        self.out.identities.extend_from_slice(&leg.identity);
        let table = if leg.outcome == Outcome::Suspended { suspended::TABLE } else { calls::TABLE };
        self.book(&leg.effect, 1);
        self.out.counts[leg.outcome as usize] += 1;
        self.rows.push(table, leg.row_ms, &arena.rows[leg.row.clone()], self.ids);
    }

    /// Books an effect, or takes it back (`sign` -1).
    fn book(&mut self, effect: &Effect, sign: i64) {
        match effect {
            Effect::Suspense(entry) => self.out.suspense.push((**entry).clone()),
            Effect::NonTarget { did, day, caller } => self.non_target(*did, *day, *caller, sign),
            Effect::Usage { account, day, period, service, tax_basis_points, gross, net, seconds } => {
                // A leg that costs nothing moves nothing; its row in ClickHouse tells of it.
                if !gross.is_zero() {
                    let owed = Owed {
                        gross: i128::from(gross.nanos()) * i128::from(sign),
                        net: i128::from(net.nanos()) * i128::from(sign),
                        calls: sign,
                        seconds: *seconds as i64 * sign,
                    };
                    self.owe((*account, *day, *period, *service, *tax_basis_points), owed);
                }
            }
            Effect::Part(part) => {
                if let Some(before) = &part.before {
                    self.book(&before.effect, -1);
                    self.rows.push(calls::TABLE, before.row_ms, &before.row, self.ids);
                }
                self.book(&part.now, sign);
            }
            Effect::Nothing => {}
        }
    }

    /// Adds what an account owes by (account, usage day, booking period, service, tax in hundredths of a percent).
    pub fn owe(&mut self, key: UsageKey, owed: Owed) {
        let sum = self.usage.entry(key).or_default();
        sum.gross += owed.gross;
        sum.net += owed.net;
        sum.calls += owed.calls;
        sum.seconds += owed.seconds;
    }

    /// Adds calls to a number not in work.
    pub fn non_target(&mut self, did: E164, day: NaiveDate, caller: Option<E164>, calls: i64) {
        *self.non_target.entry((did, day, caller)).or_default() += calls;
    }

    /// Adds a row that `encode` appends, filed under the month of `at_ms`.
    pub fn row(&mut self, table: &'static str, at_ms: i64, encode: impl FnOnce(&mut Vec<u8>)) {
        self.scratch.clear();
        encode(&mut self.scratch);
        self.rows.push(table, at_ms, &self.scratch, self.ids);
    }

    /// What it comes to.
    pub fn finish(self) -> Assembled {
        let mut out = self.out;
        let usage = self.usage.into_iter().filter(|(_, owed)| !owed.is_nothing());
        out.usage = usage.map(|(key, owed)| usage_delta(key, owed)).collect();
        out.usage.sort_unstable_by_key(|delta| {
            (delta.account, delta.usage_day, delta.booking_period, delta.service, delta.tax_basis_points)
        });
        let calls = self.non_target.into_iter().filter(|(_, calls)| *calls != 0);
        out.non_target = calls.map(|((did, day, caller), calls)| NonTargetDelta { did, day, caller, calls }).collect();
        out.parts = self.rows.finish();
        out
    }
}

fn usage_delta(key: UsageKey, owed: Owed) -> UsageDelta {
    let (account, usage_day, booking_period, service, tax_basis_points) = key;
    let sum_of = |nanos: i128| Decimal::from_i128_with_scale(nanos, 9);
    UsageDelta {
        account,
        usage_day,
        booking_period,
        service,
        tax_basis_points,
        gross: sum_of(owed.gross),
        net: sum_of(owed.net),
        calls: owed.calls,
        seconds: owed.seconds,
    }
}

fn trace_row<'a>(arena: &'a Arena, leg: &ChargedLeg, place: Place) -> TraceRow<'a> {
    TraceRow {
        identity: leg.identity,
        place: Place { offset: leg.offset, ..place },
        source: &arena.texts[leg.source.clone()],
        cdr_id: &arena.texts[leg.cdr_id.clone()],
        leg: leg.leg,
        code: "",
        stage: "",
        received_ms: leg.received_ms,
        sign: 1,
    }
}

/// Rows by table and month.
#[derive(Default)]
struct PartsInProgress {
    open: BTreeMap<(&'static str, NaiveDate), Part>,
    done: Vec<OutboxPart>,
    /// The month of the last time, so that the calendar is asked once a month and not once a row.
    last_month: Option<(std::ops::Range<i64>, NaiveDate)>,
}

/// A part that is being filled. Its rows are compressed as they come, while they are still at hand: nobody holds them all uncompressed.
struct Part {
    id: i64,
    rows: u32,
    raw_bytes: u64,
    first_ms: i64,
    last_ms: i64,
    body: FrameEncoder<Vec<u8>>,
}

impl Part {
    fn new(id: i64, at_ms: i64) -> Self {
        let frame = FrameInfo::new().block_size(BlockSize::Max256KB);
        let body = FrameEncoder::with_frame_info(frame, Vec::new());
        Self { id, rows: 0, raw_bytes: 0, first_ms: at_ms, last_ms: at_ms, body }
    }

    fn push(&mut self, at_ms: i64, row: &[u8]) {
        for bytes in [&self.id.to_le_bytes()[..], &row[BATCH_ID_BYTES..]] {
            self.body.write_all(bytes).expect("a vector takes whatever is written");
        }
        self.rows += 1;
        self.raw_bytes += row.len() as u64;
        self.first_ms = self.first_ms.min(at_ms);
        self.last_ms = self.last_ms.max(at_ms);
    }

    fn pack(self, target: &'static str, month: NaiveDate) -> OutboxPart {
        let mut body = self.body.finish().expect("a vector takes whatever is written");
        // It may wait for ClickHouse for a while.
        body.shrink_to_fit();
        OutboxPart {
            id: self.id,
            target,
            month,
            rows: self.rows,
            raw_bytes: self.raw_bytes,
            first_at: instant(self.first_ms),
            last_at: instant(self.last_ms),
            body,
        }
    }
}

impl PartsInProgress {
    fn push(&mut self, table: &'static str, at_ms: i64, row: &[u8], ids: &mut dyn FnMut() -> i64) {
        let month = self.month(at_ms);
        let part = self.open.entry((table, month)).or_insert_with(|| Part::new(ids(), at_ms));
        part.push(at_ms, row);
        if part.rows == PART_ROWS_MAX {
            let part = self.open.remove(&(table, month)).expect("the part that was just filled");
            self.done.push(part.pack(table, month));
        }
    }

    fn month(&mut self, at_ms: i64) -> NaiveDate {
        if let Some((range, month)) = &self.last_month
            && range.contains(&at_ms)
        {
            return *month;
        }
        let month = first_of_month(instant(at_ms).date_naive());
        let start = |day: NaiveDate| day.and_time(chrono::NaiveTime::MIN).and_utc().timestamp_millis();
        self.last_month = Some((start(month)..start(month + chrono::Months::new(1)), month));
        month
    }

    fn finish(mut self) -> Vec<OutboxPart> {
        for ((table, month), part) in std::mem::take(&mut self.open) {
            self.done.push(part.pack(table, month));
        }
        self.done
    }
}

/// Legs by outcome, by name.
pub fn count_of(counts: &[u32; 4], outcome: Outcome) -> u32 {
    counts[outcome as usize]
}
