//! `GET /v1/price-lists/{code}`: one price list.
//!
//! Owns: the answer.
//! Does not own: its rows (`rates`).
//! Always: as it stands now.

use axum::Json;
use axum::extract::{Path, State};

use super::shown::PriceList;
use crate::problem::Problem;
use crate::state::AppState;

/// A price list
#[utoipa::path(
    get, path = "/v1/price-lists/{code}", operation_id = "price_list", tag = "prices",
    params(("code" = String, Path, description = "Code of the list", example = "retail")),
    responses((status = 200, description = "The list", body = PriceList, example = json!({
        "code": "retail", "name": "Розница", "kind": "retail", "provider": null, "currency": "RUB", "zone": "Europe/Moscow", "tax": "included",
        "rounding": "half_up", "decimals": 2, "rows": 316_865, "revision": 3, "last_import": 12, "last_activated_at": "2026-07-01T10:00:00Z"
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<PriceList>, Problem> {
    Ok(Json(super::existing(&state, &code).await?.into()))
}
