//! `cdr-ingest rework`: jobs that rate again, without the stream.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use super::{Engines, NumberingFiles};
use crate::monitor::Readiness;
use crate::rework::executor;
use crate::stream::service::Shared;

/// Execute the jobs that wait (recycling of suspense, re-rating, roll-back), then end.
///
/// `cdr-ingest run` executes them beside the stream; this is for times when it does not run. Both at once do no harm: a job has one owner.
///
///   cdr-ingest rework
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    engines: Engines,
    #[command(flatten)]
    numbering: NumberingFiles,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    options.numbering.choose()?;
    let engines = &options.engines;
    let store = engines.store(8)?;
    super::wait_for("Postgres", &engines.postgres, engines.wait_seconds, async || store.ping().await).await?;
    let clickhouse = engines.clickhouse();
    super::wait_for("ClickHouse", &engines.clickhouse, engines.wait_seconds, async || clickhouse.ping().await).await?;
    let (shared, settings) = Shared::open(store, clickhouse, Arc::new(Readiness::default()), Duration::ZERO).await?;
    let follower = shared.follow_catalogue(&settings)?;
    let jobs = executor::run_waiting(&shared).await?;
    follower.abort();
    tracing::info!(jobs, "nothing waits");
    Ok(ExitCode::SUCCESS)
}
