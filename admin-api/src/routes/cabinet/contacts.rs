//! `GET /v1/cabinet/contacts`: whom we write to and call.
//!
//! Owns: how the client sees them.
//! Does not own: clients and their contacts (`billing::clients`).
//! Always: nothing of what staff note about them (L5).

use axum::Json;
use axum::extract::State;
use billing::cabinet;
use billing::clients::{self, Contact};
use serde::Serialize;
use utoipa::ToSchema;

use super::ProfileView;
use crate::cabinet_context::CabinetContext;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A further contact as the client sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnContactView {
    /// Identifier.
    id: i64,
    /// Name.
    name: String,
    /// Position.
    position: String,
    /// E-mail.
    email: Option<String>,
    /// Phone, as it was written.
    phone: Option<String>,
}

impl From<Contact> for OwnContactView {
    fn from(contact: Contact) -> Self {
        let Contact { id, name, position, email, phone, .. } = contact;
        Self { id, name, position, email, phone }
    }
}

/// Profile and further contacts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnContacts {
    /// The client himself.
    profile: ProfileView,
    /// Further contacts in the order in which they were added.
    items: Vec<OwnContactView>,
}

/// Your contacts
#[utoipa::path(
    get, path = "/v1/cabinet/contacts", operation_id = "cabinet_contacts", tag = "cabinet",
    responses((status = 200, description = "Profile and further contacts", body = OwnContacts, example = json!({
        "profile": {"code": "C-000001", "name": "ООО «Строй Сервис»", "email": "office@example.ru", "phone": "8 (495) 200-0-200", "contact_person": "И. Петров",
                    "language": "ru", "revision": 4},
        "items": [{"id": 3, "name": "Мария Орлова", "position": "бухгалтер", "email": "orlova@example.ru", "phone": null}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
) -> Result<Json<OwnContacts>, Problem> {
    let visitor = &context.visitor;
    let profile = cabinet::profile(&state.store, visitor.client_id).await?.ok_or(Problem::new(Code::NotFound))?;
    let contacts = clients::contacts(&state.store, &visitor.client).await?.unwrap_or_default();
    Ok(Json(OwnContacts { profile: profile.into(), items: contacts.into_iter().map(OwnContactView::from).collect() }))
}
