//! `DELETE /v1/clients/{code}`: delete a client without history (B8).
//!
//! Owns: what the request says.
//! Does not own: what stands against it (`billing::clients`).
//! Always: his number is never used again; the audit keeps that he and his accounts were.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Delete a client without history
///
/// Refused while he has payments, charges or services (`has_history`) or an active account (`has_active_accounts`); his closed accounts go with him.
#[utoipa::path(
    delete, path = "/v1/clients/{code}", operation_id = "client_delete", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "создан по ошибке"})),
    responses((status = 200, description = "Deleted", body = Named, example = json!({"code": "C-000001"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("client_delete", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    clients::delete(&mut change, &code, reason).await?;
    writes::commit(change, &Named { code }).await
}
