//! SQL of accounts that are asked for.
//!
//! Owns: the locks of `account_hold`, the one look at all that an account may talk by.
//! Does not own: what is decided on it (`rules`), the rows of calls (`calls`).
//! Always: accounts are locked in the order of their identifiers; all that a decision stands on is read by one statement after that.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use rating::counter::CounterKey;
use rating::rows::{AccountId, CounterId};
use rust_decimal::Decimal;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use super::ask::Ask;
use super::rules::Standing;
use crate::accounts::{CreditPolicy, PaymentMode};
use crate::blocks::temporary_limits;
use crate::credit::blocks::{Block, Cause, Scope, floor};
use crate::store::{Store, StoreError};

/// Locks the rows of accounts, which come in order and once each, until the end of the transaction; how many there are.
pub(super) async fn lock(connection: &mut PgConnection, accounts: &[i64]) -> Result<usize, StoreError> {
    let locked = sqlx::query(
        "SELECT account_id FROM account_hold WHERE account_id = ANY($1) ORDER BY account_id FOR NO KEY UPDATE",
    )
    .bind(accounts)
    .execute(connection)
    .await?;
    Ok(locked.rows_affected() as usize)
}

/// Makes the rows of accounts that have none yet. A transaction of its own: made beside the locks, they would be taken in another order than those.
pub(super) async fn make_rows(store: &Store, accounts: &[i64]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO account_hold (account_id) SELECT id FROM account WHERE id = ANY($1) ORDER BY id ON CONFLICT DO NOTHING",
    )
    .bind(accounts)
    .execute(store.callers())
    .await?;
    Ok(())
}

/// One statement, so that all of it is of one moment (migration 0064 says why that matters). `$1` accounts, `$2` now.
macro_rules! standings {
    ($columns:literal, $joins:literal) => {
        concat!(
            "SELECT a.id, a.code, a.active, b.balance, a.payment_mode, a.credit_policy, a.credit_limit, a.concurrency_limit::bigint AS calls_max,
                    ",
            temporary_limits!("$2"),
            " AS temporary, h.held, h.calls, k.causes, k.scopes, k.since",
            $columns,
            " FROM account a JOIN account_balance b ON b.account_id = a.id
              CROSS JOIN LATERAL (SELECT coalesce(sum(x.amount), 0) AS held, count(*) FILTER (WHERE x.state = 'open' AND x.ends_by > $2) AS calls
                   FROM hold x WHERE x.account_id = a.id AND x.expires_at > $2) h
              CROSS JOIN LATERAL (SELECT array_agg(x.cause ORDER BY x.id) AS causes, array_agg(x.scope ORDER BY x.id) AS scopes,
                        array_agg(x.begun_at ORDER BY x.id) AS since
                   FROM account_block x WHERE x.account_id = a.id AND x.ended_at IS NULL) k",
            $joins,
            " WHERE a.id = ANY($1)"
        )
    };
}

/// Of calls whose price no counter has a say in.
const PLAIN: &str = standings!("", "");
/// With the counters `$3`, `$4`, `$5`, and what open calls draw from any.
const WITH_COUNTERS: &str = standings!(
    ", c.counters, c.periods, c.used",
    " CROSS JOIN LATERAL (
          SELECT array_agg(s.counter) AS counters, array_agg(s.period) AS periods, array_agg(s.used) AS used FROM (
              SELECT t.counter, t.period, sum(t.used)::bigint AS used FROM (
                  SELECT u.counter_id AS counter, u.period, u.used FROM unnest($3::bigint[], $4::int[], $5::date[]) AS q (account_id, counter_id, period)
                  JOIN usage_counter u ON u.account_id = q.account_id AND u.counter_id = q.counter_id AND u.period = q.period
                  WHERE q.account_id = a.id
                  UNION ALL
                  SELECT (d.value ->> 0)::int, (d.value ->> 1)::date, (d.value ->> 2)::bigint
                  FROM hold x CROSS JOIN LATERAL jsonb_array_elements(x.draws) AS d (value)
                  WHERE x.account_id = a.id AND x.expires_at > $2 AND x.draws <> '[]') t
              GROUP BY t.counter, t.period) s) c"
);

/// Accounts as they stand now, with the counters that the price of these asks goes by.
pub(super) async fn standings(
    connection: &mut PgConnection,
    accounts: &[i64],
    asks: &[Ask],
    now: DateTime<Utc>,
) -> Result<HashMap<AccountId, Standing>, StoreError> {
    let asked = asks.iter().filter_map(|ask| ask.what.call());
    let keys: BTreeSet<CounterKey> = asked.flat_map(|call| call.admitted.counters.iter().copied()).collect();
    let rows = if keys.is_empty() {
        sqlx::query(PLAIN).bind(accounts).bind(now).fetch_all(connection).await?
    } else {
        sqlx::query(WITH_COUNTERS)
            .bind(accounts)
            .bind(now)
            .bind(keys.iter().map(|key| key.account.0 as i64).collect::<Vec<_>>())
            .bind(keys.iter().map(|key| key.counter.0 as i32).collect::<Vec<_>>())
            .bind(keys.iter().map(|key| key.period).collect::<Vec<_>>())
            .fetch_all(connection)
            .await?
    };
    rows.iter().map(|row| standing(row, !keys.is_empty())).collect()
}

fn standing(row: &PgRow, has_counters: bool) -> Result<(AccountId, Standing), StoreError> {
    let account = AccountId(row.get::<i64, _>("id") as u64);
    let strange = |what: &str| StoreError::Inconsistent {
        table: "account",
        problem: format!("{}, whose {what} are not known", row.get::<&str, _>("code")),
    };
    let mode: PaymentMode = row.get::<&str, _>("payment_mode").parse().map_err(|()| strange("terms"))?;
    let policy: CreditPolicy = row.get::<&str, _>("credit_policy").parse().map_err(|()| strange("terms"))?;
    let floor = floor(mode, policy, row.get("credit_limit"), row.get("temporary"));
    let balance: Decimal = row.get("balance");
    let causes: Vec<String> = row.get::<Option<_>, _>("causes").unwrap_or_default();
    let scopes: Vec<String> = row.get::<Option<_>, _>("scopes").unwrap_or_default();
    let since: Vec<DateTime<Utc>> = row.get::<Option<_>, _>("since").unwrap_or_default();
    let mut blocks = Vec::with_capacity(causes.len());
    for ((cause, scope), since) in causes.iter().zip(&scopes).zip(since) {
        let cause: Cause = cause.parse().map_err(|()| strange("blocks"))?;
        let scope: Scope = scope.parse().map_err(|()| strange("blocks"))?;
        blocks.push(Block { cause, scope, notice_id: None, since });
    }
    let mut standing = Standing {
        is_active: row.get("active"),
        funds: floor.map(|floor| balance - floor),
        held: row.get("held"),
        calls: row.get("calls"),
        calls_max: row.get("calls_max"),
        blocks,
        counters: BTreeMap::new(),
    };
    if has_counters {
        let counters: Vec<i32> = row.get::<Option<_>, _>("counters").unwrap_or_default();
        let periods: Vec<NaiveDate> = row.get::<Option<_>, _>("periods").unwrap_or_default();
        let used: Vec<i64> = row.get::<Option<_>, _>("used").unwrap_or_default();
        for ((counter, period), used) in counters.into_iter().zip(periods).zip(used) {
            let key = CounterKey { account, counter: CounterId(counter as u32), period };
            standing.counters.insert(key, u64::try_from(used).unwrap_or(0));
        }
    }
    Ok((account, standing))
}
