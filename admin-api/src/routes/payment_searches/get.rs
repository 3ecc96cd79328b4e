//! `GET /v1/payment-searches/{id}`: a request to find a payment.
//!
//! Owns: nothing.
//! Does not own: requests (`billing::payments`).
//! Always: the header ETag carries its revision.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;

use super::PaymentSearchView;
use crate::etag;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A request to find a payment
#[utoipa::path(
    get, path = "/v1/payment-searches/{id}", operation_id = "payment_search_get", tag = "payments",
    params(("id" = i64, Path, description = "Number of the request", example = 3)),
    responses((status = 200, description = "The request; the header ETag carries its revision", body = PaymentSearchView, example = json!({
        "id": 3, "state": "sent", "account": "A-000001", "inn": "7702000029", "card_code": "00-17", "bank_mark": "ИСПОЛНЕНО 01.07.2026 АО «Дальний Банк»",
        "order_number": "17", "order_date": "2026-07-01", "amount": "3270", "document_kind": "payment_invoice", "document_number": "123", "comment": null,
        "file": "order.pdf", "mail": 12, "payment": null, "answer": null, "answered_at": null, "answered_by": null, "created_at": "2026-07-02T10:00:00Z",
        "created_by": "petrov", "revision": 1
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let card = payments::search_card(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(etag::shown(card.revision, &PaymentSearchView::from(card)))
}
