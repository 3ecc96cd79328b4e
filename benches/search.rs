//! How long an operator waits for the calls of an account: the statements of the admin API over a large table of made-up charges.
//!
//! Owns: the table (a database of its own in ClickHouse, dropped at the end), the questions, the printed figures.
//! Does not own: the statements (`admin_api::CallsReader`).
//! Always: the accounts asked for differ from question to question, so that what is measured is not what the last one left in memory.

#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::time::Instant;

use admin_api::{CallsFilter, CallsReader, Numbers};
use cdr_ingest::clickhouse::{ClickHouse, schema};
use chrono::{DateTime, NaiveDate, Utc};
use clap::Parser;
use rating::Service;

const DATABASE: &str = "tollgate_test_search_bench";
/// Months that the calls are spread over.
const MONTHS: [&str; 4] = ["2026-03-01", "2026-04-01", "2026-05-01", "2026-06-01"];
/// Every twentieth call is of this account.
const LARGE: u64 = 1;
const QUESTIONS: u64 = 20;
/// Rows of one INSERT: others who ask the server wait no longer than for one.
const AT_ONCE: u64 = 500_000;

#[derive(Parser)]
struct Options {
    /// Address of ClickHouse.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE")]
    clickhouse: String,
    /// Rows of the table.
    #[arg(long, default_value_t = 20_000_000)]
    rows: u64,
    /// Accounts that share them.
    #[arg(long, default_value_t = 10_000)]
    accounts: u64,
}

/// Some of the charges of one month of `rows`, from the `first` on.
fn fill(month: &str, rows: u64, first: u64, accounts: u64) -> String {
    format!(
        "INSERT INTO calls (identity, batch_id, account_id, service, outcome, disposition, usage_day, period, started_at, answered_at, ended_at, src, dst,
             destination, duration_ms, billed_seconds, currency, gross, net, calls, seconds, cdr_id, call_id)
         SELECT sipHash128('{month}', number), 1, if(number % 20 = 0, {LARGE}, cityHash64(number) % {accounts} + 2),
                if(number % 7 = 0, 'incoming', 'outgoing'), 'rated', 'answered', toDate(at), '{month}',
                toDateTime64('{month} 00:00:00', 3, 'UTC') + toIntervalMillisecond(intDiv(number * 2500000000, {rows})) AS at, at, at + 60, '74950000001',
                concat('7495', toString(1000000 + cityHash64(number, 1) % 9000000)), 'Moscow', 60000, 60, 'RUB', 0.6, 0.5, 1, 60,
                toString(number), toString(number)
         FROM numbers({first}, {AT_ONCE})"
    )
}

fn day(text: &str) -> Option<DateTime<Utc>> {
    let day = text.parse::<NaiveDate>().ok()?;
    Some(day.and_hms_opt(0, 0, 0)?.and_utc())
}

/// Asks for many accounts, or for the large one again and again, and prints the middle and the longest time.
async fn measure(reader: &CallsReader, what: &str, accounts: u64, asked: &CallsFilter) -> anyhow::Result<()> {
    let mut spent = Vec::new();
    let mut found = 0;
    for question in 0..QUESTIONS {
        let account_id = if accounts == 1 { LARGE } else { 2 + question * (accounts / QUESTIONS) };
        let filter = CallsFilter { account_id, ..asked.clone() };
        let started = Instant::now();
        let (rows, total) = tokio::try_join!(reader.list(&filter, None, 101), reader.count(&filter))?;
        spent.push(started.elapsed().as_millis());
        found = found.max(total.max(rows.len() as u64));
    }
    spent.sort_unstable();
    println!(
        "{what}: half within {} ms, longest {} ms; up to {found} calls",
        spent[spent.len() / 2],
        spent[spent.len() - 1]
    );
    Ok(())
}

async fn run(clickhouse: &ClickHouse, reader: &CallsReader, options: &Options) -> anyhow::Result<()> {
    schema::migrate(clickhouse, true).await?;
    let started = Instant::now();
    for month in MONTHS {
        let rows = options.rows / MONTHS.len() as u64;
        for first in (0..rows).step_by(AT_ONCE as usize) {
            clickhouse.client().query(&fill(month, rows, first, options.accounts)).execute().await?;
        }
    }
    println!("{} rows written in {} s", options.rows, started.elapsed().as_secs());
    let whole = CallsFilter { account_id: 0, service: Service::Outgoing, from: None, to: None, numbers: None };
    let month = CallsFilter { from: day("2026-04-01"), to: day("2026-05-01"), ..whole.clone() };
    let dialled = CallsFilter { numbers: Some(Numbers::DialledFrom("7495123".into())), ..whole.clone() };
    for (size, accounts) in [("an account of the many", options.accounts), ("the large account", 1)] {
        for (what, filter) in [("a month", &month), ("no period", &whole), ("a dialled prefix, no period", &dialled)] {
            measure(reader, &format!("{size}, {what}"), accounts, filter).await?;
        }
        let started = Instant::now();
        let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap_or_default();
        let months =
            reader.traffic(if accounts == 1 { LARGE } else { 77 }, first, first + chrono::Months::new(24)).await?;
        println!("{size}, traffic by month: {} ms, {} lines", started.elapsed().as_millis(), months.len());
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let clickhouse = ClickHouse::open(&options.clickhouse, DATABASE);
    let reader = CallsReader::open(&options.clickhouse, DATABASE);
    let done = run(&clickhouse, &reader, &options).await;
    schema::drop_database(&clickhouse).await?;
    done
}
