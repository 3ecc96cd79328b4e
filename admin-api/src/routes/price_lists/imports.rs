//! `GET /v1/price-lists/{code}/imports`: the imports of a list.
//!
//! Owns: the answer.
//! Does not own: what they changed (`one_import`, `differences`).
//! Always: the newest first, whatever became of them.

use axum::Json;
use axum::extract::{Path, State};
use billing::price_lists;
use serde::Deserialize;
use utoipa::IntoParams;

use super::shown::ImportView;
use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// A page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportsQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Imports on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

impl ImportsQuery {
    /// Cursor and limit.
    pub(super) fn page(&self) -> (Option<&str>, Option<&str>) {
        (self.cursor.as_deref(), self.limit.as_deref())
    }
}

/// Imports of a price list
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/imports", operation_id = "price_imports", tag = "prices",
    params(("code" = String, Path, description = "Code of the list", example = "retail"), ImportsQuery),
    responses((status = 200, description = "Imports, the newest first", body = List<ImportView>, example = json!({
        "items": [{"id": 12, "state": "activated", "mode": "merge", "date": null, "in_force_from": "2026-07-01T10:05:00Z",
                   "previewed_at": "2026-07-01T10:00:00Z", "reference_seconds": 60, "file": "prices-july.xlsx", "file_bytes": 20480,
                   "file_sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", "mapping": {"split_prefixes": false},
                   "summary": {"sheet_rows": 2}, "imported": {"at": "2026-07-01T10:00:00Z", "by": "anna", "reason": "letter of 20 June"},
                   "activated": {"at": "2026-07-01T10:05:00Z", "by": "boris", "reason": "agreed"}, "published_rows": 2, "withdrawn_rows": 0, "ended": null}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<ImportsQuery>,
) -> Result<Json<List<ImportView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let list = super::existing(&state, &code).await?;
    let imports = price_lists::imports(&state.store, list.id, before, limit as i64 + 1).await?;
    Ok(Json(List::page(imports, limit, |import| paging::cursor_of_id(import.id)).map(ImportView::from)))
}
