//! `GET /v1/payments/{id}`: a payment with what it pays (B20).
//!
//! Owns: nothing.
//! Does not own: payments (`billing::payments`).
//! Always: what has ended is shown too.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payments;

use super::shown::PaymentView;
use crate::etag;
use crate::extract::Spoken;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A payment
#[utoipa::path(
    get, path = "/v1/payments/{id}", operation_id = "payment_get", tag = "payments",
    params(("id" = i64, Path, description = "Number of the payment", example = 17)),
    responses((status = 200, description = "The payment with its distribution and refunds; the header ETag carries its revision", body = PaymentView, example = json!({
        "id": 17, "source": "bank", "state": "booked", "legal_entity": "T", "bank_account": "40702810400000000001", "number": "17", "date": "2026-06-30",
        "value_date": "2026-07-01", "amount": "3270", "currency": "RUB",
        "payer": {"name": "ООО «Ромашка»", "inn": "7702000029", "kpp": "770201001", "account": "40702810900000000777", "bic": "042809111", "bank": null},
        "purpose": "Оплата по счёту № 123", "account": "A-000001", "posting": 41, "rule": "invoice", "doubt": null,
        "why": "Лицевой счёт A-000001: в назначении платежа назван счёт № 123", "candidates": [], "matched_at": "2026-07-02T06:00:00Z", "matched_by": "ivanova",
        "statement": 4, "intent": null, "moved_from": null, "moved_to": null, "agreement": null, "paid": "3270", "refunded": "0", "free": "0",
        "pays": [{"kind": "payment_invoice", "number": "123", "amount": "3270", "created_at": "2026-07-02T06:00:00Z", "created_by": "ivanova", "ended_at": null,
                  "ended_by": null}],
        "refunds": [], "receipts": [], "created_at": "2026-07-02T06:00:00Z", "created_by": "ivanova", "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let card = payments::card(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(etag::shown(card.revision, &PaymentView::new(card, language)))
}
