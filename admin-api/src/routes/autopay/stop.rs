//! `POST /v1/accounts/{code}/autopay/stop`: switch automatic payment off.
//!
//! Owns: what the request says.
//! Does not own: automatic payment (`billing::autopayments`).
//! Always: the client gets a letter; only he switches it on again (B11).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::autopayments::stop;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Switch automatic payment off
///
/// The client is told by a letter. Nobody but he switches it on again, in his cabinet.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/autopay/stop", operation_id = "account_autopay_stop", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = Reason, example = json!({"reason": "просьба клиента по телефону"})),
    responses((status = 200, description = "It is off", body = Named, example = json!({"code": "A-000001"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("account_autopay_stop", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    stop(&mut change, code, reason).await?;
    writes::commit(change, &Named { code: code.to_owned() }).await
}
