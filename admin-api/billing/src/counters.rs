//! Counters: what accounts have used of their bundles and volumes.
//!
//! Owns: table `usage_counter`.
//! Does not own: what counts where (`rating::counter`), the bundles themselves (`hot_path` reads them).
//! Always: a counter moves only from where the charge that moves it found it; else nothing of the batch is written.

use chrono::NaiveDate;
use rating::counter::CounterKey;
use rating::rows::{AccountId, CounterId};
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, Row};

use crate::store::{Store, StoreError};

/// A counter that a batch moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterMove {
    /// Which.
    pub key: CounterKey,
    /// Where it has to stand.
    pub before: u64,
    /// Where it stands then.
    pub after: u64,
}

/// Moves counters, one move a key. `false` when one of them stands elsewhere; the transaction is then to be given up.
pub(crate) async fn apply(connection: &mut PgConnection, moves: &[CounterMove]) -> Result<bool, StoreError> {
    if moves.is_empty() {
        return Ok(true);
    }
    let (first, later): (Vec<&CounterMove>, Vec<&CounterMove>) = moves.iter().partition(|step| step.before == 0);
    let mut written = 0;
    for (moves, sql) in [
        (
            first,
            "INSERT INTO usage_counter AS c (account_id, counter_id, period, used)
             SELECT account_id, counter_id, period, after_it FROM unnest($1::bigint[], $2::int[], $3::date[], $4::bigint[], $5::bigint[])
                 AS d (account_id, counter_id, period, before_it, after_it)
             ON CONFLICT (account_id, counter_id, period) DO UPDATE SET used = excluded.used WHERE c.used = 0",
        ),
        (
            later,
            "UPDATE usage_counter c SET used = d.after_it FROM unnest($1::bigint[], $2::int[], $3::date[], $4::bigint[], $5::bigint[])
                 AS d (account_id, counter_id, period, before_it, after_it)
             WHERE (c.account_id, c.counter_id, c.period) = (d.account_id, d.counter_id, d.period) AND c.used = d.before_it",
        ),
    ] {
        if moves.is_empty() {
            continue;
        }
        let column = |value: fn(&CounterMove) -> i64| moves.iter().map(|step| value(step)).collect::<Vec<i64>>();
        let done = sqlx::query(sql)
            .bind(column(|step| step.key.account.0 as i64))
            .bind(moves.iter().map(|step| step.key.counter.0 as i32).collect::<Vec<i32>>())
            .bind(moves.iter().map(|step| step.key.period).collect::<Vec<NaiveDate>>())
            .bind(column(|step| step.before as i64))
            .bind(column(|step| step.after as i64))
            .execute(&mut *connection)
            .await?;
        written += done.rows_affected();
    }
    Ok(written == moves.len() as u64)
}

/// Takes back what charges that are rolled back had added, one row a key.
pub(crate) async fn give_back(connection: &mut PgConnection, added: &[(CounterKey, u64)]) -> Result<(), StoreError> {
    if added.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE usage_counter c SET used = greatest(c.used - d.added, 0) FROM unnest($1::bigint[], $2::int[], $3::date[], $4::bigint[])
             AS d (account_id, counter_id, period, added)
         WHERE (c.account_id, c.counter_id, c.period) = (d.account_id, d.counter_id, d.period)",
    )
    .bind(added.iter().map(|(key, _)| key.account.0 as i64).collect::<Vec<_>>())
    .bind(added.iter().map(|(key, _)| key.counter.0 as i32).collect::<Vec<_>>())
    .bind(added.iter().map(|(key, _)| key.period).collect::<Vec<_>>())
    .bind(added.iter().map(|(_, added)| *added as i64).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    assert_eq!(done.rows_affected(), added.len() as u64, "a counter that a charge moved is not there");
    Ok(())
}

/// Where these counters stand, and the same ones in all later periods: units that roll over are taken period by period, and who meets the oldest one
/// will meet the next. Those that nobody moved are left out.
pub async fn standings_from(store: &Store, keys: &[CounterKey]) -> Result<Vec<(CounterKey, u64)>, StoreError> {
    let rows = sqlx::query(
        "SELECT c.account_id, c.counter_id, c.period, c.used FROM usage_counter c
         JOIN (SELECT account_id, counter_id, min(period) AS period FROM unnest($1::bigint[], $2::int[], $3::date[]) AS k (account_id, counter_id, period)
               GROUP BY account_id, counter_id) AS d
           ON (c.account_id, c.counter_id) = (d.account_id, d.counter_id) AND c.period >= d.period",
    )
    .bind(keys.iter().map(|key| key.account.0 as i64).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.counter.0 as i32).collect::<Vec<_>>())
    .bind(keys.iter().map(|key| key.period).collect::<Vec<_>>())
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(read).collect())
}

/// Where every counter stands whose period began on `from` or later.
pub async fn standings_since(store: &Store, from: NaiveDate) -> Result<Vec<(CounterKey, u64)>, StoreError> {
    let rows = sqlx::query("SELECT account_id, counter_id, period, used FROM usage_counter WHERE period >= $1")
        .bind(from)
        .fetch_all(store.pool())
        .await?;
    Ok(rows.iter().map(read).collect())
}

/// Where the counters of an account stand.
pub async fn of_account(store: &Store, account: AccountId) -> Result<Vec<(CounterKey, u64)>, StoreError> {
    let rows = sqlx::query("SELECT account_id, counter_id, period, used FROM usage_counter WHERE account_id = $1")
        .bind(account.0 as i64)
        .fetch_all(store.pool())
        .await?;
    Ok(rows.iter().map(read).collect())
}

fn read(row: &PgRow) -> (CounterKey, u64) {
    let key = CounterKey {
        account: AccountId(row.get::<i64, _>("account_id") as u64),
        counter: CounterId(row.get::<i32, _>("counter_id") as u32),
        period: row.get("period"),
    };
    (key, row.get::<i64, _>("used") as u64)
}
