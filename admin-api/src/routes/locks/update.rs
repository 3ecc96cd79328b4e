//! `PUT /v1/locks/{id}`: comment, activity and validity of a lock (M28).
//!
//! Owns: what the request says.
//! Does not own: who may lift a lock (`billing::locks`).
//! Always: no change without a reason; what frees any moment to come asks for the same right as deleting; the past stays as it was.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::locks::{self, LockUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::LockView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a lock is to stand.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LockStand {
    /// Why it stands.
    comment: String,
    /// Whether it bars.
    active: bool,
    /// First moment (RFC 3339) or day of the billing zone; as it was when absent.
    from: Option<String>,
    /// Moment after the last (RFC 3339), or last day; open when absent.
    to: Option<String>,
    /// Why it is changed; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a lock
///
/// Mask, account, provider and origin never change: make another lock. What frees any moment to come (switching off, ending earlier, beginning
/// later) is for the author, unless he works in support, or for the permission `lock.delete`. Send `If-Match` with the revision you have seen to be
/// sure that nobody changed the lock in between.
#[utoipa::path(
    put, path = "/v1/locks/{id}", operation_id = "lock_update", tag = "locks",
    params(
        ("id" = i64, Path, description = "Identifier of the lock", example = 5),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = LockStand, example = json!({
        "comment": "письмо клиента от 1 июля", "active": true, "to": "2026-12-31", "reason": "клиент назвал срок"
    })),
    responses((status = 200, description = "Changed", body = LockView, example = json!(
        {"id": 5, "scope": "local", "account": "A-000001", "mask": "38", "provider": null, "origin": "client",
        "active": true, "from": "2026-07-01T10:00:00Z", "to": null, "in_force": true, "since": "2026-07-01T10:00:00Z",
        "author": "ivanova", "comment": "письмо клиента от 1 июля", "created_at": "2026-07-01T10:00:00Z", "deleted_at": null, "revision": 1}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<LockStand>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let zone = state.settings()?.zone("billing.zone")?;
    let wanted = LockUpdate {
        comment: inputs::words_of_reason("/comment", Some(&asked.comment))?.to_owned(),
        active: asked.active,
        from: given(asked.from.as_deref()).map(|text| inputs::moment("/from", text, zone, false)).transpose()?,
        to: given(asked.to.as_deref()).map(|text| inputs::moment("/to", text, zone, true)).transpose()?,
    };
    let key = context.idempotency("lock_update", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    locks::update(&mut change, &context.staff, number, &wanted, context.revision, reason).await?;
    let changed = locks::changed(&mut change, number).await?;
    writes::commit(change, &LockView::from(changed)).await
}
