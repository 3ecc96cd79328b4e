//! Approving and refusing, and the execution of what was approved.
//!
//! Owns: the rows of `approval_decision`, the steps that follow one another, the one transaction of last approval and execution.
//! Does not own: what is executed (`kinds`), who may decide (`rules`).
//! Always: under the lock of the request, so that of two decisions at once one finds the other; what could not be done leaves the reason and nothing else.

use serde_json::json;

use super::ApprovalError;
use super::kinds::{Order, Plan};
use super::model::Approval;
use super::read::{fresh, held, missing_consent, ties};
use super::rules::{self, Consent, Event, Obstacle, Progress, State, Verdict};
use crate::change::Change;
use crate::staff::Staff;

/// Approves in the name of the caller. The last approval that is needed executes.
pub async fn approve(
    change: &mut Change,
    by: &Staff,
    id: i64,
    revision: Option<i64>,
    comment: &str,
) -> Result<(), ApprovalError> {
    let (approval, plan) = judged(change, by, id, revision).await?;
    if let Some(consent) = missing_consent(&approval, &plan) {
        return Err(Obstacle::ConsentRequired(consent).into());
    }
    insert(change, by, &approval, Verdict::Approve, comment).await?;
    let (state, step) = match rules::progress(&approval) {
        Progress::SameStep => (approval.state, approval.step),
        Progress::NextStep(step) => (approval.state, step),
        Progress::Complete => (approval.state.after(Event::Approve)?, approval.step),
    };
    let (before, after) = (shown(approval.state, approval.step), shown(state, step));
    change.record("approval.approve", "approval", id, &before, &after, comment);
    if state == State::Approved {
        return execute(change, &approval, rules::stricter(approval.consent, plan.consent), state).await;
    }
    sqlx::query("UPDATE approval SET step = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(step)
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Refuses in the name of the caller: one refusal is enough.
pub async fn refuse(
    change: &mut Change,
    by: &Staff,
    id: i64,
    revision: Option<i64>,
    comment: &str,
) -> Result<(), ApprovalError> {
    let (approval, _) = judged(change, by, id, revision).await?;
    insert(change, by, &approval, Verdict::Refuse, comment).await?;
    let state = approval.state.after(Event::Refuse)?;
    close(change, id, state, None).await?;
    let (before, after) = (shown(approval.state, approval.step), shown(state, approval.step));
    change.record("approval.refuse", "approval", id, &before, &after, comment);
    Ok(())
}

/// A request on which the caller may decide, held with what it is about until the end of the change.
async fn judged(
    change: &mut Change,
    by: &Staff,
    id: i64,
    revision: Option<i64>,
) -> Result<(Approval, Plan), ApprovalError> {
    let now = change.now();
    let approval = held(change.connection(), id, now).await?.ok_or(ApprovalError::NotFound)?;
    let ties = ties(change.connection(), &approval, by).await?;
    if let Some(obstacle) = rules::obstacle(&approval, by, ties) {
        return Err(obstacle.into());
    }
    if revision.is_some_and(|seen| seen != approval.revision) {
        return Err(ApprovalError::Stale);
    }
    let plan = fresh(change.connection(), &approval, true, now).await?.ok_or(Obstacle::StaleRequest)?;
    Ok((approval, plan))
}

async fn insert(
    change: &mut Change,
    by: &Staff,
    approval: &Approval,
    verdict: Verdict,
    comment: &str,
) -> Result<(), ApprovalError> {
    let now = change.now();
    sqlx::query(
        "INSERT INTO approval_decision (approval_id, user_id, step, verdict, comment, decided_at) VALUES ($1, $2, $3, $4, $5, $6)",
    )
    .bind(approval.id)
    .bind(by.id)
    .bind(approval.step)
    .bind(verdict.as_str())
    .bind(comment)
    .bind(now)
    .execute(change.connection())
    .await?;
    Ok(())
}

/// Does what was approved. What the kind refuses leaves the request failed with its words, and no trace beside that; a failure of the database leaves
/// everything as it was before the approval.
async fn execute(
    change: &mut Change,
    approval: &Approval,
    consent: Option<Consent>,
    approved: State,
) -> Result<(), ApprovalError> {
    let reason = format!("{} [approval {}]", approval.reason, approval.id);
    let order = Order {
        approval: approval.id,
        consent,
        entity_id: &approval.entity_id,
        payload: &approval.payload,
        revision: approval.entity_revision,
        reason: &reason,
    };
    let point = change.savepoint().await?;
    let (event, action, failure) = match approval.kind.execute(change, &order).await {
        Ok(()) => (Event::Execute, "approval.execute", None),
        Err(ApprovalError::Store(error)) => return Err(error.into()),
        Err(error) => {
            change.back_to(point).await?;
            (Event::Fail, "approval.fail", Some(error.to_string()))
        }
    };
    let state = approved.after(event)?;
    close(change, approval.id, state, failure.as_deref()).await?;
    let before = json!({"state": approved.as_str()});
    let after = json!({"state": state.as_str(), "failure": failure});
    change.record(action, "approval", approval.id, &before, &after, &approval.reason);
    Ok(())
}

async fn close(change: &mut Change, id: i64, state: State, failure: Option<&str>) -> Result<(), ApprovalError> {
    let now = change.now();
    sqlx::query("UPDATE approval SET state = $2, closed_at = $3, failure = $4, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(state.as_str())
        .bind(now)
        .bind(failure)
        .execute(change.connection())
        .await?;
    Ok(())
}

fn shown(state: State, step: i16) -> serde_json::Value {
    json!({"state": state.as_str(), "step": step})
}
