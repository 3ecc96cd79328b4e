//! The tree of tags.
//!
//! Owns: table `tag`.
//! Does not own: who has which tag (`assign`).
//! Always: only folders have something in them; a name stands once in a folder; a folder closes when nothing open lies in it.

use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::{TagError, rules};
use crate::change::Change;
use crate::edit::Edit;
use crate::store::{Store, StoreError};

/// A folder or tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Identifier.
    pub id: i64,
    /// The folder that it lies in.
    pub parent: Option<i64>,
    /// Name.
    pub name: String,
    /// Names of the folders above it, the outermost first.
    pub path: Vec<String>,
    /// Whether it is a folder.
    pub folder: bool,
    /// The rule that gives and takes it.
    pub rule: Option<String>,
    /// How many clients have it now.
    pub clients: i64,
    /// Raised with every change.
    pub revision: i64,
}

/// A folder or tag to be made.
#[derive(Clone, Debug)]
pub struct NewTag {
    /// Name.
    pub name: String,
    /// The folder that it lies in.
    pub parent: Option<i64>,
    /// Whether it is a folder.
    pub folder: bool,
}

/// How a folder or tag is to be; what is kept or `None` stays.
#[derive(Clone, Debug, Default)]
pub struct TagUpdate {
    /// Name.
    pub name: Option<String>,
    /// The folder that it lies in; cleared: none.
    pub parent: Edit<i64>,
}

/// Walks down from the top over what is not closed.
const WALK: &str = "WITH RECURSIVE walk AS (
        SELECT t.id, t.parent_id, t.name, ARRAY[]::text[] AS path, t.is_folder, t.rule, t.revision FROM tag t WHERE t.parent_id IS NULL AND t.closed_at IS NULL
        UNION ALL
        SELECT t.id, t.parent_id, t.name, w.path || w.name, t.is_folder, t.rule, t.revision FROM tag t JOIN walk w ON w.id = t.parent_id WHERE t.closed_at IS NULL)
    SELECT w.id, w.parent_id, w.name, w.path, w.is_folder, w.rule, w.revision,
           (SELECT count(*) FROM tag_assignment a WHERE a.tag_id = w.id AND a.removed_at IS NULL) AS clients FROM walk w";

fn read(row: &PgRow) -> Tag {
    Tag {
        id: row.get("id"),
        parent: row.get("parent_id"),
        name: row.get("name"),
        path: row.get("path"),
        folder: row.get("is_folder"),
        rule: row.get("rule"),
        clients: row.get("clients"),
        revision: row.get("revision"),
    }
}

/// The whole tree: each folder before what lies in it, by name.
pub async fn tree(store: &Store) -> Result<Vec<Tag>, StoreError> {
    let sql = format!("{WALK} ORDER BY w.path || w.name, w.id");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(store.pool()).await?;
    Ok(rows.iter().map(read).collect())
}

async fn find(connection: &mut PgConnection, id: i64) -> Result<Option<Tag>, StoreError> {
    let sql = format!("{WALK} WHERE w.id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(connection).await?;
    Ok(row.map(|row| read(&row)))
}

/// All changes of the tree take one lock: two that are right alone may close a circle together.
async fn one_by_one(change: &mut Change) -> Result<(), StoreError> {
    sqlx::query("SELECT pg_advisory_xact_lock(hashtextextended('tag tree', 0))").execute(change.connection()).await?;
    Ok(())
}

/// The folder that something is put into.
async fn folder(connection: &mut PgConnection, id: Option<i64>) -> Result<(), TagError> {
    let Some(id) = id else { return Ok(()) };
    let found = find(connection, id).await?;
    if found.is_some_and(|tag| tag.folder) { Ok(()) } else { Err(TagError::NoFolder) }
}

fn shown(tag: &Tag) -> Value {
    json!({"name": tag.name, "parent": tag.parent})
}

/// Makes a folder or tag; it as it is then.
pub async fn add_tag(change: &mut Change, new: &NewTag, reason: &str) -> Result<Tag, TagError> {
    one_by_one(change).await?;
    folder(change.connection(), new.parent).await?;
    let (now, author) = (change.now(), change.actor().login.clone());
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO tag (parent_id, name, is_folder, created_at, created_by) VALUES ($1, $2, $3, $4, $5) RETURNING id",
    )
    .bind(new.parent)
    .bind(&new.name)
    .bind(new.folder)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    let after = json!({"name": new.name, "parent": new.parent, "folder": new.folder});
    change.record("tag.add", "tag", id, &json!(null), &after, reason);
    find(change.connection(), id).await?.ok_or(TagError::NotFound)
}

/// Renames or moves a folder or tag; it as it is then.
pub async fn update_tag(
    change: &mut Change,
    id: i64,
    update: &TagUpdate,
    revision: Option<i64>,
    reason: &str,
) -> Result<Tag, TagError> {
    one_by_one(change).await?;
    let before = find(change.connection(), id).await?.ok_or(TagError::NotFound)?;
    if revision.is_some_and(|seen| seen != before.revision) {
        return Err(TagError::Stale);
    }
    let parent = update.parent.clone().applied(before.parent);
    if parent != before.parent {
        folder(change.connection(), parent).await?;
        let tree: Vec<(i64, Option<i64>)> =
            sqlx::query_as("SELECT id, parent_id FROM tag").fetch_all(change.connection()).await?;
        if parent.is_some_and(|parent| !rules::may_lie_in(&tree, id, parent)) {
            return Err(TagError::Circle);
        }
    }
    sqlx::query("UPDATE tag SET name = $2, parent_id = $3, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(update.name.as_ref().unwrap_or(&before.name))
        .bind(parent)
        .execute(change.connection())
        .await?;
    let after = find(change.connection(), id).await?.ok_or(TagError::NotFound)?;
    change.record("tag.edit", "tag", id, &shown(&before), &shown(&after), reason);
    Ok(after)
}

/// Closes a tag, or a folder in which nothing open lies. Clients who have the tag keep it; the rule of a closed tag does nothing.
pub async fn close_tag(change: &mut Change, id: i64, reason: &str) -> Result<(), TagError> {
    let now = change.now();
    one_by_one(change).await?;
    let before = find(change.connection(), id).await?.ok_or(TagError::NotFound)?;
    let inside: i64 = sqlx::query_scalar("SELECT count(*) FROM tag WHERE parent_id = $1 AND closed_at IS NULL")
        .bind(id)
        .fetch_one(change.connection())
        .await?;
    if inside > 0 {
        return Err(TagError::InUse(inside));
    }
    sqlx::query("UPDATE tag SET closed_at = $2, revision = revision + 1 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    change.record("tag.close", "tag", id, &shown(&before), &json!(null), reason);
    Ok(())
}

/// An open tag until the end of the change.
pub(super) async fn open(change: &mut Change, id: i64) -> Result<Tag, TagError> {
    sqlx::query("SELECT FROM tag WHERE id = $1 FOR SHARE").bind(id).execute(change.connection()).await?;
    find(change.connection(), id).await?.ok_or(TagError::NotFound)
}
