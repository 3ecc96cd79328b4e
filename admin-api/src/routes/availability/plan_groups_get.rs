//! `GET /v1/plans/{code}/groups`: for which groups a tariff plan is (B10).
//!
//! Owns: nothing.
//! Does not own: what is open to whom (`billing::availability`).
//! Always: of now; the audit of the plan has what was before.

use axum::Json;
use axum::extract::{Path, State};
use billing::availability;

use super::KeptFor;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// For which groups a tariff plan is
#[utoipa::path(
    get, path = "/v1/plans/{code}/groups", operation_id = "plan_groups_get", tag = "terms",
    params(("code" = String, Path, description = "Code of the plan", example = "basic")),
    responses((status = 200, description = "All of them; none: it is open to everybody", body = KeptFor, example = json!({"code": "basic", "groups": ["partners"]})))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Json<KeptFor>, Problem> {
    let groups = availability::plan_groups(&state.store, &code).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(Json(KeptFor { code, groups }))
}
