//! `POST /v1/bank-statements/preview`: what a statement of a bank would do.
//!
//! Owns: what the request carries and what is answered.
//! Does not own: reading and matching (`billing::payments`).
//! Always: nothing is written.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use billing::payments;

use super::{StatementQuery, StatementsView};
use crate::extract::{Params, Spoken};
use crate::problem::Problem;
use crate::state::AppState;

/// Look at what a bank statement would do
///
/// The same file as for the import: which of its lines are new, to which accounts they would go and why, which would wait. Nothing is written.
#[utoipa::path(
    post, path = "/v1/bank-statements/preview", operation_id = "bank_statement_preview", tag = "payments",
    params(StatementQuery),
    request_body(content = String, content_type = "text/plain", description = "The file", example = json!("1CClientBankExchange\nВерсияФормата=1.03\nКодировка=Windows\n...")),
    responses((status = 200, description = "What would be done", body = StatementsView, example = json!({"statements": [{
        "id": null, "account": "40702810400000000001", "legal_entity": "T", "currency": "RUB", "from": "2026-07-01", "to": "2026-07-01", "opening": "1000", "closing": "4270",
        "credited": "3270", "debited": "0", "lines": 1, "new": 1, "known": 0, "booked": 1, "waiting": 0, "entered": 0, "own": 0, "outgoing": 0, "problems": [],
        "new_lines": [{"row": 41, "number": "17", "day": "2026-07-01", "amount": "3270", "name": "ООО «Ромашка»", "inn": "7702000029",
                       "purpose": "Оплата по счёту № 123", "outcome": "booked", "account": "A-000001", "pays_first": [{"kind": "payment_invoice", "number": "123"}],
                       "because": "invoice", "why": "Лицевой счёт A-000001: в назначении платежа назван счёт № 123. Оплачиваются счета: № 123", "candidates": []}]
    }]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    Params(asked): Params<StatementQuery>,
    body: Bytes,
) -> Result<Json<StatementsView>, Problem> {
    let (account, ..) = asked.read()?;
    let seen = payments::preview(&state.store, body.to_vec(), account).await?;
    Ok(Json(StatementsView::new(seen, language)))
}
