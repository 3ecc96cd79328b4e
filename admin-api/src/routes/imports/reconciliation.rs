//! `GET /v1/reconciliation`: what switches count against what was received, by source and hour (M77).
//!
//! Owns: the period as callers write it, how an hour is shown.
//! Does not own: the comparison (`billing::reconciliation`).
//! Always: an hour that one side alone knows is shown; a difference is what the switch has more than we.

use axum::Json;
use axum::extract::State;
use billing::reconciliation::{self, Figures, Hour, Ours, Tolerance};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::problem::Problem;
use crate::state::AppState;

/// Longest period.
const DAYS_MAX: i64 = 31;

/// Which hours.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ReconciliationQuery {
    /// Of this source; of all without it.
    #[param(example = "pbx-9")]
    source: Option<String>,
    /// First moment (RFC 3339) or day; a day ago when absent.
    from: Option<String>,
    /// Moment after the last, or last day; now when absent. 31 days at most.
    to: Option<String>,
    /// `true`: only hours that differ by more than the tolerance.
    differing: Option<String>,
}

/// Attempts, answered calls, their seconds.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FiguresView {
    /// Attempts, answered or not.
    attempts: i64,
    /// Of these, answered.
    answered: i64,
    /// Seconds of the answered ones.
    seconds: i64,
}

impl From<Figures> for FiguresView {
    fn from(figures: Figures) -> Self {
        Self { attempts: figures.attempts, answered: figures.answered, seconds: figures.seconds }
    }
}

/// What we have of an hour, in records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OursView {
    /// Rated, non-target and suspended together.
    received: i64,
    /// Rated.
    rated: i64,
    /// Calls to numbers not in work.
    non_target: i64,
    /// In suspense now, by the hour of their set-up, or of their arrival where the record says none.
    suspended: i64,
    /// Repeats, by the hour of their arrival; not among those received.
    duplicate: i64,
    /// Answered calls of those rated and non-target.
    answered: i64,
    /// Their seconds, each call rounded half up.
    seconds: i64,
}

impl From<Ours> for OursView {
    fn from(ours: Ours) -> Self {
        Self {
            received: ours.received(),
            rated: ours.rated,
            non_target: ours.non_target,
            suspended: ours.suspended,
            duplicate: ours.duplicate,
            answered: ours.answered,
            seconds: ours.seconds,
        }
    }
}

/// An hour of a source.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HourView {
    /// Source.
    source: String,
    /// Its beginning, an hour of UTC; a record belongs to the hour of its set-up.
    hour: DateTime<Utc>,
    /// What the switch says; `null` = nothing.
    switch: Option<FiguresView>,
    /// Where it says so: `counter` or `trailer`.
    origin: Option<&'static str>,
    /// What we have.
    ours: OursView,
    /// What the switch has more than we.
    missing: Option<FiguresView>,
    /// Whether it is more than the tolerance.
    differs: bool,
}

/// Hours of a period.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReconciliationView {
    /// In order of source and hour.
    items: Vec<HourView>,
    /// Calls by which an hour may differ (setting `reconciliation.tolerance_calls`).
    tolerance_calls: i64,
    /// Per cent by which it may (setting `reconciliation.tolerance_percent`); the larger of both counts.
    tolerance_percent: i64,
}

/// What switches count against what was received
#[utoipa::path(
    get, path = "/v1/reconciliation", operation_id = "reconciliation", tag = "imports",
    params(ReconciliationQuery),
    responses((status = 200, description = "Hours", body = ReconciliationView, example = json!({"items": [
        {"source": "pbx-9", "hour": "2026-07-01T10:00:00Z", "switch": {"attempts": 120, "answered": 97, "seconds": 8120}, "origin": "counter",
         "ours": {"received": 118, "rated": 115, "non_target": 0, "suspended": 3, "duplicate": 2, "answered": 95, "seconds": 8000},
         "missing": {"attempts": 2, "answered": 2, "seconds": 120}, "differs": true}], "tolerance_calls": 0, "tolerance_percent": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<ReconciliationQuery>,
) -> Result<Json<ReconciliationView>, Problem> {
    let settings = state.settings()?;
    let source = given(asked.source.as_deref()).map(|text| inputs::word("/source", text)).transpose()?.unwrap_or("");
    let differing = given(asked.differing.as_deref()).map(|text| inputs::flag("/differing", text)).transpose()?;
    let [from, to] = inputs::range(asked.from.as_deref(), asked.to.as_deref(), &settings)?;
    let to = to.unwrap_or_else(|| state.clock.now());
    let from = from.unwrap_or(to - TimeDelta::days(1));
    if to <= from || to - from > TimeDelta::days(DAYS_MAX) {
        let text =
            Text::fixed("Период — от часа до 31 дня, to позже from", "The period is up to 31 days, to after from");
        return Err(Problem::field("/to", text));
    }
    let mut ours = state.calls.records_by_hour(source, from, to).await?;
    for (key, records) in reconciliation::suspended_by_hour(&state.store, source, from, to).await? {
        ours.entry(key).or_default().suspended = records;
    }
    let counts = reconciliation::counts(&state.store, source, from, to).await?;
    let tolerance = Tolerance::of(&settings)?;
    let hours = reconciliation::hours(counts, ours).into_iter().map(|hour| shown(hour, tolerance));
    let items = hours.filter(|hour| hour.differs || differing != Some(true)).collect();
    let Tolerance { calls, percent } = tolerance;
    Ok(Json(ReconciliationView { items, tolerance_calls: calls, tolerance_percent: percent }))
}

fn shown(hour: Hour, tolerance: Tolerance) -> HourView {
    HourView {
        switch: hour.switch.map(|(_, figures)| figures.into()),
        origin: hour.switch.map(|(origin, _)| origin.as_str()),
        missing: hour.missing().map(FiguresView::from),
        differs: tolerance.is_exceeded(&hour),
        ours: hour.ours.into(),
        source: hour.source,
        hour: hour.hour,
    }
}
