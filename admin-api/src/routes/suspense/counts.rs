//! `GET /v1/suspense/counts`: how many open entries have which code, and for how long.
//!
//! Owns: how a count is shown.
//! Does not own: the counts.
//! Always: of all open entries; the most frequent code first.

use axum::Json;
use axum::extract::State;
use billing::suspense::{self, OpenCount};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// How many entries have a code.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CodeCount {
    /// The code.
    code: String,
    /// Open entries with it.
    count: i64,
    /// Of these, those that have waited for more than a day.
    older_than_day: i64,
    /// For more than a week.
    older_than_week: i64,
    /// Since when the oldest waits.
    oldest: DateTime<Utc>,
}

impl From<OpenCount> for CodeCount {
    fn from(count: OpenCount) -> Self {
        Self {
            code: count.code,
            count: count.count,
            older_than_day: count.older_than_day,
            older_than_week: count.older_than_week,
            oldest: count.oldest,
        }
    }
}

/// Open records in suspense by code
#[utoipa::path(
    get, path = "/v1/suspense/counts", operation_id = "suspense_counts", tag = "suspense",
    responses((status = 200, description = "Open entries by code, the most frequent first", body = List<CodeCount>, example = json!({
        "items": [{"code": "NO_RETAIL_PRICE", "count": 1, "older_than_day": 0, "older_than_week": 0, "oldest": "2026-07-01T10:02:00Z"}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<CodeCount>>, Problem> {
    let counts = suspense::counts(&state.store, state.clock.now()).await?;
    let items = counts.into_iter().map(CodeCount::from).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
