//! The job `credit_renew`: at the turn of the month credit comes to the limit that was on the account on the last day (M52).
//!
//! Owns: nothing of its own.
//! Does not own: what the turn posts (`billing::credit`), the order of nights and turns (`month_end`).
//! Always: on other days than a first one there is nothing to do, but for what was missed.

use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::month_end;
use super::registry::{Context, Figures, JobFault};

/// Turns the months up to a date.
pub(crate) fn run(context: &Context, date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move { Ok(month_end::told(&month_end::catch_up(context, date).await?)) }.boxed()
}
