//! The job `terminate`: contracts of debtors are ended when their term is over (M70).
//!
//! Owns: the portions in which it looks, what it does about who is due (setting `credit.termination_mode`).
//! Does not own: who is due and what ending means (`billing::terminations`), who approves (`billing::approvals`).
//! Always: a date that is made up for finds who was due by then and has not paid since; one account that cannot be ended leaves the others, and stays in the list.

use billing::approvals::{self, ApprovalError, Kind, NewRequest};
use billing::credit::calendar::day_of;
use billing::terminations::{self, Due, Mode, TerminationError};
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};

/// Accounts that are looked at together.
const PORTION: i64 = 200;

/// What became of an account that is due.
enum Done {
    /// Its contract is ended.
    Executed,
    /// An approval is asked for.
    Proposed,
    /// It was proposed or refused before, or has paid meanwhile.
    Nothing,
    /// Something refuses.
    Failed,
}

/// Looks who is due by a date, and no later than today.
pub(crate) fn run(context: &Context, date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    work(context, date).boxed()
}

async fn work(context: &Context, date: NaiveDate) -> Result<Figures, JobFault> {
    let mode = context.settings.text("credit.termination_mode")?;
    let mode: Mode = mode.parse().map_err(|()| JobFault::Setting("credit.termination_mode"))?;
    let (store, clock) = (&context.state.store, &context.state.clock);
    let today = day_of(clock.now(), context.settings.zone("billing.zone")?);
    let (mut waiting, mut resolved, mut due, mut after) = (0, 0, Vec::new(), 0);
    loop {
        let looked = terminations::look(store, date.min(today), clock.now(), after, PORTION).await?;
        let Some(last) = looked.after else { break };
        waiting += looked.waiting;
        resolved += looked.resolved;
        due.extend(looked.due);
        after = last;
    }
    let (mut executed, mut proposed, mut failed) = (0, 0, 0);
    for one in &due {
        let done = match mode {
            Mode::Off => Done::Nothing,
            Mode::Propose => propose(context, one).await?,
            Mode::Execute => execute(context, one).await?,
        };
        match done {
            Done::Executed => executed += 1,
            Done::Proposed => proposed += 1,
            Done::Nothing => {}
            Done::Failed => failed += 1,
        }
    }
    Ok(json!({
        "waiting": waiting, "resolved": resolved, "due": due.len(), "proposed": proposed, "executed": executed, "failed": failed,
    }))
}

async fn propose(context: &Context, due: &Due) -> Result<Done, JobFault> {
    let days = context.settings.number("approval.days")?;
    let payload = json!({});
    let new = NewRequest { kind: Kind::AccountTerminate, entity_id: &due.account, payload: &payload, days };
    let mut change = context.begin().await?;
    match approvals::propose(&mut change, &new, &due.reason()).await {
        Ok(Some(_)) => {
            change.commit(200, &json!(null)).await?;
            Ok(Done::Proposed)
        }
        Ok(None) | Err(ApprovalError::NotDue | ApprovalError::AlreadyOpen) => Ok(Done::Nothing),
        Err(ApprovalError::Store(error)) => Err(error.into()),
        Err(error) => Ok(failed(due, &error)),
    }
}

async fn execute(context: &Context, due: &Due) -> Result<Done, JobFault> {
    let mut change = context.begin().await?;
    match terminations::terminate(&mut change, &due.account, due.notice, &due.reason()).await {
        Ok(_) => {
            change.commit(200, &json!(null)).await?;
            Ok(Done::Executed)
        }
        Err(TerminationError::NotDue) => Ok(Done::Nothing),
        Err(TerminationError::Store(error)) => Err(error.into()),
        Err(error) => Ok(failed(due, &error)),
    }
}

fn failed(due: &Due, error: &dyn std::fmt::Display) -> Done {
    tracing::error!(account = %due.account, "a contract is due and was not ended: {error}");
    Done::Failed
}
