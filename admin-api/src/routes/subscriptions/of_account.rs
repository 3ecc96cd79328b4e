//! `GET /v1/accounts/{code}/products`: products of an account.
//!
//! Owns: nothing.
//! Does not own: products of accounts (`billing::subscriptions`).
//! Always: the newest first; closed ones are among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::subscriptions;

use super::ProductOfAccountView;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Products of an account
#[utoipa::path(
    get, path = "/v1/accounts/{code}/products", operation_id = "product_of_account_list", tag = "subscriptions",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "All of them, the newest first", body = List<ProductOfAccountView>, example = json!({"items": [{
        "id": 7, "account": "A-000001", "client": "C-000001", "product": "telephony", "product_name": "Услуги связи", "quantity": 1, "status": "in_work",
        "planned_activation": null, "offer_accepted_at": null, "activated_at": "2026-07-01T10:05:00Z", "next_payment_date": null, "ends_at": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": null, "close_reason": null, "numbers": 1,
        "subscribers": [], "revision": 2
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<ProductOfAccountView>>, Problem> {
    let cards = subscriptions::of_account(&state.store, &code).await?.ok_or_else(|| Problem::no_account(&code))?;
    let most = cards.len();
    Ok(Json(List::page(cards, most, |card| card.id.to_string()).map(ProductOfAccountView::from)))
}
