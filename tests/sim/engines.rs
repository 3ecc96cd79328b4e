//! The engines as the protocol sees them: what they promise, and the ways in which they fail.
//!
//! Owns: a log that can begin anew, a database with one commit lock and COMMITs whose answer is lost, a table store that remembers a bounded number of tokens.
//! Does not own: the protocol (`process`), when what happens (`schedule`).
//! Always: a transaction has all its effects or none; an INSERT is one block; nothing here knows what the protocol wants to be true.

use std::collections::{BTreeMap, VecDeque};

/// What a record is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A call, charged by its units.
    Call,
    /// A call of which a bundle of the account covers what is left of it.
    Bundled,
    /// A call to a number that nobody has.
    NonTarget,
    /// Bytes that are no record: known by their place alone.
    Strange,
}

/// A record of the log.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Record {
    pub(crate) kind: Kind,
    /// Identity at its source; copies have the same.
    pub(crate) key: u32,
    pub(crate) account: u8,
    pub(crate) month: u8,
    pub(crate) units: u64,
}

/// By what a leg is known: what its source calls it, or where it stood.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Identity {
    Key(u32),
    Place(usize, usize),
}

/// What became of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Outcome {
    Rated,
    NonTarget,
    Suspended,
    Duplicate,
}

/// The broker: a log a partition.
#[derive(Debug, Default)]
pub(crate) struct Broker {
    pub(crate) logs: Vec<Vec<Record>>,
    /// How often the topic began anew.
    pub(crate) generation: u32,
}

/// A row of the table of charges.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Row {
    pub(crate) identity: Identity,
    pub(crate) account: u8,
    pub(crate) month: u8,
    pub(crate) amount: u64,
}

/// Rows of one INSERT: of one month, with one token.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Parcel {
    pub(crate) id: u64,
    pub(crate) partition: usize,
    pub(crate) rows: Vec<Row>,
}

/// Where a partition stands.
#[derive(Clone, Debug, Default)]
pub(crate) struct Position {
    pub(crate) epoch: u64,
    pub(crate) next: usize,
    pub(crate) digest: Option<Record>,
}

/// A committed batch: where it began, and of every record its offset, its outcome and the generation of its topic.
pub(crate) type Batch = (usize, Vec<(usize, Outcome, u32)>);

/// What a transaction writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Write {
    pub(crate) partition: usize,
    pub(crate) next: usize,
    pub(crate) digest: Option<Record>,
    pub(crate) totals: BTreeMap<(u8, u8), u64>,
    pub(crate) keys: Vec<Identity>,
    pub(crate) suspense: Vec<Identity>,
    pub(crate) counters: BTreeMap<u8, u64>,
    pub(crate) parcels: Vec<Parcel>,
    /// For the check alone: offset, outcome and generation of every record of the batch.
    pub(crate) journal: Vec<(usize, Outcome, u32)>,
    pub(crate) from: usize,
}

/// A COMMIT that the server is still at, its client gone: it takes effect or not, and holds the lock until then.
#[derive(Debug)]
pub(crate) struct Pending {
    pub(crate) write: Option<Write>,
}

/// The database.
#[derive(Debug, Default)]
pub(crate) struct Postgres {
    pub(crate) positions: Vec<Position>,
    pub(crate) totals: BTreeMap<(u8, u8), u64>,
    /// Identities of each batch, in order of commit.
    pub(crate) blobs: Vec<Vec<Identity>>,
    pub(crate) suspense: Vec<Identity>,
    pub(crate) counters: BTreeMap<u8, u64>,
    pub(crate) outbox: BTreeMap<u64, Parcel>,
    next_id: u64,
    /// Who holds the commit lock.
    pub(crate) lock: Option<usize>,
    pub(crate) pending: Option<Pending>,
    /// For the check alone: every committed batch, by partition.
    pub(crate) journal: Vec<Vec<Batch>>,
}

impl Postgres {
    pub(crate) fn new(partitions: usize) -> Self {
        let positions = vec![Position::default(); partitions];
        Self { positions, journal: vec![Vec::new(); partitions], ..Self::default() }
    }

    /// An identifier that was never given.
    pub(crate) fn reserve(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Takes the commit lock, if nobody has it: not even a COMMIT whose client is gone.
    pub(crate) fn try_lock(&mut self, who: usize) -> bool {
        if self.lock.is_some() || self.pending.is_some() {
            return false;
        }
        self.lock = Some(who);
        true
    }

    pub(crate) fn unlock(&mut self, who: usize) {
        if self.lock == Some(who) {
            self.lock = None;
        }
    }

    pub(crate) fn apply(&mut self, write: Write) {
        let position = &mut self.positions[write.partition];
        (position.next, position.digest) = (write.next, write.digest);
        for (key, amount) in write.totals {
            *self.totals.entry(key).or_default() += amount;
        }
        self.counters.extend(write.counters);
        self.suspense.extend(write.suspense);
        self.blobs.push(write.keys);
        self.outbox.extend(write.parcels.into_iter().map(|parcel| (parcel.id, parcel)));
        self.journal[write.partition].push((write.from, write.journal));
    }

    /// The COMMIT whose client is gone ends.
    pub(crate) fn resolve_pending(&mut self) {
        if let Some(write) = self.pending.take().and_then(|pending| pending.write) {
            self.apply(write);
        }
    }
}

/// How an INSERT ends for who sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Insert {
    /// Taken and acknowledged.
    Acknowledged,
    /// Taken; the answer was lost.
    AnswerLost,
    /// Not taken.
    Refused,
    /// On its way: arrives so many steps later, its sender hears nothing.
    Late(u32),
}

/// The table store.
#[derive(Debug)]
pub(crate) struct ClickHouse {
    pub(crate) rows: Vec<(u64, Row)>,
    tokens: VecDeque<u64>,
    /// INSERTs on their way: step of arrival.
    on_their_way: Vec<(u64, Parcel)>,
    uses_tokens: bool,
}

/// Tokens that the table store remembers: more than INSERTs can overtake one that is on its way, fewer than a schedule has.
pub(crate) const WINDOW: usize = 6;
/// Most steps that an INSERT is on its way.
pub(crate) const LATE_MAX: u32 = 5;

impl ClickHouse {
    pub(crate) const fn new(uses_tokens: bool) -> Self {
        Self { rows: Vec::new(), tokens: VecDeque::new(), on_their_way: Vec::new(), uses_tokens }
    }

    /// How many rows of an INSERT are there.
    pub(crate) fn count(&self, id: u64) -> usize {
        self.rows.iter().filter(|(own, _)| *own == id).count()
    }

    /// An INSERT; whether its sender hears that it was taken.
    pub(crate) fn insert(&mut self, parcel: &Parcel, how: Insert, now: u64) -> bool {
        match how {
            Insert::Refused => {}
            Insert::Late(steps) => self.on_their_way.push((now + u64::from(steps), parcel.clone())),
            Insert::Acknowledged | Insert::AnswerLost => self.take(parcel.clone()),
        }
        how == Insert::Acknowledged
    }

    fn take(&mut self, parcel: Parcel) {
        if self.uses_tokens && self.tokens.contains(&parcel.id) {
            return;
        }
        self.tokens.push_back(parcel.id);
        if self.tokens.len() > WINDOW {
            self.tokens.pop_front();
        }
        self.rows.extend(parcel.rows.into_iter().map(|row| (parcel.id, row)));
    }

    /// What was on its way until now arrives.
    pub(crate) fn arrive(&mut self, now: u64) {
        let (arrived, later) = std::mem::take(&mut self.on_their_way).into_iter().partition(|(at, _)| *at <= now);
        self.on_their_way = later;
        let arrived: Vec<(u64, Parcel)> = arrived;
        for (_, parcel) in arrived {
            self.take(parcel);
        }
    }

    pub(crate) fn is_quiet(&self) -> bool {
        self.on_their_way.is_empty()
    }
}
