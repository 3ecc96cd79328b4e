//! Subscriptions: products that accounts have, and the subscribers that numbers are attached to.
//!
//! ```text
//! product    new ─► in work ◄─► suspended
//!             └────────┴────────────┴────► closed
//! subscriber new ─► in work ─► closed          its number: reserved ─► in work ─► archive
//!             └───────────────► closed                        └─► free
//! ```
//!
//! Owns: tables `product_instance`, `subscriber`; their states (M12, 6.4), the term of a reservation (M18, A30), when a number may be replaced (A32).
//! Does not own: what is sold (`products`), numbers and their states (`numbers`), business days (`production_calendar`), what a blocked account may not (`credit`).
//! Always: a subscriber that was closed stays closed; a number goes where the state of its subscriber sends it; whoever holds several rows holds the account
//! first (`store`), so that of two who want one number the second finds it taken.

mod card;
mod instances;
mod lists;
mod replacement;
mod reservations;
pub mod rules;
mod store;
mod subscribers;

pub use card::{InstanceCard, SUBSCRIBERS_MAX, SubscriberCard};
pub use card::{changed_instance, changed_subscriber, instance, of_account, subscriber};
pub use instances::{InstanceUpdate, NewInstance, activate as activate_instance, add, close as close_instance};
pub use instances::{resume, suspend, update};
pub use lists::{INSTANCES, SUBSCRIBERS};
pub use replacement::{Attached, attached, called_before};
pub(crate) use replacement::{Replacement, planned_replacement, replace};
pub use reservations::{Lapsed, PORTION, begin_due, lapse, record_refusal, recount};
pub use rules::{ClosedFor, Initiator, InstanceStatus, SubscriberStatus};
pub use subscribers::{activate, attach, cancel, close, close_of_number};

use chrono::NaiveDate;
use rules::{NotPlanned, NotReplaced};

use crate::credit::{CreditError, Refused};
use crate::numbers::DidError;
use crate::numbers::sale::NotForSale;
use crate::production_calendar::OutsideCalendar;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SubscriptionError {
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// No such product of an account.
    #[error("there is no such product of an account")]
    NoInstance,
    /// No such subscriber.
    #[error("there is no such subscriber")]
    NoSubscriber,
    /// Nothing that is sold has this code.
    #[error("no product that is sold has the code {0}")]
    NoProduct(String),
    /// The account is closed.
    #[error("account {0} is closed")]
    AccountClosed(String),
    /// The data of its client were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// The account has the product already (L7).
    #[error("the account has the product already: {0}")]
    Duplicate(i64),
    /// The product does not become that in one step (6.4).
    #[error("the product is {} and does not become {}", .0.as_str(), .1.as_str())]
    Step(InstanceStatus, InstanceStatus),
    /// Nothing is attached to a product in this state, and nothing on it begins.
    #[error("the product is {}", .0.as_str())]
    NotWorking(InstanceStatus),
    /// The subscriber does not become that in one step (M12).
    #[error("the subscriber is {} and does not become {}", .0.as_str(), .1.as_str())]
    SubscriberStep(SubscriberStatus, SubscriberStatus),
    /// A subscriber in this state is not closed for that.
    #[error("the subscriber is {} and is not closed as {}", .0.as_str(), .1.as_str())]
    NotClosedFor(SubscriberStatus, ClosedFor),
    /// The day on which a product is to work is not planned (M61).
    #[error("the day is not planned: {0:?}")]
    NotPlanned(NotPlanned),
    /// The term of a reservation runs already.
    #[error("the term of the reservation runs until {0} already")]
    TermRuns(NaiveDate),
    /// The number is not attached (M21, A27).
    #[error(transparent)]
    NotForSale(NotForSale),
    /// The number is not replaced today (A32).
    #[error(transparent)]
    NotReplaced(NotReplaced),
    /// It cannot be replaced by itself.
    #[error("a number is replaced by another one")]
    SameNumber,
    /// It is no number.
    #[error("the number to come is no international number")]
    NoNumber,
    /// The initiator is nobody who wants numbers replaced.
    #[error("the initiator is one of: {}", Initiator::NAMES.join(", "))]
    NoInitiator,
    /// A term ends in a year that the production calendar does not know (A30).
    #[error(transparent)]
    Outside(OutsideCalendar),
    /// A block or an overdue invoice stops it (M55, B14).
    #[error("refused: {}", .0.as_str())]
    Refused(Refused),
    /// What the room of numbers says.
    #[error(transparent)]
    Did(DidError),
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SubscriptionError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<DidError> for SubscriptionError {
    fn from(error: DidError) -> Self {
        match error {
            DidError::Store(error) => Self::Store(error),
            DidError::Stale => Self::Stale,
            error => Self::Did(error),
        }
    }
}

impl From<CreditError> for SubscriptionError {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::Refused(refused) => Self::Refused(refused),
            CreditError::Store(error) => Self::Store(error),
            // Of an account that is held, and of a question that posts nothing, credit says nothing else.
            error => StoreError::Inconsistent { table: "account", problem: error.to_string() }.into(),
        }
    }
}

impl From<OutsideCalendar> for SubscriptionError {
    fn from(error: OutsideCalendar) -> Self {
        Self::Outside(error)
    }
}
