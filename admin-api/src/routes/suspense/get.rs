//! `GET /v1/suspense/{id}`: one entry with its whole record.
//!
//! Owns: nothing but the question.
//! Does not own: the entry.
//! Always: the record as it came, with the correction beside it.

use axum::Json;
use axum::extract::{Path, State};
use billing::suspense;

use super::list::SuspenseView;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A record in suspense
#[utoipa::path(
    get, path = "/v1/suspense/{id}", operation_id = "suspense_get", tag = "suspense",
    params(("id" = String, Path, description = "Number of the entry", example = "42")),
    responses((status = 200, description = "The entry", body = SuspenseView, example = json!(
        {"id": 42, "code": "NO_RETAIL_PRICE", "stage": "rate", "detail": "no rate for outgoing", "source": "sbc-1", "cdr_id": "7f3a", "leg": 0,
         "src": "74951201031", "dst": "88201112233", "started_at": "2026-07-01T10:00:00Z", "received_at": "2026-07-01T10:02:00Z",
         "status": "open", "tries": 1, "tried_at": "2026-07-02T09:00:00Z", "settled_at": null, "settled_by": null, "correction": {"dst": "78201112233"},
         "raw": "{\"cdr_id\":\"7f3a\"}"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(id): Path<String>,
) -> Result<Json<SuspenseView>, Problem> {
    let entry = suspense::one(&state.store, inputs::id("/id", &id)?).await?;
    entry.map(|entry| Json(SuspenseView::from(entry))).ok_or(Problem::new(Code::NotFound))
}
