//! Notes on clients, for staff only (L5).
//!
//! Owns: table `note`.
//! Does not own: who may delete an important one (`billing::staff` knows his rights, the caller says them).
//! Always: important ones first (L29); what the program wrote is not changed; nothing is erased.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::ClientError;
use crate::change::Change;
use crate::store::{Store, StoreError};

/// Most notes of a client that are shown at once.
const SHOWN: i64 = 1_000;
/// What the audit keeps apart: a note may hold anything.
const PERSONAL: &[&str] = &["text"];

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Identifier.
    pub id: i64,
    /// `note`, or `contact_change` of the program's own.
    pub kind: String,
    /// Whether it stands before the others.
    pub important: bool,
    /// What it says.
    pub text: String,
    /// Login of who wrote it.
    pub author: String,
    /// When.
    pub created_at: DateTime<Utc>,
    /// Raised with every change.
    pub revision: i64,
}

/// A note to be written.
#[derive(Clone, Debug)]
pub struct NewNote {
    /// Whether it stands before the others.
    pub important: bool,
    /// What it says.
    pub text: String,
}

/// How a note is to be; what is `None` stays.
#[derive(Clone, Debug, Default)]
pub struct NoteUpdate {
    /// Whether it stands before the others.
    pub important: Option<bool>,
    /// What it says.
    pub text: Option<String>,
}

const COLUMNS: &str = "n.id, n.kind, n.important, n.text, n.author, n.created_at, n.revision";

fn read(row: &PgRow) -> Note {
    Note {
        id: row.get("id"),
        kind: row.get("kind"),
        important: row.get("important"),
        text: row.get("text"),
        author: row.get("author"),
        created_at: row.get("created_at"),
        revision: row.get("revision"),
    }
}

/// Notes of a client: important ones first, then the newest; `None`: there is no such client.
pub async fn notes(store: &Store, client: &str) -> Result<Option<Vec<Note>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let sql = format!(
        "SELECT {COLUMNS} FROM note n WHERE n.client_id = $1 AND n.deleted_at IS NULL ORDER BY n.important DESC, n.id DESC LIMIT $2"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(SHOWN).fetch_all(store.pool()).await?;
    Ok(Some(rows.iter().map(read).collect()))
}

/// Writes a note; its identifier.
pub async fn add_note(change: &mut Change, client: &str, new: &NewNote) -> Result<i64, ClientError> {
    let client_id = super::contacts::held(change, client).await?;
    let id = insert(change, client_id, "note", new).await?;
    let after = json!({"note": id, "important": new.important, "text": new.text});
    // The note is its own reason.
    change.record_personal(("note.add", "client", client), &json!({}), &after, PERSONAL, "");
    Ok(id)
}

async fn insert(change: &mut Change, client_id: i64, kind: &str, new: &NewNote) -> Result<i64, ClientError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    Ok(sqlx::query_scalar(
        "INSERT INTO note (client_id, kind, important, text, author, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(client_id)
    .bind(kind)
    .bind(new.important)
    .bind(&new.text)
    .bind(author)
    .bind(now)
    .fetch_one(change.connection())
    .await?)
}

/// Keeps what a contact was before it becomes another (L27).
pub(super) async fn keep_former(
    change: &mut Change,
    client_id: i64,
    field: &str,
    before: Option<&str>,
    after: Option<&str>,
) -> Result<(), ClientError> {
    let Some(before) = before.filter(|before| !before.is_empty() && Some(*before) != after) else { return Ok(()) };
    let note = NewNote { important: true, text: format!("{field}: {before}") };
    insert(change, client_id, "contact_change", &note).await?;
    Ok(())
}

/// Changes a note; it as it is then.
pub async fn update_note(
    change: &mut Change,
    client: &str,
    id: i64,
    update: &NoteUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Note, ClientError> {
    super::contacts::held(change, client).await?;
    let before = find(change, client, id).await?;
    if before.kind != "note" {
        return Err(ClientError::OfTheProgram);
    }
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(ClientError::Stale);
    }
    let mut after = before.clone();
    after.important = update.important.unwrap_or(after.important);
    after.text = update.text.clone().unwrap_or(after.text);
    after.revision += 1;
    sqlx::query("UPDATE note SET important = $2, text = $3, revision = $4 WHERE id = $1")
        .bind(id)
        .bind(after.important)
        .bind(&after.text)
        .bind(after.revision)
        .execute(change.connection())
        .await?;
    let shown = |note: &Note| json!({"note": note.id, "important": note.important, "text": note.text});
    change.record_personal(("note.edit", "client", client), &shown(&before), &shown(&after), PERSONAL, reason);
    Ok(after)
}

/// Deletes a note: it is not shown any more. An important one takes a right of its own (L29).
pub async fn delete_note(
    change: &mut Change,
    client: &str,
    id: i64,
    may_delete_important: bool,
    reason: &str,
) -> Result<(), ClientError> {
    let now = change.now();
    super::contacts::held(change, client).await?;
    let before = find(change, client, id).await?;
    if before.important && !may_delete_important {
        return Err(ClientError::ImportantNote);
    }
    sqlx::query("UPDATE note SET deleted_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    let shown = json!({"note": before.id, "important": before.important, "text": before.text});
    change.record_personal(("note.delete", "client", client), &shown, &json!({}), PERSONAL, reason);
    Ok(())
}

async fn find(change: &mut Change, client: &str, id: i64) -> Result<Note, ClientError> {
    let sql = format!(
        "SELECT {COLUMNS} FROM note n JOIN client c ON c.id = n.client_id WHERE n.id = $1 AND c.code = $2 AND n.deleted_at IS NULL FOR UPDATE OF n"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(client).fetch_optional(change.connection()).await?;
    row.map(|row| read(&row)).ok_or(ClientError::NotFound)
}
