//! `PUT /v1/parties/{id}`: what is known of a party changes.
//!
//! Owns: what the request says.
//! Does not own: parties (`billing::parties`).
//! Always: a field that is absent stays, `null` empties it; kind and INN make a party the one it is and do not change.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::parties::{self, PartyUpdate, RegistryStatus};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{PartyCardView, WantedPassport};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a party is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PartyChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// KPP; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    kpp: Edit<String>,
    /// OGRN or OGRNIP; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    ogrn: Edit<String>,
    /// Region.
    #[serde(default)]
    region: Option<String>,
    /// City.
    #[serde(default)]
    city: Option<String>,
    /// Legal address.
    #[serde(default)]
    legal_address: Option<String>,
    /// `active`, `inactive`, `reorganisation`, `bankruptcy` or `liquidation`.
    #[serde(default)]
    status: Option<String>,
    /// When it ends or ended, `YYYY-MM-DD`; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    termination_date: Edit<String>,
    /// Day of its entry into the registry, `YYYY-MM-DD`; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    registered_at: Edit<String>,
    /// Phone, in any writing; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Edit<String>,
    /// E-mail; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Edit<String>,
    /// Passport of a person, as a whole; takes the permission `party.passport`; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<WantedPassport>)]
    passport: Edit<WantedPassport>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a party
///
/// It changes for all clients with its INN and KPP. A field that is absent stays; `null` empties `kpp`, `ogrn`, `termination_date`, `registered_at`, `phone`, `email`
/// and `passport` alone. Kind and INN make it the party that it is, and do not change.
#[utoipa::path(
    put, path = "/v1/parties/{id}", operation_id = "party_update", tag = "parties",
    params(("id" = i64, Path, description = "Number of the party", example = 17), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = PartyChange, example = json!({"status": "inactive", "termination_date": "2020-05-01", "reason": "выписка ЕГРЮЛ"})),
    responses((status = 200, description = "Changed", body = PartyCardView, example = json!({
        "id": 17, "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195", "region": "Москва",
        "city": "Москва", "legal_address": "Москва, ул. Ленина, 1", "status": "inactive", "status_at": "2026-07-01T10:00:00Z",
        "termination_date": "2020-05-01", "registered_at": "2002-07-22", "phone": null, "email": null, "passport": null, "updated_from": "staff",
        "updated_at": "2026-07-01T10:00:00Z", "revision": 3
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<PartyChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let number = inputs::id("/id", &id)?;
    let settings = state.settings()?;
    let words = || RegistryStatus::ALL.iter().map(|status| status.as_str());
    let text = |pointer: &str, text: &Option<String>, most: usize| {
        text.as_deref().map(|text| inputs::party::text(pointer, text, most)).transpose()
    };
    let day = |pointer: &'static str| move |text: String| inputs::day_of_registry(pointer, text.trim());
    let digits = |text: String| Ok::<_, Problem>(text.replace(' ', ""));
    let wanted = PartyUpdate {
        name: asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?,
        kpp: asked.kpp.try_map(digits)?,
        ogrn: asked.ogrn.try_map(digits)?,
        region: text("/region", &asked.region, 300)?,
        city: text("/city", &asked.city, 300)?,
        legal_address: text("/legal_address", &asked.legal_address, 1_000)?,
        status: asked.status.as_deref().map(|text| inputs::one_of("/status", text, words())).transpose()?,
        termination_date: asked.termination_date.try_map(day("/termination_date"))?,
        registered_at: asked.registered_at.try_map(day("/registered_at"))?,
        phone: asked.phone.try_map(|text| super::phone("/phone", &text, &settings))?,
        email: asked.email.try_map(|text| inputs::party::email("/email", &text))?,
        passport: super::passport(asked.passport, &context.staff, &settings)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("party_update", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let party = parties::update(&mut change, number, &wanted, context.revision, reason).await?;
    writes::commit(change, &PartyCardView::of(party, &context.staff)).await
}
