//! Contracts are ended for debt (M70, A16).
//!
//! ```text
//! notice of intention ─ six months, unpaid (`credit::termination`) ─► due ─ proposed and approved, or by itself ─► executed
//!                    └─ paid in between ─► resolved
//! ```
//!
//! Owns: table `account_termination`: whose term runs, when it is due, what was done.
//! Does not own: whether a debt is resolved (`credit`), contracts, numbers, blocks and mails (their rooms), who approves (`approvals`), when the job runs (the API).
//! Always: nobody's contract is ended whose debt was resolved, asked once more with his balance held; all of it or nothing, once a notice; the list is as of the
//! last night, the execution as of its moment.
//!
//! What becomes of the account: it stays open, for what it owes stays on the books and takes payments, and what closes an account asks for a balance of zero. It is
//! blocked for all but emergency calls for the cause `terminated`, which no payment lifts. Its numbers in work go to the archive; those that are reserved go with
//! their reservation. A contract that covers other accounts which go on stays in force for them, and is named.

mod grid;
mod letter;
mod look;
mod store;
mod terminate;

pub use grid::GRID;
pub use look::{Due, Looked, look};
pub(crate) use terminate::planned;
pub use terminate::{Terminated, terminate};

use std::str::FromStr;

use crate::blocks::BlockError;
use crate::contracts::ContractError;
use crate::ledger::LedgerError;
use crate::mail::MailError;
use crate::numbers::DidError;
use crate::store::StoreError;

/// What becomes of whom the job finds due: the setting `credit.termination_mode`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Nothing: the list says who is due.
    Off,
    /// It is proposed, and done once somebody has approved.
    Propose,
    /// It is done.
    Execute,
}

impl FromStr for Mode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "off" => Ok(Self::Off),
            "propose" => Ok(Self::Propose),
            "execute" => Ok(Self::Execute),
            _ => Err(()),
        }
    }
}

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum TerminationError {
    /// No such account.
    #[error("there is no such account")]
    NoAccount,
    /// The term is not over, or the debt that the notice was about is resolved.
    #[error("no debt behind a notice of intention is due")]
    NotDue,
    /// A contract refuses.
    #[error(transparent)]
    Contract(ContractError),
    /// A number refuses.
    #[error(transparent)]
    Number(DidError),
    /// The block refuses.
    #[error(transparent)]
    Block(BlockError),
    /// The books refuse.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TerminationError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

// Whatever room the database failed in, it is the database.
impl From<ContractError> for TerminationError {
    fn from(error: ContractError) -> Self {
        match error {
            ContractError::Store(error) => Self::Store(error),
            error => Self::Contract(error),
        }
    }
}

impl From<DidError> for TerminationError {
    fn from(error: DidError) -> Self {
        match error {
            DidError::Store(error) => Self::Store(error),
            error => Self::Number(error),
        }
    }
}

impl From<BlockError> for TerminationError {
    fn from(error: BlockError) -> Self {
        match error {
            BlockError::Store(error) => Self::Store(error),
            error => Self::Block(error),
        }
    }
}

impl From<LedgerError> for TerminationError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoAccount => Self::NoAccount,
            LedgerError::Store(error) => Self::Store(error),
            error => Self::Ledger(error),
        }
    }
}

impl From<MailError> for TerminationError {
    fn from(error: MailError) -> Self {
        match error {
            MailError::Store(error) => Self::Store(error),
            // What is no advertising is refused for nothing.
            error => StoreError::Inconsistent { table: "mail", problem: error.to_string() }.into(),
        }
    }
}
