//! `POST /v1/rework/{id}/execute`: do what the dry run has shown.
//!
//! Owns: what the request says and what is answered.
//! Does not own: what the state of a job allows (`billing::rework`).
//! Always: who does it may do what the job does; no step without a reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::rework;

use super::{FiledView, Why};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// Execute a job
///
/// Only after its dry run. Rating again does what was shown, by the catalogue of then; what an import did is counted anew, for its records may have been recycled since. Asks for the permission of what the job does too.
#[utoipa::path(
    post, path = "/v1/rework/{id}/execute", operation_id = "rework_execute", tag = "rework",
    params(
        ("id" = String, Path, description = "Number of the job", example = "4"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Why, example = json!({"reason": "согласовано с руководителем"})),
    responses((status = 200, description = "Queued", body = FiledView, example = json!({"job": 4})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Why>,
) -> Result<Response, Problem> {
    let job = rework::job(&state.store, inputs::id("/id", &id)?).await?.ok_or(Problem::new(Code::NotFound))?;
    super::check(&context, &job)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("rework_execute", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    if !rework::execute(&mut change, job.id, reason).await? {
        return Err(super::not_now(&job));
    }
    writes::commit(change, &FiledView { job: job.id }).await
}
