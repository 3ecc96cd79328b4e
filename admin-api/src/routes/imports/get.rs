//! `GET /v1/imports/{id}`: a file of call records, and what became of its records by now.
//!
//! Owns: how the two engines' counts are put together.
//! Does not own: the counts.
//! Always: a record counts once, by its first leg. What was sent and is neither charged nor in suspense repeats a record that was charged before; that is
//! known only when the ingest has passed the whole import.

use axum::Json;
use axum::extract::{Path, State};
use billing::imports;
use serde::Serialize;
use utoipa::ToSchema;

use super::ImportView;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// What became of the records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OutcomesView {
    /// Records still wait in Kafka, or are being sent: the other figures grow.
    pending: bool,
    /// Rated.
    rated: i64,
    /// Calls to numbers not in work.
    non_target: i64,
    /// In suspense now.
    suspended: i64,
    /// Of suspense, discarded.
    discarded: i64,
    /// Repeats of records that were charged before; `null` while records are pending, and of an import that was rolled back.
    duplicate: Option<i64>,
}

/// An import with what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ImportCardView {
    #[serde(flatten)]
    import: ImportView,
    /// What became of its records by now.
    records: OutcomesView,
}

/// A file of call records
#[utoipa::path(
    get, path = "/v1/imports/{id}", operation_id = "import_get", tag = "imports",
    params(("id" = String, Path, description = "Number of the import", example = "7")),
    responses((status = 200, description = "The import", body = ImportCardView, example = json!(
        {"id": 7, "source": "pbx-9", "file_name": "cdr_000123.csv", "size_bytes": 18233, "sha256": "9f2c…", "modified_at": "2026-07-01T10:00:00Z", "sequence": 123,
         "state": "sent", "repeats": null, "records_found": 120, "records_sent": 120, "records_rejected": 0, "position_bytes": 18233,
         "found": {"records": 120, "answered": 97, "seconds": 8120}, "trailer": null, "started_at": "2026-07-01T10:01:00Z", "finished_at": "2026-07-01T10:01:01Z",
         "problem": null, "rolled_back_by": null,
         "records": {"pending": false, "rated": 115, "non_target": 0, "suspended": 3, "discarded": 0, "duplicate": 2}})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<ImportCardView>, Problem> {
    let id = inputs::id("/id", &id)?;
    // Asked first: what is passed by now is in the counts that are read after it, but for what waits in the outbox.
    let pending = imports::pending(&state.store, id).await?;
    let import = imports::one(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    let charged = state.calls.of_import(id).await?;
    let (suspended, discarded) = imports::suspended(&state.store, id).await?;
    let known = charged.rated + charged.non_target + suspended + discarded;
    let settled = !pending && import.rolled_back_by.is_none();
    let duplicate = settled.then(|| (import.records_sent - known).max(0));
    let records =
        OutcomesView { pending, rated: charged.rated, non_target: charged.non_target, suspended, discarded, duplicate };
    Ok(Json(ImportCardView { import: ImportView::from(import), records }))
}
