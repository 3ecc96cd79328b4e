//! Endpoints of suspense.
//!
//! Owns: the list of them.
//! Does not own: suspense (`billing::suspense`).
//! Always: entries are shown, never changed; recycling is a request of its own.

pub(crate) mod list;
