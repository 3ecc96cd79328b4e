//! `GET /v1/accounts/{code}/calls`: the account's calls (M34).
//!
//! Owns: the filters as callers write them, and how a call is shown.
//! Does not own: the calls (`crate::calls` reads them).
//! Always: the newest first; numbers are shown in full, which is what the permission is for.

use axum::Json;
use axum::extract::{Path, State};
use chrono::{DateTime, Utc};
use rating::Snapshot;
use rating::rows::ProviderId;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::calls::{CallRow, CallsFilter, Position, TOTAL_EXACT_MAX};
use crate::extract::Params;
use crate::inputs;
use crate::language::Text;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallsQuery {
    /// First day in the billing zone, or a moment in RFC 3339.
    #[param(example = "2026-07-01")]
    from: String,
    /// Last day in the billing zone (the whole of it), or a moment that is no longer included.
    #[param(example = "2026-07-31")]
    to: String,
    /// Digits that the dialled number begins with, or the whole number.
    #[param(example = "7495")]
    dst: Option<String>,
    /// Rated service: outgoing, incoming, tollfree, forwarded or internal.
    #[param(example = "outgoing")]
    service: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Calls on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// A leg of a call.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallView {
    /// Identity of the leg, hexadecimal; `/v1/charges/{id}/why` explains its price.
    id: String,
    /// 0 = first rating; higher = the difference that a re-rating made.
    revision: u16,
    /// Set-up.
    started_at: Option<DateTime<Utc>>,
    /// Answer, if any.
    answered_at: Option<DateTime<Utc>>,
    /// End.
    ended_at: Option<DateTime<Utc>>,
    /// Feed of the switch.
    source: String,
    /// Identity of the record at its source.
    cdr_id: String,
    /// Identity of the call at its source.
    call_id: String,
    /// Leg of the call.
    leg: u8,
    /// Calling number; empty = withheld or malformed.
    src: String,
    /// Dialled number.
    dst: String,
    /// Rated service.
    service: String,
    /// `out` or `in`.
    direction: String,
    /// `rated` or `non_target`.
    outcome: String,
    /// How the attempt ended.
    disposition: String,
    /// Cause as the switch gave it.
    release_cause: String,
    /// Code of the carrier, if known.
    provider: Option<String>,
    /// Name of the destination.
    destination: String,
    /// Prefix matched in the retail list.
    prefix: String,
    /// Row of the retail list, 0 = none.
    rate: u64,
    /// Seconds charged.
    billed_seconds: u64,
    /// Amount with tax, a decimal.
    gross: String,
    /// Amount without tax, a decimal.
    net: String,
    /// Tax inside the amount, percent.
    tax_rate: String,
    /// Currency of the amounts.
    currency: String,
    /// The call took place in spite of a lock.
    lock_breach: bool,
    /// Emergency call: free.
    emergency: bool,
}

impl CallView {
    pub(crate) fn of(row: CallRow, snapshot: &Snapshot) -> Self {
        Self {
            id: row.identity,
            revision: row.revision,
            started_at: DateTime::from_timestamp_millis(row.started_ms),
            answered_at: row.answered_ms.and_then(DateTime::from_timestamp_millis),
            ended_at: DateTime::from_timestamp_millis(row.ended_ms),
            source: row.source,
            cdr_id: row.cdr_id,
            call_id: row.call_id,
            leg: row.leg,
            src: row.src,
            dst: row.dst,
            service: row.service,
            direction: row.direction,
            outcome: row.outcome,
            disposition: row.disposition,
            release_cause: row.release_cause,
            provider: snapshot.provider(ProviderId(row.provider_id)).map(|provider| provider.code.to_string()),
            destination: row.destination,
            prefix: row.retail_prefix,
            rate: row.retail_rate,
            billed_seconds: row.billed_seconds,
            gross: row.gross,
            net: row.net,
            tax_rate: row.tax_rate,
            currency: row.currency,
            lock_breach: row.lock_breach != 0,
            emergency: row.emergency != 0,
        }
    }
}

/// Calls of an account
///
/// `total` is exact up to 10000; beyond, there are at least that many and `total_exact` is false.
#[utoipa::path(
    get, path = "/v1/accounts/{code}/calls", operation_id = "account_calls", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), CallsQuery),
    responses((status = 200, description = "Calls, the newest first", body = List<CallView>, example = json!({
        "items": [{"id": "0F1E2D3C4B5A69788796A5B4C3D2E1F0", "revision": 0, "started_at": "2026-07-01T10:00:00Z",
                   "answered_at": "2026-07-01T10:00:04Z", "ended_at": "2026-07-01T10:01:19Z", "source": "sbc-1", "cdr_id": "7f3a", "call_id": "c-91",
                   "leg": 0, "src": "74951201031", "dst": "79161234567", "service": "outgoing", "direction": "out", "outcome": "rated",
                   "disposition": "answered", "release_cause": "16", "provider": "mtt", "destination": "Russia mobile", "prefix": "79", "rate": 17,
                   "billed_seconds": 78, "gross": "0.0078", "net": "0.006393443", "tax_rate": "22", "currency": "RUB", "lock_breach": false,
                   "emergency": false}],
        "next_cursor": null, "total": 1, "total_exact": true
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<CallsQuery>,
) -> Result<Json<List<CallView>>, Problem> {
    let settings = state.settings()?;
    let snapshot = state.snapshot()?;
    let limit = paging::limit(asked.limit.as_deref(), &settings)?;
    let after = paging::call_of_cursor(asked.cursor.as_deref())?;
    let mut filter = filter(&asked, settings.zone("billing.zone")?)?;
    filter.account_id = super::existing(&state, &code).await?.id as u64;
    let (rows, total) =
        tokio::try_join!(state.calls.list(&filter, after.as_ref(), limit as u64 + 1), state.calls.count(&filter))?;
    let mut list = List::page(rows, limit, |row| paging::cursor_of_call(&position(row)));
    list.total = Some(total.min(TOTAL_EXACT_MAX));
    list.total_exact = Some(total <= TOTAL_EXACT_MAX);
    Ok(Json(list.map(|row| CallView::of(row, &snapshot))))
}

/// The filter that is asked for, of no account yet.
fn filter(asked: &CallsQuery, zone: chrono_tz::Tz) -> Result<CallsFilter, Problem> {
    let from = inputs::moment("/from", &asked.from, zone, false)?;
    let to = inputs::moment("/to", &asked.to, zone, true)?;
    if to <= from {
        return Err(Problem::field(
            "/to",
            Text::fixed("Конец периода раньше начала", "The end is before the beginning"),
        ));
    }
    let dst = asked.dst.as_deref().filter(|text| !text.is_empty());
    let service = asked.service.as_deref().filter(|text| !text.is_empty());
    Ok(CallsFilter {
        account_id: 0,
        from,
        to,
        dst: dst.map(|text| inputs::prefix("/dst", text)).transpose()?.map(|digits| digits.to_string()),
        service: service.map(|text| inputs::service("/service", text)).transpose()?,
    })
}

fn position(row: &CallRow) -> Position {
    Position { started_ms: row.started_ms, identity: row.identity.clone(), revision: row.revision }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(from: &str, to: &str) -> CallsQuery {
        CallsQuery { from: from.into(), to: to.into(), dst: None, service: None, cursor: None, limit: None }
    }

    #[test]
    fn a_period_includes_its_last_day() {
        let filter = filter(&asked("2026-07-01", "2026-07-01"), chrono_tz::Europe::Moscow).unwrap();
        assert_eq!((filter.to - filter.from).num_hours(), 24);
    }

    #[test]
    fn strange_filters_are_refused() {
        let moscow = chrono_tz::Europe::Moscow;
        assert!(filter(&asked("2026-07-02", "2026-07-01"), moscow).is_err());
        assert!(filter(&asked("2026-07-01", ""), moscow).is_err());
        let with = |dst: Option<&str>, service: Option<&str>| CallsQuery {
            dst: dst.map(str::to_owned),
            service: service.map(str::to_owned),
            ..asked("2026-07-01", "2026-07-31")
        };
        assert!(filter(&with(Some("74a"), None), moscow).is_err());
        assert!(filter(&with(None, Some("sms")), moscow).is_err());
        let good = filter(&with(Some("+7495"), Some("forwarded")), moscow).unwrap();
        assert_eq!(good.dst.as_deref(), Some("7495"));
    }
}
