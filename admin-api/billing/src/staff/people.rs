//! Users are added, changed, blocked.
//!
//! Owns: the rows of `staff_user` as people change them.
//! Does not own: their roles and rights (`grants`), their tokens (`tokens`) and sessions (`crate::sign_in`) beside ending all of a blocked one.
//! Always: nobody is erased; nobody is changed by somebody who may less than he (S41).

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::permissions::Permission;
use super::read::{Staff, StaffCard, held};
use super::{StaffError, departments, grants, unless_taken};
use crate::change::Change;
use crate::edit::Edit;

/// A user to be added.
#[derive(Clone, Debug)]
pub struct NewStaff {
    /// Login; unique without regard to case.
    pub login: String,
    /// Name.
    pub name: String,
    /// E-mail; unique without regard to case.
    pub email: Option<String>,
    /// Code of the department.
    pub department: Option<String>,
    /// Codes of roles.
    pub roles: Vec<String>,
}

/// How a user is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct StaffUpdate {
    /// Name.
    pub name: Option<String>,
    /// E-mail.
    pub email: Edit<String>,
    /// Code of the department.
    pub department: Edit<String>,
    /// Whether he heads it.
    pub heads_department: Option<bool>,
}

/// What a block did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Blocked {
    /// Since when.
    pub at: DateTime<Utc>,
    /// Tokens that were revoked.
    pub tokens_revoked: u64,
    /// Sessions that were ended.
    pub sessions_ended: u64,
}

/// Adds a user with roles (S41); his identifier. A head adds people to his own departments only.
pub async fn add(change: &mut Change, by: &Staff, new: &NewStaff, reason: &str) -> Result<i64, StaffError> {
    let department = place(change.connection(), by, new.department.as_deref()).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let email = new.email.as_deref().unwrap_or_default();
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO staff_user (login, name, email, department_id, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(&new.login)
    .bind(&new.name)
    .bind(&new.email)
    .bind(department)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await
    .map_err(|error| unless_taken(error, &new.login, email))?;
    grants::insert_roles(change, by, id, &new.roles).await?;
    let after = json!({
        "login": new.login, "name": new.name, "email": new.email, "department": new.department, "roles": new.roles,
    });
    change.record("staff.add", "staff", &new.login, &json!(null), &after, reason);
    Ok(id)
}

/// Changes a user.
pub async fn update(
    change: &mut Change,
    by: &Staff,
    login: &str,
    update: &StaffUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<StaffCard, StaffError> {
    let now = change.now();
    let before = held(change.connection(), by, login, now).await?;
    may_change(by, &before)?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(StaffError::Stale);
    }
    let mut after = before.clone();
    after.name = update.name.clone().unwrap_or(after.name);
    after.email = update.email.clone().applied(after.email);
    after.department = update.department.clone().applied(after.department);
    after.heads_department = update.heads_department.unwrap_or(after.heads_department);
    if after.heads_department && after.department.is_none() {
        return Err(StaffError::HeadOfNothing);
    }
    let moves = (&after.department, after.heads_department) != (&before.department, before.heads_department);
    if moves && before.id == by.id {
        // Whom one sees and changes is a right like others.
        return Err(StaffError::OwnRights);
    }
    let department = if after.department == before.department {
        departments::id_of(change.connection(), after.department.as_deref(), true).await?
    } else {
        place(change.connection(), by, after.department.as_deref()).await?
    };
    after.revision += 1;
    sqlx::query(
        "UPDATE staff_user SET name = $2, email = $3, department_id = $4, heads_department = $5, revision = $6 WHERE id = $1",
    )
    .bind(before.id)
    .bind(&after.name)
    .bind(&after.email)
    .bind(department)
    .bind(after.heads_department)
    .bind(after.revision)
    .execute(change.connection())
    .await
    .map_err(|error| unless_taken(error, &before.login, after.email.as_deref().unwrap_or_default()))?;
    let shown = |card: &StaffCard| {
        json!({
            "name": card.name, "email": card.email, "department": card.department, "heads_department": card.heads_department,
        })
    };
    change.record("staff.edit", "staff", &before.login, &shown(&before), &shown(&after), reason);
    Ok(after)
}

/// Blocks a user: his tokens are revoked, his sessions end, his next request is refused, and so is a write of his that commits later (S42).
pub async fn block(change: &mut Change, by: &Staff, login: &str, reason: &str) -> Result<Blocked, StaffError> {
    let now = change.now();
    let card = held(change.connection(), by, login, now).await?;
    may_change(by, &card)?;
    if card.id == by.id {
        return Err(StaffError::OwnRights);
    }
    if card.blocked_at.is_some() {
        return Err(StaffError::Already);
    }
    sqlx::query("UPDATE staff_user SET blocked_at = $2, block_reason = $3, revision = revision + 1 WHERE id = $1")
        .bind(card.id)
        .bind(now)
        .bind(reason)
        .execute(change.connection())
        .await?;
    let revoked = sqlx::query("UPDATE api_token SET revoked_at = $2 WHERE user_id = $1 AND revoked_at IS NULL")
        .bind(card.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    crate::sign_in::void_setups(change.connection(), card.id, now).await?;
    // Also where he works as a client: unblocked, he signs in anew.
    let sessions_ended = crate::sign_in::end_sessions(change.connection(), card.id, None, now).await?;
    if card.permissions.contains(&Permission::RoleEdit) {
        somebody_administers(change.connection(), now).await?;
    }
    let done = Blocked { at: now, tokens_revoked: revoked.rows_affected(), sessions_ended };
    let after =
        json!({"blocked_at": now, "tokens_revoked": done.tokens_revoked, "sessions_ended": done.sessions_ended});
    change.record("staff.block", "staff", &card.login, &json!({"blocked_at": null}), &after, reason);
    Ok(done)
}

/// Lets a blocked user work again; his tokens stay revoked.
pub async fn unblock(change: &mut Change, by: &Staff, login: &str, reason: &str) -> Result<(), StaffError> {
    let now = change.now();
    let card = held(change.connection(), by, login, now).await?;
    may_change(by, &card)?;
    if card.blocked_at.is_none() {
        return Err(StaffError::Already);
    }
    sqlx::query("UPDATE staff_user SET blocked_at = NULL, block_reason = '', revision = revision + 1 WHERE id = $1")
        .bind(card.id)
        .execute(change.connection())
        .await?;
    let before = json!({"blocked_at": card.blocked_at});
    change.record("staff.unblock", "staff", &card.login, &before, &json!({"blocked_at": null}), reason);
    Ok(())
}

/// Who may more than the caller is not changed by him: else a change would be a way up (S41).
pub(super) fn may_change(by: &Staff, card: &StaffCard) -> Result<(), StaffError> {
    if card.id == by.id { Ok(()) } else { by.covers(card.id, &card.permissions) }
}

/// The department into which the caller may put somebody.
async fn place(connection: &mut PgConnection, by: &Staff, code: Option<&str>) -> Result<Option<i32>, StaffError> {
    let id = departments::id_of(connection, code, false).await?;
    let reached = super::read::departments_of(connection, by).await?;
    match (reached, id) {
        (None, id) => Ok(id),
        (Some(reached), Some(id)) if reached.contains(&id) => Ok(Some(id)),
        (Some(_), _) => Err(StaffError::NoDepartment(code.unwrap_or_default().to_owned())),
    }
}

/// Somebody who is not blocked may change roles still, and not for a while only.
pub(super) async fn somebody_administers(connection: &mut PgConnection, now: DateTime<Utc>) -> Result<(), StaffError> {
    // One at a time: two who each take away the other's right would both find one left.
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('staff administrators', 0))")
        .execute(&mut *connection)
        .await?;
    let found: bool = sqlx::query_scalar(
        "SELECT EXISTS (SELECT FROM staff_user u WHERE u.blocked_at IS NULL AND (
             EXISTS (SELECT FROM user_role r JOIN staff_role o ON o.id = r.role_id AND o.ended_at IS NULL JOIN role_permission p ON p.role_id = o.id
                     WHERE r.user_id = u.id AND p.permission = $1)
             OR EXISTS (SELECT FROM user_permission g WHERE g.user_id = u.id AND g.permission = $1 AND (g.expires_at IS NULL OR g.expires_at > $2 + interval '1 year'))))",
    )
    .bind(Permission::RoleEdit.as_str())
    .bind(now)
    .fetch_one(connection)
    .await?;
    if found { Ok(()) } else { Err(StaffError::LastAdministrator) }
}
