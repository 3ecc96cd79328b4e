//! Users of clients.
//!
//! Owns: table `client_user`.
//! Does not own: how a password becomes a digest (the API), their sessions beside ending them.
//! Always: logins and e-mails are unique whatever their case; nothing here sets a verified phone (B4); nobody is erased; by a password that staff have set a
//! user does nothing but choose one himself, and where they change how he comes in, he does not pay for a while and the client gets a letter (B11).

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::letter::{self, Deed, letter};
use super::rules::{self, PAY_WITHHELD_HOURS, Right};
use super::{CabinetError, held};
use crate::change::{Author, Change};
use crate::mail::{self, Class, NewMail};
use crate::store::{Store, StoreError, broken_constraint};

/// Most users of a client who are not blocked.
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
    room_for_one(change, client_id).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO client_user (client_id, login, email, name, rights, password_digest, created_at, created_by, password_by_staff, pay_withheld_until)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, true, $9) RETURNING id",
    )
    .bind(client_id)
    .bind(&login)
    .bind(&new.email)
    .bind(&new.name)
    .bind(names(&new.rights))
    .bind(&new.password_digest)
    .bind(now)
    .bind(author)
    .bind(now + TimeDelta::hours(PAY_WITHHELD_HOURS))
    .fetch_one(change.connection())
    .await
    .map_err(|error| unless_taken(error, &login, &new.email))?;
    let after = json!({"user": id, "login": login, "name": new.name, "email": new.email, "rights": names(&new.rights)});
    change.record_personal(("client_user.add", "client", client), &json!({}), &after, PERSONAL, reason);
    announce(change, (client, client_id), &login, Deed::Added).await?;
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
    let is_moved = after.email != before.email;
    let withheld_until = is_moved.then(|| change.now() + TimeDelta::hours(PAY_WITHHELD_HOURS));
    sqlx::query(
        "UPDATE client_user SET login = $2, email = $3, name = $4, rights = $5, revision = $6, pay_withheld_until = coalesce($7, pay_withheld_until) WHERE id = $1",
    )
    .bind(id)
    .bind(&after.login)
    .bind(&after.email)
    .bind(&after.name)
    .bind(names(&after.rights))
    .bind(after.revision)
    .bind(withheld_until)
    .execute(change.connection())
    .await
    .map_err(|error| unless_taken(error, &after.login, &after.email))?;
    let shown = |user: &ClientUser| -> Value {
        json!({"user": id, "login": user.login, "name": user.name, "email": user.email, "rights": names(&user.rights)})
    };
    let (was, is) = (shown(&before), shown(&after));
    change.record_personal(("client_user.edit", "client", client), &was, &is, PERSONAL, reason);
    if is_moved {
        let client_id = held(change, client).await?;
        announce(change, (client, client_id), &before.login, Deed::Email).await?;
    }
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
    let ended = end_sessions(change, id, None).await?;
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
    let client_id = held(change, client).await?;
    room_for_one(change, client_id).await?;
    sqlx::query("UPDATE client_user SET blocked_at = NULL, block_reason = '', revision = revision + 1 WHERE id = $1")
        .bind(id)
        .execute(change.connection())
        .await?;
    let before = json!({"user": id, "blocked_at": user.blocked_at});
    change.record("client_user.unblock", "client", client, &before, &json!({"user": id, "blocked_at": null}), reason);
    Ok(())
}

/// Gives a user another password, by its digest, with which he chooses one himself; his sessions end.
pub async fn set_password(
    change: &mut Change,
    (client, id): (&str, i64),
    password_digest: &str,
    reason: &str,
) -> Result<(), CabinetError> {
    let user = find(change, client, id).await?;
    let withheld_until = change.now() + TimeDelta::hours(PAY_WITHHELD_HOURS);
    sqlx::query(
        "UPDATE client_user SET password_digest = $2, password_by_staff = true, pay_withheld_until = $3, revision = revision + 1 WHERE id = $1",
    )
    .bind(id)
    .bind(password_digest)
    .bind(withheld_until)
    .execute(change.connection())
    .await?;
    let ended = end_sessions(change, id, None).await?;
    let after = json!({"user": id, "pay_withheld_until": withheld_until, "sessions_ended": ended});
    change.record("client_user.password", "client", client, &json!({"user": id}), &after, reason);
    let client_id = held(change, client).await?;
    announce(change, (client, client_id), &user.login, Deed::Password).await
}

/// Sets the password, by its digest, that a user has chosen himself, and whose digest was `former` until now; his sessions beside `session` end. How many did.
pub async fn change_password(
    change: &mut Change,
    (client, id): (&str, i64),
    session: i64,
    (former, password_digest): (&str, &str),
) -> Result<u64, CabinetError> {
    find(change, client, id).await?;
    let changed = sqlx::query(
        "UPDATE client_user SET password_digest = $3, password_by_staff = false, revision = revision + 1 WHERE id = $1 AND password_digest = $2 AND blocked_at IS NULL",
    )
    .bind(id)
    .bind(former)
    .bind(password_digest)
    .execute(change.connection())
    .await?;
    if changed.rows_affected() == 0 {
        return Err(CabinetError::NotFound);
    }
    let ended = end_sessions(change, id, Some(session)).await?;
    let after = json!({"user": id, "sessions_ended": ended});
    change.record("cabinet.password", "client", client, &json!({"user": id}), &after, "");
    Ok(ended)
}

/// Writes to the e-mail of the profile, where there is one, what staff did to how a user comes in.
async fn announce(
    change: &mut Change,
    (client, client_id): (&str, i64),
    login: &str,
    deed: Deed,
) -> Result<(), CabinetError> {
    let row = sqlx::query("SELECT email, language::text AS language FROM client WHERE id = $1")
        .bind(client_id)
        .fetch_one(change.connection())
        .await?;
    let (email, language): (Option<String>, String) = (row.get("email"), row.get("language"));
    let Some(email) = email else { return Ok(()) };
    let letter = letter(&language, client, login, deed);
    let new = NewMail {
        client: Some((client_id, client)),
        to: &email,
        subject: &letter.subject,
        body: &letter.body,
        class: Class::Service,
        kind: letter::KIND,
    };
    mail::enqueue(change, &new).await?;
    Ok(())
}

/// Refuses one user more than a client may have.
async fn room_for_one(change: &mut Change, client_id: i64) -> Result<(), CabinetError> {
    let count: i64 = sqlx::query_scalar("SELECT count(*) FROM client_user WHERE client_id = $1 AND blocked_at IS NULL")
        .bind(client_id)
        .fetch_one(change.connection())
        .await?;
    if count < MOST { Ok(()) } else { Err(CabinetError::TooMany(MOST)) }
}

/// Ends the sessions of a user, all or all but one; how many.
async fn end_sessions(change: &mut Change, id: i64, except: Option<i64>) -> Result<u64, CabinetError> {
    let now = change.now();
    let ended = sqlx::query(
        "UPDATE client_session SET ended_at = $2 WHERE user_id = $1 AND id IS DISTINCT FROM $3 AND ended_at IS NULL",
    )
    .bind(id)
    .bind(now)
    .bind(except)
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
