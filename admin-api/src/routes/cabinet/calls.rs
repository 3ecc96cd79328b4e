//! `GET /v1/cabinet/accounts/{code}/calls`: calls of an account of the client.
//!
//! Owns: what of a call its client sees.
//! Does not own: filters and order (`accounts::calls`), the calls (`crate::calls`).
//! Always: somebody else's account is none; carriers, feeds and rows of price lists stay with staff.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::grid::{Kind, Value};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::cabinet_context::CabinetContext;
use crate::calls::CallRow;
use crate::extract::{Params, Spoken};
use crate::grids::{self, Column, Table};
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::accounts::calls::{CallsQuery, is_archived, number, page, word};
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

/// Calls as a file.
static CALLS: Table<OwnCallView> = Table {
    name: "calls",
    ru: "Звонки",
    en: "Calls",
    columns: &[
        Column::new("Плечо", "Id", Kind::Text, |call: &OwnCallView| Some(word(&call.id))),
        Column::new("В архиве", "Archived", Kind::Flag, |call: &OwnCallView| Some(Value::Flag(call.archived))),
        Column::new("Начало", "Started", Kind::Moment, |call: &OwnCallView| call.started_at.map(Value::Moment)),
        Column::new("Ответ", "Answered", Kind::Moment, |call: &OwnCallView| call.answered_at.map(Value::Moment)),
        Column::new("Конец", "Ended", Kind::Moment, |call: &OwnCallView| call.ended_at.map(Value::Moment)),
        Column::new("Кто звонил", "Calling number", Kind::Text, |call: &OwnCallView| Some(word(&call.src))),
        Column::new("Куда", "Dialled number", Kind::Text, |call: &OwnCallView| Some(word(&call.dst))),
        Column::new("Услуга", "Service", Kind::Text, |call: &OwnCallView| Some(word(&call.service))),
        Column::new("Сторона", "Direction", Kind::Text, |call: &OwnCallView| Some(word(&call.direction))),
        Column::new("Чем закончился", "Disposition", Kind::Text, |call: &OwnCallView| {
            Some(word(&call.disposition))
        }),
        Column::new("Направление", "Destination", Kind::Text, |call: &OwnCallView| {
            Some(word(&call.destination))
        }),
        Column::new("Длительность, мс", "Duration, ms", Kind::Number, |call: &OwnCallView| {
            Some(number(call.duration_ms))
        }),
        Column::new("Оплачено секунд", "Seconds charged", Kind::Number, |call: &OwnCallView| {
            Some(number(call.billed_seconds))
        }),
        Column::new("Оплачено штук", "Pieces charged", Kind::Number, |call: &OwnCallView| {
            Some(number(call.quantity))
        }),
        Column::new("С налогом", "With tax", Kind::Amount, |call: &OwnCallView| Some(word(&call.gross))),
        Column::new("Налог, %", "Tax, %", Kind::Amount, |call: &OwnCallView| Some(word(&call.tax_rate))),
        Column::new("Валюта", "Currency", Kind::Text, |call: &OwnCallView| Some(word(&call.currency))),
        Column::new("Экстренный", "Emergency", Kind::Flag, |call: &OwnCallView| {
            Some(Value::Flag(call.emergency))
        }),
    ],
};

/// Calls of an account of yours
///
/// Of one service. `total` is exact up to 10000; beyond, there are at least that many and `total_exact` is false.
#[utoipa::path(
    get, path = "/v1/cabinet/accounts/{code}/calls", operation_id = "cabinet_calls", tag = "cabinet",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), CallsQuery),
    responses((status = 200, description = "Calls, the newest first", content(
        (List<OwnCallView> = "application/json", example = json!({
        "items": [{"id": "0F1E2D3C4B5A69788796A5B4C3D2E1F0", "archived": true, "started_at": "2026-07-01T10:00:00Z", "answered_at": "2026-07-01T10:00:04Z",
                   "ended_at": "2026-07-01T10:01:19Z", "src": "74951201031", "dst": "79161234567", "service": "outgoing", "direction": "out",
                   "disposition": "answered", "destination": "Russia mobile", "duration_ms": 75000, "billed_seconds": 78, "quantity": 0, "gross": "0.0078",
                   "tax_rate": "22", "currency": "RUB", "emergency": false}],
        "next_cursor": null, "total": 1, "total_exact": true
    })),
        (String = "text/csv", example = json!("Плечо,В архиве,Начало (Europe/Moscow),..\n0F1E..,да,2026-07-01 13:00:00,..\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
    Spoken(language): Spoken,
    Path(code): Path<String>,
    Params(asked): Params<CallsQuery>,
) -> Result<Response, Problem> {
    let settings = state.settings()?;
    let now = state.clock.now();
    let wanted = asked.file()?;
    let list = page(&state, &asked, now, super::own_account(&state, &context, "/code", &code)).await?;
    grids::page_answer(wanted, &CALLS, list.map(|row| OwnCallView::of(row, now)), &settings, language).await
}
