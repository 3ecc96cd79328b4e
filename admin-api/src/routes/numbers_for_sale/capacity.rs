//! `GET /v1/number-capacity`: how many numbers there are of whom and where, and in which state (M12, M16).
//!
//! Owns: how a row is shown.
//! Does not own: the count (`billing::numbers::shelf`).
//! Always: every number stands in exactly one row and one state of it.

use axum::Json;
use axum::extract::State;
use billing::numbers::shelf::CapacityRow;
use serde::Serialize;
use utoipa::ToSchema;

use crate::paging::List;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// Numbers of a provider and a region.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CapacityView {
    /// Code of the provider; `null`: our own numbers.
    provider: Option<String>,
    /// Its name.
    provider_name: Option<String>,
    /// Code of the region; `null`: not said.
    region: Option<String>,
    /// Its name.
    region_name: Option<String>,
    /// Free ones.
    free: u64,
    /// Reserved ones.
    reserved: u64,
    /// In work.
    in_work: u64,
    /// In quarantine.
    archive: u64,
    /// Withdrawn ones: ported out, or returned.
    withdrawn: u64,
    /// Free and green: what everybody may buy.
    for_sale: u64,
}

impl From<CapacityRow> for CapacityView {
    fn from(row: CapacityRow) -> Self {
        let [free, reserved, in_work, archive, withdrawn] = row.of_status;
        let (provider, provider_name) = row.provider.map(|named| (named.code, named.name)).unzip();
        let (region, region_name) = row.region.map(|named| (named.code, named.name)).unzip();
        let for_sale = row.for_sale;
        Self { provider, provider_name, region, region_name, free, reserved, in_work, archive, withdrawn, for_sale }
    }
}

/// Capacity by provider and region
#[utoipa::path(
    get, path = "/v1/number-capacity", operation_id = "number_capacity", tag = "numbers",
    responses((status = 200, description = "Numbers by provider, region and state", body = List<CapacityView>, example = json!({
        "items": [{"provider": "mtt", "provider_name": "МТТ", "region": "moscow", "region_name": "Москва", "free": 900, "reserved": 20, "in_work": 8000,
                   "archive": 1000, "withdrawn": 80, "for_sale": 640}],
        "next_cursor": null, "total": 1, "total_exact": true
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<CapacityView>>, Problem> {
    let shelf = state.shelf.shelf()?;
    let today = super::today(&state, shelf.zone());
    let counting = tokio::task::spawn_blocking(move || shelf.capacity(today));
    let rows = counting.await.map_err(|_| Problem::new(Code::Internal))?;
    let items: Vec<CapacityView> = rows.into_iter().map(CapacityView::from).collect();
    let total = Some(items.len() as u64);
    Ok(Json(List { items, next_cursor: None, total, total_exact: Some(true) }))
}
