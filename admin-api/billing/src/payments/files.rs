//! Files that are kept as they came.
//!
//! Owns: table `payment_file`.
//! Does not own: what is in them.
//! Always: a file never changes; who may see what it belongs to may see it.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Row};

use super::error::PaymentError;
use crate::change::Change;
use crate::store::{Store, StoreError};

/// A file to be kept.
#[derive(Clone, Copy, Debug)]
pub struct NewFile<'a> {
    /// Its name.
    pub name: &'a str,
    /// What it is, `application/pdf` for instance.
    pub media_type: &'a str,
    /// Its bytes.
    pub content: &'a [u8],
}

/// A file that was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// Its name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

/// Keeps a file; its identifier.
pub(super) async fn keep(change: &mut Change, new: &NewFile<'_>) -> Result<i64, StoreError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let id = sqlx::query_scalar(
        "INSERT INTO payment_file (name, media_type, sha256, content, created_at, created_by) VALUES ($1, $2, $3, $4, $5, $6) RETURNING id",
    )
    .bind(new.name)
    .bind(new.media_type)
    .bind(Sha256::digest(new.content).to_vec())
    .bind(new.content)
    .bind(now)
    .bind(author)
    .fetch_one(change.connection())
    .await?;
    Ok(id)
}

/// When a statement of just these bytes came first.
pub(super) async fn came(connection: &mut PgConnection, content: &[u8]) -> Result<Option<DateTime<Utc>>, StoreError> {
    let at = sqlx::query_scalar(
        "SELECT min(f.created_at) FROM payment_file f WHERE f.sha256 = $1 AND EXISTS (SELECT FROM bank_statement s WHERE s.file_id = f.id)",
    )
    .bind(Sha256::digest(content).to_vec())
    .fetch_one(connection)
    .await?;
    Ok(at)
}

/// The file of a statement.
///
/// # Errors
/// No such statement.
pub async fn statement_file(store: &Store, id: i64) -> Result<KeptFile, PaymentError> {
    kept(store, "SELECT f.name, f.media_type, f.content FROM bank_statement s JOIN payment_file f ON f.id = s.file_id WHERE s.id = $1", id).await
}

/// The payment order of a request to find a payment.
///
/// # Errors
/// No such request.
pub async fn search_file(store: &Store, id: i64) -> Result<KeptFile, PaymentError> {
    kept(store, "SELECT f.name, f.media_type, f.content FROM payment_search s JOIN payment_file f ON f.id = s.file_id WHERE s.id = $1", id).await
}

async fn kept(store: &Store, sql: &'static str, id: i64) -> Result<KeptFile, PaymentError> {
    let row = sqlx::query(sql).bind(id).fetch_optional(store.pool()).await?.ok_or(PaymentError::NotFound)?;
    Ok(KeptFile { name: row.get("name"), media_type: row.get("media_type"), content: row.get("content") })
}
