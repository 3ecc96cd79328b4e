//! `PUT /v1/providers/{code}`: give a provider another name.
//!
//! Owns: what the request says.
//! Does not own: providers (`billing::providers`).
//! Always: his code and trunks stay: calls are recognised by them.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::providers;
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
    name: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Rename a provider
#[utoipa::path(
    put, path = "/v1/providers/{code}", operation_id = "provider_rename", tag = "prices",
    params(("code" = String, Path, description = "Code of the provider", example = "mts"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ProviderChange, example = json!({"name": "ПАО «МТС»", "reason": "по договору"})),
    responses((status = 200, description = "Changed", body = ProviderView, example = json!({
        "code": "mts", "name": "ПАО «МТС»", "trunks": ["mts-1", "mts-2"], "price_lists": ["wholesale"], "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<ProviderChange>,
) -> Result<Response, Problem> {
    let name = inputs::party::name("/name", &body.value.name)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("provider_rename", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let provider = providers::rename(&mut change, &code, &name, context.revision, reason).await?;
    writes::commit(change, &ProviderView::from(provider)).await
}
