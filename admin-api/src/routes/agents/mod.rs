//! Endpoints of agents.
//!
//! Owns: the list of them, and how an agent is shown.
//! Does not own: what an agent is (`billing::agents`).
//! Always: no change without a reason; nothing is erased.

pub(crate) mod add;
pub(crate) mod close;
pub(crate) mod get;
pub(crate) mod update;

use billing::agents::{Agent, AgentError, AgentType};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::routes::clients::PartyView;

/// An agent.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AgentView {
    /// Code.
    code: String,
    /// Name.
    name: String,
    /// `partner`, `licensee` or `own`.
    #[serde(rename = "type")]
    kind: String,
    /// Who he is by the registry.
    party: Option<PartyView>,
    /// Whether he may be named for clients.
    active: bool,
    /// How many clients he has.
    clients: i64,
    /// When he was added.
    created_at: DateTime<Utc>,
    /// By whom.
    created_by: String,
    /// Raised with every change; the ETag.
    revision: i64,
}

impl From<Agent> for AgentView {
    fn from(agent: Agent) -> Self {
        Self {
            code: agent.code,
            name: agent.name,
            kind: agent.kind,
            party: agent.party.map(PartyView::from),
            active: agent.active,
            clients: agent.clients,
            created_at: agent.created_at,
            created_by: agent.created_by,
            revision: agent.revision,
        }
    }
}

/// What an agent is, by its name.
fn kind(text: &str) -> Result<AgentType, Problem> {
    inputs::one_of("/type", text, AgentType::ALL.iter().map(|one| one.as_str()))
}

impl From<AgentError> for Problem {
    fn from(error: AgentError) -> Self {
        match error {
            AgentError::NotFound => Self::new(Code::NotFound),
            AgentError::CodeInUse => Self::new(Code::AlreadyExists)
                .at("/code", Text::fixed("Код занят другим агентом", "Another agent has the code")),
            AgentError::Closed => Self::new(Code::InvalidTransition)
                .because(Text::fixed("Агент уже закрыт", "The agent is closed already")),
            AgentError::Stale => Self::new(Code::Stale),
            AgentError::Party(error) => Self::from(error).below("/party"),
            AgentError::Store(error) => error.into(),
        }
    }
}
