//! The command line.
//!
//! Owns: commands, options, what is printed, exit statuses; the only place that reads the clock and the environment.
//! Does not own: any work.
//! Always: results go to standard output, everything else to standard error; an error says what was tried, where, and what to do.

mod books;
mod check;
mod collect;
mod generate;
mod load;
mod migrate;
mod plan;
mod produce;
mod rate;
mod reconcile;
mod reconcile_switches;
mod replay;
#[expect(clippy::print_stdout, reason = "the report is what the command is for")]
mod report;
mod resend;
mod rework;
mod run;
mod views;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use tracing_subscriber::filter::{FilterExt, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::traces;

/// Tollgate's stream: call records in, charges out, exactly once in effect.
///
/// A first look without any server:
///
///   cdr-ingest generate operator --out demo --accounts 1000
///   cdr-ingest generate cdrs --operator demo --cdrs 10000 --out demo/cdrs.txt
///   cdr-ingest rate --tariffs demo demo/cdrs.txt
///   cdr-ingest check --tariffs demo 381114112060 --account A0000001 --seconds 75
///
/// The real thing: `migrate`, `load`, then `run` beside `produce` or your switches.
#[derive(Parser)]
#[command(name = "cdr-ingest", version, max_term_width = 120)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
    /// What is logged to standard error: error, warn, info, debug, or per module (`info,rdkafka=warn`).
    #[arg(long, global = true, env = "TOLLGATE_LOG", default_value = "info,sqlx=warn")]
    log: String,
    /// One JSON object a log line, for collectors.
    #[arg(long, global = true)]
    log_json: bool,
    /// Collector of OpenTelemetry traces, OTLP over HTTP: http://collector:4318. Nothing: no traces.
    #[arg(long, global = true, env = "OTEL_EXPORTER_OTLP_ENDPOINT", value_name = "URL")]
    traces: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Read records from Kafka, charge them, deliver the charges to ClickHouse.
    Run(run::Options),
    /// Rate a file of records against a directory of CSV files; no server needed.
    Rate(rate::Options),
    /// Tariff check and lock check against a directory of CSV files: is a call priced, what would it cost, and why.
    Check(check::Options),
    /// Price stored charges again and compare: amounts, rows and seconds have to be the same to the nano-unit.
    Replay(replay::Options),
    Reconcile(reconcile::Options),
    ReconcileSwitches(reconcile_switches::Options),
    Resend(resend::Options),
    Rework(rework::Options),
    /// Take records that switches post or leave as files, and send them to a topic.
    Collect(collect::Options),
    /// Send a file of records to a topic.
    Produce(produce::Options),
    /// Make a numbering plan of a registry's ranges.
    Plan(plan::Options),
    /// Make a demonstration operator, or call records for one.
    #[command(subcommand)]
    Generate(generate::Command),
    /// Create the databases and bring both schemas up to date.
    Migrate(migrate::Options),
    /// Write the data dictionary of ClickHouse as Markdown.
    Dictionary(views::DictionaryOptions),
    /// Put a new key for masked numbers in force.
    MaskKey(views::MaskKeyOptions),
    /// Load an operator directory into an empty database.
    Load(load::Options),
    /// Compare what was expected with ClickHouse and Postgres, and print a report.
    Report(report::Options),
}

/// Where the engines are.
#[derive(Args, Clone)]
struct Engines {
    /// Address of Postgres with the database: postgres://user:password@host:port/database.
    #[arg(long, env = "TOLLGATE_POSTGRES", hide_env_values = true)]
    postgres: String,
    /// Address of ClickHouse's HTTP interface: http://host:port.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE", hide_env_values = true)]
    clickhouse: String,
    /// Database in ClickHouse; default: the name of the Postgres database.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE_DATABASE")]
    clickhouse_database: Option<String>,
    /// How long to keep trying at the start when an engine is away, in seconds.
    #[arg(long, default_value_t = 60)]
    wait_seconds: u64,
}

/// The numbering plan of the process (A34).
#[derive(Args, Clone, Default)]
struct NumberingFiles {
    /// Numbering plan: CSV prefix,country,kind,name_en,name_ru, as `cdr-ingest plan` writes it; default: the world's, which the program carries.
    #[arg(long, env = "TOLLGATE_NUMBERING_PLAN")]
    numbering_plan: Option<PathBuf>,
    /// Ported numbers: CSV number,home or from,to,home, where home is a prefix of the plan. Such a number is priced as if it began so. Several files: repeat
    /// the option, or separate them by commas. Takes 10 bytes a line of numbers, 24 a range.
    #[arg(long, env = "TOLLGATE_PORTED", value_delimiter = ',')]
    ported: Vec<PathBuf>,
}

impl NumberingFiles {
    /// Makes them the plan of the process.
    fn choose(&self) -> Result<(), billing::numbering_plan::PlanError> {
        billing::numbering_plan::choose(self.numbering_plan.as_deref(), &self.ported)
    }
}

impl Engines {
    fn clickhouse(&self) -> crate::clickhouse::ClickHouse {
        let database = self.clickhouse_database.clone().unwrap_or_else(|| {
            let path = self.postgres.split('?').next().unwrap_or_default();
            path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or("tollgate").to_owned()
        });
        crate::clickhouse::ClickHouse::open(&self.clickhouse, &database)
    }

    fn store(&self, connections: u32) -> anyhow::Result<billing::Store> {
        Ok(billing::Store::open(&self.postgres, connections)?)
    }
}

/// An address without its password, for messages.
fn shown(url: &str) -> String {
    match (url.split_once("://"), url.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://{host}"),
        _ => url.to_owned(),
    }
}

/// Tries `attempt` until it succeeds or `seconds` have passed; says which engine is away, and where.
async fn wait_for<E: std::fmt::Display>(
    engine: &str,
    url: &str,
    seconds: u64,
    mut attempt: impl AsyncFnMut() -> Result<(), E>,
) -> anyhow::Result<()> {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(seconds);
    let mut said = false;
    loop {
        let error = match attempt().await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        if std::time::Instant::now() >= deadline {
            anyhow::bail!(
                "{engine} at {} does not answer (tried for {seconds} s): {error}. Is it running? `deploy/stack status` tells.",
                shown(url)
            );
        }
        if !said {
            tracing::warn!("{engine} at {} does not answer yet: {error}; trying for up to {seconds} s", shown(url));
            said = true;
        }
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    }
}

/// A file or standard input, read as one record a line. A carriage return at the end of a line is dropped, an empty line is a record.
fn read_records(input: Option<&PathBuf>) -> anyhow::Result<Box<dyn std::io::BufRead>> {
    use anyhow::Context;
    Ok(match input {
        Some(path) if path.as_os_str() != "-" => {
            let file = std::fs::File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
            Box::new(std::io::BufReader::with_capacity(1 << 20, file))
        }
        _ => Box::new(std::io::BufReader::with_capacity(1 << 20, std::io::stdin())),
    })
}

/// The next record of a file; `false` at its end.
fn next_record(reader: &mut dyn std::io::BufRead, record: &mut Vec<u8>) -> std::io::Result<bool> {
    record.clear();
    if std::io::BufRead::read_until(&mut &mut *reader, b'\n', record)? == 0 {
        return Ok(false);
    }
    if record.last() == Some(&b'\n') {
        record.pop();
        if record.last() == Some(&b'\r') {
            record.pop();
        }
    }
    Ok(true)
}

/// A bar with count, speed and time left.
fn progress_bar(total: u64, what: &'static str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::new(total);
    let template = "{msg:<24} {wide_bar} {human_pos}/{human_len}  {per_sec}  {eta}";
    if let Ok(style) = indicatif::ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    bar.set_message(what);
    bar
}

/// Runs the command line.
///
/// # Errors
/// What stands in the way, in words for the one who typed the command.
pub fn main() -> anyhow::Result<std::process::ExitCode> {
    let cli = Cli::parse();
    let filter = tracing_subscriber::EnvFilter::try_new(&cli.log)
        .map_err(|error| anyhow::anyhow!("--log `{}` is not understood: {error}", cli.log))?;
    // Dropped at the very end, outside the runtime.
    let traces = cli.traces.as_deref().map(traces::Exporter::to).transpose()?;
    let log = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false);
    let filter = filter.and(filter_fn(|metadata| !traces::is_ours(metadata)));
    let log = if cli.log_json {
        log.json().flatten_event(true).with_filter(filter).boxed()
    } else {
        log.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).with_filter(filter).boxed()
    };
    tracing_subscriber::registry().with(log).with(traces.as_ref().map(traces::Exporter::layer)).init();
    let runtime = || tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match cli.command {
        Command::Rate(options) => rate::main(&options),
        Command::Check(options) => check::main(&options),
        Command::Plan(options) => plan::main(&options),
        Command::Generate(command) => generate::main(&command),
        Command::Run(options) => runtime()?.block_on(run::main(options)),
        Command::Replay(options) => runtime()?.block_on(replay::main(options)),
        Command::Reconcile(options) => runtime()?.block_on(reconcile::main(options)),
        Command::ReconcileSwitches(options) => runtime()?.block_on(reconcile_switches::main(options)),
        Command::Resend(options) => runtime()?.block_on(resend::main(options)),
        Command::Rework(options) => runtime()?.block_on(rework::main(options)),
        Command::Collect(options) => runtime()?.block_on(collect::main(options)),
        Command::Produce(options) => runtime()?.block_on(produce::main(options)),
        Command::Migrate(options) => runtime()?.block_on(migrate::main(options)),
        Command::Dictionary(options) => runtime()?.block_on(views::dictionary(options)),
        Command::MaskKey(options) => runtime()?.block_on(views::mask_key(options)),
        Command::Load(options) => runtime()?.block_on(load::main(options)),
        Command::Report(options) => runtime()?.block_on(report::main(options)),
    }
}
