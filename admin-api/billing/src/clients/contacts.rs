//! Further contacts of a client (L9).
//!
//! Owns: table `contact`.
//! Does not own: the main contact (`update`), those of one account (`account_contacts`), who is sent what.
//! Always: a value that goes is kept as an important note (L27); changes come on the client's own word or with staff as their author (L3); nothing is erased.

use chrono::{DateTime, Utc};
use numbering::E164;
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::rules::Origin;
use super::{ClientError, notes};
use crate::change::Change;
use crate::edit::Edit;
use crate::store::{Store, StoreError};

/// Most contacts of a client.
pub(super) const MOST: i64 = 100;
/// What the audit keeps apart.
pub(super) const PERSONAL: &[&str] = &["name", "position", "email", "phone"];

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Identifier.
    pub id: i64,
    /// Name.
    pub name: String,
    /// Position.
    pub position: String,
    /// E-mail; may repeat those of others.
    pub email: Option<String>,
    /// Phone, as it was written.
    pub phone: Option<String>,
    /// When he was added.
    pub created_at: DateTime<Utc>,
    /// By whom.
    pub created_by: String,
    /// Raised with every change.
    pub revision: i64,
}

/// A contact to be added.
#[derive(Clone, Debug)]
pub struct NewContact {
    /// Name.
    pub name: String,
    /// Position.
    pub position: String,
    /// E-mail.
    pub email: Option<String>,
    /// Phone as it was written, and the number that it stands for.
    pub phone: Option<(String, E164)>,
}

/// How a contact is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct ContactUpdate {
    /// Name.
    pub name: Option<String>,
    /// Position.
    pub position: Option<String>,
    /// E-mail.
    pub email: Edit<String>,
    /// Phone as it was written, and the number that it stands for.
    pub phone: Edit<(String, E164)>,
}

pub(super) const COLUMNS: &str = "k.id, k.name, k.position, k.email, k.phone, k.created_at, k.created_by, k.revision";

pub(super) fn read(row: &PgRow) -> Contact {
    Contact {
        id: row.get("id"),
        name: row.get("name"),
        position: row.get("position"),
        email: row.get("email"),
        phone: row.get("phone"),
        created_at: row.get("created_at"),
        created_by: row.get("created_by"),
        revision: row.get("revision"),
    }
}

/// Contacts of a client in the order in which they were added; `None`: there is no such client.
pub async fn contacts(store: &Store, client: &str) -> Result<Option<Vec<Contact>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let sql = format!(
        "SELECT {COLUMNS} FROM contact k WHERE k.client_id = $1 AND k.account_id IS NULL AND k.ended_at IS NULL ORDER BY k.id"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_all(store.pool()).await?;
    Ok(Some(rows.iter().map(read).collect()))
}

/// A client until the end of the change; one whose data were cleaned does not change any more.
pub(crate) async fn held(change: &mut Change, client: &str) -> Result<i64, ClientError> {
    let row: Option<(i64, String)> =
        sqlx::query_as("SELECT id, gdpr_state FROM client WHERE code = $1 FOR NO KEY UPDATE")
            .bind(client)
            .fetch_optional(change.connection())
            .await?;
    let (id, gdpr_state) = row.ok_or(ClientError::NotFound)?;
    if gdpr_state == "none" { Ok(id) } else { Err(ClientError::Cleaned) }
}

async fn checked(change: &mut Change, client: &str, origin: &Origin) -> Result<i64, ClientError> {
    let id = held(change, client).await?;
    let email: Option<String> =
        sqlx::query_scalar("SELECT email FROM client WHERE id = $1").bind(id).fetch_one(change.connection()).await?;
    origin.check(email.as_deref()).map_err(|_| ClientError::UnverifiedSender)?;
    Ok(id)
}

/// Adds a contact; its identifier.
pub async fn add_contact(
    change: &mut Change,
    client: &str,
    new: &NewContact,
    origin: &Origin,
    reason: &str,
) -> Result<i64, ClientError> {
    if new.email.is_none() && new.phone.is_none() {
        return Err(ClientError::NoAddress);
    }
    let client_id = checked(change, client, origin).await?;
    let count: i64 = sqlx::query_scalar(
        "SELECT count(*) FROM contact WHERE client_id = $1 AND account_id IS NULL AND ended_at IS NULL",
    )
    .bind(client_id)
    .fetch_one(change.connection())
    .await?;
    if count >= MOST {
        return Err(ClientError::TooMany(MOST));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO contact (client_id, name, position, email, phone, phone_key, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
    )
    .bind(client_id)
    .bind(&new.name)
    .bind(&new.position)
    .bind(&new.email)
    .bind(new.phone.as_ref().map(|(text, _)| text))
    .bind(new.phone.as_ref().map(|(_, number)| number.to_string()))
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let phone = new.phone.as_ref().map(|(text, _)| text);
    let after = json!({
        "contact": id, "origin": origin.as_str(), "name": new.name, "position": new.position, "email": new.email, "phone": phone,
    });
    change.record_personal(("contact.add", "client", client), &json!({}), &after, PERSONAL, reason);
    Ok(id)
}

/// Changes a contact; it as it is then.
pub async fn update_contact(
    change: &mut Change,
    (client, id): (&str, i64),
    update: &ContactUpdate,
    origin: &Origin,
    revision: Option<i64>,
    reason: &str,
) -> Result<Contact, ClientError> {
    let client_id = checked(change, client, origin).await?;
    let before = find(change, client_id, id).await?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ClientError::Stale);
    }
    let mut after = before.clone();
    after.name = update.name.clone().unwrap_or(after.name);
    after.position = update.position.clone().unwrap_or(after.position);
    after.email = update.email.clone().applied(after.email);
    let phone = update.phone.clone().applied(None);
    let keeps_phone = update.phone == Edit::Keep;
    if !keeps_phone {
        after.phone = phone.as_ref().map(|(text, _)| text.clone());
    }
    if after.email.is_none() && after.phone.is_none() {
        return Err(ClientError::NoAddress);
    }
    after.revision += 1;
    keep(change, client_id, &before, Some(&after)).await?;
    sqlx::query(
        "UPDATE contact SET name = $2, position = $3, email = $4, phone = $5, phone_key = CASE WHEN $6 THEN phone_key ELSE $7 END, revision = $8 WHERE id = $1",
    )
    .bind(id)
    .bind(&after.name)
    .bind(&after.position)
    .bind(&after.email)
    .bind(&after.phone)
    .bind(keeps_phone)
    .bind(phone.map(|(_, number)| number.to_string()))
    .bind(after.revision)
    .execute(change.connection())
    .await?;
    let (was, is) = (shown(&before, origin), shown(&after, origin));
    change.record_personal(("contact.edit", "client", client), &was, &is, PERSONAL, reason);
    Ok(after)
}

/// Takes a contact away: he is not shown and not written to any more.
pub async fn end_contact(
    change: &mut Change,
    (client, id): (&str, i64),
    origin: &Origin,
    reason: &str,
) -> Result<(), ClientError> {
    let now = change.now();
    let client_id = checked(change, client, origin).await?;
    let before = find(change, client_id, id).await?;
    keep(change, client_id, &before, None).await?;
    sqlx::query("UPDATE contact SET ended_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    change.record_personal(("contact.end", "client", client), &shown(&before, origin), &json!({}), PERSONAL, reason);
    Ok(())
}

async fn keep(
    change: &mut Change,
    client_id: i64,
    before: &Contact,
    after: Option<&Contact>,
) -> Result<(), ClientError> {
    for (field, was, is) in [
        ("email", before.email.as_deref(), after.and_then(|after| after.email.as_deref())),
        ("phone", before.phone.as_deref(), after.and_then(|after| after.phone.as_deref())),
    ] {
        notes::keep_former(change, client_id, &format!("{field} ({})", before.name), was, is).await?;
    }
    Ok(())
}

fn shown(contact: &Contact, origin: &Origin) -> serde_json::Value {
    json!({
        "contact": contact.id, "origin": origin.as_str(), "name": contact.name, "position": contact.position, "email": contact.email, "phone": contact.phone,
    })
}

async fn find(change: &mut Change, client_id: i64, id: i64) -> Result<Contact, ClientError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM contact k WHERE k.id = $1 AND k.client_id = $2 AND k.account_id IS NULL AND k.ended_at IS NULL FOR UPDATE"
    );
    let row =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(client_id).fetch_optional(change.connection()).await?;
    row.map(|row| read(&row)).ok_or(ClientError::NotFound)
}
