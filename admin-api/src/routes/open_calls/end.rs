//! `POST /v1/open-calls/{id}/end`: end a call that goes on.
//!
//! Owns: what the request says.
//! Does not own: the wish (`billing::holds`), the way to the switch (`authorize`).
//! Always: the wish is on record before the switch is told; a switch that cannot be told hears when it asks again.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::holds;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// End a call that goes on
///
/// Its switch is told at once where there is a way to tell it, and else with its next extension: the call gets no more seconds.
#[utoipa::path(
    post, path = "/v1/open-calls/{id}/end", operation_id = "open_call_end", tag = "switches",
    params(("id" = i64, Path, description = "Its number in the list of calls that go on", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = Reason, example = json!({"reason": "подозрение на мошенничество"})),
    responses((status = 200, description = "It will end", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("open_call_end", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let call = holds::ask_end(&mut change, number, reason).await?;
    let answer = writes::commit(change, &Numbered { id: number }).await?;
    if !state.authorizer.disconnect(&call).await {
        tracing::debug!("a switch hears with its next extension that a call ends");
    }
    Ok(answer)
}
