//! `GET /v1/production-calendars/{code}`: the years that a calendar knows.
//!
//! Owns: nothing.
//! Does not own: calendars (`billing::production_calendar`).
//! Always: years and days in order.

use axum::Json;
use axum::extract::{Path, State};
use billing::production_calendar;

use super::YearView;
use crate::paging::List;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Years of a production calendar
///
/// A day of another year is an error wherever a term needs it, never a guess. Days that do not differ from their week have no row.
#[utoipa::path(
    get, path = "/v1/production-calendars/{code}", operation_id = "production_calendar_get", tag = "calendars",
    params(("code" = String, Path, description = "Code of the calendar", example = "ru")),
    responses((status = 200, description = "The years", body = List<YearView>, example = json!({"items": [{
        "year": 2026, "source": "постановление Правительства от 24.09.2025 № 1466", "settled": true, "working_days": 247,
        "changed_at": "2026-06-01T09:00:00Z", "changed_by": "migration", "days": [{"day": "2026-01-09", "working": false, "name": "Перенос с 3 января"}]
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<YearView>>, Problem> {
    let years = production_calendar::years(&state.store, super::code(&code)?).await?;
    if years.is_empty() {
        return Err(Problem::new(Code::NotFound));
    }
    let most = years.len();
    Ok(Json(List::page(years, most, |known| known.year.to_string()).map(YearView::from)))
}
