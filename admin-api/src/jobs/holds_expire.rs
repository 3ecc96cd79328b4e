//! The job `holds_expire`: calls that were let go and whose record never came.
//!
//! Owns: nothing of its own.
//! Does not own: when a hold is overdue (`billing::holds`), which whoever grants money sees at once.
//! Always: what it finds is reported: a switch or a feed is at fault, and its operator has to know.

use billing::holds;
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};

/// Marks what is overdue now, whatever the date, and forgets what is too old.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move {
        let keep_days = context.settings.number("hold.report_days")?;
        let done = holds::expire(&context.state.store, context.state.clock.now(), keep_days).await?;
        if done.overdue > 0 {
            tracing::warn!(
                calls = done.overdue,
                unreleased = done.unreleased,
                "records of calls that were let go never came"
            );
        }
        Ok(json!({
            "overdue": done.overdue, "unreleased": done.unreleased, "refused_forgotten": done.refused_forgotten,
            "overdue_forgotten": done.overdue_forgotten,
        }))
    }
    .boxed()
}
