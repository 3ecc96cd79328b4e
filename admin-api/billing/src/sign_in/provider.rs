//! Sign-ins that are on their way through the provider of identities.
//!
//! Owns: table `provider_sign_in`.
//! Does not own: what the provider says (the API asks it).
//! Always: a state is kept as its digest, good once and for a short time; the verifier never leaves the server.

use chrono::{DateTime, Utc};
use sqlx::Row;

use super::digest;
use crate::store::{Store, StoreError};

/// Keeps what belongs to a state until `until`; what has run out goes.
pub async fn keep_state(
    store: &Store,
    state: &str,
    nonce: &str,
    verifier: &str,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM provider_sign_in WHERE expires_at <= $1").bind(now).execute(store.pool()).await?;
    sqlx::query("INSERT INTO provider_sign_in (state, nonce, verifier, expires_at) VALUES ($1, $2, $3, $4)")
        .bind(digest(&[state]))
        .bind(nonce)
        .bind(verifier)
        .bind(until)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Nonce and verifier that belong to a state, which is spent by this.
pub async fn take_state(
    store: &Store,
    state: &str,
    now: DateTime<Utc>,
) -> Result<Option<(String, String)>, StoreError> {
    let row = sqlx::query(
        "DELETE FROM provider_sign_in WHERE state = $1 RETURNING nonce, verifier, expires_at > $2 AS is_good",
    )
    .bind(digest(&[state]))
    .bind(now)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.filter(|row| row.get("is_good")).map(|row| (row.get("nonce"), row.get("verifier"))))
}
