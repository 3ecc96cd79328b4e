//! `GET /v1/cabinet/payers`: the client's payers (B27).
//!
//! Owns: nothing.
//! Does not own: payers (`billing::payers`).
//! Always: his own; closed ones are not among them.

use axum::Json;
use axum::extract::State;
use billing::payers;

use crate::cabinet_context::CabinetContext;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::payers::PayerView;
use crate::state::AppState;

/// Your payers
#[utoipa::path(
    get, path = "/v1/cabinet/payers", operation_id = "cabinet_payers", tag = "cabinet",
    responses((status = 200, description = "All of them", body = List<PayerView>, example = json!({"items": [
        {"id": 4, "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "address": "Москва, ул. Ленина, 1", "bank": "ПАО Сбербанк",
         "bik": "044525225", "settlement_account": "40702810938000000001", "correspondent_account": "30101810400000000225", "default": true,
         "created_at": "2026-07-01T10:00:00Z", "revision": 1}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CabinetContext,
) -> Result<Json<List<PayerView>>, Problem> {
    let payers = payers::list(&state.store, &context.visitor.client).await?.unwrap_or_default();
    let most = payers.len();
    Ok(Json(List::page(payers, most, |payer| payer.id.to_string()).map(PayerView::from)))
}
