//! Mails: the outbox.
//!
//! ```text
//! enqueue (with what it is about) -> queued -> claim -> sent
//!                                      ^         |---> queued again, later
//!            retry (a person) ---------+-- failed <---- no more attempts, or refused for good
//! ```
//!
//! Owns: table `mail`, who may be written to with advertising (A42), when an attempt is repeated and when it is given up.
//! Does not own: words (the rooms that write), SMTP (the API's program).
//! Always: a mail commits with what it is about; advertising goes to clients with recorded consent alone; a mail goes out at least once, under one Message-ID.

mod consent;
mod enqueue;
mod grid;
mod outbox;
mod rules;

pub use consent::{Consent, set_consent};
pub(crate) use enqueue::suppress;
pub use enqueue::{Letter, NewMail, enqueue, retry};
pub use grid::GRID;
pub use outbox::{Outgoing, claim, not_sent, sent};
pub use rules::{Class, wait};

use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// No such mail or client.
    #[error("there is no such record")]
    NotFound,
    /// Advertising without recorded consent (A42).
    #[error("the client has not agreed to advertising")]
    NoConsent,
    /// Only a mail that failed is tried again; its state.
    #[error("the mail is {0}")]
    State(String),
    /// The client agrees to advertising no more (A42).
    #[error("the client agrees to advertising no more")]
    NotAgreed,
    /// The client is left out of the letters about his liquidation (M59).
    #[error("the client is left out of these letters")]
    Excluded,
    /// The data of the client were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// Somebody changed the client since he was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for MailError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
