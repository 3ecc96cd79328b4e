//! `PUT /v1/accounts/{code}/critical-balance`: set the critical balance (M31).
//!
//! Owns: what the request says.
//! Does not own: the critical balance (`billing::blocks`).
//! Always: without one the client is not told.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::blocks;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted critical balance.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CriticalBalance {
    /// A decimal as a string, at most two decimals; absent or empty: the client is not told.
    amount: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Set the critical balance
///
/// At or below it the client is told, once in five days at most.
#[utoipa::path(
    put, path = "/v1/accounts/{code}/critical-balance", operation_id = "account_critical_balance_set", tag = "ledger",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = CriticalBalance, example = json!({"amount": "200.00", "reason": "просьба клиента"})),
    responses((status = 200, description = "Set", body = Named, example = json!({"code": "A-000001"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<CriticalBalance>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let asked = &body.value;
    let amount = given(asked.amount.as_deref()).map(|text| inputs::amount("/amount", text)).transpose()?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("account_critical_balance_set", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    blocks::set_critical_balance(&mut change, code, amount, reason).await?;
    writes::commit(change, &Named { code: code.to_owned() }).await
}
