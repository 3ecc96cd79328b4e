//! `GET /v1/exports/{id}`: how far an export is.
//!
//! Owns: nothing of its own.
//! Does not own: exports (`billing::grid`).
//! Always: one's own only, of a list that one may see.

use axum::Json;
use axum::extract::{Path, State};

use super::ExportView;
use crate::call_context::CallContext;
use crate::problem::Problem;
use crate::state::AppState;

/// An export
#[utoipa::path(
    get, path = "/v1/exports/{id}", operation_id = "export_get", tag = "lists",
    params(("id" = i64, Path, description = "Identifier", example = 12)),
    responses((status = 200, description = "How far it is", body = ExportView, example = json!({
        "id": 12, "list": "clients", "format": "xlsx", "state": "running", "rows_total": 1_000_000, "rows_done": 250_000, "error": null,
        "ordered_at": "2026-07-01T10:00:00Z", "finished_at": null, "expires_at": "2026-07-04T10:00:00Z"
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
) -> Result<Json<ExportView>, Problem> {
    Ok(Json(super::own_export(&state, &context, &id).await?.into()))
}
