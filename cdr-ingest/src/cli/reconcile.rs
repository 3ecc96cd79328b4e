//! `cdr-ingest reconcile`: both books against each other.

use std::collections::BTreeMap;
use std::process::ExitCode;

use billing::{Clock, SystemClock, ledger, numbers, streams, suspense};
use clickhouse::Row;
use serde::Deserialize;
use serde_json::json;

use super::Engines;
use super::books::{clickhouse_books, postgres_books};
use crate::clickhouse::ClickHouse;

/// Hold Postgres and ClickHouse against each other: money by account, currency and day, what waits in suspense by code, calls to numbers not in work by
/// number and day, each charge counted once; and re-add the books of Postgres.
///
/// Run it while nothing is being charged: rows under way are a difference. The last line is JSON. The exit status is 1 when anything differs.
///
///   cdr-ingest reconcile
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    engines: Engines,
}

#[derive(Row, Deserialize)]
struct Counted {
    name: String,
    count: i64,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    let store = options.engines.store(4)?;
    let clickhouse = options.engines.clickhouse();
    let mut differences = Vec::new();
    let waiting = streams::outbox_bytes(&store).await?;
    if waiting > 0 {
        differences.push(format!("{waiting} bytes wait for ClickHouse: it does not have everything yet"));
    }
    let (facts, books) = (clickhouse_books(&clickhouse, &store).await?, postgres_books(&store).await?);
    let mut keys: Vec<_> = facts.keys().chain(books.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in &keys {
        let (fact, book) = (facts.get(*key).copied().unwrap_or_default(), books.get(*key).copied().unwrap_or_default());
        if fact != book {
            differences.push(format!("{} {} {}: ClickHouse {fact}, Postgres {book}", key.0, key.1, key.2));
        }
    }
    let open = suspense::counts(&store, SystemClock.now()).await?;
    let open = open.into_iter().map(|count| (count.code, count.count)).collect();
    let suspended =
        "SELECT toString(code) AS name, toInt64(sum(sign)) AS count FROM suspended GROUP BY code HAVING count != 0";
    compare("in suspense with", counted(&clickhouse, suspended).await?, open, &mut differences);
    let non_target = "SELECT concat(dst, ' on ', toString(usage_day)) AS name, toInt64(sum(calls)) AS count FROM calls
                      WHERE outcome = 'non_target' GROUP BY dst, usage_day HAVING count != 0";
    let calls = numbers::non_target_calls(&store).await?;
    let calls = calls.into_iter().map(|(did, day, calls)| (format!("{did} on {day}"), calls)).collect();
    compare("calls to", counted(&clickhouse, non_target).await?, calls, &mut differences);
    let twice = "SELECT hex(identity) AS name, toInt64(sum(calls)) AS count FROM calls GROUP BY identity HAVING count NOT IN (0, 1) LIMIT 100";
    for row in counted(&clickhouse, twice).await? {
        differences.push(format!("charge {} counts {} times", row.0, row.1));
    }
    for imbalance in ledger::check(&store).await? {
        differences.push(format!(
            "account {}: balance {} but the books add up to {}",
            imbalance.account, imbalance.balance, imbalance.books
        ));
    }
    print(keys.len(), &differences);
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

#[expect(clippy::print_stdout, reason = "the comparison is what the command is for")]
fn print(sums: usize, differences: &[String]) {
    for difference in differences.iter().take(40) {
        println!("  {difference}");
    }
    println!("  {sums} sums by account, currency and day compared, {} difference(s)", differences.len());
    println!("{}", json!({"sums": sums, "differences": differences.len()}));
}

async fn counted(clickhouse: &ClickHouse, sql: &str) -> anyhow::Result<BTreeMap<String, i64>> {
    let rows: Vec<Counted> = clickhouse.client().query(sql).fetch_all().await?;
    Ok(rows.into_iter().map(|row| (row.name, row.count)).collect())
}

fn compare(what: &str, facts: BTreeMap<String, i64>, books: BTreeMap<String, i64>, differences: &mut Vec<String>) {
    let names: std::collections::BTreeSet<&String> = facts.keys().chain(books.keys()).collect();
    for name in names {
        let of = |counts: &BTreeMap<String, i64>| counts.get(name).copied().unwrap_or(0);
        let (fact, book) = (of(&facts), of(&books));
        if fact != book {
            differences.push(format!("{what} {name}: ClickHouse {fact}, Postgres {book}"));
        }
    }
}
