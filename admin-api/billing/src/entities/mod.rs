//! Legal entities: our own companies, which issue documents, and which clients are connected to them.
//!
//! Owns: tables `legal_entity`, `legal_entity_bank`, `client_entity`.
//! Does not own: accounts at them (`accounts`), periods (`ledger`), carriers (`providers`).
//! Always: one currency at a time (B13); nothing is erased: a company closes once it has no active account; a client with services in work at one is not
//! disconnected (B12); what belongs to one pays nothing of another (B37).

mod card;
mod connections;
mod grid;
mod rules;
mod write;

pub use card::{BankAccount, Entity, by_code};
pub use connections::{Connection, connect, connections};
pub(crate) use connections::{is_connected, write_connection};
pub use grid::GRID;
pub use rules::{BankFault, TaxRegime, check_bank};
pub use write::{EntityUpdate, NewEntity, close, create, update};

use crate::parties::PartyFault;
use crate::store::StoreError;

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum EntityError {
    /// No such legal entity.
    #[error("there is no such legal entity")]
    NotFound,
    /// No such client.
    #[error("there is no client {0}")]
    NoClient(String),
    /// The code stands already.
    #[error("a legal entity has the code {0} already")]
    CodeInUse(String),
    /// Its numbers of the registry contradict its kind, or their check digits do not fit.
    #[error("numbers of the registry do not fit: {0:?}")]
    Registry(Vec<PartyFault>),
    /// The bank account at this place, counted from 0, does not fit.
    #[error("bank account {0} does not fit: {1:?}")]
    Bank(usize, BankFault),
    /// The currency may not be chosen (B35).
    #[error("currency {0} is not active in the directory of currencies")]
    Currency(String),
    /// Days of usage are counted in its zone already.
    #[error("there is usage already; the zone stays")]
    HasUsage,
    /// Accounts at it are active.
    #[error("account {0} is active")]
    HasActiveAccounts(String),
    /// The client has services in work there (B12).
    #[error("{0} services are in work")]
    HasActiveServices(i64),
    /// The data of the client were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// It is closed.
    #[error("it is closed")]
    Closed,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for EntityError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
