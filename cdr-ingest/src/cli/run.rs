//! `cdr-ingest run`: the service.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use billing::settings::Settings;
use billing::{Clock, SystemClock};
use listener::figures;

use super::{Engines, NumberingFiles};
use crate::meters;
use crate::monitor::{self, Readiness};
use crate::stream::consumer::ConsumerOptions;
use crate::stream::service::{self, ServiceOptions};

/// Read records from Kafka, charge them, deliver the charges to ClickHouse; exactly once in effect.
///
/// Postgres holds the position of every partition together with the balances; ClickHouse follows from an outbox. Kill the process whenever you like.
/// Start it several times with the same --group, each with its own --instance, to share the partitions.
///
///   cdr-ingest run --topic cdrs --instance ingest-1
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    engines: Engines,
    #[command(flatten)]
    numbering: NumberingFiles,
    /// Brokers: host:port, separated by commas.
    #[arg(long, env = "TOLLGATE_KAFKA")]
    kafka: String,
    /// Name of the cluster; with the topic it is the stream's name in Postgres for ever, so it does not follow the brokers' addresses.
    #[arg(long, default_value = "main")]
    cluster: String,
    /// The topic.
    #[arg(long)]
    topic: String,
    /// Consumer group.
    #[arg(long, default_value = "tollgate")]
    group: String,
    /// Name of this process within the group; after a restart it has its partitions back at once.
    #[arg(long)]
    instance: Option<String>,
    /// Milliseconds of silence after which a process loses its partitions.
    #[arg(long, default_value_t = 6000)]
    session_ms: u32,
    /// Records of a batch, 1 to 400000; default: the setting ingest.batch_rows.
    #[arg(long)]
    batch_rows: Option<u64>,
    /// Milliseconds after which a batch is handed over whatever its count; default: the setting ingest.batch_ms.
    #[arg(long)]
    batch_ms: Option<u64>,
    /// MiB of records that are held between Kafka and COMMIT at most; default: the setting ingest.under_way_bytes. Memory is some three times this
    /// above what the catalogue takes.
    #[arg(long)]
    under_way_mib: Option<u64>,
    /// End when everything that is in the topic now is charged and delivered.
    #[arg(long)]
    stop_at_end: bool,
    /// Serve /health, /ready and /metrics (for Prometheus) at this address, for example 127.0.0.1:9464.
    #[arg(long)]
    monitor: Option<SocketAddr>,
    /// Failure drill: wait so many milliseconds between COMMIT and the INSERT into ClickHouse.
    #[arg(long, default_value_t = 0, hide = true)]
    hold_delivery_ms: u64,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    options.numbering.choose()?;
    let readiness = Arc::new(Readiness::default());
    if let Some(address) = options.monitor {
        let metrics = figures::install(meters::ALL)?;
        monitor::serve(address, metrics, Arc::clone(&readiness), || SystemClock.now().timestamp_millis())
            .await
            .with_context(|| format!("--monitor: cannot listen at {address}"))?;
    }
    let engines = &options.engines;
    let store = engines.store(16)?;
    super::wait_for("Postgres", &engines.postgres, engines.wait_seconds, async || store.ping().await).await?;
    let clickhouse = engines.clickhouse();
    super::wait_for("ClickHouse", &engines.clickhouse, engines.wait_seconds, async || clickhouse.ping().await).await?;
    wait_for_kafka(&options.kafka, engines.wait_seconds).await?;
    let settings = Settings::read(&store).await.context("reading the settings; has `cdr-ingest migrate` been run?")?;
    let or_setting = |option: Option<u64>, key| option.map_or_else(|| settings.number(key), |value| Ok(value as i64));
    let batch_rows = or_setting(options.batch_rows, "ingest.batch_rows")?;
    if !(1..=400_000).contains(&batch_rows) {
        anyhow::bail!("--batch-rows, or the setting ingest.batch_rows, is {batch_rows}; it must be 1 to 400000");
    }
    let batch_ms = or_setting(options.batch_ms, "ingest.batch_ms")?;
    let under_way_bytes = or_setting(options.under_way_mib.map(|mib| mib << 20), "ingest.under_way_bytes")?;
    let service = ServiceOptions {
        consumer: ConsumerOptions {
            brokers: options.kafka,
            cluster: options.cluster,
            topic: options.topic,
            group: options.group,
            instance: options.instance,
            session_ms: options.session_ms,
            batch_rows: batch_rows as usize,
            batch_time: Duration::from_millis(batch_ms.max(0) as u64),
            under_way_bytes: under_way_bytes.max(1) as usize,
        },
        stop_at_end: options.stop_at_end,
        hold_delivery: Duration::from_millis(options.hold_delivery_ms),
        readiness,
    };
    service::run(store, clickhouse, service, terminated()).await?;
    Ok(ExitCode::SUCCESS)
}

pub(super) async fn wait_for_kafka(brokers: &str, seconds: u64) -> anyhow::Result<()> {
    use rdkafka::consumer::{BaseConsumer, Consumer};
    super::wait_for("Kafka", brokers, seconds, async || {
        let brokers = brokers.to_owned();
        let asked = tokio::task::spawn_blocking(move || {
            let probe: BaseConsumer =
                rdkafka::ClientConfig::new().set("bootstrap.servers", &brokers).set("log_level", "0").create()?;
            probe.fetch_metadata(None, Duration::from_secs(3)).map(|_| ())
        });
        asked.await.map_err(anyhow::Error::from)?.map_err(anyhow::Error::from)
    })
    .await
}

/// Resolves at SIGTERM or SIGINT.
pub(super) async fn terminated() {
    let terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate());
    match terminate {
        Ok(mut terminate) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
        }
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
