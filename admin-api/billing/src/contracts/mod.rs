//! Contracts of clients, and the samples that they are made of (B42).
//!
//! Owns: tables `contract`, `contract_account`, `contract_sequence`, `contract_kind`, `contract_template`, `contract_template_version`.
//! Does not own: for whom a template is kept (`availability`), which issuer bills by which contract (invoicing).
//! Always: numbers of an issuer count up within a year without a gap; a contract keeps the version of the text that it was made of; what was filled in
//! stays from the activation on; a contract moves draft, active, terminated and no other way.

mod drafts;
mod fill;
mod kinds;
mod lists;
mod read;
mod rules;
mod states;
mod templates;

pub use drafts::{ContractUpdate, NewContract, create, update};
pub use kinds::{ContractKind, add_kind, kinds};
pub use lists::{GRID, TEMPLATES, WITHOUT_CONTRACT};
pub use read::{Contract, ContractText, contract, of_client, text};
pub(crate) use read::{Covering, covering};
pub use rules::{ContractState, FIELDS, NumberFormat, TemplateFault};
pub use states::{activate, terminate};
pub use templates::{
    NewTemplate, Template, TemplateUpdate, TemplateVersion, add_template, close_template, template, template_version,
    update_template,
};

use crate::store::{StoreError, broken_constraint};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ContractError {
    /// No such contract, template or client.
    #[error("there is no such record")]
    NotFound,
    /// No such template, or it is closed.
    #[error("there is no template {0}")]
    NoTemplate(String),
    /// No such kind.
    #[error("there is no kind {0}")]
    NoKind(String),
    /// No such account of this client with this issuer.
    #[error("the client has no account {0} with the issuer of the contract")]
    NoAccount(String),
    /// No such issuer.
    #[error("there is no legal entity {0}")]
    NoIssuer(String),
    /// The code is another template's or kind's.
    #[error("the code {0} is taken")]
    CodeInUse(String),
    /// The form of the numbers was changed to one that writes a number again.
    #[error("the issuer has a contract with this number")]
    NumberInUse,
    /// The template is kept for groups that the client is not in (B31).
    #[error("the template {0} is not available to the client")]
    TemplateNotAvailable(String),
    /// The template is another issuer's, and the number was given by this one.
    #[error("the template {0} is of another issuer")]
    OtherIssuer(String),
    /// The text cannot be filled in.
    #[error("the text has a field that cannot be filled in: {0:?}")]
    Fault(TemplateFault),
    /// It would never be in force.
    #[error("the contract ends before it begins")]
    NoTime,
    /// It cannot be signed in the future.
    #[error("the contract is signed later than today")]
    SignedLater,
    /// The step does not exist.
    #[error("a contract that is {} does not become {}", .0.as_str(), .1.as_str())]
    Step(ContractState, ContractState),
    /// The data of its client were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// It is closed.
    #[error("the template is closed")]
    Closed,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ContractError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("contract_number_unique") => Self::NumberInUse,
            _ => Self::Store(error.into()),
        }
    }
}
