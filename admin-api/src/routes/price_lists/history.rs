//! `GET /v1/price-lists/{code}/prefixes/{prefix}/history`: every row that a prefix ever had in a list.
//!
//! Owns: how a version is shown.
//! Does not own: the rows.
//! Always: the newest first; rows that were withdrawn are there too, with what withdrew them.

use axum::Json;
use axum::extract::{Path, State};
use billing::price_lists::{self, VersionView};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::imports::ImportsQuery;
use super::shown::RateRow;
use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// A row in the course of time.
#[derive(Serialize, ToSchema)]
pub(crate) struct Version {
    /// The row.
    rate: RateRow,
    /// Version of the catalogue that it came with.
    published_in: i64,
    /// Version that it went with; `null` = it is there.
    withdrawn_in: Option<i64>,
    /// The import that it came by, or whose roll-back restored it.
    import: Option<i64>,
    /// Login of whoever put it in force; `null` for rows of the first load.
    by: Option<String>,
    /// When.
    at: Option<DateTime<Utc>>,
    /// The import that withdrew it, or whose roll-back did.
    withdrawn_by_import: Option<i64>,
    /// Whether it repeats a former row after a roll-back.
    restored: bool,
}

impl From<VersionView> for Version {
    fn from(version: VersionView) -> Self {
        Self {
            rate: version.rate.into(),
            published_in: version.published_in,
            withdrawn_in: version.withdrawn_in,
            import: version.import,
            by: version.by,
            at: version.at,
            withdrawn_by_import: version.withdrawn_by_import,
            restored: version.is_restored,
        }
    }
}

/// History of a prefix in a list
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/prefixes/{prefix}/history", operation_id = "price_list_prefix_history", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ("prefix" = String, Path, description = "The prefix itself, not those that it begins", example = "7916"),
        ImportsQuery
    ),
    responses((status = 200, description = "Rows, the newest first", body = List<Version>, example = json!({
        "items": [{"rate": {"id": 17, "prefix": "7916", "service": null, "incoming_service": null, "provider": null, "place": null, "origin": null,
                            "from": "2026-06-30T21:00:00Z", "to": null, "tiers": "0:60@1.5/60", "bands": [], "connect_fee": "0", "attempt_fee": "0",
                            "free_seconds": 0, "minimum": "0", "maximum": null},
                   "published_in": 7, "withdrawn_in": null, "import": 12, "by": "boris", "at": "2026-07-01T10:05:00Z", "withdrawn_by_import": null,
                   "restored": false}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((code, prefix)): Path<(String, String)>,
    Params(asked): Params<ImportsQuery>,
) -> Result<Json<List<Version>>, Problem> {
    let (cursor, limit) = asked.page();
    let limit = paging::limit(limit, &*state.settings()?)?;
    let before = paging::id_of_cursor(cursor)?;
    let prefix = format!("{:?}", inputs::prefix("/prefix", &prefix)?);
    let list = super::existing(&state, &code).await?;
    let versions = price_lists::prefix_history(&state.store, list.id, &prefix, before, limit as i64 + 1).await?;
    Ok(Json(List::page(versions, limit, |version| paging::cursor_of_id(version.rate.id)).map(Version::from)))
}
