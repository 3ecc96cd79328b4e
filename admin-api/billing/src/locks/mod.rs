//! Locks: barred prefixes and numbers as people enter, change and delete them (M25, M26, M28).
//!
//! Owns: tables `lock` and `lock_period`; who may lift a lock (A25).
//! Does not own: which locks match a call and what a breach does (`rating::lock`), the bulk load (`operator`).
//! Always: a lock is ended, never erased; the times in which it was in force never change afterwards; every change has an author and a reason.

mod list;
mod read;
pub mod rules;
mod store;

pub use list::GRID;
pub use read::{LockCard, LockEvent, by_id, by_ids, changed, history, of_client};
pub use rules::{Period, masks_of};
pub use store::{LockError, LockUpdate, NewLock, create, delete, delete_of_client, update};
