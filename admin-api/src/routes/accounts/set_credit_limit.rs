//! `PUT /v1/accounts/{code}/credit-limit`: change the credit limit (B14, B16).
//!
//! Owns: what the request says, and which problem each refusal is.
//! Does not own: what a limit may be (`billing::accounts`).
//! Always: no change without a reason; it is in the account's history and in the audit.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::accounts::{self, AccountError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::language::Text;
use crate::problem::{Code, Problem};
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

impl From<AccountError> for Problem {
    fn from(error: AccountError) -> Self {
        match error {
            AccountError::NotFound => Self::new(Code::NotFound),
            AccountError::BadLimit => Self::field(
                "/limit",
                Text::fixed(
                    "Лимит от 0 до 999999999.99, не больше двух знаков после точки",
                    "A limit is 0 to 999999999.99 with at most two decimals",
                ),
            ),
            AccountError::NoCreditPolicy => Self::new(Code::CreditPolicyConflict).because(Text::fixed(
                "У счёта без кредитной политики лимита нет",
                "An account with credit policy `none` has no limit",
            )),
            AccountError::ApprovalNeeded(most) => Self::new(Code::ApprovalNeeded).because(Text::new(
                format!(
                    "Лимит выше {most} согласует руководитель: POST /v1/approvals с kind account.credit_limit, кодом счёта в entity_id и payload {{\"limit\": ..}}"
                ),
                format!(
                    "A head approves a limit above {most}: POST /v1/approvals with kind account.credit_limit, the code of the account as entity_id and payload {{\"limit\": ..}}"
                ),
            )),
            AccountError::Stale => Self::new(Code::Stale),
            AccountError::Store(error) => error.into(),
        }
    }
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
        ("If-Match" = Option<String>, Header, description = "Revision in quotes, as the ETag gave it"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        for (error, code) in [
            (AccountError::NotFound, Code::NotFound),
            (AccountError::BadLimit, Code::Validation),
            (AccountError::NoCreditPolicy, Code::CreditPolicyConflict),
            (AccountError::ApprovalNeeded(1000.into()), Code::ApprovalNeeded),
            (AccountError::Stale, Code::Stale),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
    }
}
