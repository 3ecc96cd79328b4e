//! Lists as files that take longer than an answer may.
//!
//! Owns: tables `export` and `export_chunk`: orders, who makes them, their progress, their bytes.
//! Does not own: the form of a file (`admin-api`, which makes them).
//! Always: one program makes an export; one whose maker fell silent is made anew by another, some times over; nobody sees another's; it shows no more than the
//! token that ordered it.

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use sqlx::Row;
use sqlx::postgres::PgRow;

use crate::change::Change;
use crate::store::{Store, StoreError};

/// A maker that was silent for so long has died.
const SILENCE: TimeDelta = TimeDelta::minutes(2);
/// Makers that may die over one export: what ended so many would end the next one too.
const ATTEMPTS_MAX: i32 = 5;

/// An export as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Export {
    /// Identifier.
    pub id: i64,
    /// Name of the list.
    pub list: String,
    /// Parameters of the request.
    pub query: Value,
    /// `csv` or `xlsx`.
    pub format: String,
    /// `ru` or `en`.
    pub language: String,
    /// Names of the permissions that its owner had by the token that ordered it.
    pub scopes: Vec<String>,
    /// `queued`, `running`, `done`, `failed` or `cancelled`.
    pub state: String,
    /// Rows in all, once they are counted.
    pub rows_total: Option<i64>,
    /// Rows that are written.
    pub rows_done: i64,
    /// Why it failed.
    pub error: Option<String>,
    /// When it was ordered.
    pub ordered_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// Until when it is kept.
    pub expires_at: DateTime<Utc>,
}

/// An export to be made.
#[derive(Clone, Debug)]
pub struct NewExport<'a> {
    /// Name of the list.
    pub list: &'a str,
    /// Parameters of the request.
    pub query: Value,
    /// `csv` or `xlsx`.
    pub format: &'a str,
    /// `ru` or `en`.
    pub language: &'a str,
    /// Names of the permissions that it is made with at most.
    pub scopes: &'a [String],
    /// Hours for which it is kept.
    pub keep_hours: i64,
    /// Exports of one user that may wait or run at once.
    pub per_user: i64,
}

/// An export that a program has taken to make.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The order.
    pub export: Export,
    /// Identifier of its owner.
    pub user_id: i64,
    attempt: i32,
}

impl Claimed {
    /// Whether so many makers died over it that it is not tried once more.
    pub fn is_hopeless(&self) -> bool {
        self.attempt > ATTEMPTS_MAX
    }
}

/// Why nothing was ordered or changed.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// No such export of this user.
    #[error("there is no such export")]
    NotFound,
    /// It has ended.
    #[error("it has ended")]
    Ended,
    /// So many wait already.
    #[error("{0} exports wait or run already")]
    TooMany(i64),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for ExportError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

const SHOWN: &str = "id, list, query, format, language, scopes, state, rows_total, rows_done, error, ordered_at, finished_at, expires_at";

fn read(row: &PgRow) -> Export {
    Export {
        id: row.get("id"),
        list: row.get("list"),
        query: row.get("query"),
        format: row.get("format"),
        language: row.get("language"),
        scopes: row.get("scopes"),
        state: row.get("state"),
        rows_total: row.get("rows_total"),
        rows_done: row.get("rows_done"),
        error: row.get("error"),
        ordered_at: row.get("ordered_at"),
        finished_at: row.get("finished_at"),
        expires_at: row.get("expires_at"),
    }
}

/// Orders an export for the author; its identifier.
pub async fn order(change: &mut Change, new: &NewExport<'_>, reason: &str) -> Result<i64, ExportError> {
    let (user_id, now) = (change.actor().author.staff_id(), change.now());
    // Orders of one user come one after another, or two at once would both be the last that may.
    sqlx::query("SELECT FROM staff_user WHERE id = $1 FOR NO KEY UPDATE")
        .bind(user_id)
        .execute(change.connection())
        .await?;
    let waiting: i64 =
        sqlx::query_scalar("SELECT count(*) FROM export WHERE user_id = $1 AND state IN ('queued', 'running')")
            .bind(user_id)
            .fetch_one(change.connection())
            .await?;
    if waiting >= new.per_user {
        return Err(ExportError::TooMany(waiting));
    }
    let id: i64 = sqlx::query_scalar(
        "INSERT INTO export (user_id, list, query, format, language, scopes, state, ordered_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, 'queued', $7, $8) RETURNING id",
    )
    .bind(user_id)
    .bind(new.list)
    .bind(&new.query)
    .bind(new.format)
    .bind(new.language)
    .bind(new.scopes)
    .bind(now)
    .bind(now + TimeDelta::hours(new.keep_hours))
    .fetch_one(change.connection())
    .await?;
    let fields: Vec<&String> = new.query.as_object().map(|query| query.keys().collect()).unwrap_or_default();
    let after = json!({"list": new.list, "fields": fields, "format": new.format});
    change.record("export.order", "export", id, &json!(null), &after, reason);
    Ok(id)
}

/// Ends an export of the author that has not ended.
pub async fn cancel(change: &mut Change, id: i64, reason: &str) -> Result<(), ExportError> {
    let now = change.now();
    let state: Option<String> =
        sqlx::query_scalar("SELECT state FROM export WHERE id = $1 AND user_id = $2 FOR UPDATE")
            .bind(id)
            .bind(change.actor().author.staff_id())
            .fetch_optional(change.connection())
            .await?;
    let state = state.ok_or(ExportError::NotFound)?;
    if state != "queued" && state != "running" {
        return Err(ExportError::Ended);
    }
    sqlx::query("UPDATE export SET state = 'cancelled', finished_at = $2 WHERE id = $1")
        .bind(id)
        .bind(now)
        .execute(change.connection())
        .await?;
    // Its maker waits for the row, and finds that it counts no more.
    sqlx::query("DELETE FROM export_chunk WHERE export_id = $1").bind(id).execute(change.connection()).await?;
    change.record("export.cancel", "export", id, &json!({"state": state}), &json!({"state": "cancelled"}), reason);
    Ok(())
}

/// An export of a user that is still kept.
pub async fn export(store: &Store, user_id: i64, id: i64, now: DateTime<Utc>) -> Result<Option<Export>, StoreError> {
    let sql = format!("SELECT {SHOWN} FROM export WHERE id = $1 AND user_id = $2 AND expires_at > $3");
    let row =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).bind(user_id).bind(now).fetch_optional(store.pool()).await?;
    Ok(row.as_ref().map(read))
}

/// Takes the oldest order that nobody makes; bytes of an earlier try are gone. An order whose owner was blocked or lost the list is refused by the maker.
pub async fn claim(store: &Store, now: DateTime<Utc>) -> Result<Option<Claimed>, StoreError> {
    let mut tx = store.begin().await?;
    let sql = format!(
        "UPDATE export SET state = 'running', seen_at = $1, rows_done = 0, rows_total = NULL, attempt = attempt + 1
         WHERE id = (SELECT id FROM export WHERE state = 'queued' OR (state = 'running' AND seen_at < $2) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
         RETURNING {SHOWN}, user_id, attempt"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(now).bind(now - SILENCE).fetch_optional(&mut *tx).await?;
    let Some(row) = row else { return Ok(None) };
    let claimed = Claimed { export: read(&row), user_id: row.get("user_id"), attempt: row.get("attempt") };
    sqlx::query("DELETE FROM export_chunk WHERE export_id = $1").bind(claimed.export.id).execute(&mut *tx).await?;
    tx.commit().await?;
    Ok(Some(claimed))
}

/// Says that the maker is at work still; `false`: it was cancelled, or another makes it.
pub async fn beat(store: &Store, claimed: &Claimed, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let told = sqlx::query("UPDATE export SET seen_at = $2 WHERE id = $1 AND state = 'running' AND attempt = $3")
        .bind(claimed.export.id)
        .bind(now)
        .bind(claimed.attempt)
        .execute(store.pool())
        .await?;
    Ok(told.rows_affected() == 1)
}

/// Says how far an export is; `false`: it was cancelled, or another makes it.
pub async fn progress(
    store: &Store,
    claimed: &Claimed,
    rows_done: i64,
    rows_total: Option<i64>,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let told = sqlx::query(
        "UPDATE export SET rows_done = $2, rows_total = coalesce($3, rows_total), seen_at = $4 WHERE id = $1 AND state = 'running' AND attempt = $5",
    )
    .bind(claimed.export.id)
    .bind(rows_done)
    .bind(rows_total)
    .bind(now)
    .bind(claimed.attempt)
    .execute(store.pool())
    .await?;
    Ok(told.rows_affected() == 1)
}

/// Keeps a part of the file; `false`: it was cancelled, or another makes it.
pub async fn put_chunk(store: &Store, claimed: &Claimed, number: i32, bytes: &[u8]) -> Result<bool, StoreError> {
    // Held: who takes the order over passes it by and comes again, who cancels it waits for this part and removes it, or this one waits and finds that it
    // counts no more.
    let kept = sqlx::query(
        "INSERT INTO export_chunk (export_id, number, bytes)
         SELECT id, $2, $3 FROM export WHERE id = $1 AND state = 'running' AND attempt = $4 FOR SHARE",
    )
    .bind(claimed.export.id)
    .bind(number)
    .bind(bytes)
    .bind(claimed.attempt)
    .execute(store.pool())
    .await?;
    Ok(kept.rows_affected() == 1)
}

/// The file is whole.
pub async fn finish(store: &Store, claimed: &Claimed, rows: i64, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = sqlx::query(
        "UPDATE export SET state = 'done', rows_done = $2, rows_total = $2, finished_at = $3 WHERE id = $1 AND state = 'running' AND attempt = $4",
    )
    .bind(claimed.export.id)
    .bind(rows)
    .bind(now)
    .bind(claimed.attempt)
    .execute(store.pool())
    .await?;
    Ok(done.rows_affected() == 1)
}

/// It cannot be made; what was written of it is gone.
pub async fn fail(store: &Store, claimed: &Claimed, error: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let failed = sqlx::query(
        "UPDATE export SET state = 'failed', error = $2, finished_at = $3 WHERE id = $1 AND state = 'running' AND attempt = $4",
    )
    .bind(claimed.export.id)
    .bind(error)
    .bind(now)
    .bind(claimed.attempt)
    .execute(&mut *tx)
    .await?;
    if failed.rows_affected() == 1 {
        sqlx::query("DELETE FROM export_chunk WHERE export_id = $1").bind(claimed.export.id).execute(&mut *tx).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Bytes of a file that is whole.
pub async fn size(store: &Store, id: i64) -> Result<i64, StoreError> {
    Ok(sqlx::query_scalar("SELECT coalesce(sum(octet_length(bytes)), 0) FROM export_chunk WHERE export_id = $1")
        .bind(id)
        .fetch_one(store.pool())
        .await?)
}

/// A part of a file that is whole; `None` behind the last.
pub async fn chunk(store: &Store, id: i64, number: i32) -> Result<Option<Vec<u8>>, StoreError> {
    Ok(sqlx::query_scalar("SELECT bytes FROM export_chunk WHERE export_id = $1 AND number = $2")
        .bind(id)
        .bind(number)
        .fetch_optional(store.pool())
        .await?)
}

/// Removes what is kept no longer; how many.
pub async fn sweep(store: &Store, now: DateTime<Utc>) -> Result<u64, StoreError> {
    Ok(sqlx::query("DELETE FROM export WHERE expires_at <= $1").bind(now).execute(store.pool()).await?.rows_affected())
}
