//! How long an operator waits: tariff check, lock check, and a snapshot built anew, in process, with the full plan.
//!
//! `cargo run --release -p benches --bin check`

use std::sync::Arc;
use std::time::{Duration, Instant};

use benches::Random;
use cdr_ingest::operator_dir;
use numbering::Digits;
use rating::check::{self, Query};
use rating::snapshot::AccountIx;
use rating::{Service, Snapshot};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const QUERIES: usize = 20_000;

#[expect(clippy::print_stdout, reason = "the figures are what the program is for")]
fn main() -> anyhow::Result<()> {
    let directory = tempfile::tempdir()?;
    benches::operator(directory.path(), 50_000)?;
    let plan = operator_dir::world_plan();
    let operator = operator_dir::read(directory.path())?;
    let started = Instant::now();
    let snapshot = operator.snapshot(Arc::clone(&plan)).map_err(|errors| anyhow::anyhow!("{errors}"))?;
    println!(
        "snapshot of {} lists, {} rates, {} accounts: {:.2} s",
        snapshot.lists().len(),
        operator.operator.rows.rate_rows.len(),
        snapshot.account_count(),
        started.elapsed().as_secs_f64()
    );
    let numbers = benches::numbers_under_prefixes(&plan, QUERIES);
    let mut random = Random::new(7);
    let prefixes: Vec<Digits> = numbers
        .iter()
        .map(|number| {
            let text = number.to_string();
            let length = 1 + random.below(6) as usize;
            Digits::parse(&text.as_bytes()[..length]).expect("digits")
        })
        .collect();
    let at_ms = benches::until().timestamp_millis();
    let mut account = || AccountIx(random.below(snapshot.account_count() as u64) as u32);
    let accounts: Vec<AccountIx> = (0..QUERIES).map(|_| account()).collect();
    for (what, given, is_prefix) in [("a number", &numbers, false), ("a prefix of 1 to 6 digits", &prefixes, true)] {
        let queries: Vec<Query<'_>> = given
            .iter()
            .zip(&accounts)
            .map(|(number, account)| Query {
                number: *number,
                is_prefix,
                account: Some(*account),
                plan: None,
                service: Service::Outgoing,
                incoming_service: None,
                place: None,
                provider: None,
                origin: Digits::EMPTY,
                at_ms,
            })
            .collect();
        let tariff = times(&snapshot, &queries, |snapshot, query| drop(check::tariff(snapshot, query)));
        println!("tariff check of {what}: {tariff}");
        let locks = times(&snapshot, &queries, |snapshot, query| drop(check::locks(snapshot, query)));
        println!("lock check of {what}: {locks}");
    }
    Ok(())
}

fn times(snapshot: &Snapshot, queries: &[Query<'_>], ask: impl Fn(&Snapshot, &Query<'_>)) -> String {
    let mut times: Vec<Duration> = queries
        .iter()
        .map(|query| {
            let started = Instant::now();
            ask(snapshot, query);
            started.elapsed()
        })
        .collect();
    times.sort_unstable();
    let at = |per_mille: usize| times[(times.len() - 1) * per_mille / 1000].as_secs_f64() * 1e6;
    format!("p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs, longest {:.1} µs", at(500), at(990), at(999), at(1000))
}
