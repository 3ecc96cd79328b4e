//! `GET /v1/locks/{id}`: a lock.
//!
//! Owns: nothing but the answer.
//! Does not own: the lock.
//! Always: a deleted lock is still shown; the ETag is the revision that a later change may insist on.

use axum::extract::{Path, State};
use axum::response::Response;

use super::LockView;
use crate::etag;
use crate::problem::Problem;
use crate::state::AppState;

/// A lock
#[utoipa::path(
    get, path = "/v1/locks/{id}", operation_id = "lock_get", tag = "locks",
    params(("id" = i64, Path, description = "Identifier of the lock", example = 5)),
    responses((status = 200, description = "The lock; the header ETag carries its revision", body = LockView, example = json!(
        {"id": 5, "scope": "local", "account": "A-000001", "mask": "38", "provider": null, "origin": "client",
        "active": true, "from": "2026-07-01T10:00:00Z", "to": null, "in_force": true, "since": "2026-07-01T10:00:00Z",
        "author": "ivanova", "comment": "письмо клиента от 1 июля", "created_at": "2026-07-01T10:00:00Z", "deleted_at": null, "revision": 1}
    )))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let lock = super::existing(&state, &id).await?;
    Ok(etag::shown(lock.revision, &LockView::from(lock)))
}
