//! Contracts come into force and end.
//!
//! Owns: the steps of a contract.
//! Does not own: which steps exist (`rules`).
//! Always: from the activation on nothing of a contract changes but its end.

use chrono::NaiveDate;
use serde_json::json;

use super::drafts::{held, shown, today};
use super::read::{Contract, find};
use super::rules::ContractState;
use super::{ContractError, fill};
use crate::change::Change;

/// Puts a draft in force: signed on the day given, else on the one it has, else today. Its text is filled in for the last time.
pub async fn activate(
    change: &mut Change,
    id: i64,
    signed_on: Option<NaiveDate>,
    revision: Option<i64>,
    reason: &str,
) -> Result<Contract, ContractError> {
    let before = held(change, id, revision).await?;
    step(&before, ContractState::Active)?;
    let now = change.now();
    let today = today(change, before.issuer_id).await?;
    let signed_on = signed_on.or(before.signed_on).unwrap_or(today);
    if signed_on > today {
        return Err(ContractError::SignedLater);
    }
    sqlx::query("UPDATE contract SET state = 'active', signed_on = $2, activated_at = $3, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(signed_on)
        .bind(now)
        .execute(change.connection())
        .await?;
    fill::fill_in(change.connection(), id).await?;
    let after = find(change.connection(), id).await?.ok_or(ContractError::NotFound)?;
    change.record("contract.activate", "contract", id, &shown(&before), &shown(&after), reason);
    Ok(after)
}

/// Ends a contract that is in force; the reason is kept with it.
pub async fn terminate(
    change: &mut Change,
    id: i64,
    revision: Option<i64>,
    reason: &str,
) -> Result<Contract, ContractError> {
    let before = held(change, id, revision).await?;
    step(&before, ContractState::Terminated)?;
    let now = change.now();
    sqlx::query(
        "UPDATE contract SET state = 'terminated', terminated_at = $2, termination_reason = $3, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(now)
    .bind(reason)
    .execute(change.connection())
    .await?;
    let after = find(change.connection(), id).await?.ok_or(ContractError::NotFound)?;
    let (was, is) = (json!({"state": before.state.as_str()}), json!({"state": after.state.as_str(), "at": now}));
    change.record("contract.terminate", "contract", id, &was, &is, reason);
    Ok(after)
}

fn step(contract: &Contract, next: ContractState) -> Result<(), ContractError> {
    let exists = contract.state.may_become(next);
    if exists { Ok(()) } else { Err(ContractError::Step(contract.state, next)) }
}
