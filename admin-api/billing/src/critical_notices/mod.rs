//! Clients are told that little is left on their account.
//!
//! ```text
//! balance <= critical balance -> rules of `credit` -> a letter and a row, or a row that says why not
//! ```
//!
//! Owns: table `critical_notice`, the letter with its request for payment, the list of what was sent and what was not (M31).
//! Does not own: when a notice is due and whether an invoice goes with it (`credit`), the critical balance (`blocks`), how a letter goes out (`mail`), when it
//! is looked (the API).
//! Always: a letter and its row commit together; one process looks at a time, so that nobody is told twice; who has no critical balance is not told.

mod grid;
mod letter;
mod notify;
mod rules;

pub use grid::GRID;
pub use notify::{Notified, Terms, notify};
