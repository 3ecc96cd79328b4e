//! `GET /v1/suspense`: records that could not be rated, and how many of each kind.
//!
//! Owns: the filters as callers write them, and how an entry is shown.
//! Does not own: the entries.
//! Always: the newest first; the counts are of all open entries, whatever the filter.

use axum::Json;
use axum::extract::State;
use billing::suspense::{self, SuspenseFilter, SuspenseRow};
use chrono::{DateTime, Utc};
use rating::SuspenseCode;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

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
    /// The beginning of the record.
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
}

/// A page of entries with the counts.
#[derive(Serialize, ToSchema)]
pub(crate) struct SuspenseList {
    /// The entries.
    items: Vec<SuspenseView>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
    /// Open entries that the filter fits; `null` when they are filtered by source.
    total: Option<i64>,
    /// Whether `total` is exact.
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
                   "status": "open", "raw": "{\"cdr_id\":\"7f3a\"}"}],
        "next_cursor": null, "total": 1, "total_exact": true, "counts": [{"code": "NO_RETAIL_PRICE", "count": 1}]
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<SuspenseQuery>,
) -> Result<Json<SuspenseList>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let filter = filter(&asked)?;
    let rows = suspense::list(&state.store, &filter, limit as i64 + 1).await?;
    let counts = suspense::counts(&state.store).await?;
    let counts: Vec<CodeCount> = counts.into_iter().map(|(code, count)| CodeCount { code, count }).collect();
    let list = List::page(rows, limit, |row| paging::cursor_of_id(row.id)).map(SuspenseView::from);
    let total = total(&filter, &counts);
    let total_exact = total.is_some();
    Ok(Json(SuspenseList { items: list.items, next_cursor: list.next_cursor, total, total_exact, counts }))
}

fn filter(asked: &SuspenseQuery) -> Result<SuspenseFilter, Problem> {
    let code = asked.code.as_deref().filter(|text| !text.is_empty());
    let source = asked.source.as_deref().filter(|text| !text.is_empty());
    let codes = || SuspenseCode::ALL.iter().map(|code| code.as_str());
    Ok(SuspenseFilter {
        code: code.map(|text| inputs::one_of("/code", text, codes())).transpose()?,
        source: source.map(|text| inputs::word("/source", text)).transpose()?.map(str::to_owned),
        before_id: paging::id_of_cursor(asked.cursor.as_deref())?,
    })
}

/// The number of entries that the counts can tell.
fn total(filter: &SuspenseFilter, counts: &[CodeCount]) -> Option<i64> {
    let counted = |count: &&CodeCount| filter.code.is_none_or(|code| code.as_str() == count.code);
    filter.source.is_none().then(|| counts.iter().filter(counted).map(|count| count.count).sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totals_come_from_the_counts() {
        let counts =
            [CodeCount { code: "NO_RETAIL_PRICE".into(), count: 5 }, CodeCount { code: "BAD_NUMBER".into(), count: 2 }];
        let by_code = SuspenseFilter { code: Some(SuspenseCode::BadNumber), ..SuspenseFilter::default() };
        let by_source = SuspenseFilter { source: Some("sbc-1".into()), ..SuspenseFilter::default() };
        assert_eq!(total(&SuspenseFilter::default(), &counts), Some(7));
        assert_eq!(total(&by_code, &counts), Some(2));
        assert_eq!(total(&by_source, &counts), None);
    }

    #[test]
    fn an_unknown_code_is_refused() {
        let asked = |code: &str| SuspenseQuery { code: Some(code.into()), source: None, cursor: None, limit: None };
        assert!(filter(&asked("NO_SUCH")).is_err());
        assert_eq!(filter(&asked("")).unwrap().code, None);
        assert_eq!(filter(&asked("BAD_NUMBER")).unwrap().code, Some(SuspenseCode::BadNumber));
    }
}
