//! The job `approvals_expire`: requests that nobody decided in time.
//!
//! Owns: nothing of its own.
//! Does not own: when a request is overdue (`billing::approvals`), which every reader sees at once.
//! Always: what is expired already is left as it is.

use billing::approvals;
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};

/// Closes what is overdue now, whatever the date.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move {
        let expired = approvals::expire(&context.state.store, context.state.clock.now()).await?;
        Ok(json!({"expired": expired}))
    }
    .boxed()
}
