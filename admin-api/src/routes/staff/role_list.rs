//! `GET /v1/roles`: the roles.
//!
//! Owns: nothing.
//! Does not own: roles (`billing::staff`).
//! Always: by code; ended ones are not among them.

use axum::Json;
use axum::extract::State;
use billing::staff;

use super::RoleView;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Roles
#[utoipa::path(
    get, path = "/v1/roles", operation_id = "role_list", tag = "staff",
    responses((status = 200, description = "All of them, by code", body = List<RoleView>, example = json!({"items": [{"code": "night_shift", "name_ru": "Ночная смена", "name_en": "Night shift", "built_in": false, "permissions": ["account.view", "lock.view"], "people": 0, "revision": 1}], "next_cursor": null})))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<RoleView>>, Problem> {
    let roles = staff::roles(&state.store).await?;
    let most = roles.len();
    Ok(Json(List::page(roles, most, |role| role.code.clone()).map(RoleView::from)))
}
