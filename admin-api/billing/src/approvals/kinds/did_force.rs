//! `did.force`: a number is forced into sale (M20, A27).
//!
//! Owns: its payload, `{"client": "C-000017"}`, the steps that its matrix asks for, what is written to whom when it is asked for.
//! Does not own: which numbers may be forced, by whose approval and for how long (`numbers`).
//! Always: one step; callers are counted anew at every approval, and the greatest count is what the client has to have been shown. Where he had to agree, the
//! number is forced for him alone.

use numbering::E164;
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{Asked, Order, Plan, Subject, read};
use crate::approvals::ApprovalError;
use crate::approvals::rules::{Consent, Step};
use crate::change::Change;
use crate::numbers::force::{self, Buyer, ForceError};
use crate::numbers::forcing::{self, Approver, Route};
use crate::numbers::letters;
use crate::staff::{self, Department, Permission};
use crate::store::StoreError;

pub(super) const ENTITY: &str = "did";
pub(super) const NEEDS: Permission = Permission::DidForceRequest;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    client: Option<String>,
}

/// What is kept in a payload for whoever approves.
const SHOWN: &[&str] = &["callers", "class", "own_provider", "provider"];

/// The code of the client that a payload names.
fn client(payload: &Value) -> Result<Option<String>, ApprovalError> {
    let mut payload = payload.clone();
    if let Some(fields) = payload.as_object_mut() {
        fields.retain(|name, _| !SHOWN.contains(&name.as_str()));
    }
    if payload.is_null() {
        payload = json!({});
    }
    let wanted: Wanted = read(&payload)?;
    Ok(wanted.client)
}

/// The number that a request is about, as it is written, so that one number is asked for under one name.
fn number(entity_id: &str) -> Result<E164, ApprovalError> {
    let number = E164::parse(entity_id).filter(|number| number.to_string() == entity_id);
    number.ok_or(ApprovalError::Number)
}

async fn buyer(connection: &mut PgConnection, payload: &Value, hold: bool) -> Result<Option<Buyer>, ApprovalError> {
    match client(payload)? {
        Some(code) => Ok(Some(force::buyer(connection, &code, hold).await?)),
        None => Ok(None),
    }
}

/// Whom the department of a user asks, and which department that is.
async fn route(connection: &mut PgConnection, user: i64) -> Result<(Route, Option<Department>), ApprovalError> {
    let Some(department) = staff::department_of(connection, user).await? else { return Ok((Route::default(), None)) };
    let route: Route = department.forcing.parse().map_err(|()| StoreError::Inconsistent {
        table: "department",
        problem: format!("forcing `{}`, which is unknown", department.forcing),
    })?;
    Ok((route, Some(department)))
}

pub(super) async fn plan(connection: &mut PgConnection, subject: &Subject<'_>) -> Result<Plan, ApprovalError> {
    let number = number(subject.entity_id)?;
    let buyer = buyer(connection, subject.payload, subject.hold).await?;
    let facts = force::plan_facts(connection, number, subject.hold, subject.now).await.map_err(ForceError::from)?;
    let (did, candidate) = (&facts.did, &facts.candidate);
    forcing::may_be_forced(did.status, did.sale, facts.offer, candidate.rests_until).map_err(ForceError::from)?;
    // The provider was our own when it was asked for: somebody else approves now.
    if subject.payload["own_provider"] == true && !facts.is_own_provider {
        return Err(ApprovalError::Stale);
    }
    let (route, department) = route(connection, subject.requester).await?;
    let needed = forcing::needed(route, facts.is_own_provider, candidate.callers, facts.threshold);
    if let Some(callers) = needed.consent {
        if buyer.is_none() {
            return Err(ForceError::ClientNeeded(callers).into());
        }
        force::waits_until(connection, subject.now).await?;
    }
    let step = Step::one(needed.approver.permission());
    let step = match (needed.approver, &department) {
        (Approver::DirectManager, Some(department)) => step.by_head_of(&department.code),
        _ => step,
    };
    Ok(Plan {
        payload: json!({
            "client": buyer.map(|buyer| buyer.code), "callers": candidate.callers, "class": candidate.class, "own_provider": facts.is_own_provider,
            "provider": facts.provider,
        }),
        revision: facts.revision,
        steps: vec![step],
        consent: needed.consent.map(|callers| Consent { number: Some(callers) }),
    })
}

/// Writes to the client who has to agree, and a copy to the designated approver where the direct manager decides.
pub(super) async fn asked(change: &mut Change, asked: &Asked<'_>) -> Result<(), ApprovalError> {
    let (payload, number) = (&asked.plan.payload, number(asked.entity_id)?);
    let callers = payload["callers"].as_i64().unwrap_or_default();
    let buyer = buyer(change.connection(), payload, false).await?;
    if let (Some(_), Some(buyer)) = (asked.plan.consent, &buyer) {
        letters::ask_consent(change, buyer, number, callers, asked.approval).await?;
    }
    if let (Route::Manager, Some(department)) = route(change.connection(), asked.requester).await? {
        let requester = change.actor().login.clone();
        let request = letters::Request {
            approval: asked.approval,
            number,
            requester: &requester,
            department: &department.code,
            callers,
            class: payload["class"].as_str().unwrap_or_default(),
            client: payload["client"].as_str(),
            provider: payload["provider"].as_str(),
            reason: asked.reason,
        };
        letters::send_copy(change, &request).await?;
    }
    Ok(())
}

pub(super) async fn execute(change: &mut Change, order: &Order<'_>) -> Result<(), ApprovalError> {
    let number = number(order.entity_id)?;
    let buyer = buyer(change.connection(), order.payload, true).await?;
    let for_client = order.consent.and(buyer).map(|buyer| buyer.id);
    force::approved(change, number, order.revision, for_client, (order.approval, order.reason)).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_and_numbers() {
        for (payload, expected) in [
            (json!({}), Some(None)),
            (json!(null), Some(None)),
            (json!({"client": null}), Some(None)),
            (json!({"client": "C-000017"}), Some(Some("C-000017"))),
            (
                json!({"client": "C-000017", "callers": 7, "class": "has_calls", "own_provider": true, "provider": null}),
                Some(Some("C-000017")),
            ),
            (json!({"client": 17}), None),
            (json!({"client": "C-000017", "until": "2026-07-01"}), None),
        ] {
            let found = client(&payload).ok();
            assert_eq!(found.as_ref().map(Option::as_deref), expected, "{payload}");
        }
        for (text, is_good) in [
            ("74952000200", true),
            ("+74952000200", false),
            ("7495 2000200", false),
            ("84952000200x", false),
            ("", false),
        ] {
            assert_eq!(number(text).is_ok(), is_good, "{text:?}");
        }
    }
}
