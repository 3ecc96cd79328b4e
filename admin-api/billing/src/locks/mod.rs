//! Locks: barred prefixes and numbers as people enter, change and delete them (M25, M26, M28).
//!
//! Owns: tables `lock` and `lock_period`; who may lift a lock (A25).
//! Does not own: which locks match a call and what a breach does (`rating::lock`), the bulk load (`operator`).
//! Always: a lock is ended, never erased; the times in which it was in force never change afterwards; every change has an author and a reason.

pub mod rules;
mod store;

pub use rules::Period;
pub use store::{
    LockCard, LockError, LockEvent, LockFilter, LockUpdate, NewLock, by_id, by_ids, changed, count, create, delete, history,
    list, update,
};
