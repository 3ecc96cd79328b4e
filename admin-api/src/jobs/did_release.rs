//! The job `did_release`: numbers that nobody called for the whole of their terms leave quarantine (M13), forcings that nobody made use of end (A27).
//!
//! Owns: the portions in which it works, and for how long it waits for the statistics of the day before.
//! Does not own: which numbers may leave (`billing::numbers`), when the statistics of a day are complete (the ingest).
//! Always: nothing is judged before the statistics of the day before are complete, or twelve hours are over: then by what there is, for a call that comes later
//! still makes the number one that has calls; a second run finds nothing to do.

use billing::numbers;
use chrono::{NaiveDate, NaiveTime, TimeDelta};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::{Value, json};

use super::registry::{Context, Figures, JobFault};

/// Numbers of one transaction: nobody waits for it longer than a second.
const PORTION: i64 = 5_000;
/// How long statistics are waited for, from the beginning of the day on.
const PATIENCE: TimeDelta = TimeDelta::hours(16);

/// Frees what may leave on a date.
pub(crate) fn run(context: &Context, date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    work(context, date).boxed()
}

async fn work(context: &Context, date: NaiveDate) -> Result<Figures, JobFault> {
    let now = context.state.clock.now().with_timezone(&context.settings.zone("billing.zone")?).naive_local();
    // The job of a date to come would free numbers before their time.
    let today = date.min(now.date());
    let unforced = end_waits(context, today).await?;
    let yesterday = today.pred_opt().unwrap_or(today);
    let is_patient = now - today.and_time(NaiveTime::MIN) < PATIENCE;
    if is_patient && numbers::awaits_statistics(&context.state.store, yesterday).await? {
        return Err(JobFault::NotCollected(yesterday));
    }
    let (mut freed, mut after) = (0, 0);
    loop {
        let mut change = context.begin().await?;
        let released = numbers::release(&mut change, today, after, PORTION).await?;
        // Where nobody leaves there is nothing to say: the change is dropped.
        if released.freed > 0 {
            change.commit(200, &Value::Null).await?;
        }
        freed += released.freed;
        let Some(last) = released.after else { return Ok(json!({"freed": freed, "unforced": unforced})) };
        after = last;
    }
}

/// Ends the forcings whose clients have not reserved in time.
async fn end_waits(context: &Context, today: NaiveDate) -> Result<u64, JobFault> {
    let mut ended = 0;
    loop {
        let mut change = context.begin().await?;
        let portion = numbers::force::wait_over(&mut change, today, PORTION).await?;
        if portion == 0 {
            return Ok(ended);
        }
        change.commit(200, &Value::Null).await?;
        ended += portion;
    }
}
