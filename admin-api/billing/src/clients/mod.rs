//! Clients: whom we serve.
//!
//! Owns: tables `client`, `client_name_tail`, `contact`, `note`, `client_label`.
//! Does not own: what the registry says of them (`parties`), accounts and money (`accounts`, `ledger`), groups and terms (`terms`), who brought them
//! (`agents`), tags (`tags`), the end of their data (`cleaning`).
//! Always: an e-mail is the main one of one client at most (L2); what a contact was before is kept as an important note (L27); who has history is not deleted
//! (B8); every change leaves the fields before and after (B23, M69); a client has one manager, and nobody takes him by a card that is like his (S4).

mod account_contacts;
mod assignment;
mod card;
mod completeness;
mod contacts;
mod create;
mod distribution;
mod labels;
mod list;
mod notes;
mod rules;
mod stages;
mod update;
mod words;

pub use account_contacts::{account_contacts, add_account_contact, end_account_contact};
pub use assignment::{Assigned, AssignmentRights, Outcome, assign};
pub use card::{AccountLine, ClientCard, ServiceLine, Twin, card, changed, twins};
pub use completeness::COMPLETENESS;
pub(crate) use contacts::held;
pub use contacts::{Contact, ContactUpdate, NewContact, add_contact, contacts, end_contact, update_contact};
pub use create::{NewClient, create, delete};
pub use distribution::{Distribution, DistributionRow, Share, distribution};
pub use labels::{add_label, labels};
pub use list::GRID;
pub use notes::{NewNote, Note, NoteUpdate, add_note, delete_note, notes, update_note};
pub use rules::{Characteristic, LeadState, Origin, OriginFault, Stage};
pub use stages::{LeadUpdate, set_lead, transfer_to_support};
pub(crate) use update::keep_differing;
pub use update::{ClientUpdate, update};
pub(crate) use words::{are_words, in_words};

use crate::parties::PartyError;
use crate::store::{StoreError, broken_constraint};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No such client, contact or note.
    #[error("there is no such record")]
    NotFound,
    /// The code is another client's.
    #[error("a client has the code {0} already")]
    CodeInUse(String),
    /// The e-mail is the main one of another client (L2).
    #[error("another client has the e-mail")]
    EmailInUse,
    /// No such label.
    #[error("there is no label {0}")]
    NoLabel(String),
    /// No such user, or a blocked one.
    #[error("there is no user {0} at work")]
    NoManager(String),
    /// The change does not come from the e-mail of the profile (L3).
    #[error("changes of contacts are accepted from the e-mail of the profile only")]
    UnverifiedSender,
    /// Payments, charges or services stand against deletion (B8).
    #[error("the client has payments, charges or services")]
    HasHistory,
    /// The account with this code is active.
    #[error("account {0} is active")]
    HasActiveAccounts(String),
    /// The label stands already.
    #[error("the label exists already")]
    LabelExists,
    /// Neither e-mail nor phone.
    #[error("a contact needs an e-mail or a phone")]
    NoAddress,
    /// More than a client may have.
    #[error("at most {0}")]
    TooMany(i64),
    /// An important note is deleted by those who may.
    #[error("an important note is deleted by the right note.delete_important")]
    ImportantNote,
    /// Notes that the program writes stay as they are.
    #[error("what was written by the program is not changed")]
    OfTheProgram,
    /// His data were cleaned (B9).
    #[error("the data of the client were cleaned")]
    Cleaned,
    /// The account with this code is under a legal hold (A40).
    #[error("account {0} is under a legal hold")]
    LegalHold(String),
    /// Another manager holds him, and the caller may not take him (S4).
    #[error("another manager holds the client")]
    Held,
    /// The manager with this login holds one who may be the same (S4).
    #[error("{0} holds a client who may be the same")]
    HeldByRelated(String),
    /// No such agent, or a closed one.
    #[error("there is no agent {0} in work")]
    NoAgent(String),
    /// He has not paid yet (L4).
    #[error("no payment of the client is booked")]
    NotPaid,
    /// There is no such step between stages (L4).
    #[error("the stage cannot become {0}")]
    NoStep(&'static str),
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// What the room of parties says of his.
    #[error(transparent)]
    Party(PartyError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<PartyError> for ClientError {
    fn from(error: PartyError) -> Self {
        match error {
            PartyError::Store(error) => Self::Store(error),
            error => Self::Party(error),
        }
    }
}

impl From<sqlx::Error> for ClientError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("client_email_once") => Self::EmailInUse,
            Some("client_label_once") => Self::LabelExists,
            _ => Self::Store(error.into()),
        }
    }
}
