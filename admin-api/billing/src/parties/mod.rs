//! Parties: companies, sole proprietors and persons, as the registry has them.
//!
//! ```text
//! a client of himself -> of_client     staff -> create, update     a file of the registry -> import
//! ```
//!
//! Owns: table `party`, check digits of INN and OGRN, files of the registry.
//! Does not own: who of them is a client (`clients`), what follows from a status (`liquidation`).
//! Always: one row an INN with its KPP, whether or not it is a client, shared by all who have this INN (S1); an INN whose digits do not fit is never written; a file is taken as a whole or
//! refused with all its faults.

mod edit;
mod faults;
mod grid;
mod import;
mod known;
mod rules;
mod sheet;
mod store;

pub use edit::{PartyUpdate, create, update};
pub use faults::{FAULTS_MAX, Fault, Faults, RowFault};
pub use grid::GRID;
pub use import::{ImportError, Imported, import};
pub use known::Contradicted;
pub(crate) use known::of_client;
pub use rules::{Kind, PartyFault, PassportCheck, RegistryStatus, check, inn_ok, kpp_ok, ogrn_ok};
pub(crate) use sheet::is_email;
pub use sheet::{Column, TitlesError};
pub(crate) use store::by_id;
pub use store::{NewParty, Party, Passport, party};

use crate::store::{StoreError, broken_constraint};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum PartyError {
    /// No such party.
    #[error("there is no such party")]
    NotFound,
    /// Another party has this INN with this KPP.
    #[error("a party with this INN and KPP is there already")]
    Exists,
    /// The party of these numbers is known, and something else is kept of it than what is said.
    #[error("the party is known, and something else is kept of it than what is said")]
    Contradicted(Contradicted),
    /// Numbers do not fit the kind.
    #[error("numbers do not fit: {0:?}")]
    Numbers(Vec<PartyFault>),
    /// A legal entity has no passport.
    #[error("a legal entity has no passport")]
    NotAPerson,
    /// It was a person, and the data of the client were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for PartyError {
    fn from(error: sqlx::Error) -> Self {
        if broken_constraint(&error) == Some("party_once") { Self::Exists } else { Self::Store(error.into()) }
    }
}
