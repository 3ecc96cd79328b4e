//! `DELETE /v1/account-blocks/{id}`: lift a block.
//!
//! Owns: what the request says.
//! Does not own: blocks (`billing::blocks`).
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

/// Lift a block
///
/// Of causes that people have: what money began, money ends.
#[utoipa::path(
    delete, path = "/v1/account-blocks/{id}", operation_id = "account_unblock", tag = "ledger",
    params(("id" = i64, Path, description = "Its identifier", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = Reason, example = json!({"reason": "вопрос решён"})),
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
    let key = context.idempotency("account_unblock", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    blocks::lift(&mut change, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
