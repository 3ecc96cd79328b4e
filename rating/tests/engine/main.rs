//! The engine on small operators built from words.

#![expect(clippy::unwrap_used, reason = "tests")]

mod common;
mod selection;
mod terms;
