//! `POST /v1/legal-entities/{code}/bank-days`: say that the bank statement of a day is complete (A15).
//!
//! Owns: what the request says.
//! Does not own: days of the bank (`billing::credit`), the import of statements, which says the same by itself.
//! Always: said once; checks that wait for the day go on within the hour.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::credit;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A day whose statement is complete.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CompleteDay {
    /// The day, `YYYY-MM-DD`.
    day: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// What is complete.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayCompleted {
    /// Code of the legal entity.
    legal_entity: String,
    /// The day.
    day: NaiveDate,
}

/// Say that the bank statement of a day is complete
///
/// The check of credit in the night to the last day of a month waits for the statement of the last bank day (setting `credit.wait_for_statement`). Where the
/// day was none, or nothing came, staff say so here.
#[utoipa::path(
    post, path = "/v1/legal-entities/{code}/bank-days", operation_id = "bank_day_complete", tag = "ledger",
    params(("code" = String, Path, description = "Code of the legal entity", example = "T"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = CompleteDay, example = json!({"day": "2026-08-28", "reason": "поступлений не было"})),
    responses((status = 201, description = "Complete", body = DayCompleted, example = json!({"legal_entity": "T", "day": "2026-08-28"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<CompleteDay>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let day = inputs::day("/day", body.value.day.trim())?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("bank_day_complete", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    credit::complete_statement(&mut change, code, day, reason).await?;
    writes::created(change, &DayCompleted { legal_entity: code.to_owned(), day }).await
}
