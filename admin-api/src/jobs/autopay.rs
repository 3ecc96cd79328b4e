//! The job `autopay`: cards are charged where a balance has come down (M33).
//!
//! Owns: nothing of its own.
//! Does not own: what is charged (`card_charges`), when it is looked by day (`balance_watch`).
//! Always: what was tried is not tried again before its time, however often the job runs.

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};
use crate::card_charges::charge_cards;

/// Looks at balances as they are now, whatever the date.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move {
        let done = charge_cards(context).await?;
        Ok(json!({
            "attempts": done.attempts, "asked": done.asked, "paid": done.paid, "refused": done.refused, "in_doubt": done.in_doubt, "booked": done.booked,
            "forgotten": done.forgotten, "failed": done.failed,
        }))
    }
    .boxed()
}
