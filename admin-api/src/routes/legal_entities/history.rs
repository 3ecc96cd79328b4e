//! `GET /v1/legal-entities/{code}/history`: who changed what of one of our companies, when.
//!
//! Owns: nothing.
//! Does not own: the audit that it is read from.
//! Always: the newest first, without refused attempts.

use axum::Json;
use axum::extract::{Path, State};
use billing::audit;

use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::routes::audit::history::{AuditQuery, AuditView};
use crate::state::AppState;

/// History of a legal entity
#[utoipa::path(
    get, path = "/v1/legal-entities/{code}/history", operation_id = "legal_entity_history", tag = "legal-entities",
    params(("code" = String, Path, description = "Code of the legal entity", example = "T"), AuditQuery),
    responses((status = 200, description = "Changes, the newest first", body = List<AuditView>, example = json!({
        "items": [{"id": 17, "at": "2026-07-01T10:00:00Z", "login": "ivanova", "on_behalf": null, "address": "192.0.2.9", "action": "entity.edit", "outcome": "done",
                   "before": {"address": ""}, "after": {"address": "Москва, ул. Ленина, 1"}, "reason": "переезд"}],
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
    let records = audit::history(&state.store, "legal_entity", &code, before, limit as i64 + 1, true).await?;
    Ok(Json(List::page(records, limit, |record| paging::cursor_of_id(record.id)).map(AuditView::from)))
}
