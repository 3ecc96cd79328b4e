//! `GET /v1/locks`: locks by account, scope, number, origin, provider, author (M25, M26).
//!
//! Owns: the filters as callers write them.
//! Does not own: the locks.
//! Always: the newest first; deleted ones are among them unless only active ones are asked for.

use axum::Json;
use axum::extract::State;
use billing::locks::{self, LockFilter};
use billing::settings::Settings;
use numbering::Dialled;
use rating::lock::{LockOrigin, LockScope};
use serde::Deserialize;
use utoipa::IntoParams;

use super::LockView;
use crate::calls::TOTAL_EXACT_MAX;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which locks. No `Debug`: numbers do not belong into logs.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct LocksQuery {
    /// Of this account.
    #[param(example = "A-000001")]
    account: Option<String>,
    /// `local` or `global`.
    scope: Option<String>,
    /// Whose mask bars this number.
    #[param(example = "381114112060")]
    number: Option<String>,
    /// `client`, `operator` or `fraud`.
    origin: Option<String>,
    /// Tied to this provider.
    provider: Option<String>,
    /// `true`: meant to bar; `false`: switched off or deleted.
    active: Option<String>,
    /// Login of the author.
    author: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Locks on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Locks
#[utoipa::path(
    get, path = "/v1/locks", operation_id = "lock_list", tag = "locks",
    params(LocksQuery),
    responses((status = 200, description = "Locks, the newest first", body = List<LockView>, example = json!({
        "items": [{"id": 5, "scope": "local", "account": "A-000001", "mask": "38", "provider": null, "origin": "client",
        "active": true, "from": "2026-07-01T10:00:00Z", "to": null, "in_force": true, "since": "2026-07-01T10:00:00Z",
        "author": "ivanova", "comment": "письмо клиента от 1 июля", "created_at": "2026-07-01T10:00:00Z", "deleted_at": null, "revision": 1}],
        "next_cursor": null, "total": 1, "total_exact": true
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<LocksQuery>,
) -> Result<Json<List<LockView>>, Problem> {
    let settings = state.settings()?;
    let limit = paging::limit(asked.limit.as_deref(), &settings)?;
    let filter = filter(&asked, &settings)?;
    let most = TOTAL_EXACT_MAX as i64;
    let total = locks::count(&state.store, &filter, most + 1).await?;
    let rows = locks::list(&state.store, &filter, state.clock.now(), limit as i64 + 1).await?;
    let mut list = List::page(rows, limit, |lock| paging::cursor_of_id(lock.id)).map(LockView::from);
    list.total = Some(total.min(most) as u64);
    list.total_exact = Some(total <= most);
    Ok(Json(list))
}

fn filter(asked: &LocksQuery, settings: &Settings) -> Result<LockFilter, Problem> {
    let word = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let scopes = || LockScope::ALL.iter().map(|scope| scope.as_str());
    let origins = || LockOrigin::ALL.iter().map(|origin| origin.as_str());
    let scope = given(asked.scope.as_deref()).map(|text| inputs::one_of::<LockScope>("/scope", text, scopes()));
    let number = given(asked.number.as_deref()).map(|text| inputs::dialled("/number", text, settings));
    Ok(LockFilter {
        account: word("/account", &asked.account)?,
        local: scope.transpose()?.map(|scope| scope == LockScope::Local),
        number: number.transpose()?.map(Dialled::digits),
        origin: given(asked.origin.as_deref()).map(|text| inputs::one_of("/origin", text, origins())).transpose()?,
        provider: word("/provider", &asked.provider)?,
        active: given(asked.active.as_deref()).map(|text| inputs::flag("/active", text)).transpose()?,
        author: word("/author", &asked.author)?,
        before_id: paging::id_of_cursor(asked.cursor.as_deref())?,
    })
}
