//! `GET /v1/clients/{code}/users`: users of a client (B27).
//!
//! Owns: nothing.
//! Does not own: users (`billing::cabinet`).
//! Always: in the order in which they were added, the blocked ones too.

use axum::Json;
use axum::extract::{Path, State};
use billing::cabinet;

use super::ClientUserView;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// Users of a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/users", operation_id = "client_user_list", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them", body = List<ClientUserView>, example = json!({"items": [
        {"id": 3, "login": "orlova@example.ru", "name": "Мария Орлова", "email": "orlova@example.ru", "rights": ["view", "pay"], "verified_phone": null,
         "blocked_at": null, "block_reason": null, "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "revision": 1}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<ClientUserView>>, Problem> {
    let users = cabinet::users(&state.store, &code).await?.ok_or_else(|| no_client(&code))?;
    let most = users.len();
    Ok(Json(List::page(users, most, |user| user.id.to_string()).map(ClientUserView::from)))
}
