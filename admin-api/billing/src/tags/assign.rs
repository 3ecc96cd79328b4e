//! Which client has which tag.
//!
//! Owns: table `tag_assignment` as people change it.
//! Does not own: the tree (`tree`), what rules give (`automatic`).
//! Always: a row has who gave and who took; rows stay (M10).

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::{TagError, tree};
use crate::change::Change;
use crate::clients;
use crate::store::{Store, StoreError};

/// Most rows of a client's history that are shown.
const SHOWN: i64 = 1_000;

/// A tag that a client has or had.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Identifier.
    pub id: i64,
    /// The tag.
    pub tag: i64,
    /// Its name when it was given.
    pub name: String,
    /// Name of the folder that it lies in now.
    pub folder: Option<String>,
    /// What a rule found.
    pub note: String,
    /// When it was given.
    pub added_at: DateTime<Utc>,
    /// By whom.
    pub added_by: String,
    /// Why.
    pub add_reason: String,
    /// When it was taken.
    pub removed_at: Option<DateTime<Utc>>,
    /// By whom.
    pub removed_by: Option<String>,
    /// Why.
    pub remove_reason: Option<String>,
}

fn read(row: &PgRow) -> Assignment {
    Assignment {
        id: row.get("id"),
        tag: row.get("tag_id"),
        name: row.get("name"),
        folder: row.get("folder"),
        note: row.get("note"),
        added_at: row.get("added_at"),
        added_by: row.get("added_by"),
        add_reason: row.get("add_reason"),
        removed_at: row.get("removed_at"),
        removed_by: row.get("removed_by"),
        remove_reason: row.get("remove_reason"),
    }
}

async fn list(store: &Store, client: &str, with_removed: bool) -> Result<Option<Vec<Assignment>>, StoreError> {
    let id: Option<i64> =
        sqlx::query_scalar("SELECT id FROM client WHERE code = $1").bind(client).fetch_optional(store.pool()).await?;
    let Some(id) = id else { return Ok(None) };
    let rows = sqlx::query(
        "SELECT a.id, a.tag_id, a.name, f.name AS folder, a.note, a.added_at, a.added_by, a.add_reason, a.removed_at, a.removed_by, a.remove_reason
         FROM tag_assignment a JOIN tag t ON t.id = a.tag_id LEFT JOIN tag f ON f.id = t.parent_id
         WHERE a.client_id = $1 AND ($2 OR a.removed_at IS NULL) ORDER BY a.id DESC LIMIT $3",
    )
    .bind(id)
    .bind(with_removed)
    .bind(SHOWN)
    .fetch_all(store.pool())
    .await?;
    Ok(Some(rows.iter().map(read).collect()))
}

/// Tags that a client has, the newest first; `None`: there is no such client.
pub async fn of_client(store: &Store, client: &str) -> Result<Option<Vec<Assignment>>, StoreError> {
    list(store, client, false).await
}

/// Tags that a client has or had, the newest first; `None`: there is no such client.
pub async fn history(store: &Store, client: &str) -> Result<Option<Vec<Assignment>>, StoreError> {
    list(store, client, true).await
}

/// Gives a tag to a client; the identifier of that.
pub async fn add(change: &mut Change, client: &str, tag: i64, reason: &str) -> Result<i64, TagError> {
    let client_id = clients::held(change, client).await?;
    let tag = tree::open(change, tag).await?;
    if tag.folder {
        return Err(TagError::Folder);
    }
    if let Some(rule) = tag.rule {
        return Err(TagError::OfRule(rule));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO tag_assignment (client_id, tag_id, name, added_at, added_by, add_reason) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(client_id)
    .bind(tag.id)
    .bind(&tag.name)
    .bind(now)
    .bind(author)
    .bind(reason)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"tag": tag.id, "name": tag.name});
    change.record("tag.assign", "client", client, &json!(null), &after, reason);
    Ok(id)
}

/// Takes a tag from a client; that he had it stays on record.
pub async fn remove(change: &mut Change, client: &str, tag: i64, reason: &str) -> Result<(), TagError> {
    let client_id = clients::held(change, client).await?;
    let rule: Option<Option<String>> = sqlx::query_scalar("SELECT rule FROM tag WHERE id = $1 AND closed_at IS NULL")
        .bind(tag)
        .fetch_optional(change.connection())
        .await?;
    // What the rule of a closed tag gave stays until somebody takes it.
    if let Some(Some(rule)) = rule {
        return Err(TagError::OfRule(rule));
    }
    let (now, author) = (change.now(), change.actor().login.clone());
    let name: Option<String> = sqlx::query_scalar(
        "UPDATE tag_assignment SET removed_at = $3, removed_by = $4, remove_reason = $5
         WHERE client_id = $1 AND tag_id = $2 AND removed_at IS NULL RETURNING name",
    )
    .bind(client_id)
    .bind(tag)
    .bind(now)
    .bind(author)
    .bind(reason)
    .fetch_optional(change.connection())
    .await?;
    let name = name.ok_or(TagError::HasItNot)?;
    change.record("tag.remove", "client", client, &json!({"tag": tag, "name": name}), &json!(null), reason);
    Ok(())
}
