//! The engine on small operators built from words.

#![expect(clippy::unwrap_used, reason = "tests")]

mod afford;
mod amended;
mod authorize;
mod common;
mod counters;
mod selection;
mod stored;
mod terms;
