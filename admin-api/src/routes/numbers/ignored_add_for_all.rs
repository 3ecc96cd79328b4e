//! `POST /v1/ignored-callers`: calls of somebody count for no number, as those of our own test lines (A28).
//!
//! Owns: what the request says.
//! Does not own: what that does to numbers (`billing::numbers`).
//! Always: no ignoring without a reason; the calls stay and are shown apart.

use axum::extract::State;
use axum::response::Response;
use billing::numbers;

use super::ignored_add::WantedIgnoredCaller;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Ignore a caller to all numbers
///
/// For our own test lines. What they have called before does not count any more either; while the numbers are looked through that they called, charging waits.
#[utoipa::path(
    post, path = "/v1/ignored-callers", operation_id = "ignored_caller_add", tag = "numbers",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedIgnoredCaller, example = json!({"caller": "74950000777", "reason": "тестовая линия"})),
    responses((status = 201, description = "Ignored", body = Numbered, example = json!({"id": 4})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedIgnoredCaller>,
) -> Result<Response, Problem> {
    let caller = inputs::e164("/caller", &body.value.caller)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("ignored_caller_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = numbers::ignore_caller(&mut change, caller, None, reason).await?;
    writes::created(change, &Numbered { id }).await
}
