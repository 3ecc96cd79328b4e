//! `GET /v1/accounts/{code}`: balance and credit terms.
//!
//! Owns: how an account is shown.
//! Does not own: the account.
//! Always: the ETag is the revision that a later change may insist on.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::accounts::Account;
use serde::Serialize;
use utoipa::ToSchema;

use crate::etag;
use crate::problem::Problem;
use crate::state::AppState;

/// An account.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AccountView {
    /// Code.
    code: String,
    /// Code of its client.
    client: String,
    /// Currency, ISO 4217.
    currency: String,
    /// `prepaid` or `postpaid`.
    payment_mode: String,
    /// `none`, `monthly` or `days`.
    credit_policy: String,
    /// Credit limit, a decimal.
    credit_limit: String,
    /// Balance, a decimal; negative is debt.
    balance: String,
    /// Whether it is active.
    active: bool,
    /// Code of the plan of now.
    plan: Option<String>,
    /// Raised by every change; also the ETag.
    revision: i64,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            code: account.code,
            client: account.client,
            currency: account.currency,
            payment_mode: account.payment_mode,
            credit_policy: account.credit_policy,
            credit_limit: account.credit_limit.normalize().to_string(),
            balance: account.balance.normalize().to_string(),
            active: account.active,
            plan: account.plan,
            revision: account.revision,
        }
    }
}

/// An account with its balance and credit terms
#[utoipa::path(
    get, path = "/v1/accounts/{code}", operation_id = "account_get", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "The account; the header ETag carries its revision", body = AccountView, example = json!({
        "code": "A-000001", "client": "C-000001", "currency": "RUB", "payment_mode": "postpaid", "credit_policy": "monthly",
        "credit_limit": "1000", "balance": "-12.5048", "active": true, "plan": "base", "revision": 3
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(code): Path<String>) -> Result<Response, Problem> {
    let account = super::existing(&state, &code).await?;
    Ok(etag::shown(account.revision, &AccountView::from(account)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_plain_decimals() {
        let account = Account {
            id: 1,
            code: "A-1".into(),
            client: "C-1".into(),
            currency: "RUB".into(),
            payment_mode: "postpaid".into(),
            credit_policy: "monthly".into(),
            credit_limit: "1000.00".parse().unwrap(),
            balance: "-0.000000001".parse().unwrap(),
            active: true,
            plan: None,
            revision: 3,
        };
        let shown = serde_json::to_value(AccountView::from(account)).unwrap();
        assert_eq!(shown["credit_limit"], "1000");
        assert_eq!(shown["balance"], "-0.000000001");
        assert!(shown.get("id").is_none());
    }
}
