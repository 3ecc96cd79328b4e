//! `DELETE /v1/cabinet/locks/{id}`: lift what the client had barred (M28, A25).
//!
//! Owns: what the request says.
//! Does not own: who may lift a lock (`billing::locks`).
//! Always: only a lock of the client's own wish; an employee who works as he lifts no more than by his own permissions; it is ended, never erased.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::locks;

use super::PerhapsReason;
use crate::cabinet_context::CabinetContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Lift a lock of yours
#[utoipa::path(
    delete, path = "/v1/cabinet/locks/{id}", operation_id = "cabinet_lock_delete", tag = "cabinet",
    params(("id" = i64, Path, description = "Identifier of the lock", example = 5), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = PerhapsReason, example = json!({"reason": "звоним снова"})),
    responses((status = 200, description = "Ended", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Path(id): Path<String>,
    body: JsonBody<PerhapsReason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = context.reason(body.value.reason.as_deref())?;
    let key = context.idempotency("cabinet_lock_delete", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let visitor = &context.visitor;
    let lock = (visitor.client_id, number);
    locks::delete_of_client(&mut change, lock, visitor.employee(), context.revision, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
