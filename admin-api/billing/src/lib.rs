//! The books of Tollgate: the only crate that speaks SQL to Postgres.
//!
//! Owns: the schema and its migrations, and the rooms: each module below says in its header which tables are its own. Read-only: [`hot_path`] (the snapshot of
//! rating). For the process: [`numbering_plan`].
//! Does not own: HTTP, Kafka, ClickHouse, the price of a call.
//! Always: a balance changes only in the transaction that writes what it sums up; every write of a person goes through a [`change::Change`] and leaves
//! an audit line; SQL has bound parameters only; time is an argument ([`clock::Clock`]).

pub mod clock;
pub mod store;

pub mod change;
pub mod edit;
pub mod grid;

pub mod approvals;
pub mod audit;
pub mod sign_in;
pub mod staff;

pub mod accounts;
pub mod agents;
pub mod autopayments;
pub mod availability;
pub mod blocks;
pub mod cabinet;
pub mod charges;
pub mod cleaning;
pub mod clients;
pub mod contracts;
pub mod counters;
pub mod credit;
pub mod critical_notices;
pub mod currencies;
pub mod documents;
pub mod entities;
pub mod fees;
pub mod holds;
pub mod invoicing;
pub mod ledger;
pub mod liquidation;
pub mod locks;
pub mod long_calls;
pub mod mail;
pub mod numbers;
pub mod parties;
pub mod payers;
pub mod payment_methods;
pub mod payments;
pub mod plans;
pub mod price_lists;
pub mod production_calendar;
pub mod products;
pub mod providers;
pub mod receipts;
pub mod subscriptions;
pub mod tags;
pub mod terminations;
pub mod terms;

pub mod imports;
pub mod ingest_alarms;
pub mod jobs;
pub mod reconciliation;
pub mod rework;
pub mod streams;
pub mod suspense;

pub mod hot_path;
pub mod numbering_plan;
pub mod operator;
pub mod settings;
mod sums;

pub use change::{Actor, Author, Change};
pub use clock::{Clock, FixedClock, SystemClock};
pub use edit::Edit;
pub use store::{Store, StoreError};

/// A rating amount as a decimal.
pub fn decimal(amount: rating::Money) -> rust_decimal::Decimal {
    rust_decimal::Decimal::from_i128_with_scale(i128::from(amount.nanos()), 9)
}
