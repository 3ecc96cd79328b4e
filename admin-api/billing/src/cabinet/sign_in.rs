//! Who wants to come in, and how often he has tried.
//!
//! Owns: table `client_sign_in`.
//! Does not own: the comparison of passwords (the API), what follows when it fits (`sessions`).
//! Always: a try counts before it is judged, so that tries at once are not more than tries one after another.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::Row;

use super::rules::{TRIES_MAX, TRIES_WITHIN};
use crate::store::{Store, StoreError};

/// Failed tries of others that are cleared away on the way.
const SWEPT: i64 = 100;

/// Somebody who may be who he says. No `Debug`: the digest is a secret.
#[derive(Clone)]
pub struct Candidate {
    /// Identifier of the user.
    pub id: i64,
    /// His login, as it is kept.
    pub login: String,
    /// What his password has to fit.
    pub password_digest: String,
    pub(super) client_id: i64,
    /// Code of his client.
    pub client: String,
    /// What is forgotten when he succeeds.
    pub(super) subject: Vec<u8>,
}

/// Why nothing is compared.
#[derive(Debug, thiserror::Error)]
pub enum TryError {
    /// Too many tries failed.
    #[error("too many tries failed")]
    TooMany,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for TryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Counts a try to sign in from an address; who it may be. `None`: nobody has the login, or he is blocked.
pub async fn try_to_sign_in(
    store: &Store,
    login: &str,
    address: &str,
    now: DateTime<Utc>,
) -> Result<Option<Candidate>, TryError> {
    let subject = subject(login, address);
    let mut tx = store.pool().begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended(encode($1, 'hex'), 0))")
        .bind(&subject)
        .execute(&mut *tx)
        .await?;
    let tries: i64 = sqlx::query_scalar("SELECT count(*) FROM client_sign_in WHERE subject = $1 AND at > $2")
        .bind(&subject)
        .bind(now - TRIES_WITHIN)
        .fetch_one(&mut *tx)
        .await?;
    if tries >= TRIES_MAX {
        return Err(TryError::TooMany);
    }
    sqlx::query("INSERT INTO client_sign_in (subject, at) VALUES ($1, $2)")
        .bind(&subject)
        .bind(now)
        .execute(&mut *tx)
        .await?;
    sqlx::query(
        "DELETE FROM client_sign_in WHERE id IN (SELECT id FROM client_sign_in WHERE at <= $1 ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now - TRIES_WITHIN)
    .bind(SWEPT)
    .execute(&mut *tx)
    .await?;
    let row = sqlx::query(
        "SELECT u.id, u.login, u.password_digest, u.client_id, c.code FROM client_user u JOIN client c ON c.id = u.client_id
         WHERE lower(u.login) = lower($1) AND u.blocked_at IS NULL",
    )
    .bind(login)
    .fetch_optional(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(row.map(|row| Candidate {
        id: row.get("id"),
        login: row.get("login"),
        password_digest: row.get("password_digest"),
        client_id: row.get("client_id"),
        client: row.get("code"),
        subject,
    }))
}

/// What is counted: a login from an address.
fn subject(login: &str, address: &str) -> Vec<u8> {
    Sha256::digest(format!("{}\n{address}", login.to_lowercase())).to_vec()
}
