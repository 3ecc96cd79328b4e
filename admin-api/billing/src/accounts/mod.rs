//! Accounts (лицевые счета): opened, changed, closed; plans, balance, credit.
//!
//! Owns: tables `account`, `account_plan`, `account_trunk`; the row of `account_balance` of a new account.
//! Does not own: the amounts in `account_balance` (`ledger`), the client's other data, which company he is connected to (`entities`).
//! Always: a change of terms raises the revision, leaves an audit line with the field's value before and after, and never touches the balance; plans of an
//! account never overlap, and what counted for a call stays readable.

mod close;
mod credit;
mod grid;
mod open;
mod plans;
mod rules;
mod store;
mod summary;
mod update;

pub use close::{close, reopen};
pub use credit::set_credit_limit;
pub(crate) use credit::{credit_of, refuse_raise, set_approved_credit_limit};
pub use grid::GRID;
pub use open::{NewAccount, OpeningRules, open};
pub(crate) use plans::write as write_plan;
pub use plans::{PlanLine, PlanState, WantedPlan, plans, set_plan};
pub use rules::{CreditFault, CreditPolicy, DeferralTerms, PaymentMode, account_code};
pub use store::{Account, FieldChange, by_code, changed, codes, credit_history};
pub use summary::{LastBlock, MonthSum, Summary, summary};
pub use update::{AccountUpdate, update};

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::credit::{CreditError, Refused};
use crate::holds::UnderWay;
use crate::ledger::LedgerError;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No such account.
    #[error("there is no such account")]
    NotFound,
    /// No such client.
    #[error("there is no client {0}")]
    NoClient(String),
    /// No such legal entity.
    #[error("there is no legal entity {0}")]
    NoEntity(String),
    /// The legal entity is closed.
    #[error("the legal entity {0} is closed")]
    EntityClosed(String),
    /// The client is not connected to the legal entity (B12).
    #[error("the client is not connected to the legal entity {0}")]
    NotConnected(String),
    /// He has an active account there (B13).
    #[error("account {0} is active")]
    AccountActive(String),
    /// The code is another account's.
    #[error("an account has the code {0} already")]
    CodeInUse(String),
    /// No code of the setting is free, or it makes none.
    #[error("the setting account.code_format makes no free code")]
    NoFreeCode,
    /// The currency may not be chosen (B35).
    #[error("currency {0} is not active in the directory of currencies")]
    Currency(String),
    /// A legal entity has one currency at a time (B13).
    #[error("the currency of the legal entity is {0}")]
    OtherCurrency(String),
    /// Not an amount a limit can have.
    #[error("a credit limit is 0 to 999999999.99 with at most two decimals")]
    BadLimit,
    /// Payment mode, credit policy and limit contradict each other (A13).
    #[error("the credit terms contradict each other: {0:?}")]
    Credit(CreditFault),
    /// A number of days that no deferral has.
    #[error("a deferral has 0 to 3650 days")]
    BadDays,
    /// A block or an overdue invoice stops it (M55, B14).
    #[error("refused: {}", .0.as_str())]
    Refused(Refused),
    /// The ledger refuses what goes with it.
    #[error(transparent)]
    Ledger(LedgerError),
    /// A raise above this amount is nothing that one person does (setting `approval.credit_limit_above`).
    #[error("a credit limit above {0} needs an approval")]
    ApprovalNeeded(Decimal),
    /// Payment by fact owes without any limit, which is nothing that one person gives while that setting has an amount.
    #[error("an account that pays by fact has no limit")]
    FloorNeeded,
    /// No such user, or a blocked one.
    #[error("there is no user {0} at work")]
    NoResponsible(String),
    /// No such plan.
    #[error("there is no tariff plan {0}")]
    NoPlan(String),
    /// The plan is kept for groups that the client is not in (B10).
    #[error("the tariff plan {0} is not available to the client")]
    PlanNotAvailable(String),
    /// A price list of the plan is in another currency, and no exchange rate turns it into the account's.
    #[error("list {list} is in {currency}, and there is no exchange rate")]
    NoExchange {
        /// Code of the list.
        list: String,
        /// Its currency.
        currency: String,
    },
    /// The plan would begin in a month that is over, which takes a right of its own.
    #[error("a plan begins in this month at the earliest")]
    PlanPast,
    /// The plan would begin in a month that the legal entity has closed, or before one (A9).
    #[error("the month {0} is closed")]
    PeriodClosed(NaiveDate),
    /// It is the plan from then on already.
    #[error("it is the plan from then on already")]
    SamePlan,
    /// Its days are counted already.
    #[error("there is usage already; the zone stays")]
    HasUsage,
    /// What it holds or owes stands against closing.
    #[error("the balance is {0}")]
    BalanceNotZero(Decimal),
    /// Numbers stand against closing.
    #[error("{0} services are in work")]
    HasActiveServices(i64),
    /// Calls that go on, or whose record is waited for, stand against closing.
    #[error("{} calls are under way", .0.total)]
    CallsUnderWay(UnderWay),
    /// It is closed.
    #[error("the account is closed")]
    Closed,
    /// It is not closed.
    #[error("the account is active")]
    Active,
    /// The data of its client were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// Somebody changed it since it was read.
    #[error("the account was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for AccountError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

impl From<CreditError> for AccountError {
    fn from(error: CreditError) -> Self {
        match error {
            CreditError::Refused(refused) => Self::Refused(refused),
            CreditError::Ledger(error) => error.into(),
            CreditError::Store(error) => Self::Store(error),
            _ => Self::NotFound,
        }
    }
}

impl From<LedgerError> for AccountError {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::NoAccount => Self::NotFound,
            LedgerError::AccountClosed(_) => Self::Closed,
            LedgerError::Store(error) => Self::Store(error),
            error => Self::Ledger(error),
        }
    }
}
