//! Usage: what calls cost, added up by the day until its month is closed.
//!
//! Owns: table `usage_total`, the months of `billing_period`.
//! Does not own: what a call costs, postings (`post`).
//! Always: statements take arrays, one is an array of one; a total of a closed month does not change.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use rating::Service;
use rust_decimal::Decimal;
use sqlx::PgConnection;

use crate::store::{Store, StoreError};

/// Product under which calls are billed.
pub const TELEPHONY: &str = "telephony";

/// What one account owes more by one batch, for one key of `usage_total`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageDelta {
    /// Account.
    pub account: u64,
    /// Day of the answer in the issuer's zone.
    pub usage_day: NaiveDate,
    /// First day of the month that it is booked into.
    pub booking_period: NaiveDate,
    /// Service.
    pub service: Service,
    /// Tax inside the amount, in hundredths of a percent.
    pub tax_basis_points: u32,
    /// Sum with tax. A decimal: a batch may add up to more than one amount can be.
    pub gross: Decimal,
    /// Sum without tax.
    pub net: Decimal,
    /// Legs.
    pub calls: i64,
    /// Seconds charged.
    pub seconds: i64,
}

/// Issuers' months that are closed.
pub async fn closed_periods(store: &Store) -> Result<Vec<NaiveDate>, StoreError> {
    Ok(sqlx::query_scalar("SELECT month FROM billing_period WHERE closed_at IS NOT NULL ORDER BY month")
        .fetch_all(store.pool())
        .await?)
}

/// Closes a month of the issuer: later usage of its days is booked into the next open one. Posting what the month comes to follows with the documents.
pub async fn close_period(store: &Store, month: NaiveDate, at: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO billing_period (legal_entity_id, month, closed_at) VALUES (1, $1, $2)
         ON CONFLICT (legal_entity_id, month) DO UPDATE SET closed_at = coalesce(billing_period.closed_at, excluded.closed_at)",
    )
    .bind(month)
    .bind(at)
    .execute(store.pool())
    .await?;
    Ok(())
}

/// Books usage: totals up, balances down. `false` when one of the periods is closed; nothing is booked then.
///
/// Deltas have distinct keys. Every key written and every balance moved is counted and must be as many as were sent.
pub(crate) async fn book_usage(connection: &mut PgConnection, deltas: &[UsageDelta]) -> Result<bool, StoreError> {
    if deltas.is_empty() {
        return Ok(true);
    }
    if !hold_periods(connection, deltas).await? {
        return Ok(false);
    }
    let mut sums: BTreeMap<i64, Decimal> = BTreeMap::new();
    for delta in deltas {
        *sums.entry(delta.account as i64).or_default() += delta.gross;
    }
    let (ids, sums): (Vec<i64>, Vec<Decimal>) = sums.into_iter().unzip();
    let locked = sqlx::query(
        "SELECT account_id FROM account_balance WHERE account_id = ANY($1) ORDER BY account_id FOR NO KEY UPDATE",
    )
    .bind(&ids)
    .execute(&mut *connection)
    .await?;
    assert_eq!(locked.rows_affected(), ids.len() as u64, "an account without a balance row");
    let moved = sqlx::query(
        "UPDATE account_balance b SET balance = b.balance - d.owed FROM unnest($1::bigint[], $2::numeric[]) AS d (account_id, owed)
         WHERE b.account_id = d.account_id",
    )
    .bind(&ids)
    .bind(&sums)
    .execute(&mut *connection)
    .await?;
    assert_eq!(moved.rows_affected(), ids.len() as u64, "balances moved are not the balances sent");
    upsert_totals(connection, deltas).await
}

/// Holds the period rows against closing; `false` when one is closed.
async fn hold_periods(connection: &mut PgConnection, deltas: &[UsageDelta]) -> Result<bool, StoreError> {
    let mut months: Vec<NaiveDate> = deltas.iter().map(|delta| delta.booking_period).collect();
    months.sort_unstable();
    months.dedup();
    sqlx::query(
        "INSERT INTO billing_period (legal_entity_id, month) SELECT 1, month FROM unnest($1::date[]) AS m (month)
         WHERE NOT EXISTS (SELECT FROM billing_period p WHERE p.legal_entity_id = 1 AND p.month = m.month) ON CONFLICT DO NOTHING",
    )
    .bind(&months)
    .execute(&mut *connection)
    .await?;
    let open = sqlx::query("SELECT month FROM billing_period WHERE legal_entity_id = 1 AND month = ANY($1) AND closed_at IS NULL FOR SHARE")
        .bind(&months)
        .execute(&mut *connection)
        .await?;
    Ok(open.rows_affected() == months.len() as u64)
}

async fn upsert_totals(connection: &mut PgConnection, deltas: &[UsageDelta]) -> Result<bool, StoreError> {
    let column = |value: fn(&UsageDelta) -> i64| deltas.iter().map(value).collect::<Vec<i64>>();
    let written = sqlx::query(
        "INSERT INTO usage_total AS t (account_id, usage_day, booking_period, product, service, tax_percent, gross, net, calls, seconds)
         SELECT account_id, usage_day, booking_period, $3, service, basis_points::numeric / 100, gross, net, calls, seconds
         FROM unnest($1::bigint[], $2::date[], $4::date[], $5::text[], $6::bigint[], $7::numeric[], $8::numeric[], $9::bigint[], $10::bigint[])
              AS d (account_id, usage_day, booking_period, service, basis_points, gross, net, calls, seconds)
         ON CONFLICT (account_id, usage_day, booking_period, product, service, tax_percent) DO UPDATE
         SET gross = t.gross + excluded.gross, net = t.net + excluded.net, calls = t.calls + excluded.calls, seconds = t.seconds + excluded.seconds
         WHERE NOT t.closed",
    )
    .bind(column(|delta| delta.account as i64))
    .bind(deltas.iter().map(|delta| delta.usage_day).collect::<Vec<_>>())
    .bind(TELEPHONY)
    .bind(deltas.iter().map(|delta| delta.booking_period).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.service.as_str()).collect::<Vec<_>>())
    .bind(column(|delta| i64::from(delta.tax_basis_points)))
    .bind(deltas.iter().map(|delta| delta.gross).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.net).collect::<Vec<_>>())
    .bind(column(|delta| delta.calls))
    .bind(column(|delta| delta.seconds))
    .execute(&mut *connection)
    .await?;
    Ok(written.rows_affected() == deltas.len() as u64)
}
