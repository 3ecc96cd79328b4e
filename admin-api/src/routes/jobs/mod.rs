//! Endpoints of jobs.
//!
//! Owns: how a run is shown.
//! Does not own: which jobs there are and how they run (`jobs`), their runs (`billing::jobs`, whose `GRID` is the list of them).
//! Always: a run by hand names its author and reason.

pub(crate) mod list;
pub(crate) mod run;

use billing::jobs::{JobError, JobRun};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// A job and a date.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct JobRunView {
    /// Number.
    id: i64,
    /// The date for which it runs.
    for_date: NaiveDate,
    /// `ordered`, `running`, `done` or `failed`.
    outcome: String,
    /// How often it was begun.
    attempts: i32,
    /// When it was begun last.
    started_at: Option<DateTime<Utc>>,
    /// When it ended.
    finished_at: Option<DateTime<Utc>>,
    /// What it did, in figures.
    counts: Option<Value>,
    /// Why it failed.
    error: String,
}

impl From<JobRun> for JobRunView {
    fn from(run: JobRun) -> Self {
        let JobRun { id, for_date, outcome, attempts, started_at, finished_at, counts, error, .. } = run;
        Self { id, for_date, outcome, attempts, started_at, finished_at, counts, error }
    }
}

impl From<JobError> for Problem {
    fn from(error: JobError) -> Self {
        match error {
            JobError::Done => Self::new(Code::AlreadyExists).at(
                "/date",
                Text::fixed("За эту дату задание уже выполнено", "The job was done for this date already"),
            ),
            JobError::Store(error) => error.into(),
        }
    }
}
