//! Jobs: what the program does by night, and some of it by the hour.
//!
//! ```text
//! clock, billing zone, runs so far -> billing::jobs::due -> runner (one process, one run a date) -> a job of the registry
//! ```
//!
//! Owns: the registry, the jobs one file each, the loop that runs them.
//! Does not own: what they change (the rooms of `billing`), the record of their runs (`billing::jobs`).
//! Always: a job is idempotent by its date; what it changes in the books is a change of the user `system`, or a line of the program's own in the audit.
//!
//! A new job: one file here, one line in [`registry`].

pub(crate) mod approvals_expire;
pub(crate) mod autopay;
pub(crate) mod credit_check;
pub(crate) mod credit_renew;
pub(crate) mod critical_notice;
pub(crate) mod did_release;
pub(crate) mod holds_expire;
pub(crate) mod idempotency_sweep;
pub(crate) mod liquidation_notice;
mod month_end;
pub(crate) mod number_classes;
pub(crate) mod overdue_block;
pub(crate) mod receipts;
pub(crate) mod registry;
pub(crate) mod reservation_release;
pub(crate) mod risk_tags;
pub(crate) mod runner;
pub(crate) mod terminate;
