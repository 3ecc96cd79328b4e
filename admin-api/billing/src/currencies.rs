//! The directory of currencies (B35).
//!
//! Owns: table `currency`.
//! Does not own: amounts, exchange rates (`terms`).
//! Always: only an active currency may be named by what is written from now on; switching one off touches nothing that names it already.

use rating::Currency;
use serde_json::json;
use sqlx::{PgConnection, Row};

use crate::change::Change;
use crate::store::{Store, StoreError};

/// A currency of the directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CurrencyCard {
    /// ISO 4217 code, three letters.
    pub code: String,
    /// ISO 4217 number, three digits; `None` = not of the standard.
    pub numeric_code: Option<String>,
    /// Name in Russian.
    pub name_ru: String,
    /// Name in English.
    pub name_en: String,
    /// Decimals of its smallest coin.
    pub minor_units: i16,
    /// Whether it may be chosen.
    pub active: bool,
}

/// The directory by code; only those that are active, or are not, when asked so.
pub async fn list(store: &Store, active: Option<bool>) -> Result<Vec<CurrencyCard>, StoreError> {
    let rows = sqlx::query(
        "SELECT code::text AS code, numeric_code::text AS numeric_code, name_ru, name_en, minor_units, active
         FROM currency WHERE $1::boolean IS NULL OR active = $1 ORDER BY code",
    )
    .bind(active)
    .fetch_all(store.pool())
    .await?;
    let read = |row: &sqlx::postgres::PgRow| CurrencyCard {
        code: row.get("code"),
        numeric_code: row.get("numeric_code"),
        name_ru: row.get("name_ru"),
        name_en: row.get("name_en"),
        minor_units: row.get("minor_units"),
        active: row.get("active"),
    };
    Ok(rows.iter().map(read).collect())
}

/// Switches a currency on or off; `false` when the directory does not have it.
pub async fn set_active(
    change: &mut Change,
    currency: Currency,
    active: bool,
    reason: &str,
) -> Result<bool, StoreError> {
    let before: Option<bool> = sqlx::query_scalar("SELECT active FROM currency WHERE code = $1 FOR NO KEY UPDATE")
        .bind(currency.as_str())
        .fetch_optional(change.connection())
        .await?;
    let Some(before) = before else { return Ok(false) };
    sqlx::query("UPDATE currency SET active = $2 WHERE code = $1")
        .bind(currency.as_str())
        .bind(active)
        .execute(change.connection())
        .await?;
    let (before, after) = (json!({"active": before}), json!({"active": active}));
    change.record("currency.edit", "currency", currency.as_str(), &before, &after, reason);
    Ok(true)
}

/// Which of these may not be chosen, in their order. Those that may are held against being switched off until the transaction ends.
pub(crate) async fn not_selectable(
    connection: &mut PgConnection,
    currencies: &[Currency],
) -> Result<Vec<String>, StoreError> {
    let codes: Vec<&str> = currencies.iter().map(Currency::as_str).collect();
    let active: Vec<String> =
        sqlx::query_scalar("SELECT code::text FROM currency WHERE code::text = ANY($1) AND active FOR SHARE")
            .bind(&codes)
            .fetch_all(&mut *connection)
            .await?;
    Ok(codes.into_iter().filter(|code| !active.iter().any(|own| own == code)).map(str::to_owned).collect())
}
