//! Asking, by people or by the program, adding evidence, taking back.
//!
//! Owns: the rows of `approval`, `approval_step` and `approval_evidence` as people make them.
//! Does not own: decisions (`decide`).
//! Always: one open request of a kind on the same; what it would do is kept as its kind understood it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::ApprovalError;
use super::kinds::{Asked, Plan, Subject};
use super::model::{NewEvidence, NewRequest};
use super::read::held;
use super::rules::{Event, Obstacle, State};
use crate::change::Change;
use crate::staff::Staff;
use crate::store::StoreError;

/// Most pieces of evidence of a request.
pub const EVIDENCE_MAX: i64 = 100;
/// What of evidence is personal data.
const PERSONAL: &[&str] = &["text"];

/// Asks for something; the identifier of the request.
pub async fn request(
    change: &mut Change,
    by: &Staff,
    new: &NewRequest<'_>,
    reason: &str,
) -> Result<i64, ApprovalError> {
    if !by.may(new.kind.needs()) {
        return Err(Obstacle::Lacks(new.kind.needs()).into());
    }
    let plan = plan(change, by.id, new).await?;
    file(change, by.id, new, &plan, reason).await
}

/// The program asks for something by itself; the identifier of the request. `None`: somebody asks for it already, or it was refused, withdrawn or failed as things
/// are, and who wants it all the same is a person.
pub async fn propose(change: &mut Change, new: &NewRequest<'_>, reason: &str) -> Result<Option<i64>, ApprovalError> {
    let now = change.now();
    let program = change.actor().author.staff_id().ok_or_else(|| StoreError::Inconsistent {
        table: "staff_user",
        problem: "no user for what the program does by itself".to_owned(),
    })?;
    let plan = plan(change, program, new).await?;
    let is_known: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM approval WHERE kind = $1 AND entity_id = $2
             AND (state = 'requested' AND expires_at > $4 OR entity_revision = $3 AND state IN ('refused', 'withdrawn', 'failed')))",
    )
    .bind(new.kind.as_str())
    .bind(new.entity_id)
    .bind(plan.revision)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    if is_known { Ok(None) } else { file(change, program, new, &plan, reason).await.map(Some) }
}

async fn plan(change: &mut Change, requester: i64, new: &NewRequest<'_>) -> Result<Plan, ApprovalError> {
    let now = change.now();
    let subject = Subject { entity_id: new.entity_id, payload: new.payload, hold: false, now, requester };
    new.kind.plan(change.connection(), &subject).await
}

async fn file(
    change: &mut Change,
    by: i64,
    new: &NewRequest<'_>,
    plan: &Plan,
    reason: &str,
) -> Result<i64, ApprovalError> {
    somebody_decides(change.connection(), by, plan).await?;
    end_overdue(change, new).await?;
    let expires_at = change.now() + TimeDelta::days(new.days);
    let id = insert(change, by, new, plan, expires_at, reason).await?;
    write_steps(change.connection(), id, plan).await?;
    let after = json!({
        "kind": new.kind.as_str(), "entity": new.kind.entity(), "entity_id": new.entity_id, "payload": plan.payload,
        "state": State::Requested.as_str(), "expires_at": expires_at,
    });
    change.record("approval.request", "approval", id, &json!(null), &after, reason);
    new.kind.asked(change, &Asked { approval: id, requester: by, entity_id: new.entity_id, plan, reason }).await?;
    Ok(id)
}

/// Refuses a request of which a step waits for the head of a department that has none beside who asks, nor any above it.
async fn somebody_decides(connection: &mut PgConnection, requester: i64, plan: &Plan) -> Result<(), ApprovalError> {
    for department in plan.steps.iter().filter_map(|step| step.head_of.as_deref()) {
        let has_head: bool = sqlx::query_scalar(
            "SELECT EXISTS (SELECT FROM staff_user u WHERE u.heads_department AND u.id <> $1
                 AND heads_over(u.id, (SELECT d.id FROM department d WHERE d.code = $2)))",
        )
        .bind(requester)
        .bind(department)
        .fetch_one(&mut *connection)
        .await?;
        if !has_head {
            return Err(ApprovalError::NoManager(department.to_owned()));
        }
    }
    Ok(())
}

async fn insert(
    change: &mut Change,
    by: i64,
    new: &NewRequest<'_>,
    plan: &Plan,
    expires_at: DateTime<Utc>,
    reason: &str,
) -> Result<i64, ApprovalError> {
    let now = change.now();
    Ok(sqlx::query_scalar(
        "INSERT INTO approval (kind, entity, entity_id, entity_revision, payload, consent_needed, consent_number, reason, requested_by, department_id, requested_at, expires_at)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, u.id, u.department_id, $10, $11 FROM staff_user u WHERE u.id = $9 RETURNING id",
    )
    .bind(new.kind.as_str())
    .bind(new.kind.entity())
    .bind(new.entity_id)
    .bind(plan.revision)
    .bind(&plan.payload)
    .bind(plan.consent.is_some())
    .bind(plan.consent.and_then(|consent| consent.number))
    .bind(reason)
    .bind(by)
    .bind(now)
    .bind(expires_at)
    .fetch_one(change.connection())
    .await?)
}

async fn write_steps(connection: &mut PgConnection, id: i64, plan: &Plan) -> Result<(), ApprovalError> {
    for (no, step) in (1_i16..).zip(&plan.steps) {
        sqlx::query(
            "INSERT INTO approval_step (approval_id, no, permission, people, barred, head_of)
             VALUES ($1, $2, $3, $4, $5, (SELECT id FROM department WHERE code = $6))",
        )
        .bind(id)
        .bind(no)
        .bind(step.permission.as_str())
        .bind(step.people)
        .bind(&step.barred)
        .bind(&step.head_of)
        .execute(&mut *connection)
        .await?;
    }
    Ok(())
}

/// An overdue request on the same makes room, whether or not the job has come by.
async fn end_overdue(change: &mut Change, new: &NewRequest<'_>) -> Result<(), ApprovalError> {
    let now = change.now();
    let ended: Vec<i64> = sqlx::query_scalar(
        "UPDATE approval SET state = 'expired', closed_at = expires_at, revision = revision + 1
         WHERE kind = $1 AND entity_id = $2 AND state = 'requested' AND expires_at <= $3 RETURNING id",
    )
    .bind(new.kind.as_str())
    .bind(new.entity_id)
    .bind(now)
    .fetch_all(change.connection())
    .await?;
    for id in ended {
        let (before, after) = (json!({"state": State::Requested.as_str()}), json!({"state": State::Expired.as_str()}));
        change.record("approval.expire", "approval", id, &before, &after, "");
    }
    Ok(())
}

/// Adds what speaks for a request; its identifier.
pub async fn add_evidence(change: &mut Change, id: i64, new: &NewEvidence) -> Result<i64, ApprovalError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let approval = held(change.connection(), id, now).await?.ok_or(ApprovalError::NotFound)?;
    if approval.state != State::Requested {
        return Err(Obstacle::State(approval.state).into());
    }
    if approval.evidence.len() as i64 >= EVIDENCE_MAX {
        return Err(ApprovalError::TooMuchEvidence(EVIDENCE_MAX));
    }
    let piece: i64 = sqlx::query_scalar(
        "INSERT INTO approval_evidence (approval_id, kind, text, day, number_shown, author, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(id)
    .bind(new.kind.as_str())
    .bind(&new.text)
    .bind(new.day)
    .bind(new.number_shown)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    sqlx::query("UPDATE approval SET revision = revision + 1 WHERE id = $1")
        .bind(id)
        .execute(change.connection())
        .await?;
    let after = json!({
        "evidence": piece, "kind": new.kind.as_str(), "text": new.text, "day": new.day, "number_shown": new.number_shown,
    });
    // The evidence is its own reason.
    change.record_personal(("approval.evidence", "approval", &id.to_string()), &json!({}), &after, PERSONAL, "");
    Ok(piece)
}

/// Takes a request back.
pub async fn withdraw(
    change: &mut Change,
    by: &Staff,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<(), ApprovalError> {
    let now = change.now();
    let approval = held(change.connection(), id, now).await?.ok_or(ApprovalError::NotFound)?;
    if approval.requester_id != by.id {
        return Err(ApprovalError::NotRequester);
    }
    let state = approval.state.after(Event::Withdraw)?;
    if revision.is_some_and(|seen| seen != approval.revision) {
        return Err(ApprovalError::Stale);
    }
    sqlx::query("UPDATE approval SET state = $2, closed_at = $3, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(state.as_str())
        .bind(now)
        .execute(change.connection())
        .await?;
    let before = json!({"state": approval.state.as_str()});
    change.record("approval.withdraw", "approval", id, &before, &json!({"state": state.as_str()}), reason);
    Ok(())
}
