//! What goes on outside of grants: what calls asked for, grants that nobody heard of, calls that were let go without a look at the books.
//!
//! Owns: rows of `hold` as these read, delete and write them.
//! Does not own: when the books count as out of reach (the API says).
//! Always: nobody waits for a batch. What is read is checked again by the grant, and what is added is talked already: neither needs the lock of an account.
//! What is taken back does: another program may be answering a repeat of it at that moment.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rating::Currency;
use rating::rows::AccountId;
use rust_decimal::Decimal;
use serde_json::Value;
use sqlx::Row;
use sqlx::postgres::PgRow;

use super::ask::{CallKey, Terms};
use super::calls::{columns, key_of, whole};
use super::store::{lock, make_rows};
use crate::store::{Store, StoreError};

/// What a call that is known asked for.
#[derive(Clone)]
pub struct Asked {
    /// Who pays.
    pub account: AccountId,
    /// Seconds that it was granted.
    pub seconds: u64,
    /// What its switch asked.
    pub request: Value,
    /// When it was let go.
    pub created_at: DateTime<Utc>,
    /// When it was answered, as its switch said.
    pub answered_at: Option<DateTime<Utc>>,
}

/// What these calls asked for; those that are not known are left out.
pub async fn asked(store: &Store, keys: &[&CallKey]) -> Result<HashMap<CallKey, Asked>, StoreError> {
    let (sources, calls, legs) = columns(keys);
    let rows = sqlx::query(
        "SELECT h.source, h.call_id, h.leg, h.account_id, h.seconds, h.request, h.created_at, h.answered_at
         FROM unnest($1::text[], $2::text[], $3::smallint[]) AS k (source, call_id, leg)
         JOIN hold h ON h.source = k.source AND h.call_id = k.call_id AND h.leg = k.leg",
    )
    .bind(sources)
    .bind(calls)
    .bind(legs)
    .fetch_all(store.callers())
    .await?;
    let asked = |row: &PgRow| {
        let asked = Asked {
            account: AccountId(row.get::<i64, _>("account_id") as u64),
            seconds: u64::try_from(row.get::<i32, _>("seconds")).unwrap_or(0),
            request: row.get("request"),
            created_at: row.get("created_at"),
            answered_at: row.get("answered_at"),
        };
        (key_of(row), asked)
    };
    Ok(rows.iter().map(asked).collect())
}

/// Takes back grants that nobody heard of: calls of these accounts, let go at these moments and not touched since. Who answers a repeat of such a call holds its
/// account: he has noted that before the statement begins, or does not find the call after it.
pub async fn forget(store: &Store, grants: &[(CallKey, AccountId, DateTime<Utc>)]) -> Result<u64, StoreError> {
    let keys: Vec<&CallKey> = grants.iter().map(|(key, ..)| key).collect();
    let (sources, calls, legs) = columns(&keys);
    let accounts: BTreeSet<i64> = grants.iter().map(|(_, account, _)| account.0 as i64).collect();
    let mut tx = store.begin_call().await?;
    lock(&mut tx, &accounts.into_iter().collect::<Vec<_>>()).await?;
    let done = sqlx::query(
        "DELETE FROM hold WHERE id IN (
             SELECT h.id FROM unnest($1::text[], $2::text[], $3::smallint[], $4::timestamptz[]) AS k (source, call_id, leg, created_at)
             JOIN hold h ON h.source = k.source AND h.call_id = k.call_id AND h.leg = k.leg AND h.created_at = k.created_at
             WHERE h.state = 'open' AND h.extended_at IS NULL AND h.carried = 0 FOR UPDATE OF h SKIP LOCKED)",
    )
    .bind(sources)
    .bind(calls)
    .bind(legs)
    .bind(grants.iter().map(|(.., at)| *at).collect::<Vec<_>>())
    .execute(&mut *tx)
    .await?;
    tx.commit().await?;
    Ok(done.rows_affected())
}

/// A call that was let go while the books could not be reached.
#[derive(Clone)]
pub struct Unheld {
    /// The call.
    pub key: CallKey,
    /// Who pays.
    pub account: AccountId,
    /// Service, by its name.
    pub service: &'static str,
    /// Calling number, as it was given.
    pub src: String,
    /// Dialled number, as it was given.
    pub dst: String,
    /// Currency of the account.
    pub currency: Currency,
    /// Money that it may take.
    pub amount: Decimal,
    /// Seconds that it was granted.
    pub seconds: u64,
    /// What the switch asked.
    pub request: Value,
    /// When it was let go.
    pub created_at: DateTime<Utc>,
}

/// Writes down calls that were let go without a look at the books, now that they can be reached. One that is known already stays as it is.
pub async fn put_unheld(store: &Store, calls: &[Unheld], terms: Terms) -> Result<(), StoreError> {
    let accounts: BTreeSet<i64> = calls.iter().map(|call| call.account.0 as i64).collect();
    make_rows(store, &accounts.into_iter().collect::<Vec<_>>()).await?;
    let keys: Vec<&CallKey> = calls.iter().map(|call| &call.key).collect();
    let (sources, ids, legs) = columns(&keys);
    let ends_by: Vec<DateTime<Utc>> =
        calls.iter().map(|call| terms.ends_by(call.created_at, None, call.seconds)).collect();
    sqlx::query(
        "INSERT INTO hold (source, call_id, leg, account_id, state, service, src, dst, currency, amount, price, seconds, request, is_unheld, created_at,
             ends_by, expires_at)
         SELECT d.source, d.call_id, d.leg, d.account_id, 'open', d.service, d.src, d.dst, d.currency, d.amount, d.amount, d.seconds, d.request, true,
                d.created_at, d.ends_by, d.expires_at
         FROM unnest($1::text[], $2::text[], $3::smallint[], $4::bigint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::numeric[], $10::int[],
                  $11::jsonb[], $12::timestamptz[], $13::timestamptz[], $14::timestamptz[])
              AS d (source, call_id, leg, account_id, service, src, dst, currency, amount, seconds, request, created_at, ends_by, expires_at)
         ON CONFLICT (source, call_id, leg) DO NOTHING",
    )
    .bind(sources)
    .bind(ids)
    .bind(legs)
    .bind(calls.iter().map(|call| call.account.0 as i64).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.service).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.src.clone()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.dst.clone()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.currency.as_str().to_owned()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.amount).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| whole(call.seconds)).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.request.clone()).collect::<Vec<_>>())
    .bind(calls.iter().map(|call| call.created_at).collect::<Vec<_>>())
    .bind(ends_by.clone())
    .bind(ends_by.iter().map(|end| *end + terms.keep).collect::<Vec<_>>())
    .execute(store.callers())
    .await?;
    Ok(())
}
