//! Second factors: codes of an application (RFC 6238), and recovery codes that stand in for it.
//!
//! Owns: tables `staff_totp`, `recovery_code`.
//! Does not own: whether a code is right (the caller knows the key that opens the secret).
//! Always: a code is accepted once: the statement that spends it is the one that looks whether it was spent.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::PgConnection;

use super::SignInError;
use super::throttle::{Guesser, clear};
use crate::change::Change;
use crate::staff::Staff;
use crate::store::StoreError;

/// A second factor that was shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Factor {
    /// A code of this step, which fits the secret.
    Step(i64),
    /// Digest of a recovery code.
    Recovery(Vec<u8>),
}

/// Begins a second factor of the caller's own; it counts once it is confirmed. Another one that was begun is forgotten.
pub async fn begin_totp(change: &mut Change, by: &Staff, secret: &[u8]) -> Result<(), SignInError> {
    let now = change.now();
    let begun = sqlx::query(
        "INSERT INTO staff_totp (user_id, secret, created_at) VALUES ($1, $2, $3)
         ON CONFLICT (user_id) DO UPDATE SET secret = excluded.secret, created_at = excluded.created_at, last_step = 0
         WHERE staff_totp.confirmed_at IS NULL",
    )
    .bind(by.id)
    .bind(secret)
    .bind(now)
    .execute(change.connection())
    .await?;
    if begun.rows_affected() == 0 {
        return Err(SignInError::Already);
    }
    change.record("totp.begin", "staff", &by.login, &json!(null), &json!({"totp": "begun"}), "");
    Ok(())
}

/// Turns the second factor on whose `secret` has brought forth the code of `step`; with digests of recovery codes. The caller's session has shown it.
pub async fn confirm_totp(
    change: &mut Change,
    by: &Staff,
    secret: &[u8],
    step: i64,
    recovery: &[Vec<u8>],
) -> Result<(), SignInError> {
    change.hold_author().await?;
    let now = change.now();
    let confirmed = sqlx::query(
        "UPDATE staff_totp SET confirmed_at = $2, last_step = $3 WHERE user_id = $1 AND confirmed_at IS NULL AND secret = $4 AND last_step < $3",
    )
    .bind(by.id)
    .bind(now)
    .bind(step)
    .bind(secret)
    .execute(change.connection())
    .await?;
    if confirmed.rows_affected() == 0 {
        return Err(SignInError::Spent);
    }
    forget_guesses(change, by).await?;
    sqlx::query("DELETE FROM recovery_code WHERE user_id = $1").bind(by.id).execute(change.connection()).await?;
    sqlx::query("INSERT INTO recovery_code (user_id, digest) SELECT $1, * FROM unnest($2::bytea[])")
        .bind(by.id)
        .bind(recovery)
        .execute(change.connection())
        .await?;
    sqlx::query("UPDATE staff_session SET second_factor = true WHERE id = $1")
        .bind(by.session)
        .execute(change.connection())
        .await?;
    let (before, after) = (json!({"totp": "begun"}), json!({"totp": "on", "recovery_codes": recovery.len()}));
    change.record("totp.confirm", "staff", &by.login, &before, &after, "");
    Ok(())
}

/// Turns the caller's second factor off, who has shown it once more.
pub async fn end_totp(change: &mut Change, by: &Staff, factor: &Factor) -> Result<(), SignInError> {
    change.hold_author().await?;
    let now = change.now();
    if !spend(change.connection(), by.id, factor, now).await? {
        return Err(SignInError::Spent);
    }
    forget_guesses(change, by).await?;
    drop_totp(change.connection(), by.id).await?;
    change.record("totp.end", "staff", &by.login, &json!({"totp": "on"}), &json!({"totp": "off"}), "");
    Ok(())
}

/// A right code clears the wrong ones.
async fn forget_guesses(change: &mut Change, by: &Staff) -> Result<(), SignInError> {
    let guesser = Guesser::of_code(by.id, &change.actor().address);
    clear(change.connection(), &guesser).await?;
    Ok(())
}

/// Removes a user's second factor; his sessions by password have shown none from now on.
pub(super) async fn drop_totp(connection: &mut PgConnection, user_id: i64) -> Result<(), StoreError> {
    for statement in [
        "DELETE FROM recovery_code WHERE user_id = $1",
        "DELETE FROM staff_totp WHERE user_id = $1",
        "UPDATE staff_session SET second_factor = false WHERE user_id = $1 AND way = 'password' AND ended_at IS NULL",
    ] {
        sqlx::query(statement).bind(user_id).execute(&mut *connection).await?;
    }
    Ok(())
}

/// Spends a code; `false`: it was spent before, or is none of his.
pub(super) async fn spend(
    connection: &mut PgConnection,
    user_id: i64,
    factor: &Factor,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let spent = match factor {
        Factor::Step(step) => sqlx::query(
            "UPDATE staff_totp SET last_step = $2 WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2",
        )
        .bind(user_id)
        .bind(step)
        .execute(connection)
        .await?,
        Factor::Recovery(digest) => {
            sqlx::query("UPDATE recovery_code SET used_at = $3 WHERE user_id = $1 AND digest = $2 AND used_at IS NULL")
                .bind(user_id)
                .bind(digest)
                .bind(now)
                .execute(connection)
                .await?
        }
    };
    Ok(spent.rows_affected() == 1)
}
