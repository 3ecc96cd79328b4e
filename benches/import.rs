//! How long the import of a full price list takes: 300,000 rows over the prefixes of the numbering plan, from the bytes of a file to prices in force.
//!
//! `eval "$(deploy/stack env)"; cargo run --release -p benches --bin import`
//!
//! Three imports into a database of its own: a wholesale list (CSV, all new), a retail list (CSV, all new, held against the wholesale one), the retail
//! list again with two thirds of its prices changed (XLSX), which is taken back at the end.

#![expect(clippy::print_stdout, reason = "the figures are what the program is for")]

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, anyhow};
use benches::Random;
use billing::change::Begun;
use billing::price_lists::{self, FileFacts, Mapping, Mode, Order, SheetOptions};
use billing::{Actor, Change, Clock, Store, SystemClock, staff};
use cdr_ingest::operator_dir;
use clap::Parser;
use numbering::NumberingPlan;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
struct Options {
    /// Rows of a list.
    #[arg(long, default_value_t = 300_000)]
    rows: usize,
    /// Any database of the server; its own is made beside it and dropped.
    #[arg(long, env = "TOLLGATE_POSTGRES")]
    postgres: String,
}

/// Prefixes with a price in hundredths of a kopeck.
type Prices = Vec<(String, u64)>;

fn prices(plan: &NumberingPlan, rows: usize) -> Prices {
    let mut random = Random::new(3);
    plan.prefixes().iter().take(rows).map(|(_, prefix)| (prefix.to_string(), 100 + random.below(300) * 50)).collect()
}

fn text(price: u64) -> String {
    format!("{}.{:04}", price / 10_000, price % 10_000)
}

fn csv(prices: &Prices) -> Vec<u8> {
    let mut sheet = String::from("prefix,price,billing\n");
    for (prefix, price) in prices {
        sheet.extend([prefix, ",", &text(*price), ",60/1\n"]);
    }
    sheet.into_bytes()
}

fn xlsx(prices: &Prices) -> anyhow::Result<Vec<u8>> {
    let mut workbook = rust_xlsxwriter::Workbook::new();
    let sheet = workbook.add_worksheet();
    for (column, title) in ["Код", "Цена", "Тарификация"].into_iter().enumerate() {
        sheet.write_string(0, column as u16, title)?;
    }
    for (row, (prefix, price)) in (1u32..).zip(prices) {
        sheet.write_number(row, 0, prefix.parse::<f64>()?)?;
        sheet.write_number(row, 1, text(*price).parse::<f64>()?)?;
        sheet.write_string(row, 2, "60/1")?;
    }
    Ok(workbook.save_to_buffer()?)
}

/// An operator of two empty lists.
fn write_operator(directory: &Path) -> anyhow::Result<()> {
    for (file, text) in [
        ("entity.csv", "code,name,currency,zone\nT,Operator,RUB,Europe/Moscow\n"),
        ("providers.csv", "provider,name,trunks\nmts,MTS,mts-1\n"),
        ("lists.csv", "list,kind,provider,currency\nretail,retail,,RUB\nwholesale,wholesale,mts,RUB\n"),
        ("rates.csv", "list,prefix,price\n"),
        ("plans.csv", "plan,layer,list\nbasic,1,retail\n"),
        ("accounts.csv", "account,plan\na1,basic\n"),
        ("locks.csv", "mask,account\n"),
    ] {
        std::fs::write(directory.join(file), text)?;
    }
    Ok(())
}

struct Bench {
    store: Store,
    actor: Actor,
    plan: Arc<NumberingPlan>,
}

impl Bench {
    async fn change(&self) -> anyhow::Result<Change> {
        match Change::begin(&self.store, &SystemClock, self.actor.clone(), None).await? {
            Begun::New(change) => Ok(change),
            _ => Err(anyhow!("a change without a key is new")),
        }
    }

    /// One import to the end, each step by the clock.
    async fn import(&self, list: &str, mode: Mode, bytes: Vec<u8>) -> anyhow::Result<i64> {
        let snapshot = billing::hot_path::read_snapshot(&self.store, Arc::clone(&self.plan), None).await?;
        let size = bytes.len();
        let order = Order {
            list: list.into(),
            mode,
            starts_at: None,
            backdate: false,
            reference_s: 60,
            mapping: Mapping::default(),
            sheet: SheetOptions::default(),
            note: String::new(),
        };
        let mut change = self.change().await?;
        let now = change.now();
        let begun = Instant::now();
        let mut state = price_lists::read_list(&self.store, list).await?.context("the list is there")?;
        let held = begun.elapsed();
        let begun = Instant::now();
        let sheet = price_lists::read_sheet(&bytes, &order.sheet).map_err(|error| anyhow!("{error:?}"))?;
        let read = begun.elapsed();
        let begun = Instant::now();
        let layout = price_lists::layout(&sheet, &order.mapping).map_err(|errors| anyhow!("{errors:?}"))?;
        let valid = price_lists::validate(&mut state, &sheet, &layout, &order.mapping, now.timestamp_millis());
        let valid = valid.map_err(|faults| anyhow!("{} faults, {:?}", faults.count, faults.first.first()))?;
        let validated = begun.elapsed();
        let begun = Instant::now();
        let prepared =
            price_lists::compared(state, &order, &sheet, &layout, &valid, now.timestamp_millis(), Some(&snapshot))?;
        let compared = begun.elapsed();
        let begun = Instant::now();
        let file = FileFacts::of("bench", &bytes);
        let staged = price_lists::stage(&mut change, &prepared, &order, &file, now).await?;
        change.commit(200, &serde_json::Value::Null).await?;
        let written = begun.elapsed();
        let begun = Instant::now();
        let mut change = self.change().await?;
        let done = price_lists::activate(&mut change, list, staged.id, false, "bench").await?;
        change.commit(200, &serde_json::Value::Null).await?;
        let activated = begun.elapsed();
        let seconds = |time: std::time::Duration| time.as_secs_f64();
        println!(
            "{list}, {}, {} kB, {} rows: {:?}, losses {:?}",
            staged.summary.read_as,
            size / 1000,
            staged.summary.sheet_rows,
            staged.summary.kinds,
            staged.summary.losses
        );
        println!(
            "  read the list {:.2} s, read the file {:.2} s, validate {:.2} s, preview with losses {:.2} s, stage {:.2} s: a draft in {:.2} s; activate {:.2} s ({} rows)",
            seconds(held),
            seconds(read),
            seconds(validated),
            seconds(compared),
            seconds(written),
            seconds(held + read + validated + compared + written),
            seconds(activated),
            done.published,
        );
        Ok(staged.id)
    }
}

async fn run(url: &str, rows: usize) -> anyhow::Result<()> {
    Store::create_database(url, true).await?;
    let store = Store::open(url, 4)?;
    store.migrate().await?;
    let directory = tempfile::tempdir()?;
    write_operator(directory.path())?;
    let operator = operator_dir::read(directory.path())?;
    billing::operator::load(&store, &operator.operator, SystemClock.now(), &|_| ()).await?;
    let until = SystemClock.now() + chrono::TimeDelta::hours(1);
    let user_id = staff::add_token(&store, "bench", "admin", "bench", until).await?;
    let actor = Actor::named(user_id, "bench", "bench");
    let plan = operator_dir::world_plan();
    let mut prices = prices(&plan, rows);
    let bench = Bench { store, actor, plan };
    bench.import("wholesale", Mode::Replace, csv(&prices)).await?;
    for (_, price) in &mut prices {
        *price += *price / 2;
    }
    bench.import("retail", Mode::Replace, csv(&prices)).await?;
    for (index, (_, price)) in prices.iter_mut().enumerate() {
        *price = match index % 3 {
            0 => *price + 100,
            1 => *price * 3 / 5,
            _ => *price,
        };
    }
    let last = bench.import("retail", Mode::Merge, xlsx(&prices)?).await?;
    let begun = Instant::now();
    let mut change = bench.change().await?;
    let back = price_lists::roll_back(&mut change, "retail", last, "bench").await?;
    change.commit(200, &serde_json::Value::Null).await?;
    println!("taken back: {:.2} s ({} rows withdrawn)", begun.elapsed().as_secs_f64(), back.withdrawn);
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let options = Options::parse();
    let base = options.postgres.rsplit_once('/').context("the address ends with a database")?.0;
    let url = format!("{base}/tollgate_test_import_{}", std::process::id());
    let done = run(&url, options.rows).await;
    Store::drop_database(&url).await?;
    done
}
