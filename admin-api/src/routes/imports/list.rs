//! `GET /v1/imports`: files of call records, the newest first.
//!
//! Owns: the filters as callers write them.
//! Does not own: the register.
//! Always: refused files are among them.

use axum::Json;
use axum::extract::State;
use billing::imports::{self, Filter, STATES};
use billing::settings::Settings;
use serde::Deserialize;
use utoipa::IntoParams;

use super::ImportView;
use crate::calls::TOTAL_EXACT_MAX;
use crate::extract::Params;
use crate::inputs::{self, given};
use crate::language::Text;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which imports.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ImportsQuery {
    /// Of this source.
    #[param(example = "pbx-9")]
    source: Option<String>,
    /// `sending`, `sent` or `refused`.
    state: Option<String>,
    /// Begun at this moment (RFC 3339) or day, or later.
    from: Option<String>,
    /// Begun before this moment, or up to this day.
    to: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Imports on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Files of call records
#[utoipa::path(
    get, path = "/v1/imports", operation_id = "import_list", tag = "imports",
    params(ImportsQuery),
    responses((status = 200, description = "Imports, the newest first", body = List<ImportView>, example = json!({"items": [
        {"id": 7, "source": "pbx-9", "file_name": "cdr_000123.csv", "size_bytes": 18233, "sha256": "9f2c…", "modified_at": "2026-07-01T10:00:00Z", "sequence": 123,
         "state": "sent", "repeats": null, "records_found": 120, "records_sent": 120, "records_rejected": 0, "position_bytes": 18233,
         "found": {"records": 120, "answered": 97, "seconds": 8120}, "trailer": {"records": 120, "answered": 97, "seconds": 8120},
         "started_at": "2026-07-01T10:01:00Z", "finished_at": "2026-07-01T10:01:01Z", "problem": null, "rolled_back_by": null}],
        "next_cursor": null, "total": 1, "total_exact": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<ImportsQuery>,
) -> Result<Json<List<ImportView>>, Problem> {
    let settings = state.settings()?;
    let limit = paging::limit(asked.limit.as_deref(), &settings)?;
    let filter = filter(&asked, &settings)?;
    let most = TOTAL_EXACT_MAX as i64;
    let total = imports::count(&state.store, &filter, most + 1).await?;
    let rows = imports::list(&state.store, &filter, limit as i64 + 1).await?;
    let mut list = List::page(rows, limit, |import| paging::cursor_of_id(import.id)).map(ImportView::from);
    list.total = Some(total.min(most) as u64);
    list.total_exact = Some(total <= most);
    Ok(Json(list))
}

fn filter(asked: &ImportsQuery, settings: &Settings) -> Result<Filter, Problem> {
    let state = given(asked.state.as_deref());
    if state.is_some_and(|state| !STATES.contains(&state)) {
        let words = STATES.join(", ");
        let known = Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}"));
        return Err(Problem::field("/state", known));
    }
    let [from, to] = inputs::range(asked.from.as_deref(), asked.to.as_deref(), settings)?;
    let source = given(asked.source.as_deref()).map(|text| inputs::word("/source", text)).transpose()?;
    Ok(Filter {
        source: source.map(str::to_owned),
        state: state.map(str::to_owned),
        from,
        to,
        before_id: paging::id_of_cursor(asked.cursor.as_deref())?,
    })
}
