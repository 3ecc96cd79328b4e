//! Why nothing was written.
//!
//! Owns: the refusals of the room.
//! Does not own: their words to callers (the API's).
//! Always: what the ledger refuses is told as the ledger says it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::statement::Faults;
use super::words::{Item, State};
use crate::credit::CreditError;
use crate::ledger::LedgerError;
use crate::mail::MailError;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// No such payment, statement or request.
    #[error("there is no such record")]
    NotFound,
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(String),
    /// No such legal entity.
    #[error("there is no legal entity {0}")]
    NoEntity(String),
    /// No company of ours has this account at a bank, or several have.
    #[error("{0} is the account of no one company of ours")]
    NoBankAccount(String),
    /// Nothing says to which company the money came.
    #[error("neither account, nor bank account, nor legal entity is named")]
    PlaceNeeded,
    /// The payment is there already; its number.
    #[error("payment {0} is this one")]
    Known(i64),
    /// A gateway has told another payment under this reference.
    #[error("payment {0} has this reference and is another one")]
    OtherPayment(i64),
    /// The payment is in a state in which this is not done.
    #[error("the payment is {0}")]
    State(State),
    /// The account is at another legal entity than the money.
    #[error("account {0} is at another legal entity than the money")]
    OtherEntity(String),
    /// Money for one company counts at another by an agreement alone (A24).
    #[error("money goes to another legal entity by an agreement alone")]
    AgreementNeeded,
    /// It is on that account already.
    #[error("the payment is on this account already")]
    SameAccount,
    /// A part of it was given back.
    #[error("a part of the payment was given back")]
    HasRefunds,
    /// The account has no such open item.
    #[error("{0} is not open")]
    NotOpen(Item),
    /// An item stands twice.
    #[error("{0} stands twice")]
    ItemTwice(Item),
    /// An item is to get no amount of money.
    #[error("{0} gets an amount above zero with at most two decimals")]
    ItemAmount(Item),
    /// An item is to get more than is left of it.
    #[error("{rest} is left of {item}")]
    AboveRest {
        /// The item.
        item: Item,
        /// What is left.
        rest: Decimal,
    },
    /// The items are to get more than the payment has; this is missing.
    #[error("the payment is short of {0}")]
    AbovePayment(Decimal),
    /// More than is left of the payment.
    #[error("{0} is left of the payment")]
    BeyondLeft(Decimal),
    /// The day on which money moves is not there yet.
    #[error("the money has not moved yet")]
    Ahead,
    /// A file of a bank has faults.
    #[error("the file has {} faults", .0.count)]
    Faults(Faults),
    /// The currency of an account at a bank is not known.
    #[error("nobody knows the currency of {0}")]
    Currency(String),
    /// Nothing of the file is new.
    #[error("all {lines} lines were imported before")]
    AlreadyImported {
        /// Lines of the file.
        lines: usize,
        /// When this very file came, if it did.
        same_file: Option<DateTime<Utc>>,
    },
    /// Reading the file broke off.
    #[error("reading the file broke off")]
    BrokeOff,
    /// The setting names no mailbox.
    #[error("the setting payments.treasury_mailbox is empty")]
    NoMailbox,
    /// Neither the request nor the account has a code of the card (L18).
    #[error("the account has no code of its card")]
    NoCardCode,
    /// The request was answered.
    #[error("the request is {0}")]
    Answered(String),
    /// The payment is on another account than the request.
    #[error("the payment is on account {0}")]
    OnAnotherAccount(String),
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// What the ledger refuses.
    #[error(transparent)]
    Ledger(LedgerError),
    /// What the room of credit refuses.
    #[error(transparent)]
    Credit(CreditError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PaymentError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

// Whatever room the database failed in, it is the database.
impl From<LedgerError> for PaymentError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Store(error) => Self::Store(error),
            error => Self::Ledger(error),
        }
    }
}

impl From<CreditError> for PaymentError {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::Store(error) => Self::Store(error),
            CreditError::Ledger(error) => error.into(),
            error => Self::Credit(error),
        }
    }
}

impl From<MailError> for PaymentError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Store(error) => Self::Store(error),
            // Of a letter about the service nothing else is refused.
            _ => Self::NotFound,
        }
    }
}
