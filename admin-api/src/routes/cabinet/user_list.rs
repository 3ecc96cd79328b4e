//! `GET /v1/cabinet/users`: who signs in for the client (B27).
//!
//! Owns: how the client sees them.
//! Does not own: users (`billing::cabinet`).
//! Always: his own, in the order in which they were added, the blocked ones too.

use axum::Json;
use axum::extract::State;
use billing::cabinet::{self, ClientUser};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::client_users::names;
use crate::state::AppState;

/// A user as his client sees him.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OwnUserLine {
    /// Identifier.
    id: i64,
    /// Login.
    login: String,
    /// Name.
    name: String,
    /// E-mail.
    email: String,
    /// What he may: of `view`, `pay`, `manage_services`, `manage_contacts`, `manage_users`.
    rights: Vec<&'static str>,
    /// Whether he is blocked.
    blocked: bool,
}

impl From<ClientUser> for OwnUserLine {
    fn from(user: ClientUser) -> Self {
        let ClientUser { id, login, name, email, rights, blocked_at, .. } = user;
        Self { id, login, name, email, rights: names(&rights), blocked: blocked_at.is_some() }
    }
}

/// Your users
#[utoipa::path(
    get, path = "/v1/cabinet/users", operation_id = "cabinet_user_list", tag = "cabinet",
    responses((status = 200, description = "All of them", body = List<OwnUserLine>, example = json!({"items": [
        {"id": 3, "login": "orlova@example.ru", "name": "Мария Орлова", "email": "orlova@example.ru", "rights": ["view", "pay"], "blocked": false}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
) -> Result<Json<List<OwnUserLine>>, Problem> {
    let users = cabinet::users(&state.store, &context.visitor.client).await?.unwrap_or_default();
    let most = users.len();
    Ok(Json(List::page(users, most, |user| user.id.to_string()).map(OwnUserLine::from)))
}
