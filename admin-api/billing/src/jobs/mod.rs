//! Jobs: what the program does by night, and for which date it did it.
//!
//! Owns: table `job_run`, which dates are due, that a job runs in one process at a time and is done once a date, or by the hour.
//! Does not own: which jobs there are and what they do (the API's program has the registry).
//! Always: missed dates are made up for in order; a job that failed is tried again later and holds up its later dates; what a job changes is a change of the
//! user `system`.

mod grid;
mod rules;
mod store;

pub use grid::GRID;
pub use rules::{Tried, due, retry_after};
pub use store::{JobError, JobLock, JobRun, actor, begin, finish, latest, lock, order, order_again, ordered, since};
