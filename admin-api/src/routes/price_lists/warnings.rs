//! `GET /v1/price-lists/{code}/warnings`: where a list in force sells below cost.
//!
//! Owns: what is asked, and the answer.
//! Does not own: the comparison (`billing::price_lists`).
//! Always: computed from the snapshot in force; the greatest loss first.

use axum::Json;
use axum::extract::{Path, State};
use billing::price_lists;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::given;
use super::shown::LossView;
use crate::extract::Params;
use crate::inputs;
use crate::paging;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// What is compared.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct WarningsQuery {
    /// The moment (RFC 3339) or day; now, if empty.
    at: Option<String>,
    /// Length of the reference call; 60.
    #[param(example = "60")]
    reference_seconds: Option<String>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Rows on a page: 100 by default, 5000 at most.
    #[param(example = "100")]
    limit: Option<String>,
}

/// Losses of a list.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Warnings {
    /// They.
    items: Vec<LossView>,
    /// Where the next page begins; `null` on the last one.
    next_cursor: Option<String>,
    /// How many there are.
    total: usize,
    /// Lists that could not be compared with: no general exchange rate into the issuer's currency, or no tax rate of that day.
    not_compared: Vec<String>,
    /// Version of the catalogue that answered.
    version: u64,
}

/// Losses of a price list
///
/// Destinations whose retail price lies below the wholesale price of a provider: of a retail list against all providers, of a wholesale list against
/// all retail lists that plans use.
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/warnings", operation_id = "price_list_warnings", tag = "prices",
    params(("code" = String, Path, description = "Code of the list", example = "retail"), WarningsQuery),
    responses((status = 200, description = "Losses, the greatest first", body = Warnings, example = json!({
        "items": [{"retail_list": "retail", "provider": "mts", "prefix": "79", "retail": "0.983606557", "wholesale": "1.2", "loss": "0.216393443",
                   "percent": "18.0328"}],
        "next_cursor": null, "total": 1, "not_compared": [], "version": 7
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
    Params(asked): Params<WarningsQuery>,
) -> Result<Json<Warnings>, Problem> {
    let limit = paging::limit(asked.limit.as_deref(), &*state.settings()?)?;
    let after = super::after(asked.cursor.as_deref())? as usize;
    let seconds = super::options::reference_seconds(asked.reference_seconds.as_deref())?;
    let list = super::existing(&state, &code).await?;
    let zone = super::zone_of(&list);
    let at = given(asked.at.as_deref()).map(|text| inputs::moment("/at", text, zone, false)).transpose()?;
    let (snapshot, at) = (state.snapshot()?, at.unwrap_or(state.clock.now()));
    let version = snapshot.version;
    // All prefixes of all lists: that is work for another thread.
    let work = move || price_lists::losses_of_list(&snapshot, list.id, at, seconds);
    let found = tokio::task::spawn_blocking(work).await.map_err(|_| Problem::new(Code::Internal))?;
    let total = found.losses.len();
    let items: Vec<LossView> = found.losses.iter().skip(after).take(limit).map(LossView::from).collect();
    let end = after.saturating_add(items.len());
    let next_cursor = (end < total).then(|| paging::cursor_of_id(end as i64));
    Ok(Json(Warnings { items, next_cursor, total, not_compared: found.not_compared, version }))
}
