//! `POST /v1/legal-entities`: enter one of our companies.
//!
//! Owns: what the request says.
//! Does not own: what its numbers must be (`billing::entities`, `billing::parties`).
//! Always: it has one currency and one zone from its first moment.

use axum::extract::State;
use axum::response::Response;
use billing::entities::{self, NewEntity, TaxRegime};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{EntityBank, EntityView};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted legal entity.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedEntity {
    /// Code, unique.
    code: String,
    /// Name.
    name: String,
    /// `legal` or `sole_proprietor`.
    kind: String,
    /// INN: 10 digits of a company, 12 of a sole proprietor.
    #[serde(default)]
    inn: Option<String>,
    /// KPP: of a company with an INN.
    #[serde(default)]
    kpp: Option<String>,
    /// OGRN of a company, OGRNIP of a sole proprietor.
    #[serde(default)]
    ogrn: Option<String>,
    /// Address.
    #[serde(default)]
    address: Option<String>,
    /// E-mail.
    #[serde(default)]
    email: Option<String>,
    /// Phone, in any writing.
    #[serde(default)]
    phone: Option<String>,
    /// Bank accounts; documents name the first.
    #[serde(default)]
    banks: Vec<EntityBank>,
    /// Currency, ISO 4217.
    currency: String,
    /// IANA time zone of its days.
    zone: String,
    /// `general`, `simplified` or `exempt`; `general` when absent.
    #[serde(default)]
    tax_regime: Option<String>,
    /// Code in the accounting program.
    #[serde(default)]
    external_code: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Enter a legal entity
#[utoipa::path(
    post, path = "/v1/legal-entities", operation_id = "legal_entity_create", tag = "legal-entities",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedEntity, example = json!({
        "code": "T", "name": "ООО «Телеком»", "kind": "legal", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195",
        "banks": [{"bank": "ПАО «Банк»", "bic": "044525225", "account": "40702810438000060473", "correspondent": "30101810400000000225"}],
        "currency": "RUB", "zone": "Europe/Moscow", "reason": "новая компания группы"
    })),
    responses((status = 201, description = "Entered", body = EntityView, example = json!({
        "code": "T", "name": "ООО «Телеком»", "kind": "legal", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195",
        "address": "Москва, ул. Ленина, 1", "email": "office@example.ru", "phone": "+7 495 200-02-00",
        "banks": [{"bank": "ПАО «Банк»", "bic": "044525225", "account": "40702810438000060473", "correspondent": "30101810400000000225"}],
        "currency": "RUB", "zone": "Europe/Moscow", "tax_regime": "general", "external_code": "T-001", "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "closed_at": null, "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedEntity>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let phone =
        given(asked.phone.as_deref()).map(|text| inputs::party::phone("/phone", text, &settings)).transpose()?;
    let external_code = given(asked.external_code.as_deref()).map(|text| inputs::word("/external_code", text));
    let new = NewEntity {
        code: inputs::word("/code", asked.code.trim())?.to_owned(),
        name: inputs::party::name("/name", &asked.name)?,
        kind: super::kind(&asked.kind)?,
        inn: given(asked.inn.as_deref()).map(super::registered),
        kpp: given(asked.kpp.as_deref()).map(super::registered),
        ogrn: given(asked.ogrn.as_deref()).map(super::registered),
        address: inputs::party::text("/address", asked.address.as_deref().unwrap_or_default(), 1_000)?,
        email: given(asked.email.as_deref()).map(|email| inputs::party::email("/email", email)).transpose()?,
        phone: phone.map(|(text, _)| text),
        banks: super::banks(&asked.banks)?,
        currency: inputs::currency("/currency", asked.currency.trim())?,
        zone: inputs::zone("/zone", asked.zone.trim())?,
        tax_regime: given(asked.tax_regime.as_deref())
            .map(super::tax_regime)
            .transpose()?
            .unwrap_or(TaxRegime::General),
        external_code: external_code.transpose()?.map(str::to_owned),
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("legal_entity_create", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let entity = entities::create(&mut change, &new, reason).await?;
    writes::created(change, &EntityView::from(entity)).await
}
