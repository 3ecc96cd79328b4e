//! How long a change takes to be in force at an operator of a million accounts: from the commit of the change to the snapshot that knows it.
//!
//! `eval "$(deploy/stack env)"; cargo run --release -p benches --bin in_force` (about three minutes, most of them to load the operator)
//!
//! A lock of one account, a number that is archived, and one row imported into a full list, each by the functions that the admin API calls.

#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow};
use billing::change::Begun;
use billing::hot_path::read_snapshot;
use billing::locks::{self, NewLock, Period};
use billing::price_lists::{self, FileFacts, Mapping, Mode, Order, SheetOptions};
use billing::{Actor, Change, Clock, Store, SystemClock, numbers, staff};
use cdr_ingest::operator_dir;
use clap::Parser;
use numbering::{Digits, E164, NumberingPlan};
use rating::Snapshot;
use rating::lock::LockOrigin;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A full retail list of the operator.
const LIST: &str = "r-base-rub";
/// Each change is made so often.
const ROUNDS: u64 = 5;

#[derive(Parser)]
struct Options {
    /// Accounts of the operator.
    #[arg(long, default_value_t = 1_000_000)]
    accounts: u32,
    /// Any database of the server; its own is made beside it and dropped.
    #[arg(long, env = "TOLLGATE_POSTGRES")]
    postgres: String,
}

struct Bench {
    store: Store,
    actor: Actor,
    plan: Arc<NumberingPlan>,
    snapshot: Snapshot,
}

impl Bench {
    async fn change(&self) -> anyhow::Result<Change> {
        match Change::begin(&self.store, &SystemClock, self.actor.clone(), None).await? {
            Begun::New(change) => Ok(change),
            _ => Err(anyhow!("a change without a key is new")),
        }
    }

    /// Commits a change and follows it.
    async fn follow(&mut self, what: &str, change: Change) -> anyhow::Result<()> {
        change.commit(200, &serde_json::Value::Null).await?;
        let committed = Instant::now();
        let next = read_snapshot(&self.store, Arc::clone(&self.plan), Some(&self.snapshot)).await?;
        println!("{what}: in force after {:.0} ms, version {}", committed.elapsed().as_secs_f64() * 1e3, next.version);
        assert!(next.version > self.snapshot.version, "the change was seen");
        self.snapshot = next;
        Ok(())
    }

    async fn lock(&mut self, account: String) -> anyhow::Result<()> {
        let mut change = self.change().await?;
        let new = NewLock {
            account: Some(account),
            mask: Digits::parse(b"37255").context("digits")?,
            provider: None,
            origin: LockOrigin::Fraud,
            validity: Period { from: None, to: None },
            comment: "bench".into(),
        };
        locks::create(&mut change, &new).await?;
        self.follow("a lock of one account", change).await
    }

    async fn archive(&mut self, number: &str) -> anyhow::Result<()> {
        let mut change = self.change().await?;
        let number = E164::parse(number).context("a number")?;
        numbers::archive(&mut change, number, None, "bench").await?;
        self.follow("a number archived", change).await
    }

    async fn list(&mut self, price: u64) -> anyhow::Result<()> {
        let order = Order {
            list: LIST.into(),
            mode: Mode::Merge,
            starts_at: None,
            backdate: false,
            reference_s: 60,
            mapping: Mapping::default(),
            sheet: SheetOptions::default(),
            note: String::new(),
        };
        let bytes = format!("prefix,price,billing\n38111,{price},60/1\n").into_bytes();
        let mut change = self.change().await?;
        let now = change.now();
        let mut state = price_lists::read_list(&self.store, LIST).await?.context("the list is there")?;
        let sheet = price_lists::read_sheet(&bytes, &order.sheet).map_err(|error| anyhow!("{error:?}"))?;
        let layout = price_lists::layout(&sheet, &order.mapping).map_err(|errors| anyhow!("{errors:?}"))?;
        let valid = price_lists::validate(&mut state, &sheet, &layout, &order.mapping, now.timestamp_millis());
        let valid = valid.map_err(|faults| anyhow!("{} faults, {:?}", faults.count, faults.first.first()))?;
        let at_ms = now.timestamp_millis();
        let prepared = price_lists::compared(state, &order, &sheet, &layout, &valid, at_ms, Some(&self.snapshot))?;
        let staged = price_lists::stage(&mut change, &prepared, &order, &FileFacts::of("bench", &bytes), now).await?;
        change.commit(200, &serde_json::Value::Null).await?;
        let mut change = self.change().await?;
        price_lists::activate(&mut change, LIST, staged.id, false, "bench").await?;
        self.follow("one row of a full list", change).await
    }
}

async fn run(url: &str, accounts: u32) -> anyhow::Result<()> {
    Store::create_database(url, true).await?;
    let store = Store::open(url, 4)?;
    store.migrate().await?;
    let directory = tempfile::tempdir()?;
    benches::operator(directory.path(), accounts)?;
    let operator = operator_dir::read(directory.path())?;
    let ours: Vec<String> =
        operator.operator.rows.dids.iter().rev().map(|did| did.number.to_string()).take(100).collect();
    billing::operator::load(&store, &operator.operator, SystemClock.now(), &|_| ()).await?;
    drop(operator);
    let until = SystemClock.now() + chrono::TimeDelta::hours(1);
    let user_id = staff::add_token(&store, "bench", "admin", "bench", until).await?;
    let actor = Actor::named(user_id, "bench", "bench");
    let plan = operator_dir::world_plan();
    let started = Instant::now();
    let snapshot = read_snapshot(&store, Arc::clone(&plan), None).await?;
    println!(
        "{} accounts: the first snapshot after {:.1} s",
        snapshot.account_count(),
        started.elapsed().as_secs_f64()
    );
    let mut bench = Bench { store, actor, plan, snapshot };
    for round in 1..=ROUNDS {
        bench.lock(format!("A{:07}", round * u64::from(accounts) / (ROUNDS + 1))).await?;
    }
    let mut archived = 0;
    for number in &ours {
        // A number that is archived already cannot be again.
        if archived < ROUNDS && bench.archive(number).await.is_ok() {
            archived += 1;
        }
    }
    for round in 1..=ROUNDS {
        bench.list(round).await?;
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let base = options.postgres.rsplit_once('/').context("the address ends with a database")?.0;
    let url = format!("{base}/tollgate_test_in_force_{}", std::process::id());
    let done = run(&url, options.accounts).await;
    Store::drop_database(&url).await?;
    done
}
