//! The job `overdue_block`: invoices and months that are overdue for too long stop work with services (B14, T23).
//!
//! Owns: the portions in which it works.
//! Does not own: what is overdue and whom it looks at (`billing::credit`).
//! Always: by the hour, as of now whatever the date; ends what is over, too; twice changes nothing.

use billing::credit;
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::month_end;
use super::registry::{Context, Figures, JobFault};

/// Accounts of one transaction.
const PORTION: i64 = 200;

/// Looks at all whom it may concern now.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    work(context).boxed()
}

async fn work(context: &Context) -> Result<Figures, JobFault> {
    let (mut done, mut after) = (credit::Figures::default(), 0);
    loop {
        let mut change = month_end::begin(context).await?;
        let portion = credit::overdue(&mut change, after, PORTION).await?;
        let Some(last) = portion.after else { break };
        if portion.is_changed {
            change.commit(200, &json!(null)).await?;
        }
        done += portion.figures;
        after = last;
    }
    Ok(month_end::told(&done))
}
