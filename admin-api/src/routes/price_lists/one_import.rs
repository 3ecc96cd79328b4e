//! `GET /v1/price-lists/{code}/imports/{id}`: one import with its summary.
//!
//! Owns: the answer.
//! Does not own: its lines (`differences`).
//! Always: also of one that was discarded or taken back.

use axum::Json;
use axum::extract::{Path, State};

use super::shown::ImportView;
use crate::problem::Problem;
use crate::state::AppState;

/// An import
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/imports/{id}", operation_id = "price_import_get", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ("id" = String, Path, description = "Number of the import", example = "12")
    ),
    responses((status = 200, description = "The import", body = ImportView, example = json!({
        "id": 12, "state": "draft", "mode": "merge", "date": "2026-07-31T21:00:00Z", "in_force_from": null, "previewed_at": "2026-07-31T21:00:00Z",
        "reference_seconds": 60, "file": "prices-august.xlsx", "file_bytes": 20480,
        "file_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "mapping": {"split_prefixes": false},
        "summary": {"sheet_rows": 2, "kinds": {"new": 1, "dearer": 1}, "losses": {"mts": 1}},
        "imported": {"at": "2026-07-20T10:00:00Z", "by": "anna", "reason": ""}, "activated": null, "published_rows": null, "withdrawn_rows": null,
        "ended": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((code, id)): Path<(String, String)>,
) -> Result<Json<ImportView>, Problem> {
    let (_, import) = super::existing_import(&state, &code, &id).await?;
    Ok(Json(import.into()))
}
