//! The job `receipts`: fiscal receipts are sent and asked about; it fails while some are missing for too long (A26).
//!
//! Owns: nothing of its own.
//! Does not own: the round (`receipt_rounds`), which goes by the minute too.
//! Always: what is issued is not issued again, however often the job runs.

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};
use crate::receipt_rounds::round;

/// Looks at receipts as they are now, whatever the date.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move {
        let done = round(context).await?;
        if done.missing > 0 {
            return Err(JobFault::ReceiptsMissing(done.missing));
        }
        Ok(
            json!({"sent": done.sent, "asked": done.asked, "done": done.done, "not_done": done.not_done, "failed": done.failed}),
        )
    }
    .boxed()
}
