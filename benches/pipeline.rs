//! The whole way on this machine: a topic filled beforehand, into ClickHouse and Postgres, with the processor time of everybody who took part.
//!
//! `eval "$(deploy/stack env)"; cargo run --release -p benches --bin pipeline -- --cdrs 1000000`
//!
//! With `--clickhouse-away MINUTES` ClickHouse dies at the first batch and comes back that much later: everything has to arrive, in bounded memory.
//!
//! The ingest runs as the program `cdr-ingest` beside this one (build it first: `cargo build --release`). Time is taken from the first claim of a
//! partition to the last acknowledged row, as the ingest's own log tells it; processor time from the kernel's books of every process.

#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, ensure};
use clap::Parser;

#[derive(Parser)]
struct Options {
    /// Records.
    #[arg(long, default_value_t = 1_000_000)]
    cdrs: u64,
    /// Accounts.
    #[arg(long, default_value_t = 50_000)]
    accounts: u32,
    /// Partitions of the topic.
    #[arg(long, default_value_t = 4)]
    partitions: u32,
    /// Records of a batch.
    #[arg(long, default_value_t = 50_000)]
    batch_rows: u32,
    /// MiB of records between Kafka and COMMIT at most; default: the setting of the ingest.
    #[arg(long)]
    under_way_mib: Option<u64>,
    /// Kill ClickHouse at the first committed batch and bring it back so many minutes later (the local stack only).
    #[arg(long)]
    clickhouse_away: Option<u64>,
}

/// Kills ClickHouse, and has the stack start it again when the time is over.
fn away(minutes: u64) -> anyhow::Result<()> {
    let entries = std::fs::read_dir("/proc")?.flatten();
    let own = entries.filter(|entry| who(&entry.path()) == Some("ClickHouse")).map(|entry| entry.file_name());
    ensure!(Command::new("kill").arg("-9").args(own).status()?.success(), "ClickHouse was not killed");
    println!("ClickHouse is gone for {minutes} minutes");
    std::thread::sleep(std::time::Duration::from_mins(minutes));
    let stack = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/stack");
    ensure!(Command::new(stack).arg("up").stdout(Stdio::null()).status()?.success(), "the stack does not come up");
    println!("ClickHouse is back");
    Ok(())
}

/// Processor seconds by who used them.
fn processor_seconds() -> BTreeMap<&'static str, f64> {
    let mut sums = BTreeMap::new();
    let Ok(entries) = std::fs::read_dir("/proc") else { return sums };
    for entry in entries.flatten() {
        let Some(who) = who(&entry.path()) else { continue };
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        // utime, stime, and those of children that have ended: fields 14 to 17, counted from 1, two of them before the parenthesis.
        let ticks: u64 = (11..15).filter_map(|index| fields.get(index)?.parse::<u64>().ok()).sum();
        *sums.entry(who).or_insert(0.0) += ticks as f64 / 100.0;
    }
    sums
}

fn who(process: &Path) -> Option<&'static str> {
    let command = std::fs::read(process.join("cmdline")).ok()?;
    let command = String::from_utf8_lossy(&command).replace('\0', " ");
    let first = command.split(' ').next().unwrap_or_default();
    if command.contains("clickhouse_server") || first.contains("clickhouse") {
        Some("ClickHouse")
    } else if first.contains("postgres") || command.starts_with("postgres") {
        Some("Postgres")
    } else if first.contains("tansu") {
        Some("Kafka")
    } else {
        None
    }
}

fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let program = std::env::current_exe()?.with_file_name("cdr-ingest");
    ensure!(program.exists(), "{} is not built: cargo build --release", program.display());
    let engine =
        |name: &str| std::env::var(name).with_context(|| format!("{name} is not set: eval \"$(deploy/stack env)\""));
    let base = engine("TOLLGATE_POSTGRES")?;
    let postgres = format!("{}/tollgate_test_bench", base.rsplit_once('/').context("an address with a database")?.0);
    let (clickhouse, kafka) = (engine("TOLLGATE_CLICKHOUSE")?, engine("TOLLGATE_KAFKA")?);
    let directory = tempfile::tempdir()?;
    let expected = directory.path().join("expected.json");
    benches::operator(directory.path(), options.accounts)?;
    let topic = format!("tollgate_test_bench_{}", chrono::Utc::now().timestamp());
    let engines = ["--postgres", &postgres, "--clickhouse", &clickhouse];
    step(&program, &["migrate", "--fresh"], &engines)?;
    step(&program, &["load", &text(directory.path())], &engines[..2])?;
    let (partitions, cdrs) = (options.partitions.to_string(), options.cdrs.to_string());
    let produce = [
        "produce",
        "--topic",
        &topic,
        "--create-partitions",
        &partitions,
        "--cdrs",
        &cdrs,
        "--operator",
        &text(directory.path()),
    ];
    step(&program, &produce, &["--kafka", &kafka, "--expect", &text(&expected)])?;

    let before = processor_seconds();
    let batch_rows = options.batch_rows.to_string();
    let run =
        ["run", "--topic", &topic, "--group", &topic, "--kafka", &kafka, "--stop-at-end", "--batch-rows", &batch_rows];
    let under_way = options.under_way_mib.map(|mib| ["--under-way-mib".to_owned(), mib.to_string()]);
    let mut child = Command::new(&program)
        .args(["--log-json"])
        .args(run)
        .args(under_way.iter().flatten())
        .args(engines)
        .stderr(Stdio::piped())
        .spawn()?;
    let mut claimed = None;
    let mut delivered = Instant::now();
    let pid = PathBuf::from(format!("/proc/{}", child.id()));
    let mut ingest = (0.0, 0);
    let mut outage = options.clickhouse_away;
    let mut outages = Vec::new();
    for line in BufReader::new(child.stderr.take().context("a pipe")?).lines() {
        let line = line?;
        if line.contains("partition claimed") {
            claimed.get_or_insert_with(Instant::now);
        } else if line.contains("batch committed")
            && let Some(minutes) = outage.take()
        {
            outages.push(std::thread::spawn(move || away(minutes)));
        } else if line.contains("batch delivered") {
            delivered = Instant::now();
        }
        ingest = usage(&pid).unwrap_or(ingest);
    }
    ensure!(child.wait()?.success(), "the ingest failed");
    for outage in outages {
        outage.join().map_err(|_| anyhow::anyhow!("the outage broke off"))??;
    }
    let seconds = (delivered - claimed.context("no partition was claimed")?).as_secs_f64();
    let after = processor_seconds();

    println!("{cdrs} CDRs, {} accounts, {partitions} partitions, batches of {batch_rows}", options.accounts);
    println!(
        "{seconds:.1} s from the first claim to the last acknowledged row: {:.0} CDR/s",
        options.cdrs as f64 / seconds
    );
    println!("processor seconds: ingest {:.1} (peak memory {} MiB)", ingest.0, ingest.1);
    for (who, used) in &after {
        println!("                   {who} {:.1}", used - before.get(who).unwrap_or(&0.0));
    }
    step(&program, &["report", "--expected", &text(&expected), "--seconds", &seconds.to_string()], &engines)
}

/// Processor seconds and peak memory in MiB of a process.
fn usage(process: &Path) -> Option<(f64, u64)> {
    let stat = std::fs::read_to_string(process.join("stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit(')').next()?.split_whitespace().collect();
    let ticks: u64 = (11..13).filter_map(|index| fields.get(index)?.parse::<u64>().ok()).sum();
    let status = std::fs::read_to_string(process.join("status")).ok()?;
    let peak =
        status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?.split_whitespace().next()?.parse::<u64>().ok()?;
    Some((ticks as f64 / 100.0, peak / 1024))
}

fn text(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

fn step(program: &Path, arguments: &[&str], more: &[&str]) -> anyhow::Result<()> {
    let status = Command::new(program).args(arguments).args(more).status()?;
    ensure!(status.success(), "`cdr-ingest {}` failed", arguments[0]);
    Ok(())
}
