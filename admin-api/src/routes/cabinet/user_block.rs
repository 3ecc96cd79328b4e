//! `POST /v1/cabinet/users/{id}/block`: somebody signs in for the client no more (B27).
//!
//! Owns: what the request says.
//! Does not own: users (`billing::cabinet`).
//! Always: a user of the same client, and never oneself; an employee who works as the client needs his own right for it; staff let him in again.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cabinet;
use billing::staff::Permission;

use super::PerhapsReason;
use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Block a user of yours
#[utoipa::path(
    post, path = "/v1/cabinet/users/{id}/block", operation_id = "cabinet_user_block", tag = "cabinet",
    params(("id" = i64, Path, description = "Identifier of the user", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = PerhapsReason, example = json!({"reason": "уволилась"})),
    responses((status = 200, description = "Blocked", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Path(id): Path<String>,
    body: JsonBody<PerhapsReason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    context.by_own_right(Permission::ClientUserEdit)?;
    let reason = context.reason(body.value.reason.as_deref())?;
    let key = context.idempotency("cabinet_user_block", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    cabinet::block_user(&mut change, (&context.visitor.client, number), reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
