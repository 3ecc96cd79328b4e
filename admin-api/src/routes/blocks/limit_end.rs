//! `DELETE /v1/temporary-limits/{id}`: end a temporary limit before its time.
//!
//! Owns: what the request says.
//! Does not own: limits (`billing::blocks`).
//! Always: it stays on record.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::blocks;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// End a temporary limit
///
/// Holds of calls that go on stay.
#[utoipa::path(
    delete, path = "/v1/temporary-limits/{id}", operation_id = "temporary_limit_end", tag = "ledger",
    params(("id" = i64, Path, description = "Its identifier", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = Reason, example = json!({"reason": "платёж пришёл"})),
    responses((status = 200, description = "Ended", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("temporary_limit_end", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    blocks::end_limit(&mut change, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
