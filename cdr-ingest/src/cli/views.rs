//! `cdr-ingest dictionary` and `cdr-ingest mask-key`: what analysts need beside the data.
//!
//! Owns: their options and what they print.
//! Does not own: the dictionary (`clickhouse::dictionary`), the key (`clickhouse::mask`).
//! Always: a key is never printed.

use std::io::Write;
use std::process::ExitCode;

use crate::clickhouse::{ClickHouse, dictionary, mask};

/// Where ClickHouse is; these commands need no other engine.
#[derive(clap::Args)]
struct Server {
    /// Address of ClickHouse's HTTP interface: http://host:port.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE", hide_env_values = true)]
    clickhouse: String,
    /// Database in ClickHouse.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE_DATABASE", default_value = "tollgate")]
    clickhouse_database: String,
}

impl Server {
    fn open(&self) -> ClickHouse {
        ClickHouse::open(&self.clickhouse, &self.clickhouse_database)
    }
}

/// Write the data dictionary: tables, views and columns with their comments, as Markdown, to standard output.
///
///   cdr-ingest dictionary > deploy/clickhouse/DICTIONARY.md
#[derive(clap::Args)]
pub(super) struct DictionaryOptions {
    #[command(flatten)]
    server: Server,
}

/// Put a new key for masked numbers in force. From then on every mask is another one; masks noted before are recognised by their generation.
///
///   cdr-ingest mask-key
#[derive(clap::Args)]
pub(super) struct MaskKeyOptions {
    #[command(flatten)]
    server: Server,
    /// How many digits at the end of a number masks hide from now on, 4 to 15; default: as many as before, at first 7.
    #[arg(long, value_parser = clap::value_parser!(u8).range(4..=15))]
    hidden_digits: Option<u8>,
}

pub(super) async fn dictionary(options: DictionaryOptions) -> anyhow::Result<ExitCode> {
    let page = dictionary::markdown(&options.server.open()).await?;
    std::io::stdout().write_all(page.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn mask_key(options: MaskKeyOptions) -> anyhow::Result<ExitCode> {
    let generation = mask::rotate(&options.server.open(), options.hidden_digits).await?;
    tracing::info!(generation, "a new key for masked numbers is in force");
    Ok(ExitCode::SUCCESS)
}
