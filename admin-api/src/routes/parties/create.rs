//! `POST /v1/parties`: a party that is not there yet (S1).
//!
//! Owns: what the request says.
//! Does not own: parties (`billing::parties`).
//! Always: an INN with its KPP stands once.

use axum::extract::State;
use axum::response::Response;
use billing::Edit;
use billing::parties::{self, Kind, NewParty, PartyUpdate, RegistryStatus};
use serde::Deserialize;
use utoipa::ToSchema;

use super::WantedPassport;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted party.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = WantedPartyCard)]
pub(crate) struct WantedParty {
    /// `legal`, `sole_proprietor` or `natural`.
    kind: String,
    /// Name, as the registry has it.
    name: String,
    /// INN: 10 digits of a legal entity, 12 of others.
    #[serde(default)]
    inn: Option<String>,
    /// KPP: of a legal entity with an INN.
    #[serde(default)]
    kpp: Option<String>,
    /// OGRN of a legal entity, OGRNIP of a sole proprietor.
    #[serde(default)]
    ogrn: Option<String>,
    /// Region.
    #[serde(default)]
    region: Option<String>,
    /// City.
    #[serde(default)]
    city: Option<String>,
    /// Legal address.
    #[serde(default)]
    legal_address: Option<String>,
    /// `active`, `inactive`, `reorganisation`, `bankruptcy` or `liquidation`; `active` when absent.
    #[serde(default)]
    status: Option<String>,
    /// When it ends or ended, `YYYY-MM-DD`.
    #[serde(default)]
    termination_date: Option<String>,
    /// Day of its entry into the registry, `YYYY-MM-DD`.
    #[serde(default)]
    registered_at: Option<String>,
    /// Phone, in any writing.
    #[serde(default)]
    phone: Option<String>,
    /// E-mail.
    #[serde(default)]
    email: Option<String>,
    /// Passport of a person; takes the permission `party.passport`.
    #[serde(default)]
    passport: Option<WantedPassport>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a party
#[utoipa::path(
    post, path = "/v1/parties", operation_id = "party_create", tag = "parties",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedParty, example = json!({
        "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "city": "Москва", "registered_at": "2002-07-22", "reason": "выписка ЕГРЮЛ"
    })),
    responses((status = 201, description = "Made", body = Numbered, example = json!({"id": 17})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedParty>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let kind: Kind = inputs::one_of("/kind", &asked.kind, Kind::ALL.iter().map(|kind| kind.as_str()))?;
    let digits = |text: &Option<String>| given(text.as_deref()).map(|text| text.replace(' ', ""));
    let text = |pointer: &str, text: &Option<String>, most: usize| {
        inputs::party::text(pointer, text.as_deref().unwrap_or_default(), most)
    };
    let day = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::day_of_registry(pointer, text)).transpose()
    };
    let new = NewParty {
        kind,
        name: inputs::party::name("/name", &asked.name)?,
        inn: digits(&asked.inn),
        kpp: digits(&asked.kpp),
        ogrn: digits(&asked.ogrn),
        city: text("/city", &asked.city, 300)?,
        legal_address: text("/legal_address", &asked.legal_address, 1_000)?,
    };
    let words = || RegistryStatus::ALL.iter().map(|status| status.as_str());
    let phone = given(asked.phone.as_deref()).map(|text| super::phone("/phone", text, &settings)).transpose()?;
    let email = given(asked.email.as_deref()).map(|text| inputs::party::email("/email", text)).transpose()?;
    let update = PartyUpdate {
        region: Some(text("/region", &asked.region, 300)?),
        status: given(asked.status.as_deref()).map(|text| inputs::one_of("/status", text, words())).transpose()?,
        termination_date: set(day("/termination_date", &asked.termination_date)?),
        registered_at: set(day("/registered_at", &asked.registered_at)?),
        phone: set(phone),
        email: set(email),
        passport: super::passport(set(asked.passport.clone()), &context.staff, &settings)?,
        ..PartyUpdate::default()
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("party_create", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = parties::create(&mut change, &new, &update, reason).await?;
    writes::created(change, &Numbered { id }).await
}

fn set<T>(value: Option<T>) -> Edit<T> {
    value.map_or(Edit::Keep, Edit::Set)
}
