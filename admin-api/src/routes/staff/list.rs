//! `GET /v1/staff`: users by department, role, words.
//!
//! Owns: the filters as callers write them.
//! Does not own: whom a caller may see (`billing::staff`).
//! Always: by login; those who work, unless blocked ones are asked for (S42).

use axum::Json;
use axum::extract::State;
use billing::staff::{self, StaffFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::StaffView;
use crate::call_context::CallContext;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which users.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StaffQuery {
    /// `true`: blocked ones; else those who work.
    blocked: Option<String>,
    /// Of the department with this code.
    department: Option<String>,
    /// With the role of this code.
    role: Option<String>,
    /// What stands in login, name or e-mail, in any case.
    text: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Users on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Users
///
/// A head of a department sees the people of it and of those below; who may change roles sees all.
#[utoipa::path(
    get, path = "/v1/staff", operation_id = "staff_list", tag = "staff",
    params(StaffQuery),
    responses((status = 200, description = "Users, by login", body = List<StaffView>, example = json!({"items": [{
        "login": "petrova", "name": "Анна Петрова", "email": "petrova@example.ru", "department": "support", "heads_department": false,
        "roles": ["support"], "permissions": ["account.view", "calls.view"], "blocked_at": null, "block_reason": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "admin", "revision": 1
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Params(asked): Params<StaffQuery>,
) -> Result<Json<List<StaffView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let word = |pointer: &str, text: &Option<String>| {
        given(text.as_deref()).map(|text| inputs::word(pointer, text).map(str::to_owned)).transpose()
    };
    let blocked = given(asked.blocked.as_deref()).map(|text| inputs::flag("/blocked", text)).transpose()?;
    let filter = StaffFilter {
        blocked: blocked.unwrap_or(false),
        department: word("/department", &asked.department)?,
        role: word("/role", &asked.role)?,
        text: word("/text", &asked.text)?,
        after: paging::keyed_of_cursor(asked.cursor.as_deref())?.map(|(login, _)| login),
    };
    let rows = staff::list(&state.store, &context.staff, &filter, limit as i64 + 1, state.clock.now()).await?;
    let list = List::page(rows, limit, |card| paging::cursor_of_keyed(&card.login, card.id));
    Ok(Json(list.map(|card| StaffView::from(&card))))
}
