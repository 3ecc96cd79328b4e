//! The ends of months, which the jobs `credit_check` and `credit_renew` work through.
//!
//! Owns: their order: a night is opened and judged before the month turns, and a month turns before the next night, whatever was missed by which job.
//! Does not own: which boundary comes next and what it does to an account (`billing::credit`).
//! Always: a portion commits as a whole; what is done is not done again; who waits for a statement is asked again each time.

use billing::change::Begun;
use billing::credit::calendar::day_of;
use billing::credit::{self, Figures, Step};
use billing::{Change, StoreError};
use chrono::NaiveDate;
use serde_json::{Value, json};

use super::registry::{Context, JobFault};

/// Accounts of one transaction.
const PORTION: i64 = 200;

/// Does what has to be done up to a date, and no later than today.
pub(crate) async fn catch_up(context: &Context, date: NaiveDate) -> Result<Figures, JobFault> {
    let (store, clock) = (&context.state.store, &context.state.clock);
    let today = day_of(clock.now(), context.settings.zone("billing.zone")?);
    // Whose statement has come since.
    let mut done = judge(context).await?;
    while let Some(step) = credit::next_step(store, date.min(today), clock.now()).await? {
        match step {
            Step::Check(night) => {
                let mut change = begin(context).await?;
                credit::open_night(&mut change, night).await?;
                change.commit(200, &json!(null)).await?;
                done += judge(context).await?;
            }
            Step::Turn(_) => done += portions(context, step).await?,
        }
        credit::step_done(store, step, clock.now()).await?;
    }
    Ok(done)
}

/// Judges whoever waits, the oldest night first.
async fn judge(context: &Context) -> Result<Figures, JobFault> {
    let mut done = Figures::default();
    for waiting in credit::waiting(&context.state.store, context.state.clock.now()).await? {
        done += portions(context, Step::Check(waiting.night)).await?;
    }
    Ok(done)
}

async fn portions(context: &Context, step: Step) -> Result<Figures, JobFault> {
    let (mut done, mut after) = (Figures::default(), 0);
    loop {
        let mut change = begin(context).await?;
        let portion = match step {
            Step::Check(night) => credit::judge(&mut change, night, after, PORTION).await?,
            Step::Turn(first) => credit::turn(&mut change, first, after, PORTION).await?,
        };
        let Some(last) = portion.after else { return Ok(done) };
        // Where all of them wait there is nothing to say: the change is dropped.
        if portion.is_changed {
            change.commit(200, &json!(null)).await?;
        }
        done += portion.figures;
        after = last;
    }
}

/// A change of a job.
pub(super) async fn begin(context: &Context) -> Result<Change, JobFault> {
    let state = &context.state;
    match Change::begin(&state.store, state.clock.as_ref(), context.actor.clone(), None).await? {
        Begun::New(change) => Ok(change),
        Begun::Repeated(..) | Begun::KeyReused => {
            Err(StoreError::Inconsistent { table: "idempotency", problem: "a key of a job".to_owned() }.into())
        }
    }
}

/// What was done, as the record of runs has it.
pub(super) fn told(figures: &Figures) -> Value {
    let Figures { passed, closed, not_concerned, turned, blocked, unblocked } = figures;
    json!({
        "passed": passed, "closed": closed, "not_concerned": not_concerned, "turned": turned, "blocked": blocked, "unblocked": unblocked,
    })
}
