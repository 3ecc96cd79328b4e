//! `GET /v1/payment-methods/{code}`: a payment method.
//!
//! Owns: nothing.
//! Does not own: payment methods (`billing::payment_methods`).
//! Always: the header ETag carries its revision; a closed one can be read.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::payment_methods;

use super::PaymentMethodView;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A payment method
#[utoipa::path(
    get, path = "/v1/payment-methods/{code}", operation_id = "payment_method_get", tag = "terms",
    params(("code" = String, Path, description = "Code of the method", example = "cash_office")),
    responses((status = 200, description = "The card; the header ETag carries its revision", body = PaymentMethodView, example = json!({
        "code": "cash_office", "name_ru": "Касса", "name_en": "Cash office", "kind": "cash", "legal_entity": "T", "active": true, "groups": ["partners"],
        "created_at": "2026-07-01T10:00:00Z", "created_by": "petrova", "closed_at": null, "revision": 2
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let method = payment_methods::method(&state.store, &code).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(([(ETAG, format!("\"{}\"", method.revision))], Json(PaymentMethodView::from(method))).into_response())
}
