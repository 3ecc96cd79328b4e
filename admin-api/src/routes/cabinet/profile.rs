//! `PUT /v1/cabinet/profile`: e-mail, phone and contact person of the client (L3, L27).
//!
//! Owns: what the request says.
//! Does not own: clients (`billing::clients`).
//! Always: accepted from the user whose e-mail is the profile's; an employee changes contacts by his own permission and not here; what stood there is kept.

use axum::extract::State;
use axum::response::Response;
use billing::Edit;
use billing::cabinet::{Profile, Who};
use billing::clients::{self, ClientUpdate, Origin};
use serde::Deserialize;
use utoipa::ToSchema;

use super::ProfileView;
use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How the profile is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProfileChange {
    /// Main e-mail.
    #[serde(default)]
    email: Option<String>,
    /// Phone, in any writing; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Edit<String>,
    /// Whom to talk to.
    #[serde(default)]
    contact_person: Option<String>,
    /// Why; a client need not say it.
    #[serde(default)]
    reason: Option<String>,
}

/// Change your profile
///
/// Accepted from the user whose e-mail is the e-mail of the profile; from others it is `unverified_sender`.
#[utoipa::path(
    put, path = "/v1/cabinet/profile", operation_id = "cabinet_profile", tag = "cabinet",
    params(("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ProfileChange, example = json!({"phone": "+7 495 200-02-01"})),
    responses((status = 200, description = "Changed", body = ProfileView, example = json!(
        {"code": "C-000001", "name": "ООО «Строй Сервис»", "email": "office@example.ru", "phone": "+7 495 200-02-01", "contact_person": "И. Петров",
         "language": "ru", "revision": 5}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    body: JsonBody<ProfileChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let settings = state.settings()?;
    let email = asked.email.as_deref().map(|email| inputs::party::email("/email", email)).transpose()?;
    let person = asked.contact_person.as_deref().map(|text| inputs::party::text("/contact_person", text, 300));
    let wanted = ClientUpdate {
        email,
        phone: asked.phone.try_map(|phone| inputs::party::phone("/phone", &phone, &settings))?,
        contact_person: person.transpose()?,
        ..ClientUpdate::default()
    };
    let origin = Origin::Cabinet(match &context.visitor.who {
        Who::User { email, .. } => email.clone(),
        Who::Employee(_) => String::new(),
    });
    let reason = context.reason(asked.reason.as_deref())?;
    let key = context.idempotency("cabinet_profile", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let client = &context.visitor.client;
    let card = clients::update(&mut change, client, &wanted, &origin, context.revision, reason).await?;
    let profile = Profile {
        code: card.code,
        name: card.name,
        email: card.email,
        phone: card.phone,
        contact_person: card.contact_person,
        language: card.language,
        revision: card.revision,
    };
    writes::commit(change, &ProfileView::from(profile)).await
}
