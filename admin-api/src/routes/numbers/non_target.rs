//! `GET /v1/dids/{number}/non-target`: calls to a number while nobody had it, by day (M14, A28).
//!
//! Owns: how a day is shown.
//! Does not own: the statistics.
//! Always: the newest day first; who called is not told, only how many.

use axum::Json;
use axum::extract::{Path, State};
use billing::numbers::{CallerCount, non_target_callers};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// How many days.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysQuery {
    /// Days with calls: the latest 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayView {
    /// The day, in the issuer's zone.
    day: NaiveDate,
    /// Calls that count.
    calls: i64,
    /// Distinct callers who count; withheld ones count as one.
    callers: i64,
    /// Calls that do not count: of own test lines, and of numbers that a buyer declared.
    ignored: i64,
}

impl From<CallerCount> for DayView {
    fn from(count: CallerCount) -> Self {
        Self { day: count.day, calls: count.calls, callers: count.callers, ignored: count.ignored }
    }
}

/// Non-target calls of a number by day
#[utoipa::path(
    get, path = "/v1/dids/{number}/non-target", operation_id = "did_non_target", tag = "numbers",
    params(("number" = String, Path, description = "The number, with or without `+`", example = "74951201031"), DaysQuery),
    responses((status = 200, description = "Days with calls, the newest first", body = List<DayView>, example = json!({
        "items": [{"day": "2026-07-02", "calls": 3, "callers": 2, "ignored": 0}, {"day": "2026-06-28", "calls": 1, "callers": 1, "ignored": 2}], "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(number): Path<String>,
    Params(asked): Params<DaysQuery>,
) -> Result<Json<List<DayView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let (number, _) = super::card(&state, &number).await?;
    let days = non_target_callers(&state.store, number, limit as i64).await?;
    let items = days.into_iter().map(DayView::from).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
