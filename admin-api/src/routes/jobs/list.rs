//! `GET /v1/jobs`: what runs by night.
//!
//! Owns: nothing.
//! Does not own: the jobs (`jobs::registry`), their runs (`billing::jobs`).
//! Always: every job that this program has, by name.

use axum::Json;
use axum::extract::State;
use billing::jobs;
use serde::Serialize;
use utoipa::ToSchema;

use super::JobRunView;
use crate::extract::Spoken;
use crate::jobs::registry;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A job.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NightlyJobView)]
pub(crate) struct JobView {
    /// Name.
    name: &'static str,
    /// What it does, in the language of the caller.
    about: String,
    /// When it runs, hours and minutes of the billing zone.
    at: String,
    /// Its run for the latest date.
    latest: Option<JobRunView>,
}

/// Jobs
#[utoipa::path(
    get, path = "/v1/jobs", operation_id = "job_list", tag = "jobs",
    responses((status = 200, description = "All of them", body = List<JobView>, example = json!({"items": [{
        "name": "liquidation_notice", "about": "Письма ликвидированным клиентам", "at": "04:30",
        "latest": {"id": 5, "for_date": "2026-07-01", "outcome": "done", "attempts": 1, "started_at": "2026-07-01T01:30:00Z", "finished_at": "2026-07-01T01:30:04Z",
                   "counts": {"liquidated": 3, "letters": 1, "excluded": 1, "without_email": 1, "warnings": 2}, "error": ""}
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
) -> Result<Json<List<JobView>>, Problem> {
    let mut shown = Vec::with_capacity(registry::JOBS.len());
    for job in registry::JOBS {
        shown.push(JobView {
            name: job.name,
            about: job.about.spoken(language).to_owned(),
            at: job.at.format("%H:%M").to_string(),
            latest: jobs::latest(&state.store, job.name).await?.map(JobRunView::from),
        });
    }
    let most = shown.len();
    Ok(Json(List::page(shown, most, |job| job.name.to_owned())))
}
