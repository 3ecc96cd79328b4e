//! `cdr-ingest migrate`: databases and both schemas.

use std::process::ExitCode;

use billing::Store;

use super::Engines;
use crate::clickhouse::{deliver, schema};

/// Create the databases if they do not exist, and bring both schemas up to date. Running it again changes nothing.
///
///   cdr-ingest migrate --postgres postgres://tollgate@127.0.0.1:25432/tollgate --clickhouse http://127.0.0.1:28123
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    engines: Engines,
    /// Drop both databases first; refused unless their names begin with tollgate_demo or tollgate_test.
    #[arg(long)]
    fresh: bool,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    let engines = &options.engines;
    let clickhouse = engines.clickhouse();
    super::wait_for("Postgres", &engines.postgres, engines.wait_seconds, async || {
        Store::server_answers(&engines.postgres).await
    })
    .await?;
    Store::create_database(&engines.postgres, options.fresh).await?;
    engines.store(2)?.migrate().await?;
    super::wait_for("ClickHouse", &engines.clickhouse, engines.wait_seconds, async || clickhouse.ping().await).await?;
    let files = schema::migrate(&clickhouse, options.fresh).await?;
    deliver::probe(&clickhouse).await?;
    tracing::info!(clickhouse_files = files, database = clickhouse.database(), "both schemas are up to date");
    Ok(ExitCode::SUCCESS)
}
