//! `POST /v1/clients/{code}/payers`: another payer of a client (B27).
//!
//! Owns: what the request says.
//! Does not own: payers (`billing::payers`).
//! Always: the first one is the default.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payers;

use super::WantedPayer;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Add a payer
#[utoipa::path(
    post, path = "/v1/clients/{code}/payers", operation_id = "payer_add", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedPayer, example = json!({
        "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "bik": "044525225",
        "settlement_account": "40702810938000000001", "reason": "карточка предприятия"
    })),
    responses((status = 201, description = "Added", body = Numbered, example = json!({"id": 4})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedPayer>,
) -> Result<Response, Problem> {
    let new = body.value.read()?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("payer_add", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = payers::add(&mut change, &code, &new, reason).await?;
    writes::created(change, &Numbered { id }).await
}
