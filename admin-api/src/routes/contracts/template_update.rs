//! `PUT /v1/contract-templates/{code}`: change a template of contracts.
//!
//! Owns: what the request says.
//! Does not own: templates (`billing::contracts`).
//! Always: a field that is absent stays; another text is another version, and contracts keep theirs.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::contracts::{self, TemplateUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::TemplateView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a template is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TemplateChange {
    /// Title.
    #[serde(default)]
    title: Option<String>,
    /// Language, `ru` or `en`.
    #[serde(default)]
    language: Option<String>,
    /// The text.
    #[serde(default)]
    body: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a template of contracts
#[utoipa::path(
    put, path = "/v1/contract-templates/{code}", operation_id = "contract_template_update", tag = "contracts",
    params(("code" = String, Path, description = "Code of the template", example = "services"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = TemplateChange, example = json!({"body": "Договор № {{contract.number}} от {{contract.signed_on}}", "reason": "нужна дата"})),
    responses((status = 200, description = "Changed", body = TemplateView, example = json!({
        "code": "services", "title": "Договор об оказании услуг связи", "legal_entity": "T", "language": "ru", "version": 2,
        "body": "Договор № {{contract.number}} от {{contract.signed_on}}", "groups": [], "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova",
        "closed_at": null, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<TemplateChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let wanted = TemplateUpdate {
        title: asked.title.as_deref().map(|text| inputs::party::name("/title", text)).transpose()?,
        language: asked.language.as_deref().map(|text| inputs::party::language("/language", text)).transpose()?,
        body: asked.body.as_deref().map(super::body).transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("contract_template_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let template = contracts::update_template(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &TemplateView::from(template)).await
}
