//! Both books as they can be held against each other.
//!
//! Owns: the sums of ClickHouse and of Postgres by account, currency and usage day.
//! Does not own: what is made of a difference.
//! Always: amounts are decimals; what comes to nothing is left out on both sides.

use std::collections::BTreeMap;

use billing::{Store, ledger};
use clickhouse::Row;
use rust_decimal::Decimal;
use serde::Deserialize;

use crate::clickhouse::ClickHouse;

/// (account, currency, day) -> sum.
pub(super) type Books = BTreeMap<(String, String, String), Decimal>;

#[derive(Row, Deserialize)]
struct DayRow {
    account_id: u64,
    currency: String,
    day: String,
    total: String,
}

/// Codes of accounts by their identifiers.
pub(super) async fn account_codes(store: &Store) -> anyhow::Result<BTreeMap<u64, String>> {
    Ok(billing::accounts::codes(store).await?.into_iter().collect())
}

/// The sums of the charges.
pub(super) async fn clickhouse_books(clickhouse: &ClickHouse, store: &Store) -> anyhow::Result<Books> {
    let codes = account_codes(store).await?;
    let sql = "SELECT account_id, toString(calls.currency) AS currency, toString(usage_day) AS day, toString(sum(gross)) AS total FROM calls
               WHERE account_id > 0 GROUP BY account_id, calls.currency, usage_day HAVING sum(gross) != 0";
    let rows: Vec<DayRow> = clickhouse.client().query(sql).fetch_all().await?;
    rows.into_iter()
        .map(|row| {
            let code = codes.get(&row.account_id).cloned().unwrap_or_else(|| format!("#{}", row.account_id));
            Ok(((code, row.currency, row.day), row.total.parse()?))
        })
        .collect()
}

/// The sums of the usage totals.
pub(super) async fn postgres_books(store: &Store) -> anyhow::Result<Books> {
    let rows = ledger::usage_by_day(store).await?.into_iter().filter(|(.., gross)| !gross.is_zero());
    Ok(rows.map(|(account, currency, day, gross)| ((account, currency, day.to_string()), gross)).collect())
}
