//! `PUT /v1/contracts/{id}`: change the draft of a contract.
//!
//! Owns: what the request says.
//! Does not own: contracts (`billing::contracts`).
//! Always: a field that is absent stays, `null` empties it; what is active does not change.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::contracts::{self, ContractUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ContractView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a draft is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContractChange {
    /// Code of the template, whose newest text is taken; of the same legal entity.
    #[serde(default)]
    template: Option<String>,
    /// Code of the kind.
    #[serde(default)]
    kind: Option<String>,
    /// Codes of all accounts that it covers.
    #[serde(default)]
    accounts: Option<Vec<String>>,
    /// Day of signing, `YYYY-MM-DD`; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    signed_on: Edit<String>,
    /// First day.
    #[serde(default)]
    valid_from: Option<String>,
    /// Last day; `null`: until it is terminated.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    valid_to: Edit<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change the draft of a contract
#[utoipa::path(
    put, path = "/v1/contracts/{id}", operation_id = "contract_update", tag = "contracts",
    params(("id" = i64, Path, description = "Identifier of the contract", example = 7), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ContractChange, example = json!({"accounts": ["A-000001"], "valid_to": null, "reason": "забыли счёт"})),
    responses((status = 200, description = "Changed, and filled in anew", body = ContractView, example = json!({
        "id": 7, "number": "T-2026-00001", "client": "C-000001", "legal_entity": "T", "kind": "service", "template": "services", "template_version": 2,
        "state": "draft", "signed_on": null, "valid_from": "2026-07-01", "valid_to": null, "accounts": ["A-000001"], "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "activated_at": null, "terminated_at": null, "termination_reason": null, "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<ContractChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let number = inputs::id("/id", &id)?;
    let word = |pointer: &str, text: &Option<String>| {
        text.as_deref().map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let wanted = ContractUpdate {
        template: word("/template", &asked.template)?,
        kind: word("/kind", &asked.kind)?,
        accounts: asked.accounts.as_deref().map(super::accounts).transpose()?,
        signed_on: asked.signed_on.try_map(|text| inputs::day("/signed_on", &text))?,
        valid_from: asked.valid_from.as_deref().map(|text| inputs::day("/valid_from", text)).transpose()?,
        valid_to: asked.valid_to.try_map(|text| inputs::day("/valid_to", &text))?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("contract_update", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let contract = contracts::update(&mut change, number, &wanted, context.revision, reason).await?;
    writes::commit(change, &ContractView::from(contract)).await
}
