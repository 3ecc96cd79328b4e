//! `account.credit_limit`: a credit limit above what one person may give (setting `approval.credit_limit_above`).
//!
//! Owns: its payload, `{"limit": "1500.00"}`, and who approves it.
//! Does not own: what a limit may be (`accounts`).
//! Always: one step; the account is as it was when the limit was asked for.

use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Order, Plan, Subject, read};
use crate::accounts;
use crate::approvals::ApprovalError;
use crate::approvals::rules::Step;
use crate::change::Change;
use crate::settings;
use crate::staff::Permission;

pub(super) const ENTITY: &str = "account";
pub(super) const NEEDS: Permission = Permission::AccountCredit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    limit: String,
}

fn limit(payload: &Value) -> Result<Decimal, ApprovalError> {
    let wanted: Wanted = read(payload)?;
    let limit = settings::amount(&wanted.limit).map(|limit| limit.normalize());
    limit.ok_or(ApprovalError::Limit)
}

pub(super) async fn plan(connection: &mut PgConnection, subject: &Subject<'_>) -> Result<Plan, ApprovalError> {
    let limit = limit(subject.payload)?;
    let credit = accounts::credit_of(connection, subject.entity_id, limit, subject.hold).await?;
    Ok(Plan {
        payload: json!({"limit": limit.to_string()}),
        revision: credit.revision,
        steps: vec![Step::one(Permission::AccountCreditApprove)],
        consent: None,
    })
}

pub(super) async fn execute(change: &mut Change, order: &Order<'_>) -> Result<(), ApprovalError> {
    let limit = limit(order.payload)?;
    accounts::set_approved_credit_limit(change, order.entity_id, limit, order.revision, order.reason).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads() {
        for (payload, expected) in [
            (json!({"limit": "1500.00"}), Some("1500")),
            (json!({"limit": "0"}), Some("0")),
            (json!({"limit": "-1"}), None),
            (json!({"limit": "1.005"}), None),
            (json!({"limit": 1500}), None),
            (json!({"limit": "1", "currency": "RUB"}), None),
            (json!({}), None),
            (json!(null), None),
        ] {
            assert_eq!(limit(&payload).ok().map(|limit| limit.to_string()).as_deref(), expected, "{payload}");
        }
    }
}
