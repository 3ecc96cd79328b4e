//! Who wants to come in.
//!
//! Owns: finding him by his login.
//! Does not own: how often he may try (`crate::sign_in`), the comparison of passwords (the API), what follows when it fits (`sessions`).
//! Always: somebody who is blocked is nobody.

use sqlx::Row;

use crate::store::{Store, StoreError};

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
}

/// Who has a login, in any case; `None`: nobody, or he is blocked.
pub async fn candidate(store: &Store, login: &str) -> Result<Option<Candidate>, StoreError> {
    let row = sqlx::query(
        "SELECT u.id, u.login, u.password_digest, u.client_id, c.code FROM client_user u JOIN client c ON c.id = u.client_id
         WHERE lower(u.login) = lower($1) AND u.blocked_at IS NULL",
    )
    .bind(login)
    .fetch_optional(store.pool())
    .await?;
    Ok(row.map(|row| Candidate {
        id: row.get("id"),
        login: row.get("login"),
        password_digest: row.get("password_digest"),
        client_id: row.get("client_id"),
        client: row.get("code"),
    }))
}
