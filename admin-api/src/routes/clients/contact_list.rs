//! `GET /v1/clients/{code}/contacts`: further contacts of a client (L9).
//!
//! Owns: nothing.
//! Does not own: contacts (`billing::clients`).
//! Always: in the order in which they were added; those that ended are not among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::clients;

use super::ContactView;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Further contacts of a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/contacts", operation_id = "contact_list", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them", body = List<ContactView>, example = json!({"items": [{"id": 3, "name": "Мария Орлова", "position": "бухгалтер", "email": "orlova@example.ru", "phone": null, "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 1}], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<ContactView>>, Problem> {
    let contacts = clients::contacts(&state.store, &code).await?.ok_or_else(|| super::no_client(&code))?;
    let most = contacts.len();
    Ok(Json(List::page(contacts, most, |contact| contact.id.to_string()).map(ContactView::from)))
}
