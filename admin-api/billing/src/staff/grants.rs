//! Roles and rights are given and taken.
//!
//! Owns: tables `user_role`, `user_permission`.
//! Does not own: what a role may (`roles`).
//! Always: nobody gives what he lacks, and nobody changes his own (S41).

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::StaffError;
use super::people::{may_change, somebody_administers};
use super::permissions::Permission;
use super::read::{Staff, StaffCard, held};
use super::roles::of_roles;
use crate::change::Change;
use crate::store::StoreError;

/// A right of one person's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Name of the permission.
    pub permission: String,
    /// Login of who gave it.
    pub given_by: String,
    /// When.
    pub given_at: DateTime<Utc>,
    /// The moment from which it counts no more.
    pub expires_at: Option<DateTime<Utc>>,
    /// Why.
    pub reason: String,
}

/// Rights of a user's own, also those that have run out.
pub(super) async fn own(connection: &mut PgConnection, user_id: i64) -> Result<Vec<Grant>, StoreError> {
    let rows = sqlx::query(
        "SELECT permission, given_by, given_at, expires_at, reason FROM user_permission WHERE user_id = $1 ORDER BY permission",
    )
    .bind(user_id)
    .fetch_all(connection)
    .await?;
    let grant = |row: &sqlx::postgres::PgRow| Grant {
        permission: row.get("permission"),
        given_by: row.get("given_by"),
        given_at: row.get("given_at"),
        expires_at: row.get("expires_at"),
        reason: row.get("reason"),
    };
    Ok(rows.iter().map(grant).collect())
}

/// Gives a user exactly these roles. What they add has to be the caller's own; what they take away too.
pub async fn set_roles(
    change: &mut Change,
    by: &Staff,
    login: &str,
    roles: &[String],
    revision: Option<i64>,
    reason: &str,
) -> Result<StaffCard, StaffError> {
    let now = change.now();
    let card = grantee(change, by, login).await?;
    if revision.is_some_and(|seen| seen != card.revision) {
        return Err(StaffError::Stale);
    }
    // Whoever made a setup token covered what the user might then.
    crate::sign_in::void_setups(change.connection(), card.id, now).await?;
    sqlx::query("DELETE FROM user_role WHERE user_id = $1").bind(card.id).execute(change.connection()).await?;
    insert_roles(change, by, card.id, roles).await?;
    if card.permissions.contains(&Permission::RoleEdit) {
        somebody_administers(change.connection(), now).await?;
    }
    let (before, after) = (json!({"roles": card.roles}), json!({"roles": roles}));
    change.record("staff.roles", "staff", &card.login, &before, &after, reason);
    raise_revision(change, card.id).await?;
    held(change.connection(), by, login, now).await
}

/// Writes roles that a user has not yet.
pub(super) async fn insert_roles(
    change: &mut Change,
    by: &Staff,
    user_id: i64,
    roles: &[String],
) -> Result<(), StaffError> {
    // Held until the end: what a role may does not change between the check and the commit.
    let rows =
        sqlx::query("SELECT id, code FROM staff_role WHERE code = ANY($1) AND ended_at IS NULL ORDER BY id FOR SHARE")
            .bind(roles)
            .fetch_all(change.connection())
            .await?;
    let found: Vec<(i32, String)> = rows.iter().map(|row| (row.get("id"), row.get("code"))).collect();
    if let Some(unknown) = roles.iter().find(|role| !found.iter().any(|(_, code)| code == *role)) {
        return Err(StaffError::NoRole(unknown.clone()));
    }
    let ids: Vec<i32> = found.iter().map(|(id, _)| *id).collect();
    by.covers(user_id, &of_roles(change.connection(), &ids).await?)?;
    sqlx::query("INSERT INTO user_role (user_id, role_id) SELECT $1, * FROM unnest($2::integer[])")
        .bind(user_id)
        .bind(ids)
        .execute(change.connection())
        .await?;
    Ok(())
}

/// Gives a user a right beside his roles, or gives it anew until another moment.
pub async fn give_permission(
    change: &mut Change,
    by: &Staff,
    login: &str,
    permission: Permission,
    until: Option<DateTime<Utc>>,
    reason: &str,
) -> Result<(), StaffError> {
    let card = grantee(change, by, login).await?;
    by.covers(card.id, &BTreeSet::from([permission]))?;
    let (now, author) = (change.now(), change.actor().login.clone());
    crate::sign_in::void_setups(change.connection(), card.id, now).await?;
    let before = own(change.connection(), card.id).await?;
    let before = before.iter().find(|grant| grant.permission == permission.as_str());
    let before = before.map_or(json!(null), |grant| json!({"permission": grant.permission, "until": grant.expires_at}));
    sqlx::query(
        "INSERT INTO user_permission (user_id, permission, given_by, given_at, expires_at, reason) VALUES ($1, $2, $3, $4, $5, $6)
         ON CONFLICT (user_id, permission) DO UPDATE SET given_by = excluded.given_by, given_at = excluded.given_at, expires_at = excluded.expires_at, reason = excluded.reason",
    )
    .bind(card.id)
    .bind(permission.as_str())
    .bind(author)
    .bind(now)
    .bind(until)
    .bind(reason)
    .execute(change.connection())
    .await?;
    if permission == Permission::RoleEdit {
        somebody_administers(change.connection(), now).await?;
    }
    let after = json!({"permission": permission.as_str(), "until": until});
    change.record("staff.permission", "staff", &card.login, &before, &after, reason);
    raise_revision(change, card.id).await
}

/// Takes a right of a user's own away; what his roles give stays.
pub async fn take_permission(
    change: &mut Change,
    by: &Staff,
    login: &str,
    permission: Permission,
    reason: &str,
) -> Result<(), StaffError> {
    let card = grantee(change, by, login).await?;
    let taken = sqlx::query("DELETE FROM user_permission WHERE user_id = $1 AND permission = $2")
        .bind(card.id)
        .bind(permission.as_str())
        .execute(change.connection())
        .await?;
    if taken.rows_affected() == 0 {
        return Err(StaffError::Already);
    }
    if permission == Permission::RoleEdit {
        let now = change.now();
        somebody_administers(change.connection(), now).await?;
    }
    let before = json!({"permission": permission.as_str()});
    change.record("staff.permission", "staff", &card.login, &before, &json!(null), reason);
    raise_revision(change, card.id).await
}

/// A user whose rights the caller may change: not himself, and nobody who may more.
async fn grantee(change: &mut Change, by: &Staff, login: &str) -> Result<StaffCard, StaffError> {
    let now = change.now();
    let card = held(change.connection(), by, login, now).await?;
    if card.id == by.id {
        return Err(StaffError::OwnRights);
    }
    may_change(by, &card)?;
    Ok(card)
}

async fn raise_revision(change: &mut Change, user_id: i64) -> Result<(), StaffError> {
    sqlx::query("UPDATE staff_user SET revision = revision + 1 WHERE id = $1")
        .bind(user_id)
        .execute(change.connection())
        .await?;
    Ok(())
}
