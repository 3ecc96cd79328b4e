//! `GET /v1/rework`: jobs that rate again, the newest first.
//!
//! Owns: paging.
//! Does not own: the jobs.
//! Always: every job ever filed is in the list.

use axum::Json;
use axum::extract::State;
use billing::rework;
use serde::Deserialize;
use utoipa::IntoParams;

use super::JobView;
use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobsQuery {
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Jobs on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Jobs that rate again
#[utoipa::path(
    get, path = "/v1/rework", operation_id = "rework_list", tag = "rework",
    params(JobsQuery),
    responses((status = 200, description = "Jobs, the newest first", body = List<JobView>, example = json!({"items": [
        {"id": 3, "kind": "recycle", "scope": {"suspense": {"code": "NO_RETAIL_PRICE"}}, "reason": "добавлены цены Сербии", "state": "done", "dry_run": false,
         "catalogue_version": 12, "portions": 1, "done": 1, "counts": {"recycled": 14, "still_open": 0}, "problem": null, "author": "support",
         "filed_at": "2026-07-01T10:00:00Z", "started_at": "2026-07-01T10:00:01Z", "finished_at": "2026-07-01T10:00:02Z"}], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<JobsQuery>,
) -> Result<Json<List<JobView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let jobs = rework::jobs(&state.store, before, limit as i64 + 1).await?;
    Ok(Json(List::page(jobs, limit, |job| paging::cursor_of_id(job.id)).map(JobView::from)))
}
