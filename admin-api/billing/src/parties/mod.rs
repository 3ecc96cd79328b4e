//! Parties: companies, sole proprietors and persons, as the registry has them.
//!
//! Owns: table `party`, check digits of INN and OGRN.
//! Does not own: who of them is a client (`clients`).
//! Always: one row an INN with its KPP (S1); an INN whose digits do not fit is never written.

mod rules;
mod store;

pub use rules::{Kind, PartyFault, check, inn_ok, kpp_ok, ogrn_ok};
pub use store::{NewParty, Party};
pub(crate) use store::{by_id, of_client};
