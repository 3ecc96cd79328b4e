//! How long a switch waits for its answer: calls that want to begin, over HTTP, each at its moment whether or not those before it are answered.
//!
//! `eval "$(deploy/stack env)"; cargo run --release -p benches --bin authorize_load` (about two minutes)
//!
//! An operator of 50,000 accounts in Postgres with `synchronous_commit` on, the admin API in this process, 5,000 requests a second for 30 s over 256 connections;
//! the requests are those of generated records. A time is counted from the moment at which its request was due, so that one that had to wait for the connection
//! is late as well. Each connection releases its calls when it has twenty of them. With `--cdrs 10000` the ingest charges so many records a second beside it
//! (build it first: `cargo build --release`). Ends with status 1 when the 99th percentile is above the limit, or when some account has reserved more than it has.

#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use admin_api::{AppState, CallsReader, RateLimits, serve_until};
use anyhow::{Context, ensure};
use billing::{Clock, Store, SystemClock, staff};
use cdr_ingest::clickhouse::{ClickHouse, schema};
use cdr_ingest::decode::{Sources, decode};
use cdr_ingest::operator_dir;
use cdr_ingest::stages::fallback_source;
use clap::Parser;
use rating::Service;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TOKEN: &str = "bench-switch";
/// Stands where the name of a call goes.
const NAME: &str = "{call}";
/// Different requests.
const REQUESTS: u64 = 50_000;
/// Calls that a connection has under way.
const UNDER_WAY: usize = 20;
/// Seconds before the figures begin.
const WARM_UP_S: u64 = 3;

#[derive(Clone, Parser)]
struct Options {
    /// Accounts.
    #[arg(long, default_value_t = 50_000)]
    accounts: u32,
    /// Requests a second.
    #[arg(long, default_value_t = 5_000)]
    rate: u64,
    /// Seconds of asking.
    #[arg(long, default_value_t = 30)]
    seconds: u64,
    /// Connections.
    #[arg(long, default_value_t = 256)]
    connections: u64,
    /// Balance of every account: little money makes refusals.
    #[arg(long, default_value_t = 100)]
    balance: u32,
    /// Seconds talked that each call is released with; the calls under way of a connection are released in their order.
    #[arg(long, default_value_t = 0)]
    released_after: u64,
    /// Does not release calls: their records end them, or time.
    #[arg(long)]
    keep: bool,
    /// Seconds that each call asks for.
    #[arg(long, default_value_t = 600)]
    call_seconds: u32,
    /// Highest 99th percentile, in milliseconds.
    #[arg(long, default_value_t = 20)]
    within_ms: u64,
    /// Records a second that the ingest charges beside it; 0 = none.
    #[arg(long, default_value_t = 0)]
    cdrs: u64,
    /// Any database of the server; its own is made beside it and dropped.
    #[arg(long, env = "TOLLGATE_POSTGRES")]
    postgres: String,
    /// ClickHouse, for records beside.
    #[arg(long, env = "TOLLGATE_CLICKHOUSE")]
    clickhouse: Option<String>,
    /// Brokers, for records beside.
    #[arg(long, env = "TOLLGATE_KAFKA")]
    kafka: Option<String>,
}

/// The calls of generated records before they begin, as their switches would ask.
fn requests(directory: &Path, call_seconds: u32) -> anyhow::Result<Vec<Value>> {
    let snapshot = benches::snapshot(directory, operator_dir::world_plan())?;
    let (records, _) = benches::records(directory, REQUESTS)?;
    let fallback = fallback_source(&snapshot);
    let sources = Sources::new(snapshot.sources(), &fallback);
    let providers: Vec<&str> = snapshot.providers().iter().take(3).map(|provider| &*provider.code).collect();
    let mut requests = Vec::new();
    for (bytes, header, _) in &records {
        let Ok((cdr, source)) = decode(bytes, header.as_deref(), &sources) else { continue };
        if cdr.service != Service::Outgoing || source.code.is_empty() || cdr.dst.is_empty() {
            continue;
        }
        requests.push(json!({
            "source": source.code, "call_id": NAME, "account": cdr.account, "trunk": cdr.trunk_in, "src": cdr.src, "dst": cdr.dst, "providers": providers,
            "max_seconds": call_seconds,
        }));
    }
    ensure!(!requests.is_empty(), "no record is of an outgoing call");
    Ok(requests)
}

/// What a switch reads of an answer. The client has the same processors as the programs under test: it does no more than it must.
#[derive(Deserialize)]
struct Answer {
    #[serde(default)]
    allowed: bool,
    code: Option<String>,
}

/// A request as it goes over the wire, but for the name of its call.
struct Template {
    source: String,
    before: String,
    after: String,
}

impl Template {
    fn new(request: &Value) -> anyhow::Result<Self> {
        let text = request.to_string();
        let (before, after) = text.split_once(NAME).context("a request has a place for the name of its call")?;
        let source = request["source"].as_str().context("a request has a source")?;
        Ok(Self { source: source.to_owned(), before: before.to_owned(), after: after.to_owned() })
    }
}

/// One connection of a switch.
struct Line(BufReader<TcpStream>);

impl Line {
    async fn open(address: std::net::SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Status of an answer, and what it says.
    async fn ask(&mut self, what: &str, body: &str) -> anyhow::Result<(u16, Answer)> {
        let request = format!(
            "POST /switch/v1/{what} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        self.0.get_mut().write_all(request.as_bytes()).await?;
        let (mut line, mut length, mut status) = (String::new(), None, None);
        loop {
            line.clear();
            ensure!(self.0.read_line(&mut line).await? > 0, "the connection was closed");
            if status.is_none() {
                status = line.split_whitespace().nth(1).and_then(|code| code.parse().ok());
            }
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse::<usize>().ok();
            }
        }
        let mut body = vec![0; length.context("an answer has a length")?];
        self.0.read_exact(&mut body).await?;
        Ok((status.context("an answer has a status")?, serde_json::from_slice(&body)?))
    }
}

/// What a connection has seen.
#[derive(Default)]
struct Seen {
    asked: Vec<Duration>,
    /// The longest answer of each second that calls were due in.
    by_second: BTreeMap<u64, Duration>,
    released: Vec<Duration>,
    answers: BTreeMap<String, u64>,
}

/// Asks at every `connections`-th moment, from the `number`-th on.
async fn switch(
    address: std::net::SocketAddr,
    number: u64,
    (options, requests): (Options, Arc<Vec<Template>>),
    begin: Instant,
) -> anyhow::Result<Seen> {
    let mut line = Line::open(address).await?;
    let (mut seen, mut under_way) = (Seen::default(), VecDeque::new());
    let total = options.rate * (WARM_UP_S + options.seconds);
    for turn in (number..total).step_by(options.connections as usize) {
        let due = begin + Duration::from_nanos(1_000_000_000 / options.rate) * turn as u32;
        tokio::time::sleep_until(due.into()).await;
        let Template { source, before, after } = &requests[turn as usize % requests.len()];
        let call = format!("b{turn}");
        let (status, answer) = line.ask("authorize", &format!("{before}{call}{after}")).await?;
        if turn >= options.rate * WARM_UP_S {
            let waited = due.elapsed();
            seen.asked.push(waited);
            let longest = seen.by_second.entry(turn / options.rate - WARM_UP_S).or_default();
            *longest = waited.max(*longest);
            let code = answer.code.as_deref().unwrap_or("allowed");
            *seen.answers.entry(format!("{status} {code}")).or_default() += 1;
        }
        if answer.allowed && !options.keep {
            under_way.push_back((source, call));
        }
        if under_way.len() >= UNDER_WAY
            && let Some((source, call)) = under_way.pop_front()
        {
            let since = Instant::now();
            let body = format!(r#"{{"source":"{source}","call_id":"{call}","seconds":{}}}"#, options.released_after);
            line.ask("release", &body).await?;
            if turn >= options.rate * WARM_UP_S {
                seen.released.push(since.elapsed());
            }
        }
    }
    Ok(seen)
}

/// The ingest beside, and who feeds it; both are killed at the end.
struct Beside(Vec<Child>);

impl Drop for Beside {
    fn drop(&mut self) {
        for child in &mut self.0 {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn beside(options: &Options, url: &str, directory: &Path) -> anyhow::Result<Beside> {
    let program = std::env::current_exe()?.with_file_name("cdr-ingest");
    ensure!(program.exists(), "{} is not built: cargo build --release", program.display());
    let (clickhouse, kafka) = (
        options.clickhouse.as_deref().context("--clickhouse, or TOLLGATE_CLICKHOUSE")?,
        options.kafka.as_deref().context("--kafka, or TOLLGATE_KAFKA")?,
    );
    let topic = format!("tollgate_test_bench_{}", std::process::id());
    let directory = directory.to_string_lossy().into_owned();
    let (rate, cdrs) = (options.cdrs.to_string(), (options.cdrs * (WARM_UP_S + options.seconds + 30)).to_string());
    let produce = [
        "produce",
        "--topic",
        &topic,
        "--create-partitions",
        "4",
        "--operator",
        &directory,
        "--cdrs",
        &cdrs,
        "--per-second",
        &rate,
        "--kafka",
        kafka,
    ];
    let run =
        ["run", "--topic", &topic, "--group", &topic, "--kafka", kafka, "--postgres", url, "--clickhouse", clickhouse];
    let start = |arguments: &[&str]| Command::new(&program).args(arguments).stderr(Stdio::null()).spawn();
    let mut children = Beside(vec![start(&produce)?]);
    // The topic is there before somebody reads it.
    std::thread::sleep(Duration::from_secs(3));
    children.0.push(start(&run)?);
    std::thread::sleep(Duration::from_secs(10));
    Ok(children)
}

async fn fill(store: &Store, options: &Options, directory: &Path) -> anyhow::Result<()> {
    store.migrate().await?;
    benches::operator(directory, options.accounts)?;
    let operator = operator_dir::read(directory)?;
    billing::operator::load(store, &operator.operator, SystemClock.now(), &|_| ()).await?;
    let balance = options.balance;
    store
        .run_past_the_rooms(&format!(
            "UPDATE account_balance SET balance = {balance};
             INSERT INTO account_hold (account_id) SELECT id FROM account ON CONFLICT DO NOTHING;
             ANALYZE account, account_balance, account_hold, account_block, account_limit"
        ))
        .await?;
    // Files of the log that are there already are used again, as on a server that has run for a day: each new one of 16 MB stops all commits for 60 ms.
    store.run_past_the_rooms("CHECKPOINT").await?;
    let until = SystemClock.now() + chrono::TimeDelta::days(1);
    staff::add_token(store, "bench", "switch", TOKEN, until).await?;
    Ok(())
}

/// Nobody has reserved more than he has. Beside the ingest this cannot be asked: it charges calls that never asked.
async fn nothing_is_granted_twice(store: &Store) -> anyhow::Result<()> {
    let check = "DO $$ BEGIN
        IF EXISTS (SELECT FROM (SELECT account_id, sum(amount) AS held FROM hold GROUP BY account_id) h JOIN account_balance b USING (account_id)
                   JOIN account a ON a.id = h.account_id
                   WHERE NOT (a.payment_mode = 'postpaid' AND a.credit_policy = 'none')
                         AND h.held > greatest(b.balance + CASE a.credit_policy WHEN 'days' THEN a.credit_limit ELSE 0 END, 0)) THEN
            RAISE EXCEPTION 'an account has reserved more than it has';
        END IF;
    END $$";
    Ok(store.run_past_the_rooms(check).await?)
}

async fn measure(store: Store, options: &Options, requests: Vec<Value>) -> anyhow::Result<bool> {
    let state = AppState::new(store.clone(), Arc::new(SystemClock), CallsReader::open("http://127.0.0.1:1", "none"))
        .limited(RateLimits::NONE);
    state.refresh().await?;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let serving = tokio::spawn(serve_until(listener, state, std::future::pending()));
    let requests = Arc::new(requests.iter().map(Template::new).collect::<anyhow::Result<Vec<_>>>()?);
    let begin = Instant::now() + Duration::from_secs(1);
    let switches: Vec<_> = (0..options.connections)
        .map(|number| tokio::spawn(switch(address, number, (options.clone(), Arc::clone(&requests)), begin)))
        .collect();
    let mut seen = Seen::default();
    for one in switches {
        let one = one.await??;
        seen.asked.extend(one.asked);
        for (second, waited) in one.by_second {
            let longest = seen.by_second.entry(second).or_default();
            *longest = waited.max(*longest);
        }
        seen.released.extend(one.released);
        for (answer, count) in one.answers {
            *seen.answers.entry(answer).or_default() += count;
        }
    }
    serving.abort();
    if options.cdrs == 0 {
        nothing_is_granted_twice(&store).await?;
        println!("no account has reserved more than it has");
    }
    Ok(told(&mut seen, options))
}

fn told(seen: &mut Seen, options: &Options) -> bool {
    println!(
        "{:<12} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8}",
        "ms", "requests", "a second", "p50", "p95", "p99", "longest"
    );
    let mut is_within = true;
    for (what, times) in [("authorize", &mut seen.asked), ("release", &mut seen.released)] {
        times.sort_unstable();
        let at = |part: usize| {
            let index = (times.len() * part / 1_000).min(times.len().saturating_sub(1));
            times.get(index).copied().unwrap_or_default().as_secs_f64() * 1e3
        };
        let a_second = times.len() as f64 / options.seconds as f64;
        println!(
            "{what:<12} {:>9} {a_second:>8.0} {:>8.2} {:>8.2} {:>8.2} {:>8.2}",
            times.len(),
            at(500),
            at(950),
            at(990),
            at(1_000)
        );
        is_within &= what != "authorize" || at(990) <= options.within_ms as f64;
    }
    let longest = seen.by_second.values().map(|waited| waited.as_millis().to_string());
    println!("longest of each second, ms: {}", longest.collect::<Vec<_>>().join(" "));
    for (answer, count) in &seen.answers {
        println!("  {answer}: {count}");
    }
    is_within
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let (server, _) = options.postgres.rsplit_once('/').context("an address of Postgres with a database")?;
    let name = format!("tollgate_test_authorize_{}", std::process::id());
    let url = format!("{server}/{name}");
    Store::create_database(&url, true).await?;
    let store = Store::open(&url, 16)?;
    let directory = tempfile::tempdir()?;
    let clickhouse = options.clickhouse.as_deref().filter(|_| options.cdrs > 0).map(|url| ClickHouse::open(url, &name));
    let result = async {
        fill(&store, &options, directory.path()).await?;
        let requests = requests(directory.path(), options.call_seconds)?;
        println!("{} accounts, {} requests a second for {} s", options.accounts, options.rate, options.seconds);
        let mut running = None;
        if let Some(clickhouse) = &clickhouse {
            schema::migrate(clickhouse, true).await?;
            running = Some(beside(&options, &url, directory.path())?);
            println!("{} records a second beside", options.cdrs);
        }
        let measured = measure(store.clone(), &options, requests).await;
        drop(running);
        measured
    };
    let result = result.await;
    drop(store);
    if let Some(clickhouse) = &clickhouse {
        schema::drop_database(clickhouse).await?;
    }
    Store::drop_database(&url).await?;
    ensure!(result?, "the 99th percentile is above {} ms", options.within_ms);
    Ok(())
}
