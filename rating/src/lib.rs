//! What does this call cost, and why?
//!
//! Owns: exact money ([`money`]), rates and their arithmetic ([`rate`], [`price`], `increments`), the texts of a rate's row ([`rate_text`]), time bands ([`calendar`]), discounts, exchange rates and tax ([`terms`]), price lists ([`list`]), the choice of a rate over the layers of a
//! tariff plan ([`resolve`]), bundles and volumes ([`counter`]), locks ([`lock`]), who pays ([`payer`]), the price of a leg with its explanation ([`leg`], [`explain`], [`explanation`]), the tariff check ([`check`]), what a call that wants to begin is answered ([`authorize`]), the price of a stored charge once more
//! ([`stored`], [`replay`]), all of them in words ([`wording`], [`story`]), and the immutable [`snapshot`] of everything the hot path reads (its accounts and numbers are `parties`, in collections that are
//! `shared` by successive snapshots), built from plain [`rows`].
//! Does not own: where rows come from (`billing`, CSV files), decoding of records (`cdr-ingest`).
//! Always: pure. No IO, no clock, no environment, no float; what goes in decides what comes out.

pub mod authorize;
pub mod build;
pub mod calendar;
pub mod check;
pub mod code;
pub mod counter;
pub mod explain;
pub mod explanation;
pub mod identify;
mod increments;
pub mod leg;
pub mod list;
pub mod lock;
pub mod mapping;
pub mod money;
mod overview;
mod parties;
pub mod payer;
pub mod price;
pub mod rate;
pub mod rate_text;
pub mod replay;
pub mod resolve;
pub mod rows;
mod shared;
pub mod snapshot;
pub mod stored;
pub mod story;
pub mod terms;
pub mod wording;

pub use code::{Outcome, Service, SuspenseCode};
pub use money::{Currency, Exact, Money, Overflow, Rounding, RoundingMode};
pub use price::{Measure, Usage, WholeSeconds};
pub use rate::{Rate, RateParts, Tier};
pub use snapshot::Snapshot;
