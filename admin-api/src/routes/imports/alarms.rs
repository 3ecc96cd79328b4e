//! `GET /v1/ingest-alarms`: what is wrong with the collection of call records.
//!
//! Owns: the filters as callers write them.
//! Does not own: the alarms.
//! Always: the newest first; open ones alone unless all are asked for.

use axum::Json;
use axum::extract::State;
use billing::ingest_alarms::{self, Filter, Kind};
use serde::Deserialize;
use utoipa::IntoParams;

use super::AlarmView;
use crate::extract::{Params, Spoken};
use crate::inputs::{self, given};
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which alarms.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct AlarmsQuery {
    /// `true` (default): neither cleared nor acknowledged; `false`: all that ever were.
    open: Option<String>,
    /// Of this source.
    #[param(example = "pbx-9")]
    source: Option<String>,
    /// Of this kind: `gap`, `silence`, `trailer`, `changed`, `rejected`, `refused`, `difference`, `spool`, `vanished`, `grown`, `unended`, `held`, `receipt`.
    kind: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Alarms on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Alarms of the collection of call records
#[utoipa::path(
    get, path = "/v1/ingest-alarms", operation_id = "ingest_alarm_list", tag = "imports",
    params(AlarmsQuery),
    responses((status = 200, description = "Alarms, the newest first", body = List<AlarmView>, example = json!({"items": [
        {"id": 3, "source": "pbx-9", "kind": "gap", "subject": "122", "what": "Файл номер 122 не пришёл; вместо него пришёл cdr_000123.csv. Заберите его с коммутатора",
         "raised_at": "2026-07-01T10:01:00Z", "cleared_at": null, "acknowledged_at": null, "acknowledged_by": null}], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Params(asked): Params<AlarmsQuery>,
) -> Result<Json<List<AlarmView>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let kinds = || Kind::ALL.iter().map(|kind| kind.as_str());
    let source = given(asked.source.as_deref()).map(|text| inputs::word("/source", text)).transpose()?;
    let open = given(asked.open.as_deref()).map(|text| inputs::flag("/open", text)).transpose()?;
    let filter = Filter {
        open: open.unwrap_or(true),
        source: source.map(str::to_owned),
        kind: given(asked.kind.as_deref()).map(|text| inputs::one_of("/kind", text, kinds())).transpose()?,
        before_id: paging::id_of_cursor(asked.cursor.as_deref())?,
    };
    let rows = ingest_alarms::list(&state.store, &filter, limit as i64 + 1).await?;
    let page = List::page(rows, limit, |alarm| paging::cursor_of_id(alarm.id));
    Ok(Json(page.map(|alarm| AlarmView::spoken(alarm, language))))
}
