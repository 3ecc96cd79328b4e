//! `GET /v1/suspense`: records that could not be rated, and how many of each kind.
//!
//! Owns: the filters as callers write them, and how an entry is shown.
//! Does not own: the entries.
//! Always: the newest first; the counts are of all open entries, whatever the filter.

use axum::Json;
use axum::extract::State;
use billing::settings::Settings;
use billing::suspense::{self, Correction, OpenCount, STATUSES, SuspenseFilter, SuspenseRow};
use chrono::{DateTime, Utc};
use rating::SuspenseCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Totals are exact up to here.
const TOTAL_EXACT_MAX: i64 = 10_000;

/// Which entries.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct SuspenseQuery {
    /// Only this code.
    #[param(example = "NO_RETAIL_PRICE")]
    code: Option<String>,
    /// Only this source.
    #[param(example = "sbc-1")]
    source: Option<String>,
    /// In this state: `open` (default), `recycled`, `duplicate`, `discarded`, `rolled_back`.
    #[param(example = "open")]
    status: Option<String>,
    /// Received at this moment (RFC 3339) or on this day of the billing zone, or later.
    #[param(example = "2026-07-01")]
    from: Option<String>,
    /// Received before this moment, or up to this day.
    #[param(example = "2026-07-31")]
    to: Option<String>,
    /// Whose calling or dialled number, as reported, begins so.
    #[param(example = "381")]
    number: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Entries on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

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
    /// The record, as text; in lists its first 400 bytes.
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

/// How many entries have a code.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct CodeCount {
    /// The code.
    code: String,
    /// Open entries with it.
    count: i64,
    /// Of these, those that have waited for more than a day.
    older_than_day: i64,
    /// For more than a week.
    older_than_week: i64,
    /// Since when the oldest waits.
    oldest: DateTime<Utc>,
}

/// A page of entries with the counts.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuspenseList {
    /// The entries.
    items: Vec<SuspenseView>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
    /// Entries that the filter fits.
    total: i64,
    /// Whether `total` is exact; else there are at least that many.
    total_exact: bool,
    /// Open entries by code, without any filter.
    counts: Vec<CodeCount>,
}

/// Records in suspense
#[utoipa::path(
    get, path = "/v1/suspense", operation_id = "suspense_list", tag = "suspense",
    params(SuspenseQuery),
    responses((status = 200, description = "Open entries, the newest first", body = SuspenseList, example = json!({
        "items": [{"id": 42, "code": "NO_RETAIL_PRICE", "stage": "rate", "detail": "no rate for outgoing", "source": "sbc-1", "cdr_id": "7f3a", "leg": 0,
                   "src": "74951201031", "dst": "88201112233", "started_at": "2026-07-01T10:00:00Z", "received_at": "2026-07-01T10:02:00Z",
                   "status": "open", "tries": 0, "tried_at": null, "settled_at": null, "settled_by": null, "correction": null, "raw": "{\"cdr_id\":\"7f3a\"}"}],
        "next_cursor": null, "total": 1, "total_exact": true, "counts": [{"code": "NO_RETAIL_PRICE", "count": 1, "older_than_day": 0, "older_than_week": 0, "oldest": "2026-07-01T10:02:00Z"}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<SuspenseQuery>,
) -> Result<Json<SuspenseList>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let filter = filter(&asked, &*state.settings()?)?;
    let rows = suspense::list(&state.store, &filter, limit as i64 + 1).await?;
    let counts = suspense::counts(&state.store, state.clock.now()).await?;
    let counts: Vec<CodeCount> = counts.into_iter().map(CodeCount::from).collect();
    let list = List::page(rows, limit, |row| paging::cursor_of_id(row.id)).map(SuspenseView::from);
    let total = suspense::total(&state.store, &filter, TOTAL_EXACT_MAX + 1).await?;
    let (total, total_exact) = (total.min(TOTAL_EXACT_MAX), total <= TOTAL_EXACT_MAX);
    Ok(Json(SuspenseList { items: list.items, next_cursor: list.next_cursor, total, total_exact, counts }))
}

impl From<OpenCount> for CodeCount {
    fn from(count: OpenCount) -> Self {
        Self {
            code: count.code,
            count: count.count,
            older_than_day: count.older_than_day,
            older_than_week: count.older_than_week,
            oldest: count.oldest,
        }
    }
}

fn filter(asked: &SuspenseQuery, settings: &Settings) -> Result<SuspenseFilter, Problem> {
    let status = given(asked.status.as_deref());
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        let words = STATUSES.join(", ");
        let known = Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}"));
        return Err(Problem::field("/status", known));
    }
    let [from, to] = inputs::range(asked.from.as_deref(), asked.to.as_deref(), settings)?;
    let code = asked.code.as_deref().filter(|text| !text.is_empty());
    let source = asked.source.as_deref().filter(|text| !text.is_empty());
    let codes = || SuspenseCode::ALL.iter().map(|code| code.as_str());
    Ok(SuspenseFilter {
        code: code.map(|text| inputs::one_of("/code", text, codes())).transpose()?,
        source: source.map(|text| inputs::word("/source", text)).transpose()?.map(str::to_owned),
        status: status.map(str::to_owned),
        from,
        to,
        number: given(asked.number.as_deref())
            .map(|text| inputs::word("/number", text))
            .transpose()?
            .map(str::to_owned),
        before_id: paging::id_of_cursor(asked.cursor.as_deref())?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_words_are_refused() {
        let settings = Settings::of([("billing.zone", "Europe/Moscow")]);
        let asked = |code: &str, status: &str| {
            let asked = SuspenseQuery {
                code: Some(code.into()),
                status: Some(status.into()),
                source: None,
                from: None,
                to: None,
                number: None,
                cursor: None,
                limit: None,
            };
            filter(&asked, &settings).map(|filter| (filter.code, filter.status))
        };
        assert!(asked("NO_SUCH", "").is_err() && asked("", "lost").is_err());
        assert_eq!(asked("", "").unwrap(), (None, None));
        assert_eq!(asked("BAD_NUMBER", "recycled").unwrap(), (Some(SuspenseCode::BadNumber), Some("recycled".into())));
    }
}
