//! API tokens.
//!
//! Owns: table `api_token`.
//! Does not own: the bits of a token (whoever has randomness makes them), who is behind one (`read`).
//! Always: only the digest is stored; a token may no more than its owner at the moment of the call, and whoever makes one gives no more than he has himself;
//! one made for somebody else does not grow with its owner, and nobody makes one for somebody who may more than he.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::StaffError;
use super::people::may_change;
use super::permissions::Permission;
use super::read::{Staff, held};
use crate::change::Change;
use crate::store::{Store, StoreError};

/// Digest under which a token is stored.
pub fn token_digest(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// A token as it is shown: never itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// Identifier.
    pub id: i64,
    /// What it is for.
    pub name: String,
    /// What it is narrowed to; `None` = all that its owner may.
    pub scopes: Option<Vec<String>>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// The moment from which it is no longer valid.
    pub expires_at: DateTime<Utc>,
    /// When it was revoked.
    pub revoked_at: Option<DateTime<Utc>>,
}

/// A token to be made.
#[derive(Clone, Debug)]
pub struct NewToken<'a> {
    /// What it is for.
    pub name: &'a str,
    /// What it is narrowed to; `None` = all that its owner may at each moment, and where he is another than the caller, what he may now.
    pub scopes: Option<BTreeSet<Permission>>,
    /// Days that it lives.
    pub days: i64,
    /// Most of them.
    pub days_max: i64,
    /// Itself, 256 random bits.
    pub token: &'a str,
}

/// Tokens of a user whom the caller may see, the newest first; `None`: there is no such user.
pub async fn tokens(
    store: &Store,
    by: &Staff,
    login: &str,
    now: DateTime<Utc>,
) -> Result<Option<Vec<Token>>, StoreError> {
    let Some(card) = super::read::card(store, by, login, now).await? else { return Ok(None) };
    let rows = sqlx::query(
        "SELECT id, name, scopes, created_at, created_by, expires_at, revoked_at FROM api_token WHERE user_id = $1 ORDER BY id DESC",
    )
    .bind(card.id)
    .fetch_all(store.pool())
    .await?;
    let token = |row: &sqlx::postgres::PgRow| Token {
        id: row.get("id"),
        name: row.get("name"),
        scopes: row.get("scopes"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        expires_at: row.get("expires_at"),
        revoked_at: row.get("revoked_at"),
    };
    Ok(Some(rows.iter().map(token).collect()))
}

/// Makes a token of a user; its identifier and end.
pub async fn make_token(
    change: &mut Change,
    by: &Staff,
    login: &str,
    new: &NewToken<'_>,
    reason: &str,
) -> Result<(i64, DateTime<Utc>), StaffError> {
    if new.days > new.days_max {
        return Err(StaffError::TooLong(new.days_max));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let card = held(change.connection(), by, login, now).await?;
    if card.blocked_at.is_some() {
        return Err(StaffError::NotFound);
    }
    may_change(by, &card)?;
    // Whoever makes a token for another may know it: it does not grow with its owner, and has nothing that its maker has not.
    let common = &card.permissions & &by.permissions;
    let narrowed = if card.id == by.id { new.scopes.as_ref() } else { new.scopes.as_ref().or(Some(&common)) };
    // Also one's own: a token with few scopes makes none with more.
    by.has_all(narrowed.unwrap_or(&card.permissions))?;
    let scopes: Option<Vec<&str>> =
        narrowed.map(|scopes| scopes.iter().map(|permission| permission.as_str()).collect());
    let expires_at = now + TimeDelta::days(new.days);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO api_token (user_id, name, digest, scopes, expires_at, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(card.id)
    .bind(new.name)
    .bind(token_digest(new.token))
    .bind(&scopes)
    .bind(expires_at)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"token": id, "name": new.name, "scopes": scopes, "expires_at": expires_at});
    change.record("staff.token", "staff", &card.login, &json!(null), &after, reason);
    Ok((id, expires_at))
}

/// Revokes a token of a user: the next request with it is refused.
pub async fn revoke_token(
    change: &mut Change,
    by: &Staff,
    login: &str,
    id: i64,
    reason: &str,
) -> Result<(), StaffError> {
    let now = change.now();
    let card = held(change.connection(), by, login, now).await?;
    may_change(by, &card)?;
    let row = sqlx::query("SELECT name, revoked_at FROM api_token WHERE id = $1 AND user_id = $2")
        .bind(id)
        .bind(card.id)
        .fetch_optional(change.connection())
        .await?;
    let row = row.ok_or(StaffError::NotFound)?;
    if row.get::<Option<DateTime<Utc>>, _>("revoked_at").is_some() {
        return Err(StaffError::Already);
    }
    sqlx::query("UPDATE api_token SET revoked_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    // What was begun by it ends with it.
    crate::cabinet::end_work_as(change.connection(), card.id, now).await?;
    let before = json!({"token": id, "name": row.get::<String, _>("name"), "revoked_at": null});
    let after = json!({"token": id, "revoked_at": now});
    change.record("staff.token_revoke", "staff", &card.login, &before, &after, reason);
    Ok(())
}

/// What went wrong when a user was added from the command line.
#[derive(Debug, thiserror::Error)]
pub enum AddError {
    /// The role is not one of those that exist.
    #[error(
        "there is no role `{0}`; roles are support, sales, client_service, assistants, head, accounting, settlement, admin, switch"
    )]
    UnknownRole(String),
    /// The login belongs to the program itself.
    #[error("nobody logs in as `{0}`: it is the author of what the program does by itself")]
    OfTheProgram(String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Adds a user (or takes the one with this login), gives him the role, and stores a token of his by its digest.
pub async fn add_token(
    store: &Store,
    login: &str,
    role: &str,
    token: &str,
    expires_at: DateTime<Utc>,
) -> Result<i64, AddError> {
    let mut tx = store.begin().await?;
    let role_id: Option<i32> = sqlx::query_scalar("SELECT id FROM staff_role WHERE code = $1")
        .bind(role)
        .fetch_optional(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    let role_id = role_id.ok_or_else(|| AddError::UnknownRole(role.to_owned()))?;
    let user_id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO staff_user (login, name) VALUES ($1, $1)
         ON CONFLICT (lower(login)) DO UPDATE SET name = staff_user.name WHERE NOT staff_user.is_system RETURNING id",
    )
    .bind(login)
    .fetch_optional(&mut *tx)
    .await
    .map_err(StoreError::from)?;
    let user_id = user_id.ok_or_else(|| AddError::OfTheProgram(login.to_owned()))?;
    sqlx::query("INSERT INTO user_role (user_id, role_id) VALUES ($1, $2) ON CONFLICT DO NOTHING")
        .bind(user_id)
        .bind(role_id)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    sqlx::query("INSERT INTO api_token (user_id, name, digest, expires_at) VALUES ($1, 'command line', $2, $3)")
        .bind(user_id)
        .bind(token_digest(token))
        .bind(expires_at)
        .execute(&mut *tx)
        .await
        .map_err(StoreError::from)?;
    tx.commit().await.map_err(StoreError::from)?;
    Ok(user_id)
}
