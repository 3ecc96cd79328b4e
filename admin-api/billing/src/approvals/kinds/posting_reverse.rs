//! `posting.reverse`: a posting is taken back (M43).
//!
//! Owns: its payload, `{}`, and who approves it: the director of sales, then the settlement department, which executes it (A25).
//! Does not own: which postings can be taken back (`ledger`), what payments that paid it pay then (`payments`).
//! Always: a posting does not change, so its revision is 1; one that was taken back meanwhile is refused.

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Order, Plan, Subject, read};
use crate::approvals::ApprovalError;
use crate::approvals::rules::Step;
use crate::change::Change;
use crate::ledger;
use crate::payments;
use crate::staff::Permission;

pub(super) const ENTITY: &str = "posting";
pub(super) const NEEDS: Permission = Permission::PostingReversalRequest;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

fn id(text: &str) -> Result<i64, ApprovalError> {
    text.parse().map_err(|_| ApprovalError::NoEntity)
}

pub(super) async fn plan(connection: &mut PgConnection, subject: &Subject<'_>) -> Result<Plan, ApprovalError> {
    let Nothing {} = read(&shown_taken_off(subject.payload))?;
    let posting = ledger::reversible(connection, id(subject.entity_id)?, subject.hold).await?;
    Ok(Plan {
        payload: posting.shown(),
        revision: 1,
        steps: vec![Step::one(Permission::PostingReversalApprove), Step::one(Permission::PostingReversalExecute)],
        consent: None,
    })
}

pub(super) async fn execute(change: &mut Change, order: &Order<'_>) -> Result<(), ApprovalError> {
    let posting = id(order.entity_id)?;
    ledger::reverse_approved(change, posting, order.reason).await?;
    payments::charge_taken_back(change, posting).await?;
    Ok(())
}

/// A payload without what is kept in it for whoever approves.
fn shown_taken_off(payload: &Value) -> Value {
    let mut payload = payload.clone();
    if let Some(fields) = payload.as_object_mut() {
        for name in ["account", "kind", "amount"] {
            fields.remove(name);
        }
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
            (json!({"account": "A-1", "kind": "charge", "amount": "-300"}), true),
            (json!({"limit": "1"}), false),
        ] {
            assert_eq!(read::<Nothing>(&shown_taken_off(&payload)).is_ok(), is_good, "{payload}");
        }
    }
}
