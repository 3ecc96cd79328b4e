//! `GET /v1/clients/{code}/payers`: payers of a client (B27).
//!
//! Owns: nothing.
//! Does not own: payers (`billing::payers`).
//! Always: in the order in which they were added; closed ones are not among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::payers;

use super::PayerView;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// Payers of a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/payers", operation_id = "payer_list", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them", body = List<PayerView>, example = json!({"items": [
        {"id": 4, "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "address": "Москва, ул. Ленина, 1", "bank": "ПАО Сбербанк",
         "bik": "044525225", "settlement_account": "40702810938000000001", "correspondent_account": "30101810400000000225", "default": true,
         "created_at": "2026-07-01T10:00:00Z", "revision": 1}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<PayerView>>, Problem> {
    let payers = payers::list(&state.store, &code).await?.ok_or_else(|| no_client(&code))?;
    let most = payers.len();
    Ok(Json(List::page(payers, most, |payer| payer.id.to_string()).map(PayerView::from)))
}
