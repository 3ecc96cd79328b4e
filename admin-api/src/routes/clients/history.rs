//! `GET /v1/clients/{code}/history`: who changed what of a client, when (B23, M69).
//!
//! Owns: nothing.
//! Does not own: the audit that it is read from.
//! Always: the newest first, without refused attempts; personal values are shown as long as the client is not cleaned.

use axum::Json;
use axum::extract::{Path, State};
use billing::audit::{self, AuditRecord};
use billing::cleaning;

use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::routes::audit::history::{AuditQuery, AuditView};
use crate::state::AppState;

/// History of a client, his contacts and notes
#[utoipa::path(
    get, path = "/v1/clients/{code}/history", operation_id = "client_history", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), AuditQuery),
    responses((status = 200, description = "Changes, the newest first", body = List<AuditView>, example = json!({
        "items": [{"id": 17, "at": "2026-07-01T10:00:00Z", "login": "ivanova", "on_behalf": null, "address": "192.0.2.9", "action": "client.edit", "outcome": "done",
                   "before": {"phone": "8 (495) 200-0-200"}, "after": {"phone": "+7 495 200-02-01"}, "reason": "звонок директора"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<AuditQuery>,
) -> Result<Json<List<AuditView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let records = audit::history(&state.store, "client", &code, before, limit as i64 + 1, true).await?;
    let list = List::page(records, limit, |record| paging::cursor_of_id(record.id));
    // Asked after the lines: a cleaning in between shows less, never more.
    let is_blocked = cleaning::is_blocked(&state.store, &code).await?;
    let shown = |record: AuditRecord| if is_blocked { record } else { record.with_personal() };
    Ok(Json(list.map(|record| AuditView::from(shown(record)))))
}
