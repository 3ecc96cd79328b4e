//! Documents that were issued: what bills services, what asks for money, and how far that is paid.
//!
//! ```text
//! enter, withdraw ─► document ◄─ paid: what payments pay of it
//!                        │
//!                        ├─► credit: what bills makes debt (A17), the oldest that is not paid runs a deferral (A14)
//!                        └─► payments: what is payable is found by its number, and paid (L17)
//! ```
//!
//! Owns: table `document`.
//! Does not own: how a document is made, what it looks like, how it goes out (`invoicing`), what payments pay (`payments`), what follows from a debt (`credit`).
//! Always: a number is one document's of its kind at an account, until it is withdrawn; what bills services makes debt, a payment invoice makes none; money is
//! asked for once: a payment invoice is payable, and what bills services where no invoice goes with it; what is paid is what payments pay, at every commit.
//! Start reading at [`enter()`].

mod kinds;

mod enter;
mod withdraw;

mod list;
mod paid;

pub use enter::{NewDocument, enter};
pub use kinds::DocumentKind;
pub use list::DOCUMENTS;
pub use paid::Paid;
pub(crate) use paid::keep_paid;
pub use withdraw::withdraw;

use chrono::NaiveDate;

use crate::credit::CreditError;
use crate::ledger::LedgerError;
use crate::payments::PaymentError;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum DocumentError {
    /// No such account.
    #[error("there is no such account")]
    NoAccount,
    /// No such document, or it was withdrawn.
    #[error("there is no such document")]
    NoDocument,
    /// The account has no such contract.
    #[error("the account has no contract {0}")]
    NoContract(String),
    /// The account has a document of this kind with this number.
    #[error("the account has document {0} already")]
    Exists(String),
    /// Not a sum that a document can have.
    #[error("a sum of a document is not zero, has at most two decimals, and is below zero in a correction alone")]
    BadAmount,
    /// A payment invoice that asks for nothing, or a sum below zero that is asked for.
    #[error("a payment invoice is payable, and what lowers a bill is not")]
    BadPayable,
    /// It bills a month that it is issued before.
    #[error("a document bills no month later than that of its issue")]
    MonthAhead,
    /// The day of its issue is not there yet.
    #[error("{0} is later than today")]
    DayAhead(NaiveDate),
    /// What the payments, the credit or the ledger of the account refuse.
    #[error(transparent)]
    Payment(PaymentError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DocumentError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

// Whatever room the database failed in, it is the database.
impl From<PaymentError> for DocumentError {
    fn from(error: PaymentError) -> Self {
        match error {
            PaymentError::Store(error) => Self::Store(error),
            error => Self::Payment(error),
        }
    }
}

impl From<LedgerError> for DocumentError {
    fn from(error: LedgerError) -> Self {
        PaymentError::from(error).into()
    }
}

impl From<CreditError> for DocumentError {
    fn from(error: CreditError) -> Self {
        PaymentError::from(error).into()
    }
}
