//! The job `number_classes`: numbers follow the rules of their classes.
//!
//! Owns: the portions in which it works, and its beginning at once when somebody has changed a class.
//! Does not own: which class a number is of (`billing::numbers`).
//! Always: by the hour, as of now whatever the date; where nothing has changed nothing is read; two of it at once, or one that breaks off, do no harm: a portion
//! goes by the rules of its moment, and the last word is with those of the end.

use std::sync::Arc;

use billing::settings::Settings;
use billing::{StoreError, jobs, numbers};
use chrono::NaiveDate;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::json;

use super::registry::{Context, Figures, JobFault};
use crate::state::AppState;

/// Its name.
const NAME: &str = "number_classes";
/// Numbers of one transaction: nobody waits for it longer than a second.
const PORTION: i64 = 5_000;

/// Classes all numbers anew, if classes have changed since that was done.
pub(crate) fn run(context: &Context, _date: NaiveDate) -> BoxFuture<'_, Result<Figures, JobFault>> {
    work(context).boxed()
}

/// Begins the same at once, in a task of its own; what stops it the job makes up for.
pub(crate) fn follow(state: AppState) {
    tokio::spawn(async move {
        let begun = async {
            let settings = Arc::new(Settings::read(&state.store).await?);
            let actor = jobs::actor(&state.store, NAME).await?;
            work(&Context { state: state.clone(), settings, actor }).await
        };
        match begun.await {
            Ok(figures) => tracing::info!(%figures, "numbers follow the rules of their classes"),
            Err(fault) => tracing::warn!("numbers do not follow the rules of their classes yet: {fault}"),
        }
    });
}

async fn work(context: &Context) -> Result<Figures, JobFault> {
    let (mut seen, mut changed) = (false, 0);
    while let Some(version) = numbers::to_follow(&context.state.store).await? {
        seen = true;
        changed += walk(context).await?;
        numbers::followed(&context.state.store, version).await?;
    }
    Ok(json!({"looked": seen, "changed": changed}))
}

/// Looks at all numbers once; how many are of another class now.
async fn walk(context: &Context) -> Result<usize, StoreError> {
    let (mut changed, mut after) = (0, 0);
    loop {
        let mut change = context.begin().await?;
        let portion = numbers::class_portion(&mut change, after, PORTION).await?;
        let Some(last) = portion.after else { return Ok(changed) };
        // Where all of them are as they have to be there is nothing to say: the change is dropped.
        if portion.changed > 0 {
            change.commit(200, &json!(null)).await?;
        }
        changed += portion.changed;
        after = last;
    }
}
