//! The job `critical_notice`: notices of a critical balance (M31).
//!
//! Owns: nothing of its own.
//! Does not own: when it is looked by day (`balance_watch`), who is told (`billing::critical_notices`).
//! Always: a second look on the same day tells nobody twice.

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};
use crate::balance_watch::tell;

/// Looks at balances as they are now, whatever the date.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move {
        let told = tell(context).await?;
        Ok(json!({"sent": told.sent, "suppressed": told.suppressed}))
    }
    .boxed()
}
