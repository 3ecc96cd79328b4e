//! `POST /v1/clients/{code}/users/{id}/block`: a user comes in for his client no more (B27).
//!
//! Owns: what the request says.
//! Does not own: users (`billing::cabinet`).
//! Always: his sessions end, and his next request is refused.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cabinet;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Block a user of a client
#[utoipa::path(
    post, path = "/v1/clients/{code}/users/{id}/block", operation_id = "client_user_block", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the user", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "уволилась"})),
    responses((status = 200, description = "Blocked", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("client_user_block", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    cabinet::block_user(&mut change, (&code, number), reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
