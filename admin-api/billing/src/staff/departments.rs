//! Departments.
//!
//! Owns: table `department`.
//! Does not own: who is in one (`people`).
//! Always: a tree; a department with people or departments in it does not close.

use serde_json::json;
use sqlx::{PgConnection, Row};

use super::{StaffError, rules};
use crate::change::Change;
use crate::edit::Edit;
use crate::store::{Store, StoreError, broken_constraint};

/// A department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Department {
    id: i32,
    /// Code.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code of the one above it.
    pub parent: Option<String>,
    /// Who approves that a number is forced into sale for its people, as the room of numbers names it (M20).
    pub forcing: String,
    /// People in it who are not blocked.
    pub people: i64,
    /// Raised with every change.
    pub revision: i64,
}

/// A department to be made.
#[derive(Clone, Debug)]
pub struct NewDepartment {
    /// Code, unique.
    pub code: String,
    /// Name.
    pub name: String,
    /// Code of the one above it.
    pub parent: Option<String>,
    /// Who approves forcings for its people.
    pub forcing: String,
}

/// How a department is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct DepartmentUpdate {
    /// Name.
    pub name: Option<String>,
    /// Code of the one above it.
    pub parent: Edit<String>,
    /// Who approves forcings for its people.
    pub forcing: Option<String>,
}

const SHOWN: &str = "d.id, d.code, d.name, a.code AS parent, d.forcing, d.revision, (SELECT count(*) FROM staff_user u WHERE u.department_id = d.id AND u.blocked_at IS NULL) AS people
     FROM department d LEFT JOIN department a ON a.id = d.parent_id WHERE d.closed_at IS NULL";

/// The departments that are not closed, by code.
pub async fn departments(store: &Store) -> Result<Vec<Department>, StoreError> {
    let sql = format!("SELECT {SHOWN} ORDER BY d.code");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(store.pool()).await?;
    Ok(rows.iter().map(read).collect())
}

fn read(row: &sqlx::postgres::PgRow) -> Department {
    Department {
        id: row.get("id"),
        code: row.get("code"),
        name: row.get("name"),
        parent: row.get("parent"),
        forcing: row.get("forcing"),
        people: row.get("people"),
        revision: row.get("revision"),
    }
}

/// The department of a user.
pub(crate) async fn department_of(connection: &mut PgConnection, user: i64) -> Result<Option<Department>, StoreError> {
    let sql = format!("SELECT {SHOWN} AND d.id = (SELECT department_id FROM staff_user WHERE id = $1)");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user).fetch_optional(connection).await?;
    Ok(row.as_ref().map(read))
}

/// Every department with the one above it.
pub(super) async fn tree(connection: &mut PgConnection) -> Result<Vec<(i32, Option<i32>)>, StoreError> {
    let rows = sqlx::query("SELECT id, parent_id FROM department").fetch_all(connection).await?;
    Ok(rows.iter().map(|row| (row.get("id"), row.get("parent_id"))).collect())
}

/// The department with a code; a closed one only where `or_closed`.
pub(super) async fn id_of(
    connection: &mut PgConnection,
    code: Option<&str>,
    or_closed: bool,
) -> Result<Option<i32>, StaffError> {
    let Some(code) = code else { return Ok(None) };
    // Held until the end: it does not close under somebody who is put into it.
    let id = sqlx::query_scalar("SELECT id FROM department WHERE code = $1 AND ($2 OR closed_at IS NULL) FOR SHARE")
        .bind(code)
        .bind(or_closed)
        .fetch_optional(connection)
        .await?;
    id.map(Some).ok_or_else(|| StaffError::NoDepartment(code.to_owned()))
}

/// Makes a department.
pub async fn add_department(change: &mut Change, new: &NewDepartment, reason: &str) -> Result<(), StaffError> {
    change.hold_author().await?;
    let parent = id_of(change.connection(), new.parent.as_deref(), false).await?;
    sqlx::query("INSERT INTO department (code, name, parent_id, forcing) VALUES ($1, $2, $3, $4)")
        .bind(&new.code)
        .bind(&new.name)
        .bind(parent)
        .bind(&new.forcing)
        .execute(change.connection())
        .await
        .map_err(|error| match broken_constraint(&error) {
            Some("department_code_unique") => StaffError::Exists(new.code.clone()),
            _ => error.into(),
        })?;
    let after = json!({"name": new.name, "parent": new.parent, "forcing": new.forcing});
    change.record("department.add", "department", &new.code, &json!(null), &after, reason);
    Ok(())
}

/// Changes a department.
pub async fn update_department(
    change: &mut Change,
    code: &str,
    update: &DepartmentUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Department, StaffError> {
    let before = held(change, code).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(StaffError::Stale);
    }
    let mut after = before.clone();
    after.name = update.name.clone().unwrap_or(after.name);
    after.parent = update.parent.clone().applied(after.parent);
    after.forcing = update.forcing.clone().unwrap_or(after.forcing);
    after.revision += 1;
    let parent = id_of(change.connection(), after.parent.as_deref(), after.parent == before.parent).await?;
    if let Some(parent) = parent {
        let tree = tree(change.connection()).await?;
        if rules::reach(&tree, before.id).contains(&parent) {
            return Err(StaffError::Circle);
        }
    }
    sqlx::query("UPDATE department SET name = $2, parent_id = $3, forcing = $4, revision = $5 WHERE id = $1")
        .bind(before.id)
        .bind(&after.name)
        .bind(parent)
        .bind(&after.forcing)
        .bind(after.revision)
        .execute(change.connection())
        .await?;
    let shown = |department: &Department| json!({"name": department.name, "parent": department.parent, "forcing": department.forcing});
    change.record("department.edit", "department", code, &shown(&before), &shown(&after), reason);
    Ok(after)
}

/// Closes a department that nobody is in.
pub async fn close_department(change: &mut Change, code: &str, reason: &str) -> Result<(), StaffError> {
    let now = change.now();
    let before = held(change, code).await?;
    let below: i64 = sqlx::query_scalar("SELECT count(*) FROM department WHERE parent_id = $1 AND closed_at IS NULL")
        .bind(before.id)
        .fetch_one(change.connection())
        .await?;
    if before.people + below > 0 {
        return Err(StaffError::InUse(before.people + below));
    }
    sqlx::query("UPDATE department SET closed_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(before.id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let shown = json!({"name": before.name, "parent": before.parent});
    change.record("department.close", "department", code, &shown, &json!(null), reason);
    Ok(())
}

/// A department until the end of the change. All changes of the tree take one lock: two that are right alone may close a circle together.
async fn held(change: &mut Change, code: &str) -> Result<Department, StaffError> {
    change.hold_author().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('department tree', 0))")
        .execute(change.connection())
        .await?;
    sqlx::query("SELECT FROM department WHERE code = $1 FOR UPDATE").bind(code).execute(change.connection()).await?;
    let sql = format!("SELECT {SHOWN} AND d.code = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(code).fetch_optional(change.connection()).await?;
    row.map(|row| read(&row)).ok_or_else(|| StaffError::NoDepartment(code.to_owned()))
}
