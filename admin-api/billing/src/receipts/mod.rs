//! Fiscal receipts of natural persons: what a cash register has to issue for money of theirs (A26, 54-ФЗ).
//!
//! ```text
//! a payment is booked (paid) ----------+
//! money is given back (given_back) ----+-> judge -> queued -> claim -> register -> sent -> claim -> register -> done
//! an advance pays a document (offset) -+     |        ^                   |                            |
//!                                            |        +---- failed <------+----------------------------+
//!                                            +-> refused <----------------+----------------------------+
//!                                                   +-> retry | resolve (a person)
//! ```
//!
//! Owns: tables `fiscal_receipt`, `fiscal_attempt`; for what a receipt is needed, with which sign and rate, what an answer of the register leads to, the alarm.
//! Does not own: payments (`payments`), talking with the register (the API), rates of tax, the contact of a client.
//! Always: a receipt is queued in the change that makes it needed, and is never deleted: what cannot be sent waits for a person with the reason. The register
//! issues a receipt once for its external id, which changes only when the register has said that none was made. No contact is kept here.
//!
//! All that people pay on an account is an advance («аванс», calculated rate), for the services are not known when it comes; a document of what was rendered
//! takes it up («зачёт аванса», full settlement, plain rate). The law lets one receipt stand for all offsets of a month.
//! Start reading at [`rules::hear`], then `queue` and [`hear()`].

mod cards;
mod claim;
mod grid;
mod hear;
mod judge;
mod people;
mod queue;
pub mod rules;
mod words;

pub(crate) use cards::of_payment;
pub use cards::{Attempt, CardReceipt, ReceiptCard, card};
pub use claim::{Slip, claim, groups};
pub use grid::RECEIPTS;
pub use hear::{hear, missing, still_waits};
pub use people::{look_again, resolve, retry};
pub(crate) use queue::{given_back, offset, paid};
pub use words::{Contact, Fiscal, Heard, Kind, PaidBy, State};

use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// No such receipt.
    #[error("there is no such receipt")]
    NotFound,
    /// It is in a state in which this is not done.
    #[error("the receipt is {0}")]
    State(State),
    /// What stood in its way still does.
    #[error("the receipt cannot be sent: {0}")]
    Obstacle(&'static str),
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ReceiptError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
