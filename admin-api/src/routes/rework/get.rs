//! `GET /v1/rework/{id}`: how far a job is.
//!
//! Owns: nothing but the question.
//! Does not own: the job.
//! Always: the state as committed with the last portion.

use axum::Json;
use axum::extract::{Path, State};
use billing::rework;

use super::JobView;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A job that rates again
#[utoipa::path(
    get, path = "/v1/rework/{id}", operation_id = "rework_get", tag = "rework",
    params(("id" = String, Path, description = "Number of the job", example = "3")),
    responses((status = 200, description = "The job", body = JobView, example = json!(
        {"id": 4, "kind": "rerate", "scope": {"charges": {"account": "A-000001", "from": "2026-07-01", "to": "2026-07-31", "side": "retail"}},
         "reason": "неверная цена в прайс-листе", "state": "previewed", "dry_run": true, "catalogue_version": 12, "portions": 1, "done": 1,
         "counts": {"changed": 120, "unchanged": 30}, "problem": null, "author": "head", "filed_at": "2026-07-01T10:00:00Z",
         "started_at": "2026-07-01T10:00:01Z", "finished_at": "2026-07-01T10:00:02Z"})))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Json<JobView>, Problem> {
    let job = rework::job(&state.store, inputs::id("/id", &id)?).await?;
    job.map(|job| Json(JobView::from(job))).ok_or(Problem::new(Code::NotFound))
}
