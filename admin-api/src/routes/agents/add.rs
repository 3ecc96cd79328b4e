//! `POST /v1/agents`: another agent (M5).
//!
//! Owns: what the request says.
//! Does not own: agents (`billing::agents`).
//! Always: a code stands once.

use axum::extract::State;
use axum::response::Response;
use billing::agents::{self, NewAgent};
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

/// A wanted agent.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedAgent {
    /// Code, unique.
    code: String,
    /// Name.
    name: String,
    /// `partner`, `licensee` or `own`.
    #[serde(rename = "type")]
    kind: String,
    /// Who he is by the registry.
    #[serde(default)]
    party: Option<WantedParty>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Add an agent
#[utoipa::path(
    post, path = "/v1/agents", operation_id = "agent_add", tag = "agents",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedAgent, example = json!({"code": "A-1", "name": "ООО «Партнёр»", "type": "partner", "reason": "договор 17"})),
    responses((status = 201, description = "Added", body = AgentView, example = json!({
        "code": "A-1", "name": "ООО «Партнёр»", "type": "partner", "party": null, "active": true, "clients": 12,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedAgent>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewAgent {
        code: inputs::word("/code", asked.code.trim())?.to_owned(),
        name: inputs::party::name("/name", &asked.name)?,
        kind: super::kind(&asked.kind)?,
        party: asked.party.as_ref().map(WantedParty::read).transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("agent_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let agent = agents::add(&mut change, &new, reason).await?;
    writes::created(change, &AgentView::from(agent)).await
}
