//! The directory of kinds of contracts.

use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::ContractError;
use crate::change::Change;
use crate::store::{Store, StoreError};

/// A kind of contracts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContractKind {
    /// Code.
    pub code: String,
    /// Name in Russian.
    pub name_ru: String,
    /// Name in English.
    pub name_en: String,
}

/// All kinds, by code.
pub async fn kinds(store: &Store) -> Result<Vec<ContractKind>, StoreError> {
    let rows = sqlx::query("SELECT code, name_ru, name_en FROM contract_kind ORDER BY code");
    let rows = rows.fetch_all(store.pool()).await?;
    let kind =
        |row: &PgRow| ContractKind { code: row.get("code"), name_ru: row.get("name_ru"), name_en: row.get("name_en") };
    Ok(rows.iter().map(kind).collect())
}

/// Makes a kind.
pub async fn add_kind(change: &mut Change, kind: &ContractKind, reason: &str) -> Result<(), ContractError> {
    let (now, author) = (change.now(), change.actor().login.clone());
    let made = sqlx::query(
        "INSERT INTO contract_kind (code, name_ru, name_en, created_at, created_by) VALUES ($1, $2, $3, $4, $5) ON CONFLICT (code) DO NOTHING",
    )
    .bind(&kind.code)
    .bind(&kind.name_ru)
    .bind(&kind.name_en)
    .bind(now)
    .bind(author)
    .execute(change.connection())
    .await?;
    if made.rows_affected() == 0 {
        return Err(ContractError::CodeInUse(kind.code.clone()));
    }
    let after = json!({"name_ru": kind.name_ru, "name_en": kind.name_en});
    change.record("contract_kind.add", "contract_kind", &kind.code, &Value::Null, &after, reason);
    Ok(())
}

/// Refuses a kind that is not in the directory.
pub(super) async fn known(connection: &mut PgConnection, kind: &str) -> Result<(), ContractError> {
    let is_known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM contract_kind WHERE code = $1)")
        .bind(kind)
        .fetch_one(connection)
        .await?;
    if is_known { Ok(()) } else { Err(ContractError::NoKind(kind.to_owned())) }
}
