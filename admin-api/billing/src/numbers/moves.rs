//! A number moves from one state to another: the one way in which its state is written.
//!
//! Owns: the row of a number and its periods as a change holds and writes them; what the stream has to hear of it.
//! Does not own: who may move which number (the callers), subscribers (`subscriptions`), what calls say (`store`).
//! Always: a step exists in the table of `rules`, and one that skips the quarantine is refused to whoever may not; the state before keeps its period; a forcing
//! ends where its time is over (A27).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

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
    pub(crate) provider_id: Option<i32>,
    pub(crate) place: Option<String>,
    /// `ordinary` or `fmtn`.
    pub(crate) kind: String,
    pub(crate) is_mobile: bool,
    pub(crate) sale: Sale,
    pub(crate) forced_for: Option<i64>,
    pub(crate) archived_at: Option<DateTime<Utc>>,
    pub(crate) added_at: DateTime<Utc>,
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

const READ: &str = "SELECT id, number, status, account_id, provider_id, place, kind, is_mobile, sale, forced_for, archived_at, added_at, revision FROM did";

/// Holds a number. Whoever holds accounts too has held them before. `revision`: the one the caller has seen, if he insists.
pub(crate) async fn held(change: &mut Change, number: E164, revision: Option<i64>) -> Result<HeldDid, DidError> {
    let (did, present) = seen(change.connection(), number, true).await?;
    if revision.is_some_and(|seen| seen != present) {
        return Err(DidError::Stale);
    }
    Ok(did)
}

/// A number as it is, with its revision; with `hold` nobody else writes it until the end of the transaction.
pub(crate) async fn seen(connection: &mut PgConnection, number: E164, hold: bool) -> Result<(HeldDid, i64), DidError> {
    let row = sqlx::query(AssertSqlSafe(format!("{READ} WHERE number = $1{}", if hold { " FOR UPDATE" } else { "" })))
        .bind(number.to_string())
        .fetch_optional(connection)
        .await?
        .ok_or(DidError::NotOurs)?;
    Ok((held_of(&row)?, row.get("revision")))
}

/// Holds the number with an identifier.
pub(crate) async fn held_by_id(change: &mut Change, id: i64) -> Result<HeldDid, DidError> {
    let held = held_all(change.connection(), &[id]).await?;
    held.into_iter().next().ok_or(DidError::NotOurs)
}

/// Holds numbers in the order of their identifiers.
async fn held_all(connection: &mut PgConnection, ids: &[i64]) -> Result<Vec<HeldDid>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!("{READ} WHERE id = ANY($1) ORDER BY id FOR UPDATE")))
        .bind(ids)
        .fetch_all(connection)
        .await?;
    rows.iter().map(held_of).collect()
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
        provider_id: row.get("provider_id"),
        place: row.get("place"),
        kind: row.get("kind"),
        is_mobile: row.get("is_mobile"),
        sale: sale.parse().map_err(|()| unknown(sale))?,
        forced_for: row.get("forced_for"),
        archived_at: row.get("archived_at"),
        added_at: row.get("added_at"),
    })
}

/// Moves a number that is held, now.
pub(crate) async fn move_to(change: &mut Change, did: &HeldDid, step: &Move<'_>) -> Result<(), DidError> {
    let unforces = may_step(did, step)?;
    let ids = std::slice::from_ref(&did.id);
    write(change, ids, if unforces { ids } else { &[] }, step).await?;
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

/// Numbers of which the stream is told one by one.
const TOUCHED_MAX: usize = 10_000;

/// Moves many numbers at once, now, to where nobody has them; how many there were. All of them move or none, and the audit has one line of them: who looks for
/// one number finds it in its periods.
pub(crate) async fn move_many(change: &mut Change, ids: &[i64], to: DidStatus, reason: &str) -> Result<u64, DidError> {
    let action = match to {
        DidStatus::Free => "did.free",
        DidStatus::Archive => "did.archive",
        DidStatus::Withdrawn => "did.withdraw",
        DidStatus::Reserved | DidStatus::InWork => panic!("numbers are given to somebody one by one"),
    };
    let dids = held_all(change.connection(), ids).await?;
    let (Some(first), Some(last)) = (dids.first(), dids.last()) else { return Ok(0) };
    let step = Move { to, account_id: None, subscriber_id: None, may_skip_quarantine: false, action, reason };
    let mut unforced = Vec::new();
    for did in &dids {
        if may_step(did, &step)? {
            unforced.push(did.id);
        }
    }
    let ids: Vec<i64> = dids.iter().map(|did| did.id).collect();
    write(change, &ids, &unforced, &step).await?;
    let from: BTreeSet<&str> = dids.iter().map(|did| did.status.as_str()).collect();
    let before = json!({"status": from});
    let after = json!({
        "status": to.as_str(), "numbers": dids.len(), "first": first.number.to_string(), "last": last.number.to_string(), "unforced": unforced.len(),
    });
    change.record(action, "did", first.number, &before, &after, reason);
    let seen: Vec<E164> =
        dids.iter().filter(|did| stream_sees(did.status) != stream_sees(to)).map(|did| did.number).collect();
    if seen.len() > TOUCHED_MAX {
        change.touch(Touched::Everything);
    } else {
        for number in seen {
            change.touch(Touched::Number(number));
        }
    }
    Ok(dids.len() as u64)
}

/// Whether a step exists and its author may do it; if so, whether it ends a forcing.
fn may_step(did: &HeldDid, step: &Move<'_>) -> Result<bool, DidError> {
    if !may_move(did.status, step.to) {
        return Err(DidError::InvalidTransition { from: did.status, to: step.to });
    }
    if let Some(permission) = step_needs(did.status, step.to).filter(|_| !step.may_skip_quarantine) {
        return Err(DidError::Lacks(permission));
    }
    let ends = |happened| forcing::ends(did.forced_for.is_some(), happened);
    Ok(did.sale == Sale::Forced && happened(did.status, step.to).is_some_and(ends))
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

/// Writes one step of numbers that are held. `unforced`: those of them whose forcing it ends. A mobile number rests from the end of its contract on, whatever
/// becomes of it then (A31).
async fn write(change: &mut Change, ids: &[i64], unforced: &[i64], step: &Move<'_>) -> Result<(), StoreError> {
    let (now, author) = (moment(change, ids).await?, change.actor().login.clone());
    sqlx::query(
        "UPDATE did SET status = $2, account_id = $3,
             archived_at = CASE WHEN $2 = 'archive' OR is_mobile AND status = 'in_work' THEN $4 ELSE archived_at END,
             added_at = CASE WHEN status = 'withdrawn' THEN $4 ELSE added_at END, reserved_at = CASE WHEN $2 = 'reserved' THEN $4 END,
             sale = CASE WHEN id = ANY($5) THEN 'yes' ELSE sale END, sale_reason = CASE WHEN id = ANY($5) THEN '' ELSE sale_reason END,
             forced_at = CASE WHEN id = ANY($5) THEN NULL ELSE forced_at END, forced_for = CASE WHEN id = ANY($5) THEN NULL ELSE forced_for END,
             forced_until = CASE WHEN id = ANY($5) THEN NULL ELSE forced_until END, forced_by = CASE WHEN id = ANY($5) THEN NULL ELSE forced_by END,
             revision = revision + 1
         WHERE id = ANY($1)",
    )
    .bind(ids)
    .bind(step.to.as_str())
    .bind(step.account_id)
    .bind(now)
    .bind(unforced)
    .execute(change.connection())
    .await?;
    write_periods(change.connection(), ids, step, &author, now).await
}

/// The moment from which what becomes of numbers that are held counts. Never before their present states began: a change that waited for another one may have
/// begun earlier, another program's clock may go ahead, and two periods that overlap are a catalogue that nobody can read.
pub(super) async fn moment(change: &mut Change, ids: &[i64]) -> Result<DateTime<Utc>, StoreError> {
    let now = change.in_force_from();
    let begun: Option<DateTime<Utc>> =
        sqlx::query_scalar("SELECT max(valid_from) FROM did_period WHERE did_id = ANY($1) AND valid_to IS NULL")
            .bind(ids)
            .fetch_one(change.connection())
            .await?;
    Ok(begun.map_or(now, |begun| begun.max(now)))
}

/// Ends the periods of the states before and begins the next ones. A state that lasted no time at all leaves no period.
async fn write_periods(
    connection: &mut PgConnection,
    ids: &[i64],
    step: &Move<'_>,
    author: &str,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM did_period WHERE did_id = ANY($1) AND valid_to IS NULL AND valid_from = $2")
        .bind(ids)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    sqlx::query("UPDATE did_period SET valid_to = $2 WHERE did_id = ANY($1) AND valid_to IS NULL")
        .bind(ids)
        .bind(now)
        .execute(&mut *connection)
        .await?;
    sqlx::query(
        "INSERT INTO did_period (did_id, status, account_id, place, valid_from, subscriber_id, author, reason)
         SELECT id, $2, $3, place, $4, $5, $6, $7 FROM did WHERE id = ANY($1)",
    )
    .bind(ids)
    .bind(step.to.as_str())
    .bind(step.account_id)
    .bind(now)
    .bind(step.subscriber_id)
    .bind(author)
    .bind(step.reason)
    .execute(connection)
    .await?;
    Ok(())
}
