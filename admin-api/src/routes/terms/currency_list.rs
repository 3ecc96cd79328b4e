//! `GET /v1/currencies`: the directory of currencies (B35).
//!
//! Owns: how a currency is shown.
//! Does not own: the directory.
//! Always: by code, all of them on one page: the standard has fewer than two hundred.

use axum::Json;
use axum::extract::State;
use billing::currencies::{self, CurrencyCard};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use crate::extract::Params;
use crate::inputs::{self, given};
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Which currencies.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct CurrenciesQuery {
    /// `true`: only those that may be chosen; `false`: only the others.
    active: Option<String>,
}

/// A currency.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CurrencyView {
    /// ISO 4217 code.
    code: String,
    /// ISO 4217 number; `null` = not of the standard.
    numeric_code: Option<String>,
    /// Name in Russian.
    name_ru: String,
    /// Name in English.
    name_en: String,
    /// Decimals of its smallest coin.
    minor_units: i16,
    /// Whether it may be chosen.
    active: bool,
}

impl From<CurrencyCard> for CurrencyView {
    fn from(card: CurrencyCard) -> Self {
        Self {
            code: card.code,
            numeric_code: card.numeric_code,
            name_ru: card.name_ru,
            name_en: card.name_en,
            minor_units: card.minor_units,
            active: card.active,
        }
    }
}

/// Currencies
#[utoipa::path(
    get, path = "/v1/currencies", operation_id = "currency_list", tag = "terms",
    params(CurrenciesQuery),
    responses((status = 200, description = "Currencies by code", body = List<CurrencyView>, example = json!({
        "items": [{"code": "KZT", "numeric_code": "398", "name_ru": "Казахстанский тенге", "name_en": "Kazakhstani tenge", "minor_units": 2, "active": true}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Params(asked): Params<CurrenciesQuery>,
) -> Result<Json<List<CurrencyView>>, Problem> {
    let active = given(asked.active.as_deref()).map(|text| inputs::flag("/active", text)).transpose()?;
    let items = currencies::list(&state.store, active).await?.into_iter().map(CurrencyView::from).collect();
    Ok(Json(List { items, next_cursor: None, total: None, total_exact: None }))
}
