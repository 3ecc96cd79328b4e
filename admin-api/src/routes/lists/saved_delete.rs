//! `DELETE /v1/saved-filters/{id}`: a filter that is kept no more.
//!
//! Owns: what the request says.
//! Does not own: kept filters (`billing::grid`).
//! Always: one's own only.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::grid;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Keep a filter no more
#[utoipa::path(
    delete, path = "/v1/saved-filters/{id}", operation_id = "saved_filter_delete", tag = "lists",
    params(("id" = i64, Path, description = "Identifier", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "не нужен"})),
    responses((status = 200, description = "Deleted", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("saved_filter_delete", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    grid::take_saved_filter(&mut change, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
