//! `PUT /v1/production-calendars/{code}`: enter a year of a calendar.
//!
//! Owns: what the request says.
//! Does not own: calendars (`billing::production_calendar`).
//! Always: the year as a whole; what stood there before is replaced, and stays in the audit.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::production_calendar::{NewDay, NewYear};
use serde::Deserialize;
use utoipa::ToSchema;

use super::YearSetView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Longest name of a day.
const NAME_CHARS_MAX: usize = 200;

/// A day.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedDay {
    /// The day, `YYYY-MM-DD`.
    day: String,
    /// Whether it is worked.
    working: bool,
    /// What it is.
    #[serde(default)]
    name: String,
}

/// A year.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedYear {
    /// The year.
    year: i64,
    /// Where its days are said: the law, the decree.
    source: String,
    /// Whether they are final.
    settled: bool,
    /// Worked Saturdays and Sundays, days off from Monday to Friday; days that do not differ from their week may stand here too.
    days: Vec<WantedDay>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Enter a year of a production calendar
///
/// The year as a whole. Terms of reservations that run are counted anew; `outside_calendar` where one of them ends in a year that is still missing.
#[utoipa::path(
    put, path = "/v1/production-calendars/{code}", operation_id = "production_calendar_set", tag = "calendars",
    params(("code" = String, Path, description = "Code of the calendar", example = "ru"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedYear, example = json!({
        "year": 2028, "source": "постановление Правительства", "settled": true, "days": [{"day": "2028-01-03", "working": false, "name": "Новогодние каникулы"}],
        "reason": "календарь на 2028 год"
    })),
    responses((status = 200, description = "Entered", body = YearSetView, example = json!({"calendar": "ru", "year": 2028, "days": 1, "reservations_moved": 0})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedYear>,
) -> Result<Response, Problem> {
    let calendar = super::code(&code)?;
    let asked = &body.value;
    let day = |(at, asked): (u32, &WantedDay)| -> Result<NewDay, Problem> {
        Ok(NewDay {
            at,
            day: inputs::day(&format!("/days/{at}/day"), &asked.day)?,
            is_working: asked.working,
            name: inputs::party::text(&format!("/days/{at}/name"), &asked.name, NAME_CHARS_MAX)?,
        })
    };
    let new = NewYear {
        year: super::year(asked.year)?,
        source: super::source(&asked.source)?,
        settled: asked.settled,
        days: (0..).zip(&asked.days).map(day).collect::<Result<_, _>>()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("production_calendar_set", calendar, &body.bytes);
    let change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    super::enter(change, calendar, &new, |at| format!("/days/{at}/day"), reason).await
}
