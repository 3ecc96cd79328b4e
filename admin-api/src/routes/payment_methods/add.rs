//! `POST /v1/payment-methods`: make a payment method.
//!
//! Owns: what the request says.
//! Does not own: payment methods (`billing::payment_methods`).
//! Always: a code stands once; open to everybody until it is kept for groups.

use axum::extract::State;
use axum::response::Response;
use billing::payment_methods::{self, NewMethod};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted payment method.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedMethod {
    /// Code, unique.
    code: String,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
    /// `cash`, `bank_transfer`, `card` or `other`.
    kind: String,
    /// Code of the legal entity that is paid.
    legal_entity: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a payment method
#[utoipa::path(
    post, path = "/v1/payment-methods", operation_id = "payment_method_add", tag = "terms",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedMethod, example = json!({
        "code": "cash_office", "name_ru": "Касса", "name_en": "Cash office", "kind": "cash", "legal_entity": "T", "reason": "открыта касса"
    })),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "cash_office"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedMethod>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let new = NewMethod {
        code: inputs::word("/code", asked.code.trim())?.to_owned(),
        name_ru: inputs::party::name("/name_ru", &asked.name_ru)?,
        name_en: inputs::party::name("/name_en", &asked.name_en)?,
        kind: super::kind(&asked.kind)?,
        issuer: inputs::word("/legal_entity", &asked.legal_entity)?.to_owned(),
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_method_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    payment_methods::add(&mut change, &new, reason).await?;
    writes::created(change, &Named { code: new.code }).await
}
