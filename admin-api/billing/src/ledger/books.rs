//! The books, added up again.
//!
//! Owns: the check that every balance is what its postings and open usage come to, and the sums that ClickHouse is compared with.
//! Does not own: what is done about a difference: it is an alarm, never a repair.
//! Always: reads only.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use sqlx::Row;

use crate::store::{Store, StoreError};

/// An account whose balance is not what its books add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imbalance {
    /// Code of the account.
    pub account: String,
    /// Stored balance.
    pub balance: Decimal,
    /// Postings minus open usage.
    pub books: Decimal,
}

/// Re-adds the books: every account whose balance differs from them.
pub async fn check(store: &Store) -> Result<Vec<Imbalance>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.code, b.balance, coalesce(p.total, 0) - coalesce(u.total, 0) AS books
         FROM account_balance b JOIN account a ON a.id = b.account_id
         LEFT JOIN (SELECT account_id, sum(amount) AS total FROM posting GROUP BY account_id) p ON p.account_id = b.account_id
         LEFT JOIN (SELECT account_id, sum(gross) AS total FROM usage_total WHERE NOT closed GROUP BY account_id) u ON u.account_id = b.account_id
         WHERE b.balance <> coalesce(p.total, 0) - coalesce(u.total, 0) ORDER BY a.code",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| Imbalance { account: row.get("code"), balance: row.get("balance"), books: row.get("books") })
        .collect())
}

/// What accounts owe per day: (account code, currency, usage day, sum with tax), for reconciliation.
pub async fn usage_by_day(store: &Store) -> Result<Vec<(String, String, NaiveDate, Decimal)>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.code, a.currency::text AS currency, u.usage_day, sum(u.gross) AS gross FROM usage_total u JOIN account a ON a.id = u.account_id
         GROUP BY a.code, a.currency, u.usage_day ORDER BY a.code, u.usage_day",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| (row.get("code"), row.get("currency"), row.get("usage_day"), row.get("gross"))).collect())
}
