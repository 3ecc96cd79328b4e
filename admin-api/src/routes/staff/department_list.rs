//! `GET /v1/departments`: the departments.
//!
//! Owns: nothing.
//! Does not own: departments (`billing::staff`).
//! Always: by code; closed ones are not among them.

use axum::Json;
use axum::extract::State;
use billing::staff;

use super::DepartmentView;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Departments
#[utoipa::path(
    get, path = "/v1/departments", operation_id = "department_list", tag = "staff",
    responses((status = 200, description = "All of them, by code", body = List<DepartmentView>, example = json!({"items": [{"code": "support", "name": "Поддержка", "parent": "service", "forcing": "assistants", "people": 12, "revision": 1}], "next_cursor": null})))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<DepartmentView>>, Problem> {
    let departments = staff::departments(&state.store).await?;
    let most = departments.len();
    Ok(Json(List::page(departments, most, |department| department.code.clone()).map(DepartmentView::from)))
}
