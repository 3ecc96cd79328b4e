//! `GET /v1/accounts/{code}/contacts`: contacts on the card of an account (S7).
//!
//! Owns: nothing.
//! Does not own: contacts (`billing::clients`).
//! Always: in the order in which they were added; those that ended are not among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::clients;

use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::ContactView;
use crate::state::AppState;

/// Contacts of an account
#[utoipa::path(
    get, path = "/v1/accounts/{code}/contacts", operation_id = "account_contact_list", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "All of them", body = List<ContactView>, example = json!({"items": [{"id": 3, "name": "Мария Орлова", "position": "бухгалтер", "email": "orlova@example.ru", "phone": null, "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 1}], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<ContactView>>, Problem> {
    let contacts = clients::account_contacts(&state.store, &code).await?.ok_or_else(|| Problem::no_account(&code))?;
    let items = contacts.into_iter().map(ContactView::from).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
