//! Automatic payment: a client links a card, and it is charged where his balance comes down to his threshold (M33).
//!
//! ```text
//! due -> try_now (an attempt is on record) -> the gateway -> hear -> there is a payment | it is switched off, with a letter | it is tried another day
//!                                               ^              |
//!                        in_doubt (asked again) +--- in doubt <-+
//! ```
//!
//! Owns: tables `card`, `card_link`, `autopay`, `autopay_change`, `gateway_attempt`; what is switched on and off by whom, and the letter on it.
//! Does not own: the rules of when and what then (`credit::autopay`), talking with the gateway (the API), payments (`payments`), to which an attempt that is paid
//! adds one.
//! Always: an attempt commits before the gateway hears of it, and its money is one payment, under the key of the attempt; only a user of the client switches it
//! on (B11); a card is its token, and no number is kept. Locked in this order: card, automatic payment of an account, attempt, what payments and the ledger hold.
//! Start reading at [`try_now`], then [`hear`].

mod answers;
mod attempts;
mod booking;
mod cards;
mod grids;
mod letter;
mod rules;
mod terms;

pub use answers::{Heard, book_again, hear, not_booked};
pub use attempts::{Charge, Doubt, Terms, Try, due, in_doubt, rest, try_now};
pub use cards::{
    Card, CardSaid, LINK_MINUTES, begin_link, cards, forgotten, linked, to_forget, unlink, unlinked_at_gateway,
};
pub use grids::{ATTEMPTS, AUTOPAYMENTS};
pub use rules::{Rule, Unfit};
pub use terms::{Autopay, AutopayChange, On, Wanted, changes, of_account, of_client, set, stop};

use crate::mail::MailError;
use crate::store::StoreError;

/// Whether something that was said is new: what is not leaves nothing to commit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Told {
    /// It was known.
    Known,
    /// It is written down.
    New,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AutopayError {
    /// No such account, card, link or attempt, or somebody else's.
    #[error("there is no such record")]
    NotFound,
    /// Only a user of the client decides on his money (B11).
    #[error("only the client pays")]
    OnlyClientPays,
    /// The account is closed, or in a currency that its issuer had before (B13).
    #[error("the account is not available")]
    AccountNotAvailable,
    /// The card is not linked.
    #[error("there is no such card that is linked")]
    NoCard,
    /// The terms cannot be so.
    #[error("the terms do not fit: {0:?}")]
    Unfit(Unfit),
    /// It is off already.
    #[error("it is off already")]
    OffAlready,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// More cards than a client may have.
    #[error("at most {0}")]
    TooMany(i64),
    /// What was said of a card cannot be kept.
    #[error("the {0} of a card is not of the form that can be kept")]
    StrangeCard(&'static str),
    /// Another client has linked the card.
    #[error("another client has linked the card")]
    OfAnother,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AutopayError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<MailError> for AutopayError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Store(error) => Self::Store(error),
            // Of a letter about the service nothing else is refused.
            _ => Self::NotFound,
        }
    }
}

/// A value of a closed list that nobody knows.
fn strange(table: &'static str, text: &str) -> StoreError {
    StoreError::Inconsistent { table, problem: format!("`{text}`, which nobody knows") }
}
