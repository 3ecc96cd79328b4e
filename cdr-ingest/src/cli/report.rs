//! `cdr-ingest report`: three independent results side by side.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use billing::{Clock, SystemClock, ledger, suspense};
use clickhouse::Row;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::json;

use super::Engines;
use super::books::{Books, account_codes, clickhouse_books, postgres_books};
use crate::clickhouse::ClickHouse;
use crate::generate::expectation::Expectation;

/// Compare what was expected with ClickHouse and Postgres, per account, currency and day, and print a report.
///
/// The last line is JSON. The exit status is 1 when anything differs.
#[derive(clap::Args)]
pub(super) struct Options {
    #[command(flatten)]
    engines: Engines,
    /// The expectation that `produce --expect` or `generate cdrs --expect` wrote.
    #[arg(long)]
    expected: PathBuf,
    /// Seconds that the ingest took, for the throughput.
    #[arg(long)]
    seconds: Option<f64>,
}

#[derive(Row, Deserialize)]
struct Top {
    name: String,
    calls: i64,
    minutes: i64,
    amount: String,
}

#[derive(Row, Deserialize)]
struct Counts {
    rated: i64,
    non_target: i64,
    breaches: i64,
    wholesale_missing: i64,
    emergency: i64,
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    let expected = Expectation::read_json(&options.expected)?;
    let store = options.engines.store(4)?;
    let clickhouse = options.engines.clickhouse();
    let counts = counts(&clickhouse).await?;
    let suspended = suspense::counts(&store, SystemClock.now()).await?;
    let suspended: Vec<(String, i64)> = suspended.into_iter().map(|count| (count.code, count.count)).collect();
    let duplicates: u64 = clickhouse.client().query("SELECT count() FROM duplicates").fetch_one().await?;
    println!("\n── Traffic ─────────────────────────────────────────────────────────────────────────");
    print_tops(&clickhouse).await?;
    print_locks(&clickhouse, &store, &counts).await?;
    let mut differences = Vec::new();
    print_outcomes(&expected, &counts, &suspended, duplicates, &mut differences);
    let (books_expected, books_clickhouse, books_postgres) =
        (expected_books(&expected), clickhouse_books(&clickhouse, &store).await?, postgres_books(&store).await?);
    print_reconciliation(&books_expected, &books_clickhouse, &books_postgres, &mut differences);
    for imbalance in ledger::check(&store).await? {
        differences.push(format!(
            "account {}: balance {} but the books add up to {}",
            imbalance.account, imbalance.balance, imbalance.books
        ));
    }
    check_wholesale(&expected, &clickhouse, &mut differences).await?;
    let speed = options.seconds.filter(|seconds| *seconds > 0.0).map(|seconds| expected.records as f64 / seconds);
    if let Some(speed) = speed {
        println!(
            "\n  {:.0} records in {:.1} s: {speed:.0} CDR/s, everything on this machine",
            expected.records,
            options.seconds.unwrap_or_default()
        );
    }
    if differences.is_empty() {
        println!("\n  All three agree to the nano-unit.\n");
    } else {
        println!("\n  {} DIFFERENCE(S):", differences.len());
        for difference in differences.iter().take(40) {
            println!("    {difference}");
        }
        println!();
    }
    let suspended: i64 = suspended.iter().map(|(_, count)| count).sum();
    let total = |books: &Books| books.values().sum::<Decimal>().normalize().to_string();
    let produced = counts.rated + counts.non_target + suspended + duplicates as i64;
    println!(
        "{}",
        json!({
            "produced": produced,
            "rated": counts.rated,
            "non_target": counts.non_target,
            "suspended": suspended,
            "duplicates": duplicates,
            "expected_total": total(&books_expected),
            "clickhouse_total": total(&books_clickhouse),
            "postgres_total": total(&books_postgres),
            "cdrs_per_second": speed.map(f64::round),
        })
    );
    Ok(if differences.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn counts(clickhouse: &ClickHouse) -> anyhow::Result<Counts> {
    let sql = "SELECT toInt64(sumIf(calls, outcome = 'rated')) AS rated, toInt64(sumIf(calls, outcome = 'non_target')) AS non_target,
                      toInt64(sumIf(calls, lock_breach)) AS breaches, toInt64(sumIf(calls, wholesale_missing)) AS wholesale_missing,
                      toInt64(sumIf(calls, emergency)) AS emergency FROM calls";
    Ok(clickhouse.client().query(sql).fetch_one().await?)
}

async fn print_tops(clickhouse: &ClickHouse) -> anyhow::Result<()> {
    let by = |name: &str, filter: &str, limit: u32| {
        format!(
            "SELECT {name} AS name, toInt64(sum(calls)) AS calls, toInt64(intDiv(sum(seconds), 60)) AS minutes, toString(sum(gross)) AS amount
             FROM calls WHERE outcome = 'rated' AND {filter} GROUP BY name ORDER BY calls DESC, name LIMIT {limit}"
        )
    };
    for (title, sql) in [
        (
            "destination",
            by(
                "if(destination = '', 'short codes', concat(destination, ' (', country, ')'))",
                "service IN ('outgoing', 'forwarded')",
                10,
            ),
        ),
        ("service", by("toString(service)", "1", 10)),
    ] {
        println!("  {title:<44} {:>10} {:>10} {:>18}", "calls", "minutes", "amount");
        let rows: Vec<Top> = clickhouse.client().query(&sql).fetch_all().await?;
        for row in rows {
            println!("  {:<44} {:>10} {:>10} {:>18}", row.name, row.calls, row.minutes, row.amount);
        }
        println!();
    }
    Ok(())
}

async fn print_locks(clickhouse: &ClickHouse, store: &billing::Store, counts: &Counts) -> anyhow::Result<()> {
    let sql = "SELECT concat(toString(account_id), ' ', currency) AS name, toInt64(sum(calls)) AS calls, toInt64(intDiv(sum(seconds), 60)) AS minutes,
                      toString(sum(gross)) AS amount FROM calls WHERE account_id > 0 GROUP BY account_id, currency ORDER BY sum(gross) DESC LIMIT 5";
    let rows: Vec<Top> = clickhouse.client().query(sql).fetch_all().await?;
    let codes = account_codes(store).await?;
    println!("  {:<44} {:>10} {:>10} {:>18}", "top accounts", "calls", "minutes", "amount");
    for row in rows {
        let (id, currency) = row.name.split_once(' ').unwrap_or((&row.name, ""));
        let code = id.parse().ok().and_then(|id: u64| codes.get(&id)).map_or(id, String::as_str);
        println!("  {:<44} {:>10} {:>10} {:>18}", format!("{code} ({currency})"), row.calls, row.minutes, row.amount);
    }
    let numbers: u64 =
        clickhouse.client().query("SELECT uniqExact(dst) FROM calls WHERE outcome = 'non_target'").fetch_one().await?;
    println!("\n  calls in spite of a lock {:>10}   (suspended ones apart)", counts.breaches);
    println!("  emergency calls, free    {:>10}", counts.emergency);
    println!("  no wholesale price       {:>10}", counts.wholesale_missing);
    println!("  non-target calls         {:>10}   to {numbers} numbers that nobody has", counts.non_target);
    Ok(())
}

fn print_outcomes(
    expected: &Expectation,
    counts: &Counts,
    suspended: &[(String, i64)],
    duplicates: u64,
    differences: &mut Vec<String>,
) {
    println!("\n── Outcomes (legs) ─────────────────────────────────────────────────────────────────");
    println!("  {:<26} {:>14} {:>14}", "", "expected", "found");
    let mut line = |name: &str, expected: u64, found: i64| {
        let mark = if expected as i64 == found { "" } else { "  ← differs" };
        println!("  {name:<26} {expected:>14} {found:>14}{mark}");
        if expected as i64 != found {
            differences.push(format!("{name}: expected {expected} legs, found {found}"));
        }
    };
    line("rated", expected.rated, counts.rated);
    line("non-target", expected.non_target, counts.non_target);
    line("duplicate", expected.duplicates, duplicates as i64);
    line("suspended", expected.suspended_total(), suspended.iter().map(|(_, count)| count).sum());
    let found: BTreeMap<&str, i64> = suspended.iter().map(|(code, count)| (code.as_str(), *count)).collect();
    let mut codes: BTreeMap<&str, u64> = found.keys().map(|code| (*code, 0)).collect();
    codes.extend(expected.suspended.iter().map(|(code, count)| (code.code(), *count)));
    for (code, expected) in codes {
        line(&format!("  {code}"), expected, found.get(code).copied().unwrap_or(0));
    }
}

fn expected_books(expected: &Expectation) -> Books {
    expected
        .retail
        .iter()
        .map(|(key, nanos)| {
            ((key.account.clone(), key.currency.clone(), key.day.to_string()), Decimal::from_i128_with_scale(*nanos, 9))
        })
        .collect()
}

fn print_reconciliation(expected: &Books, clickhouse: &Books, postgres: &Books, differences: &mut Vec<String>) {
    println!("\n── Money ───────────────────────────────────────────────────────────────────────────");
    println!("  {:<10} {:>22} {:>22} {:>22}", "currency", "generator's oracle", "ClickHouse", "Postgres");
    let mut currencies: Vec<&String> = [expected, clickhouse, postgres]
        .iter()
        .flat_map(|books| books.keys().map(|(_, currency, _)| currency))
        .collect();
    currencies.sort();
    currencies.dedup();
    for currency in currencies {
        let total = |books: &Books| {
            let sum: Decimal = books.iter().filter(|((_, own, _), _)| own == currency).map(|(_, amount)| amount).sum();
            sum.normalize().to_string()
        };
        println!("  {currency:<10} {:>22} {:>22} {:>22}", total(expected), total(clickhouse), total(postgres));
    }
    let mut keys: Vec<_> = expected.keys().chain(clickhouse.keys()).chain(postgres.keys()).collect();
    keys.sort();
    keys.dedup();
    for key in &keys {
        let of = |books: &Books| books.get(*key).copied().unwrap_or_default();
        let (want, fact, book) = (of(expected), of(clickhouse), of(postgres));
        if want != fact || want != book {
            differences
                .push(format!("{} {} {}: expected {want}, ClickHouse {fact}, Postgres {book}", key.0, key.1, key.2));
        }
    }
    println!("  compared: {} sums by account, currency and day", keys.len());
}

#[derive(Row, Deserialize)]
struct WholesaleRow {
    currency: String,
    amount: String,
}

async fn check_wholesale(
    expected: &Expectation,
    clickhouse: &ClickHouse,
    differences: &mut Vec<String>,
) -> anyhow::Result<()> {
    let sql = "SELECT toString(wholesale_currency) AS currency, toString(sum(wholesale_amount)) AS amount FROM calls
               GROUP BY wholesale_currency HAVING sum(wholesale_amount) != 0";
    let rows: Vec<WholesaleRow> = clickhouse.client().query(sql).fetch_all().await?;
    let mut found: BTreeMap<String, Decimal> = BTreeMap::new();
    for row in rows {
        *found.entry(row.currency).or_default() += row.amount.parse::<Decimal>()?;
    }
    for (currency, nanos) in expected.wholesale_by_currency() {
        let want = Decimal::from_i128_with_scale(nanos, 9);
        let fact = found.remove(&currency).unwrap_or_default();
        println!("  wholesale {currency}: {} expected, {} found", want.normalize(), fact.normalize());
        if want != fact {
            differences.push(format!("wholesale in {currency}: expected {want}, ClickHouse {fact}"));
        }
    }
    differences.extend(
        found.into_iter().map(|(currency, amount)| format!("wholesale in {currency}: {amount} that nobody expected")),
    );
    Ok(())
}
