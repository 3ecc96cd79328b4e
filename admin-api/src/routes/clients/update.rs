//! `PUT /v1/clients/{code}`: change a client (B5, L2, L3, L27).
//!
//! Owns: what the request says.
//! Does not own: clients (`billing::clients`).
//! Always: a field that is absent stays, `null` empties it; what is registered about the beginning never changes (B4, B5).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::clients::{self, AssignmentRights, Characteristic, ClientUpdate};
use billing::staff::Permission;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ClientView, WantedOrigin, WantedParty};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a client is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ClientChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Who he is by the registry; of a known INN the same as what is kept of it.
    #[serde(default)]
    party: Option<WantedParty>,
    /// Main e-mail; it can be changed and not emptied.
    #[serde(default)]
    #[schema(value_type = String, required = false)]
    email: Edit<String>,
    /// Phone, in any writing; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Edit<String>,
    /// Whom to talk to.
    #[serde(default)]
    contact_person: Option<String>,
    /// Country, two capital letters.
    #[serde(default)]
    country: Option<String>,
    /// Language of letters, `ru` or `en`.
    #[serde(default)]
    language: Option<String>,
    /// Label; one at most; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    label: Edit<String>,
    /// `ordinary`, `good` or `conflict`.
    #[serde(default)]
    characteristic: Option<String>,
    /// Login of his manager; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    manager: Edit<String>,
    /// Code of the agent who brought him; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    agent: Edit<String>,
    /// For staff.
    #[serde(default)]
    comment: Option<String>,
    /// The flag of the company.
    #[serde(default)]
    active: Option<bool>,
    /// Where the wish to change e-mail, phone or contact person came from; staff themselves when absent.
    #[serde(default)]
    origin: Option<WantedOrigin>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a client
///
/// A field that is absent stays; `null` empties `phone`, `label`, `manager` and `agent` alone. A client goes to another manager under the rules of `POST /v1/client-assignments`. A change of e-mail, phone or contact person that a mail asked for is accepted from the e-mail of the profile only. What stood there before is kept as an
/// important note.
#[utoipa::path(
    put, path = "/v1/clients/{code}", operation_id = "client_update", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ClientChange, example = json!({"phone": "+7 495 200-02-01", "origin": {"channel": "call"}, "reason": "звонок директора"})),
    responses((status = 200, description = "Changed", body = ClientView, example = json!({
        "id": 1, "code": "C-000001", "name": "ООО «Строй Сервис»", "state": "active", "active": true, "revision": 4,
        "party": {"kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195", "city": "Москва", "legal_address": "Москва, ул. Ленина, 1"},
        "liquidation": {"legal_status": "active", "termination_date": null, "liquidated": false, "warning": false, "excluded": "Нет", "comment": "", "first_notified_at": null, "history": "/v1/mails?client=C-000001"},
        "email": "office@example.ru", "phone": "8 (495) 200-0-200", "contact_person": "И. Петров", "country": "RU", "language": "ru",
        "label": "VIP", "characteristic": "ordinary", "manager": "ivanova", "stage": "support",
        "lead_state": "connected", "lead_state_at": "2026-06-01T10:00:00Z", "agent": "A-1", "agent_type": "partner", "gdpr_state": "none", "comment": "",
        "registered": {"at": "2026-07-01T10:00:00Z", "by": "sidorov", "from": "192.0.2.7"},
        "accounts": [{"code": "A-000001", "issuer": "T", "currency": "RUB", "balance": "99.4", "turnover_year": "1500", "plan": "basic", "active": true}],
        "services": [{"number": "74950000001", "account": "A-000001", "issuer": "T", "plan": "basic", "state": "in_work"}], "services_total": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<ClientChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let settings = state.settings()?;
    let words = || Characteristic::ALL.iter().map(|one| one.as_str());
    let text = |pointer: &str, text: &Option<String>, most: usize| {
        text.as_deref().map(|text| inputs::party::text(pointer, text, most)).transpose()
    };
    let word = |pointer: &'static str| move |text: String| inputs::word(pointer, &text).map(str::to_owned);
    let wanted = ClientUpdate {
        name: asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?,
        party: asked.party.as_ref().map(WantedParty::read).transpose()?,
        email: email(asked.email)?,
        phone: asked.phone.try_map(|phone| inputs::party::phone("/phone", &phone, &settings))?,
        contact_person: text("/contact_person", &asked.contact_person, 300)?,
        country: asked.country.as_deref().map(|text| inputs::party::country("/country", text)).transpose()?,
        language: asked.language.as_deref().map(|text| inputs::party::language("/language", text)).transpose()?,
        label: asked.label.try_map(word("/label"))?,
        characteristic: asked
            .characteristic
            .as_deref()
            .map(|text| inputs::one_of("/characteristic", text, words()))
            .transpose()?,
        manager: asked.manager.try_map(word("/manager"))?,
        agent: asked.agent.try_map(word("/agent"))?,
        comment: text("/comment", &asked.comment, 10_000)?,
        active: asked.active,
        rights: AssignmentRights { reassign: context.staff.may(Permission::ClientReassign), override_related: false },
    };
    let origin = super::origin(asked.origin.as_ref())?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("client_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    clients::update(&mut change, &code, &wanted, &origin, context.revision, reason).await?;
    let card = clients::changed(&mut change, &code).await?;
    writes::commit(change, &ClientView::from(card)).await
}

/// The wanted e-mail. Every client has one (L2), so that there is nothing to empty it to.
fn email(wanted: Edit<String>) -> Result<Option<String>, Problem> {
    match wanted {
        Edit::Keep => Ok(None),
        Edit::Set(text) => inputs::party::email("/email", &text).map(Some),
        Edit::Clear => Err(Problem::field(
            "/email",
            Text::fixed(
                "Почта обязательна: её можно заменить, но не убрать",
                "The e-mail is obligatory: it can be changed, not taken away",
            ),
        )),
    }
}
