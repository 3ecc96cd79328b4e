//! `PUT /v1/agents/{code}`: change an agent (M5).
//!
//! Owns: what the request says.
//! Does not own: agents (`billing::agents`).
//! Always: a field that is absent stays, `null` empties it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::agents::{self, AgentUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::AgentView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::routes::clients::WantedParty;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How an agent is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AgentChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// `partner`, `licensee` or `own`.
    #[serde(default, rename = "type")]
    kind: Option<String>,
    /// Who he is by the registry; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<WantedParty>)]
    party: Edit<WantedParty>,
    /// Whether he may be named for clients; `true` opens one that was closed.
    #[serde(default)]
    active: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change an agent
#[utoipa::path(
    put, path = "/v1/agents/{code}", operation_id = "agent_update", tag = "agents",
    params(("code" = String, Path, description = "Code of the agent", example = "A-1"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = AgentChange, example = json!({"type": "licensee", "reason": "договор 18"})),
    responses((status = 200, description = "Changed", body = AgentView, example = json!({
        "code": "A-1", "name": "ООО «Партнёр»", "type": "partner", "party": null, "active": true, "clients": 12,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<AgentChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let wanted = AgentUpdate {
        name: asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?,
        kind: asked.kind.as_deref().map(super::kind).transpose()?,
        party: asked.party.try_map(|party| party.read())?,
        active: asked.active,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("agent_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let agent = agents::update(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &AgentView::from(agent)).await
}
