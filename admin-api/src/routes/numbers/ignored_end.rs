//! `DELETE /v1/ignored-callers/{id}`: calls of somebody count again (A28).
//!
//! Owns: what the request says.
//! Does not own: what that does to numbers (`billing::numbers`).
//! Always: nothing is erased; no end without a reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Count the calls of a caller again
///
/// Those of before count again, too.
#[utoipa::path(
    delete, path = "/v1/ignored-callers/{id}", operation_id = "ignored_caller_end", tag = "numbers",
    params(
        ("id" = i64, Path, description = "Identifier", example = 3),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "номер покупателю не подошёл"})),
    responses((status = 200, description = "Counted again", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("ignored_caller_end", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    numbers::end_ignored(&mut change, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
