//! `GET /v1/clients/{code}/payment-methods/{method}`: whether a payment method is open to a client (B32).
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

/// Whether a payment method is open to a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/payment-methods/{method}", operation_id = "client_payment_method_offer", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("method" = String, Path, description = "Code of a payment method", example = "cash_office")),
    responses((status = 200, description = "It is; what is kept for others is refused with 403", body = Offered, example = json!({"client": "C-000001", "code": "cash_office", "available": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((client, code)): Path<(String, String)>,
) -> Result<Json<Offered>, Problem> {
    availability::offered(&state.store, Thing::PaymentMethod, &client, &code, state.clock.now()).await?;
    Ok(Json(Offered { client, code, available: true }))
}
