//! The protocol, step by step: what `cdr_ingest::stream` does between the engines (`lane`, `commit`, `delivery`, `counting`, `seen`).
//!
//! Owns: the state of a process and of its lanes, and every step that one can take.
//! Does not own: which step is next, what fails (`schedule`).
//! Always: a step asks the engines what the product asks them, in its order; a process that dies loses all it knows, one that is frozen goes on where it was.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use crate::engines::{Identity, Insert, Kind, Outcome, Parcel, Record, Row, Write};
use crate::world::{Commit, Guard, World};

/// Units that the bundle of an account covers.
pub(crate) const BUNDLE: u64 = 20;
/// Steps after which a parcel that was never sent is counted before it is: its token may be forgotten when an INSERT was sent by somebody else.
const STALE: u64 = 5;

#[derive(Clone, Debug)]
struct Leg {
    identity: Identity,
    record: Record,
    offset: usize,
    amount: u64,
    /// Whether the bundle's counter counted it; `None` for one that no counter counts.
    counted: Option<bool>,
}

#[derive(Clone, Debug)]
struct Prepared {
    from: usize,
    to: usize,
    generation: u32,
    legs: Vec<Leg>,
    /// Where counters were found, and where they stand.
    moves: BTreeMap<u8, (u64, u64)>,
    /// Legs that were found to repeat others at an earlier try.
    repeats: BTreeSet<Identity>,
    marks: Vec<bool>,
    write: Write,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Nothing under way.
    Open,
    /// The lock is ours, what others committed is known.
    Locked,
    /// Everything is written but the COMMIT.
    Written,
    /// The answer to COMMIT is missing.
    Unsettled,
}

/// A lane of a claimed partition.
#[derive(Debug)]
pub(crate) struct Lane {
    pub(crate) partition: usize,
    epoch: u64,
    /// Next record to be rated.
    pub(crate) read: usize,
    pub(crate) generation: u32,
    /// The record before the position, until it was recognised.
    expected: Option<Record>,
    resend: VecDeque<u64>,
    rated: VecDeque<Prepared>,
    /// Where the batches under way lead counters, and what they counted.
    tentative: BTreeMap<u8, u64>,
    tentative_counted: BTreeSet<Identity>,
    stage: Stage,
    /// Parcels that are to be sent: since when, and whether they were tried.
    queue: VecDeque<(Parcel, u64, bool)>,
    /// It was fenced, or its partition went elsewhere: it sends what it committed, and ends.
    pub(crate) is_ending: bool,
}

impl Lane {
    /// The consumer hands records over from an earlier offset on; the first ones after a claim come from where the claim says.
    pub(crate) const fn hand_over_again(&mut self, from: usize) {
        if self.expected.is_none() {
            self.read = from;
        }
    }
}

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) number: usize,
    pub(crate) lanes: Vec<Lane>,
    pub(crate) frozen_until: u64,
    seen: BTreeSet<Identity>,
    blobs_known: usize,
    counters: BTreeMap<u8, u64>,
    /// Which lane is at a commit: one at a time.
    gate: Option<usize>,
}

impl Process {
    /// One that has just started: it reads every blob and every counter.
    pub(crate) fn start(number: usize, world: &World) -> Self {
        let seen = world.postgres.blobs.iter().flatten().copied().collect();
        Self {
            number,
            lanes: Vec::new(),
            frozen_until: 0,
            seen,
            blobs_known: world.postgres.blobs.len(),
            counters: world.postgres.counters.clone(),
            gate: None,
        }
    }

    /// Dies: the server takes its transaction back.
    pub(crate) fn die(&mut self, world: &mut World) {
        world.postgres.unlock(self.number);
        *self = Self::start(self.number, world);
    }

    /// Claims a partition. It waits while a transaction holds the row of the partition.
    pub(crate) fn claim(&mut self, partition: usize, world: &mut World) {
        let resends = world.keeps(Guard::Resend);
        let postgres = &mut world.postgres;
        if postgres.lock.is_some() || postgres.pending.is_some() || world.halted[partition] {
            return;
        }
        for lane in &mut self.lanes {
            lane.is_ending |= lane.partition == partition;
        }
        let position = &mut postgres.positions[partition];
        position.epoch += 1;
        let (epoch, next, expected) = (position.epoch, position.next, position.digest);
        let left = postgres.outbox.values().filter(|parcel| parcel.partition == partition).map(|parcel| parcel.id);
        let resend = if resends { left.collect() } else { VecDeque::new() };
        self.lanes.push(Lane {
            partition,
            epoch,
            read: next,
            generation: world.broker.generation,
            expected,
            resend,
            rated: VecDeque::new(),
            tentative: BTreeMap::new(),
            tentative_counted: BTreeSet::new(),
            stage: Stage::Open,
            queue: VecDeque::new(),
            is_ending: false,
        });
    }

    /// Whether it has anything to do.
    pub(crate) fn is_idle(&self, world: &World) -> bool {
        self.lanes.iter().all(|lane| {
            let log = &world.broker.logs[lane.partition];
            let is_cut_off = lane.is_ending || lane.generation != world.broker.generation;
            let all_read = is_cut_off || (lane.read >= log.len() && lane.expected.is_none());
            lane.resend.is_empty() && lane.queue.is_empty() && lane.rated.is_empty() && all_read
        })
    }

    /// A lane rates the next records: up to `most`.
    pub(crate) fn rate(&mut self, index: usize, most: usize, world: &mut World) {
        let lane = &self.lanes[index];
        let log = &world.broker.logs[lane.partition];
        let to = (lane.read + most).min(log.len()).max(lane.read);
        // A broker that began anew has forgotten the group: nothing is read before the partition is claimed again.
        if lane.is_ending
            || !lane.resend.is_empty()
            || lane.rated.len() > 1
            || (lane.read >= to && lane.expected.is_none())
            || lane.generation != world.broker.generation
        {
            return;
        }
        let from = lane.read;
        let lane = &mut self.lanes[index];
        if let Some(charged) = lane.expected.take()
            && world.keeps(Guard::Digest)
            && world.broker.logs[lane.partition].get(from - 1) != Some(&charged)
        {
            world.halted[lane.partition] = true;
            lane.is_ending = true;
            return;
        }
        lane.read = to;
        if from < to {
            let records = world.broker.logs[lane.partition][from..to].to_vec();
            let prepared = self.rate_range(index, (from, records), BTreeSet::new(), world);
            self.lanes[index].rated.push_back(prepared);
        }
    }

    fn rate_range(
        &mut self,
        index: usize,
        (from, records): (usize, Vec<Record>),
        repeats: BTreeSet<Identity>,
        world: &mut World,
    ) -> Prepared {
        let lane = &mut self.lanes[index];
        let mut moves: BTreeMap<u8, (u64, u64)> = BTreeMap::new();
        let mut counted_here: BTreeSet<Identity> = BTreeSet::new();
        let mut legs = Vec::new();
        for (record, offset) in records.iter().zip(from..) {
            let identity = match record.kind {
                Kind::Strange => Identity::Place(lane.partition, offset),
                _ => Identity::Key(record.key),
            };
            let (mut amount, mut counted) = (record.units, None);
            if record.kind == Kind::Bundled {
                let known = lane.tentative.get(&record.account).or_else(|| self.counters.get(&record.account));
                let found = known.copied().unwrap_or(0);
                let stands = moves.get(&record.account).map_or(found, |(_, stands)| *stands);
                let covered = record.units.min(BUNDLE.saturating_sub(stands));
                amount = record.units - covered;
                if covered > 0 {
                    let is_repeat = repeats.contains(&identity)
                        || lane.tentative_counted.contains(&identity)
                        || self.seen.contains(&identity)
                        || !counted_here.insert(identity);
                    counted = Some(!is_repeat);
                    if !is_repeat {
                        moves.entry(record.account).or_insert((found, stands)).1 = stands + covered;
                    }
                }
            }
            legs.push(Leg { identity, record: *record, offset, amount, counted });
        }
        lane.tentative.extend(moves.iter().map(|(account, (_, stands))| (*account, *stands)));
        lane.tentative_counted.extend(counted_here);
        let generation = lane.generation;
        let to = from + records.len();
        let mut prepared =
            Prepared { from, to, generation, legs, moves, repeats, marks: Vec::new(), write: Write::default() };
        let marks = mark(&self.seen, &prepared.legs);
        assemble(&mut prepared, marks, lane.partition, world);
        prepared
    }

    /// A lane goes on with its commit by one step.
    pub(crate) fn commit(&mut self, index: usize, how: Commit, world: &mut World) {
        if self.gate.is_some_and(|lane| lane != index) || self.lanes[index].rated.is_empty() {
            return;
        }
        match self.lanes[index].stage {
            Stage::Open => {
                if self.lock(index, world) {
                    self.gate = Some(index);
                    self.lanes[index].stage = Stage::Locked;
                }
            }
            Stage::Locked => self.write(index, world),
            Stage::Written => self.send_commit(index, how, world),
            Stage::Unsettled => self.settle(index, world),
        }
    }

    fn lock(&mut self, index: usize, world: &mut World) -> bool {
        let found_elsewhere = |(account, (found, _)): (&u8, &(u64, u64))| {
            world.keeps(Guard::Counters) && self.counters.get(account).copied().unwrap_or(0) != *found
        };
        if self.lanes[index].rated[0].moves.iter().any(found_elsewhere) {
            self.rate_again(index, None, world);
            return false;
        }
        if !world.postgres.try_lock(self.number) {
            return false;
        }
        if world.keeps(Guard::CatchUp) {
            self.seen.extend(world.postgres.blobs[self.blobs_known..].iter().flatten());
            self.blobs_known = world.postgres.blobs.len();
        }
        true
    }

    fn write(&mut self, index: usize, world: &mut World) {
        let prepared = &self.lanes[index].rated[0];
        let mut marks = mark(&self.seen, &prepared.legs);
        for (leg, mark) in prepared.legs.iter().zip(&mut marks) {
            *mark |= leg.record.kind == Kind::Strange && world.postgres.suspense.contains(&leg.identity);
        }
        let rightly =
            prepared.legs.iter().zip(&marks).all(|(leg, repeat)| leg.counted.is_none_or(|new| new != *repeat));
        if !rightly && world.keeps(Guard::Counters) {
            let repeats = prepared.legs.iter().zip(&marks).filter(|(leg, mark)| leg.counted.is_some() && **mark);
            let first = |identity: &Identity| self.seen.contains(identity);
            let repeats = repeats.map(|(leg, _)| leg.identity).filter(first).collect();
            self.leave(index, world);
            return self.rate_again(index, Some(repeats), world);
        }
        if marks != prepared.marks {
            let partition = self.lanes[index].partition;
            assemble(&mut self.lanes[index].rated[0], marks, partition, world);
        }
        let lane = &self.lanes[index];
        let prepared = &lane.rated[0];
        let position = &world.postgres.positions[lane.partition];
        if (world.keeps(Guard::Epoch) && position.epoch != lane.epoch)
            || (world.keeps(Guard::NextOffset) && position.next != prepared.from)
        {
            self.leave(index, world);
            return self.fence(index);
        }
        let stands = |account: &u8| world.postgres.counters.get(account).copied().unwrap_or(0);
        if world.keeps(Guard::Counters) && prepared.moves.iter().any(|(account, (found, _))| stands(account) != *found)
        {
            let moved: Vec<u8> = prepared.moves.keys().copied().collect();
            for account in moved {
                self.counters.insert(account, stands(&account));
            }
            self.leave(index, world);
            return self.rate_again(index, None, world);
        }
        if !world.keeps(Guard::KeysAfterCommit) {
            let keys = self.lanes[index].rated[0].write.keys.clone();
            self.seen.extend(keys);
        }
        self.lanes[index].stage = Stage::Written;
    }

    fn send_commit(&mut self, index: usize, how: Commit, world: &mut World) {
        let write = self.lanes[index].rated[0].write.clone();
        world.postgres.unlock(self.number);
        match how {
            Commit::Acknowledged => {
                world.postgres.apply(write);
                return self.committed(index, world);
            }
            Commit::AnswerLost => world.postgres.apply(write),
            Commit::Pending(takes_effect) => {
                world.postgres.pending = Some(crate::engines::Pending { write: takes_effect.then_some(write) });
            }
            Commit::NotReceived => {}
        }
        self.lanes[index].stage = Stage::Unsettled;
    }

    fn settle(&mut self, index: usize, world: &mut World) {
        // The lock is taken first: the server may still be at the COMMIT.
        if !world.postgres.try_lock(self.number) {
            return;
        }
        world.postgres.unlock(self.number);
        let lane = &self.lanes[index];
        let position = &world.postgres.positions[lane.partition];
        if world.keeps(Guard::Epoch) && position.epoch != lane.epoch {
            self.gate = None;
            self.fence(index);
        } else if position.next >= lane.rated[0].to {
            self.committed(index, world);
        } else {
            self.gate = None;
            self.lanes[index].stage = Stage::Open;
        }
    }

    fn committed(&mut self, index: usize, world: &World) {
        let lane = &mut self.lanes[index];
        let prepared = lane.rated.pop_front().expect("it was committed");
        for (account, (_, stands)) in &prepared.moves {
            self.counters.insert(*account, *stands);
            if lane.tentative.get(account) == Some(stands) {
                lane.tentative.remove(account);
            }
        }
        for leg in prepared.legs.iter().filter(|leg| leg.counted.is_some()) {
            lane.tentative_counted.remove(&leg.identity);
        }
        self.seen.extend(prepared.write.keys);
        lane.queue.extend(prepared.write.parcels.into_iter().map(|parcel| (parcel, world.now, false)));
        lane.stage = Stage::Open;
        self.gate = None;
    }

    /// Gives the lock back, its transaction undone.
    fn leave(&mut self, index: usize, world: &mut World) {
        world.postgres.unlock(self.number);
        self.gate = None;
        self.lanes[index].stage = Stage::Open;
    }

    fn fence(&mut self, index: usize) {
        let lane = &mut self.lanes[index];
        lane.rated.clear();
        lane.stage = Stage::Open;
        lane.is_ending = true;
    }

    fn rate_again(&mut self, index: usize, repeats: Option<BTreeSet<Identity>>, world: &mut World) {
        let lane = &mut self.lanes[index];
        let former = lane.rated.pop_front().expect("it was refused");
        for account in former.moves.keys() {
            lane.tentative.remove(account);
        }
        for leg in former.legs.iter().filter(|leg| leg.counted.is_some()) {
            lane.tentative_counted.remove(&leg.identity);
        }
        // The records that were read: the log may be another one by now.
        let records = former.legs.iter().map(|leg| leg.record).collect();
        let prepared = self.rate_range(index, (former.from, records), repeats.unwrap_or(former.repeats), world);
        self.lanes[index].rated.push_front(prepared);
    }

    /// A lane sends a parcel: first what a former owner left, then its own.
    pub(crate) fn deliver(&mut self, index: usize, how: Insert, world: &mut World) {
        let lane = &mut self.lanes[index];
        if let Some(id) = lane.resend.front().copied() {
            let parcel = world.postgres.outbox.get(&id).cloned();
            if parcel.is_none_or(|parcel| sent(world, &parcel, true, how)) {
                world.postgres.outbox.remove(&id);
                lane.resend.pop_front();
            }
            return;
        }
        let Some((parcel, since, was_tried)) = lane.queue.front_mut() else { return };
        let is_doubtful = *was_tried || (world.keeps(Guard::Stale) && world.now - *since > STALE);
        *was_tried = true;
        let (parcel, id) = (parcel.clone(), parcel.id);
        if sent(world, &parcel, is_doubtful, how) {
            world.postgres.outbox.remove(&id);
            lane.queue.pop_front();
        }
    }

    /// Lanes that have nothing left to send are gone.
    pub(crate) fn sweep(&mut self) {
        if self.gate.is_none() {
            self.lanes.retain(|lane| !lane.is_ending || !lane.queue.is_empty() || !lane.resend.is_empty());
        }
    }
}

/// Sends a parcel; whether it is known to be there.
fn sent(world: &mut World, parcel: &Parcel, is_doubtful: bool, how: Insert) -> bool {
    if is_doubtful && world.keeps(Guard::CountFirst) && world.clickhouse.count(parcel.id) == parcel.rows.len() {
        return true;
    }
    world.clickhouse.insert(parcel, how, world.now)
}

/// Which legs repeat earlier ones.
fn mark(seen: &BTreeSet<Identity>, legs: &[Leg]) -> Vec<bool> {
    let mut here = BTreeSet::new();
    legs.iter().map(|leg| seen.contains(&leg.identity) || !here.insert(leg.identity)).collect()
}

/// Adds a batch up, repeats left out.
fn assemble(prepared: &mut Prepared, marks: Vec<bool>, partition: usize, world: &mut World) {
    let mut write = Write { partition, from: prepared.from, next: prepared.to, ..Write::default() };
    write.digest = prepared.legs.last().map(|leg| leg.record);
    let mut months: BTreeMap<u8, Vec<Row>> = BTreeMap::new();
    for (leg, is_repeat) in prepared.legs.iter().zip(&marks) {
        let outcome = match (is_repeat, leg.record.kind) {
            (true, _) => Outcome::Duplicate,
            (false, Kind::Strange) => Outcome::Suspended,
            (false, Kind::NonTarget) => Outcome::NonTarget,
            (false, Kind::Call | Kind::Bundled) => Outcome::Rated,
        };
        write.journal.push((leg.offset, outcome, prepared.generation));
        if *is_repeat {
            continue;
        }
        write.keys.push(leg.identity);
        if outcome == Outcome::Suspended {
            write.suspense.push(leg.identity);
            continue;
        }
        let amount = if outcome == Outcome::Rated { leg.amount } else { 0 };
        *write.totals.entry((leg.record.account, leg.record.month)).or_default() += amount;
        let row = Row { identity: leg.identity, account: leg.record.account, month: leg.record.month, amount };
        months.entry(leg.record.month).or_default().push(row);
    }
    write.counters = prepared.moves.iter().map(|(account, (_, stands))| (*account, *stands)).collect();
    let parcels = months.into_values().map(|rows| Parcel { id: world.postgres.reserve(), partition, rows });
    write.parcels = parcels.collect();
    (prepared.marks, prepared.write) = (marks, write);
}
