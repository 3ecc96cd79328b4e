//! From the legs of a batch to what one transaction writes.
//!
//! In: the arena of a batch and which legs are repeats.  Out: [`Assembled`]: sums per key, identities, suspense, non-target counts, and the parts for
//! ClickHouse, one a table and month, at most 100,000 rows each.
//! Owns: adding up, compaction, compression.
//! Does not own: which legs are repeats (`stream::seen`).
//! Always: legs in = rated + non-target + suspended + duplicate, asserted; a repeat leaves nothing but its row in `duplicates`.

use std::collections::BTreeMap;

use billing::ledger::UsageDelta;
use billing::numbers::NonTargetDelta;
use billing::streams::OutboxPart;
use billing::suspense::SuspenseEntry;
use chrono::NaiveDate;
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

/// Adds the batch up. `is_repeat[i]` says that leg `i` was seen before; `ids` gives identifiers of parts.
pub fn assemble(arena: &Arena, is_repeat: &[bool], summary: BatchRow, ids: &mut dyn FnMut() -> i64) -> Assembled {
    assert_eq!(arena.legs.len(), is_repeat.len(), "one mark a leg");
    let mut out = Assembled::default();
    let mut usage: FxHashMap<UsageKey, (i128, i128, i64, i64)> = FxHashMap::default();
    let mut non_target: BTreeMap<(E164, NaiveDate, Option<E164>), i64> = BTreeMap::new();
    let mut rows = PartsInProgress::default();
    let mut scratch = Vec::new();
    for (leg, repeat) in arena.legs.iter().zip(is_repeat) {
        out.newest_end_ms = out.newest_end_ms.max(leg.end_ms);
        if *repeat {
            out.counts[3] += 1;
            scratch.clear();
            duplicates::encode(&mut scratch, &trace_row(arena, leg, summary.place));
            rows.push(duplicates::TABLE, leg.received_ms, &scratch, ids);
            continue;
        }
        out.identities.extend_from_slice(&leg.identity);
        let table = match &leg.effect {
            Effect::Suspense(entry) => {
                out.counts[2] += 1;
                out.suspense.push((**entry).clone());
                suspended::TABLE
            }
            Effect::NonTarget { did, day, caller } => {
                out.counts[1] += 1;
                *non_target.entry((*did, *day, *caller)).or_default() += 1;
                calls::TABLE
            }
            Effect::Usage { account, day, period, service, tax_basis_points, gross, net, seconds } => {
                out.counts[0] += 1;
                // A leg that costs nothing moves nothing; its row in ClickHouse tells of it.
                if !gross.is_zero() {
                    let sum = usage.entry((*account, *day, *period, *service, *tax_basis_points)).or_default();
                    sum.0 += i128::from(gross.nanos());
                    sum.1 += i128::from(net.nanos());
                    sum.2 += 1;
                    sum.3 += *seconds as i64;
                }
                calls::TABLE
            }
            Effect::Nothing => {
                out.counts[0] += 1;
                calls::TABLE
            }
        };
        rows.push(table, leg.row_ms, &arena.rows[leg.row.clone()], ids);
    }
    assert_eq!(out.counts.iter().sum::<u32>() as usize, arena.legs.len(), "every leg has exactly one outcome");
    out.usage = usage.into_iter().map(|(key, sum)| usage_delta(key, sum)).collect();
    out.usage.sort_unstable_by_key(|delta| {
        (delta.account, delta.usage_day, delta.booking_period, delta.service, delta.tax_basis_points)
    });
    out.non_target =
        non_target.into_iter().map(|((did, day, caller), calls)| NonTargetDelta { did, day, caller, calls }).collect();
    scratch.clear();
    batches::encode(&mut scratch, &BatchRow { legs: out.counts, ..summary });
    rows.push(batches::TABLE, summary.read_up_to_ms, &scratch, ids);
    out.parts = rows.finish();
    out
}

fn usage_delta(key: UsageKey, sum: (i128, i128, i64, i64)) -> UsageDelta {
    let (account, usage_day, booking_period, service, tax_basis_points) = key;
    let sum_of = |nanos: i128| Decimal::from_i128_with_scale(nanos, 9);
    UsageDelta {
        account,
        usage_day,
        booking_period,
        service,
        tax_basis_points,
        gross: sum_of(sum.0),
        net: sum_of(sum.1),
        calls: sum.2,
        seconds: sum.3,
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

struct Part {
    id: i64,
    rows: u32,
    first_ms: i64,
    last_ms: i64,
    bytes: Vec<u8>,
}

impl PartsInProgress {
    fn push(&mut self, table: &'static str, at_ms: i64, row: &[u8], ids: &mut dyn FnMut() -> i64) {
        let month = self.month(at_ms);
        let part = self.open.entry((table, month)).or_insert_with(|| Part {
            id: ids(),
            rows: 0,
            first_ms: at_ms,
            last_ms: at_ms,
            bytes: Vec::new(),
        });
        part.bytes.extend_from_slice(&part.id.to_le_bytes());
        part.bytes.extend_from_slice(&row[BATCH_ID_BYTES..]);
        part.rows += 1;
        part.first_ms = part.first_ms.min(at_ms);
        part.last_ms = part.last_ms.max(at_ms);
        if part.rows == PART_ROWS_MAX {
            let part = self.open.remove(&(table, month)).expect("the part that was just filled");
            self.done.push(packed(table, month, part));
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
            self.done.push(packed(table, month, part));
        }
        self.done
    }
}

fn packed(target: &'static str, month: NaiveDate, part: Part) -> OutboxPart {
    OutboxPart {
        id: part.id,
        target,
        month,
        rows: part.rows,
        raw_bytes: part.bytes.len() as u64,
        first_at: instant(part.first_ms),
        last_at: instant(part.last_ms),
        body: lz4_flex::compress_prepend_size(&part.bytes),
    }
}

/// Legs by outcome, by name.
pub fn count_of(counts: &[u32; 4], outcome: Outcome) -> u32 {
    counts[outcome as usize]
}
