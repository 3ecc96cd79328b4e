//! The production calendar: which days are worked.
//!
//! Owns: tables `production_year`, `production_day`; counting business days.
//! Does not own: holidays of price lists and days of the bank (`holiday`), what a term is for (the rooms).
//! Always: a day of a year that nobody has entered is an error, never a guess (A30); moved days off and worked Saturdays are data.

mod import;
pub mod rules;
mod store;

pub use import::{Column, ImportFault, RowFault, read_days};
pub use rules::{DayFault, NewDay, OutsideCalendar, ProductionCalendar};
pub(crate) use store::read_in;
pub use store::{CalendarError, KnownDay, KnownYear, NewYear, read, set_year, years};
