//! A schedule: what happens when, drawn from a seed; and what has to be true at its end.
//!
//! Owns: the records, the order of steps, failures, the quiet end, the check.
//! Does not own: what a step does (`process`), how an engine fails (`engines`).
//! Always: the same seed gives the same schedule, with whatever guard.

use std::collections::{BTreeMap, BTreeSet};

use crate::engines::{Broker, ClickHouse, Identity, Insert, Kind, LATE_MAX, Outcome, Postgres, Record};
use crate::process::{BUNDLE, Process};
use crate::world::{Commit, Guard, World};

const PARTITIONS: usize = 2;
const PROCESSES: usize = 3;
const ACCOUNTS: u64 = 2;
/// Steps in which things fail.
const STORM: u64 = 400;
/// Steps within which everything has to be done afterwards.
const CALM: u64 = 5_000;

/// A stream of numbers from a seed (splitmix64).
struct Dice(u64);

impl Dice {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    const fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    const fn index(&mut self, bound: usize) -> usize {
        self.below(bound as u64) as usize
    }

    /// True in so many of a thousand throws.
    const fn permille(&mut self, of: u64) -> bool {
        self.below(1000) < of
    }
}

/// Logs of fresh records, some of which are copies of others, in the same or the other partition.
fn logs(dice: &mut Dice, first_key: u32) -> Vec<Vec<Record>> {
    let mut logs = vec![Vec::new(); PARTITIONS];
    let mut known: Vec<Record> = Vec::new();
    for n in 0..(24 + dice.below(24)) {
        let kind = match dice.below(10) {
            0 => Kind::Strange,
            1 => Kind::NonTarget,
            2..=5 => Kind::Bundled,
            _ => Kind::Call,
        };
        let (account, month) = (dice.below(ACCOUNTS) as u8, dice.below(2) as u8);
        let fresh = Record { kind, key: first_key + n as u32, account, month, units: 1 + dice.below(8) };
        let record = if !known.is_empty() && dice.permille(200) { known[dice.index(known.len())] } else { fresh };
        known.push(record);
        logs[dice.index(PARTITIONS)].push(record);
    }
    logs
}

fn insert(dice: &mut Dice) -> Insert {
    match dice.below(14) {
        0 => Insert::AnswerLost,
        1 => Insert::Refused,
        2 => Insert::Late(1 + dice.below(u64::from(LATE_MAX)) as u32),
        _ => Insert::Acknowledged,
    }
}

fn commit(dice: &mut Dice) -> Commit {
    match dice.below(14) {
        0 => Commit::AnswerLost,
        1 => Commit::NotReceived,
        2 => Commit::Pending(dice.permille(500)),
        _ => Commit::Acknowledged,
    }
}

/// How often what happened, of all schedules: one in which nothing happens proves nothing.
pub(crate) type Events = BTreeMap<&'static str, u64>;

/// Runs a schedule and checks its end.
///
/// # Errors
/// What is not as it has to be.
pub(crate) fn run(seed: u64, without: Option<Guard>, events: &mut Events) -> Result<(), String> {
    let mut dice = Dice(seed);
    let broker = Broker { logs: logs(&mut dice, 0), generation: 0 };
    let mut world = World {
        broker,
        postgres: Postgres::new(PARTITIONS),
        clickhouse: ClickHouse::new(without != Some(Guard::Token)),
        without,
        now: 0,
        halted: vec![false; PARTITIONS],
    };
    let old_logs = world.broker.logs.clone();
    let mut processes: Vec<Process> = (0..PROCESSES).map(|number| Process::start(number, &world)).collect();
    let begins_anew = dice.permille(125).then(|| dice.below(STORM));
    while world.now < STORM {
        world.now += 1;
        world.clickhouse.arrive(world.now);
        if dice.permille(250) {
            world.postgres.resolve_pending();
        }
        if begins_anew == Some(world.now) {
            world.broker = Broker { logs: logs(&mut dice, 1_000), generation: 1 };
            *events.entry("topic made anew").or_default() += 1;
        }
        storm(&mut dice, &mut processes, &mut world, events);
    }
    calm(&mut dice, &mut processes, &mut world)?;
    check(&world, &old_logs)
}

/// One step in which anything may happen.
fn storm(dice: &mut Dice, processes: &mut [Process], world: &mut World, events: &mut Events) {
    let mut happened = |what| *events.entry(what).or_default() += 1;
    let chosen = dice.index(processes.len());
    match dice.below(1000) {
        0..60 => {
            let partition = dice.index(PARTITIONS);
            if processes[chosen].frozen_until <= world.now {
                processes[chosen].claim(partition, world);
                happened("claim");
            }
        }
        60..75 => {
            processes[chosen].die(world);
            happened("death");
        }
        75..95 => {
            processes[chosen].frozen_until = world.now + 5 + dice.below(80);
            happened("freeze");
        }
        95..105 => {
            // A consumer that begins where the group's own offsets say, which lag.
            if !processes[chosen].lanes.is_empty() {
                let lane = dice.index(processes[chosen].lanes.len());
                let lane = &mut processes[chosen].lanes[lane];
                lane.hand_over_again(dice.index(lane.read + 1));
                happened("records handed over again");
            }
        }
        _ => step(dice, &mut processes[chosen], world, true),
    }
}

/// A process does something, if it is not frozen.
fn step(dice: &mut Dice, process: &mut Process, world: &mut World, fails: bool) {
    if process.frozen_until > world.now || process.lanes.is_empty() {
        return;
    }
    let lane = dice.index(process.lanes.len());
    match dice.below(10) {
        0..3 => process.rate(lane, 1 + dice.index(4), world),
        3..7 => process.commit(lane, if fails { commit(dice) } else { Commit::Acknowledged }, world),
        _ => process.deliver(lane, if fails { insert(dice) } else { Insert::Acknowledged }, world),
    }
    process.sweep();
}

/// Nothing fails any more: everything has to be done in the end.
fn calm(dice: &mut Dice, processes: &mut [Process], world: &mut World) -> Result<(), String> {
    world.postgres.resolve_pending();
    for process in processes.iter_mut() {
        process.frozen_until = 0;
    }
    let mut claimed = [false; PARTITIONS];
    for _ in 0..CALM {
        world.now += 1;
        world.clickhouse.arrive(world.now);
        for (partition, claimed) in claimed.iter_mut().enumerate() {
            let owned = processes[0].lanes.iter().any(|lane| {
                lane.partition == partition && !lane.is_ending && lane.generation == world.broker.generation
            });
            if !*claimed || (!owned && !world.halted[partition]) {
                let before = world.postgres.positions[partition].epoch;
                processes[0].claim(partition, world);
                *claimed |= world.postgres.positions[partition].epoch > before || world.halted[partition];
            }
        }
        let chosen = dice.index(processes.len());
        step(dice, &mut processes[chosen], world, false);
        let is_read = |partition: usize| {
            world.halted[partition] || world.postgres.positions[partition].next == world.broker.logs[partition].len()
        };
        let is_done = (0..PARTITIONS).all(is_read) && processes.iter().all(|process| process.is_idle(world));
        if is_done && world.postgres.outbox.is_empty() && world.clickhouse.is_quiet() {
            return Ok(());
        }
    }
    Err(format!("work is left after {CALM} quiet steps: {} parcels in the outbox", world.postgres.outbox.len()))
}

fn ensure(holds: bool, problem: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(problem()) }
}

/// What has to be true whatever happened.
fn check(world: &World, old_logs: &[Vec<Record>]) -> Result<(), String> {
    let postgres = &world.postgres;
    let mut first: BTreeMap<Identity, u32> = BTreeMap::new();
    let mut covered_wanted: BTreeMap<u8, u64> = BTreeMap::new();
    let mut called: BTreeMap<u8, u64> = BTreeMap::new();
    for (partition, batches) in postgres.journal.iter().enumerate() {
        let mut next = 0;
        for (from, records) in batches {
            ensure(*from == next, || {
                format!("partition {partition}: a batch begins at {from}, the one before ended at {next}")
            })?;
            for (offset, outcome, generation) in records {
                let began = batches[0].1[0].2;
                ensure(*generation == began, || {
                    format!("partition {partition}: records of two topics were charged as one")
                })?;
                let log = if *generation == 0 { &old_logs[partition] } else { &world.broker.logs[partition] };
                let record = log[*offset];
                next = offset + 1;
                if *outcome == Outcome::Duplicate {
                    continue;
                }
                let identity = match record.kind {
                    Kind::Strange => Identity::Place(partition, *offset),
                    _ => Identity::Key(record.key),
                };
                *first.entry(identity).or_default() += 1;
                match record.kind {
                    Kind::Bundled => *covered_wanted.entry(record.account).or_default() += record.units,
                    Kind::Call => *called.entry(record.account).or_default() += record.units,
                    Kind::NonTarget | Kind::Strange => {}
                }
            }
        }
        let read = postgres.positions[partition].next;
        ensure(read == next, || format!("partition {partition} stands at {read}, its batches end at {next}"))?;
        let all = world.halted[partition] || next == world.broker.logs[partition].len();
        ensure(all, || format!("partition {partition} ended at {next}"))?;
    }
    if let Some((identity, times)) = first.iter().find(|(_, times)| **times != 1) {
        return Err(format!("{identity:?} was charged or suspended {times} times"));
    }
    // Every copy has its original: who is only ever a duplicate was lost.
    let journal = postgres.journal.iter().enumerate().flat_map(|(partition, batches)| {
        batches.iter().flat_map(move |(_, records)| records.iter().map(move |record| (partition, record)))
    });
    for (partition, (offset, _, generation)) in journal {
        let log = if *generation == 0 { &old_logs[partition] } else { &world.broker.logs[partition] };
        let record = log[*offset];
        let known = record.kind == Kind::Strange || first.contains_key(&Identity::Key(record.key));
        ensure(known, || format!("record {} was taken for a copy and never charged", record.key))?;
    }
    let mut rows = BTreeSet::new();
    let mut charged: BTreeMap<(u8, u8), u64> = BTreeMap::new();
    for (_, row) in &world.clickhouse.rows {
        ensure(rows.insert(row.identity), || format!("{:?} stands in the table of charges twice", row.identity))?;
        *charged.entry((row.account, row.month)).or_default() += row.amount;
    }
    let expected = first.len() - postgres.suspense.len();
    ensure(rows.len() == expected, || format!("{} rows in the table of charges instead of {expected}", rows.len()))?;
    ensure(charged == postgres.totals, || format!("charges {charged:?}, totals {:?}", postgres.totals))?;
    for account in 0..ACCOUNTS as u8 {
        let wanted = covered_wanted.get(&account).copied().unwrap_or(0);
        let covered = postgres.counters.get(&account).copied().unwrap_or(0);
        ensure(covered == wanted.min(BUNDLE), || {
            format!("the bundle of account {account} covered {covered} of {wanted}")
        })?;
        let owed: u64 = (0..2).filter_map(|month| postgres.totals.get(&(account, month))).sum();
        let due = wanted - covered + called.get(&account).copied().unwrap_or(0);
        ensure(owed == due, || format!("account {account} owes {owed} instead of {due}"))?;
    }
    Ok(())
}
