//! Users of clients.
//!
//! Owns: table `client_user`.
//! Does not own: how a password becomes a digest (the API), their sessions beside ending them.
//! Always: logins and e-mails are unique whatever their case; nothing here sets a verified phone (B4); nobody is erased.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::rules::{self, Right};
use super::{CabinetError, held};
use crate::change::{Author, Change};
use crate::store::{Store, StoreError, broken_constraint};

/// Most users of a client.
const MOST: i64 = 100;
/// What the audit keeps apart.
const PERSONAL: &[&str] = &["login", "name", "email"];

/// A user of a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientUser {
    /// Identifier.
    pub id: i64,
    /// Login.
    pub login: String,
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
    /// What he may in the cabinet.
    pub rights: BTreeSet<Right>,
    /// Phone that he has proved to be his (B4).
    pub verified_phone: Option<String>,
    /// Since when he is blocked.
    pub blocked_at: Option<DateTime<Utc>>,
    /// Why.
    pub block_reason: String,
    /// When he was added.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Raised with every change.
    pub revision: i64,
}

/// A user to be added. No `Debug`: the digest is a secret.
#[derive(Clone)]
pub struct NewClientUser {
    /// Login of his own, where the setting allows one; else the e-mail is the login (B2).
    pub login: Option<String>,
    /// E-mail.
    pub email: String,
    /// Name.
    pub name: String,
    /// What he may.
    pub rights: BTreeSet<Right>,
    /// His password as an Argon2id PHC string.
    pub password_digest: String,
}

/// How a user is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ClientUserUpdate {
    /// E-mail; a login that is the e-mail goes with it.
    pub email: Option<String>,
    /// Name.
    pub name: Option<String>,
    /// What he may.
    pub rights: Option<BTreeSet<Right>>,
}

const COLUMNS: &str = "u.id, u.login, u.email, u.name, u.rights, u.verified_phone, u.blocked_at, u.block_reason, u.created_at, u.created_by, u.revision";

fn read(row: &PgRow) -> ClientUser {
    ClientUser {
        id: row.get("id"),
        login: row.get("login"),
        email: row.get("email"),
        name: row.get("name"),
        rights: known(&row.get::<Vec<String>, _>("rights")),
        verified_phone: row.get("verified_phone"),
        blocked_at: row.get("blocked_at"),
        block_reason: row.get("block_reason"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        revision: row.get("revision"),
    }
}

/// Rights by their names; what this program does not know it does not ask for.
pub(super) fn known(names: &[String]) -> BTreeSet<Right> {
    names.iter().filter_map(|name| name.parse().ok()).collect()
}

fn names(rights: &BTreeSet<Right>) -> Vec<&'static str> {
    rights.iter().map(|right| right.as_str()).collect()
}

/// The error of an INSERT or UPDATE that may break a rule of uniqueness.
fn unless_taken(error: sqlx::Error, login: &str, email: &str) -> CabinetError {
    match broken_constraint(&error) {
        Some("client_user_login_any_case") => CabinetError::LoginInUse(login.to_owned()),
        Some("client_user_email_any_case") => CabinetError::EmailInUse(email.to_owned()),
        _ => error.into(),
    }
}

/// Users of a client in the order in which they were added; `None`: there is no such client.
pub async fn users(store: &Store, client: &str) -> Result<Option<Vec<ClientUser>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM client_user u WHERE u.client_id = $1 ORDER BY u.id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(store.pool()).await?;
    Ok(Some(rows.iter().map(read).collect()))
}

/// Adds a user to a client (B27); his identifier and login.
pub async fn add_user(
    change: &mut Change,
    client: &str,
    new: &NewClientUser,
    reason: &str,
) -> Result<(i64, String), CabinetError> {
    let client_id = held(change, client).await?;
    let setting: String = sqlx::query_scalar("SELECT value FROM setting WHERE key = 'client.login_at_registration'")
        .fetch_one(change.connection())
        .await?;
    let login = rules::login_of(new.login.as_deref(), &new.email, setting == "yes");
    let login = login.map_err(|rules::LoginOff| CabinetError::LoginOff)?;
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM client_user WHERE client_id = $1")
        .bind(client_id)
        .fetch_one(change.connection())
        .await?;
    if count >= MOST {
        return Err(CabinetError::TooMany(MOST));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO client_user (client_id, login, email, name, rights, password_digest, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
    )
    .bind(client_id)
    .bind(&login)
    .bind(&new.email)
    .bind(&new.name)
    .bind(names(&new.rights))
    .bind(&new.password_digest)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await
    .map_err(|error| unless_taken(error, &login, &new.email))?;
    let after = json!({"user": id, "login": login, "name": new.name, "email": new.email, "rights": names(&new.rights)});
    change.record_personal(("client_user.add", "client", client), &json!({}), &after, PERSONAL, reason);
    Ok((id, login))
}

/// Changes a user; he as he is then.
pub async fn update_user(
    change: &mut Change,
    (client, id): (&str, i64),
    update: &ClientUserUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<ClientUser, CabinetError> {
    let before = find(change, client, id).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(CabinetError::Stale);
    }
    let mut after = before.clone();
    if let Some(email) = &update.email {
        after.login = rules::login_after(&before.login, &before.email, email);
        after.email.clone_from(email);
    }
    after.name = update.name.clone().unwrap_or(after.name);
    after.rights = update.rights.clone().unwrap_or(after.rights);
    after.revision += 1;
    sqlx::query("UPDATE client_user SET login = $2, email = $3, name = $4, rights = $5, revision = $6 WHERE id = $1")
        .bind(id)
        .bind(&after.login)
        .bind(&after.email)
        .bind(&after.name)
        .bind(names(&after.rights))
        .bind(after.revision)
        .execute(change.connection())
        .await
        .map_err(|error| unless_taken(error, &after.login, &after.email))?;
    let shown = |user: &ClientUser| -> Value {
        json!({"user": id, "login": user.login, "name": user.name, "email": user.email, "rights": names(&user.rights)})
    };
    let (was, is) = (shown(&before), shown(&after));
    change.record_personal(("client_user.edit", "client", client), &was, &is, PERSONAL, reason);
    Ok(after)
}

/// Blocks a user: his sessions end, his next request is refused, and so is a write of his that commits later.
pub async fn block_user(change: &mut Change, (client, id): (&str, i64), reason: &str) -> Result<(), CabinetError> {
    let now = change.now();
    if change.actor().author == Author::Client(id) {
        return Err(CabinetError::Oneself);
    }
    let user = find(change, client, id).await?;
    if user.blocked_at.is_some() {
        return Err(CabinetError::Already);
    }
    sqlx::query("UPDATE client_user SET blocked_at = $2, block_reason = $3, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .bind(reason)
        .execute(change.connection())
        .await?;
    let ended = end_sessions(change, id).await?;
    let before = json!({"user": id, "blocked_at": null});
    let after = json!({"user": id, "blocked_at": now, "sessions_ended": ended});
    change.record("client_user.block", "client", client, &before, &after, reason);
    Ok(())
}

/// Lets a blocked user in again; his sessions stay ended.
pub async fn unblock_user(change: &mut Change, (client, id): (&str, i64), reason: &str) -> Result<(), CabinetError> {
    let user = find(change, client, id).await?;
    if user.blocked_at.is_none() {
        return Err(CabinetError::Already);
    }
    sqlx::query("UPDATE client_user SET blocked_at = NULL, block_reason = '', revision = revision + 1 WHERE id = $1")
        .bind(id)
        .execute(change.connection())
        .await?;
    let before = json!({"user": id, "blocked_at": user.blocked_at});
    change.record("client_user.unblock", "client", client, &before, &json!({"user": id, "blocked_at": null}), reason);
    Ok(())
}

/// Gives a user another password, by its digest; his sessions end.
pub async fn set_password(
    change: &mut Change,
    (client, id): (&str, i64),
    password_digest: &str,
    reason: &str,
) -> Result<(), CabinetError> {
    find(change, client, id).await?;
    sqlx::query("UPDATE client_user SET password_digest = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(password_digest)
        .execute(change.connection())
        .await?;
    let ended = end_sessions(change, id).await?;
    let after = json!({"user": id, "sessions_ended": ended});
    change.record("client_user.password", "client", client, &json!({"user": id}), &after, reason);
    Ok(())
}

async fn end_sessions(change: &mut Change, id: i64) -> Result<u64, CabinetError> {
    let now = change.now();
    let ended = sqlx::query("UPDATE client_session SET ended_at = $2 WHERE user_id = $1 AND ended_at IS NULL")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    Ok(ended.rows_affected())
}

/// A user of this client, held until the end of the change.
async fn find(change: &mut Change, client: &str, id: i64) -> Result<ClientUser, CabinetError> {
    let client_id = held(change, client).await?;
    let sql =
        format!("SELECT {COLUMNS} FROM client_user u WHERE u.id = $1 AND u.client_id = $2 FOR NO KEY UPDATE OF u");
    let row =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(client_id).fetch_optional(change.connection()).await?;
    row.map(|row| read(&row)).ok_or(CabinetError::NotFound)
}
