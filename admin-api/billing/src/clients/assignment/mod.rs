//! Clients get their managers (S4).
//!
//! Owns: the manager of a client: given to many at once, and the check before it is given to one.
//! Does not own: the rule (`rules`), who is like whom (`card`).
//! Always: assignments come one after another, so that two who take two cards of one client see each other; each client has an audit line of his own.

mod rules;

use std::collections::{HashMap, HashSet};

use serde_json::json;
use sqlx::{PgConnection, Row};

use super::{ClientError, card};
use crate::change::Change;
use crate::store::StoreError;

pub(super) use rules::may_free;
pub use rules::{AssignmentRights, Outcome};
use rules::{Candidate, Related, decide};

/// What became of a client that was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assigned {
    /// Code, as it was asked for.
    pub code: String,
    /// What became of him.
    pub outcome: Outcome,
    /// Login of the manager who holds him, or one who may be the same.
    pub held_by: Option<String>,
}

/// Waits for other assignments to end. Taken before any row of a client.
pub(super) async fn one_by_one(change: &mut Change) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('client assignment', 0))")
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Identifier and login of the user with a login who is at work.
pub(super) async fn at_work(connection: &mut PgConnection, login: &str) -> Result<(i64, String), ClientError> {
    let row = sqlx::query(
        "SELECT id, login FROM staff_user WHERE lower(login) = lower($1) AND blocked_at IS NULL AND NOT is_system",
    )
    .bind(login)
    .fetch_optional(connection)
    .await?;
    row.map(|row| (row.get("id"), row.get("login"))).ok_or_else(|| ClientError::NoManager(login.to_owned()))
}

/// Those who may be the same as the clients `ids` and have another manager than `target`, with his login.
async fn related(
    connection: &mut PgConnection,
    ids: &[i64],
    target: i64,
) -> Result<Vec<(Related, String)>, StoreError> {
    let sql = format!(
        "{} SELECT DISTINCT alike.client_id, alike.twin_id, c.manager_id, u.login FROM alike JOIN client c ON c.id = alike.twin_id
         JOIN staff_user u ON u.id = c.manager_id WHERE alike.twin_id <> alike.client_id AND c.manager_id <> $2
         ORDER BY alike.client_id, alike.twin_id",
        card::ALIKE
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(ids).bind(target).fetch_all(connection).await?;
    let read = |row: &sqlx::postgres::PgRow| {
        let one = Related { client: row.get("client_id"), twin: row.get("twin_id"), holder: row.get("manager_id") };
        (one, row.get("login"))
    };
    Ok(rows.iter().map(read).collect())
}

/// Whether the client `id` of manager `holder` may go to `target` (`None`: to nobody). Asked after [`one_by_one`].
pub(super) async fn check(
    change: &mut Change,
    id: i64,
    holder: Option<i64>,
    target: Option<i64>,
    rights: AssignmentRights,
) -> Result<(), ClientError> {
    let caller = change.actor().author.staff_id();
    let Some(target) = target else {
        return if may_free(holder, caller, rights) { Ok(()) } else { Err(ClientError::Held) };
    };
    let (related, logins): (Vec<Related>, Vec<String>) =
        related(change.connection(), &[id], target).await?.into_iter().unzip();
    let candidate = Candidate { id, holder, cleaned: false };
    match decide(&[candidate], &related, target, caller, rights).first() {
        Some(Outcome::Held) => Err(ClientError::Held),
        Some(Outcome::HeldByRelated) => Err(ClientError::HeldByRelated(logins.into_iter().next().unwrap_or_default())),
        _ => Ok(()),
    }
}

/// Gives clients to a manager, as far as that is allowed; what became of each, in the order in which they were asked for.
pub async fn assign(
    change: &mut Change,
    manager: &str,
    codes: &[String],
    rights: AssignmentRights,
    reason: &str,
) -> Result<Vec<Assigned>, ClientError> {
    one_by_one(change).await?;
    let (target, login) = at_work(change.connection(), manager).await?;
    let rows = sqlx::query(
        "SELECT c.id, c.code, c.manager_id, u.login AS manager, c.gdpr_state <> 'none' AS cleaned
         FROM client c LEFT JOIN staff_user u ON u.id = c.manager_id WHERE c.code = ANY($1) ORDER BY c.id FOR NO KEY UPDATE OF c",
    )
    .bind(codes)
    .fetch_all(change.connection())
    .await?;
    let candidates: Vec<Candidate> = rows
        .iter()
        .map(|row| Candidate { id: row.get("id"), holder: row.get("manager_id"), cleaned: row.get("cleaned") })
        .collect();
    let ids: Vec<i64> = candidates.iter().map(|candidate| candidate.id).collect();
    let (related, logins): (Vec<Related>, Vec<String>) =
        related(change.connection(), &ids, target).await?.into_iter().unzip();
    let outcomes = decide(&candidates, &related, target, change.actor().author.staff_id(), rights);
    let mut related_to: HashMap<i64, String> = HashMap::new();
    for (one, login) in related.iter().zip(logins) {
        related_to.entry(one.client).or_insert(login);
    }
    let mut answers: HashMap<String, Assigned> = HashMap::new();
    let mut taken: Vec<i64> = Vec::new();
    for ((row, candidate), outcome) in rows.iter().zip(&candidates).zip(outcomes) {
        let (code, former): (String, Option<String>) = (row.get("code"), row.get("manager"));
        let held_by = match outcome {
            Outcome::Held => former.clone(),
            Outcome::HeldByRelated | Outcome::Overridden => related_to.remove(&candidate.id),
            _ => None,
        };
        if outcome.is_assigned() {
            taken.push(candidate.id);
            let mut after = json!({"manager": login});
            if outcome == Outcome::Overridden {
                after["override"] = json!(true);
                after["related_held_by"] = json!(held_by);
            }
            change.record("client.assign", "client", &code, &json!({"manager": former}), &after, reason);
        }
        answers.insert(code.clone(), Assigned { code, outcome, held_by });
    }
    sqlx::query("UPDATE client SET manager_id = $2, revision = revision + 1 WHERE id = ANY($1)")
        .bind(&taken)
        .bind(target)
        .execute(change.connection())
        .await?;
    let mut seen = HashSet::new();
    let asked: Vec<&String> = codes.iter().filter(|code| seen.insert(code.as_str())).collect();
    if taken.is_empty() {
        // Nobody changed, and somebody tried.
        let after = json!({"asked": asked.len(), "assigned": 0});
        change.record("client.assign", "staff", &login, &json!(null), &after, reason);
    }
    let answer = |code: &String| {
        let missing = || Assigned { code: code.clone(), outcome: Outcome::NotFound, held_by: None };
        answers.remove(code).unwrap_or_else(missing)
    };
    Ok(asked.into_iter().map(answer).collect())
}
