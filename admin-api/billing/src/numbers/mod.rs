//! Numbers: our capacity, its states and its quarantine.
//!
//! Owns: tables `did`, `did_period`, `non_target_call`, `non_target_last`, `non_target_run`, `ignored_caller`, `quarantine_term`, `number_region`, `number_class`,
//! `did_import`, `did_import_row`; the states of a number (M12), its class by non-target calls (M15), what may be sold (M16) and forced into sale (M20).
//! Does not own: products, subscribers and reservations (`subscriptions`).
//! Always: a state changes only along the table of [`rules`]; the former state keeps its period, so a call is resolved as of its answer.

pub mod forcing;
mod list;
pub(crate) mod moves;
pub(crate) mod quarantine;
pub mod rules;
pub mod sale;
mod store;

pub use list::GRID;
pub use quarantine::{Facts, Why};
pub use rules::{NonTargetClass, QuarantineTerm, QuarantineTerms, class, may_move};
pub use sale::{Offer, Sale};
pub use store::{
    CallerCount, DidCard, DidError, NonTargetDelta, archive, card, collected_days, days_with_calls, mark_collected,
    non_target_callers, non_target_calls,
};
pub(crate) use store::{count_non_target, in_work};
