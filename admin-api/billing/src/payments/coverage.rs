//! How far statements reach.
//!
//! Owns: the question of whoever waits for the statement of a bank day (A15).
//! Does not own: who waits.
//! Always: reads only.

use chrono::NaiveDate;

use super::error::PaymentError;
use crate::store::Store;

/// Whether every account at a bank of a legal entity has a statement of this day; one without accounts waits for none.
///
/// # Errors
/// The database.
pub async fn statements_reach(store: &Store, legal_entity: &str, day: NaiveDate) -> Result<bool, PaymentError> {
    let reach = sqlx::query_scalar(
        "SELECT NOT EXISTS (SELECT FROM legal_entity_bank b JOIN legal_entity e ON e.id = b.legal_entity_id WHERE e.code = $1
             AND NOT EXISTS (SELECT FROM bank_statement s WHERE s.bank_account = b.account AND s.from_day <= $2 AND $2 <= s.to_day))",
    )
    .bind(legal_entity)
    .bind(day)
    .fetch_one(store.pool())
    .await?;
    Ok(reach)
}
