//! `POST /v1/accounts/{code}/close`: close an account (B13, B15).
//!
//! Owns: what the request says.
//! Does not own: what stands against it (`billing::accounts`).
//! Always: nothing is erased; its plan ends now.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::accounts;

use super::get::AccountView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Close an account
///
/// Refused while its balance is not zero, it has numbers, or its calls are under way (`calls_under_way` names them). Calls that took place before are charged to it all the same.
#[utoipa::path(
    post, path = "/v1/accounts/{code}/close", operation_id = "account_close", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "договор расторгнут"})),
    responses((status = 200, description = "Closed", body = AccountView, example = json!({
        "code": "A-000001", "client": "C-000001", "legal_entity": "T", "currency": "RUB", "zone": "Europe/Moscow", "payment_mode": "prepaid",
        "credit_policy": "none", "credit_limit": "0", "balance": "0", "active": false, "status": "closed", "available": false, "plan": null,
        "responsible": "ivanova", "card_code": "К-00017", "comment": "", "opened_at": "2026-07-01T10:00:00Z", "opened_by": "ivanova",
        "closed_at": "2026-07-31T10:00:00Z", "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("account_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    accounts::close(&mut change, &code, context.revision, reason).await?;
    let account = accounts::changed(&mut change, &code).await?;
    writes::commit(change, &AccountView::from(account)).await
}
