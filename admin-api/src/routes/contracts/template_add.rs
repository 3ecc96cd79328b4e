//! `POST /v1/contract-templates`: make a template of contracts (B42).
//!
//! Owns: what the request says.
//! Does not own: templates (`billing::contracts`).
//! Always: a field that nobody knows is refused by its name.

use axum::extract::State;
use axum::response::Response;
use billing::contracts::{self, NewTemplate};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted template.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTemplate {
    /// Code, unique.
    code: String,
    /// Title.
    title: String,
    /// Code of the legal entity.
    legal_entity: String,
    /// Language, `ru` or `en`.
    language: String,
    /// The text, with fields such as `{{client.name}}` and `{{contract.number}}`.
    body: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a template of contracts
///
/// Open to everybody until it is kept for groups. Fields of a text: `client.code`, `.name`, `.legal_name`, `.inn`, `.kpp`, `.ogrn`, `.city`, `.legal_address`,
/// `.email`, `.phone`, `.contact_person`; `contract.number`, `.kind`, `.signed_on`, `.valid_from`, `.valid_to`, `.accounts`; `issuer.code`, `.name`, `.inn`, `.kpp`.
#[utoipa::path(
    post, path = "/v1/contract-templates", operation_id = "contract_template_add", tag = "contracts",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedTemplate, example = json!({
        "code": "services", "title": "Договор об оказании услуг связи", "legal_entity": "T", "language": "ru",
        "body": "Договор № {{contract.number}} от {{contract.signed_on}}\n{{issuer.name}} и {{client.legal_name}}, ИНН {{client.inn}}", "reason": "новая форма"
    })),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "services"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedTemplate>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewTemplate {
        code: inputs::word("/code", asked.code.trim())?.to_owned(),
        title: inputs::party::name("/title", &asked.title)?,
        issuer: inputs::word("/legal_entity", &asked.legal_entity)?.to_owned(),
        language: inputs::party::language("/language", &asked.language)?,
        body: super::body(&asked.body)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("contract_template_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    contracts::add_template(&mut change, &new, reason).await?;
    writes::created(change, &Named { code: new.code }).await
}
