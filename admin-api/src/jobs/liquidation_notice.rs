//! The job `liquidation_notice`: letters to clients whose party is liquidated (M57).
//!
//! Owns: the portions in which it works.
//! Does not own: who gets a letter (`billing::liquidation`), how it goes out (`mailer`).
//! Always: a portion commits as a whole; one that was written is not written again.

use billing::liquidation::{self, Trigger};
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};

/// Letters of one transaction.
const PORTION: i64 = 100;

/// Writes the letters that are due on a date.
pub(crate) fn run(context: &Context, date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    work(context, date).boxed()
}

async fn work(context: &Context, date: NaiveDate) -> Result<Figures, JobFault> {
    let trigger = context.settings.text("liquidation.trigger")?;
    let trigger: Trigger = trigger.parse().map_err(|()| JobFault::Setting("liquidation.trigger"))?;
    let repeat = context.settings.optional_number("liquidation.repeat_days")?;
    let (mut letters, mut after) = (0, 0);
    loop {
        let mut change = context.begin().await?;
        let done = liquidation::notify(&mut change, date, (trigger, repeat), after, PORTION).await?;
        // Nobody left: the change that has nothing to say is dropped.
        let Some(last) = done.after else { break };
        change.commit(200, &json!(null)).await?;
        letters += done.letters;
        after = last;
    }
    Ok(liquidation::counts(&context.state.store, date, trigger).await?.result(letters))
}
