//! `GET /v1/audit/{entity}/{id}`: who did or tried what with a record.
//!
//! Owns: how a line is shown.
//! Does not own: the lines.
//! Always: the newest first; refused attempts are among them; who may not see a kind of record does not see its audit.

use axum::Json;
use axum::extract::{Path, State};
use billing::audit::{self, AuditRecord};
use billing::staff::Permission;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::{IntoParams, ToSchema};

use crate::call_context::{CallContext, forbidden};
use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// A page.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AuditQuery {
    /// Lines on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    pub(crate) limit: Option<String>,
    /// `next_cursor` of the page before.
    pub(crate) cursor: Option<String>,
}

/// A line of the audit.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AuditView {
    /// Identifier, ascending.
    id: i64,
    /// When.
    at: DateTime<Utc>,
    /// Login of the author.
    login: String,
    /// Code of the client as whom he worked, if he did.
    on_behalf: Option<String>,
    /// Network address that the request came from; empty: a command on the server.
    address: String,
    /// What.
    action: String,
    /// `done` or `refused`.
    outcome: String,
    /// What changed, before.
    before: Option<Value>,
    /// What changed, after.
    after: Option<Value>,
    /// Why: the author's words, or the code of the refusal.
    reason: String,
}

impl From<AuditRecord> for AuditView {
    fn from(record: AuditRecord) -> Self {
        Self {
            id: record.id,
            at: record.at,
            login: record.login,
            on_behalf: record.on_behalf,
            address: record.address,
            action: record.action,
            outcome: record.outcome,
            before: record.before,
            after: record.after,
            reason: record.reason,
        }
    }
}

/// Audit of a record
#[utoipa::path(
    get, path = "/v1/audit/{entity}/{id}", operation_id = "audit_history", tag = "audit",
    params(
        ("entity" = String, Path, description = "Kind of record: account, approval, client_group, client_tax, currency, did, discount, exchange_rate, lock, staff, suspense, tariff", example = "account"),
        ("id" = String, Path, description = "Which one: code of an account, digits of a number, login", example = "A-000001"),
        AuditQuery
    ),
    responses((status = 200, description = "Lines, the newest first", body = List<AuditView>, example = json!({
        "items": [
            {"id": 18, "at": "2026-07-01T10:05:00Z", "login": "petrov", "on_behalf": null, "address": "192.0.2.7", "action": "account.credit", "outcome": "refused", "before": null, "after": null,
             "reason": "forbidden"},
            {"id": 17, "at": "2026-07-01T10:00:00Z", "login": "ivanova", "on_behalf": null, "address": "192.0.2.9", "action": "account.credit", "outcome": "done",
             "before": {"credit_limit": "0"}, "after": {"credit_limit": "1000"}, "reason": "letter of 1 July"}
        ],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((entity, id)): Path<(String, String)>,
    Params(asked): Params<AuditQuery>,
) -> Result<Json<List<AuditView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let entity = inputs::word("/entity", &entity)?;
    let id = inputs::word("/id", id.trim_start_matches('+'))?;
    let closed = audit::CLOSED.iter().filter(|(closed, _)| *closed == entity);
    let needed = closed.filter_map(|(_, permission)| permission.parse::<Permission>().ok());
    if let Some(lacking) = needed.into_iter().find(|permission| !context.staff.may(*permission)) {
        return Err(forbidden(lacking));
    }
    let records = audit::history(&state.store, entity, id, before, limit as i64 + 1, false).await?;
    Ok(Json(List::page(records, limit, |record| paging::cursor_of_id(record.id)).map(AuditView::from)))
}
