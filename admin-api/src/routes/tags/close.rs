//! `DELETE /v1/tags/{id}`: close a tag, or an empty folder (M10).
//!
//! Owns: what the request says.
//! Does not own: the tree (`billing::tags`).
//! Always: nothing is erased; clients who have the tag keep it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::tags;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Close a tag or an empty folder
#[utoipa::path(
    delete, path = "/v1/tags/{id}", operation_id = "tag_close", tag = "tags",
    params(("id" = i64, Path, description = "Identifier of the tag", example = 5), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "больше не нужен"})),
    responses((status = 200, description = "Closed", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("tag_close", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    tags::close_tag(&mut change, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
