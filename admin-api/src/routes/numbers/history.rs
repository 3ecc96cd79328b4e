//! `GET /v1/dids/{number}/history`: who had a number, back to the first one (M12).
//!
//! Owns: how a time is shown, the cursor.
//! Does not own: the times (`billing::numbers`); what else was done to the number (`GET /v1/audit/did/{number}`).
//! Always: the newest first; a number that was withdrawn keeps its history.

use axum::Json;
use axum::extract::{Path, State};
use billing::numbers::{self, Holding};
use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::not_ours;
use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which part of the history.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DidHistoryQuery {
    /// Rows: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A time in which a number was in one state. No `Debug`: names of clients do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct HoldingView {
    /// From when; `null`: it was loaded so.
    from: Option<DateTime<Utc>>,
    /// Until when; `null`: still.
    to: Option<DateTime<Utc>>,
    /// `free`, `reserved`, `in_work`, `archive` or `withdrawn`.
    status: String,
    /// Place of service.
    place: Option<String>,
    /// Code of the account that had it.
    account: Option<String>,
    /// Code of the client.
    client: Option<String>,
    /// His name.
    client_name: Option<String>,
    /// Code of the product that it was attached to.
    product: Option<String>,
    /// Number of the subscriber.
    subscriber: Option<i64>,
    /// Login of who brought it about.
    author: String,
    /// Why.
    reason: String,
}

impl From<Holding> for HoldingView {
    fn from(holding: Holding) -> Self {
        Self {
            from: holding.from,
            to: holding.to,
            status: holding.status,
            place: holding.place,
            account: holding.account,
            client: holding.client,
            client_name: holding.client_name,
            product: holding.product,
            subscriber: holding.subscriber,
            author: holding.author,
            reason: holding.reason,
        }
    }
}

/// Who had a number
///
/// Every state that it was in, with the account, client, product and subscriber that it belonged to, back to the first one.
#[utoipa::path(
    get, path = "/v1/dids/{number}/history", operation_id = "did_history", tag = "numbers",
    params(("number" = String, Path, description = "The number, with or without `+`", example = "74951201031"), DidHistoryQuery),
    responses((status = 200, description = "States, the newest first", body = List<HoldingView>, example = json!({
        "items": [
            {"from": "2026-07-01T10:00:00Z", "to": null, "status": "archive", "place": null, "account": null, "client": null, "client_name": null, "product": null,
             "subscriber": null, "author": "petrova", "reason": "договор расторгнут"},
            {"from": null, "to": "2026-07-01T10:00:00Z", "status": "in_work", "place": null, "account": "A-000017", "client": "C-000017",
             "client_name": "ООО «Строй Сервис»", "product": null, "subscriber": null, "author": "load", "reason": ""}
        ], "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(number): Path<String>,
    Params(asked): Params<DidHistoryQuery>,
) -> Result<Json<List<HoldingView>>, Problem> {
    let number = inputs::e164("/number", &number)?;
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let before = before(asked.cursor.as_deref())?;
    let rows = numbers::history(&state.store, number, before, limit as i64 + 1).await?;
    let rows = rows.ok_or_else(|| not_ours(number))?;
    Ok(Json(List::page(rows, limit, cursor_after).map(HoldingView::from)))
}

/// The cursor behind a time. Only the first one of all has no beginning, and nothing comes behind it.
fn cursor_after(holding: &Holding) -> String {
    let from = holding.from.map(|from| from.to_rfc3339_opts(SecondsFormat::Micros, true));
    paging::cursor_of_keyed(&from.unwrap_or_default(), 0)
}

/// The moment before which a page begins.
fn before(cursor: Option<&str>) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some((from, _)) = paging::keyed_of_cursor(cursor)? else { return Ok(None) };
    let from = DateTime::parse_from_rfc3339(&from).map_err(|_| paging::strange_cursor())?;
    Ok(Some(from.with_timezone(&Utc)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back() {
        let from: DateTime<Utc> = "2026-07-01T10:00:00.123456Z".parse().unwrap();
        let holding = Holding {
            from: Some(from),
            to: None,
            status: "free".into(),
            place: None,
            account: None,
            client: None,
            client_name: None,
            product: None,
            subscriber: None,
            author: String::new(),
            reason: String::new(),
        };
        assert_eq!(before(Some(&cursor_after(&holding))).unwrap(), Some(from));
        assert_eq!(before(None).unwrap(), None);
        assert!(before(Some(&paging::cursor_of_id(1))).is_err());
    }
}
