//! What stops an account, and what lets it go deeper for a time.
//!
//! Owns: tables `account_block`, `account_notice`, `account_limit`, the column `account.critical_balance`.
//! Does not own: what a block stops and what ends it (`credit`), the permanent limit (`accounts`), the authorisation of calls.
//! Always: a block and its end stay on record with their authors (M55); a cause stops an account once at a time; who pays afterwards is blocked for what he owes
//! only behind a notice of intention (A16); everything leaves an audit line under the account.

mod critical;
mod limits;
mod lists;
mod notices;
mod store;

pub use critical::set_critical_balance;
pub(crate) use limits::temporary_limits;
pub use limits::{NewLimit, add_limit, end_limit};
pub use lists::{BLOCKS, LIMITS, NOTICES};
pub use notices::{Channel, NewNotice, add_notice};
pub(crate) use store::terminated;
pub use store::{NewBlock, begin, lift};

use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use crate::accounts::AccountError;
use crate::change::Change;
use crate::credit::{Cause, CreditError};
use crate::ledger::{self, LedgerError};
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    /// No such account, block, limit or notice.
    #[error("there is no such record")]
    NotFound,
    /// The account is closed.
    #[error("account {0} is closed")]
    AccountClosed(String),
    /// This cause stops the account already.
    #[error("the account is blocked for this cause already: {0:?}")]
    AlreadyBlocked(Cause),
    /// This cause ends by what it is about, not by a word.
    #[error("a block for {0:?} is not lifted by hand")]
    EndsByItself(Cause),
    /// It has ended.
    #[error("it has ended already")]
    Ended,
    /// Not an amount that a limit or a critical balance can have.
    #[error("an amount has at most two decimals and is 999999999.99 at most")]
    BadAmount,
    /// A limit in no time at all, or for too long.
    #[error("a temporary limit ends after it begins, and within a year")]
    NoTime,
    /// An account that pays by fact has no limit.
    #[error("payment by fact has no limit")]
    NoLimit,
    /// More than one person may give.
    #[error("a limit of {0} and more in all needs an approval")]
    ApprovalNeeded(Decimal),
    /// The moment is not there yet.
    #[error("a notice is recorded once it was sent")]
    NotSentYet,
    /// The ledger refuses what goes with it.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for BlockError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<CreditError> for BlockError {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::Ledger(LedgerError::AccountClosed(code)) => Self::AccountClosed(code),
            CreditError::Ledger(error) => Self::Ledger(error),
            CreditError::Store(error) => Self::Store(error),
            _ => Self::NotFound,
        }
    }
}

impl From<AccountError> for BlockError {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::ApprovalNeeded(most) => Self::ApprovalNeeded(most),
            AccountError::FloorNeeded => Self::NoLimit,
            AccountError::Store(error) => Self::Store(error),
            _ => Self::NotFound,
        }
    }
}

/// Holds the months of an account, which are held before it (`ledger`), where money may move behind what is written.
async fn hold_months(change: &mut Change, code: &str) -> Result<(), BlockError> {
    let id: Option<i64> = sqlx::query_scalar("SELECT id FROM account WHERE code = $1")
        .bind(code)
        .fetch_optional(change.connection())
        .await?;
    let id = id.ok_or(BlockError::NotFound)?;
    ledger::hold_months(change, &[id]).await.map_err(CreditError::from)?;
    Ok(())
}

/// An account as it stays until the end of the transaction.
struct Held {
    id: i64,
    is_active: bool,
    row: sqlx::postgres::PgRow,
}

/// The account with this code, held.
async fn hold(connection: &mut PgConnection, code: &str) -> Result<Held, BlockError> {
    let row = sqlx::query(
        "SELECT id, active, payment_mode, credit_policy, credit_limit, critical_balance FROM account WHERE code = $1 FOR NO KEY UPDATE",
    )
    .bind(code)
    .fetch_optional(connection)
    .await?
    .ok_or(BlockError::NotFound)?;
    Ok(Held { id: row.get("id"), is_active: row.get("active"), row })
}
