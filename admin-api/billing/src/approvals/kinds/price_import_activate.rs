//! `price_import.activate`: an imported price list is put in force by a second person (setting `approval.price_import`).
//!
//! Owns: its payload, `{"backdate": false}`, and who approves it.
//! Does not own: what may be put in force (`price_lists`).
//! Always: one step, of somebody who neither asked for it nor imported the prices; the list is as it was when it was asked for.

use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Order, Plan, Subject, read};
use crate::approvals::ApprovalError;
use crate::approvals::rules::Step;
use crate::change::Change;
use crate::price_lists;
use crate::staff::Permission;

pub(super) const ENTITY: &str = "price_import";
pub(super) const NEEDS: Permission = Permission::PriceImport;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    backdate: bool,
}

/// Whether the date of the draft may be past.
fn backdate(payload: &Value) -> Result<bool, ApprovalError> {
    let wanted: Wanted = read(payload)?;
    Ok(wanted.backdate)
}

/// The number of an import.
fn import(entity_id: &str) -> Result<i64, ApprovalError> {
    // As it is written, so that one import is asked for under one name.
    let number = entity_id.parse::<i64>().ok().filter(|number| *number > 0 && number.to_string() == entity_id);
    number.ok_or(ApprovalError::NoEntity)
}

pub(super) async fn plan(connection: &mut PgConnection, subject: &Subject<'_>) -> Result<Plan, ApprovalError> {
    let backdate = backdate(subject.payload)?;
    let draft = price_lists::waiting(connection, import(subject.entity_id)?, subject.hold).await?;
    Ok(Plan {
        payload: json!({"backdate": backdate}),
        revision: draft.revision,
        steps: vec![Step::one(Permission::PriceActivate).but(&draft.author)],
        consent: None,
    })
}

pub(super) async fn execute(change: &mut Change, order: &Order<'_>) -> Result<(), ApprovalError> {
    let (import, backdate) = (import(order.entity_id)?, backdate(order.payload)?);
    let draft = price_lists::waiting(change.connection(), import, true).await?;
    price_lists::activate(change, &draft.list, import, backdate, order.reason).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_and_numbers() {
        for (payload, expected) in [
            (json!({}), Some(false)),
            (json!({"backdate": true}), Some(true)),
            (json!({"backdate": "yes"}), None),
            (json!({"date": "2026-07-01"}), None),
        ] {
            assert_eq!(backdate(&payload).ok(), expected, "{payload}");
        }
        for (text, expected) in [("12", Some(12)), ("012", None), ("+12", None), ("0", None), ("-1", None), ("x", None)]
        {
            assert_eq!(import(text).ok(), expected, "{text}");
        }
    }
}
