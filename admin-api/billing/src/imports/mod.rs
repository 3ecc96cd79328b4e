//! Imports: files of call records, each with a number.
//!
//! Owns: tables `import`, `import_place`, `import_rejected`, `import_sequence`: registering a file, how far it was sent, which number misses, and how imports are listed ([`GRID`]).
//! Does not own: reading and sending files (the collector), charges of an import, taking one back (`rework`).
//! Always: one content of a source is one import, unless the former was rolled back; a file that went half is gone on with where the broker acknowledged.

mod grid;
mod progress;
mod read;
pub mod rules;
mod sequence;
mod store;

pub use grid::GRID;
pub(crate) use progress::give_up;
pub use progress::{Advanced, Rejected, advance, beat, finish, under_way};
pub use read::{Filter, Import, list, one, pending, suspended};
pub(crate) use read::{state_of, successor, waits_at};
pub use store::{FoundFile, Registered, Trailer, refuse, register};
