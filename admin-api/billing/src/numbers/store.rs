//! SQL of the numbers.

use chrono::{DateTime, NaiveDate, Utc};
use numbering::E164;
use rating::rows::DidStatus;
use serde::Serialize;
use sqlx::{PgConnection, Row};

use super::moves::{Move, held, move_to};
use super::rules::{NonTargetClass, class};
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

/// Adds the calls of a batch, one row a key.
pub(crate) async fn count_non_target(
    connection: &mut PgConnection,
    deltas: &[NonTargetDelta],
) -> Result<(), StoreError> {
    if deltas.is_empty() {
        return Ok(());
    }
    let written = sqlx::query(
        "INSERT INTO non_target_call AS t (did_number, day, caller, calls) SELECT * FROM unnest($1::text[], $2::date[], $3::text[], $4::bigint[])
         ON CONFLICT (did_number, day, caller) DO UPDATE SET calls = t.calls + excluded.calls",
    )
    .bind(deltas.iter().map(|delta| delta.did.to_string()).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.day).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.caller.map(|caller| caller.to_string()).unwrap_or_default()).collect::<Vec<_>>())
    .bind(deltas.iter().map(|delta| delta.calls).collect::<Vec<_>>())
    .execute(&mut *connection)
    .await?;
    assert_eq!(written.rows_affected(), deltas.len() as u64, "non-target keys written are not the keys sent");
    // Who called only by what was rolled back has not called.
    if deltas.iter().any(|delta| delta.calls < 0) {
        sqlx::query(
            "DELETE FROM non_target_call c USING unnest($1::text[], $2::date[]) AS d (did_number, day)
             WHERE (c.did_number, c.day) = (d.did_number, d.day) AND c.calls = 0",
        )
        .bind(deltas.iter().map(|delta| delta.did.to_string()).collect::<Vec<_>>())
        .bind(deltas.iter().map(|delta| delta.day).collect::<Vec<_>>())
        .execute(&mut *connection)
        .await?;
    }
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

/// A number as support sees it.
#[derive(Clone, Debug, Serialize)]
pub struct DidCard {
    /// The number.
    pub number: String,
    /// State.
    pub status: DidStatus,
    /// Code of its account.
    pub account: Option<String>,
    /// Code of its provider.
    pub provider: Option<String>,
    /// Place of service.
    pub place: Option<String>,
    /// `ordinary` or `fmtn`.
    pub kind: String,
    /// `yes`, `forced` or `no`.
    pub sale: String,
    /// Last move to quarantine.
    pub archived_at: Option<DateTime<Utc>>,
    /// Class by non-target calls.
    pub non_target_class: NonTargetClass,
    /// First full day with statistics since it came or was archived.
    pub first_collected: Option<NaiveDate>,
    /// Non-target calls in the quarantine window.
    pub calls_in_window: i64,
    /// Distinct callers in the window (withheld ones count as one a day).
    pub unique_callers_in_window: i64,
    /// Distinct callers since it came or was archived.
    pub unique_callers_since: i64,
    /// Raised by every change; the ETag.
    pub revision: i64,
}

/// Place of service whose numbers are never judged by non-target calls (M15).
pub(crate) const AGENT_PLACE: &str = "agent";

/// The card of a number on `today` (a day of the billing zone); `None` when it is not ours.
pub async fn card(
    store: &Store,
    number: E164,
    today: NaiveDate,
    zone: chrono_tz::Tz,
    term_days: u32,
) -> Result<Option<DidCard>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    card_in(&mut connection, number, today, zone, term_days).await
}

async fn card_in(
    connection: &mut PgConnection,
    number: E164,
    today: NaiveDate,
    zone: chrono_tz::Tz,
    term_days: u32,
) -> Result<Option<DidCard>, StoreError> {
    let row = sqlx::query(
        "SELECT d.*, a.code AS account, p.code AS provider FROM did d LEFT JOIN account a ON a.id = d.account_id
         LEFT JOIN provider p ON p.id = d.provider_id WHERE d.number = $1",
    )
    .bind(number.to_string())
    .fetch_optional(&mut *connection)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let archived_at: Option<DateTime<Utc>> = row.get("archived_at");
    let added_at: DateTime<Utc> = row.get("added_at");
    let event = archived_at.unwrap_or(added_at).with_timezone(&zone).date_naive();
    let window = today - chrono::Days::new(u64::from(term_days));
    let statistics = sqlx::query(
        "SELECT (SELECT min(day) FROM non_target_run WHERE day > $2) AS first_collected,
                max(day) FILTER (WHERE day >= $2) AS last_call,
                coalesce(sum(calls) FILTER (WHERE day >= greatest($2, $3)), 0)::bigint AS calls,
                (count(DISTINCT caller) FILTER (WHERE day >= greatest($2, $3) AND caller <> '') +
                 count(DISTINCT day) FILTER (WHERE day >= greatest($2, $3) AND caller = ''))::bigint AS callers,
                (count(DISTINCT caller) FILTER (WHERE day >= $2 AND caller <> '') + count(DISTINCT day) FILTER (WHERE day >= $2 AND caller = ''))::bigint AS since
         FROM non_target_call WHERE did_number = $1",
    )
    .bind(number.to_string())
    .bind(event)
    .bind(window)
    .fetch_one(&mut *connection)
    .await?;
    let kind: String = row.get("kind");
    let place: Option<String> = row.get("place");
    let ignore = kind == "fmtn" || place.as_deref() == Some(AGENT_PLACE);
    let first_collected: Option<NaiveDate> = statistics.get("first_collected");
    let status: &str = row.get("status");
    Ok(Some(DidCard {
        number: row.get("number"),
        status: status
            .parse()
            .map_err(|()| StoreError::Inconsistent { table: "did", problem: format!("the state `{status}`") })?,
        account: row.get("account"),
        provider: row.get("provider"),
        non_target_class: class(ignore, today, first_collected, statistics.get("last_call"), term_days),
        place,
        kind,
        sale: row.get("sale"),
        archived_at,
        first_collected,
        calls_in_window: statistics.get("calls"),
        unique_callers_in_window: statistics.get("callers"),
        unique_callers_since: statistics.get("since"),
        revision: row.get("revision"),
    }))
}

/// A caller of a number not in work.
#[derive(Clone, Debug, Serialize)]
pub struct CallerCount {
    /// Day.
    pub day: NaiveDate,
    /// Distinct callers of the day.
    pub callers: i64,
    /// Calls of the day.
    pub calls: i64,
}

/// Non-target calls of a number by day, the newest first.
pub async fn non_target_callers(store: &Store, number: E164, limit: i64) -> Result<Vec<CallerCount>, StoreError> {
    let rows = sqlx::query(
        "SELECT day, count(*) AS callers, sum(calls)::bigint AS calls FROM non_target_call WHERE did_number = $1 GROUP BY day ORDER BY day DESC LIMIT $2",
    )
    .bind(number.to_string())
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| CallerCount { day: row.get("day"), callers: row.get("callers"), calls: row.get("calls") })
        .collect())
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
