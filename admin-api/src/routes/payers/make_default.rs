//! `POST /v1/clients/{code}/payers/{id}/default`: documents name this payer when nobody says which (B27).
//!
//! Owns: what the request says.
//! Does not own: payers (`billing::payers`).
//! Always: one of a client's payers at most is the default.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payers;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Make a payer the default
#[utoipa::path(
    post, path = "/v1/clients/{code}/payers/{id}/default", operation_id = "payer_default", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the payer", example = 4), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "письмо клиента"})),
    responses((status = 200, description = "Done", body = Numbered, example = json!({"id": 4})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("payer_default", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    payers::make_default(&mut change, (&code, number), reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
