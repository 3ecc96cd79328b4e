//! `GET /v1/permissions`: what people may be allowed to do, and which roles may.
//!
//! Owns: nothing.
//! Does not own: the list (`billing::staff`).
//! Always: every permission; what no one may do is none.

use axum::Json;
use axum::extract::State;
use billing::staff::{self, Permission};
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Spoken;
use crate::language::Text;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A permission.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct PermissionView {
    /// Name.
    permission: &'static str,
    /// What it allows, in the caller's language.
    about: String,
    /// Codes of the roles that have it.
    roles: Vec<String>,
}

/// Permissions, and the roles that have them
#[utoipa::path(
    get, path = "/v1/permissions", operation_id = "permission_list", tag = "staff",
    responses((status = 200, description = "All of them", body = List<PermissionView>, example = json!({
        "items": [{"permission": "account.view", "about": "Видеть лицевые счета, балансы, условия кредита и их историю", "roles": ["admin", "support"]}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
) -> Result<Json<List<PermissionView>>, Problem> {
    let roles = staff::roles(&state.store).await?;
    let view = |permission: &Permission| {
        let (ru, en) = permission.about();
        let having = roles.iter().filter(|role| role.permissions.contains(permission));
        PermissionView {
            permission: permission.as_str(),
            about: Text::fixed(ru, en).spoken(language).to_owned(),
            roles: having.map(|role| role.code.clone()).collect(),
        }
    };
    let items: Vec<PermissionView> = Permission::ALL.iter().map(view).collect();
    let most = items.len();
    Ok(Json(List::page(items, most, |_| String::new())))
}
