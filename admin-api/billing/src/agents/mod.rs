//! Agents: who brings clients.
//!
//! Owns: table `agent`.
//! Does not own: which client has which (`clients`), what an agent earns.
//! Always: a closed agent is named for no client any more, and keeps those that he has (M5).

mod list;
mod rules;
mod store;

pub use list::GRID;
pub use rules::AgentType;
pub(crate) use store::in_work;
pub use store::{Agent, AgentUpdate, NewAgent, add, by_code, close, update};

use crate::parties::PartyError;
use crate::store::{StoreError, broken_constraint};

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No such agent.
    #[error("there is no such agent")]
    NotFound,
    /// The code is another agent's.
    #[error("an agent has the code already")]
    CodeInUse,
    /// He is closed already.
    #[error("the agent is closed already")]
    Closed,
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

impl From<PartyError> for AgentError {
    fn from(error: PartyError) -> Self {
        match error {
            PartyError::Store(error) => Self::Store(error),
            error => Self::Party(error),
        }
    }
}

impl From<sqlx::Error> for AgentError {
    fn from(error: sqlx::Error) -> Self {
        match broken_constraint(&error) {
            Some("agent_code_unique") => Self::CodeInUse,
            _ => Self::Store(error.into()),
        }
    }
}
