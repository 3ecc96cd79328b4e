//! `GET /v1/accounts/{code}/plans`: the tariff plans of an account over time.
//!
//! Owns: how a period is shown.
//! Does not own: the periods (`billing::accounts`).
//! Always: the latest first; those that others took the place of are among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::accounts::{self, PlanLine};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// A period of a plan.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountPlanView {
    /// Code of the plan.
    plan: String,
    /// Its name.
    name: String,
    /// First moment; `null` = always before.
    from: Option<DateTime<Utc>>,
    /// Moment after the last; `null` = open.
    to: Option<DateTime<Utc>>,
    /// `past`, `current`, `future` or `replaced`.
    state: &'static str,
    /// Login of who set it.
    author: String,
    /// When.
    set_at: DateTime<Utc>,
    /// Why.
    reason: String,
    /// Login of who put another in its place.
    replaced_by: Option<String>,
}

impl From<PlanLine> for AccountPlanView {
    fn from(line: PlanLine) -> Self {
        let PlanLine { plan, name, from, to, state, author, set_at, reason, replaced_by } = line;
        Self { plan, name, from, to, state: state.as_str(), author, set_at, reason, replaced_by }
    }
}

/// Tariff plans of an account
#[utoipa::path(
    get, path = "/v1/accounts/{code}/plans", operation_id = "account_plan_list", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "All periods, the latest first", body = List<AccountPlanView>, example = json!({
        "items": [
            {"plan": "bundled", "name": "Пакетный", "from": "2026-08-01T00:00:00Z", "to": null, "state": "future", "author": "ivanova",
             "set_at": "2026-07-01T10:00:00Z", "reason": "доп. соглашение 3", "replaced_by": null},
            {"plan": "base", "name": "Базовый", "from": null, "to": "2026-08-01T00:00:00Z", "state": "current", "author": "load",
             "set_at": "2026-01-01T00:00:00Z", "reason": "", "replaced_by": null}
        ],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<AccountPlanView>>, Problem> {
    let account = super::existing(&state, &code).await?;
    let lines = accounts::plans(&state.store, account.id, state.clock.now()).await?;
    let items = lines.into_iter().map(AccountPlanView::from).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
