//! Jobs run.
//!
//! Owns: when a date of a job is begun, by whom, and how its end is written down.
//! Does not own: the dates that are due (`billing::jobs`), the work (the jobs).
//! Always: one process a job at a time; a date that is done is not done again, but by a job of every hour; dates in order, and one that fails holds up the later ones until it is done or
//! too old; a job that panics is a job that failed.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use billing::StoreError;
use billing::jobs::{self, JobRun, Tried};
use billing::settings::Settings;
use chrono::{Days, NaiveDate, TimeDelta};
use futures_util::FutureExt;

use super::registry::{self, Context, Job};
use crate::state::AppState;

/// How long a job that is done by the hour rests.
const AN_HOUR: TimeDelta = TimeDelta::hours(1);
/// How often it is looked whether a job is due.
const LOOK_EVERY: Duration = Duration::from_mins(1);

/// What became of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ran {
    /// It ran now; how it ended stands in it.
    Now(JobRun),
    /// It was done before.
    Before,
    /// Another process runs the job.
    Elsewhere,
}

/// Why a job was not even tried.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No such job.
    #[error("there is no job `{0}`; jobs are {1}")]
    NoJob(String, String),
    /// The database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Runs the job with a name for a date.
pub async fn run_job(state: &AppState, name: &str, date: NaiveDate) -> Result<Ran, RunError> {
    let Some(job) = registry::find(name) else {
        let names: Vec<&str> = registry::JOBS.iter().map(|job| job.name).collect();
        return Err(RunError::NoJob(name.to_owned(), names.join(", ")));
    };
    Ok(run(state, job, date).await?)
}

/// Runs what is due or was ordered, of every job; the runs of now.
pub async fn run_due_jobs(state: &AppState) -> Result<Vec<JobRun>, StoreError> {
    let settings = Settings::read(&state.store).await?;
    let zone = settings.zone("billing.zone")?;
    let most = u64::try_from(settings.number("jobs.catch_up_days")?).unwrap_or(1).max(1);
    let mut runs = Vec::new();
    for job in registry::JOBS {
        let now = state.clock.now();
        let local = now.with_timezone(&zone).naive_local();
        if registry::HOURLY.contains(&job.name) {
            jobs::order_again(&state.store, job.name, local.date(), now - AN_HOUR).await?;
        }
        for date in jobs::ordered(&state.store, job.name).await? {
            if let Ran::Now(run) = run(state, job, date).await? {
                runs.push(run);
            }
        }
        // One day more than is made up for: before its time of the day the latest date is yesterday's.
        let from = local.date().checked_sub_days(Days::new(most)).unwrap_or_default();
        let (known, first) = jobs::since(&state.store, job.name, from).await?;
        let word = |run: &JobRun| if run.is_done() { Tried::Done } else { Tried::Undone };
        let tried: BTreeMap<NaiveDate, Tried> = known.iter().map(|run| (run.for_date, word(run))).collect();
        for date in jobs::due(job.at, local, &tried, first, most) {
            let failed = known.iter().find(|run| run.for_date == date && run.outcome == "failed");
            let waits = failed
                .is_some_and(|run| run.finished_at.is_some_and(|ended| now < ended + jobs::retry_after(run.attempts)));
            if waits {
                break;
            }
            match run(state, job, date).await? {
                Ran::Now(run) => {
                    let done = run.is_done();
                    runs.push(run);
                    if !done {
                        break;
                    }
                }
                Ran::Before => {}
                Ran::Elsewhere => break,
            }
        }
    }
    Ok(runs)
}

/// Runs a job for a date.
async fn run(state: &AppState, job: &Job, date: NaiveDate) -> Result<Ran, StoreError> {
    let Some(lock) = jobs::lock(&state.store, job.name).await? else { return Ok(Ran::Elsewhere) };
    let ran = run_locked(state, job, date).await;
    if let Err(error) = lock.release().await {
        tracing::warn!("the connection that held the lock of a job did not end well: {error}");
    }
    ran
}

async fn run_locked(state: &AppState, job: &Job, date: NaiveDate) -> Result<Ran, StoreError> {
    let settings = Arc::new(Settings::read(&state.store).await?);
    let actor = jobs::actor(&state.store, job.name).await?;
    let Some(begun) = jobs::begin(&state.store, job.name, date, state.clock.now()).await? else {
        return Ok(Ran::Before);
    };
    let context = Context { state: state.clone(), settings, actor };
    let result = AssertUnwindSafe((job.run)(&context, date)).catch_unwind().await;
    let ended = match result {
        Ok(Ok(figures)) => Ok(figures),
        Ok(Err(fault)) => {
            tracing::error!(job = job.name, %date, "{fault}");
            Err(fault.told())
        }
        Err(_) => Err("it panicked; the log says where".to_owned()),
    };
    let run = jobs::finish(&state.store, begun.id, ended.as_ref().map_err(String::as_str), state.clock.now()).await?;
    match &run.counts {
        Some(counts) if run.is_done() => tracing::info!(job = job.name, %date, %counts, "done"),
        _ => tracing::error!(job = job.name, %date, attempts = run.attempts, "failed: {}", run.error),
    }
    Ok(Ran::Now(run))
}

/// Runs a job for a date; what stands in the way goes to the log.
pub(crate) async fn run_logged(state: &AppState, job: &Job, date: NaiveDate) {
    match run(state, job, date).await {
        Ok(Ran::Now(_) | Ran::Before) => {}
        Ok(Ran::Elsewhere) => tracing::info!(job = job.name, %date, "another process runs the job"),
        Err(error) => tracing::error!(job = job.name, %date, "not run: {error}"),
    }
}

/// Runs what is due, again and again.
pub(crate) async fn keep_running(state: AppState) {
    loop {
        if let Err(error) = run_due_jobs(&state).await {
            tracing::warn!("jobs are not looked after: {error}");
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}
