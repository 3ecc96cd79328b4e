//! `GET /v1/accounts/{code}`: the card of an account: balance, credit terms, plan, who answers for it.
//!
//! Owns: how an account is shown.
//! Does not own: the account.
//! Always: the ETag is the revision that a later change may insist on.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::accounts::Account;
use chrono::{DateTime, Utc};
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
    /// Code of its legal entity; what belongs to one pays nothing of another (B37).
    legal_entity: String,
    /// Currency, ISO 4217.
    currency: String,
    /// Zone.
    zone: String,
    /// `prepaid` or `postpaid`.
    payment_mode: String,
    /// `none`, `monthly` or `days`.
    credit_policy: String,
    /// Credit limit, a decimal.
    credit_limit: String,
    /// Days from the issue of a payment invoice until it is overdue; `null`: for ever (B13).
    deferral_days: Option<i32>,
    /// Days from the issue until it stops work with services; `null`: never (B14).
    block_after_days: Option<i32>,
    /// Balance, a decimal; negative is debt.
    balance: String,
    /// Whether it is active.
    active: bool,
    /// `active`, `blocked` or `closed`.
    status: &'static str,
    /// Whether the client may use it: it is active, and in the currency that its legal entity has now (B13).
    available: bool,
    /// Code of the plan of now.
    plan: Option<String>,
    /// Login of who answers for it.
    responsible: Option<String>,
    /// Code of the card in the accounting program (L6).
    card_code: Option<String>,
    /// For staff.
    comment: String,
    /// When it was opened.
    opened_at: DateTime<Utc>,
    /// By whom.
    opened_by: String,
    /// When it was closed.
    closed_at: Option<DateTime<Utc>>,
    /// Raised by every change; also the ETag.
    revision: i64,
}

impl From<Account> for AccountView {
    fn from(account: Account) -> Self {
        Self {
            code: account.code,
            client: account.client,
            legal_entity: account.legal_entity,
            currency: account.currency,
            zone: account.zone,
            payment_mode: account.payment_mode,
            credit_policy: account.credit_policy,
            credit_limit: account.credit_limit.normalize().to_string(),
            deferral_days: account.deferral_days,
            block_after_days: account.block_after_days,
            balance: account.balance.normalize().to_string(),
            active: account.active,
            status: status(account.active, account.blocked),
            available: account.available,
            plan: account.plan,
            responsible: account.responsible,
            card_code: account.card_code,
            comment: account.comment,
            opened_at: account.opened_at,
            opened_by: account.opened_by,
            closed_at: account.closed_at,
            revision: account.revision,
        }
    }
}

/// Its state in a word (requirements 6.4).
pub(super) const fn status(is_active: bool, is_blocked: bool) -> &'static str {
    match (is_active, is_blocked) {
        (false, _) => "closed",
        (true, true) => "blocked",
        (true, false) => "active",
    }
}

/// An account with its balance, terms and plan
#[utoipa::path(
    get, path = "/v1/accounts/{code}", operation_id = "account_get", tag = "accounts",
    params(("code" = String, Path, description = "Code of the account", example = "A-000001")),
    responses((status = 200, description = "The account; the header ETag carries its revision", body = AccountView, example = json!({
        "code": "A-000001", "client": "C-000001", "legal_entity": "T", "currency": "RUB", "zone": "Europe/Moscow", "payment_mode": "postpaid",
        "credit_policy": "monthly", "credit_limit": "1000", "balance": "-12.5048", "active": true, "status": "active", "available": true, "plan": "base",
        "responsible": "ivanova", "card_code": "К-00017", "comment": "", "opened_at": "2026-07-01T10:00:00Z", "opened_by": "ivanova", "closed_at": null,
        "revision": 3
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
            legal_entity: "T".into(),
            currency: "RUB".into(),
            zone: "Europe/Moscow".into(),
            payment_mode: "postpaid".into(),
            credit_policy: "monthly".into(),
            credit_limit: "1000.00".parse().unwrap(),
            deferral_days: None,
            block_after_days: None,
            balance: "-0.000000001".parse().unwrap(),
            active: true,
            blocked: false,
            available: true,
            plan: None,
            responsible: None,
            card_code: None,
            comment: String::new(),
            opened_at: DateTime::UNIX_EPOCH,
            opened_by: "load".into(),
            closed_at: None,
            revision: 3,
        };
        let shown = serde_json::to_value(AccountView::from(account)).unwrap();
        assert_eq!(shown["credit_limit"], "1000");
        assert_eq!(shown["balance"], "-0.000000001");
        assert!(shown.get("id").is_none());
    }
}
