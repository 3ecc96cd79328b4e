//! Filters that people keep.
//!
//! Owns: table `saved_filter`.
//! Does not own: what a query may say (`admin-api` reads it like that of a request).
//! Always: the names of one user's filters of a list are unique without regard to case; only their owner takes one away.

use serde_json::{Value, json};
use sqlx::Row;

use crate::change::Change;
use crate::store::{Store, StoreError, broken_constraint};

/// Filters that one user may keep.
const MOST: i64 = 200;

/// A kept filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedFilter {
    /// Identifier.
    pub id: i64,
    /// Name of the list.
    pub list: String,
    /// Name of the filter.
    pub name: String,
    /// Parameters of a request: `{"label": "VIP", "sort": "-name"}`.
    pub query: Value,
    /// Whether everybody sees it.
    pub shared: bool,
    /// Login of its owner.
    pub owner: String,
}

/// A filter to be kept.
#[derive(Clone, Debug)]
pub struct NewSavedFilter {
    /// Name of the list.
    pub list: String,
    /// Name of the filter.
    pub name: String,
    /// Parameters of a request.
    pub query: Value,
    /// Whether everybody sees it.
    pub shared: bool,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
pub enum SavedError {
    /// No such filter of this user.
    #[error("there is no such filter")]
    NotFound,
    /// He has one of this name.
    #[error("there is a filter of this name already")]
    Exists,
    /// More than a user may keep.
    #[error("at most {0}")]
    TooMany(i64),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for SavedError {
    fn from(error: sqlx::Error) -> Self {
        if broken_constraint(&error) == Some("saved_filter_once") { Self::Exists } else { Self::Store(error.into()) }
    }
}

const SHOWN: &str = "SELECT f.id, f.list, f.name, f.query, f.shared, u.login AS owner FROM saved_filter f JOIN staff_user u ON u.id = f.user_id";

fn read(row: &sqlx::postgres::PgRow) -> SavedFilter {
    SavedFilter {
        id: row.get("id"),
        list: row.get("list"),
        name: row.get("name"),
        query: row.get("query"),
        shared: row.get("shared"),
        owner: row.get("owner"),
    }
}

/// The filters that a user sees, his own first; of one list, or of all.
pub async fn saved_filters(store: &Store, user_id: i64, list: Option<&str>) -> Result<Vec<SavedFilter>, StoreError> {
    let sql = format!(
        "{SHOWN} WHERE (f.user_id = $1 OR f.shared) AND ($2::text IS NULL OR f.list = $2) ORDER BY f.user_id <> $1, f.list, lower(f.name), f.id LIMIT 1000"
    );
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user_id).bind(list).fetch_all(store.pool()).await?;
    Ok(rows.iter().map(read).collect())
}

/// A filter that a user sees.
pub async fn find_saved(store: &Store, user_id: i64, id: i64) -> Result<Option<SavedFilter>, StoreError> {
    let sql = format!("{SHOWN} WHERE f.id = $2 AND (f.user_id = $1 OR f.shared)");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(user_id).bind(id).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

/// Keeps a filter of the author; its identifier.
pub async fn save_filter(change: &mut Change, new: &NewSavedFilter, reason: &str) -> Result<i64, SavedError> {
    let (user_id, now) = (change.actor().author.staff_id(), change.now());
    let kept: i64 = sqlx::query_scalar("SELECT count(*) FROM saved_filter WHERE user_id = $1")
        .bind(user_id)
        .fetch_one(change.connection())
        .await?;
    if kept >= MOST {
        return Err(SavedError::TooMany(MOST));
    }
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO saved_filter (user_id, list, name, query, shared, created_at) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(user_id)
    .bind(&new.list)
    .bind(&new.name)
    .bind(&new.query)
    .bind(new.shared)
    .bind(now)
    .fetch_one(change.connection())
    .await?;
    // The query may hold a number or a name: its fields are told, not its values.
    let fields: Vec<&String> = new.query.as_object().map(|query| query.keys().collect()).unwrap_or_default();
    let after = json!({"list": new.list, "name": new.name, "fields": fields, "shared": new.shared});
    change.record("saved_filter.add", "saved_filter", id, &json!(null), &after, reason);
    Ok(id)
}

/// Takes a filter of the author away.
pub async fn take_saved_filter(change: &mut Change, id: i64, reason: &str) -> Result<(), SavedError> {
    let row: Option<(String, String)> =
        sqlx::query_as("DELETE FROM saved_filter WHERE id = $1 AND user_id = $2 RETURNING list, name")
            .bind(id)
            .bind(change.actor().author.staff_id())
            .fetch_optional(change.connection())
            .await?;
    let (list, name) = row.ok_or(SavedError::NotFound)?;
    let before = json!({"list": list, "name": name});
    change.record("saved_filter.delete", "saved_filter", id, &before, &json!(null), reason);
    Ok(())
}
