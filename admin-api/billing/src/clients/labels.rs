//! Labels of clients (B5).
//!
//! Owns: table `client_label`.
//! Does not own: which client has which.
//! Always: a name stands once, whatever its case.

use serde_json::json;
use sqlx::PgConnection;

use super::ClientError;
use crate::change::Change;
use crate::store::{Store, StoreError};

/// All labels, by name.
pub async fn labels(store: &Store) -> Result<Vec<String>, StoreError> {
    Ok(sqlx::query_scalar("SELECT name FROM client_label ORDER BY lower(name)").fetch_all(store.pool()).await?)
}

/// Makes a label.
pub async fn add_label(change: &mut Change, name: &str, reason: &str) -> Result<(), ClientError> {
    sqlx::query("INSERT INTO client_label (name) VALUES ($1)").bind(name).execute(change.connection()).await?;
    change.record("label.add", "label", name, &json!(null), &json!({"name": name}), reason);
    Ok(())
}

/// The label with a name.
pub(super) async fn id_of(connection: &mut PgConnection, name: Option<&str>) -> Result<Option<i32>, ClientError> {
    let Some(name) = name else { return Ok(None) };
    let id = sqlx::query_scalar("SELECT id FROM client_label WHERE lower(name) = lower($1)")
        .bind(name)
        .fetch_optional(connection)
        .await?;
    id.map(Some).ok_or_else(|| ClientError::NoLabel(name.to_owned()))
}
