//! `GET /v1/bank-statements/{id}/file`: the file of a statement as it came.
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

/// The file of a bank statement
#[utoipa::path(
    get, path = "/v1/bank-statements/{id}/file", operation_id = "bank_statement_file", tag = "payments",
    params(("id" = i64, Path, description = "Number of the statement", example = 4)),
    responses((status = 200, description = "The file as it came", content_type = "application/octet-stream", body = String,
        example = json!("1CClientBankExchange\nВерсияФормата=1.03\n...")))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    Ok(file(payments::statement_file(&state.store, id).await?))
}
