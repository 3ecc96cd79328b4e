//! Taking jobs over, counting their portions, reading the input that Postgres holds.
//!
//! Owns: which job is next and who is at it, the portions of a job, the entries of suspense in a portion.
//! Does not own: what a portion writes (`portion`), the charges of a portion (ClickHouse has them).
//! Always: the oldest job that is not finished goes first; whoever takes one over fences its former owner by a claim of its partition.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::Row;

use super::desk::read;
use super::{EXECUTION, Job, Scope, SuspenseScope};
use crate::store::{Store, StoreError};
use crate::streams::{self, Claim, StreamId};
use crate::suspense::{self, Waiting};

/// An owner that is silent for so long is gone.
const SILENT_SECONDS: i64 = 30;

/// A job that was taken over.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// The job.
    pub job: Job,
    /// Its partition: the position is the number of the next portion.
    pub claim: Claim,
}

/// What a portion consists of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PortionOf {
    /// Charges by account and start.
    Charges,
    /// Entries of suspense by identifier.
    Suspense,
}

/// A range [first, end) of keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Portion {
    /// Of what.
    pub of: PortionOf,
    /// First key: account and start in milliseconds of the epoch, or identifier.
    pub first: (i64, i64),
    /// Key after the last.
    pub end: (i64, i64),
}

/// Takes the next job over, if there is one that nobody is at.
pub async fn claim_next(store: &Store, owner: &str, now: DateTime<Utc>) -> Result<Option<Claimed>, StoreError> {
    let row = sqlx::query(
        "UPDATE rework_job SET state = 'running', started_at = coalesce(started_at, $2), owner = $1, alive_at = $2
         WHERE id = (SELECT id FROM rework_job WHERE state IN ('queued', 'running') ORDER BY (state = 'running') DESC, id LIMIT 1)
               AND (state = 'queued' OR owner = $1 OR alive_at IS NULL OR alive_at < $3)
         RETURNING *",
    )
    .bind(owner)
    .bind(now)
    .bind(now - TimeDelta::seconds(SILENT_SECONDS))
    .fetch_optional(store.pool())
    .await?;
    let Some(row) = row else { return Ok(None) };
    let job = read(&row)?;
    let claim =
        streams::claim(store, StreamId(row.get("stream_id")), i32::from(row.get::<i16, _>("pass")), owner, 0).await?;
    Ok(Some(Claimed { job, claim }))
}

/// Says that the owner is still at it. `false` when the job is not to be gone on with: cancelled, or somebody else's.
pub async fn beat(store: &Store, job: i64, owner: &str, now: DateTime<Utc>) -> Result<bool, StoreError> {
    let done = sqlx::query("UPDATE rework_job SET alive_at = $3 WHERE id = $1 AND owner = $2 AND state = 'running'")
        .bind(job)
        .bind(owner)
        .bind(now)
        .execute(store.pool())
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Keeps the portions of a job, unless they were counted before.
pub async fn set_portions(store: &Store, job: i64, portions: &[Portion]) -> Result<(), StoreError> {
    let mut tx = store.begin().await?;
    let counted = sqlx::query("UPDATE rework_job SET portions = $2 WHERE id = $1 AND portions IS NULL")
        .bind(job)
        .bind(portions.len() as i64)
        .execute(&mut *tx)
        .await?;
    if counted.rows_affected() == 1 {
        let column = |value: fn(&Portion) -> i64| portions.iter().map(value).collect::<Vec<i64>>();
        sqlx::query(
            "INSERT INTO rework_portion (job_id, n, of, first_key, first_ms, end_key, end_ms)
             SELECT $1, n - 1, of, first_key, first_ms, end_key, end_ms
             FROM unnest($2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[]) WITH ORDINALITY AS p (of, first_key, first_ms, end_key, end_ms, n)",
        )
        .bind(job)
        .bind(portions.iter().map(|portion| portion.of.as_str()).collect::<Vec<_>>())
        .bind(column(|portion| portion.first.0))
        .bind(column(|portion| portion.first.1))
        .bind(column(|portion| portion.end.0))
        .bind(column(|portion| portion.end.1))
        .execute(&mut *tx)
        .await?;
    }
    tx.commit().await?;
    Ok(())
}

impl PortionOf {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Charges => "charges",
            Self::Suspense => "suspense",
        }
    }
}

/// A portion of a job; `None` behind the last.
pub async fn portion(store: &Store, job: i64, n: i64) -> Result<Option<Portion>, StoreError> {
    let row =
        sqlx::query("SELECT of, first_key, first_ms, end_key, end_ms FROM rework_portion WHERE job_id = $1 AND n = $2")
            .bind(job)
            .bind(n)
            .fetch_optional(store.pool())
            .await?;
    Ok(row.map(|row| Portion {
        of: if row.get::<&str, _>("of") == "charges" { PortionOf::Charges } else { PortionOf::Suspense },
        first: (row.get("first_key"), row.get("first_ms")),
        end: (row.get("end_key"), row.get("end_ms")),
    }))
}

/// Identifiers of suspense cut into portions of so many at most, as far as they exist now.
pub async fn portion_bounds(store: &Store, scope: &Scope, size: i64) -> Result<Vec<Portion>, StoreError> {
    let all = SuspenseScope::default();
    let (asked, open_only) = match scope {
        Scope::Suspense(asked) => (asked, true),
        Scope::Import(_) | Scope::Charges(_) => (&all, false),
    };
    let ids: Vec<i64> = sqlx::query_scalar(
        "SELECT id FROM (SELECT id, row_number() OVER (ORDER BY id) - 1 AS n, count(*) OVER () AS total FROM suspense
             WHERE (NOT $1 OR status = 'open') AND ($2::text IS NULL OR code = $2) AND ($3::text IS NULL OR source = $3)
                   AND ($4::bigint[] IS NULL OR id IN (SELECT unnest($4::bigint[])))) AS numbered
         WHERE n % $5 = 0 OR n = total - 1 ORDER BY id",
    )
    .bind(open_only)
    .bind(&asked.code)
    .bind(&asked.source)
    .bind(&asked.ids)
    .bind(size)
    .fetch_all(store.pool())
    .await?;
    let Some(last) = ids.last() else { return Ok(Vec::new()) };
    let mut ends: Vec<i64> = ids[1..].to_vec();
    ends.push(last + 1);
    let ranges = ids.iter().zip(ends);
    Ok(ranges.map(|(first, end)| Portion { of: PortionOf::Suspense, first: (*first, 0), end: (end, 0) }).collect())
}

/// The open entries of a portion.
pub async fn suspense_waiting(
    store: &Store,
    scope: &SuspenseScope,
    portion: Portion,
) -> Result<Vec<Waiting>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    let range = (portion.first.0, portion.end.0);
    suspense::waiting(&mut connection, range, scope.code.as_deref(), scope.source.as_deref(), scope.ids.as_deref())
        .await
}

/// The entries of a portion whose records belong to an import, each with whether it is open.
pub async fn suspense_by_place(
    store: &Store,
    place: Option<(StreamId, i32, i64, i64)>,
    import_id: Option<u64>,
    portion: Portion,
) -> Result<Vec<(Waiting, bool)>, StoreError> {
    let mut connection = store.pool().acquire().await?;
    suspense::waiting_by_place(&mut connection, (portion.first.0, portion.end.0), place, import_id).await
}

/// Ends a pass of a job: a dry run waits to be executed, an execution is done.
pub async fn finish(store: &Store, job: &Job, owner: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE rework_job SET state = CASE WHEN pass = $3 THEN 'done' ELSE 'previewed' END, finished_at = $4 WHERE id = $1 AND owner = $2 AND state = 'running'")
        .bind(job.id)
        .bind(owner)
        .bind(EXECUTION)
        .bind(now)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Partitions of jobs whose rows wait for ClickHouse: of a job that failed nobody else sends them.
pub async fn undelivered(store: &Store) -> Result<Vec<(StreamId, i32)>, StoreError> {
    let rows = sqlx::query(
        "SELECT DISTINCT o.stream_id, o.partition FROM outbox o JOIN stream s ON s.id = o.stream_id WHERE s.kind = 'rework' ORDER BY 1, 2",
    )
    .fetch_all(store.pool())
    .await?;
    Ok(rows.iter().map(|row| (StreamId(row.get("stream_id")), row.get("partition"))).collect())
}

/// Gives a job up: it would fail again however often it is tried. What its finished portions did stands.
pub async fn fail(store: &Store, job: i64, owner: &str, problem: &str, now: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query(
        "UPDATE rework_job SET state = 'failed', problem = $2, finished_at = $3 WHERE id = $1 AND state = 'running' AND owner = $4",
    )
    .bind(job)
    .bind(problem)
    .bind(now)
    .bind(owner)
    .execute(store.pool())
    .await?;
    Ok(())
}
