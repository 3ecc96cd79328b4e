//! How fast a number is found for sale among five million, and how long the night takes in which all of them leave quarantine.
//!
//! `eval "$(deploy/stack env)"; cargo run --release -p benches --bin numbers -- search`: masks from one digit to six letters over HTTP, pages of 100 and of
//! 5,000 numbers. `.. -- release`: the nightly job with everything archived and silent.
//!
//! The numbers are made by statements of a million each, past the rooms and before the indexes. Ends with status 1 when the 95th percentile of any kind of
//! search is above its limit, or the night is longer than its own.

#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use admin_api::{AppState, CallsReader, Ran, RateLimits, run_job, serve_until};
use anyhow::{Context, bail, ensure};
use benches::{Caller, Random, TOKEN};
use billing::numbers::shelf;
use billing::{Clock, Store, SystemClock, staff};
use cdr_ingest::operator_dir;
use clap::{Parser, ValueEnum};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum What {
    /// The search for sale.
    Search,
    /// The night in which numbers leave quarantine.
    Release,
}

#[derive(Clone, Parser)]
struct Options {
    /// What is measured.
    what: What,
    /// Numbers.
    #[arg(long, default_value_t = 5_000_000)]
    numbers: u64,
    /// Callers at once, each with one connection and one request after the other.
    #[arg(long, default_value_t = 2)]
    callers: u64,
    /// Seconds of asking.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Highest 95th percentile of each kind of search, in milliseconds.
    #[arg(long, default_value_t = 100)]
    within_ms: u64,
    /// Longest night, in seconds.
    #[arg(long, default_value_t = 300)]
    night_seconds: u64,
    /// Any database of the server; its own is made beside it and dropped.
    #[arg(long, env = "TOLLGATE_POSTGRES")]
    postgres: String,
    /// Keep the database, and take the one that was kept (of the search: the night changes its own).
    #[arg(long)]
    keep: bool,
}

/// Codes of areas with their regions; the last one is of mobile numbers.
const AREAS: [(&str, &str); 5] =
    [("7495", "msk"), ("7499", "msk"), ("7812", "spb"), ("7843", "kazan"), ("7916", "msk")];

/// Indexes that no rule needs while rows are made: written once in the end, they take a third of the time.
const WITHOUT_INDEXES: &str = "
    CREATE TABLE bench_index AS
        SELECT i.indexrelid::regclass::text AS name, pg_get_indexdef(i.indexrelid) AS statement FROM pg_index i
        WHERE i.indrelid IN ('did'::regclass, 'did_period'::regclass) AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid);
    DO $$ DECLARE one record; BEGIN FOR one IN SELECT name FROM bench_index LOOP EXECUTE 'DROP INDEX ' || one.name; END LOOP; END $$";
const WITH_INDEXES: &str = "
    DO $$ DECLARE one record; BEGIN FOR one IN SELECT statement FROM bench_index LOOP EXECUTE one.statement; END LOOP; END $$;
    DROP TABLE bench_index";
/// Without the look-ups of foreign keys, where the server lets us.
const UNCHECKED: &str = "
    DO $$ BEGIN PERFORM set_config('session_replication_role', 'replica', true); EXCEPTION WHEN insufficient_privilege THEN NULL; END $$;";

/// The numbers of an area as they are in the middle of a day: some free, some in work, some in quarantine.
fn mixed((code, region): (&str, &str), numbers: u64) -> String {
    format!(
        "{UNCHECKED}
         INSERT INTO did (number, status, account_id, provider_id, region_id, class_id, kind, sale, price, archived_at, added_at)
         SELECT '{code}' || lpad((i * 7)::text, 7, '0'), status, CASE WHEN status IN ('in_work', 'reserved') THEN accounts.ids[1 + h % cardinality(accounts.ids)] END,
                CASE WHEN h % 3 > 0 THEN providers.ids[1 + h % cardinality(providers.ids)] END, r.id,
                CASE WHEN h % 20 = 0 THEN classes.ids[1 + h / 20 % cardinality(classes.ids)] END, CASE WHEN h % 500 = 1 THEN 'fmtn' ELSE 'ordinary' END,
                CASE WHEN h % 40 = 2 THEN 'no' ELSE 'yes' END, CASE WHEN h % 10 = 3 THEN 500 + h / 10 % 200 * 50 END,
                CASE WHEN status = 'archive' OR h % 2 = 0 THEN now() - (1 + h / 100 % 400) * interval '1 day' END, now() - interval '500 days'
         FROM (SELECT i, h, CASE WHEN h % 100 < 40 THEN 'free' WHEN h % 100 < 70 THEN 'in_work' WHEN h % 100 < 95 THEN 'archive' WHEN h % 100 < 99 THEN 'reserved'
                                 ELSE 'withdrawn' END AS status
               FROM (SELECT i, hashint8(i * 31 + {code}) & 2147483647 AS h FROM generate_series(0::bigint, {numbers} - 1) i) n) n,
              (SELECT id FROM number_region WHERE code = '{region}') r, (SELECT array_agg(id) AS ids FROM account) accounts,
              (SELECT array_agg(id) AS ids FROM provider) providers, (SELECT array_agg(id) AS ids FROM number_class) classes"
    )
}

/// The numbers of an area, all of them in quarantine for longer than any term, with the period that the night ends.
fn archived((code, region): (&str, &str), numbers: u64) -> String {
    format!(
        "{UNCHECKED}
         WITH made AS (
             INSERT INTO did (number, status, region_id, kind, sale, archived_at, added_at)
             SELECT '{code}' || lpad((i * 7)::text, 7, '0'), 'archive', r.id, 'ordinary', 'yes', now() - interval '200 days', now() - interval '500 days'
             FROM generate_series(0::bigint, {numbers} - 1) i, (SELECT id FROM number_region WHERE code = '{region}') r RETURNING id, archived_at)
         INSERT INTO did_period (did_id, status, valid_from) SELECT id, 'archive', archived_at FROM made"
    )
}

/// Who called: of every eighth number that nobody has the last call, so many days ago.
fn calls(days: &str) -> String {
    format!(
        "INSERT INTO non_target_last (did_number, day)
         SELECT number, current_date - {days} FROM did WHERE status IN ('free', 'archive') AND hashint8(id) & 7 = 0"
    )
}

/// Numbers that came with the operator would stand in the way of those that are made.
const REGIONS: &str = "DELETE FROM did_period; DELETE FROM did;
    INSERT INTO number_region (code, name, created_at, created_by)
    VALUES ('msk', 'Москва', now(), 'bench'), ('spb', 'Санкт-Петербург', now(), 'bench'), ('kazan', 'Казань', now(), 'bench');
    UPDATE number_class SET price = 500 * (5 - place)";
/// Statistics of each day up to yesterday in the billing zone.
const COLLECTED: &str = "INSERT INTO non_target_run (day, collected_at)
    SELECT day::date, now() FROM generate_series(current_date - 400, (now() AT TIME ZONE 'Europe/Moscow')::date - 1, interval '1 day') day";

async fn fill(store: &Store, options: &Options) -> anyhow::Result<()> {
    store.migrate().await?;
    let directory = tempfile::tempdir()?;
    benches::operator(directory.path(), 100)?;
    let operator = operator_dir::read(directory.path())?;
    billing::operator::load(store, &operator.operator, SystemClock.now(), &|_| ()).await?;
    let of_area = options.numbers / AREAS.len() as u64;
    let mut steps = vec![("regions".to_owned(), REGIONS.to_owned()), ("statistics".to_owned(), COLLECTED.to_owned())];
    steps.push(("indexes put aside".to_owned(), WITHOUT_INDEXES.to_owned()));
    for area in AREAS {
        let sql = if options.what == What::Search { mixed(area, of_area) } else { archived(area, of_area) };
        steps.push((format!("{of_area} numbers of {}", area.0), sql));
    }
    let days = if options.what == What::Search {
        "(1 + (hashint8(id) >> 3 & 127) % 90)"
    } else {
        "(70 + (hashint8(id) >> 3 & 63))"
    };
    steps.push(("last calls".to_owned(), calls(days)));
    steps.push(("indexes".to_owned(), WITH_INDEXES.to_owned()));
    steps.push(("statistics of tables".to_owned(), "VACUUM ANALYZE did, did_period, non_target_last".to_owned()));
    let all = steps.len();
    for (step, (what, sql)) in (1..).zip(steps) {
        let begun = Instant::now();
        store.run_past_the_rooms(&sql).await.with_context(|| what.clone())?;
        println!("{step}/{all} {what}: {:.0} s", begun.elapsed().as_secs_f64());
    }
    staff::add_token(store, "bench", "admin", TOKEN, SystemClock.now() + chrono::TimeDelta::days(1)).await?;
    Ok(())
}

/// A kind of search: its name, and its words with digits of its own each time.
type Kind = (&'static str, fn(&mut Random) -> String);

const KINDS: [Kind; 11] = [
    ("%5%: one digit", |random| format!("number=%{}%&offer=green", random.below(10))),
    ("%555%: three equal digits", |random| format!("number=%{}%&offer=green", equal(random, 3))),
    ("%5555%: four equal digits", |random| format!("number=%{}%&offer=green", equal(random, 4))),
    ("%12345%: five digits, a dozen numbers", |random| format!("number=%{:05}%&offer=green", random.below(100_000))),
    ("1234567: one number or none", |random| format!("number=????{:07}&offer=green", random.below(10_000_000))),
    ("AABB at the end", |_| "number=AABB&offer=green".to_owned()),
    ("AABBCC at the end", |_| "number=AABBCC&offer=green".to_owned()),
    ("%ABCABC% anywhere", |_| "number=%ABCABC%&offer=green".to_owned()),
    ("7812%00, of the north", |random| format!("number=%2B7812%{}&offer=green&region=spb", equal(random, 2))),
    ("gold of Moscow, the cheapest first", |_| "class=gold&region=msk&offer=green&sort=price".to_owned()),
    ("%777% with calls", |random| format!("number=%{}%&offer=has_calls,insufficient_data", equal(random, 3))),
];
const LIMITS: [u64; 2] = [100, 5_000];

fn equal(random: &mut Random, count: usize) -> String {
    random.below(10).to_string().repeat(count)
}

/// The path of a search; what is written as `%2B` is a plus already.
fn path(query: &str, limit: u64) -> String {
    let query = query.replace("%2B", "+").replace('%', "%25").replace('+', "%2B");
    format!("/v1/numbers-for-sale?{query}&limit={limit}")
}

async fn ask(address: SocketAddr, seed: u64, until: Instant) -> anyhow::Result<Vec<(usize, Duration)>> {
    let mut random = Random::new(seed);
    let mut caller = Caller::connect(address).await?;
    let mut taken = Vec::new();
    while Instant::now() < until {
        let kind = random.below((KINDS.len() * LIMITS.len()) as u64) as usize;
        let path = path(&KINDS[kind / LIMITS.len()].1(&mut random), LIMITS[kind % LIMITS.len()]);
        let begun = Instant::now();
        caller.get(&path).await?;
        taken.push((kind, begun.elapsed()));
    }
    Ok(taken)
}

fn state(store: &Store) -> AppState {
    AppState::new(store.clone(), Arc::new(SystemClock), CallsReader::open("http://127.0.0.1:1", "none"))
        .limited(RateLimits::NONE)
}

/// Megabytes of memory that this program has in use now.
fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or_default() / 1024
}

async fn search(store: Store, options: &Options) -> anyhow::Result<bool> {
    let state = state(&store);
    state.refresh().await?;
    let (before, begun) = (resident_mb(), Instant::now());
    let numbers = state.refresh_shelf().await?;
    let mb = resident_mb().saturating_sub(before);
    println!("{numbers} numbers in memory after {:.1} s, {mb} MB more than before", begun.elapsed().as_secs_f64());
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(serve_until(listener, state, std::future::pending()));
    println!("{} callers ask for {} s", options.callers, options.seconds);
    let until = Instant::now() + Duration::from_secs(options.seconds);
    let callers: Vec<_> = (1..=options.callers).map(|seed| tokio::spawn(ask(address, seed, until))).collect();
    let mut taken = Vec::new();
    for caller in callers {
        taken.extend(caller.await??);
    }
    serving.abort();
    Ok(told(&taken, options))
}

fn told(taken: &[(usize, Duration)], options: &Options) -> bool {
    println!("{:<42} {:>5} {:>8} {:>8} {:>8} {:>8}", "ms", "limit", "requests", "p50", "p95", "p99");
    let mut is_within = true;
    for kind in 0..KINDS.len() * LIMITS.len() {
        let own = taken.iter().filter(|(of, _)| *of == kind);
        let mut times: Vec<f64> = own.map(|(_, time)| time.as_secs_f64() * 1e3).collect();
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times.get((times.len() * part / 100).min(times.len().saturating_sub(1))).copied();
        let (name, limit) = (KINDS[kind / LIMITS.len()].0, LIMITS[kind % LIMITS.len()]);
        let mut line = format!("{name:<42} {limit:>5} {:>8}", times.len());
        for part in [50, 95, 99] {
            let _ = write!(line, " {:>8.1}", at(part).unwrap_or(f64::NAN));
        }
        println!("{line}");
        // What was never asked is no figure.
        is_within &= at(95).is_some_and(|time| time <= options.within_ms as f64);
    }
    println!("{} requests, {:.0} a second", taken.len(), taken.len() as f64 / options.seconds as f64);
    is_within
}

/// Looks for changes beside the night, as the search does: that tells how far it is.
async fn watch(store: Store, begun: Instant) -> anyhow::Result<()> {
    let mut numbers = shelf::load(&store).await?;
    let mut freed = 0;
    loop {
        tokio::time::sleep(Duration::from_secs(10)).await;
        freed += shelf::refresh(&mut numbers, &store).await?;
        println!("{:>4.0} s: {freed} of {} are free", begun.elapsed().as_secs_f64(), numbers.len());
    }
}

async fn release(store: Store, options: &Options) -> anyhow::Result<bool> {
    let state = state(&store);
    let today = SystemClock
        .now()
        .with_timezone(&billing::settings::Settings::read(&store).await?.zone("billing.zone")?)
        .date_naive();
    let begun = Instant::now();
    let watching = tokio::spawn(watch(store.clone(), begun));
    let ran = run_job(&state, "did_release", today).await?;
    let night = begun.elapsed();
    if watching.is_finished() {
        watching.await??;
    } else {
        watching.abort();
    }
    let Ran::Now(run) = ran else { bail!("the job ran elsewhere or before") };
    ensure!(run.is_done(), "the job failed: {}", run.error);
    let freed = run.counts.as_ref().and_then(|counts| counts["freed"].as_u64()).unwrap_or_default();
    let made = options.numbers / AREAS.len() as u64 * AREAS.len() as u64;
    println!(
        "{freed} numbers left quarantine in {:.0} s, {:.0} a second",
        night.as_secs_f64(),
        freed as f64 / night.as_secs_f64()
    );
    ensure!(freed == made, "{made} numbers were silent, {freed} left");
    Ok(night <= Duration::from_secs(options.night_seconds))
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    ensure!((5..=5_000_000).contains(&options.numbers), "5 to 5,000,000 numbers fit into five areas");
    let (server, _) = options.postgres.rsplit_once('/').context("an address of Postgres with a database")?;
    let is_search = options.what == What::Search;
    let url = format!("{server}/tollgate_test_numbers_{}", if is_search { "search" } else { "release" });
    let keep = options.keep && is_search;
    let found = keep && Store::open(&url, 1)?.ping().await.is_ok();
    if !found {
        Store::create_database(&url, true).await?;
    }
    let store = Store::open(&url, 16)?;
    let result = async {
        if !found {
            fill(&store, &options).await?;
        }
        if is_search { search(store.clone(), &options).await } else { release(store.clone(), &options).await }
    };
    let result = result.await;
    drop(store);
    if !keep {
        Store::drop_database(&url).await?;
    }
    let limit = if is_search {
        format!("the 95th percentile of some kind of search is above {} ms", options.within_ms)
    } else {
        format!("the night is longer than {} s", options.night_seconds)
    };
    ensure!(result?, "{limit}");
    Ok(())
}
