//! The job `reservation_release`: in the night after the last business day of its term a reservation that nobody paid for ends (M18).
//!
//! Owns: the portions in which it works.
//! Does not own: terms and what ends them (`billing::subscriptions`).
//! Always: by the date of the night, whatever was missed before; who was paid for meanwhile stays; twice changes nothing.

use billing::subscriptions::{PORTION, begin_due, lapse};
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};

/// Ends what is over in the night to a date.
pub(crate) fn run(context: &Context, date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    work(context, date).boxed()
}

async fn work(context: &Context, date: NaiveDate) -> Result<Figures, JobFault> {
    let (mut lapsed, mut begun) = (0, 0);
    loop {
        let mut change = context.begin().await?;
        let portion = lapse(&mut change, date, PORTION).await?;
        if portion.found == 0 {
            break;
        }
        // Where all of them were paid for meanwhile there is nothing to say: the change is dropped.
        if portion.closed > 0 {
            change.commit(200, &json!(null)).await?;
        }
        lapsed += portion.closed;
    }
    // Behind what is over: a year that the calendar does not know holds up terms that begin, and none that has ended.
    loop {
        let mut change = context.begin().await?;
        let portion = begin_due(&mut change, PORTION).await?;
        if portion == 0 {
            return Ok(json!({"lapsed": lapsed, "terms_begun": begun}));
        }
        change.commit(200, &json!(null)).await?;
        begun += portion;
    }
}
