//! Clients whose party is no more.
//!
//! ```text
//! party (status, date) -> rules: clear, warning, liquidated -> notify: one letter a client, unless he is excluded
//! ```
//!
//! Owns: table `liquidation_notice`, the criterion (M56), who gets a letter (M57), the list of it (M58), who is left out (M59), what a card shows (M60).
//! Does not own: what the registry says (`parties`), how a letter goes out (`mail`), when the job runs (the API).
//! Always: who is excluded gets nothing; a letter and its record commit together; a value that is not «Да» or «Нет» changes nothing.

mod exclusion;
mod grid;
mod letter;
mod notify;
mod rules;
mod state;

pub use exclusion::{Exclusion, ExclusionError, NO, Outcome, WantedExclusion, YES, exclude, exclude_many, word};
pub use grid::GRID;
pub use letter::{Letter, letter};
pub(crate) use notify::KIND;
pub use notify::{Counts, Notified, counts, notify};
pub use rules::{Trigger, Verdict, judge, passport_counts};
pub use state::Legal;
pub(crate) use state::of_client;
