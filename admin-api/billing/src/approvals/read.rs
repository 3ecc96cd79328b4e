//! SQL of requests as they are read.
//!
//! Owns: one request with its steps, decisions and evidence; whether it is stale; what ties the caller to it, and stands against him.
//! Does not own: lists (`list`), what a kind says (`kinds`).
//! Always: an overdue request is read as expired.

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::ApprovalError;
use super::kinds::{Plan, Subject};
use super::model::{Approval, Decision, Evidence};
use super::rules::{self, Consent, Obstacle, Progress, State, Step, Ties};
use crate::change::Change;
use crate::staff::Staff;
use crate::store::{Store, StoreError};

/// What stands against a decision of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Against his approval; `None` = he may.
    pub approve: Option<Obstacle>,
    /// Against his refusal; `None` = he may.
    pub refuse: Option<Obstacle>,
}

/// A request, and what stands against a decision of the caller.
pub async fn find(
    store: &Store,
    by: &Staff,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Option<(Approval, Standing)>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let Some(approval) = read(&mut connection, id, now, "").await? else { return Ok(None) };
    let standing = standing(&mut connection, &approval, by, now).await?;
    Ok(Some((approval, standing)))
}

/// The same inside the change that has just written it.
pub async fn changed(change: &mut Change, by: &Staff, id: i64) -> Result<(Approval, Standing), ApprovalError> {
    let now = change.now();
    let approval = read(change.connection(), id, now, "").await?.ok_or(ApprovalError::NotFound)?;
    let standing = standing(change.connection(), &approval, by, now).await?;
    Ok((approval, standing))
}

/// A request that nobody else writes until the end of the transaction.
pub(super) async fn held(
    connection: &mut PgConnection,
    id: i64,
    now: DateTime<Utc>,
) -> Result<Option<Approval>, StoreError> {
    read(connection, id, now, "FOR UPDATE OF a").await
}

/// What the kind says of a request as things are; `None`: it is about something that has changed since.
pub(super) async fn fresh(
    connection: &mut PgConnection,
    approval: &Approval,
    hold: bool,
    now: DateTime<Utc>,
) -> Result<Option<Plan>, StoreError> {
    let requester = approval.requester_id;
    let subject = Subject { entity_id: &approval.entity_id, payload: &approval.payload, hold, now, requester };
    match approval.kind.plan(connection, &subject).await {
        Ok(plan) if plan.revision == approval.entity_revision => Ok(Some(plan)),
        Err(ApprovalError::Store(error)) => Err(error),
        // Changed, gone, or no longer such that it could be asked for.
        Ok(_) | Err(_) => Ok(None),
    }
}

/// The consent without which the last approval is not given.
pub(super) fn missing_consent(approval: &Approval, plan: &Plan) -> Option<Consent> {
    if rules::progress(approval) != Progress::Complete {
        return None;
    }
    rules::missing_consent(rules::stricter(approval.consent, plan.consent), &approval.evidence)
}

/// What ties the caller to a request. Who asked has let him in when he added him, or made a token by which he set a password: what such a one decides may be
/// decided by who asked (A25).
pub(super) async fn ties(connection: &mut PgConnection, approval: &Approval, by: &Staff) -> Result<Ties, StoreError> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM staff_user WHERE id = $1 AND created_by = $2)
             OR EXISTS (SELECT FROM password_setup WHERE user_id = $1 AND created_by = $2) AS let_in,
                EXISTS (SELECT FROM approval_step WHERE approval_id = $3 AND no = $4 AND heads_over($1, head_of)) AS heads",
    )
    .bind(by.id)
    .bind(&approval.requester)
    .bind(approval.id)
    .bind(approval.step)
    .fetch_one(connection)
    .await?;
    Ok(Ties { let_in: row.get("let_in"), heads: row.get("heads") })
}

async fn standing(
    connection: &mut PgConnection,
    approval: &Approval,
    by: &Staff,
    now: DateTime<Utc>,
) -> Result<Standing, StoreError> {
    let ties = ties(connection, approval, by).await?;
    if let Some(obstacle) = rules::obstacle(approval, by, ties) {
        return Ok(Standing { approve: Some(obstacle), refuse: Some(obstacle) });
    }
    let Some(plan) = fresh(connection, approval, false, now).await? else {
        let stale = Some(Obstacle::StaleRequest);
        return Ok(Standing { approve: stale, refuse: stale });
    };
    Ok(Standing { approve: missing_consent(approval, &plan).map(Obstacle::ConsentRequired), refuse: None })
}

async fn read(
    connection: &mut PgConnection,
    id: i64,
    now: DateTime<Utc>,
    lock: &str,
) -> Result<Option<Approval>, StoreError> {
    let sql = format!(
        "SELECT a.id, a.kind, a.entity_id, a.entity_revision, a.payload, a.state, a.step, a.consent_needed, a.consent_number, a.reason, a.requested_by,
                u.login, d.code AS department, a.requested_at, a.expires_at, a.closed_at, a.failure, a.revision
         FROM approval a JOIN staff_user u ON u.id = a.requested_by LEFT JOIN department d ON d.id = a.department_id WHERE a.id = $1 {lock}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&mut *connection).await?;
    let Some(row) = row else { return Ok(None) };
    let mut approval = head_of(&row, now)?;
    let steps = sqlx::query(
        "SELECT s.permission, s.people, s.barred, d.code AS head_of FROM approval_step s LEFT JOIN department d ON d.id = s.head_of
         WHERE s.approval_id = $1 ORDER BY s.no",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    approval.steps = steps.iter().map(|row| step_of(row, id)).collect::<Result<_, _>>()?;
    let decisions = sqlx::query(
        "SELECT d.user_id, u.login, d.step, d.verdict, d.comment, d.decided_at FROM approval_decision d JOIN staff_user u ON u.id = d.user_id
         WHERE d.approval_id = $1 ORDER BY d.step, d.decided_at, d.user_id",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    approval.decisions = decisions.iter().map(|row| decision_of(row, id)).collect::<Result<_, _>>()?;
    let evidence = sqlx::query(
        "SELECT id, kind, text, day, number_shown, author, created_at FROM approval_evidence WHERE approval_id = $1 ORDER BY id",
    )
    .bind(id)
    .fetch_all(&mut *connection)
    .await?;
    approval.evidence = evidence.iter().map(|row| evidence_of(row, id)).collect::<Result<_, _>>()?;
    Ok(Some(approval))
}

fn head_of(row: &PgRow, now: DateTime<Utc>) -> Result<Approval, StoreError> {
    let id: i64 = row.get("id");
    let (kind, state): (String, String) = (row.get("kind"), row.get("state"));
    let state: State = state.parse().map_err(|()| strange(id, &format!("state {state}")))?;
    let expires_at: DateTime<Utc> = row.get("expires_at");
    let consent = Consent { number: row.get("consent_number") };
    Ok(Approval {
        id,
        kind: kind.parse().map_err(|()| strange(id, &format!("kind {kind}")))?,
        entity_id: row.get("entity_id"),
        entity_revision: row.get("entity_revision"),
        payload: row.get("payload"),
        state: state.at(expires_at, now),
        step: row.get("step"),
        steps: Vec::new(),
        consent: row.get::<bool, _>("consent_needed").then_some(consent),
        reason: row.get("reason"),
        requester_id: row.get("requested_by"),
        requester: row.get("login"),
        department: row.get("department"),
        requested_at: row.get("requested_at"),
        expires_at,
        closed_at: row.get("closed_at"),
        failure: row.get("failure"),
        revision: row.get("revision"),
        decisions: Vec::new(),
        evidence: Vec::new(),
    })
}

fn step_of(row: &PgRow, id: i64) -> Result<Step, StoreError> {
    let permission: String = row.get("permission");
    Ok(Step {
        permission: permission.parse().map_err(|()| strange(id, &format!("permission {permission}")))?,
        people: row.get("people"),
        barred: row.get("barred"),
        head_of: row.get("head_of"),
    })
}

fn decision_of(row: &PgRow, id: i64) -> Result<Decision, StoreError> {
    let verdict: String = row.get("verdict");
    Ok(Decision {
        user_id: row.get("user_id"),
        login: row.get("login"),
        step: row.get("step"),
        verdict: verdict.parse().map_err(|()| strange(id, &format!("verdict {verdict}")))?,
        comment: row.get("comment"),
        at: row.get("decided_at"),
    })
}

fn evidence_of(row: &PgRow, id: i64) -> Result<Evidence, StoreError> {
    let kind: String = row.get("kind");
    Ok(Evidence {
        id: row.get("id"),
        kind: kind.parse().map_err(|()| strange(id, &format!("evidence {kind}")))?,
        text: row.get("text"),
        day: row.get("day"),
        number_shown: row.get("number_shown"),
        author: row.get("author"),
        created_at: row.get("created_at"),
    })
}

/// Something that this program does not know.
fn strange(id: i64, what: &str) -> StoreError {
    StoreError::Inconsistent { table: "approval", problem: format!("{what}, which is unknown, in request {id}") }
}
