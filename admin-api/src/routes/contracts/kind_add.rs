//! `POST /v1/contract-kinds`: another kind of contracts.
//!
//! Owns: what the request says.
//! Does not own: kinds (`billing::contracts`).
//! Always: a code stands once.

use axum::extract::State;
use axum::response::Response;
use billing::contracts::{self, ContractKind};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted kind.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedContractKind {
    /// Code, unique.
    code: String,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a kind of contracts
#[utoipa::path(
    post, path = "/v1/contract-kinds", operation_id = "contract_kind_add", tag = "contracts",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedContractKind, example = json!({
        "code": "subscription", "name_ru": "Подписной договор", "name_en": "Subscription contract", "reason": "новая линейка"
    })),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "subscription"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedContractKind>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let kind = ContractKind {
        code: inputs::word("/code", asked.code.trim())?.to_owned(),
        name_ru: inputs::party::name("/name_ru", &asked.name_ru)?,
        name_en: inputs::party::name("/name_en", &asked.name_en)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("contract_kind_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    contracts::add_kind(&mut change, &kind, reason).await?;
    writes::created(change, &Named { code: kind.code }).await
}
