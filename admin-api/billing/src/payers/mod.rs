//! Payers: requisites that documents of a client may name (B27).
//!
//! Owns: table `payer`, the digits of bank accounts.
//! Does not own: who the client himself is (`parties`), documents.
//! Always: one of a client's payers at most is the one that documents name when nobody says which; numbers whose check digits do not fit are never written; a
//! payer is closed, never erased.

mod rules;
mod store;

pub use rules::{PayerFault, bank_account_ok, correspondent_account_ok, faults};
pub use store::{Payer, Requisites, add, close, list, make_default, update};

use crate::store::{StoreError, broken_constraint};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum PayerError {
    /// No such client, or no such payer of his.
    #[error("there is no such record")]
    NotFound,
    /// The client has a payer with this INN and KPP.
    #[error("the client has a payer with this INN and KPP")]
    Exists,
    /// Numbers do not fit.
    #[error("numbers do not fit: {0:?}")]
    Unfit(Vec<PayerFault>),
    /// More than a client may have.
    #[error("at most {0}")]
    TooMany(i64),
    /// His data were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PayerError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("payer_once") => Self::Exists,
            _ => Self::Store(error.into()),
        }
    }
}
