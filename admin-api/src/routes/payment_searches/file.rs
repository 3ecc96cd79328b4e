//! `GET /v1/payment-searches/{id}/file`: the payment order of a request.
//!
//! Owns: nothing.
//! Does not own: files (`billing::payments`).
//! Always: byte by byte.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;

use crate::inputs;
use crate::problem::Problem;
use crate::routes::payments::file;
use crate::state::AppState;

/// The payment order of a request
#[utoipa::path(
    get, path = "/v1/payment-searches/{id}/file", operation_id = "payment_search_file", tag = "payments",
    params(("id" = i64, Path, description = "Number of the request", example = 3)),
    responses((status = 200, description = "The file as it came", content_type = "application/pdf", body = String, example = json!("%PDF-1.4 ...")))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    Ok(file(payments::search_file(&state.store, id).await?))
}
