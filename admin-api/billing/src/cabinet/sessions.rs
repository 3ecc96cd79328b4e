//! Who works in the cabinet of a client.
//!
//! Owns: table `client_session`.
//! Does not own: the bits of a token (whoever has randomness makes them).
//! Always: what somebody may is read anew for every request: the rights of a user of the client as they are, an employee's own permission to work as
//! clients; an employee never pays (B11).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::{PgConnection, Row};

use super::rules::{self, Right};
use super::sign_in::Candidate;
use super::{CabinetError, held, users};
use crate::change::Change;
use crate::sign_in::{self, Guesser};
use crate::staff::{self, Permission, Staff, token_digest};
use crate::store::{Store, StoreError};

/// Who is behind a session.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Who {
    /// A user of the client.
    User {
        /// Identifier.
        id: i64,
        /// Login.
        login: String,
        /// E-mail.
        email: String,
        /// Name.
        name: String,
    },
    /// An employee who works as the client (B26).
    Employee(Staff),
}

/// Somebody in the cabinet of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visitor {
    /// Identifier of the session.
    pub session_id: i64,
    /// Identifier of the client.
    pub client_id: i64,
    /// Code of the client.
    pub client: String,
    /// Who he is.
    pub who: Who,
    /// What he may.
    pub rights: BTreeSet<Right>,
    /// Whether he may nothing before he has chosen a password himself: staff know the one that he has.
    pub needs_own_password: bool,
    /// Until when he does not pay though he has the right, because staff have changed how he comes in.
    pub pay_withheld_until: Option<DateTime<Utc>>,
    /// The moment from which the session is no longer valid.
    pub expires_at: DateTime<Utc>,
}

impl Visitor {
    /// Whether he has a right.
    pub fn may(&self, right: Right) -> bool {
        self.rights.contains(&right)
    }

    /// The employee, where it is one.
    pub fn employee(&self) -> Option<&Staff> {
        match &self.who {
            Who::Employee(staff) => Some(staff),
            Who::User { .. } => None,
        }
    }
}

/// A session to be opened. No `Debug`: the token is a secret.
#[derive(Clone, Copy)]
pub struct NewSession<'a> {
    /// Itself, 256 random bits.
    pub token: &'a str,
    /// How long it lives.
    pub minutes: i64,
}

/// Who is behind a token that is valid at `now`.
pub async fn authenticate(store: &Store, token: &str, now: DateTime<Utc>) -> Result<Option<Visitor>, StoreError> {
    let row = sqlx::query(
        "SELECT s.id, s.client_id, c.code, s.user_id, u.login, u.email, u.name, u.rights, u.password_by_staff, u.pay_withheld_until, s.staff_user_id, s.staff_scopes,
                s.expires_at
         FROM client_session s JOIN client c ON c.id = s.client_id LEFT JOIN client_user u ON u.id = s.user_id
         WHERE s.digest = $1 AND s.ended_at IS NULL AND s.expires_at > $2 AND u.blocked_at IS NULL AND c.gdpr_state = 'none'",
    )
    .bind(token_digest(token))
    .bind(now)
    .fetch_optional(store.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let (mut needs_own_password, mut pay_withheld_until) = (false, None);
    let (who, rights) = if let Some(id) = row.get::<Option<i64>, _>("staff_user_id") {
        let scopes: Vec<String> = row.get("staff_scopes");
        let staff = staff::at_work(store, id, &scopes, now).await?;
        let Some(staff) = staff.filter(|staff| staff.may(Permission::ClientWorkAs)) else { return Ok(None) };
        (Who::Employee(staff), rules::of_employee())
    } else {
        let user = Who::User {
            id: row.get("user_id"),
            login: row.get("login"),
            email: row.get("email"),
            name: row.get("name"),
        };
        let given = users::known(&row.get::<Vec<String>, _>("rights"));
        needs_own_password = row.get("password_by_staff");
        pay_withheld_until = row
            .get::<Option<DateTime<Utc>>, _>("pay_withheld_until")
            .filter(|until| *until > now && given.contains(&Right::Pay));
        (user, rules::in_force(given, needs_own_password, pay_withheld_until.is_some()))
    };
    Ok(Some(Visitor {
        session_id: row.get("id"),
        client_id: row.get("client_id"),
        client: row.get("code"),
        who,
        rights,
        needs_own_password,
        pay_withheld_until,
        expires_at: row.get("expires_at"),
    }))
}

/// Opens a session of somebody whose password fitted; its end. His failed tries are forgotten.
pub async fn open_session(
    change: &mut Change,
    candidate: &Candidate,
    new: NewSession<'_>,
    rehashed: Option<&str>,
    guesser: &Guesser,
) -> Result<DateTime<Utc>, CabinetError> {
    let (now, address) = (change.now(), change.actor().address.clone());
    // Held: whoever changes the password meanwhile ends this session too, or it is not opened.
    let digest: Option<String> = sqlx::query_scalar(
        "SELECT password_digest FROM client_user WHERE id = $1 AND blocked_at IS NULL FOR NO KEY UPDATE",
    )
    .bind(candidate.id)
    .fetch_optional(change.connection())
    .await?;
    if digest.as_ref() != Some(&candidate.password_digest) {
        return Err(CabinetError::NotFound);
    }
    if let Some(rehashed) = rehashed {
        sqlx::query("UPDATE client_user SET password_digest = $2 WHERE id = $1")
            .bind(candidate.id)
            .bind(rehashed)
            .execute(change.connection())
            .await?;
    }
    sign_in::clear(change.connection(), guesser).await?;
    let expires_at = now + TimeDelta::minutes(new.minutes);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO client_session (digest, client_id, user_id, address, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(token_digest(new.token))
    .bind(candidate.client_id)
    .bind(candidate.id)
    .bind(address)
    .bind(now)
    .bind(expires_at)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"session": id, "expires_at": expires_at});
    change.record("cabinet.sign_in", "client", &candidate.client, &json!({}), &after, "");
    Ok(expires_at)
}

/// Lets an employee work as a client (B26); until when.
pub async fn work_as(
    change: &mut Change,
    staff: &Staff,
    client: &str,
    new: NewSession<'_>,
    reason: &str,
) -> Result<DateTime<Utc>, CabinetError> {
    let client_id = held(change, client).await?;
    let (now, address) = (change.now(), change.actor().address.clone());
    let scopes: Vec<&str> = staff.permissions.iter().map(|permission| permission.as_str()).collect();
    let expires_at = now + TimeDelta::minutes(new.minutes);
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO client_session (digest, client_id, staff_user_id, staff_scopes, address, created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7) RETURNING id",
    )
    .bind(token_digest(new.token))
    .bind(client_id)
    .bind(staff.id)
    .bind(scopes)
    .bind(address)
    .bind(now)
    .bind(expires_at)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"session": id, "expires_at": expires_at});
    change.record("client.work_as", "client", client, &json!({}), &after, reason);
    Ok(expires_at)
}

/// Ends all work of an employee as clients.
pub(crate) async fn end_work_as(
    connection: &mut PgConnection,
    staff_id: i64,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query("UPDATE client_session SET ended_at = $2 WHERE staff_user_id = $1 AND ended_at IS NULL")
        .bind(staff_id)
        .bind(now)
        .execute(connection)
        .await?;
    Ok(())
}

/// Ends the session of a visitor.
pub async fn end_session(change: &mut Change, visitor: &Visitor) -> Result<(), CabinetError> {
    change.hold_author().await?;
    let now = change.now();
    sqlx::query("UPDATE client_session SET ended_at = $2 WHERE id = $1 AND ended_at IS NULL")
        .bind(visitor.session_id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let before = json!({"session": visitor.session_id, "ended_at": null});
    let after = json!({"session": visitor.session_id, "ended_at": now});
    change.record("cabinet.sign_out", "client", &visitor.client, &before, &after, "");
    Ok(())
}
