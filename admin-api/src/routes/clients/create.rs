//! `POST /v1/clients`: a new client (L1, B2).
//!
//! Owns: what the request says.
//! Does not own: clients (`billing::clients`).
//! Always: the answer names clients who may be the same, and makes the client all the same.

use axum::extract::State;
use axum::response::Response;
use billing::clients::{self, Characteristic, NewClient};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{TwinView, WantedParty};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedClient {
    /// Code; his number when absent.
    #[serde(default)]
    code: Option<String>,
    /// Name, as staff call him.
    name: String,
    /// Who he is by the registry; of a known INN the same as what is kept of it.
    #[serde(default)]
    party: Option<WantedParty>,
    /// Main e-mail; no other client has it, in whatever case (L2).
    email: String,
    /// Phone, in any writing.
    #[serde(default)]
    phone: Option<String>,
    /// Whom to talk to.
    #[serde(default)]
    contact_person: Option<String>,
    /// Country, two capital letters; RU when absent.
    #[serde(default)]
    country: Option<String>,
    /// Language of letters, `ru` or `en`; `ru` when absent.
    #[serde(default)]
    language: Option<String>,
    /// Label.
    #[serde(default)]
    label: Option<String>,
    /// `ordinary`, `good` or `conflict`.
    #[serde(default)]
    characteristic: Option<String>,
    /// Login of his manager.
    #[serde(default)]
    manager: Option<String>,
    /// For staff.
    #[serde(default)]
    comment: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The client.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ClientMade {
    /// Number; never used again.
    id: i64,
    /// Code.
    code: String,
    /// Clients who may be the same: the same INN, phone or e-mail.
    twins: Vec<TwinView>,
}

/// Make a client
#[utoipa::path(
    post, path = "/v1/clients", operation_id = "client_create", tag = "clients",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedClient, example = json!({
        "name": "ООО «Строй Сервис»", "email": "stroy@example.ru", "phone": "8 (495) 200-0-201",
        "party": {"kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195"},
        "reason": "заявка с сайта"
    })),
    responses((status = 201, description = "Made", body = ClientMade, example = json!({"id": 17, "code": "17", "twins": []})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedClient>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let settings = state.settings()?;
    let words = || Characteristic::ALL.iter().map(|one| one.as_str());
    let characteristic =
        given(asked.characteristic.as_deref()).map(|text| inputs::one_of("/characteristic", text, words()));
    let word = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let new = NewClient {
        code: word("/code", &asked.code)?,
        name: inputs::party::name("/name", &asked.name)?,
        party: asked.party.as_ref().map(WantedParty::read).transpose()?,
        email: Some(inputs::party::email("/email", &asked.email)?),
        phone: given(asked.phone.as_deref()).map(|text| inputs::party::phone("/phone", text, &settings)).transpose()?,
        contact_person: inputs::party::text(
            "/contact_person",
            asked.contact_person.as_deref().unwrap_or_default(),
            300,
        )?,
        country: inputs::party::country("/country", given(asked.country.as_deref()).unwrap_or("RU"))?,
        language: inputs::party::language("/language", given(asked.language.as_deref()).unwrap_or("ru"))?,
        label: word("/label", &asked.label)?,
        characteristic: characteristic.transpose()?.unwrap_or(Characteristic::Ordinary),
        manager: word("/manager", &asked.manager)?,
        comment: inputs::party::text("/comment", asked.comment.as_deref().unwrap_or_default(), 10_000)?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("client_create", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let (id, code) = clients::create(&mut change, &new, reason).await?;
    let twins = clients::twins(&mut change, id).await?.into_iter().map(TwinView::from).collect();
    writes::created(change, &ClientMade { id, code, twins }).await
}
