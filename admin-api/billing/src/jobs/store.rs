//! SQL of jobs.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::{Value, json};
use sqlx::postgres::PgRow;
use sqlx::{Connection, PgConnection, Row};

use crate::change::{Actor, Change};
use crate::store::{Store, StoreError};

/// Why a run was not ordered.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// It was done already.
    #[error("the job was done for this date")]
    Done,
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for JobError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// A job and a date.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRun {
    /// Identifier.
    pub id: i64,
    /// Name of the job.
    pub name: String,
    /// The date for which it runs.
    pub for_date: NaiveDate,
    /// `ordered`, `running`, `done` or `failed`.
    pub outcome: String,
    /// How often it was begun.
    pub attempts: i32,
    /// Login of who asked for it by hand.
    pub ordered_by: String,
    /// When it was begun last.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What it did, in figures.
    pub counts: Option<Value>,
    /// Why it failed.
    pub error: String,
}

impl JobRun {
    /// Whether it is done.
    pub fn is_done(&self) -> bool {
        self.outcome == "done"
    }
}

const COLUMNS: &str = "id, name, for_date, outcome, attempts, ordered_by, started_at, finished_at, counts, error";

fn read(row: &PgRow) -> JobRun {
    JobRun {
        id: row.get("id"),
        name: row.get("name"),
        for_date: row.get("for_date"),
        outcome: row.get("outcome"),
        attempts: row.get("attempts"),
        ordered_by: row.get("ordered_by"),
        started_at: row.get("started_at"),
        finished_at: row.get("finished_at"),
        counts: row.get("counts"),
        error: row.get("error"),
    }
}

/// The right to run a job; it ends with its connection at the latest.
pub struct JobLock(PgConnection);

impl JobLock {
    /// Gives it back.
    pub async fn release(mut self) -> Result<(), StoreError> {
        // Now: a server that only sees the connection close lets go of the lock a little later.
        sqlx::query("SELECT pg_advisory_unlock_all()").execute(&mut self.0).await?;
        Ok(self.0.close().await?)
    }
}

/// Takes the right to run a job; `None`: another process has it.
pub async fn lock(store: &Store, name: &str) -> Result<Option<JobLock>, StoreError> {
    // A connection of its own: whoever is stopped in the middle drops it, and the server lets go of the lock.
    let mut connection = store.pool().acquire().await?.detach();
    let taken: bool = sqlx::query_scalar("SELECT pg_try_advisory_lock(hashtextextended($1, 59))")
        .bind(name)
        .fetch_one(&mut connection)
        .await?;
    Ok(taken.then_some(JobLock(connection)))
}

/// The author of what jobs change.
pub async fn actor(store: &Store, name: &str) -> Result<Actor, StoreError> {
    let row = sqlx::query("SELECT id, login FROM staff_user WHERE is_system").fetch_optional(store.pool()).await?;
    let row = row.ok_or_else(|| StoreError::Inconsistent {
        table: "staff_user",
        problem: "no user for what the program does by itself".to_owned(),
    })?;
    let login: String = row.get("login");
    Ok(Actor::named(row.get("id"), &login, &format!("job {name}")))
}

/// Begins a job for a date, whose lock the caller has; `None`: it was done.
pub async fn begin(
    store: &Store,
    name: &str,
    date: NaiveDate,
    now: DateTime<Utc>,
) -> Result<Option<JobRun>, StoreError> {
    let sql = format!(
        "INSERT INTO job_run (name, for_date, outcome, attempts, started_at) VALUES ($1, $2, 'running', 1, $3)
         ON CONFLICT (name, for_date) DO UPDATE SET outcome = 'running', attempts = job_run.attempts + 1, started_at = $3, finished_at = NULL, error = ''
         WHERE job_run.outcome <> 'done' RETURNING {COLUMNS}"
    );
    let row =
        sqlx::query(sqlx::AssertSqlSafe(sql)).bind(name).bind(date).bind(now).fetch_optional(store.pool()).await?;
    Ok(row.map(|row| read(&row)))
}

/// Writes how a run ended: with figures, or with why it failed.
pub async fn finish(
    store: &Store,
    id: i64,
    result: Result<&Value, &str>,
    now: DateTime<Utc>,
) -> Result<JobRun, StoreError> {
    let sql = format!(
        "UPDATE job_run SET outcome = $2, counts = coalesce($3, counts), error = $4, finished_at = $5 WHERE id = $1 RETURNING {COLUMNS}"
    );
    let row = sqlx::query(sqlx::AssertSqlSafe(sql))
        .bind(id)
        .bind(if result.is_ok() { "done" } else { "failed" })
        .bind(result.ok())
        .bind(result.err().unwrap_or_default())
        .bind(now)
        .fetch_one(store.pool())
        .await?;
    Ok(read(&row))
}

/// The runs of a job for dates from `from` on, by date, and the first date that it was ever done for.
pub async fn since(store: &Store, name: &str, from: NaiveDate) -> Result<(Vec<JobRun>, Option<NaiveDate>), StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM job_run WHERE name = $1 AND for_date >= $2 ORDER BY for_date");
    let rows = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(name).bind(from).fetch_all(store.pool()).await?;
    let first = sqlx::query_scalar("SELECT min(for_date) FROM job_run WHERE name = $1 AND outcome = 'done'")
        .bind(name)
        .fetch_one(store.pool())
        .await?;
    Ok((rows.iter().map(read).collect(), first))
}

/// The run of a job for its latest date.
pub async fn latest(store: &Store, name: &str) -> Result<Option<JobRun>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM job_run WHERE name = $1 ORDER BY for_date DESC LIMIT 1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(name).fetch_optional(store.pool()).await?;
    Ok(row.map(|row| read(&row)))
}

/// Dates of a job that people ordered and nobody has begun.
pub async fn ordered(store: &Store, name: &str) -> Result<Vec<NaiveDate>, StoreError> {
    Ok(sqlx::query_scalar("SELECT for_date FROM job_run WHERE name = $1 AND outcome = 'ordered' ORDER BY for_date")
        .bind(name)
        .fetch_all(store.pool())
        .await?)
}

/// Lets a job that is done by the hour begin again for a date for which it was done by `before`.
pub async fn order_again(store: &Store, name: &str, date: NaiveDate, before: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query("UPDATE job_run SET outcome = 'ordered' WHERE name = $1 AND for_date = $2 AND outcome = 'done' AND finished_at <= $3")
        .bind(name)
        .bind(date)
        .bind(before)
        .execute(store.pool())
        .await?;
    Ok(())
}

/// Orders a job for a date; the identifier of its run.
pub async fn order(change: &mut Change, name: &str, date: NaiveDate, reason: &str) -> Result<i64, JobError> {
    let author = change.actor().login.clone();
    // A run that is under way stays so.
    let id: Option<i64> = sqlx::query_scalar(
        "INSERT INTO job_run (name, for_date, outcome, ordered_by) VALUES ($1, $2, 'ordered', $3)
         ON CONFLICT (name, for_date) DO UPDATE SET ordered_by = excluded.ordered_by, outcome = CASE job_run.outcome WHEN 'failed' THEN 'ordered' ELSE job_run.outcome END
         WHERE job_run.outcome <> 'done' RETURNING id",
    )
    .bind(name)
    .bind(date)
    .bind(author)
    .fetch_optional(change.connection())
    .await?;
    let id = id.ok_or(JobError::Done)?;
    change.record("job.run", "job", name, &json!(null), &json!({"run": id, "date": date}), reason);
    Ok(id)
}
