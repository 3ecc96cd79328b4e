//! `GET /v1/price-lists/{code}/rates`: the rows of a list.
//!
//! Owns: the filters as callers write them, the cursor.
//! Does not own: the rows.
//! Always: by prefix; as the list is from a moment on, announced rows included unless they are not wanted.

use axum::Json;
use axum::extract::{Path, State};
use billing::price_lists::{self, RateFilter};
use serde::Deserialize;
use utoipa::IntoParams;

use super::given;
use super::shown::RateRow;
use crate::extract::Params;
use crate::inputs;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Which rows.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct RatesQuery {
    /// Only prefixes that begin so.
    #[param(example = "7916")]
    prefix: Option<String>,
    /// As the list is from this moment (RFC 3339) or day on; now, if empty.
    #[param(example = "2026-07-01")]
    at: Option<String>,
    /// `yes`: only rows in force at that moment, not those announced for later.
    only_in_force: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Rows of a price list
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/rates", operation_id = "price_list_rates", tag = "prices",
    params(("code" = String, Path, description = "Code of the list", example = "retail"), RatesQuery),
    responses((status = 200, description = "Rows, by prefix", body = List<RateRow>, example = json!({
        "items": [{"id": 17, "prefix": "7916", "service": null, "incoming_service": null, "provider": null, "place": null, "origin": null,
                   "from": "2026-06-30T21:00:00Z", "to": null, "tiers": "0:60@1.5/60", "bands": [], "connect_fee": "0", "attempt_fee": "0",
                   "free_seconds": 0, "minimum": "0", "maximum": null}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<RatesQuery>,
) -> Result<Json<List<RateRow>>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let list = super::existing(&state, &code).await?;
    let zone = super::zone_of(&list);
    let at = given(asked.at.as_deref()).map(|text| inputs::moment("/at", text, zone, false)).transpose()?;
    let filter = RateFilter {
        at: at.unwrap_or(state.clock.now()),
        only_in_force: super::options::yes_or_no("/only_in_force", asked.only_in_force.as_deref())?,
        prefix: super::prefix_filter(asked.prefix.as_deref())?,
        after: paging::keyed_of_cursor(asked.cursor.as_deref())?,
    };
    let rows = price_lists::rates(&state.store, list.id, &filter, limit as i64 + 1).await?;
    let page = List::page(rows, limit, |row| paging::cursor_of_keyed(&row.prefix, row.id));
    Ok(Json(page.map(RateRow::from)))
}
