//! `GET /v1/cabinet/accounts/{code}/calls`: calls of an account of the client.
//!
//! Owns: what of a call its client sees.
//! Does not own: filters and order (`accounts::calls`), the calls (`crate::calls`).
//! Always: somebody else's account is none; carriers, feeds and rows of price lists stay with staff.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::calls::CallRow;
use crate::extract::Params;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::accounts::calls::{CallsQuery, is_archived, page};
use crate::state::AppState;

/// A call as its client sees it. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnCallView {
    /// Identity of the leg, hexadecimal.
    id: String,
    /// Whether it belongs to the archive: it started 60 minutes ago or earlier.
    archived: bool,
    /// Set-up.
    started_at: Option<DateTime<Utc>>,
    /// Answer, if any.
    answered_at: Option<DateTime<Utc>>,
    /// End.
    ended_at: Option<DateTime<Utc>>,
    /// Calling number; empty = withheld or malformed.
    src: String,
    /// Dialled number.
    dst: String,
    /// Rated service.
    service: String,
    /// `out` or `in`.
    direction: String,
    /// How the attempt ended.
    disposition: String,
    /// Name of the destination.
    destination: String,
    /// Duration as reported, milliseconds.
    duration_ms: u64,
    /// Seconds charged.
    billed_seconds: u64,
    /// Pieces charged of an event, 0 = a call.
    quantity: u64,
    /// Amount with tax, a decimal.
    gross: String,
    /// Tax inside the amount, percent.
    tax_rate: String,
    /// Currency of the amount.
    currency: String,
    /// Emergency call: free.
    emergency: bool,
}

impl OwnCallView {
    fn of(row: CallRow, now: DateTime<Utc>) -> Self {
        let CallRow { leg, gross, .. } = row;
        Self {
            id: leg.identity,
            archived: is_archived(leg.started_ms, now),
            started_at: DateTime::from_timestamp_millis(leg.started_ms),
            answered_at: leg.answered_ms.and_then(DateTime::from_timestamp_millis),
            ended_at: DateTime::from_timestamp_millis(leg.ended_ms),
            src: leg.src,
            dst: leg.dst,
            service: leg.service,
            direction: leg.direction,
            disposition: leg.disposition,
            destination: leg.destination,
            duration_ms: leg.duration_ms,
            billed_seconds: leg.billed_seconds,
            quantity: leg.quantity,
            gross,
            tax_rate: leg.tax_rate,
            currency: leg.currency,
            emergency: leg.emergency != 0,
        }
    }
}

/// Calls of an account of yours
///
/// Of one service. `total` is exact up to 10000; beyond, there are at least that many and `total_exact` is false.
#[utoipa::path(
    get, path = "/v1/cabinet/accounts/{code}/calls", operation_id = "cabinet_calls", tag = "cabinet",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), CallsQuery),
    responses((status = 200, description = "Calls, the newest first", body = List<OwnCallView>, example = json!({
        "items": [{"id": "0F1E2D3C4B5A69788796A5B4C3D2E1F0", "archived": true, "started_at": "2026-07-01T10:00:00Z", "answered_at": "2026-07-01T10:00:04Z",
                   "ended_at": "2026-07-01T10:01:19Z", "src": "74951201031", "dst": "79161234567", "service": "outgoing", "direction": "out",
                   "disposition": "answered", "destination": "Russia mobile", "duration_ms": 75000, "billed_seconds": 78, "quantity": 0, "gross": "0.0078",
                   "tax_rate": "22", "currency": "RUB", "emergency": false}],
        "next_cursor": null, "total": 1, "total_exact": true
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Path(code): Path<String>,
    Params(asked): Params<CallsQuery>,
) -> Result<Json<List<OwnCallView>>, Problem> {
    let now = state.clock.now();
    let list = page(&state, &asked, now, super::own_account(&state, &context, "/code", &code)).await?;
    Ok(Json(list.map(|row| OwnCallView::of(row, now))))
}
