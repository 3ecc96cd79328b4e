//! A number moves from one state to another: the one way in which its state is written.
//!
//! Owns: the row of a number and its periods as a change holds and writes them; what the stream has to hear of it.
//! Does not own: who may move which number (the callers), subscribers (`subscriptions`), what calls say (`store`).
//! Always: a step exists in the table of `rules`, and one that skips the quarantine is refused to whoever may not; the state before keeps its period; a forcing
//! ends where its time is over (A27).

use chrono::{DateTime, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::forcing::{self, Happened};
use super::rules::{may_move, step_needs};
use super::sale::Sale;
use super::store::DidError;
use crate::change::Change;
use crate::hot_path::Touched;
use crate::store::StoreError;

/// A number that nobody else writes until the end of the transaction.
#[derive(Clone, Debug)]
pub(crate) struct HeldDid {
    pub(crate) id: i64,
    pub(crate) number: E164,
    pub(crate) status: DidStatus,
    pub(crate) account_id: Option<i64>,
    pub(crate) place: Option<String>,
    pub(crate) sale: Sale,
    pub(crate) forced_for: Option<i64>,
}

/// Where a number goes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Move<'a> {
    pub(crate) to: DidStatus,
    /// Whose it is then.
    pub(crate) account_id: Option<i64>,
    pub(crate) subscriber_id: Option<i64>,
    /// Whether the author may free a number without quarantine (M19).
    pub(crate) may_skip_quarantine: bool,
    /// What the audit calls it.
    pub(crate) action: &'static str,
    pub(crate) reason: &'a str,
}

/// Holds a number. Whoever holds accounts too has held them before. `revision`: the one the caller has seen, if he insists.
pub(crate) async fn held(change: &mut Change, number: E164, revision: Option<i64>) -> Result<HeldDid, DidError> {
    let row = sqlx::query(
        "SELECT id, number, status, account_id, place, sale, forced_for, revision FROM did WHERE number = $1 FOR UPDATE",
    )
    .bind(number.to_string())
    .fetch_optional(change.connection())
    .await?
    .ok_or(DidError::NotOurs)?;
    if revision.is_some_and(|seen| seen != row.get::<i64, _>("revision")) {
        return Err(DidError::Stale);
    }
    Ok(held_of(&row)?)
}

fn held_of(row: &PgRow) -> Result<HeldDid, StoreError> {
    let unknown =
        |what: &str| StoreError::Inconsistent { table: "did", problem: format!("`{what}`, which is unknown") };
    let (number, status, sale): (&str, &str, &str) = (row.get("number"), row.get("status"), row.get("sale"));
    Ok(HeldDid {
        id: row.get("id"),
        number: E164::parse(number).ok_or_else(|| unknown("a number"))?,
        status: status.parse().map_err(|()| unknown(status))?,
        account_id: row.get("account_id"),
        place: row.get("place"),
        sale: sale.parse().map_err(|()| unknown(sale))?,
        forced_for: row.get("forced_for"),
    })
}

/// Moves a number that is held, now.
pub(crate) async fn move_to(change: &mut Change, did: &HeldDid, step: &Move<'_>) -> Result<(), DidError> {
    if !may_move(did.status, step.to) {
        return Err(DidError::InvalidTransition { from: did.status, to: step.to });
    }
    if let Some(permission) = step_needs(did.status, step.to).filter(|_| !step.may_skip_quarantine) {
        return Err(DidError::Lacks(permission));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let unforces = did.sale == Sale::Forced
        && happened(did.status, step.to).is_some_and(|happened| forcing::ends(did.forced_for.is_some(), happened));
    write(change.connection(), did, step, unforces, now).await?;
    write_period(change.connection(), did, step, &author, now).await?;
    let mut before = json!({"status": did.status.as_str(), "account_id": did.account_id});
    let mut after = json!({"status": step.to.as_str(), "account_id": step.account_id});
    if unforces {
        (before["sale"], after["sale"]) = (json!(Sale::Forced.as_str()), json!(Sale::Yes.as_str()));
    }
    change.record(step.action, "did", did.number, &before, &after, step.reason);
    // To the stream a number is in work, not in work, or not ours: nothing else that happens to it has to be read anew.
    if stream_sees(did.status) != stream_sees(step.to) {
        change.touch(Touched::Number(did.number));
    }
    Ok(())
}

/// What the step means for a forcing.
const fn happened(from: DidStatus, to: DidStatus) -> Option<Happened> {
    match (from, to) {
        (_, DidStatus::Archive | DidStatus::Withdrawn) => Some(Happened::Archived),
        (DidStatus::Reserved, DidStatus::Free) => Some(Happened::Lapsed),
        (DidStatus::InWork, DidStatus::Free) => Some(Happened::Closed),
        _ => None,
    }
}

/// What the stream makes of a state: somebody's, nobody's, not ours.
const fn stream_sees(status: DidStatus) -> u8 {
    match status {
        DidStatus::InWork => 0,
        DidStatus::Free | DidStatus::Reserved | DidStatus::Archive => 1,
        DidStatus::Withdrawn => 2,
    }
}

async fn write(
    connection: &mut PgConnection,
    did: &HeldDid,
    step: &Move<'_>,
    unforces: bool,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE did SET status = $2, account_id = $3, archived_at = CASE WHEN $2 = 'archive' THEN $4 ELSE archived_at END,
             added_at = CASE WHEN status = 'withdrawn' THEN $4 ELSE added_at END, reserved_at = CASE WHEN $2 = 'reserved' THEN $4 END,
             sale = CASE WHEN $5 THEN 'yes' ELSE sale END, sale_reason = CASE WHEN $5 THEN '' ELSE sale_reason END,
             forced_at = CASE WHEN $5 THEN NULL ELSE forced_at END, forced_for = CASE WHEN $5 THEN NULL ELSE forced_for END,
             forced_until = CASE WHEN $5 THEN NULL ELSE forced_until END, forced_by = CASE WHEN $5 THEN NULL ELSE forced_by END,
             revision = revision + 1
         WHERE id = $1",
    )
    .bind(did.id)
    .bind(step.to.as_str())
    .bind(step.account_id)
    .bind(now)
    .bind(unforces)
    .execute(connection)
    .await?;
    Ok(())
}

/// Ends the period of the state before and begins the next one. A state that lasted no time at all leaves no period.
async fn write_period(
    connection: &mut PgConnection,
    did: &HeldDid,
    step: &Move<'_>,
    author: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM did_period WHERE did_id = $1 AND valid_to IS NULL AND valid_from = $2")
        .bind(did.id)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE did_period SET valid_to = $2 WHERE did_id = $1 AND valid_to IS NULL")
        .bind(did.id)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO did_period (did_id, status, account_id, place, valid_from, subscriber_id, author, reason) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
    )
    .bind(did.id)
    .bind(step.to.as_str())
    .bind(step.account_id)
    .bind(&did.place)
    .bind(now)
    .bind(step.subscriber_id)
    .bind(author)
    .bind(step.reason)
    .execute(connection)
    .await?;
    Ok(())
}
