//! `GET /v1/locks/{id}/history`: who made and changed a lock, when, from what to what, and why (M28).
//!
//! Owns: how an event is shown.
//! Does not own: the audit that it is read from.
//! Always: the newest first; a deleted lock keeps its history; refused attempts stand in the audit.

use axum::Json;
use axum::extract::{Path, State};
use billing::locks::{self, LockEvent};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// A page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LockHistoryQuery {
    /// Events on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// What became of a lock. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct LockEventView {
    /// When.
    at: DateTime<Utc>,
    /// Login of who did it.
    user: String,
    /// `lock.create`, `lock.edit` or `lock.delete`.
    action: String,
    /// What it was; `null` before it was made.
    before: Option<Value>,
    /// What it became.
    after: Option<Value>,
    /// Why.
    reason: String,
}

impl From<LockEvent> for LockEventView {
    fn from(event: LockEvent) -> Self {
        Self {
            at: event.at,
            user: event.user,
            action: event.action,
            before: event.before,
            after: event.after,
            reason: event.reason,
        }
    }
}

/// History of a lock
#[utoipa::path(
    get, path = "/v1/locks/{id}/history", operation_id = "lock_history", tag = "locks",
    params(("id" = i64, Path, description = "Identifier of the lock", example = 5), LockHistoryQuery),
    responses((status = 200, description = "Events, the newest first", body = List<LockEventView>, example = json!({
        "items": [
            {"at": "2026-07-02T09:00:00Z", "user": "ivanova", "action": "lock.delete", "before": {"active": true, "deleted_at": null},
             "after": {"active": false, "deleted_at": "2026-07-02T09:00:00Z"}, "reason": "клиент передумал"},
            {"at": "2026-07-01T10:00:00Z", "user": "ivanova", "action": "lock.create", "before": null,
             "after": {"account": "A-000001", "mask": "38", "provider": null, "origin": "client", "active": true, "from": "2026-07-01T10:00:00Z", "to": null},
             "reason": "письмо клиента от 1 июля"}
        ],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Params(asked): Params<LockHistoryQuery>,
) -> Result<Json<List<LockEventView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let lock = super::existing(&state, &id).await?;
    let events = locks::history(&state.store, &lock, before, limit + 1).await?;
    Ok(Json(List::page(events, limit, |event| paging::cursor_of_id(event.id)).map(LockEventView::from)))
}
