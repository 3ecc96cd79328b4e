//! Endpoints of the audit.
//!
//! Owns: the list of them.
//! Does not own: the audit (`billing::audit`).
//! Always: read only.

pub(crate) mod history;
