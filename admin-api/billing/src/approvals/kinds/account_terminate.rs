//! `account.terminate`: the contract of a debtor is ended (M70).
//!
//! Owns: its payload, `{}`, and who approves it.
//! Does not own: whether it is due and what it does (`terminations`).
//! Always: one step; its revision is the notice of intention, so that a debt which is resolved, or noticed anew, makes the request stale.

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Order, Plan, Subject, read};
use crate::approvals::ApprovalError;
use crate::approvals::rules::Step;
use crate::change::Change;
use crate::staff::Permission;
use crate::terminations;

pub(super) const ENTITY: &str = "account";
pub(super) const NEEDS: Permission = Permission::ContractEdit;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

/// What is kept in a payload for whoever approves.
const SHOWN: &[&str] =
    &["notice", "noticed_on", "due_on", "owed", "debt", "currency", "contracts", "contracts_kept", "numbers"];

pub(super) async fn plan(connection: &mut PgConnection, subject: &Subject<'_>) -> Result<Plan, ApprovalError> {
    let Nothing {} = read(&shown_taken_off(subject.payload))?;
    let (notice, payload) = terminations::planned(connection, subject.entity_id, subject.now).await?;
    Ok(Plan { payload, revision: notice, steps: vec![Step::one(Permission::AccountTerminate)], consent: None })
}

pub(super) async fn execute(change: &mut Change, order: &Order<'_>) -> Result<(), ApprovalError> {
    terminations::terminate(change, order.entity_id, order.revision, order.reason).await?;
    Ok(())
}

fn shown_taken_off(payload: &Value) -> Value {
    let mut payload = payload.clone();
    if let Some(fields) = payload.as_object_mut() {
        fields.retain(|name, _| !SHOWN.contains(&name.as_str()));
    }
    if payload.is_null() { json!({}) } else { payload }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads() {
        for (payload, is_good) in [
            (json!({}), true),
            (json!(null), true),
            (json!({"notice": 7, "owed": "1000", "contracts": ["2026-17"], "numbers": 1}), true),
            (json!({"limit": "1"}), false),
        ] {
            assert_eq!(read::<Nothing>(&shown_taken_off(&payload)).is_ok(), is_good, "{payload}");
        }
    }
}
