//! Approvals: what somebody asks for and others decide, one mechanism for all kinds.
//!
//! ```text
//! requested ─ (consent) ─ last step approved ─► approved ─► executed | failed
//!     └─► refused | withdrawn | expired
//! ```
//!
//! Owns: tables `approval`, `approval_step`, `approval_decision`, `approval_evidence`; who may decide, and when what was approved is executed.
//! Does not own: what is executed (the room of each kind: `kinds` names them), the settings that make an approval necessary (the room that would do it at once).
//! Always: nobody approves his own request (A25), nobody decides twice; what is approved is what was asked for, or it is refused as stale; the last approval and
//! the execution are one transaction, under the lock of the request, so that it is executed once; everything leaves an audit line.

mod decide;
mod expire;
mod kinds;
mod list;
mod model;
mod read;
mod request;
mod rules;

pub use decide::{approve, refuse};
pub use expire::expire;
pub use kinds::Kind;
pub use list::GRID;
pub use model::{Approval, Decision, Evidence, NewEvidence, NewRequest};
pub use read::{Standing, changed, find};
pub use request::{EVIDENCE_MAX, add_evidence, propose, request, withdraw};
pub use rules::{Consent, EvidenceKind, Obstacle, State, Step, Verdict};

use crate::accounts::AccountError;
use crate::ledger::LedgerError;
use crate::mail::MailError;
use crate::numbers::DidError;
use crate::numbers::force::ForceError;
use crate::payments::PaymentError;
use crate::price_lists::ActivateError;
use crate::store::{StoreError, broken_constraint};
use crate::subscriptions::SubscriptionError;
use crate::terminations::TerminationError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ApprovalError {
    /// No such request.
    #[error("there is no such request")]
    NotFound,
    /// There is nothing with this identifier that the kind could be about.
    #[error("what the request would be about does not exist")]
    NoEntity,
    /// What it would do cannot be read.
    #[error("the payload does not fit the kind: {0}")]
    Payload(String),
    /// The limit that it would give is none.
    #[error("a limit is 0 to 999999999.99 with at most two decimals, as a string")]
    Limit,
    /// A number that is not written as the room knows it.
    #[error("a number is its digits with the country code, and nothing else")]
    Number,
    /// The department has nobody to decide, nor have those above it.
    #[error("neither the department {0} nor one above it has a head beside who asks")]
    NoManager(String),
    /// The same is asked for already.
    #[error("a request of this kind on the same waits already")]
    AlreadyOpen,
    /// Something stands against it.
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
    /// Only who asked withdraws.
    #[error("a request is withdrawn by who made it")]
    NotRequester,
    /// More evidence than a request may have.
    #[error("a request has {0} pieces of evidence at most")]
    TooMuchEvidence(i64),
    /// Somebody changed it since it was read.
    #[error("the request was changed since it was read")]
    Stale,
    /// What the room of accounts says.
    #[error(transparent)]
    Account(AccountError),
    /// The ledger refuses what was approved.
    #[error(transparent)]
    Ledger(LedgerError),
    /// What the room of price lists says.
    #[error(transparent)]
    Prices(ActivateError),
    /// Why a number is not forced into sale.
    #[error(transparent)]
    Force(ForceError),
    /// No contract of the account is due to be ended (M70).
    #[error("no debt behind a notice of intention is due")]
    NotDue,
    /// What ending a contract ran into.
    #[error(transparent)]
    Termination(TerminationError),
    /// What the room of subscriptions says.
    #[error(transparent)]
    Subscription(SubscriptionError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ApprovalError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("approval_once_open") => Self::AlreadyOpen,
            _ => Self::Store(error.into()),
        }
    }
}

// Whatever room the database failed in, it is the database: such an error is no answer of a kind.
impl From<LedgerError> for ApprovalError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoPosting => Self::NoEntity,
            LedgerError::Store(error) => Self::Store(error),
            error => Self::Ledger(error),
        }
    }
}

impl From<ForceError> for ApprovalError {
    fn from(error: ForceError) -> Self {
        match error {
            ForceError::Did(DidError::Store(error)) => Self::Store(error),
            error => Self::Force(error),
        }
    }
}

impl From<MailError> for ApprovalError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Store(error) => Self::Store(error),
            // Of letters that are no advertising the outbox refuses nothing.
            error => StoreError::Inconsistent { table: "mail", problem: error.to_string() }.into(),
        }
    }
}

impl From<PaymentError> for ApprovalError {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::Ledger(error) => error.into(),
            PaymentError::Store(error) => Self::Store(error),
            // Of a charge that was taken back payments refuse nothing else.
            error => StoreError::Inconsistent { table: "payment_allocation", problem: error.to_string() }.into(),
        }
    }
}

impl From<AccountError> for ApprovalError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotFound => Self::NoEntity,
            AccountError::Store(error) => Self::Store(error),
            error => Self::Account(error),
        }
    }
}

impl From<ActivateError> for ApprovalError {
    fn from(error: ActivateError) -> Self {
        match error {
            ActivateError::NotFound => Self::NoEntity,
            ActivateError::Store(error) => Self::Store(error),
            error => Self::Prices(error),
        }
    }
}

impl From<TerminationError> for ApprovalError {
    fn from(error: TerminationError) -> Self {
        match error {
            TerminationError::NoAccount => Self::NoEntity,
            TerminationError::NotDue => Self::NotDue,
            TerminationError::Store(error) => Self::Store(error),
            error => Self::Termination(error),
        }
    }
}

impl From<SubscriptionError> for ApprovalError {
    fn from(error: SubscriptionError) -> Self {
        match error {
            SubscriptionError::NoSubscriber => Self::NoEntity,
            SubscriptionError::Store(error) => Self::Store(error),
            error => Self::Subscription(error),
        }
    }
}
