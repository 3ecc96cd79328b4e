//! The engine on small operators built from words.

#![expect(clippy::unwrap_used, reason = "tests")]

mod amended;
mod common;
mod counters;
mod selection;
mod stored;
mod terms;
