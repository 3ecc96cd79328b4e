//! What the processes share: the engines, and the guards of the protocol.
//!
//! Owns: the list of guards, how a COMMIT can end.
//! Does not own: what a guard does (`process`).
//! Always: one guard at most is switched off.

use crate::engines::{Broker, ClickHouse, Postgres};

/// What keeps charges exact. Each can be switched off, and then has to be missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Guard {
    /// A write and the settling of a lost COMMIT ask whether the epoch is still ours.
    Epoch,
    /// A write asks whether the position is where the batch begins.
    NextOffset,
    /// An INSERT carries the identifier of its outbox row as its token.
    Token,
    /// What may have been sent before is counted before it is sent again.
    CountFirst,
    /// Identities enter memory after COMMIT.
    KeysAfterCommit,
    /// A counter moves only from where the batch found it.
    Counters,
    /// Identities that others committed are read under the commit lock.
    CatchUp,
    /// What was not sent for long is counted before it is sent: somebody else may have sent it, and its token be forgotten.
    Stale,
    /// The record before the position has to be the one that was charged.
    Digest,
    /// What a former owner left in the outbox is sent before anything else.
    Resend,
}

impl Guard {
    /// All of them.
    pub(crate) const ALL: [Self; 10] = [
        Self::Epoch,
        Self::NextOffset,
        Self::Token,
        Self::CountFirst,
        Self::KeysAfterCommit,
        Self::Counters,
        Self::CatchUp,
        Self::Stale,
        Self::Digest,
        Self::Resend,
    ];
}

/// How a COMMIT ends for who sent it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Commit {
    Acknowledged,
    /// It took effect; the answer was lost.
    AnswerLost,
    /// The server is still at it; whether it will take effect.
    Pending(bool),
    /// The connection broke before the server had it.
    NotReceived,
}

/// The engines and the guards.
pub(crate) struct World {
    pub(crate) broker: Broker,
    pub(crate) postgres: Postgres,
    pub(crate) clickhouse: ClickHouse,
    /// The guard that is switched off.
    pub(crate) without: Option<Guard>,
    pub(crate) now: u64,
    /// Partitions that stopped with a message: their topic began anew.
    pub(crate) halted: Vec<bool>,
}

impl World {
    /// Whether a guard is there.
    pub(crate) fn keeps(&self, guard: Guard) -> bool {
        self.without != Some(guard)
    }
}
