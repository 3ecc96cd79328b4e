//! `GET /v1/agents/{code}`: the card of an agent (M5).
//!
//! Owns: nothing.
//! Does not own: agents (`billing::agents`).
//! Always: the header ETag carries its revision.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::agents;

use super::AgentView;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// An agent
#[utoipa::path(
    get, path = "/v1/agents/{code}", operation_id = "agent_get", tag = "agents",
    params(("code" = String, Path, description = "Code of the agent", example = "A-1")),
    responses((status = 200, description = "The card; the header ETag carries its revision", body = AgentView, example = json!({
        "code": "A-1", "name": "ООО «Партнёр»", "type": "partner", "party": null, "active": true, "clients": 12,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 1
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let agent = agents::by_code(&state.store, &code).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(([(ETAG, format!("\"{}\"", agent.revision))], Json(AgentView::from(agent))).into_response())
}
