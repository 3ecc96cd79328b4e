//! `POST /v1/contracts/{id}/activate`: put the draft of a contract in force.
//!
//! Owns: what the request says.
//! Does not own: contracts (`billing::contracts`).
//! Always: signed on a day that has come; from now on the contract does not change.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::contracts;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ContractView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a contract comes into force.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Activation {
    /// Day of signing, `YYYY-MM-DD`; the one of the draft when absent, else today.
    #[serde(default)]
    signed_on: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Put a contract in force
///
/// The text is filled in for the last time.
#[utoipa::path(
    post, path = "/v1/contracts/{id}/activate", operation_id = "contract_activate", tag = "contracts",
    params(("id" = i64, Path, description = "Identifier of the contract", example = 7), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Activation, example = json!({"signed_on": "2026-07-01", "reason": "подписан обеими сторонами"})),
    responses((status = 200, description = "In force", body = ContractView, example = json!({
        "id": 7, "number": "T-2026-00001", "client": "C-000001", "legal_entity": "T", "kind": "service", "template": "services", "template_version": 2,
        "state": "active", "signed_on": "2026-07-01", "valid_from": "2026-07-01", "valid_to": null, "accounts": ["A-000001"], "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "activated_at": "2026-07-01T10:05:00Z", "terminated_at": null, "termination_reason": null, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Activation>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let signed_on = given(body.value.signed_on.as_deref()).map(|text| inputs::day("/signed_on", text)).transpose()?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("contract_activate", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let contract = contracts::activate(&mut change, number, signed_on, context.revision, reason).await?;
    writes::commit(change, &ContractView::from(contract)).await
}
