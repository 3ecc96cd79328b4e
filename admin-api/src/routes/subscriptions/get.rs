//! `GET /v1/products-of-accounts/{id}`: a product of an account, with its subscribers and their history (M22).
//!
//! Owns: nothing.
//! Does not own: products of accounts (`billing::subscriptions`).
//! Always: the header ETag carries its revision.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::subscriptions;

use super::ProductOfAccountView;
use crate::etag;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A product of an account
#[utoipa::path(
    get, path = "/v1/products-of-accounts/{id}", operation_id = "product_of_account_get", tag = "subscriptions",
    params(("id" = i64, Path, description = "Identifier of the product of the account", example = 7)),
    responses((status = 200, description = "The product; the header ETag carries its revision", body = ProductOfAccountView, example = json!({
        "id": 7, "account": "A-000001", "client": "C-000001", "product": "telephony", "product_name": "Услуги связи", "quantity": 1, "status": "in_work",
        "planned_activation": null, "offer_accepted_at": null, "activated_at": "2026-07-01T10:05:00Z", "next_payment_date": null, "ends_at": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "closed_at": null, "close_reason": null, "numbers": 1,
        "subscribers": [{
        "id": 12, "product_of_account": 7, "account": "A-000001", "product": "telephony", "number": "74951201031", "status": "in_work",
        "created_at": "2026-07-01T10:00:00Z", "created_by": "ivanova", "reserved_from": "2026-07-01", "reserved_through": "2026-07-13",
        "activated_at": "2026-07-01T10:05:00Z", "closed_at": null, "closed_by": null, "closed_for": null, "close_reason": null, "replaces": null,
        "replaced_by": null, "revision": 2
    }], "revision": 2
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let card = subscriptions::instance(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(etag::shown(card.revision, &ProductOfAccountView::from(card)))
}
