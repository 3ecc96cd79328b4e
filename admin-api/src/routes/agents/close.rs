//! `DELETE /v1/agents/{code}`: close an agent (M5).
//!
//! Owns: what the request says.
//! Does not own: agents (`billing::agents`).
//! Always: nothing is erased; his clients keep him.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::agents;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Close an agent
#[utoipa::path(
    delete, path = "/v1/agents/{code}", operation_id = "agent_close", tag = "agents",
    params(("code" = String, Path, description = "Code of the agent", example = "A-1"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "договор расторгнут"})),
    responses((status = 200, description = "Closed", body = Named, example = json!({"code": "A-1"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("agent_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    agents::close(&mut change, &code, reason).await?;
    writes::commit(change, &Named { code }).await
}
