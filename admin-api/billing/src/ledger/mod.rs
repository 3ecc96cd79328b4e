//! The ledger: balances, postings, usage not yet posted.
//!
//! ```text
//! usage of calls (`usage`)  ─┐
//! what rooms book (`post`)  ─┴─► account_balance = sum(postings) - sum(open usage totals), re-added by `books`
//! ```
//!
//! Owns: tables `posting`, `usage_total`, `billing_period`, and the amounts in `account_balance`.
//! Does not own: what a call costs, payments, credit, documents.
//! Always: `balance = sum(postings) - sum(open usage totals)`; postings are append-only, a mistake is answered by another posting (requirements 6.2); locks are
//! taken in one order.
//!
//! The order of locks, several of a kind by identifier, whoever changes money or what it stands on:
//!
//! | lock | who takes it |
//! | --- | --- |
//! | months, `billing_period` | postings, batches of calls |
//! | accounts, `account` | postings (shared), changes of an account |
//! | balances, `account_balance` | postings, batches of calls |
//! | the catalogue's version | plans, what calls are resolved by |
//! | calls, `account_hold` | grants, which take nothing else; who takes money out by choice (`holds::reserved`); never a batch of calls |
//! | the author, the chain of the audit | every change, as it commits |
//!
//! So a call waits for nobody's batch, and for a change only while that commits.

mod books;
mod grid;
mod kinds;
mod manual;
mod post;
mod usage;

pub use books::{Imbalance, check, usage_by_day};
pub use grid::GRID;
pub use kinds::PostingKind;
pub use manual::{Manual, NewCharge, NewTopUp, NewWithdrawal, charge, top_up, withdraw};
pub(crate) use manual::{goes_out, reverse_approved, reversible};
pub use post::{NewPosting, Posted};
pub(crate) use post::{hold_accounts, hold_months, post};
pub(crate) use usage::book_usage;
pub use usage::{TELEPHONY, UsageDelta, close_period, closed_periods};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::credit::CreditError;
use crate::store::StoreError;

/// Why nothing was booked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// No such account.
    #[error("there is no such account")]
    NoAccount,
    /// The account is closed and takes only what settles it.
    #[error("account {0} is closed")]
    AccountClosed(String),
    /// The day is in a closed month.
    #[error("the month of {0} is closed")]
    PeriodClosed(NaiveDate),
    /// The day is not there yet.
    #[error("{0} is later than today")]
    DayAhead(NaiveDate),
    /// More decimals than money of the account has.
    #[error("{0} has more than two decimals")]
    Decimals(Decimal),
    /// More than an account can be moved by at once.
    #[error("a sum is 999999999.99 at most")]
    TooLarge,
    /// The sum is of another currency than the account.
    #[error("the currency of the account is {0}")]
    ForeignCurrency(String),
    /// No such product, or it is not sold any more.
    #[error("there is no product {0} that is sold")]
    NoProduct(String),
    /// No such posting.
    #[error("there is no such posting")]
    NoPosting,
    /// Its kind is taken back in another way.
    #[error("a posting of kind {0} is not taken back by a reversal")]
    NotReversible(PostingKind),
    /// It is taken back already.
    #[error("the posting was taken back already")]
    AlreadyReversed,
    /// More than the account has of its own (B17).
    #[error("the account has {0} of its own")]
    BeyondOwn(Decimal),
    /// More than calls under way leave of what the account has of its own (B17).
    #[error("calls under way have reserved {reserved}, which leaves {left}")]
    Reserved {
        /// What they have reserved.
        reserved: Decimal,
        /// What may go out now.
        left: Decimal,
    },
    /// The name of the movement stands for another one.
    #[error("movement {0} was booked with another account, kind or sum")]
    OtherMovement(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for LedgerError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<CreditError> for LedgerError {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::Ledger(error) => error,
            CreditError::Store(error) => Self::Store(error),
            _ => Self::NoAccount,
        }
    }
}

impl std::fmt::Display for PostingKind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.as_str())
    }
}
