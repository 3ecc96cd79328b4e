//! Audit: who did or tried what.
//!
//! Owns: tables `audit_record` and `audit_head`.
//! Does not own: the decision what is worth a line (`change` demands one for every write; refusals come from the API's door).
//! Always: append-only; a line names its author, address, moment, before and after; each line has a digest over the one before it, so that a line that was
//! changed, taken out or put in later is found ([`verify`]).

mod chain;
mod list;
mod read;
mod write;

pub use chain::{Anchor, Fault, Verdict, What, head, verify};
pub use list::{CLOSED, GRID};
pub use read::{AuditRecord, history};
pub(crate) use write::write;
pub use write::{AuditLine, Outcome, done, refused};
