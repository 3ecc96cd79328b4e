//! Passwords, and the tokens by which they are set.
//!
//! Owns: tables `staff_password`, `password_setup`; what is known of somebody at the door.
//! Does not own: the hashing (the API has the threads for it), which password is too weak (`rules`).
//! Always: a password is kept as its Argon2id hash; a new one ends the other sessions; a setup token is good once, and a later one makes it void.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::SignInError;
use super::second_factor::drop_totp;
use super::sessions::end_sessions;
use crate::change::Change;
use crate::staff::{self, Staff, StaffError, token_digest};
use crate::store::{Store, StoreError};

/// Hours that a setup token is good.
const SETUP_HOURS: i64 = 24;

/// What is known of somebody at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Identifier of the user.
    pub user_id: i64,
    /// Login.
    pub login: String,
    /// Name.
    pub name: String,
    /// E-mail.
    pub email: Option<String>,
    /// Whether he is blocked (S42).
    pub is_blocked: bool,
    /// Hash of his password.
    pub hash: Option<String>,
    /// His second factor, also one that is not confirmed.
    pub totp: Option<Totp>,
}

/// A second factor as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Totp {
    /// The secret, encrypted.
    pub secret: Vec<u8>,
    /// Whether it counts.
    pub is_confirmed: bool,
    /// Step of the last code that was accepted.
    pub last_step: i64,
}

const KNOWN: &str =
    "SELECT u.id, u.login, u.name, u.email, u.blocked_at IS NOT NULL AS is_blocked, p.hash, t.secret, t.confirmed_at IS NOT NULL AS is_confirmed, t.last_step
     FROM staff_user u LEFT JOIN staff_password p ON p.user_id = u.id LEFT JOIN staff_totp t ON t.user_id = u.id";

fn read(row: &PgRow) -> Known {
    let secret: Option<Vec<u8>> = row.get("secret");
    let totp =
        secret.map(|secret| Totp { secret, is_confirmed: row.get("is_confirmed"), last_step: row.get("last_step") });
    Known {
        user_id: row.get("id"),
        login: row.get("login"),
        name: row.get("name"),
        email: row.get("email"),
        is_blocked: row.get("is_blocked"),
        hash: row.get("hash"),
        totp,
    }
}

/// The user with a login, in any case.
pub async fn by_login(store: &Store, login: &str) -> Result<Option<Known>, StoreError> {
    let sql = format!("{KNOWN} WHERE lower(u.login) = lower($1) AND NOT u.is_system");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(login).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

/// The user with an e-mail, in any case.
pub async fn by_email(store: &Store, email: &str) -> Result<Option<Known>, StoreError> {
    let sql = format!("{KNOWN} WHERE lower(u.email) = lower($1) AND NOT u.is_system");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(email).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

/// The user with an identifier.
pub async fn by_id(store: &Store, user_id: i64) -> Result<Option<Known>, StoreError> {
    let sql = format!("{KNOWN} WHERE u.id = $1 AND NOT u.is_system");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(user_id).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

/// The user for whom a setup token was made that is good at `now`.
pub async fn by_setup(store: &Store, token: &str, now: DateTime<Utc>) -> Result<Option<Known>, StoreError> {
    let sql = format!(
        "{KNOWN} JOIN password_setup s ON s.user_id = u.id
         WHERE s.digest = $1 AND s.used_at IS NULL AND s.expires_at > $2 AND NOT u.is_system"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(token_digest(token)).bind(now).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

/// Sets another password of the caller's own, whose password `former` was until now; his other sessions end, and setup tokens are void. How many sessions did.
pub async fn change_password(change: &mut Change, by: &Staff, former: &str, hash: &str) -> Result<u64, SignInError> {
    change.hold_author().await?;
    let now = change.now();
    let changed = sqlx::query("UPDATE staff_password SET hash = $3, changed_at = $4 WHERE user_id = $1 AND hash = $2")
        .bind(by.id)
        .bind(former)
        .bind(hash)
        .bind(now)
        .execute(change.connection())
        .await?;
    if changed.rows_affected() == 0 {
        return Err(SignInError::Spent);
    }
    void_setups(change.connection(), by.id, now).await?;
    let ended = end_sessions(change.connection(), by.id, by.session, now).await?;
    change.record("password.change", "staff", &by.login, &json!(null), &json!({"sessions_ended": ended}), "");
    Ok(ended)
}

/// Makes the setup tokens of a user void that were not used yet.
pub(crate) async fn void_setups(
    connection: &mut PgConnection,
    user_id: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE password_setup SET used_at = $2 WHERE user_id = $1 AND used_at IS NULL")
        .bind(user_id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Makes a token by which a user sets his password, and void what was made before; its end. Nobody makes one for somebody who may more than he (S41): who
/// signs in by it may all that its owner may. Nor for himself: a session left open, or a token with few scopes, would be worth all that its owner may.
pub async fn reset(
    change: &mut Change,
    by: &Staff,
    login: &str,
    token: &str,
    drops_totp: bool,
    reason: &str,
) -> Result<DateTime<Utc>, StaffError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let card = staff::held(change.connection(), by, login, now).await?;
    by.covers(card.id, &card.permissions)?;
    if card.blocked_at.is_some() {
        return Err(StaffError::NotFound);
    }
    if card.id == by.id {
        return Err(StaffError::OwnRights);
    }
    void_setups(change.connection(), card.id, now).await?;
    let expires_at = now + TimeDelta::hours(SETUP_HOURS);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO password_setup (user_id, digest, drops_totp, created_at, created_by, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(card.id)
    .bind(token_digest(token))
    .bind(drops_totp)
    .bind(now)
    .bind(author)
    .bind(expires_at)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"setup": id, "drops_totp": drops_totp, "expires_at": expires_at});
    change.record("password.reset", "staff", &card.login, &json!(null), &after, reason);
    Ok(expires_at)
}

/// Sets the password of a user, who is the author of the change, by a setup token; all his sessions end.
pub async fn redeem(change: &mut Change, user: &Known, token: &str, hash: &str) -> Result<(), SignInError> {
    change.hold_author().await?;
    let now = change.now();
    let drops_totp: Option<bool> = sqlx::query_scalar(
        "UPDATE password_setup SET used_at = $3 WHERE digest = $1 AND user_id = $2 AND used_at IS NULL AND expires_at > $3 RETURNING drops_totp",
    )
    .bind(token_digest(token))
    .bind(user.user_id)
    .bind(now)
    .fetch_optional(change.connection())
    .await?;
    let drops_totp = drops_totp.ok_or(SignInError::Spent)?;
    sqlx::query(
        "INSERT INTO staff_password (user_id, hash, changed_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = excluded.changed_at",
    )
    .bind(user.user_id)
    .bind(hash)
    .bind(now)
    .execute(change.connection())
    .await?;
    if drops_totp {
        drop_totp(change.connection(), user.user_id).await?;
    }
    let ended = end_sessions(change.connection(), user.user_id, None, now).await?;
    let after = json!({"totp_dropped": drops_totp, "sessions_ended": ended});
    change.record("password.set", "staff", &user.login, &json!(null), &after, "");
    Ok(())
}
