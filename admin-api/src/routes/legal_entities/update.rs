//! `PUT /v1/legal-entities/{code}`: change one of our companies.
//!
//! Owns: what the request says.
//! Does not own: what its numbers must be (`billing::entities`, `billing::parties`).
//! Always: a field that is absent stays, `null` empties it; accounts keep their currency when the company takes another one (B13).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::entities::{self, EntityUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{EntityBank, EntityView};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a legal entity is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// `legal` or `sole_proprietor`.
    #[serde(default)]
    kind: Option<String>,
    /// INN; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    inn: Edit<String>,
    /// KPP; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    kpp: Edit<String>,
    /// OGRN or OGRNIP; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ogrn: Edit<String>,
    /// Address.
    #[serde(default)]
    address: Option<String>,
    /// E-mail; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Edit<String>,
    /// Phone, in any writing; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Edit<String>,
    /// All its bank accounts; documents name the first.
    #[serde(default)]
    banks: Option<Vec<EntityBank>>,
    /// Currency of the accounts that are opened from now on.
    #[serde(default)]
    currency: Option<String>,
    /// IANA time zone of its days; it stays once there is usage.
    #[serde(default)]
    zone: Option<String>,
    /// `general`, `simplified` or `exempt`.
    #[serde(default)]
    tax_regime: Option<String>,
    /// Code in the accounting program; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    external_code: Edit<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a legal entity
///
/// When it takes another currency, accounts in the former one stay as they are, and their clients cannot use them any more.
#[utoipa::path(
    put, path = "/v1/legal-entities/{code}", operation_id = "legal_entity_update", tag = "legal-entities",
    params(("code" = String, Path, description = "Code of the legal entity", example = "T"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = EntityChange, example = json!({"address": "Москва, ул. Ленина, 1", "reason": "переезд"})),
    responses((status = 200, description = "Changed", body = EntityView, example = json!({
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
    Path(code): Path<String>,
    body: JsonBody<EntityChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let settings = state.settings()?;
    let number = |edit: Edit<String>| edit.try_map(|text| Ok::<_, Problem>(super::registered(&text)));
    let wanted = EntityUpdate {
        name: asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?,
        kind: given(asked.kind.as_deref()).map(super::kind).transpose()?,
        inn: number(asked.inn)?,
        kpp: number(asked.kpp)?,
        ogrn: number(asked.ogrn)?,
        address: asked.address.as_deref().map(|text| inputs::party::text("/address", text, 1_000)).transpose()?,
        email: asked.email.try_map(|email| inputs::party::email("/email", &email))?,
        phone: asked.phone.try_map(|phone| inputs::party::phone("/phone", &phone, &settings).map(|(text, _)| text))?,
        banks: asked.banks.as_deref().map(super::banks).transpose()?,
        currency: given(asked.currency.as_deref()).map(|text| inputs::currency("/currency", text)).transpose()?,
        zone: given(asked.zone.as_deref()).map(|text| inputs::zone("/zone", text)).transpose()?,
        tax_regime: given(asked.tax_regime.as_deref()).map(super::tax_regime).transpose()?,
        external_code: asked
            .external_code
            .try_map(|text| inputs::word("/external_code", text.trim()).map(str::to_owned))?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("legal_entity_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let entity = entities::update(&mut change, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &EntityView::from(entity)).await
}
