//! The snapshot at the size of a large operator: memory, building it, and changing one list of it.
//!
//! `cargo run --release -p benches --bin catalogue` (about a minute, 2 GiB while it runs)
//!
//! 40 lists over the whole plan, 1,000 plans that share two of them, each with a list of 500 overrides, 1,000,000 accounts with a number each, and beside
//! them the identities of 20,000,000 records.

use std::ops::Range;
use std::sync::Arc;
use std::time::Instant;

use anyhow::anyhow;
use benches::Random;
use billing::streams::IdentityBlob;
use cdr_ingest::operator_dir;
use cdr_ingest::stream::seen::Seen;
use chrono::DateTime;
use numbering::{E164, PrefixId};
use rating::build::{BadRow, ListContext, Lists};
use rating::list::{Qualifiers, Validity};
use rating::rate::parse_tiers;
use rating::rows::{
    AccountId, AccountPlanRow, AccountRow, ClientId, DidRow, DidStatus, LayerRow, ListId, ListRow, PlanId, PlanRow,
    ProviderId, ProviderRow, RateRow, Rows,
};
use rating::{Currency, Rate, RateParts, Rounding, Snapshot};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const FULL_LISTS: u32 = 40;
const PLANS: u32 = 1_000;
const OVERRIDES: u64 = 500;
const ACCOUNTS: u64 = 1_000_000;
const TERMS: u64 = 400;
const IDENTITIES: usize = 20_000_000;
/// Accounts that come at once.
const PORTION: usize = 20_000;

#[expect(clippy::print_stdout, reason = "the figures are what the program is for")]
fn main() -> anyhow::Result<()> {
    let plan = operator_dir::world_plan();
    let prefixes = plan.prefixes();
    let head = Rows { lists: lists(), rates: rates()?, ..Rows::empty() };
    let mut random = Random::new(3);
    let full = |list: u32, random: &mut Random| -> Vec<(RateRow, usize)> {
        prefixes.iter().map(|(id, _)| (row(list, u64::from(id.0), prefixes.prefix(id), random), 0)).collect()
    };
    let override_rows = |list: u32, random: &mut Random| -> Vec<(RateRow, usize)> {
        let mut ids: Vec<u32> = (0..OVERRIDES).map(|_| random.below(prefixes.len() as u64) as u32).collect();
        ids.sort_unstable();
        ids.dedup();
        ids.into_iter().map(|id| (row(list, u64::from(id), prefixes.prefix(PrefixId(id)), random), 0)).collect()
    };
    let context = ListContext { rates: &head.rates, bands: &[], volumes: &[] };
    let before = resident_mib();
    let started = Instant::now();
    let mut packed = Lists::new();
    for list in &head.lists {
        let rows =
            if list.id.0 <= FULL_LISTS { full(list.id.0, &mut random) } else { override_rows(list.id.0, &mut random) };
        packed.add(list, rows, context);
    }
    println!("lists packed: {:.1} s, {} MiB resident", started.elapsed().as_secs_f64(), resident_mib() - before);
    let started = Instant::now();
    let mut snapshot = Snapshot::assemble(&tariffs(&head, 1), packed, Arc::clone(&plan)).map_err(refused)?;
    for first in (1..=ACCOUNTS).step_by(PORTION) {
        let rows = parties(first..(first + PORTION as u64).min(ACCOUNTS + 1), 1);
        snapshot = snapshot.amended(&rows, &[]).map_err(refused)?;
    }
    println!("with parties: {:.1} s more, {} MiB resident", started.elapsed().as_secs_f64(), resident_mib() - before);
    let changed = full(7, &mut random);
    let started = Instant::now();
    let mut lists = Lists::after(&snapshot);
    let mut heads = head.lists.clone();
    heads[6].revision += 1;
    for list in &heads {
        if !lists.keep(&snapshot, list) {
            lists.add(list, changed.clone(), context);
        }
    }
    let packed_after = started.elapsed();
    let next = snapshot.retariffed(&tariffs(&Rows { lists: heads, ..head.clone() }, 2), lists).map_err(refused)?;
    drop(changed);
    println!(
        "one full list changed: packed {:.2} s, beside the parties {:.2} s; both snapshots {} MiB resident, peak {} MiB",
        packed_after.as_secs_f64(),
        started.elapsed().saturating_sub(packed_after).as_secs_f64(),
        resident_mib() - before,
        status_mib("VmHWM") - before,
    );
    let started = Instant::now();
    let after = next.clone().amended(&parties(500_000..500_001, 3), &[]).map_err(refused)?;
    println!(
        "one account and its number changed: {:.3} ms; three snapshots {} MiB resident",
        started.elapsed().as_secs_f64() * 1e3,
        resident_mib() - before
    );
    let (started, alone) = (Instant::now(), resident_mib());
    let seen = remembered(&mut random);
    println!(
        "{} identities taken in, one bucket of them forgotten and filled again: {:.1} s, {} MiB for them",
        seen.len(),
        started.elapsed().as_secs_f64(),
        resident_mib() - alone
    );
    let legs: Vec<[u8; 16]> = (0..1_000_000).map(|_| identity(&mut random)).collect();
    let started = Instant::now();
    let repeats = legs.iter().filter(|identity| seen.contains(identity)).count();
    println!("asked for: {:.0} ns each, {repeats} repeats", started.elapsed().as_secs_f64() * 1e9 / legs.len() as f64);
    println!("the whole process: {} MiB resident, peak {} MiB", resident_mib(), status_mib("VmHWM"));
    assert_eq!((snapshot.version, next.version, after.version), (1, 2, 3));
    assert_eq!((snapshot.account_count(), after.account_count()), (ACCOUNTS as usize, ACCOUNTS as usize));
    drop(snapshot);
    Ok(())
}

/// The identities of 20,000,000 records, as they come in batches of 50,000; a seventh more are forgotten again.
fn remembered(random: &mut Random) -> Seen {
    const HALF_DAY_MS: i64 = 12 * 3_600_000;
    const BATCH: usize = 50_000;
    let mut seen = Seen::default();
    let batches = IDENTITIES + IDENTITIES / 6;
    for (id, _) in (0..batches).step_by(BATCH).enumerate() {
        let at = id as i64 * 7 * HALF_DAY_MS / (batches / BATCH) as i64;
        let keys = (0..BATCH).flat_map(|_| identity(random)).collect();
        let newest_end = DateTime::from_timestamp_millis(at).expect("a week of 1970");
        seen.insert(&IdentityBlob { id: id as i64, newest_end, keys, removal: false }, at);
        if at >= 6 * HALF_DAY_MS {
            seen.forget(HALF_DAY_MS, i64::MAX);
        }
    }
    seen
}

fn identity(random: &mut Random) -> [u8; 16] {
    let halves = [(); 2].map(|()| random.below(u64::MAX).to_le_bytes());
    halves.concat().try_into().expect("two halves")
}

fn lists() -> Vec<ListRow> {
    (1..=FULL_LISTS + PLANS)
        .map(|id| ListRow {
            id: ListId(id),
            revision: 0,
            code: format!("list-{id}"),
            provider: (id > 2 && id <= FULL_LISTS).then_some(ProviderId(id)),
            currency: Currency::RUB,
            zone: Rows::empty().entity.zone,
            tax_included: true,
            rounding: Rounding::DEFAULT,
        })
        .collect()
}

fn rates() -> anyhow::Result<Vec<Rate>> {
    (1..=TERMS)
        .map(|price| {
            let tiers = parse_tiers(&format!("0:60@{}.{:02}/60", price / 100, price % 100));
            let tiers = tiers.ok_or_else(|| anyhow!("tiers"))?;
            Ok(Rate::new(RateParts { tiers, ..RateParts::default() })?)
        })
        .collect()
}

fn row(list: u32, id: u64, prefix: numbering::Digits, random: &mut Random) -> RateRow {
    RateRow {
        id: u64::from(list) * 1_000_000 + id,
        list: ListId(list),
        prefix,
        qualifiers: Qualifiers::default(),
        validity: Validity::ALWAYS,
        rate: random.below(TERMS) as u32,
    }
}

/// Everything but accounts and numbers.
fn tariffs(head: &Rows, version: u64) -> Rows {
    let validity = Validity::ALWAYS;
    let layer = |plan: u32, layer: u16, list: u32| LayerRow { plan: PlanId(plan), layer, list: ListId(list), validity };
    Rows {
        version,
        lists: head.lists.clone(),
        rates: head.rates.clone(),
        providers: (3..=FULL_LISTS)
            .map(|id| ProviderRow { id: ProviderId(id), code: format!("provider-{id}"), trunks: Vec::new() })
            .collect(),
        plans: (1..=PLANS)
            .map(|id| PlanRow { id: PlanId(id), code: format!("plan-{id}"), prices_incoming: false })
            .collect(),
        layers: (1..=PLANS).flat_map(|id| [layer(id, 1, FULL_LISTS + id), layer(id, 2, 1), layer(id, 3, 2)]).collect(),
        ..Rows::empty()
    }
}

/// Some accounts, each with its plan and a number.
fn parties(ids: Range<u64>, version: u64) -> Rows {
    let validity = Validity::ALWAYS;
    let account = |id: u64| AccountRow {
        id: AccountId(id),
        code: format!("A-{id:07}"),
        client: ClientId(id),
        currency: Currency::RUB,
    };
    let plan = |id: u64| PlanId((id % u64::from(PLANS)) as u32 + 1);
    let did = |id: u64| DidRow {
        number: E164::parse(&format!("7495{id:07}")).expect("eleven digits"),
        status: DidStatus::InWork,
        account: Some(AccountId(id)),
        place: None,
        validity,
    };
    Rows {
        version,
        accounts: ids.clone().map(account).collect(),
        account_plans: ids
            .clone()
            .map(|id| AccountPlanRow { account: AccountId(id), plan: plan(id), validity })
            .collect(),
        dids: ids.map(did).collect(),
        ..Rows::empty()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err gives")]
fn refused(bad: Vec<BadRow>) -> anyhow::Error {
    anyhow!("{} rows contradict others", bad.len())
}

fn resident_mib() -> u64 {
    status_mib("VmRSS")
}

/// A figure of this process as the kernel gives it, in MiB.
fn status_mib(name: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024
}
