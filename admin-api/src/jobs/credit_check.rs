//! The job `credit_check`: who has not paid for the month before loses his credit in the night to the last day (M51).
//!
//! Owns: that it is not done before everybody has his verdict.
//! Does not own: the verdicts (`billing::credit`), the order of nights and turns (`month_end`).
//! Always: on other days than a last one it looks for who still waits; while somebody waits for the statement of a bank day it counts as failed, is tried again
//! within the hour, and is an alarm after the time of the setting `credit.alarm_after_hours` (A15).

use billing::credit;
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::month_end;
use super::registry::{Context, Figures, JobFault};

/// Judges up to a date.
pub(crate) fn run(context: &Context, date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    work(context, date).boxed()
}

async fn work(context: &Context, date: NaiveDate) -> Result<Figures, JobFault> {
    let done = month_end::catch_up(context, date).await?;
    let now = context.state.clock.now();
    let waiting = credit::waiting(&context.state.store, now).await?;
    let Some(first) = waiting.first() else { return Ok(month_end::told(&done)) };
    Err(JobFault::Waits {
        accounts: waiting.iter().map(|waiting| waiting.accounts).sum(),
        bank_day: first.bank_day,
        alarm: if first.alarm_at <= now { "ALARM: " } else { "" },
    })
}
