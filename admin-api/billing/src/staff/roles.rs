//! What roles may.
//!
//! Owns: tables `staff_role`, `role_permission`.
//! Does not own: who has a role (`grants`).
//! Always: nobody puts into a role what he lacks, nor changes a role that he has (S41); a role that ended gives nothing, and its code is not used again.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::StaffError;
use super::people::somebody_administers;
use super::permissions::Permission;
use super::read::Staff;
use crate::change::Change;
use crate::store::{Store, StoreError, broken_constraint};

/// A role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    id: i32,
    /// Code.
    pub code: String,
    /// Name in Russian.
    pub name_ru: String,
    /// Name in English.
    pub name_en: String,
    /// Whether it comes with the program.
    pub built_in: bool,
    /// What it may.
    pub permissions: BTreeSet<Permission>,
    /// Users with it who are not blocked.
    pub people: i64,
    /// Raised with every change.
    pub revision: i64,
}

/// A role to be made.
#[derive(Clone, Debug)]
pub struct NewRole {
    /// Code, unique.
    pub code: String,
    /// Name in Russian.
    pub name_ru: String,
    /// Name in English.
    pub name_en: String,
    /// What it may.
    pub permissions: BTreeSet<Permission>,
}

/// How a role is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct RoleUpdate {
    /// Name in Russian.
    pub name_ru: Option<String>,
    /// Name in English.
    pub name_en: Option<String>,
    /// What it may.
    pub permissions: Option<BTreeSet<Permission>>,
}

const SHOWN: &str =
    "o.id, o.code, o.name_ru, o.name_en, o.built_in, o.revision, array(SELECT p.permission FROM role_permission p WHERE p.role_id = o.id) AS permissions,
     (SELECT count(*) FROM user_role r JOIN staff_user u ON u.id = r.user_id WHERE r.role_id = o.id AND u.blocked_at IS NULL) AS people";

fn read(row: &PgRow) -> Role {
    let names: Vec<String> = row.get("permissions");
    Role {
        id: row.get("id"),
        code: row.get("code"),
        name_ru: row.get("name_ru"),
        name_en: row.get("name_en"),
        built_in: row.get("built_in"),
        permissions: names.iter().filter_map(|name| name.parse().ok()).collect(),
        people: row.get("people"),
        revision: row.get("revision"),
    }
}

/// The roles that have not ended, by code.
pub async fn roles(store: &Store) -> Result<Vec<Role>, StoreError> {
    let sql = format!("SELECT {SHOWN} FROM staff_role o WHERE o.ended_at IS NULL ORDER BY o.code");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(store.pool()).await?;
    Ok(rows.iter().map(read).collect())
}

/// Names of all permissions that some role or person has, also those that this program does not know.
pub async fn permission_names(store: &Store) -> Result<Vec<String>, StoreError> {
    let sql = "SELECT permission FROM role_permission UNION SELECT permission FROM user_permission ORDER BY 1";
    Ok(sqlx::query_scalar(sql).fetch_all(store.pool()).await?)
}

/// One of them.
pub async fn role(store: &Store, code: &str) -> Result<Option<Role>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    find(&mut connection, code).await
}

/// A role until the end of the change. In two statements: what the first has waited for, the second sees.
async fn held(change: &mut Change, code: &str) -> Result<Role, StaffError> {
    change.hold_author().await?;
    sqlx::query("SELECT FROM staff_role WHERE code = $1 FOR UPDATE").bind(code).execute(change.connection()).await?;
    find(change.connection(), code).await?.ok_or_else(|| StaffError::NoRole(code.to_owned()))
}

async fn find(connection: &mut PgConnection, code: &str) -> Result<Option<Role>, StoreError> {
    let sql = format!("SELECT {SHOWN} FROM staff_role o WHERE o.code = $1 AND o.ended_at IS NULL");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(code).fetch_optional(connection).await?;
    Ok(row.map(|row| read(&row)))
}

/// Makes a role.
pub async fn add_role(change: &mut Change, by: &Staff, new: &NewRole, reason: &str) -> Result<(), StaffError> {
    by.hands_out(&new.permissions)?;
    let id: i32 =
        sqlx::query_scalar("INSERT INTO staff_role (code, name_ru, name_en) VALUES ($1, $2, $3) RETURNING id")
            .bind(&new.code)
            .bind(&new.name_ru)
            .bind(&new.name_en)
            .fetch_one(change.connection())
            .await
            .map_err(|error| match broken_constraint(&error) {
                Some("staff_role_code_unique") => StaffError::Exists(new.code.clone()),
                _ => error.into(),
            })?;
    write_permissions(change.connection(), id, &new.permissions).await?;
    let after = shown(&new.name_ru, &new.name_en, &new.permissions);
    change.record("role.add", "role", &new.code, &json!(null), &after, reason);
    Ok(())
}

/// Changes a role. What it could before and can after has to be the caller's own, and he must not have it himself.
pub async fn update_role(
    change: &mut Change,
    by: &Staff,
    code: &str,
    update: &RoleUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Role, StaffError> {
    let now = change.now();
    let before = held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(StaffError::Stale);
    }
    let mut after = before.clone();
    after.name_ru = update.name_ru.clone().unwrap_or(after.name_ru);
    after.name_en = update.name_en.clone().unwrap_or(after.name_en);
    after.permissions = update.permissions.clone().unwrap_or(after.permissions);
    after.revision += 1;
    if after.permissions != before.permissions {
        let changed: BTreeSet<Permission> = &after.permissions ^ &before.permissions;
        by.hands_out(&changed)?;
        let own: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM user_role WHERE role_id = $1 AND user_id = $2)")
            .bind(before.id)
            .bind(by.id)
            .fetch_one(change.connection())
            .await?;
        // Taking rights from one's own role is no way up; all others ask somebody else.
        if own && !after.permissions.is_subset(&before.permissions) {
            return Err(StaffError::OwnRights);
        }
    }
    sqlx::query("UPDATE staff_role SET name_ru = $2, name_en = $3, revision = $4 WHERE id = $1")
        .bind(before.id)
        .bind(&after.name_ru)
        .bind(&after.name_en)
        .bind(after.revision)
        .execute(change.connection())
        .await?;
    sqlx::query("DELETE FROM role_permission WHERE role_id = $1").bind(before.id).execute(change.connection()).await?;
    write_permissions(change.connection(), before.id, &after.permissions).await?;
    if before.permissions.contains(&Permission::RoleEdit) {
        somebody_administers(change.connection(), now).await?;
    }
    let (was, is) = (
        shown(&before.name_ru, &before.name_en, &before.permissions),
        shown(&after.name_ru, &after.name_en, &after.permissions),
    );
    change.record("role.edit", "role", code, &was, &is, reason);
    Ok(after)
}

/// Ends a role that nobody has any more.
pub async fn end_role(change: &mut Change, by: &Staff, code: &str, reason: &str) -> Result<(), StaffError> {
    let now = change.now();
    let before = held(change, code).await?;
    if before.built_in {
        return Err(StaffError::BuiltIn);
    }
    if before.people > 0 {
        return Err(StaffError::InUse(before.people));
    }
    by.hands_out(&before.permissions)?;
    sqlx::query("UPDATE staff_role SET ended_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(before.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let was = shown(&before.name_ru, &before.name_en, &before.permissions);
    change.record("role.end", "role", code, &was, &json!(null), reason);
    Ok(())
}

/// All permissions that roles give.
pub(super) async fn of_roles(connection: &mut PgConnection, roles: &[i32]) -> Result<BTreeSet<Permission>, StaffError> {
    let names: Vec<String> =
        sqlx::query_scalar("SELECT DISTINCT permission FROM role_permission WHERE role_id = ANY($1)")
            .bind(roles)
            .fetch_all(connection)
            .await?;
    Ok(names.iter().filter_map(|name| name.parse().ok()).collect())
}

async fn write_permissions(
    connection: &mut PgConnection,
    role: i32,
    permissions: &BTreeSet<Permission>,
) -> Result<(), StaffError> {
    let names: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
    sqlx::query("INSERT INTO role_permission (role_id, permission) SELECT $1, * FROM unnest($2::text[])")
        .bind(role)
        .bind(names)
        .execute(connection)
        .await?;
    Ok(())
}

fn shown(name_ru: &str, name_en: &str, permissions: &BTreeSet<Permission>) -> serde_json::Value {
    let names: Vec<&str> = permissions.iter().map(|permission| permission.as_str()).collect();
    json!({"name_ru": name_ru, "name_en": name_en, "permissions": names})
}
