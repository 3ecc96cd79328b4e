//! `PUT /v1/accounts/{code}/credit-limit`: change the credit limit (B14, B16).
//!
//! Owns: what the request says.
//! Does not own: what a limit may be (`billing::accounts`).
//! Always: no change without a reason; it is in the account's history and in the audit.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::accounts;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted credit limit.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreditLimit {
    /// The limit: a decimal as a string, at most two decimals.
    limit: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The limit in force.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreditLimitSet {
    /// Code of the account.
    code: String,
    /// Its credit limit, a decimal.
    credit_limit: String,
}

/// Change the credit limit
///
/// In force for the next call. Send `If-Match` with the revision you have seen to be sure that nobody changed the account in between, and
/// `Idempotency-Key` to be able to repeat the request safely. A raise above the setting `approval.credit_limit_above` is `approval_needed`: it is asked for
/// with `POST /v1/approvals`.
#[utoipa::path(
    put, path = "/v1/accounts/{code}/credit-limit", operation_id = "account_set_credit_limit", tag = "accounts",
    params(
        ("code" = String, Path, description = "Code of the account", example = "A-000001"),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = CreditLimit, example = json!({"limit": "1000.00", "reason": "letter of 1 July, request 4711"})),
    responses((status = 200, description = "Changed", body = CreditLimitSet, example = json!({"code": "A-000001", "credit_limit": "1000"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<CreditLimit>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", &code)?;
    let limit = inputs::amount("/limit", &body.value.limit)?.normalize();
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("account_set_credit_limit", code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    accounts::set_credit_limit(&mut change, code, limit, context.revision, reason).await?;
    writes::commit(change, &CreditLimitSet { code: code.to_owned(), credit_limit: limit.to_string() }).await
}
