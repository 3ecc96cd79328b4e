//! What calls have reserved, for who takes money out of an account by choice: withdrawals, refunds, orders, closing (B17).
//!
//! Owns: the lock that grants wait for, the two looks behind it.
//! Does not own: what is refused (who asks), grants; what lowers the floor or the balance by right and not by choice (terms, charges, corrections, a payment that
//! was booked wrong): it goes beneath the holds, and new calls find too little.
//! Always: no statement reads what is reserved before the lock is held, so it sees each grant that was committed before, and each grant behind it sees what was
//! taken out. Asked last, in the order of locks that `ledger` names: calls of the account wait from the lock until the change ends.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use sqlx::{PgConnection, Row};

use super::store::lock;
use crate::change::Change;
use crate::store::StoreError;

/// Most calls that are named.
const NAMED: i64 = 10;

/// Calls that an account is not free of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnderWay {
    /// How many.
    pub total: i64,
    /// The first of them, as the list of open calls has them: number, source, call.
    pub calls: Vec<String>,
}

/// Makes grants of calls of an account wait until the end of the change.
async fn hold_grants(change: &mut Change, account: i64) -> Result<(), StoreError> {
    // Who grants the first call of an account makes its row in a transaction of his own, and waits here as well.
    sqlx::query("INSERT INTO account_hold (account_id) VALUES ($1) ON CONFLICT DO NOTHING")
        .bind(account)
        .execute(change.connection())
        .await?;
    lock(change.connection(), &[account]).await?;
    Ok(())
}

/// What calls of an account have reserved, with grants held.
pub(crate) async fn reserved(change: &mut Change, account: i64) -> Result<Decimal, StoreError> {
    hold_grants(change, account).await?;
    let now = change.now();
    Ok(sqlx::query_scalar("SELECT coalesce(sum(amount), 0) FROM hold WHERE account_id = $1 AND expires_at > $2")
        .bind(account)
        .bind(now)
        .fetch_one(change.connection())
        .await?)
}

/// Calls of an account that go on, or whose money waits for their record, with grants held; `None`: it is free of them.
pub(crate) async fn under_way(change: &mut Change, account: i64) -> Result<Option<UnderWay>, StoreError> {
    hold_grants(change, account).await?;
    let now = change.now();
    let rows = named(change.connection(), account, now).await?;
    let Some((total, _)) = rows.first() else { return Ok(None) };
    Ok(Some(UnderWay { total: *total, calls: rows.into_iter().map(|(_, call)| call).collect() }))
}

async fn named(
    connection: &mut PgConnection,
    account: i64,
    now: DateTime<Utc>,
) -> Result<Vec<(i64, String)>, StoreError> {
    let rows = sqlx::query(
        "SELECT id, source, call_id, count(*) OVER () AS total FROM hold WHERE account_id = $1 AND expires_at > $2 AND (state = 'open' OR amount > 0)
         ORDER BY id LIMIT $3",
    )
    .bind(account)
    .bind(now)
    .bind(NAMED)
    .fetch_all(connection)
    .await?;
    let name = |row: &sqlx::postgres::PgRow| {
        format!("{} ({} {})", row.get::<i64, _>("id"), row.get::<&str, _>("source"), row.get::<&str, _>("call_id"))
    };
    Ok(rows.iter().map(|row| (row.get("total"), name(row))).collect())
}
