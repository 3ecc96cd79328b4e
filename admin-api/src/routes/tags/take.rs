//! `DELETE /v1/clients/{code}/tags/{tag}`: take a tag from a client (M10).
//!
//! Owns: what the request says.
//! Does not own: tags (`billing::tags`).
//! Always: that he had it stays on record.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::tags;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Take a tag from a client
#[utoipa::path(
    delete, path = "/v1/clients/{code}/tags/{tag}", operation_id = "client_tag_take", tag = "tags",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("tag" = i64, Path, description = "Identifier of the tag", example = 5), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "отключил коллтрекинг"})),
    responses((status = 200, description = "Taken", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, tag)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/tag", &tag)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("client_tag_take", &format!("{code}\n{tag}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    tags::remove(&mut change, &code, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
