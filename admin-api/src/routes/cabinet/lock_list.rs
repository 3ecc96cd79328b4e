//! `GET /v1/cabinet/locks`: what the client has barred on an account of his.
//!
//! Owns: the filters as callers write them.
//! Does not own: the locks (`billing::locks`).
//! Always: locks of the client's own wish that were not lifted, the newest first; those of the operator and of fraud control are for staff.

use axum::Json;
use axum::extract::State;
use billing::locks;
use serde::Deserialize;
use utoipa::IntoParams;

use super::OwnLockView;
use crate::cabinet_context::CabinetContext;
use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which locks.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OwnLocksQuery {
    /// Of this account of yours; obligatory.
    #[param(example = "A-000001")]
    account: String,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Locks on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Your locks
#[utoipa::path(
    get, path = "/v1/cabinet/locks", operation_id = "cabinet_lock_list", tag = "cabinet",
    params(OwnLocksQuery),
    responses((status = 200, description = "Locks, the newest first", body = List<OwnLockView>, example = json!({
        "items": [{"id": 5, "account": "A-000001", "mask": "38", "from": "2026-07-01T10:00:00Z", "to": null, "in_force": true, "comment": "не звоним туда",
                   "created_at": "2026-07-01T10:00:00Z", "revision": 1}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Params(asked): Params<OwnLocksQuery>,
) -> Result<Json<List<OwnLockView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before_id = paging::id_of_cursor(asked.cursor.as_deref())?;
    super::own_account(&state, &context, "/account", &asked.account).await?;
    let now = state.clock.now();
    let rows = locks::of_client(&state.store, &asked.account, before_id, now, limit as i64 + 1).await?;
    Ok(Json(List::page(rows, limit, |lock| paging::cursor_of_id(lock.id)).map(OwnLockView::from)))
}
