//! Tags: what clients are marked with.
//!
//! Owns: tables `tag` and `tag_assignment`, the rules by which the program marks clients.
//! Does not own: labels, of which a client has one (`clients`); calls, which a caller counts.
//! Always: a tree of folders with tags in them; what was given and taken stays on record with both authors (M10).

mod assign;
mod automatic;
mod lists;
mod rules;
mod tree;

pub use assign::{Assignment, add, history, of_client, remove};
pub use automatic::{Applied, apply_automatic};
pub use lists::{HISTORY, REPORT};
pub use rules::{Facts, Limits, RULES, Rule, few_calls, last_full_month};
pub use tree::{NewTag, Tag, TagUpdate, add_tag, close_tag, tree, update_tag};

use crate::clients::ClientError;
use crate::store::{StoreError, broken_constraint};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum TagError {
    /// No such tag, or a closed one.
    #[error("there is no such tag")]
    NotFound,
    /// The folder that is named is none, or is closed.
    #[error("there is no such folder")]
    NoFolder,
    /// The folder has the name already.
    #[error("the folder has the name already")]
    NameInUse,
    /// The folder would lie in itself.
    #[error("a folder cannot lie in itself")]
    Circle,
    /// Open folders or tags lie in it.
    #[error("{0} lie in it")]
    InUse(i64),
    /// A folder is no tag.
    #[error("a folder is given to nobody")]
    Folder,
    /// A rule gives and takes it.
    #[error("the rule {0} gives and takes it")]
    OfRule(String),
    /// The client has it already.
    #[error("the client has it already")]
    HasIt,
    /// The client does not have it.
    #[error("the client does not have it")]
    HasItNot,
    /// Somebody changed it since it was read.
    #[error("it was changed since it was read")]
    Stale,
    /// The client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TagError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("tag_name_once") => Self::NameInUse,
            Some("tag_assignment_once") => Self::HasIt,
            _ => Self::Store(error.into()),
        }
    }
}
