//! Where a client stands with us.
//!
//! Owns: stage, what came of talking to him, the hand-over to support.
//! Does not own: payments (`ledger`), which steps exist (`rules`).
//! Always: a client goes to support once he has paid, and gets a personal manager with it (L4).

use serde_json::json;
use sqlx::PgConnection;

use super::assignment::{self, AssignmentRights};
use super::card::{self, ClientCard};
use super::rules::{LeadState, Stage};
use super::{ClientError, changed};
use crate::change::Change;
use crate::edit::Edit;
use crate::store::StoreError;

/// What is said of a client to whom somebody talks.
#[derive(Clone, Debug, Default)]
pub struct LeadUpdate {
    /// Where he stands; `None`: as before.
    pub stage: Option<Stage>,
    /// What came of it.
    pub state: Edit<LeadState>,
}

/// Writes down where a client stands and what came of talking to him; the card of after.
pub async fn set_lead(
    change: &mut Change,
    code: &str,
    update: &LeadUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<ClientCard, ClientError> {
    let now = change.now();
    let before = card::held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ClientError::Stale);
    }
    let stage = stage_of(&before)?;
    let next = update.stage.unwrap_or(stage);
    if !stage.may_become(next) {
        return Err(ClientError::NoStep(next.as_str()));
    }
    let mut after = before.clone();
    next.as_str().clone_into(&mut after.stage);
    match update.state {
        Edit::Keep => {}
        Edit::Clear => (after.lead_state, after.lead_state_at) = (None, None),
        Edit::Set(lead) => (after.lead_state, after.lead_state_at) = (Some(lead.as_str().to_owned()), Some(now)),
    }
    sqlx::query(
        "UPDATE client SET stage = $2, lead_state = $3, lead_state_at = $4, revision = revision + 1 WHERE id = $1",
    )
    .bind(before.id)
    .bind(&after.stage)
    .bind(&after.lead_state)
    .bind(after.lead_state_at)
    .execute(change.connection())
    .await?;
    let shown = |card: &ClientCard| json!({"stage": card.stage, "lead_state": card.lead_state});
    change.record("client.lead", "client", code, &shown(&before), &shown(&after), reason);
    changed(change, code).await
}

/// Hands a client who has paid over to support, to his personal manager; the card of after (L4).
///
/// Clients who may be the same do not hold him back: nobody sells to him any more.
pub async fn transfer_to_support(
    change: &mut Change,
    code: &str,
    manager: &str,
    rights: AssignmentRights,
    reason: &str,
) -> Result<ClientCard, ClientError> {
    assignment::one_by_one(change).await?;
    let before = card::held(change, code).await?;
    if stage_of(&before)? == Stage::Support {
        return Err(ClientError::NoStep(Stage::Support.as_str()));
    }
    if !has_paid(change.connection(), before.id).await? {
        return Err(ClientError::NotPaid);
    }
    if !assignment::may_free(before.manager_id, change.actor().author.staff_id(), rights) {
        return Err(ClientError::Held);
    }
    let (manager_id, manager) = assignment::at_work(change.connection(), manager).await?;
    sqlx::query("UPDATE client SET stage = 'support', manager_id = $2, revision = revision + 1 WHERE id = $1")
        .bind(before.id)
        .bind(manager_id)
        .execute(change.connection())
        .await?;
    let was = json!({"stage": before.stage, "manager": before.manager});
    let is = json!({"stage": Stage::Support.as_str(), "manager": manager});
    change.record("client.transfer", "client", code, &was, &is, reason);
    changed(change, code).await
}

fn stage_of(card: &ClientCard) -> Result<Stage, ClientError> {
    let problem = || StoreError::Inconsistent { table: "client", problem: format!("the stage `{}`", card.stage) };
    Ok(card.stage.parse::<Stage>().map_err(|()| problem())?)
}

/// Whether a payment of real money is booked on one of his accounts.
async fn has_paid(connection: &mut PgConnection, client_id: i64) -> Result<bool, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM posting g JOIN account a ON a.id = g.account_id WHERE a.client_id = $1 AND g.kind = 'payment' AND g.is_real AND g.amount > 0)",
    )
    .bind(client_id)
    .fetch_one(connection)
    .await?)
}
