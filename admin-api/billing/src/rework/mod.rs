//! Work that rates again: recycling and discarding of suspense, re-rating, roll-back of an import.
//!
//! Owns: tables `rework_job`, `rework_portion`, `rework_difference`, `charge_revision`: what is asked for ([`scope`]), filing and watching jobs (`desk`, `grid`), taking
//! them over and moving them on (`work`), what a portion writes beside a batch (`portion`).
//! Does not own: rating (the ingest executes a job with the stages of the stream), HTTP.
//! Always: a job is a stream whose records are its portions: fenced, and moved on in the transaction of its effects; jobs run one after another in the
//! order of filing; what changes charges is shown by a dry run before it is executed.

mod desk;
mod grid;
mod portion;
mod scope;
mod work;

pub use desk::{FileError, cancel, differences, execute, file, job};
pub use grid::GRID;
pub(crate) use portion::write_revisions;
pub use portion::{Blobs, Given, PortionRefused, PortionWrite, Revision, revisions_given, stream_of};
pub use scope::{ChargeScope, Kind, Place, RollbackScope, Scope, Side, SuspenseScope};
pub use work::{
    Claimed, Portion, PortionOf, beat, claim_next, fail, finish, portion, portion_bounds, set_portions,
    suspense_by_place, suspense_waiting, undelivered,
};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::Serialize;

/// The pass that changes nothing.
pub const DRY_RUN: i16 = 0;
/// The pass that changes.
pub const EXECUTION: i16 = 1;

/// A job as people see it.
#[derive(Clone, Debug, Serialize)]
pub struct Job {
    /// Identifier.
    pub id: i64,
    /// What is done.
    pub kind: Kind,
    /// To what.
    pub scope: Scope,
    /// Why.
    pub reason: String,
    /// `queued`, `running`, `previewed`, `done`, `failed`, `cancelled`.
    pub state: String,
    /// Whether it is, or was last, in its dry run.
    pub dry_run: bool,
    /// Version of the catalogue that charges are rated again by.
    pub catalogue_version: i64,
    /// Portions in all, once they are counted.
    pub portions: Option<i64>,
    /// Portions done.
    pub done: i64,
    /// What became of how many: the names depend on the kind.
    pub counts: serde_json::Value,
    /// Why it failed.
    pub problem: Option<String>,
    /// Who asked for it.
    pub author: String,
    /// When.
    pub filed_at: DateTime<Utc>,
    /// When it was begun.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What a job changes, or would change, for an account and a destination.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Identifier of the account, 0 = nobody.
    pub account: u64,
    /// Name of the destination.
    pub destination: String,
    /// Currency of the account.
    pub currency: String,
    /// Currency of the wholesale cost.
    pub cost_currency: String,
    /// Charges looked at.
    pub charges: i64,
    /// Of these, those that change.
    pub changed: i64,
    /// Of these, those that cannot be priced and stay as they are.
    pub unpriced: i64,
    /// Retail, with tax, as charged.
    pub retail_before: Decimal,
    /// Retail as it becomes.
    pub retail_after: Decimal,
    /// Wholesale as charged.
    pub wholesale_before: Decimal,
    /// Wholesale as it becomes.
    pub wholesale_after: Decimal,
}
