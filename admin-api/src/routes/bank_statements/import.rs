//! `POST /v1/bank-statements`: import a statement of a bank (L17).
//!
//! Owns: what the request carries and what is answered.
//! Does not own: reading, matching, booking (`billing::payments`).
//! Always: nothing is booked twice; where nothing is new, that is the answer.

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::response::Response;
use billing::payments::{self, NewStatement};

use super::{StatementQuery, StatementsView};
use crate::call_context::CallContext;
use crate::extract::{Params, Spoken};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Import a bank statement
///
/// The body is the file: `1CClientBankExchange` of version 1.01 to 1.03 (UTF-8, Windows-1251 or CP866), or a table (CSV, XLSX) with titles, up to 20 MB. A file with a
/// fault is refused as a whole, with all its faults (the first 100 are told). Every new line of money that came becomes a payment: on the account that the rules find,
/// or in the work list (`GET /v1/payments?state=unmatched`). Lines that an earlier statement had are known and book nothing; a file of which nothing is new is
/// `already_imported`. A payment that somebody entered by hand before is tied to its line. Days that were over when the bank made the file are complete once every bank
/// account of the legal entity has a statement of them (`GET /v1/bank-days`): checks of credit that wait for them go on within the hour.
#[utoipa::path(
    post, path = "/v1/bank-statements", operation_id = "bank_statement_import", tag = "payments",
    params(StatementQuery, ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = String, content_type = "text/plain", description = "The file", example = json!("1CClientBankExchange\nВерсияФормата=1.03\nКодировка=Windows\n...")),
    responses((status = 201, description = "Imported", body = StatementsView, example = json!({"statements": [{
        "id": 4, "account": "40702810400000000001", "legal_entity": "T", "currency": "RUB", "from": "2026-07-01", "to": "2026-07-01", "opening": "1000", "closing": "4270",
        "credited": "3270", "debited": "0", "lines": 1, "new": 1, "known": 0, "booked": 1, "waiting": 0, "entered": 0, "own": 0, "outgoing": 0, "problems": [],
        "new_lines": [{"row": 41, "number": "17", "day": "2026-07-01", "amount": "3270", "name": "ООО «Ромашка»", "inn": "7702000029",
                       "purpose": "Оплата по счёту № 123", "outcome": "booked", "account": "A-000001", "pays_first": [{"kind": "payment_invoice", "number": "123"}],
                       "because": "invoice", "why": "Лицевой счёт A-000001: в назначении платежа назван счёт № 123. Оплачиваются счета: № 123", "candidates": []}]
    }]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    context: CallContext,
    Params(asked): Params<StatementQuery>,
    RawQuery(query): RawQuery,
    body: Bytes,
) -> Result<Response, Problem> {
    let (account, name, whole, reason) = asked.read()?;
    let key = context.idempotency("bank_statement_import", &query.unwrap_or_default(), &body);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let new = NewStatement { name, media_type: "application/octet-stream", content: body.to_vec(), account, whole };
    let done = payments::import(&mut change, new, &reason).await?;
    writes::created(change, &StatementsView::new(done, language)).await
}
