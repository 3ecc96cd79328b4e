//! `POST /v1/jobs/{name}/run`: run a job by hand.
//!
//! Owns: what the request says.
//! Does not own: how a job runs (`jobs::runner`).
//! Always: what was ordered runs, also when the program stops before it ran: the loop of jobs takes it up; a date that is done is not done again.

use std::time::Duration;

use axum::extract::{Path, State};
use axum::response::Response;
use billing::jobs;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::jobs::{registry, runner};
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// How long the answer waits for the end of the run.
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// A wanted run.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRun {
    /// The date for which it is to run, `YYYY-MM-DD`.
    date: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Run a job by hand
///
/// The answer has the number of the run. A short one has ended by then; how any ended is among `/v1/job-runs`.
#[utoipa::path(
    post, path = "/v1/jobs/{name}/run", operation_id = "job_run", tag = "jobs",
    params(("name" = String, Path, description = "Name of the job", example = "liquidation_notice"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedRun, example = json!({"date": "2026-07-01", "reason": "после загрузки реестра"})),
    responses((status = 200, description = "It runs", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(name): Path<String>,
    body: JsonBody<WantedRun>,
) -> Result<Response, Problem> {
    let job = registry::find(&name).ok_or(Problem::new(Code::NotFound))?;
    let date = inputs::day("/date", &body.value.date)?;
    let zone = state.settings()?.zone("billing.zone")?;
    if date > state.clock.now().with_timezone(&zone).date_naive() {
        let expected = Text::fixed("Дата ещё не наступила", "The date has not come yet");
        return Err(Problem::field("/date", expected));
    }
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("job_run", &name, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = jobs::order(&mut change, job.name, date, reason).await?;
    let answer = writes::commit(change, &Numbered { id }).await?;
    // A task of its own: who stops waiting for the answer does not stop the run.
    let run = tokio::spawn(async move { runner::run_logged(&state, job, date).await });
    let _ = tokio::time::timeout(ANSWER_WITHIN, run).await;
    Ok(answer)
}
