//! `GET /v1/roles/{code}`: a role.
//!
//! Owns: nothing.
//! Does not own: roles (`billing::staff`).
//! Always: the header ETag carries its revision.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;

use super::RoleView;
use crate::etag;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A role
#[utoipa::path(
    get, path = "/v1/roles/{code}", operation_id = "role_get", tag = "staff",
    params(("code" = String, Path, description = "Code of the role", example = "support")),
    responses((status = 200, description = "The role; the header ETag carries its revision", body = RoleView, example = json!({"code": "night_shift", "name_ru": "Ночная смена", "name_en": "Night shift", "built_in": false, "permissions": ["account.view", "lock.view"], "people": 0, "revision": 1})))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let role = staff::role(&state.store, &code).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(etag::shown(role.revision, &RoleView::from(role)))
}
