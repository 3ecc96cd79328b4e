//! `PUT /v1/accounts/{code}/legal-hold`: put an account under a legal hold, or lift it (A40).
//!
//! Owns: what the request says.
//! Does not own: what it stops (`billing::cleaning`).
//! Always: no change without a reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::cleaning;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted hold.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedHold {
    /// Whether it is to hold.
    hold: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// An account with its hold.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct HoldView {
    /// Code of the account.
    code: String,
    /// Whether it is under a legal hold.
    legal_hold: bool,
}

/// Put an account under a legal hold, or lift it
///
/// While it holds, nothing of the account's client is cleaned or destroyed.
#[utoipa::path(
    put, path = "/v1/accounts/{code}/legal-hold", operation_id = "account_legal_hold", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedHold, example = json!({"hold": true, "reason": "запрос суда от 1 июля"})),
    responses((status = 200, description = "Changed", body = HoldView, example = json!({"code": "A-000001", "legal_hold": true})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedHold>,
) -> Result<Response, Problem> {
    let legal_hold = body.value.hold;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("account_legal_hold", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    cleaning::set_hold(&mut change, &code, legal_hold, reason).await?;
    writes::commit(change, &HoldView { code, legal_hold }).await
}
