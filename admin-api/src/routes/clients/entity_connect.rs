//! `PUT /v1/clients/{code}/legal-entities/{entity}`: connect a client to one of our companies, or disconnect him (B12).
//!
//! Owns: what the request says.
//! Does not own: what stands against it (`billing::entities`).
//! Always: off is refused while he has services in work there.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::entities::{self, EntityError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Whether a client is to be connected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedConnection {
    /// Whether he is.
    enabled: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// A connection as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConnectionSet {
    /// Code of the client.
    client: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Whether he is connected.
    enabled: bool,
}

/// Connect a client to a legal entity, or disconnect him
#[utoipa::path(
    put, path = "/v1/clients/{code}/legal-entities/{entity}", operation_id = "client_entity_connect", tag = "legal-entities",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("entity" = String, Path, description = "Code of the legal entity", example = "T"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedConnection, example = json!({"enabled": true, "reason": "договор 12"})),
    responses((status = 200, description = "Changed", body = ConnectionSet, example = json!({"client": "C-000001", "legal_entity": "T", "enabled": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, entity)): Path<(String, String)>,
    body: JsonBody<WantedConnection>,
) -> Result<Response, Problem> {
    let enabled = body.value.enabled;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("client_entity_connect", &format!("{code}\n{entity}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = entities::connect(&mut change, (&code, &entity), enabled, reason).await;
    done.map_err(|error| match error {
        EntityError::NoClient(client) => super::no_client(&client),
        other => other.into(),
    })?;
    writes::commit(change, &ConnectionSet { client: code, legal_entity: entity, enabled }).await
}
