//! Rating again: recycling and discarding of suspense, re-rating of charges, roll-back of an import.
//!
//! Owns: the execution of jobs ([`executor`]), reading the charges of a portion ([`charges`]), what each kind of job makes of a portion (`recycle`, `rerate`,
//! `rollback`), the commit of a portion (`commit`).
//! Does not own: what is asked for and how far it is (`billing::rework`), the stages and the price.
//! Always: a portion is committed as a batch is: fenced, in one transaction with its position, its rows by the outbox; a job that breaks off anywhere goes on
//! where its last portion was committed.

pub mod charges;
mod commit;
pub mod executor;
mod recycle;
mod rerate;
mod rerun;
mod rollback;

use std::collections::BTreeMap;

use billing::rework::{Difference, Revision};
use billing::suspense::Settlement;
use rating::counter::CounterKey;

use crate::assemble::Assembled;
use crate::charge::Identity;
use crate::counters::Moves;
use crate::stages::Resolved;

/// What a portion does.
#[derive(Debug, Default)]
struct Prepared {
    assembled: Assembled,
    moves: Moves,
    settled: Vec<Settlement>,
    revisions: Vec<Revision>,
    removed: Vec<Identity>,
    given_back: BTreeMap<CounterKey, u64>,
    differences: Vec<Difference>,
    counts: BTreeMap<&'static str, u64>,
    /// Identities that are charged now and must not have been seen when it is committed.
    unseen: Vec<Identity>,
    /// By what records were resolved, where they were resolved anew.
    resolved: Resolved,
}

impl Prepared {
    fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }
}

/// Why a job does not go on.
#[derive(Debug, thiserror::Error)]
enum Trouble {
    /// It would fail again however often it is tried: a person has to look.
    #[error("{0}")]
    Hopeless(String),
    /// Worth trying again later.
    #[error("{0}")]
    Later(String),
}

impl From<billing::StoreError> for Trouble {
    fn from(error: billing::StoreError) -> Self {
        if error.is_unavailable() || error.is_conflict() {
            Self::Later(error.to_string())
        } else {
            Self::Hopeless(error.to_string())
        }
    }
}

impl From<::clickhouse::error::Error> for Trouble {
    fn from(error: ::clickhouse::error::Error) -> Self {
        Self::Later(format!("clickhouse: {error}"))
    }
}
