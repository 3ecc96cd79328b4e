//! Sessions of people who have signed in.
//!
//! Owns: table `staff_session`.
//! Does not own: who is behind a session (`staff::authenticate`), whether a password fits (the API has hashed it).
//! Always: what was shown at the door (password, code) is still good when the session begins, or it does not begin.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::SignInError;
use super::passwords::Known;
use super::second_factor::{Factor, spend};
use super::throttle::{Guesser, clear};
use crate::cabinet::end_work_as;
use crate::change::Change;
use crate::staff::{Staff, token_digest};
use crate::store::{Store, StoreError};

/// Days that a session is remembered after its end.
const REMEMBERED_DAYS: i64 = 90;

/// How somebody has signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By his password.
    Password,
    /// Through the provider of identities.
    Provider,
}

impl Way {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Provider => "provider",
        }
    }
}

/// A session to be opened.
#[derive(Clone, Debug)]
pub struct NewSession<'a> {
    /// Its token, 256 random bits.
    pub token: &'a str,
    /// How its owner has signed in.
    pub way: Way,
    /// What the program calls itself that he uses.
    pub agent: &'a str,
    /// Hours after which it ends in any case.
    pub hours: i64,
}

/// What was shown at the door.
#[derive(Clone, Debug, Default)]
pub struct Proof<'a> {
    /// The hash that the password fits.
    pub hash: Option<&'a str>,
    /// The same password hashed anew, where the cost has changed.
    pub rehashed: Option<&'a str>,
    /// The second factor.
    pub factor: Option<Factor>,
}

/// A session that was opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Identifier.
    pub id: i64,
    /// The moment from which it is no longer valid.
    pub expires_at: DateTime<Utc>,
}

/// A session as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Identifier.
    pub id: i64,
    /// `password` or `provider`.
    pub way: String,
    /// Whether a second factor was shown.
    pub second_factor: bool,
    /// Address that it began from.
    pub address: String,
    /// What the program called itself.
    pub agent: String,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to the minute.
    pub last_seen_at: DateTime<Utc>,
    /// The moment from which it is no longer valid.
    pub expires_at: DateTime<Utc>,
}

/// Opens a session of a user, who is the author of the change.
pub async fn open(
    change: &mut Change,
    user: &Known,
    new: &NewSession<'_>,
    proof: &Proof<'_>,
    guesser: &Guesser,
) -> Result<Opened, SignInError> {
    let now = change.now();
    if let Some(hash) = proof.hash {
        // Held until the end: who sets another password waits, and then ends this session too.
        let stands: Option<bool> =
            sqlx::query_scalar("SELECT hash = $2 FROM staff_password WHERE user_id = $1 FOR UPDATE")
                .bind(user.user_id)
                .bind(hash)
                .fetch_optional(change.connection())
                .await?;
        if stands != Some(true) {
            return Err(SignInError::Spent);
        }
    }
    if let Some(rehashed) = proof.rehashed {
        sqlx::query("UPDATE staff_password SET hash = $2 WHERE user_id = $1")
            .bind(user.user_id)
            .bind(rehashed)
            .execute(change.connection())
            .await?;
    }
    if let Some(factor) = &proof.factor
        && !spend(change.connection(), user.user_id, factor, now).await?
    {
        return Err(SignInError::Spent);
    }
    clear(change.connection(), guesser).await?;
    let address = change.actor().address.clone();
    if proof.factor.is_some() {
        clear(change.connection(), &Guesser::of_code(user.user_id, &address)).await?;
    }
    sqlx::query("DELETE FROM staff_session WHERE user_id = $1 AND expires_at < $2")
        .bind(user.user_id)
        .bind(now - TimeDelta::days(REMEMBERED_DAYS))
        .execute(change.connection())
        .await?;
    let second_factor = proof.factor.is_some() || new.way == Way::Provider;
    let expires_at = now + TimeDelta::hours(new.hours);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO staff_session (user_id, digest, way, second_factor, address, agent, created_at, last_seen_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8) RETURNING id",
    )
    .bind(user.user_id)
    .bind(token_digest(new.token))
    .bind(new.way.as_str())
    .bind(second_factor)
    .bind(address)
    .bind(new.agent)
    .bind(now)
    .bind(expires_at)
    .fetch_one(change.connection())
    .await?;
    let by_recovery_code = matches!(proof.factor, Some(Factor::Recovery(_)));
    let after = json!({
        "session": id, "way": new.way.as_str(), "second_factor": second_factor, "by_recovery_code": by_recovery_code, "expires_at": expires_at,
    });
    change.record("session.open", "staff", &user.login, &json!(null), &after, "");
    Ok(Opened { id, expires_at })
}

/// Sessions of the caller that are valid, the newest first.
pub async fn sessions(store: &Store, by: &Staff, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, way, second_factor, address, agent, created_at, last_seen_at, expires_at FROM staff_session
         WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
               AND last_seen_at > $2 - make_interval(mins => (SELECT value::integer FROM setting WHERE key = 'session.idle_minutes'))
         ORDER BY id DESC",
    )
    .bind(by.id)
    .bind(now)
    .fetch_all(store.pool())
    .await?;
    let session = |row: &PgRow| Session {
        id: row.get("id"),
        way: row.get("way"),
        second_factor: row.get("second_factor"),
        address: row.get("address"),
        agent: row.get("agent"),
        created_at: row.get("created_at"),
        last_seen_at: row.get("last_seen_at"),
        expires_at: row.get("expires_at"),
    };
    Ok(rows.iter().map(session).collect())
}

/// Ends a session of the caller's own, and with it his work as clients.
pub async fn end_session(change: &mut Change, by: &Staff, id: i64) -> Result<(), SignInError> {
    change.hold_author().await?;
    let now = change.now();
    let ended =
        sqlx::query("UPDATE staff_session SET ended_at = $3 WHERE id = $1 AND user_id = $2 AND ended_at IS NULL")
            .bind(id)
            .bind(by.id)
            .bind(now)
            .execute(change.connection())
            .await?;
    if ended.rows_affected() == 0 {
        return Err(SignInError::NotFound);
    }
    end_work_as(change.connection(), by.id, now).await?;
    let (before, after) = (json!({"session": id, "ended_at": null}), json!({"session": id, "ended_at": now}));
    change.record("session.end", "staff", &by.login, &before, &after, "");
    Ok(())
}

/// Ends the sessions of a user, all or all but one, and his work as clients (S42); how many sessions.
pub(crate) async fn end_sessions(
    connection: &mut PgConnection,
    user_id: i64,
    except: Option<i64>,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let ended = sqlx::query(
        "UPDATE staff_session SET ended_at = $3 WHERE user_id = $1 AND id IS DISTINCT FROM $2 AND ended_at IS NULL AND expires_at > $3",
    )
    .bind(user_id)
    .bind(except)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    end_work_as(connection, user_id, now).await?;
    Ok(ended.rows_affected())
}
