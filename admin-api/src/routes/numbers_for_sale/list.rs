//! `GET /v1/numbers-for-sale`: numbers searched for sale (M16, M17).
//!
//! Owns: the answer as a page.
//! Does not own: what the search says (`query`), how a number is shown (`shown`).
//! Always: in order of the number or of the price; `total` is exact up to 10,000.

use axum::Json;
use axum::extract::State;

use super::query::SaleQuery;
use super::shown::NumberForSale;
use crate::extract::Params;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Numbers for sale
///
/// By a mask, a region, a class, a price. A pool (no exact number) has to say which availability, and is of free numbers unless a state is named. A number may
/// be sold when it is free and its offer is green: `no_calls`, `ignore`, `forced`; `forced_for_one` only to the client for whom it was forced. What has
/// changed is found within a minute; whether a number can be attached is decided when it is.
#[utoipa::path(
    get, path = "/v1/numbers-for-sale", operation_id = "numbers_for_sale", tag = "numbers",
    params(SaleQuery),
    responses((status = 200, description = "Numbers, and where the next page begins", body = List<NumberForSale>, example = json!({
        "items": [{"number": "74955550001", "status": "free", "offer": "no_calls", "is_green": true, "region": "moscow", "region_name": "Москва",
                   "class": "bronze", "class_name": "Бронзовый", "provider": "mtt", "provider_name": "МТТ", "place": null, "kind": "ordinary", "mobile": false,
                   "price": "1500", "currency": "RUB", "forced_for": null, "last_call": null, "clear_from": null}],
        "next_cursor": null, "total": 1, "total_exact": true
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<SaleQuery>,
) -> Result<Json<List<NumberForSale>>, Problem> {
    asked.is_no_file()?;
    super::page(&state, &asked, false).await.map(Json)
}
