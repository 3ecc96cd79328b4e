//! `DELETE /v1/accounts/{code}/contacts/{id}`: a contact of an account is none any more (S7).
//!
//! Owns: what the request says.
//! Does not own: contacts (`billing::clients`).
//! Always: nothing is erased; the audit keeps who he was.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Take a contact of an account away
#[utoipa::path(
    delete, path = "/v1/accounts/{code}/contacts/{id}", operation_id = "account_contact_end", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("id" = i64, Path, description = "Identifier of the contact", example = 3), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "уволилась"})),
    responses((status = 200, description = "Ended", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("account_contact_end", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    clients::end_account_contact(&mut change, &code, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
