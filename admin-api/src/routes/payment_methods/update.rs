//! `PUT /v1/payment-methods/{code}`: change a payment method.
//!
//! Owns: what the request says.
//! Does not own: payment methods (`billing::payment_methods`).
//! Always: a field that is absent stays; the legal entity that is paid never changes.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payment_methods::{self, MethodUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::PaymentMethodView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a payment method is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct MethodChange {
    /// Name in Russian.
    #[serde(default)]
    name_ru: Option<String>,
    /// Name in English.
    #[serde(default)]
    name_en: Option<String>,
    /// `cash`, `bank_transfer`, `card` or `other`.
    #[serde(default)]
    kind: Option<String>,
    /// Whether it is offered.
    #[serde(default)]
    active: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a payment method
#[utoipa::path(
    put, path = "/v1/payment-methods/{code}", operation_id = "payment_method_update", tag = "terms",
    params(("code" = String, Path, description = "Code of the method", example = "cash_office"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = MethodChange, example = json!({"active": false, "reason": "ремонт кассы"})),
    responses((status = 200, description = "Changed", body = PaymentMethodView, example = json!({
        "code": "cash_office", "name_ru": "Касса", "name_en": "Cash office", "kind": "cash", "legal_entity": "T", "active": false, "groups": ["partners"],
        "created_at": "2026-07-01T10:00:00Z", "created_by": "petrova", "closed_at": null, "revision": 3
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<MethodChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let name = |pointer: &str, name: &Option<String>| {
        name.as_deref().map(|name| inputs::party::name(pointer, name)).transpose()
    };
    let wanted = MethodUpdate {
        name_ru: name("/name_ru", &asked.name_ru)?,
        name_en: name("/name_en", &asked.name_en)?,
        kind: asked.kind.as_deref().map(super::kind).transpose()?,
        active: asked.active,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("payment_method_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let method = payment_methods::update(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &PaymentMethodView::from(method)).await
}
