//! `GET /v1/clients/{code}/plans/{plan}`: whether a tariff plan is open to a client (B10).
//!
//! Owns: nothing.
//! Does not own: what is open to whom (`billing::availability`).
//! Always: a refusal has the code that an order of it would get.

use axum::Json;
use axum::extract::{Path, State};
use billing::availability::{self, Thing};

use super::Offered;
use crate::problem::Problem;
use crate::state::AppState;

/// Whether a tariff plan is open to a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/plans/{plan}", operation_id = "client_plan_offer", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("plan" = String, Path, description = "Code of a tariff plan", example = "basic")),
    responses((status = 200, description = "It is; what is kept for others is refused with 403", body = Offered, example = json!({"client": "C-000001", "code": "basic", "available": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((client, code)): Path<(String, String)>,
) -> Result<Json<Offered>, Problem> {
    availability::offered(&state.store, Thing::Plan, &client, &code, state.clock.now()).await?;
    Ok(Json(Offered { client, code, available: true }))
}
