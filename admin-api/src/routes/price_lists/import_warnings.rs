//! `GET /v1/price-lists/{code}/imports/{id}/warnings`: where a draft sells below cost, or makes other lists do so.
//!
//! Owns: the answer.
//! Does not own: the comparison, which was made when the file was imported.
//! Always: the greatest loss first; the 10,000 greatest are kept, the summary of the import counts all.

use axum::Json;
use axum::extract::{Path, State};
use billing::price_lists;

use super::imports::ImportsQuery;
use super::shown::LossView;
use crate::extract::Params;
use crate::paging::{self, List};
use crate::problem::Problem;
use crate::state::AppState;

/// Losses of an import
///
/// Destinations whose retail price lies below the wholesale price of a provider, by the reference call, in the issuer's currency and without tax.
#[utoipa::path(
    get, path = "/v1/price-lists/{code}/imports/{id}/warnings", operation_id = "price_import_warnings", tag = "prices",
    params(
        ("code" = String, Path, description = "Code of the list", example = "retail"),
        ("id" = String, Path, description = "Number of the import", example = "12"),
        ImportsQuery
    ),
    responses((status = 200, description = "Losses, the greatest first", body = List<LossView>, example = json!({
        "items": [{"retail_list": "retail", "provider": "mts", "prefix": "79", "retail": "0.983606557", "wholesale": "1.2", "loss": "0.216393443",
                   "percent": "18.0328"}],
        "next_cursor": null
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path((code, id)): Path<(String, String)>,
    Params(asked): Params<ImportsQuery>,
) -> Result<Json<List<LossView>>, Problem> {
    let (cursor, limit) = asked.page();
    let limit = paging::limit(limit, &*state.settings()?)?;
    let after = super::after(cursor)?;
    let (_, import) = super::existing_import(&state, &code, &id).await?;
    let losses = price_lists::losses_of_draft(&state.store, import.id, after, limit as i64 + 1).await?;
    let page = List::page(losses, limit, |(no, _)| paging::cursor_of_id((*no).into()));
    Ok(Json(page.map(|(_, loss)| LossView::from(&loss))))
}
