//! `PUT /v1/providers/{code}`: change a provider.
//!
//! Owns: what the request says.
//! Does not own: providers (`billing::providers`).
//! Always: a field that is absent stays; his code and trunks stay: calls are recognised by them.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::providers::{self, ProviderUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ProviderView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a provider is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProviderChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Whether his numbers are our own capacity: the forcing of others is approved by the designated approver alone.
    #[serde(default)]
    is_own: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a provider
#[utoipa::path(
    put, path = "/v1/providers/{code}", operation_id = "provider_update", tag = "prices",
    params(("code" = String, Path, description = "Code of the provider", example = "mts"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ProviderChange, example = json!({"name": "ПАО «МТС»", "is_own": false, "reason": "по договору"})),
    responses((status = 200, description = "Changed", body = ProviderView, example = json!({
        "code": "mts", "name": "ПАО «МТС»", "trunks": ["mts-1", "mts-2"], "price_lists": ["wholesale"], "is_own": false, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<ProviderChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let name = asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?;
    let wanted = ProviderUpdate { name, is_own: asked.is_own };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("provider_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let provider = providers::update(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &ProviderView::from(provider)).await
}
