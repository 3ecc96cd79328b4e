//! `GET /v1/dids/imports/{id}`: an import of numbers with its summary.
//!
//! Owns: the answer.
//! Does not own: its rows and changes (the lists `did-import-rows` and `did-import-changes`).
//! Always: also of one that was discarded.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers::import;

use super::NumbersImportView;
use crate::etag;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// An import of numbers
#[utoipa::path(
    get, path = "/v1/dids/imports/{id}", operation_id = "did_import_get", tag = "numbers",
    params(("id" = String, Path, description = "Number of the import", example = "3")),
    responses((status = 200, description = "The import; the header ETag carries its revision", body = NumbersImportView, example = json!({
        "id": 3, "state": "applied", "file_name": "numbers.xlsx", "file_bytes": 48210,
        "summary": {"ranges": 1, "numbers": 10000, "new": 9990, "returned": 0, "changed": 4, "same": 6, "classes": {"bronze": 1874, "platinum": 11},
                    "read_as": "xlsx Лист1", "columns": {"from": "A «от»", "to": "B «до»"}, "ignored": []},
        "created_at": "2026-07-01T10:00:00Z", "created_by": "petrova", "closed_at": "2026-07-01T10:05:00Z", "closed_by": "petrova",
        "close_reason": "новая ёмкость", "revision": 2
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let found = import::by_id(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(etag::shown(found.revision, &NumbersImportView::from(found)))
}
