//! Numbers: our capacity, its states and its quarantine.
//!
//! Owns: tables `did`, `did_period`, `non_target_call`, `non_target_last`, `non_target_run`, `ignored_caller`, `quarantine_term`, `number_region`, `number_class`,
//! `number_class_walk`, `did_import`, `did_import_row`, `did_import_change`; the states of a number (M12), its class by non-target calls (M15), what may be sold (M16)
//! and forced into sale (M20).
//! Does not own: products, subscribers and reservations (`subscriptions`).
//! Always: a state changes only along the table of [`rules`]; the former state keeps its period, so a call is resolved as of its answer.

mod card;
mod classes;
mod edit;
pub mod force;
pub mod forcing;
mod history;
mod ignored;
pub mod import;
pub(crate) mod letters;
mod list;
pub(crate) mod moves;
pub(crate) mod quarantine;
mod regions;
mod release;
pub mod rules;
pub mod sale;
pub mod shelf;
mod store;
mod terms;

pub use card::{DidCard, Forced, card};
pub use classes::{
    CLASSES, ClassError, ClassUpdate, NewClass, NumberClass, Portion, RULES_MAX, add as add_class, class_portion,
    followed, to_follow, update as update_class,
};
pub use edit::{Did, DidKind, DidUpdate, EditError, edit, restore, withdraw};
pub use history::{Holding, history, is_known};
pub use ignored::{IGNORED_CALLERS, IgnoredError, end_ignored, ignore_caller};
pub use list::GRID;
pub use quarantine::{Facts, Why};
pub use regions::{REGIONS, Region, RegionError, RegionUpdate, add as add_region, update as update_region};
pub use release::{Released, awaits_statistics, release};
pub use rules::{NonTargetClass, QuarantineTerm, QuarantineTerms, class, may_move};
pub use sale::{Offer, Sale};
pub use store::{
    CallerCount, DidError, NonTargetDelta, archive, collected_days, days_with_calls, mark_collected,
    non_target_callers, non_target_calls,
};
pub(crate) use store::{count_non_target, in_work};
pub use terms::{KINDS, Term, TermError, set_term, terms};
