//! The job `risk_tags`: tags that rules give (M10).
//!
//! Owns: nothing of its own.
//! Does not own: the rules and the counts (`crate::risk_tags`).
//! Always: a second round with the same counts changes nothing.

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};
use crate::risk_tags::apply_risk_tags;

/// Judges the last full month as it is seen now, whatever the date.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move {
        let applied = apply_risk_tags(&context.state).await?;
        Ok(json!({"added": applied.added, "removed": applied.removed}))
    }
    .boxed()
}
