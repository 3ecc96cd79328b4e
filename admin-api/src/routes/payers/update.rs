//! `PUT /v1/clients/{code}/payers/{id}`: other requisites of a payer (B27).
//!
//! Owns: what the request says.
//! Does not own: payers (`billing::payers`).
//! Always: all requisites are named, what is absent is empty; documents that were issued keep what they say.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payers;

use super::{PayerView, WantedPayer};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Change a payer
#[utoipa::path(
    put, path = "/v1/clients/{code}/payers/{id}", operation_id = "payer_update", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the payer", example = 4), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedPayer, example = json!({
        "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "reason": "счёт закрыт"
    })),
    responses((status = 200, description = "Changed", body = PayerView, example = json!(
        {"id": 4, "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "address": "Москва, ул. Ленина, 1", "bank": "ПАО Сбербанк",
         "bik": "044525225", "settlement_account": "40702810938000000001", "correspondent_account": "30101810400000000225", "default": true,
         "created_at": "2026-07-01T10:00:00Z", "revision": 1}
    )))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<WantedPayer>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let wanted = body.value.read()?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("payer_update", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let payer = payers::update(&mut change, (&code, number), &wanted, context.revision, reason).await?;
    writes::commit(change, &PayerView::from(payer)).await
}
