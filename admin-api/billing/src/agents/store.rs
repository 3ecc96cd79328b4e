//! SQL of the agents.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::AgentError;
use super::rules::AgentType;
use crate::change::Change;
use crate::edit::Edit;
use crate::parties::{self, NewParty, Party};
use crate::store::{Store, StoreError};

/// Fields that may hold personal data: an agent may be a person (A40).
const PERSONAL: &[&str] = &["name", "inn"];

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Agent {
    id: i64,
    party_id: Option<i64>,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Name of the [`AgentType`].
    pub kind: String,
    /// Who he is by the registry.
    pub party: Option<Party>,
    /// Whether he may be named for clients.
    pub active: bool,
    /// How many clients he has.
    pub clients: i64,
    /// When he was added.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Raised with every change.
    pub revision: i64,
}

/// An agent to be added.
#[derive(Clone, Debug)]
pub struct NewAgent {
    /// Code, unique.
    pub code: String,
    /// Name.
    pub name: String,
    /// What he is.
    pub kind: AgentType,
    /// Who he is by the registry, where that is known.
    pub party: Option<NewParty>,
}

/// How an agent is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct AgentUpdate {
    /// Name.
    pub name: Option<String>,
    /// What he is.
    pub kind: Option<AgentType>,
    /// Who he is by the registry.
    pub party: Edit<NewParty>,
    /// Whether he may be named for clients; `true` opens one that was closed.
    pub active: Option<bool>,
}

async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<Agent>, StoreError> {
    let row = sqlx::query(
        "SELECT g.id, g.party_id, g.code, g.name, g.type AS kind, g.active, g.created_at, g.created_by, g.revision,
                (SELECT count(*) FROM client c WHERE c.agent_id = g.id) AS clients FROM agent g WHERE g.code = $1",
    )
    .bind(code)
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mut agent = read(&row);
    if let Some(id) = agent.party_id {
        agent.party = parties::by_id(connection, id).await?;
    }
    Ok(Some(agent))
}

fn read(row: &PgRow) -> Agent {
    Agent {
        id: row.get("id"),
        party_id: row.get("party_id"),
        code: row.get("code"),
        name: row.get("name"),
        kind: row.get("kind"),
        party: None,
        active: row.get("active"),
        clients: row.get("clients"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        revision: row.get("revision"),
    }
}

/// The agent with a code.
pub async fn by_code(store: &Store, code: &str) -> Result<Option<Agent>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code).await
}

/// Identifier and type of an agent who is not closed.
pub(crate) async fn in_work(connection: &mut PgConnection, code: &str) -> Result<Option<(i64, String)>, StoreError> {
    // Held until the end: he does not close under a client who gets him.
    Ok(sqlx::query_as("SELECT id, type FROM agent WHERE code = $1 AND active FOR SHARE")
        .bind(code)
        .fetch_optional(connection)
        .await?)
}

fn shown(agent: &Agent) -> Value {
    let inn = agent.party.as_ref().and_then(|party| party.inn.clone());
    json!({"name": agent.name, "type": agent.kind, "inn": inn, "active": agent.active})
}

async fn held(change: &mut Change, code: &str) -> Result<Agent, AgentError> {
    sqlx::query("SELECT FROM agent WHERE code = $1 FOR UPDATE").bind(code).execute(change.connection()).await?;
    find(change.connection(), code).await?.ok_or(AgentError::NotFound)
}

/// Adds an agent; he as he is then.
pub async fn add(change: &mut Change, new: &NewAgent, reason: &str) -> Result<Agent, AgentError> {
    let party_id = match &new.party {
        Some(party) => Some(parties::of_client(change, party, reason).await?),
        None => None,
    };
    let (now, author) = (change.now(), change.actor().login.clone());
    sqlx::query(
        "INSERT INTO agent (code, name, type, party_id, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(&new.code)
    .bind(&new.name)
    .bind(new.kind.as_str())
    .bind(party_id)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    let agent = held(change, &new.code).await?;
    change.record_personal(("agent.add", "agent", &new.code), &json!({}), &shown(&agent), PERSONAL, reason);
    Ok(agent)
}

/// Changes an agent; he as he is then.
pub async fn update(
    change: &mut Change,
    code: &str,
    update: &AgentUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Agent, AgentError> {
    let before = held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(AgentError::Stale);
    }
    let party_id = match &update.party {
        Edit::Keep => before.party_id,
        Edit::Clear => None,
        Edit::Set(party) => Some(parties::of_client(change, party, reason).await?),
    };
    let kind = update.kind.map_or(before.kind.clone(), |kind| kind.as_str().to_owned());
    sqlx::query(
        "UPDATE agent SET name = $2, type = $3, party_id = $4, active = $5, revision = revision + 1 WHERE id = $1",
    )
    .bind(before.id)
    .bind(update.name.as_ref().unwrap_or(&before.name))
    .bind(kind)
    .bind(party_id)
    .bind(update.active.unwrap_or(before.active))
    .execute(change.connection())
    .await?;
    let after = held(change, code).await?;
    change.record_personal(("agent.edit", "agent", code), &shown(&before), &shown(&after), PERSONAL, reason);
    Ok(after)
}

/// Closes an agent: he is named for no client any more.
pub async fn close(change: &mut Change, code: &str, reason: &str) -> Result<(), AgentError> {
    let before = held(change, code).await?;
    if !before.active {
        return Err(AgentError::Closed);
    }
    sqlx::query("UPDATE agent SET active = false, revision = revision + 1 WHERE id = $1")
        .bind(before.id)
        .execute(change.connection())
        .await?;
    change.record("agent.close", "agent", code, &json!({"active": true}), &json!({"active": false}), reason);
    Ok(())
}
