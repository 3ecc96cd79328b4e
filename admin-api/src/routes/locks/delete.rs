//! `DELETE /v1/locks/{id}`: end a lock for good (M28, A25).
//!
//! Owns: what the request says.
//! Does not own: who may delete a lock (`billing::locks`).
//! Always: no deletion without a reason; the lock is ended, never erased; whoever may not is in the audit with his attempt.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::locks;

use super::LockView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Delete a lock
///
/// For the permission `lock.delete`; the author deletes his own lock without it, unless he works in support. Calls answered before are still
/// judged by the lock, and its history stays.
#[utoipa::path(
    delete, path = "/v1/locks/{id}", operation_id = "lock_delete", tag = "locks",
    params(
        ("id" = i64, Path, description = "Identifier of the lock", example = 5),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "клиент передумал"})),
    responses((status = 200, description = "Ended", body = LockView, example = json!(
        {"id": 5, "scope": "local", "account": "A-000001", "mask": "38", "provider": null, "origin": "client",
        "active": false, "from": "2026-07-01T10:00:00Z", "to": null, "in_force": false, "since": null,
        "author": "ivanova", "comment": "письмо клиента от 1 июля", "created_at": "2026-07-01T10:00:00Z", "deleted_at": "2026-07-02T09:00:00Z", "revision": 2}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("lock_delete", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    locks::delete(&mut change, &context.staff, number, context.revision, reason).await?;
    let ended = locks::changed(&mut change, number).await?;
    writes::commit(change, &LockView::from(ended)).await
}
