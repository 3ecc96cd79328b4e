//! `GET /v1/suspense/{id}`: one entry with its whole record.
//!
//! Owns: how an entry is shown.
//! Does not own: the entry, the list (`billing::suspense::GRID`).
//! Always: the record as it came, with the correction beside it.

use axum::Json;
use axum::extract::{Path, State};
use billing::suspense::{self, Correction, SuspenseRow};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// An entry. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuspenseView {
    /// Identifier.
    id: i64,
    /// Why it could not be rated.
    code: String,
    /// Stage that said so.
    stage: String,
    /// What exactly is wrong.
    detail: String,
    /// Source.
    source: String,
    /// Identity of the record at its source.
    cdr_id: String,
    /// Leg.
    leg: i16,
    /// Calling number as reported.
    src: String,
    /// Dialled number as reported.
    dst: String,
    /// Answer or set-up, if known.
    started_at: Option<DateTime<Utc>>,
    /// When the record arrived.
    received_at: DateTime<Utc>,
    /// State.
    status: String,
    /// How often it was tried again.
    tries: i32,
    /// When it was tried last.
    tried_at: Option<DateTime<Utc>>,
    /// When it was settled.
    settled_at: Option<DateTime<Utc>>,
    /// The job that settled it.
    settled_by: Option<i64>,
    /// What a person says it should read, field by field.
    #[schema(value_type = Option<Object>)]
    correction: Option<Correction>,
    /// The record, as text.
    raw: String,
}

impl From<SuspenseRow> for SuspenseView {
    fn from(row: SuspenseRow) -> Self {
        Self {
            id: row.id,
            code: row.code,
            stage: row.stage,
            detail: row.detail,
            source: row.source,
            cdr_id: row.cdr_id,
            leg: row.leg,
            src: row.src,
            dst: row.dst,
            started_at: row.started_at,
            received_at: row.received_at,
            status: row.status,
            tries: row.tries,
            tried_at: row.tried_at,
            settled_at: row.settled_at,
            settled_by: row.settled_by,
            correction: row.correction,
            raw: row.raw,
        }
    }
}

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
