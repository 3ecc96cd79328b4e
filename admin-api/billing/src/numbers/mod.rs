//! Numbers: our capacity, its states and its quarantine.
//!
//! Owns: tables `did`, `did_period`, `non_target_call`, `non_target_run`; the states of a number (M12) and its class by non-target calls (M15).
//! Does not own: products and reservations.
//! Always: a state changes only along the table of [`rules`]; the former state keeps its period, so a call is resolved as of its answer.

mod list;
pub mod rules;
mod store;

pub use list::GRID;
pub use rules::{NonTargetClass, class, may_move};
pub use store::{
    CallerCount, DidCard, DidError, NonTargetDelta, archive, card, collected_days, days_with_calls, mark_collected,
    non_target_callers, non_target_calls,
};
pub(crate) use store::{count_non_target, in_work};
