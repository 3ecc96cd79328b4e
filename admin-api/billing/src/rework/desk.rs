//! Filing jobs, and watching them.
//!
//! Owns: what a filed job needs (its stream, its catalogue), execution after a dry run, cancelling.
//! Does not own: doing the work (`work`).
//! Always: a job is filed, released and cancelled by a person, with an audit line.

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::postgres::PgRow;
use sqlx::types::Json;
use sqlx::{PgConnection, Row};

use super::{DRY_RUN, Difference, EXECUTION, Job, Kind, RollbackScope, Scope};
use crate::change::Change;
use crate::store::{Store, StoreError};

/// Why a job cannot be filed.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// No such account.
    #[error("there is no account `{0}`")]
    NoAccount(String),
    /// No such topic of the cluster.
    #[error("no records came by topic `{topic}` of cluster `{cluster}`")]
    NoTopic {
        /// Cluster.
        cluster: String,
        /// Topic.
        topic: String,
    },
    /// The offsets are not charged yet.
    #[error("partition {partition} is charged up to offset {next_offset} only")]
    NotCharged {
        /// Partition.
        partition: i32,
        /// Offset after the last charged one.
        next_offset: i64,
    },
    /// No such import.
    #[error("there is no import {0}")]
    NoImport(u64),
    /// Records of the import wait in Kafka: they would be charged after it was taken back.
    #[error("records of import {import} wait in partition {partition}, which is charged up to offset {next_offset}")]
    ImportWaits {
        /// Import.
        import: u64,
        /// Partition.
        partition: i32,
        /// Offset up to which it is charged.
        next_offset: i64,
    },
    /// Its records are still being sent.
    #[error("import {0} is being sent")]
    ImportSending(u64),
    /// What came in its place stands: records of both would be lost.
    #[error("import {successor} came in the place of import {import} and stands")]
    ImportReplaced {
        /// The import.
        import: u64,
        /// What came in its place.
        successor: i64,
    },
    /// It was taken back before.
    #[error("import {import} was taken back by job {job}")]
    RolledBack {
        /// The import.
        import: u64,
        /// The job.
        job: i64,
    },
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for FileError {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Files a job; gives its identifier.
pub async fn file(change: &mut Change, kind: Kind, scope: &Scope, reason: &str) -> Result<i64, FileError> {
    let (author, now) = (change.actor().login.clone(), change.now());
    check(change.connection(), scope, now).await?;
    let pass = if kind.has_dry_run() { DRY_RUN } else { EXECUTION };
    let connection = change.connection();
    // The stream is named after the job, and the job needs its stream: the name is settled first.
    let id: i64 = sqlx::query_scalar("SELECT nextval(pg_get_serial_sequence('rework_job', 'id'))")
        .fetch_one(&mut *connection)
        .await?;
    let stream: i32 =
        sqlx::query_scalar("INSERT INTO stream (cluster, topic, kind) VALUES ('', $1, 'rework') RETURNING id")
            .bind(format!("rework-{id}"))
            .fetch_one(&mut *connection)
            .await?;
    sqlx::query(
        "INSERT INTO rework_job (id, kind, scope, reason, state, pass, stream_id, catalogue_version, author, filed_at)
         SELECT $1, $2, $3, $4, 'queued', $5, $6, version, $7, $8 FROM catalogue",
    )
    .bind(id)
    .bind(kind.as_str())
    .bind(Json(scope))
    .bind(reason)
    .bind(pass)
    .bind(stream)
    .bind(author)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    change.record("rework.file", "rework", id, &(), &json!({"kind": kind, "scope": scope}), reason);
    Ok(id)
}

async fn check(connection: &mut PgConnection, scope: &Scope, now: DateTime<Utc>) -> Result<(), FileError> {
    match scope {
        Scope::Charges(charges) => {
            let Some(code) = &charges.account else { return Ok(()) };
            let known: bool = sqlx::query_scalar("SELECT EXISTS (SELECT FROM account WHERE code = $1)")
                .bind(code)
                .fetch_one(connection)
                .await?;
            if known { Ok(()) } else { Err(FileError::NoAccount(code.clone())) }
        }
        Scope::Import(RollbackScope::Place(place)) => {
            let next: Option<i64> = sqlx::query_scalar(
                "SELECT p.next_offset FROM stream s JOIN partition_state p ON p.stream_id = s.id
                 WHERE s.cluster = $1 AND s.topic = $2 AND p.partition = $3 AND s.kind = 'topic'",
            )
            .bind(&place.cluster)
            .bind(&place.topic)
            .bind(place.partition)
            .fetch_optional(connection)
            .await?;
            match next {
                None => Err(FileError::NoTopic { cluster: place.cluster.clone(), topic: place.topic.clone() }),
                Some(next_offset) if next_offset < place.to_offset => {
                    Err(FileError::NotCharged { partition: place.partition, next_offset })
                }
                Some(_) => Ok(()),
            }
        }
        Scope::Import(RollbackScope::Import(import)) => {
            let found = crate::imports::state_of(connection, i64::try_from(*import).unwrap_or(i64::MAX), now).await?;
            match found {
                None => Err(FileError::NoImport(*import)),
                Some((_, Some(job))) => Err(FileError::RolledBack { import: *import, job }),
                Some((state, None)) if state == "sending" => Err(FileError::ImportSending(*import)),
                Some(_) => {
                    let id = i64::try_from(*import).unwrap_or(i64::MAX);
                    if let Some((partition, next_offset)) = crate::imports::waits_at(connection, id).await? {
                        return Err(FileError::ImportWaits { import: *import, partition, next_offset });
                    }
                    if let Some(successor) = crate::imports::successor(connection, id).await? {
                        return Err(FileError::ImportReplaced { import: *import, successor });
                    }
                    Ok(crate::imports::give_up(connection, id, now).await?)
                }
            }
        }
        Scope::Suspense(_) => Ok(()),
    }
}

/// Releases a job for execution after its dry run. `false` when there is no such job that waits for it.
pub async fn execute(change: &mut Change, id: i64, reason: &str) -> Result<bool, StoreError> {
    let moved = sqlx::query(
        "UPDATE rework_job SET state = 'queued', pass = $2, done = 0, counts = '{}', portions = CASE WHEN kind = 'rollback' THEN NULL ELSE portions END, started_at = NULL, finished_at = NULL, owner = NULL, alive_at = NULL
         WHERE id = $1 AND state = 'previewed' AND pass = $3",
    )
    .bind(id)
    .bind(EXECUTION)
    .bind(DRY_RUN)
    .execute(change.connection())
    .await?;
    // What an import did is counted anew: its records may have been recycled since. What is rated again stays what was shown.
    sqlx::query("DELETE FROM rework_portion p USING rework_job j WHERE j.id = p.job_id AND j.id = $1 AND j.kind = 'rollback' AND j.portions IS NULL")
        .bind(id)
        .execute(change.connection())
        .await?;
    change.record("rework.execute", "rework", id, &json!({"state": "previewed"}), &json!({"state": "queued"}), reason);
    Ok(moved.rows_affected() == 1)
}

/// Cancels a job that has changed nothing yet. `false` when there is no such job.
pub async fn cancel(change: &mut Change, id: i64, reason: &str) -> Result<bool, StoreError> {
    let now = change.now();
    let moved = sqlx::query(
        "UPDATE rework_job SET state = 'cancelled', finished_at = $2
         WHERE id = $1 AND state IN ('queued', 'previewed', 'running') AND (pass = $3 OR done = 0)",
    )
    .bind(id)
    .bind(now)
    .bind(DRY_RUN)
    .execute(change.connection())
    .await?;
    change.record("rework.cancel", "rework", id, &(), &json!({"state": "cancelled"}), reason);
    Ok(moved.rows_affected() == 1)
}

const COLUMNS: &str = "id, kind, scope, reason, state, pass, catalogue_version, portions, done, counts, problem, author, filed_at, started_at, finished_at";

/// A job.
pub async fn job(store: &Store, id: i64) -> Result<Option<Job>, StoreError> {
    let sql = format!("SELECT {COLUMNS} FROM rework_job WHERE id = $1");
    let row = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(store.pool()).await?;
    row.as_ref().map(read).transpose()
}

pub(super) fn read(row: &PgRow) -> Result<Job, StoreError> {
    let id: i64 = row.get("id");
    let strange =
        |problem: &str| StoreError::Inconsistent { table: "rework_job", problem: format!("job {id} with {problem}") };
    let kind: String = row.get("kind");
    let kind = serde_json::from_value(kind.into()).map_err(|_| strange("an unknown kind"))?;
    let scope: serde_json::Value = row.get("scope");
    Ok(Job {
        id,
        kind,
        scope: serde_json::from_value(scope).map_err(|_| strange("a scope of no known shape"))?,
        reason: row.get("reason"),
        state: row.get("state"),
        dry_run: row.get::<i16, _>("pass") == DRY_RUN,
        catalogue_version: row.get("catalogue_version"),
        portions: row.get("portions"),
        done: row.get("done"),
        counts: row.get("counts"),
        problem: row.get("problem"),
        author: row.get("author"),
        filed_at: row.get("filed_at"),
        started_at: row.get("started_at"),
        finished_at: row.get("finished_at"),
    })
}

/// What a pass of a job changes, the largest change of retail first; gives the code of each account beside its difference.
pub async fn differences(
    store: &Store,
    id: i64,
    dry_run: bool,
    limit: i64,
) -> Result<Vec<(Option<String>, Difference)>, StoreError> {
    let rows = sqlx::query(
        "SELECT a.code, d.* FROM rework_difference d LEFT JOIN account a ON a.id = d.account_id WHERE d.job_id = $1 AND d.pass = $2
         ORDER BY abs(d.retail_after - d.retail_before) DESC, d.account_id, d.destination LIMIT $3",
    )
    .bind(id)
    .bind(if dry_run { DRY_RUN } else { EXECUTION })
    .bind(limit)
    .fetch_all(store.pool())
    .await?;
    Ok(rows
        .iter()
        .map(|row| {
            let difference = Difference {
                account: row.get::<i64, _>("account_id") as u64,
                destination: row.get("destination"),
                currency: row.get("currency"),
                cost_currency: row.get("cost_currency"),
                charges: row.get("charges"),
                changed: row.get("changed"),
                unpriced: row.get("unpriced"),
                retail_before: row.get("retail_before"),
                retail_after: row.get("retail_after"),
                wholesale_before: row.get("wholesale_before"),
                wholesale_after: row.get("wholesale_after"),
            };
            (row.get("code"), difference)
        })
        .collect())
}
