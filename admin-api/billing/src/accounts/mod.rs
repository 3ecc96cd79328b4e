//! Accounts (лицевые счета): terms, balance, credit.
//!
//! Owns: tables `account`, `account_plan`, `account_trunk`; reads the balance.
//! Does not own: the amounts in `account_balance` (`ledger`), the client's other data.
//! Always: a change of terms raises the revision, leaves an audit line with the field's value before and after, and never touches the balance.

mod store;

pub use store::{Account, AccountError, FieldChange, by_code, codes, credit_history, set_credit_limit};
pub(crate) use store::{credit_of, set_approved_credit_limit};
