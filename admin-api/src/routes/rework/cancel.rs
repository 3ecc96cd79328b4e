//! `POST /v1/rework/{id}/cancel`: give a job up that has changed nothing yet.
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

/// Cancel a job
///
/// A job that is being executed goes on: half a job is worse than one that is answered by another. Asks for the permission of what the job does too.
#[utoipa::path(
    post, path = "/v1/rework/{id}/cancel", operation_id = "rework_cancel", tag = "rework",
    params(
        ("id" = String, Path, description = "Number of the job", example = "4"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Why, example = json!({"reason": "ошибка в отборе"})),
    responses((status = 200, description = "Cancelled", body = FiledView, example = json!({"job": 4})))
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
    let key = context.idempotency("rework_cancel", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    if !rework::cancel(&mut change, job.id, reason).await? {
        return Err(super::not_now(&job));
    }
    writes::commit(change, &FiledView { job: job.id }).await
}
