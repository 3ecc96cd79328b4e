//! Who somebody is, and what he may now.
//!
//! Owns: the user behind a token or a session, cards and lists of users, whom a caller may see.
//! Does not own: changes (`people`, `grants`, `tokens`).
//! Always: the user of what the program does by itself is nobody's to see or change, and nobody logs in as it; what a user may is read anew for every request: roles that have not ended, rights that have not run out, no more than the token's scopes.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::permissions::Permission;
use super::tokens::token_digest;
use super::{StaffError, rules};
use crate::store::{Store, StoreError};

/// An authenticated user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Staff {
    /// Identifier.
    pub id: i64,
    /// Login.
    pub login: String,
    /// What he may by this token.
    pub permissions: BTreeSet<Permission>,
    /// Codes of roles.
    pub roles: Vec<String>,
    /// The session by which he is here; `None`: an API token.
    pub session: Option<i64>,
    /// Whether the session may do nothing but enrol a second factor.
    pub only_enrols: bool,
    /// Login of who made the API token by which he is here.
    pub token_by: Option<String>,
}

impl Staff {
    /// Whether the user has a permission.
    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(&permission)
    }

    /// Refuses what he may not give to user `whom`, and whose holder he may not change (S41).
    pub(crate) fn covers(&self, whom: i64, asked: &BTreeSet<Permission>) -> Result<(), StaffError> {
        if whom == self.id { self.has_all(asked) } else { self.hands_out(asked) }
    }

    /// Refuses what he may not give to others.
    pub(crate) fn hands_out(&self, asked: &BTreeSet<Permission>) -> Result<(), StaffError> {
        none_of(rules::beyond(&self.permissions, asked))
    }

    /// Refuses what he has not himself.
    pub(crate) fn has_all(&self, asked: &BTreeSet<Permission>) -> Result<(), StaffError> {
        none_of(rules::lacking(&self.permissions, asked))
    }

    /// Whether he sees and changes people of all departments, and not of his own only.
    fn is_over_all(&self) -> bool {
        self.may(Permission::RoleEdit)
    }
}

fn none_of(lacking: Vec<Permission>) -> Result<(), StaffError> {
    if lacking.is_empty() { Ok(()) } else { Err(StaffError::ExceedsOwn(lacking)) }
}

/// What a user `u` may at the moment `$2`.
const EFFECTIVE: &str =
    "array(SELECT p.permission FROM user_role r JOIN staff_role o ON o.id = r.role_id AND o.ended_at IS NULL JOIN role_permission p ON p.role_id = o.id WHERE r.user_id = u.id
      UNION SELECT g.permission FROM user_permission g WHERE g.user_id = u.id AND (g.expires_at IS NULL OR g.expires_at > $2))";
/// His roles.
const ROLES: &str = "array(SELECT o.code FROM user_role r JOIN staff_role o ON o.id = r.role_id AND o.ended_at IS NULL WHERE r.user_id = u.id ORDER BY o.code)";

/// Names of permissions as such; what this program does not know it does not ask for.
fn known(names: &[String]) -> BTreeSet<Permission> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

/// API tokens and sessions `t` with the digest `$1` that are valid at the moment `$2`.
const VALID: &str =
    "SELECT user_id, scopes, NULL::bigint AS session, false AS only_enrols, false AS is_stale, created_by AS token_by FROM api_token
     WHERE digest = $1 AND revoked_at IS NULL AND expires_at > $2
     UNION ALL
     SELECT user_id, NULL::text[], id, NOT second_factor AND (SELECT value FROM setting WHERE key = 'signin.totp') = 'required',
            last_seen_at <= $2 - interval '1 minute', NULL::text
     FROM staff_session
     WHERE digest = $1 AND ended_at IS NULL AND expires_at > $2
           AND last_seen_at > $2 - make_interval(mins => (SELECT value::integer FROM setting WHERE key = 'session.idle_minutes'))";

/// The user behind a token or a session that is valid at `now`. That a session was seen is written once a minute at most.
pub async fn authenticate(store: &Store, token: &str, now: DateTime<Utc>) -> Result<Option<Staff>, StoreError> {
    let sql = format!(
        "SELECT u.id, u.login, t.scopes, t.session, t.only_enrols, t.is_stale, t.token_by, {EFFECTIVE} AS permissions, {ROLES} AS roles
         FROM ({VALID}) t JOIN staff_user u ON u.id = t.user_id WHERE u.blocked_at IS NULL AND NOT u.is_system"
    );
    let row =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(token_digest(token)).bind(now).fetch_optional(store.pool()).await?;
    let Some(row) = row else { return Ok(None) };
    let session: Option<i64> = row.get("session");
    if row.get("is_stale") {
        sqlx::query("UPDATE staff_session SET last_seen_at = $2 WHERE id = $1 AND last_seen_at < $2")
            .bind(session)
            .bind(now)
            .execute(store.pool())
            .await?;
    }
    let only_enrols: bool = row.get("only_enrols");
    let mut permissions = known(&row.get::<Vec<String>, _>("permissions"));
    if let Some(scopes) = row.get::<Option<Vec<String>>, _>("scopes") {
        permissions = &permissions & &known(&scopes);
    }
    if only_enrols {
        permissions.clear();
    }
    Ok(Some(Staff {
        id: row.get("id"),
        login: row.get("login"),
        permissions,
        roles: row.get("roles"),
        session,
        only_enrols,
        token_by: row.get("token_by"),
    }))
}

/// A user who is not blocked, with all that he may at `now`.
pub async fn by_id(store: &Store, id: i64, now: DateTime<Utc>) -> Result<Option<Staff>, StoreError> {
    let sql = format!(
        "SELECT u.id, u.login, {EFFECTIVE} AS permissions, {ROLES} AS roles FROM staff_user u WHERE u.id = $1 AND u.blocked_at IS NULL"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(now).fetch_optional(store.pool()).await?;
    Ok(row.map(|row| {
        let permissions = known(&row.get::<Vec<String>, _>("permissions"));
        Staff {
            id: row.get("id"),
            login: row.get("login"),
            permissions,
            roles: row.get("roles"),
            session: None,
            only_enrols: false,
            token_by: None,
        }
    }))
}

/// The same with no more than the permissions named.
pub async fn at_work(
    store: &Store,
    id: i64,
    scopes: &[String],
    now: DateTime<Utc>,
) -> Result<Option<Staff>, StoreError> {
    let user = by_id(store, id, now).await?;
    Ok(user.map(|user| Staff { permissions: &user.permissions & &known(scopes), ..user }))
}

/// A user as others see him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffCard {
    /// Identifier.
    pub id: i64,
    /// Login.
    pub login: String,
    /// Name.
    pub name: String,
    /// E-mail.
    pub email: Option<String>,
    /// Code of his department.
    pub department: Option<String>,
    /// Whether he heads it.
    pub heads_department: bool,
    /// Codes of roles.
    pub roles: Vec<String>,
    /// What he may in all.
    pub permissions: BTreeSet<Permission>,
    /// Rights of his own, beside the roles; [`card`] alone reads them.
    pub own: Vec<super::grants::Grant>,
    /// Since when he is blocked.
    pub blocked_at: Option<DateTime<Utc>>,
    /// Why.
    pub block_reason: String,
    /// When he was added.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Raised with every change.
    pub revision: i64,
}

const CARD: &str = "u.id, u.login, u.name, u.email, d.code AS department, u.heads_department, u.blocked_at, u.block_reason, u.created_at, u.created_by, u.revision";

fn read(row: &PgRow) -> StaffCard {
    StaffCard {
        id: row.get("id"),
        login: row.get("login"),
        name: row.get("name"),
        email: row.get("email"),
        department: row.get("department"),
        heads_department: row.get("heads_department"),
        roles: row.get("roles"),
        permissions: known(&row.get::<Vec<String>, _>("permissions")),
        own: Vec::new(),
        blocked_at: row.get("blocked_at"),
        block_reason: row.get("block_reason"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        revision: row.get("revision"),
    }
}

/// Departments whose people the caller sees beside himself; `None` = all.
pub(super) async fn departments_of(connection: &mut PgConnection, by: &Staff) -> Result<Option<Vec<i32>>, StoreError> {
    if by.is_over_all() {
        return Ok(None);
    }
    let headed: Option<i32> =
        sqlx::query_scalar("SELECT department_id FROM staff_user WHERE id = $1 AND heads_department")
            .bind(by.id)
            .fetch_optional(&mut *connection)
            .await?;
    let Some(headed) = headed else { return Ok(Some(Vec::new())) };
    let tree = super::departments::tree(connection).await?;
    Ok(Some(rules::reach(&tree, headed).into_iter().collect()))
}

/// A user whom the caller may see, by login in any case.
pub async fn card(store: &Store, by: &Staff, login: &str, now: DateTime<Utc>) -> Result<Option<StaffCard>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let Some(mut card) = seen(&mut connection, by, login, now).await? else { return Ok(None) };
    card.own = super::grants::own(&mut connection, card.id).await?;
    Ok(Some(card))
}

/// The same inside a change, which holds him until its end.
pub(crate) async fn held(
    connection: &mut PgConnection,
    by: &Staff,
    login: &str,
    now: DateTime<Utc>,
) -> Result<StaffCard, StaffError> {
    // Who changes and who is changed are taken in one order: two who block each other wait, and the second finds himself blocked. Keys do not change: whoever
    // writes an audit line, which refers to its author, goes on.
    sqlx::query("SELECT FROM staff_user WHERE id = $1 OR lower(login) = lower($2) ORDER BY id FOR NO KEY UPDATE")
        .bind(by.id)
        .bind(login)
        .execute(&mut *connection)
        .await?;
    seen(connection, by, login, now).await?.ok_or(StaffError::NotFound)
}

async fn seen(
    connection: &mut PgConnection,
    by: &Staff,
    login: &str,
    now: DateTime<Utc>,
) -> Result<Option<StaffCard>, StoreError> {
    let departments = departments_of(connection, by).await?;
    let sql = format!(
        "SELECT {CARD}, {EFFECTIVE} AS permissions, {ROLES} AS roles FROM staff_user u LEFT JOIN department d ON d.id = u.department_id
         WHERE lower(u.login) = lower($1) AND NOT u.is_system AND ($3::integer[] IS NULL OR u.department_id = ANY($3) OR u.id = $4)"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(login)
        .bind(now)
        .bind(departments)
        .bind(by.id)
        .fetch_optional(&mut *connection)
        .await?;
    Ok(row.map(|row| read(&row)))
}
