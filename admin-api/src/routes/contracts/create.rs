//! `POST /v1/clients/{code}/contracts`: the draft of a contract of a client (B42).
//!
//! Owns: what the request says.
//! Does not own: contracts (`billing::contracts`).
//! Always: a template that is kept for others is refused (B31); the number is the next one of the legal entity in this year.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::contracts::{self, NewContract};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ContractView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted contract.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedContract {
    /// Code of the template; its legal entity is the contract's.
    template: String,
    /// Code of the kind.
    kind: String,
    /// Codes of the accounts that it covers, of this client and this legal entity.
    #[serde(default)]
    accounts: Vec<String>,
    /// Day of signing, `YYYY-MM-DD`, where it is known.
    #[serde(default)]
    signed_on: Option<String>,
    /// First day; today when absent.
    #[serde(default)]
    valid_from: Option<String>,
    /// Last day; until it is terminated when absent.
    #[serde(default)]
    valid_to: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a contract
///
/// A draft: it changes until it is activated.
#[utoipa::path(
    post, path = "/v1/clients/{code}/contracts", operation_id = "contract_create", tag = "contracts",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedContract, example = json!({"template": "services", "kind": "service", "accounts": ["A-000001"], "valid_from": "2026-07-01", "reason": "подключение"})),
    responses((status = 201, description = "Made", body = ContractView, example = json!({
        "id": 7, "number": "T-2026-00001", "client": "C-000001", "legal_entity": "T", "kind": "service", "template": "services", "template_version": 2,
        "state": "draft", "signed_on": null, "valid_from": "2026-07-01", "valid_to": null, "accounts": ["A-000001"], "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "activated_at": null, "terminated_at": null, "termination_reason": null, "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedContract>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let day = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::day(pointer, text)).transpose()
    };
    let new = NewContract {
        template: inputs::word("/template", &asked.template)?.to_owned(),
        kind: inputs::word("/kind", &asked.kind)?.to_owned(),
        accounts: super::accounts(&asked.accounts)?,
        signed_on: day("/signed_on", &asked.signed_on)?,
        valid_from: day("/valid_from", &asked.valid_from)?,
        valid_to: day("/valid_to", &asked.valid_to)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("contract_create", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let contract = contracts::create(&mut change, &code, &new, reason).await?;
    writes::created(change, &ContractView::from(contract)).await
}
