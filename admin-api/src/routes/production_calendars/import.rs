//! `POST /v1/production-calendars/{code}/import`: enter a year of a calendar from a file.
//!
//! Owns: what the request carries.
//! Does not own: reading the file (`billing::production_calendar`).
//! Always: a file is taken as a whole, or refused with all its faults and leaves nothing behind.

use axum::body::Bytes;
use axum::extract::{Path, RawQuery, State};
use axum::response::Response;
use billing::price_lists::SheetOptions;
use billing::production_calendar::{NewYear, read_days};
use serde::Deserialize;
use utoipa::IntoParams;

use super::YearSetView;
use crate::call_context::CallContext;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Which year a file is of.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct YearQuery {
    /// The year.
    #[param(required = true, example = "2028")]
    year: Option<String>,
    /// Where its days are said: the law, the decree.
    #[param(required = true, example = "постановление Правительства")]
    source: Option<String>,
    /// `true`: its days are final; `false` when absent.
    settled: Option<String>,
    /// Why; obligatory.
    #[param(required = true, example = "календарь на 2028 год")]
    reason: Option<String>,
}

/// Enter a year of a production calendar from a file
///
/// The body is the file: CSV (UTF-8, UTF-16 or Windows-1251, delimiter `,`, `;` or tab) or XLSX. The first row has the titles, in any order and case:
/// `day`/День/Дата (`YYYY-MM-DD` or `DD.MM.YYYY`) and `working`/Рабочий (да or нет) are needed, `name`/Название may be there. Days that do not differ from
/// their week are left out, so that a list of holidays can be taken as it is published. All faults come at once, each with row and column.
#[utoipa::path(
    post, path = "/v1/production-calendars/{code}/import", operation_id = "production_calendar_import", tag = "calendars",
    params(("code" = String, Path, description = "Code of the calendar", example = "ru"), YearQuery, ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = String, content_type = "text/csv", description = "The file", example = json!("День;Рабочий;Название\n2028-01-03;нет;Новогодние каникулы\n")),
    responses((status = 200, description = "Entered", body = YearSetView, example = json!({"calendar": "ru", "year": 2028, "days": 1, "reservations_moved": 0})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    Params(asked): Params<YearQuery>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let calendar = super::code(&code)?;
    let year = super::year(inputs::id("/year", given(asked.year.as_deref()).unwrap_or_default())?)?;
    let source = super::source(asked.source.as_deref().unwrap_or_default())?;
    let settled = given(asked.settled.as_deref()).map(|text| inputs::flag("/settled", text)).transpose()?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let days = read_days(&body, &SheetOptions::default())?;
    let new = NewYear { year, source, settled: settled.unwrap_or(false), days };
    let subject = format!("{calendar} {}", query.unwrap_or_default());
    let key = context.idempotency("production_calendar_import", &subject, &body);
    let change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    super::enter(change, calendar, &new, |at| format!("/rows/{at}/day"), reason).await
}
