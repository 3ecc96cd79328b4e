//! `PUT /v1/clients/{code}/contacts/{id}`: change a contact of a client (L3, L27).
//!
//! Owns: what the request says.
//! Does not own: contacts (`billing::clients`).
//! Always: a field that is absent stays, `null` empties it; what stood there is kept as an important note.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::clients::{self, ContactUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{ContactView, WantedOrigin};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a contact is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ContactChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Position.
    #[serde(default)]
    position: Option<String>,
    /// E-mail; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Edit<String>,
    /// Phone, in any writing; `null` empties it.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    phone: Edit<String>,
    /// Where the wish came from; staff themselves when absent.
    #[serde(default)]
    origin: Option<WantedOrigin>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a contact
#[utoipa::path(
    put, path = "/v1/clients/{code}/contacts/{id}", operation_id = "contact_update", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the contact", example = 3), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ContactChange, example = json!({"phone": "+7 495 200-02-02", "reason": "новый номер"})),
    responses((status = 200, description = "Changed", body = ContactView, example = json!({"id": 3, "name": "Мария Орлова", "position": "бухгалтер", "email": "orlova@example.ru", "phone": null, "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<ContactChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let number = inputs::id("/id", &id)?;
    let settings = state.settings()?;
    let position = asked.position.as_deref().map(|text| inputs::party::text("/position", text, 300));
    let wanted = ContactUpdate {
        name: asked.name.as_deref().map(|name| inputs::party::name("/name", name)).transpose()?,
        position: position.transpose()?,
        email: asked.email.try_map(|email| inputs::party::email("/email", &email))?,
        phone: asked.phone.try_map(|phone| inputs::party::phone("/phone", &phone, &settings))?,
    };
    let origin = super::origin(asked.origin.as_ref())?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("contact_update", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let contact =
        clients::update_contact(&mut change, (&code, number), &wanted, &origin, context.revision, reason).await?;
    writes::commit(change, &ContactView::from(contact)).await
}
