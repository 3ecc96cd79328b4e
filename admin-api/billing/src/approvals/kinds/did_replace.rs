//! `did.replace`: a number that strangers keep calling is replaced on its product (M22, A32).
//!
//! Owns: its payload, `{"number": "74951201031", "initiator": "client", "told_on": "2026-07-01"}` (the last one where the operator himself wants it), and who
//! approves it.
//! Does not own: what may be replaced by what, and when (`subscriptions`); the calls that speak for it, which come as evidence.
//! Always: one step; the subscriber is as he was when it was asked for, and the number to come is for sale at the moment of its execution.

use chrono::NaiveDate;
use numbering::E164;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Order, Plan, Subject, read};
use crate::approvals::ApprovalError;
use crate::approvals::rules::Step;
use crate::change::Change;
use crate::staff::Permission;
use crate::subscriptions::{self, Initiator, Replacement, SubscriptionError};

pub(super) const ENTITY: &str = "subscriber";
pub(super) const NEEDS: Permission = Permission::DidReplaceRequest;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    number: String,
    initiator: String,
    #[serde(default)]
    told_on: Option<NaiveDate>,
}

fn wanted(payload: &Value) -> Result<Replacement, ApprovalError> {
    let wanted: Wanted = read(payload)?;
    let number = E164::parse(wanted.number.trim().trim_start_matches('+')).ok_or(SubscriptionError::NoNumber)?;
    let initiator: Initiator = wanted.initiator.parse().map_err(|()| SubscriptionError::NoInitiator)?;
    Ok(Replacement { number, initiator, told_on: wanted.told_on })
}

/// The number of a subscriber.
fn subscriber(entity_id: &str) -> Result<i64, ApprovalError> {
    // As it is written, so that one subscriber is asked for under one name.
    let number = entity_id.parse::<i64>().ok().filter(|number| *number > 0 && number.to_string() == entity_id);
    number.ok_or(ApprovalError::NoEntity)
}

pub(super) async fn plan(connection: &mut PgConnection, subject: &Subject<'_>) -> Result<Plan, ApprovalError> {
    let wanted = wanted(subject.payload)?;
    let id = subscriber(subject.entity_id)?;
    let revision = subscriptions::planned_replacement(connection, id, &wanted, subject.now, subject.hold).await?;
    Ok(Plan {
        payload: json!({"number": wanted.number.to_string(), "initiator": wanted.initiator.as_str(), "told_on": wanted.told_on}),
        revision,
        steps: vec![Step::one(Permission::DidReplaceApprove)],
        consent: None,
    })
}

pub(super) async fn execute(change: &mut Change, order: &Order<'_>) -> Result<(), ApprovalError> {
    let wanted = wanted(order.payload)?;
    Ok(subscriptions::replace(change, subscriber(order.entity_id)?, &wanted, order.reason).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_and_numbers() {
        let told: Option<NaiveDate> = "2026-07-01".parse().ok();
        for (payload, expected) in [
            (json!({"number": "74951201031", "initiator": "client"}), Some(None)),
            (json!({"number": "+74951201031", "initiator": "client", "told_on": null}), Some(None)),
            (json!({"number": "74951201031", "initiator": "operator", "told_on": "2026-07-01"}), Some(told)),
            (json!({"number": "74951201031", "initiator": "operator", "told_on": "yesterday"}), None),
            (json!({"number": "12", "initiator": "client"}), None),
            (json!({"number": "74951201031", "initiator": "nobody"}), None),
            (json!({"number": "74951201031"}), None),
            (json!({"number": "74951201031", "initiator": "client", "day": "2026-07-01"}), None),
        ] {
            assert_eq!(wanted(&payload).ok().map(|wanted| wanted.told_on), expected, "{payload}");
        }
        for (text, expected) in [("12", Some(12)), ("012", None), ("0", None), ("-1", None), ("a1", None)] {
            assert_eq!(subscriber(text).ok(), expected, "{text}");
        }
    }
}
