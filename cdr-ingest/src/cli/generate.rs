//! `cdr-ingest generate`: a demonstration operator, and call records for one.

use std::io::{BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use chrono::{DateTime, NaiveTime, Utc};

use crate::generate::expectation::Expectation;
use crate::generate::{model, operator, traffic};
use crate::operator_dir::world_plan_csv;

/// Make a demonstration operator, or call records for one. The same seed gives the same bytes.
#[derive(clap::Subcommand)]
pub(super) enum Command {
    /// Write an operator directory: price lists over the whole numbering plan, plans, accounts, numbers, locks.
    ///
    /// One account in ten is on the plan `pack`: 120 seconds a day to Russia without Moscow and 3 messages a day cost nothing, Moscow is cheaper from
    /// the 150th second of the day on. Prices of this plan are flat and counters are of a day, so that the sum of a day does not depend on the order
    /// in which its records are charged.
    Operator(OperatorOptions),
    /// Write call records of that operator's subscribers to a file or standard output, with what they must cost.
    ///
    /// Calls in three formats, messages in the canonical one, repeats, and records with something wrong.
    Cdrs(CdrOptions),
}

#[derive(clap::Args)]
pub(super) struct OperatorOptions {
    /// Directory to write.
    #[arg(long)]
    out: PathBuf,
    /// Number of accounts.
    #[arg(long, default_value_t = 50_000)]
    accounts: u32,
    /// What the random numbers start from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The moment that counts as now; default: the last midnight (UTC).
    #[arg(long)]
    until: Option<DateTime<Utc>>,
}

#[derive(clap::Args)]
pub(super) struct CdrOptions {
    /// The operator directory.
    #[arg(long)]
    operator: PathBuf,
    /// Number of records.
    #[arg(long, default_value_t = 1_000_000)]
    cdrs: u64,
    /// File to write, one record a line; nothing: standard output.
    #[arg(long)]
    out: Option<PathBuf>,
    /// File for the expectation: outcomes, and amounts per account, currency and day, by an independent oracle.
    #[arg(long)]
    expect: Option<PathBuf>,
    /// What the random numbers start from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The moment that counts as now; default: the last midnight (UTC).
    #[arg(long)]
    until: Option<DateTime<Utc>>,
    /// Days that the traffic spreads over.
    #[arg(long, default_value_t = 3)]
    days: u32,
    /// Days that calls to numbers not in work spread over.
    #[arg(long, default_value_t = 40)]
    non_target_days: u32,
}

/// The last midnight: a default that stays the same for a day.
pub(super) fn last_midnight() -> DateTime<Utc> {
    Utc::now().date_naive().and_time(NaiveTime::MIN).and_utc()
}

pub(super) fn main(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Operator(options) => write_operator(options)?,
        Command::Cdrs(options) => write_cdrs(options)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn write_operator(options: &OperatorOptions) -> anyhow::Result<()> {
    let until = options.until.unwrap_or_else(last_midnight);
    let bar = super::progress_bar(0, "operator");
    let mut progress = |done: u64, total: u64| {
        bar.set_length(total);
        bar.set_position(done);
    };
    let what = operator::OperatorOptions { seed: options.seed, accounts: options.accounts, until: until.date_naive() };
    let summary = operator::write_operator(&what, &world_plan_csv(), &options.out, &mut progress)?;
    bar.finish_and_clear();
    eprintln!(
        "{}: {} lists with {} rates, {} accounts, {} numbers, {} locks",
        options.out.display(),
        summary.lists,
        summary.rates,
        summary.accounts,
        summary.dids,
        summary.locks
    );
    Ok(())
}

fn write_cdrs(options: &CdrOptions) -> anyhow::Result<()> {
    let mut out: Box<dyn Write> = match &options.out {
        Some(path) => Box::new(std::fs::File::create(path)?),
        None => Box::new(std::io::stdout().lock()),
    };
    let mut out = BufWriter::with_capacity(1 << 20, &mut out);
    let bar = super::progress_bar(options.cdrs, "records");
    let traffic = TrafficSource {
        operator: options.operator.clone(),
        options: traffic::TrafficOptions {
            seed: options.seed,
            cdrs: options.cdrs,
            until: options.until.unwrap_or_else(last_midnight),
            days: options.days,
            non_target_days: options.non_target_days,
        },
    };
    let mut count = 0u64;
    let expectation = traffic.generate(&mut |record| {
        out.write_all(&record.payload)?;
        out.write_all(b"\n")?;
        count += 1;
        if count.is_multiple_of(4096) {
            bar.set_position(count);
        }
        Ok(())
    })?;
    out.flush()?;
    bar.finish_and_clear();
    if let Some(path) = &options.expect {
        expectation.write_json(path)?;
    }
    eprintln!("{} records, {} legs", expectation.records, expectation.legs());
    Ok(())
}

/// Records of an operator directory, generated on the fly.
pub(super) struct TrafficSource {
    pub(super) operator: PathBuf,
    pub(super) options: traffic::TrafficOptions,
}

impl TrafficSource {
    /// Generates every record into `sink`; returns what they must cost.
    pub(super) fn generate(
        &self,
        sink: &mut dyn FnMut(traffic::GeneratedRecord) -> anyhow::Result<()>,
    ) -> anyhow::Result<Expectation> {
        let operator = model::Operator::read(&self.operator)?;
        let mut pass = |record| sink(record).map_err(|error| crate::generate::error::GenerateError::Sink(error.into()));
        Ok(traffic::generate(&self.options, &operator, &world_plan_csv(), &mut pass)?)
    }
}
