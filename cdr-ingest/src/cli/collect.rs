//! `cdr-ingest collect`: records from switches that do not write to Kafka.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use billing::{Clock, Store, SystemClock};
use listener::figures;

use crate::collect::config::Config;
use crate::collect::{secret, service};
use crate::meters;
use crate::monitor::{self, Readiness};

/// Take records that switches post or leave as files, and send them to a topic.
///
/// What was acknowledged to a switch is in Kafka or on the disk; kill the process whenever you like. `deploy/collect.example.toml` has every key.
///
///   cdr-ingest collect --config collect.toml --check
///   cdr-ingest collect --config collect.toml --monitor 127.0.0.1:9465
///   cdr-ingest collect --hash-secret < secret.txt
#[derive(clap::Args)]
pub(super) struct Options {
    /// The configuration.
    #[arg(long, required_unless_present = "hash_secret")]
    config: Option<PathBuf>,
    /// Read the configuration, tell every error of it, and end.
    #[arg(long, requires = "config")]
    check: bool,
    /// Print the hash of the secret that is read from standard input, for `secret_hash`, and end.
    #[arg(long, conflicts_with = "config")]
    hash_secret: bool,
    /// Address of Postgres with the database: postgres://user:password@host:port/database.
    #[arg(long, env = "TOLLGATE_POSTGRES", hide_env_values = true)]
    postgres: Option<String>,
    /// Brokers: host:port, separated by commas.
    #[arg(long, env = "TOLLGATE_KAFKA")]
    kafka: Option<String>,
    /// Serve /health, /ready and /metrics (for Prometheus) at this address, for example 127.0.0.1:9465.
    #[arg(long)]
    monitor: Option<SocketAddr>,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    let Some(path) = options.config else { return hash_secret() };
    let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let config = match Config::parse(&text) {
        Ok(config) => config,
        Err(faults) => anyhow::bail!("{} has {} errors:\n  {}", path.display(), faults.len(), faults.join("\n  ")),
    };
    if options.check {
        eprintln!("{}: {} sources, no errors", path.display(), config.sources.len());
        return Ok(ExitCode::SUCCESS);
    }
    let postgres = options.postgres.context("name Postgres: --postgres, or TOLLGATE_POSTGRES")?;
    let kafka = options.kafka.context("name the brokers: --kafka, or TOLLGATE_KAFKA")?;
    let readiness = Arc::new(Readiness::default());
    if let Some(address) = options.monitor {
        let metrics = figures::install(meters::ALL)?;
        monitor::serve(address, metrics, Arc::clone(&readiness), || SystemClock.now().timestamp_millis())
            .await
            .with_context(|| format!("--monitor: cannot listen at {address}"))?;
    }
    let store = Store::open(&postgres, 8)?;
    service::run(config, &kafka, store, readiness, super::run::terminated()).await?;
    Ok(ExitCode::SUCCESS)
}

#[expect(clippy::print_stdout, reason = "the hash is what the command is for")]
fn hash_secret() -> anyhow::Result<ExitCode> {
    let mut text = String::new();
    std::io::stdin().take(4096).read_to_string(&mut text).context("the secret cannot be read from standard input")?;
    let mut salt = [0; 16];
    getrandom::fill(&mut salt).map_err(|error| anyhow::anyhow!("no random numbers: {error}"))?;
    let hash = secret::hash(text.trim_end_matches(['\r', '\n']), &salt).map_err(anyhow::Error::msg)?;
    println!("{hash}");
    Ok(ExitCode::SUCCESS)
}
