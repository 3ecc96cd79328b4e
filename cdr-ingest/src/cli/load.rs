//! `cdr-ingest load`: an operator directory into an empty database.

use std::path::PathBuf;
use std::process::ExitCode;

use billing::{Clock, SystemClock, operator};

use crate::operator_dir;

/// Load an operator directory into an empty database, as a whole or not at all.
///
///   cdr-ingest load --postgres postgres://tollgate@127.0.0.1:25432/tollgate demo
#[derive(clap::Args)]
pub(super) struct Options {
    /// Address of Postgres with the database.
    #[arg(long, env = "TOLLGATE_POSTGRES", hide_env_values = true)]
    postgres: String,
    /// How long to keep trying when Postgres is away, in seconds.
    #[arg(long, default_value_t = 60)]
    wait_seconds: u64,
    /// The directory; its files are described in cdr-ingest/FORMATS.md.
    directory: PathBuf,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    let directory = operator_dir::read(&options.directory)?;
    // Contradictions between rows show only when the snapshot is built: before anything is written.
    drop(directory.snapshot(operator_dir::world_plan())?);
    let store = billing::Store::open(&options.postgres, 2)?;
    super::wait_for("Postgres", &options.postgres, options.wait_seconds, async || store.ping().await).await?;
    let bar = super::progress_bar(operator::row_count(&directory.operator) as u64, "rows");
    operator::load(&store, &directory.operator, SystemClock.now(), &|rows| bar.inc(rows as u64)).await?;
    bar.finish_and_clear();
    let rows = &directory.operator.rows;
    eprintln!(
        "loaded {}: {} lists with {} rates, {} plans, {} accounts, {} numbers, {} locks",
        directory.operator.entity.name,
        rows.lists.len(),
        rows.rate_rows.len(),
        rows.plans.len(),
        rows.accounts.len(),
        rows.dids.len(),
        directory.operator.locks.len()
    );
    Ok(ExitCode::SUCCESS)
}
