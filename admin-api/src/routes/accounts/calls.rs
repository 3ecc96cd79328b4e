//! `GET /v1/accounts/{code}/calls`: the account's calls (M34).
//!
//! Owns: the filters as callers write them, the boundary between current and archive, and how a call is shown.
//! Does not own: the calls (`crate::calls` reads them).
//! Always: one service at a time, and no word means all of them; the newest first; numbers are shown in full, which is what the permission is for; a file has
//! what JSON has.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::grid::{Kind, Value};
use chrono::{DateTime, TimeDelta, Utc};
use rating::rows::ProviderId;
use rating::{Service, Snapshot};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::calls::{CallRow, CallsFilter, Numbers, TOTAL_EXACT_MAX};
use crate::extract::{Params, Spoken};
use crate::grids::{self, Column, Table, WantedFile};
use crate::inputs;
use crate::language::Text;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// A call is archived when it started as long ago as this.
const ARCHIVED_AFTER: TimeDelta = TimeDelta::minutes(60);

/// Which calls.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CallsQuery {
    /// Service, obligatory: `outgoing`, `incoming`, `tollfree`, `forwarded`, `internal`, `message`, `data`, `CALLS_REC` or `CALLS_REC_UNLIM`.
    #[param(required = true, example = "outgoing")]
    service: Option<String>,
    /// `current`: started less than 60 minutes ago; `archive`: the others; `auto` (default): both.
    #[param(example = "auto")]
    source: Option<String>,
    /// First day in the billing zone, or a moment in RFC 3339; without it from the oldest call on.
    #[param(example = "2026-07-01")]
    from: Option<String>,
    /// Last day in the billing zone (the whole of it), or a moment that is no longer included; without it up to the newest call.
    #[param(example = "2026-07-31")]
    to: Option<String>,
    /// Digits that the dialled number begins with, or the whole number.
    #[param(example = "7495")]
    dst: Option<String>,
    /// `json` (default), or the page as a file: `csv`, `xlsx`; without `limit` it has all rows or is refused.
    #[param(example = "json")]
    format: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Calls on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

impl CallsQuery {
    /// The file that is asked for; `None`: JSON.
    pub(crate) fn file(&self) -> Result<Option<WantedFile>, Problem> {
        WantedFile::of(self.format.as_deref(), self.limit.as_deref())
    }
}

/// A charge as it stands: re-rated or not, it is shown once.
#[derive(Serialize, ToSchema)]
pub(crate) struct CallView {
    /// Identity of the leg, hexadecimal; `/v1/charges/{id}/why` explains its price.
    id: String,
    /// 0 = first rating; higher = it was rated again.
    revision: u16,
    /// Whether it belongs to the archive: it started 60 minutes ago or earlier.
    archived: bool,
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
    /// Duration as reported, milliseconds.
    duration_ms: u64,
    /// Seconds charged.
    billed_seconds: u64,
    /// Pieces charged of an event, 0 = a call.
    quantity: u64,
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
    /// Shown at `now`.
    pub(crate) fn of(row: CallRow, snapshot: &Snapshot, now: DateTime<Utc>) -> Self {
        let CallRow { leg, gross, net } = row;
        Self {
            id: leg.identity,
            revision: leg.revision,
            archived: is_archived(leg.started_ms, now),
            started_at: DateTime::from_timestamp_millis(leg.started_ms),
            answered_at: leg.answered_ms.and_then(DateTime::from_timestamp_millis),
            ended_at: DateTime::from_timestamp_millis(leg.ended_ms),
            source: leg.source,
            cdr_id: leg.cdr_id,
            call_id: leg.call_id,
            leg: leg.leg,
            src: leg.src,
            dst: leg.dst,
            service: leg.service,
            direction: leg.direction,
            outcome: leg.outcome,
            disposition: leg.disposition,
            release_cause: leg.release_cause,
            provider: snapshot.provider(ProviderId(leg.provider_id)).map(|provider| provider.code.to_string()),
            destination: leg.destination,
            prefix: leg.retail_prefix,
            rate: leg.retail_rate,
            duration_ms: leg.duration_ms,
            billed_seconds: leg.billed_seconds,
            quantity: leg.quantity,
            gross,
            net,
            tax_rate: leg.tax_rate,
            currency: leg.currency,
            lock_breach: leg.lock_breach != 0,
            emergency: leg.emergency != 0,
        }
    }
}

/// Calls as a file.
static CALLS: Table<CallView> = Table { name: "calls", ru: "Звонки", en: "Calls", columns: COLUMNS };

/// The columns of calls in a file.
pub(super) const COLUMNS: &[Column<CallView>] = &[
    Column::new("Плечо", "Id", Kind::Text, |call: &CallView| Some(word(&call.id))),
    Column::new("Ревизия", "Revision", Kind::Number, |call: &CallView| Some(number(call.revision))),
    Column::new("В архиве", "Archived", Kind::Flag, |call: &CallView| Some(Value::Flag(call.archived))),
    Column::new("Начало", "Started", Kind::Moment, |call: &CallView| call.started_at.map(Value::Moment)),
    Column::new("Ответ", "Answered", Kind::Moment, |call: &CallView| call.answered_at.map(Value::Moment)),
    Column::new("Конец", "Ended", Kind::Moment, |call: &CallView| call.ended_at.map(Value::Moment)),
    Column::new("Источник", "Source", Kind::Text, |call: &CallView| Some(word(&call.source))),
    Column::new("Запись", "Record", Kind::Text, |call: &CallView| Some(word(&call.cdr_id))),
    Column::new("Вызов", "Call", Kind::Text, |call: &CallView| Some(word(&call.call_id))),
    Column::new("Номер плеча", "Leg", Kind::Number, |call: &CallView| Some(number(call.leg))),
    Column::new("Кто звонил", "Calling number", Kind::Text, |call: &CallView| Some(word(&call.src))),
    Column::new("Куда", "Dialled number", Kind::Text, |call: &CallView| Some(word(&call.dst))),
    Column::new("Услуга", "Service", Kind::Text, |call: &CallView| Some(word(&call.service))),
    Column::new("Сторона", "Direction", Kind::Text, |call: &CallView| Some(word(&call.direction))),
    Column::new("Исход", "Outcome", Kind::Text, |call: &CallView| Some(word(&call.outcome))),
    Column::new("Чем закончился", "Disposition", Kind::Text, |call: &CallView| {
        Some(word(&call.disposition))
    }),
    Column::new("Причина разъединения", "Release cause", Kind::Text, |call: &CallView| {
        Some(word(&call.release_cause))
    }),
    Column::new("Провайдер", "Provider", Kind::Text, |call: &CallView| call.provider.clone().map(Value::Text)),
    Column::new("Направление", "Destination", Kind::Text, |call: &CallView| Some(word(&call.destination))),
    Column::new("Префикс", "Prefix", Kind::Text, |call: &CallView| Some(word(&call.prefix))),
    Column::new("Строка прайс-листа", "Rate", Kind::Number, |call: &CallView| Some(number(call.rate))),
    Column::new("Длительность, мс", "Duration, ms", Kind::Number, |call: &CallView| {
        Some(number(call.duration_ms))
    }),
    Column::new("Оплачено секунд", "Seconds charged", Kind::Number, |call: &CallView| {
        Some(number(call.billed_seconds))
    }),
    Column::new("Оплачено штук", "Pieces charged", Kind::Number, |call: &CallView| {
        Some(number(call.quantity))
    }),
    Column::new("С налогом", "With tax", Kind::Amount, |call: &CallView| Some(word(&call.gross))),
    Column::new("Без налога", "Without tax", Kind::Amount, |call: &CallView| Some(word(&call.net))),
    Column::new("Налог, %", "Tax, %", Kind::Amount, |call: &CallView| Some(word(&call.tax_rate))),
    Column::new("Валюта", "Currency", Kind::Text, |call: &CallView| Some(word(&call.currency))),
    Column::new("Вопреки блокировке", "Lock breach", Kind::Flag, |call: &CallView| {
        Some(Value::Flag(call.lock_breach))
    }),
    Column::new("Экстренный", "Emergency", Kind::Flag, |call: &CallView| Some(Value::Flag(call.emergency))),
];

/// A text as a cell.
pub(crate) fn word(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// A number as a cell: any kind of integer, as it is written.
pub(crate) fn number(number: impl std::fmt::Display) -> Value {
    Value::Text(number.to_string())
}

/// Calls of an account
///
/// Of one service. A charge that was rated again is shown once, as it stands; one that was taken back is not. `total` is exact up to 10000; beyond, there
/// are at least that many and `total_exact` is false.
#[utoipa::path(
    get, path = "/v1/accounts/{code}/calls", operation_id = "account_calls", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), CallsQuery),
    responses((status = 200, description = "Calls, the newest first", content(
        (List<CallView> = "application/json", example = json!({
        "items": [{"id": "0F1E2D3C4B5A69788796A5B4C3D2E1F0", "revision": 0, "archived": true, "started_at": "2026-07-01T10:00:00Z",
                   "answered_at": "2026-07-01T10:00:04Z", "ended_at": "2026-07-01T10:01:19Z", "source": "sbc-1", "cdr_id": "7f3a", "call_id": "c-91",
                   "leg": 0, "src": "74951201031", "dst": "79161234567", "service": "outgoing", "direction": "out", "outcome": "rated",
                   "disposition": "answered", "release_cause": "16", "provider": "mtt", "destination": "Russia mobile", "prefix": "79", "rate": 17,
                   "duration_ms": 75000, "billed_seconds": 78, "quantity": 0, "gross": "0.0078", "net": "0.006393443", "tax_rate": "22", "currency": "RUB", "lock_breach": false,
                   "emergency": false}],
        "next_cursor": null, "total": 1, "total_exact": true
    })),
        (String = "text/csv", example = json!("Плечо,Ревизия,..,Начало (Europe/Moscow),..\n0F1E..,0,..,2026-07-01 13:00:00,..\n")),
        (String = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", example = json!("PK.."))
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Path(code): Path<String>,
    Params(asked): Params<CallsQuery>,
) -> Result<Response, Problem> {
    let snapshot = state.snapshot()?;
    let settings = state.settings()?;
    let now = state.clock.now();
    let wanted = asked.file()?;
    let account = async { super::existing(&state, &code).await.map(|account| account.id) };
    let list = page(&state, &asked, now, account).await?.map(|row| CallView::of(row, &snapshot, now));
    grids::page_answer(wanted, &CALLS, list, &settings, language).await
}

/// The calls that are asked for at `now`, of an account that is looked up when the question can be read.
pub(crate) async fn page(
    state: &AppState,
    asked: &CallsQuery,
    now: DateTime<Utc>,
    account: impl Future<Output = Result<i64, Problem>>,
) -> Result<List<CallRow>, Problem> {
    let settings = state.settings()?;
    let limit = WantedFile::rows(asked.file()?, asked.limit.as_deref(), &settings)?;
    let after = paging::call_of_cursor(asked.cursor.as_deref())?;
    let mut filter = filter(asked, settings.zone("billing.zone")?, now)?;
    filter.account_id = account.await? as u64;
    let (rows, total) =
        tokio::try_join!(state.calls.list(&filter, after.as_ref(), limit as u64 + 1), state.calls.count(&filter))?;
    let mut list = List::page(rows, limit, |row| paging::cursor_of_call(&row.position()));
    list.total = Some(total.min(TOTAL_EXACT_MAX));
    list.total_exact = Some(total <= TOTAL_EXACT_MAX);
    Ok(list)
}

/// Whether a call that started at this millisecond is archived at `now`.
pub(crate) fn is_archived(started_ms: i64, now: DateTime<Utc>) -> bool {
    started_ms < archive_end(now).timestamp_millis()
}

/// The first start that is not archived: starts have milliseconds, and one that is 60 minutes old to the millisecond is.
fn archive_end(now: DateTime<Utc>) -> DateTime<Utc> {
    let boundary = now - ARCHIVED_AFTER;
    boundary - TimeDelta::nanoseconds(i64::from(boundary.timestamp_subsec_nanos() % 1_000_000))
        + TimeDelta::milliseconds(1)
}

/// The filter that is asked for at `now`, of no account yet.
fn filter(asked: &CallsQuery, zone: chrono_tz::Tz, now: DateTime<Utc>) -> Result<CallsFilter, Problem> {
    let service = inputs::given(asked.service.as_deref()).ok_or_else(no_service)?;
    let service = inputs::service("/service", service)?;
    let (from, to) = period(asked.from.as_deref(), asked.to.as_deref(), zone)?;
    let (from, to) = narrowed(inputs::given(asked.source.as_deref()), from, to, now)?;
    let dst = inputs::given(asked.dst.as_deref());
    let dst = dst.map(|text| inputs::prefix("/dst", text)).transpose()?;
    let numbers = dst.map(|digits| Numbers::DialledFrom(digits.to_string()));
    Ok(CallsFilter { account_id: 0, service, from, to, numbers })
}

/// Period, either end of which may be left out: first moment, and the moment after the last.
pub(super) type Period = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

/// The period that is asked for.
pub(super) fn period(from: Option<&str>, to: Option<&str>, zone: chrono_tz::Tz) -> Result<Period, Problem> {
    let from = inputs::given(from).map(|text| inputs::moment("/from", text, zone, false)).transpose()?;
    let to = inputs::given(to).map(|text| inputs::moment("/to", text, zone, true)).transpose()?;
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        let wrong = Text::fixed("Конец периода раньше начала", "The end is before the beginning");
        return Err(Problem::field("/to", wrong));
    }
    Ok((from, to))
}

/// What is left of a period in the current calls or in the archive; possibly nothing.
fn narrowed(
    source: Option<&str>,
    from: Option<DateTime<Utc>>,
    to: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<Period, Problem> {
    let boundary = archive_end(now);
    match source.unwrap_or("auto") {
        "auto" => Ok((from, to)),
        "current" => Ok((from.max(Some(boundary)), to)),
        "archive" => Ok((from, Some(to.map_or(boundary, |to| to.min(boundary))))),
        _ => {
            let expected = "current, archive, auto";
            let text =
                Text::new(format!("Ожидается одно из: {expected}"), format!("One of these is expected: {expected}"));
            Err(Problem::field("/source", text))
        }
    }
}

fn no_service() -> Problem {
    let words = Service::ALL.iter().map(|service| service.as_str()).collect::<Vec<_>>().join(", ");
    let text = Text::new(
        format!("Услуга обязательна; укажите одну из: {words}"),
        format!("The service is required; name one of: {words}"),
    );
    Problem::field("/service", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOSCOW: chrono_tz::Tz = chrono_tz::Europe::Moscow;

    fn asked(service: &str, source: &str, from: &str, to: &str, dst: &str) -> CallsQuery {
        let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        CallsQuery {
            service: given(service),
            source: given(source),
            from: given(from),
            to: given(to),
            dst: given(dst),
            format: None,
            cursor: None,
            limit: None,
        }
    }

    fn noon() -> DateTime<Utc> {
        "2026-07-01T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn a_period_includes_its_last_day_and_may_be_left_open() {
        let whole = filter(&asked("outgoing", "", "2026-07-01", "2026-07-01", ""), MOSCOW, noon()).unwrap();
        assert_eq!((whole.to.unwrap() - whole.from.unwrap()).num_hours(), 24);
        let open = filter(&asked("outgoing", "", "", "", ""), MOSCOW, noon()).unwrap();
        assert_eq!((open.from, open.to), (None, None));
    }

    /// M34: at 12:00 what started at 11:00:01 is current and what started at 11:00:00 is archived, to the millisecond.
    #[test]
    fn an_hour_is_the_boundary() {
        let at = |text: &str| -> DateTime<Utc> { text.parse().unwrap() };
        for (now, first_current) in [
            ("2026-07-01T12:00:00Z", "2026-07-01T11:00:00.001Z"),
            ("2026-07-01T12:00:00.000900Z", "2026-07-01T11:00:00.001Z"),
            ("2026-07-01T12:00:00.001Z", "2026-07-01T11:00:00.002Z"),
        ] {
            let boundary = at(first_current);
            let range = |source: &str, from: &str, to: &str| {
                let found = filter(&asked("outgoing", source, from, to, ""), MOSCOW, at(now)).unwrap();
                (found.from, found.to)
            };
            assert_eq!(range("current", "", ""), (Some(boundary), None), "{now}");
            assert_eq!(range("archive", "", ""), (None, Some(boundary)), "{now}");
            let (early, late) = ("2026-07-01T01:00:00Z", "2026-07-01T11:30:00Z");
            assert_eq!(range("current", early, late), (Some(boundary), Some(at(late))), "{now}");
            assert_eq!(range("archive", early, late), (Some(at(early)), Some(boundary)), "{now}");
            assert_eq!(range("auto", early, late), (Some(at(early)), Some(at(late))), "{now}");
        }
    }

    #[test]
    fn strange_filters_are_refused() {
        for (asked, pointer) in [
            (asked("", "", "", "", ""), "/service"),
            (asked(" ", "", "", "", ""), "/service"),
            (asked("all", "", "", "", ""), "/service"),
            (asked("outgoing,incoming", "", "", "", ""), "/service"),
            (asked("sms", "", "", "", ""), "/service"),
            (asked("outgoing", "", "2026-07-02", "2026-07-01", ""), "/to"),
            (asked("outgoing", "", "yesterday", "", ""), "/from"),
            (asked("outgoing", "old", "", "", ""), "/source"),
            (asked("outgoing", "", "", "", "74a"), "/dst"),
        ] {
            let Err(problem) = filter(&asked, MOSCOW, noon()) else { panic!("{pointer} is not refused") };
            let body = serde_json::to_value(problem.body(crate::language::Language::English, "r")).unwrap();
            assert_eq!((&body["status"], &body["errors"][0]["pointer"]), (&422.into(), &pointer.into()), "{body}");
        }
        let good = filter(&asked("forwarded", "", "", "", "+7495"), MOSCOW, noon()).unwrap();
        assert!(matches!(good.numbers, Some(Numbers::DialledFrom(digits)) if digits == "7495"));
    }
}
