//! `GET /v1/price-lists`: all price lists.
//!
//! Owns: the answer.
//! Does not own: the lists.
//! Always: by code; an operator has some dozens, so there is one page.

use axum::Json;
use axum::extract::State;
use billing::price_lists;

use super::shown::PriceList;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Price lists
#[utoipa::path(
    get, path = "/v1/price-lists", operation_id = "price_lists", tag = "prices",
    responses((status = 200, description = "All of them, by code", body = List<PriceList>, example = json!({
        "items": [{"code": "retail", "name": "Розница", "kind": "retail", "provider": null, "currency": "RUB", "zone": "Europe/Moscow", "tax": "included",
                   "rounding": "half_up", "decimals": 2, "rows": 316_865, "revision": 3, "last_import": 12, "last_activated_at": "2026-07-01T10:00:00Z"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<PriceList>>, Problem> {
    let items = price_lists::lists(&state.store).await?.into_iter().map(PriceList::from).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
