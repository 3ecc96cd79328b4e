//! Credit in the books: the rules of [`super`] asked of rows and carried out.
//!
//! ```text
//! a night, a turn, money, a document, a notice, a switch -> hold -> load (facts of many accounts) -> case (what the rules decide) -> write (all of it at once)
//! ```
//!
//! Owns: tables `bank_day`, `account_credit`, `account_terms_past`, `credit_verdict`, `credit_step`, the column `account.postpaid_since`;
//! blocks that begin and end with money.
//! Does not own: the rules, how a posting is booked (`ledger`), blocks by hand and notices (`blocks`), payments, documents (`crate::documents`).
//! Always: whoever writes here holds the balance of the account, as every posting does, so that two never decide on the same books; months are held before
//! accounts, accounts before balances; each effect has a key of its own, account and night, so that what runs twice changes nothing.
//!
//! | who calls | what |
//! | --- | --- |
//! | the jobs of the month's end | [`next_step`], [`open_night`], [`judge`], [`turn`], [`step_done`], [`waiting`] |
//! | the job of overdue invoices | [`overdue`] |
//! | payments, in the transaction that books or distributes money; documents that lower what was billed | [`after_payment`] |
//! | the import of statements | [`statement_complete`]; staff, where no import says it, [`complete_statement`] |
//! | accounts, when terms change | [`keep_terms`], [`switched`] |
//! | notices of intention | [`after_notice`] |
//! | terminations of contracts | [`noticed()`] |
//! | orders, renewals, changes of tariff, editing | [`may`], [`may_spend`] |

mod bank_days;
mod case;
mod lists;
mod load;
mod may;
mod money;
mod nights;
mod noticed;
mod overdue;
mod settings;
mod switch;
mod view;
mod write;

pub use bank_days::{complete_statement, statement_complete};
pub use lists::{BANK_DAYS, VERDICTS};
pub use may::{Refused, may, may_spend};
pub(crate) use money::after_notice;
pub use money::{After, after_payment};
pub use nights::{Figures, Portion, Step, Waiting, judge, next_step, open_night, step_done, turn, waiting};
pub(crate) use noticed::{Noticed, noticed};
pub use overdue::overdue;
pub(crate) use switch::{keep_terms, switched};
pub(crate) use view::outstanding;
pub use view::{AccountCredit, VerdictLine, account_credit};

use chrono::NaiveDate;

use crate::ledger::LedgerError;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum CreditError {
    /// No such account.
    #[error("there is no such account")]
    NoAccount,
    /// No such legal entity.
    #[error("there is no such legal entity")]
    NoEntity,
    /// The day is not there yet.
    #[error("{0} is later than today")]
    DayAhead(NaiveDate),
    /// The statement of the day is complete already.
    #[error("the statement of {0} is complete already")]
    StatementComplete(NaiveDate),
    /// The account may not do that.
    #[error("refused: {}", .0.as_str())]
    Refused(Refused),
    /// The ledger refuses a posting.
    #[error(transparent)]
    Ledger(LedgerError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for CreditError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<LedgerError> for CreditError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoAccount => Self::NoAccount,
            LedgerError::Store(error) => Self::Store(error),
            error => Self::Ledger(error),
        }
    }
}
