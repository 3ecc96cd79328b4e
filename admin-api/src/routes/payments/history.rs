//! `GET /v1/payments/{id}/history`: who did what with a payment, when (B20).
//!
//! Owns: nothing.
//! Does not own: the audit that it is read from; what a statement did is in the audit of the statement.
//! Always: the newest first, without refused attempts.

use axum::Json;
use axum::extract::{Path, State};
use billing::audit;

use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::routes::audit::history::{AuditQuery, AuditView};
use crate::state::AppState;

/// History of a payment
///
/// What people did with it. A payment that came by a statement has its import on its card.
#[utoipa::path(
    get, path = "/v1/payments/{id}/history", operation_id = "payment_history", tag = "payments",
    params(("id" = i64, Path, description = "Number of the payment", example = 17), AuditQuery),
    responses((status = 200, description = "Changes, the newest first", body = List<AuditView>, example = json!({
        "items": [{"id": 17, "at": "2026-07-02T10:00:00Z", "login": "ivanova", "on_behalf": null, "address": "192.0.2.9", "action": "payment.match", "outcome": "done",
                   "before": {"state": "unmatched"}, "after": {"state": "booked", "account": "A-000001", "posting": 41}, "reason": "подтвердил плательщик"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(id): Path<String>,
    Params(asked): Params<AuditQuery>,
) -> Result<Json<List<AuditView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = paging::id_of_cursor(asked.cursor.as_deref())?;
    let id = inputs::id("/id", &id)?;
    let records = audit::history(&state.store, "payment", &id.to_string(), before, limit as i64 + 1, true).await?;
    Ok(Json(List::page(records, limit, |record| paging::cursor_of_id(record.id)).map(AuditView::from)))
}
