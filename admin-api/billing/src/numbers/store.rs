//! SQL of the numbers.

use chrono::{DateTime, NaiveDate, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, Row};

use super::moves::{Move, held, move_to};
use crate::change::Change;
use crate::staff::Permission;
use crate::store::{Store, StoreError};

/// Calls of one batch to a number that is not in work.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NonTargetDelta {
    /// The number.
    pub did: E164,
    /// Day of the call in the issuer's zone.
    pub day: NaiveDate,
    /// The caller; `None` = withheld or malformed.
    pub caller: Option<E164>,
    /// Calls.
    pub calls: i64,
}

/// Whether the caller of a row `c` of calls to numbers does not count (A28).
const IGNORED: &str = "SELECT FROM ignored_caller i WHERE i.ended_at IS NULL AND i.caller = c.caller AND (i.did_number IS NULL OR i.did_number = c.did_number)";

/// Whether the caller of a row `c` of calls to the number `$1` counts.
pub(super) const COUNTS: &str = "c.caller <> ALL (ARRAY(SELECT i.caller FROM ignored_caller i WHERE i.ended_at IS NULL AND (i.did_number IS NULL OR i.did_number = $1)))";

/// Adds the calls of a batch, one row a key. Nobody else does so meanwhile: batches commit one after another.
pub(crate) async fn count_non_target(
    connection: &mut PgConnection,
    deltas: &[NonTargetDelta],
) -> Result<(), StoreError> {
    if deltas.is_empty() {
        return Ok(());
    }
    let numbers: Vec<String> = deltas.iter().map(|delta| delta.did.to_string()).collect();
    let days: Vec<NaiveDate> = deltas.iter().map(|delta| delta.day).collect();
    let callers: Vec<String> =
        deltas.iter().map(|delta| delta.caller.map(|caller| caller.to_string()).unwrap_or_default()).collect();
    let calls: Vec<i64> = deltas.iter().map(|delta| delta.calls).collect();
    let written = sqlx::query(
        "INSERT INTO non_target_call AS t (did_number, day, caller, calls) SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::bigint[])
         ON CONFLICT (did_number, day, caller) DO UPDATE SET calls = t.calls + excluded.calls",
    )
    .bind(&numbers)
    .bind(&days)
    .bind(&callers)
    .bind(&calls)
    .execute(&mut *connection)
    .await?;
    assert_eq!(written.rows_affected(), deltas.len() as u64, "non-target keys written are not the keys sent");
    // One write a number and day: whoever calls again on the same day moves nothing.
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO non_target_last AS l (did_number, day)
         SELECT c.did_number, max(c.day) FROM unnest($1::text[], $2::date[], $3::text[], $4::bigint[]) AS c (did_number, day, caller, calls)
         WHERE c.calls > 0 AND NOT EXISTS ({IGNORED}) AND NOT EXISTS (SELECT FROM non_target_last k WHERE k.did_number = c.did_number AND k.day >= c.day)
         GROUP BY c.did_number ORDER BY c.did_number
         ON CONFLICT (did_number) DO UPDATE SET day = excluded.day, changed_in = pg_current_xact_id()::text::bigint
         WHERE l.day < excluded.day"
    )))
    .bind(&numbers)
    .bind(&days)
    .bind(&callers)
    .bind(&calls)
    .execute(&mut *connection)
    .await?;
    // Who called only by what was rolled back has not called.
    let taken_back: Vec<&NonTargetDelta> = deltas.iter().filter(|delta| delta.calls < 0).collect();
    if taken_back.is_empty() {
        return Ok(());
    }
    let numbers: Vec<String> = taken_back.iter().map(|delta| delta.did.to_string()).collect();
    sqlx::query(
        "DELETE FROM non_target_call c USING unnest($1::text[], $2::date[]) AS d (did_number, day)
         WHERE (c.did_number, c.day) = (d.did_number, d.day) AND c.calls = 0",
    )
    .bind(&numbers)
    .bind(taken_back.iter().map(|delta| delta.day).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    recount_last(connection, &numbers).await
}

/// Finds the last day of calls that count of some numbers anew.
pub(super) async fn recount_last(connection: &mut PgConnection, numbers: &[String]) -> Result<(), StoreError> {
    sqlx::query(AssertSqlSafe(format!(
        "INSERT INTO non_target_last AS l (did_number, day)
         SELECT n.number, d.day FROM (SELECT DISTINCT number FROM unnest($1::text[]) AS given (number)) n CROSS JOIN LATERAL (
             SELECT c.day FROM non_target_call c WHERE c.did_number = n.number AND NOT EXISTS ({IGNORED}) ORDER BY c.day DESC LIMIT 1
         ) d ORDER BY n.number
         ON CONFLICT (did_number) DO UPDATE SET day = excluded.day, changed_in = pg_current_xact_id()::text::bigint
         WHERE l.day <> excluded.day"
    )))
    .bind(numbers)
    .execute(&mut *connection)
    .await?;
    sqlx::query(AssertSqlSafe(format!(
        "DELETE FROM non_target_last l WHERE l.did_number = ANY($1)
             AND NOT EXISTS (SELECT FROM non_target_call c WHERE c.did_number = l.did_number AND NOT EXISTS ({IGNORED}))"
    )))
    .bind(numbers)
    .execute(connection)
    .await?;
    Ok(())
}

/// Days with non-target calls of any number, not yet marked as collected.
pub async fn days_with_calls(store: &Store) -> Result<Vec<NaiveDate>, StoreError> {
    Ok(sqlx::query_scalar(
        "SELECT DISTINCT day FROM non_target_call c WHERE NOT EXISTS (SELECT FROM non_target_run r WHERE r.day = c.day) ORDER BY day",
    )
    .fetch_all(store.pool())
    .await?)
}

/// Calls to numbers not in work: (number, day, calls), for reconciliation.
pub async fn non_target_calls(store: &Store) -> Result<Vec<(String, NaiveDate, i64)>, StoreError> {
    let rows = sqlx::query("SELECT did_number, day, sum(calls)::bigint AS calls FROM non_target_call GROUP BY did_number, day ORDER BY 1, 2")
        .fetch_all(store.pool())
        .await?;
    Ok(rows.iter().map(|row| (row.get("did_number"), row.get("day"), row.get("calls"))).collect())
}

/// Marks days as collected; those that are marked stay as they are.
pub async fn mark_collected(store: &Store, days: &[NaiveDate], at: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO non_target_run (day, collected_at) SELECT day, $2 FROM unnest($1::date[]) AS d (day) ON CONFLICT DO NOTHING")
        .bind(days)
        .bind(at)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Days that are collected.
pub async fn collected_days(store: &Store) -> Result<Vec<NaiveDate>, StoreError> {
    Ok(sqlx::query_scalar("SELECT day FROM non_target_run ORDER BY day").fetch_all(store.pool()).await?)
}

/// Place of service whose numbers are never judged by non-target calls (M15).
pub(crate) const AGENT_PLACE: &str = "agent";

/// Calls to a number not in work, of a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallerCount {
    /// Day.
    pub day: NaiveDate,
    /// Distinct callers of the day who count.
    pub callers: i64,
    /// Their calls.
    pub calls: i64,
    /// Calls of those who do not count (A28).
    pub ignored: i64,
}

/// Non-target calls of a number by day, the newest first.
pub async fn non_target_callers(store: &Store, number: E164, limit: i64) -> Result<Vec<CallerCount>, StoreError> {
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT day, count(*) FILTER (WHERE counts) AS callers, coalesce(sum(calls) FILTER (WHERE counts), 0)::bigint AS calls,
                coalesce(sum(calls) FILTER (WHERE NOT counts), 0)::bigint AS ignored
         FROM (SELECT c.day, c.calls, {COUNTS} AS counts FROM non_target_call c WHERE c.did_number = $1) x GROUP BY day ORDER BY day DESC LIMIT $2"
    )))
    .bind(number.to_string())
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    let count = |row: &PgRow| CallerCount {
        day: row.get("day"),
        callers: row.get("callers"),
        calls: row.get("calls"),
        ignored: row.get("ignored"),
    };
    Ok(rows.iter().map(count).collect())
}

/// Why a number was not moved.
#[derive(Debug, thiserror::Error)]
pub enum DidError {
    /// Not of our capacity.
    #[error("this number is not of our capacity")]
    NotOurs,
    /// The step does not exist.
    #[error("a number cannot move from {from} to {to} in one step")]
    InvalidTransition {
        /// Present state.
        from: DidStatus,
        /// Wanted state.
        to: DidStatus,
    },
    /// The author lacks what the step needs: the quarantine is not skipped without it (M19).
    #[error("the permission {} is needed", .0.as_str())]
    Lacks(Permission),
    /// Somebody changed it since it was read.
    #[error("the number was changed since it was read")]
    Stale,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for DidError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Numbers in work of an account, in their order.
pub(crate) async fn in_work(connection: &mut PgConnection, account: i64) -> Result<Vec<E164>, StoreError> {
    let numbers: Vec<String> =
        sqlx::query_scalar("SELECT number FROM did WHERE account_id = $1 AND status = 'in_work' ORDER BY number")
            .bind(account)
            .fetch_all(connection)
            .await?;
    let number = |text: &String| {
        E164::parse(text)
            .ok_or_else(|| StoreError::Inconsistent { table: "did", problem: "a number that is not E.164".to_owned() })
    };
    numbers.iter().map(number).collect()
}

/// Sends a number to quarantine: its account loses it, its class starts anew (M13, M19).
///
/// `revision`: the one the caller has seen, if it insists.
pub async fn archive(change: &mut Change, number: E164, revision: Option<i64>, reason: &str) -> Result<(), DidError> {
    let did = held(change, number, revision).await?;
    let step = Move {
        to: DidStatus::Archive,
        account_id: None,
        subscriber_id: None,
        may_skip_quarantine: false,
        action: "did.archive",
        reason,
    };
    move_to(change, &did, &step).await
}
