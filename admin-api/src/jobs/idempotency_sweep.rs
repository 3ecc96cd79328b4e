//! The job `idempotency_sweep`: answers that were kept for keys of requests (A40).
//!
//! Owns: nothing of its own.
//! Does not own: how long an answer is kept (`billing::cleaning`).
//! Always: what is gone already is no fault; nothing of the books goes.

use billing::cleaning;
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};

/// Forgets what is too old now, whatever the date.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    async move {
        let forgotten = cleaning::forget_old_answers(&context.state.store, context.state.clock.now()).await?;
        Ok(json!({"forgotten": forgotten}))
    }
    .boxed()
}
