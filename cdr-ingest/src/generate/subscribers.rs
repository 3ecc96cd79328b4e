//! Accounts, their numbers, numbers that nobody has, and locks.
//!
//! **Owns:** `accounts.csv`, `dids.csv`, `locks.csv`. **Does not own:** plans and their names (`operator`).
//! **Always:** every number has eleven digits and no gap in its history; a row repeats what holds for the account as a whole, so the
//! periods of one account never contradict each other.

use std::path::Path;

use super::error::GenerateError;
use super::list_rows::CsvFile;
use super::operator::{
    DID_AREAS, Moments, OperatorOptions, OperatorSummary, PLAN_DOLLAR, PLAN_DOMESTIC, PLAN_PACK, PLANS, TOLLFREE,
};
use super::rng::Rng;

/// Two accounts in this many share a trunk.
const SHARED_TRUNK_EVERY: u32 = 200;

pub(super) fn write(
    options: &OperatorOptions,
    moments: &Moments,
    dir: &Path,
) -> Result<OperatorSummary, GenerateError> {
    let mut rng = Rng::new(options.seed, "subscribers");
    let plans: Vec<&str> =
        (0..options.accounts).map(|_| PLANS[rng.weighted(PLANS.iter().map(|plan| plan.1))].0).collect();
    write_accounts(&plans, moments, &mut rng, dir)?;
    write_terms(&plans, moments, dir)?;
    let dids = write_dids(options, moments, &mut rng, dir)?;
    let locks = write_locks(&plans, moments, &mut rng, dir)?;
    Ok(OperatorSummary { accounts: u64::from(options.accounts), dids, locks, ..OperatorSummary::default() })
}

/// The code of the account with this number, from 1.
fn account_code(number: u32) -> String {
    format!("A{number:07}")
}

fn write_accounts(plans: &[&str], moments: &Moments, rng: &mut Rng, dir: &Path) -> Result<(), GenerateError> {
    let columns =
        ["account", "plan", "from", "to", "client", "currency", "zone", "mode", "policy", "limit", "balance", "trunks"];
    let mut file = CsvFile::create(dir, "accounts.csv", &columns)?;
    for (number, plan) in (1..).zip(plans) {
        let code = account_code(number);
        let client = client_code(number);
        // Two in five of those on the dollar plan pay in roubles, a few in euros.
        let currency = match *plan {
            PLAN_DOLLAR if number % 40 == 3 => "EUR",
            PLAN_DOLLAR => ["USD", "", "RUB", "USD", "RUB"][(number % 5) as usize],
            _ => ["", "RUB"][(number % 2) as usize],
        };
        let zone =
            ["", "Europe/Moscow", "Europe/Moscow", "Asia/Yekaterinburg", "Asia/Vladivostok"][(number % 5) as usize];
        let (mode, policy, limit) = match number % 10 {
            0..=4 => ("prepaid", "none", ""),
            5 | 6 => ("prepaid", "days", "3000"),
            7 => ("postpaid", "none", ""),
            _ => ("postpaid", "monthly", "5000"),
        };
        let balance = format!("{}.{:02}", rng.below(4_000), rng.below(100));
        let trunks = trunks(number);
        let tail = [client.as_str(), currency, zone, mode, policy, limit, &balance, &trunks];
        let mut period = |plan: &str, from: &str, to: &str| {
            let fields: Vec<&str> = [code.as_str(), plan, from, to].into_iter().chain(tail).collect();
            file.write(&fields)
        };
        match (number % 97, *plan) {
            (11, "second") => {
                period("second", "", &moments.noon)?;
                period("minute", &moments.noon, "")?;
            }
            (12, "second" | "minute") => {
                period(plan, "", &moments.midnight)?;
                period("corporate", &moments.midnight, "")?;
            }
            _ => period(plan, "", "")?,
        }
    }
    file.finish()
}

/// The code of the client of the account with this number: one client in three holds several accounts.
fn client_code(number: u32) -> String {
    format!("C{:06}", number - u32::from(number.is_multiple_of(3)))
}

/// Groups, discounts, exchange rates and taxes: each for some clients, all in force or changing inside the traffic days.
fn write_terms(plans: &[&str], moments: &Moments, dir: &Path) -> Result<(), GenerateError> {
    let yesterday = moments.yesterday().to_string();
    let mut groups = CsvFile::create(dir, "groups.csv", &["group", "client", "from", "to"])?;
    let columns = ["level", "account", "client", "group", "percent", "service", "prefix", "from", "to", "name"];
    let mut discounts = CsvFile::create(dir, "discounts.csv", &columns)?;
    let columns = ["currency", "to", "rate", "quantity", "date", "client", "group"];
    let mut rates = CsvFile::create(dir, "exchange_rates.csv", &columns)?;
    let mut taxes = CsvFile::create(dir, "client_taxes.csv", &["client", "percent", "from", "to", "reason"])?;
    for row in [
        ["USD", "RUB", "91.25", "", "2020-01-01", "", ""],
        ["USD", "RUB", "92.4375", "1", &yesterday, "", ""],
        ["EUR", "RUB", "9911", "100", "2020-01-01", "", ""],
        ["USD", "RUB", "90.5", "", &yesterday, "", "partners"],
        // Calls of the days before cannot be converted.
        ["USD", "EUR", "0.92", "", &yesterday, "", ""],
    ] {
        rates.write(&row)?;
    }
    for row in [
        ["group", "", "", "partners", "7.5", "", "", "", "", "Партнёры"],
        ["promo", "", "", "action", "20", "outgoing", "7", "", &moments.midnight, "Осенняя акция"],
        ["promo", "", "", "action", "25", "", "79", &moments.midnight, "", "Зимняя акция"],
    ] {
        discounts.write(&row)?;
    }
    for number in (1..).zip(plans).map(|(number, _)| number).filter(|number: &u32| !number.is_multiple_of(3)) {
        let client = client_code(number);
        // Where bundles cover a part of the calls, a discount on some of them would make the order of charging decide.
        let has_bundles = |of: u32| plans.get(of as usize - 1) == Some(&PLAN_PACK) && client_code(of) == client;
        if has_bundles(number) || has_bundles(number + 1) {
            continue;
        }
        match number % 19 {
            4 => groups.write(&["partners", &client, "", ""])?,
            5 => groups.write(&["partners", &client, &moments.noon, ""])?,
            6 => groups.write(&["action", &client, "", ""])?,
            7 => {
                groups.write(&["action", &client, "", &moments.noon])?;
                groups.write(&["partners", &client, "", &moments.midnight])?;
            }
            _ => {}
        }
        match number % 23 {
            1 => discounts.write(&["personal", "", &client, "", "10", "", "", "", "", "За верность"])?,
            2 => {
                discounts.write(&["personal", "", &client, "", "33.33", "", "79", "", "", ""])?;
                discounts.write(&["personal", "", &client, "", "5", "", "", &moments.midnight, "", ""])?;
            }
            6 => discounts.write(&["personal", "", &client, "", "0", "forwarded", "", "", "", "Без акций"])?,
            // Of the one account; others of the client keep what the client has.
            7 => discounts.write(&[
                "personal",
                &account_code(number),
                "",
                "",
                "12.5",
                "outgoing",
                "7",
                "",
                "",
                "Второй офис",
            ])?,
            _ => {}
        }
        match number % 13 {
            1 => rates.write(&["USD", "RUB", "80", "", "2020-01-01", &client, ""])?,
            2 => rates.write(&["USD", "RUB", "8512.5", "100", &yesterday, &client, ""])?,
            3 => taxes.write(&[&client, "10", "", &moments.midnight, "Письмо № 5"])?,
            4 => taxes.write(&[&client, "0", &moments.noon, "", "Освобождение по ст. 145 НК РФ"])?,
            _ => {}
        }
    }
    groups.finish()?;
    discounts.finish()?;
    rates.finish()?;
    taxes.finish()
}

/// One account in five has a trunk of its own, a few have two, and a few pairs have one together.
fn trunks(number: u32) -> String {
    match number % SHARED_TRUNK_EVERY {
        1 | 2 => format!("shared-{}", number / SHARED_TRUNK_EVERY),
        3 => format!("pbx-{number}-a pbx-{number}-b"),
        rest if rest % 5 == 0 => format!("pbx-{number}"),
        _ => String::new(),
    }
}

/// Gives out numbers of the areas, each once.
struct NumberBlock {
    used: Vec<u32>,
}

impl NumberBlock {
    fn next(&mut self, rng: &mut Rng) -> String {
        let area = rng.weighted(DID_AREAS.iter().map(|area| area.1));
        let local = 2_000_000 + self.used[area] * 3;
        self.used[area] += 1;
        format!("{}{local:07}", DID_AREAS[area].0)
    }
}

struct DidFile<'a> {
    file: CsvFile,
    numbers: u64,
    moments: &'a Moments,
}

impl DidFile<'_> {
    fn row(&mut self, number: &str, status: &str, account: &str, from: &str, to: &str) -> Result<(), GenerateError> {
        let provider = ["megafon", "mtt", "local", ""][usize::from(number.as_bytes().last().copied().unwrap_or(0) % 4)];
        let place = if number.starts_with("749") { "moscow" } else { "" };
        let kind = if number.ends_with("77") && number.starts_with("7812") { "fmtn" } else { "ordinary" };
        let sale = if status == "archive" && number.ends_with('3') { "forced" } else { "yes" };
        self.file.write(&[number, status, account, from, to, provider, place, kind, sale])
    }

    fn in_work(&mut self, number: &str, account: &str) -> Result<(), GenerateError> {
        self.numbers += 1;
        self.row(number, "in_work", account, "", "")
    }

    /// A number that somebody had, with what became of it.
    fn idle(&mut self, number: &str, kind: u64, former: &str, other: &str) -> Result<(), GenerateError> {
        self.numbers += 1;
        let moments = self.moments;
        let (years, long, recent) = (moments.days_back(700), moments.days_back(120), moments.days_back(21));
        match kind {
            0..=4 => {
                self.row(number, "in_work", former, &years, &long)?;
                self.row(number, "archive", "", &long, "")
            }
            5 => {
                self.row(number, "in_work", former, &years, &recent)?;
                self.row(number, "archive", "", &recent, "")
            }
            6 => {
                self.row(number, "in_work", former, "", &long)?;
                self.row(number, "archive", "", &long, &recent)?;
                self.row(number, "free", "", &recent, "")
            }
            7 => self.row(number, "free", "", "", ""),
            8 => {
                self.row(number, "free", "", "", &recent)?;
                self.row(number, "reserved", other, &recent, "")
            }
            _ => {
                self.row(number, "archive", "", "", &moments.midnight)?;
                self.row(number, "in_work", other, &moments.midnight, "")
            }
        }
    }
}

fn write_dids(options: &OperatorOptions, moments: &Moments, rng: &mut Rng, dir: &Path) -> Result<u64, GenerateError> {
    let columns = ["number", "status", "account", "from", "to", "provider", "place", "kind", "sale"];
    let mut dids = DidFile { file: CsvFile::create(dir, "dids.csv", &columns)?, numbers: 0, moments };
    let mut block = NumberBlock { used: vec![0; DID_AREAS.len()] };
    for number in 1..=options.accounts {
        let account = account_code(number);
        for _ in 0..[1, 1, 2, 2, 3][rng.index(5)] {
            dids.in_work(&block.next(rng), &account)?;
        }
    }
    let any_account =
        |rng: &mut Rng| account_code(1 + u32::try_from(rng.below(u64::from(options.accounts))).expect("below a u32"));
    let tollfree = (options.accounts / 100).clamp(20, 4_000);
    for index in 1..=tollfree {
        let number = format!("{}555{index:04}", TOLLFREE[usize::from(index % 10 == 0)]);
        let account = any_account(rng);
        match index % 20 {
            19 => dids.idle(&number, 0, &account, &account)?,
            _ => dids.in_work(&number, &account)?,
        }
    }
    for index in 0..(options.accounts / 25).clamp(200, 20_000) {
        let number = block.next(rng);
        let (former, other) = (any_account(rng), any_account(rng));
        dids.idle(&number, u64::from(index % 10), &former, &other)?;
    }
    let numbers = dids.numbers;
    dids.file.finish()?;
    Ok(numbers)
}

const LOCK_COLUMNS: [&str; 9] = ["mask", "account", "origin", "provider", "active", "from", "to", "author", "reason"];

fn write_locks(plans: &[&str], moments: &Moments, rng: &mut Rng, dir: &Path) -> Result<u64, GenerateError> {
    let mut file = CsvFile::create(dir, "locks.csv", &LOCK_COLUMNS)?;
    let (old, ended) = (moments.days_back(300), moments.days_back(60));
    let global: &[[&str; 9]] = &[
        ["37255", "", "fraud", "", "true", &old, "", "antifraud", "SMS and voice pumping"],
        ["2526", "", "fraud", "", "", &old, "", "antifraud", "Somalia, mobile"],
        ["25261", "", "operator", "", "true", &old, "", "noc", "longer than the mask above: it must not lift it"],
        ["850", "", "operator", "", "true", &old, "", "noc", "no route"],
        ["4479", "", "operator", "mtt", "true", &old, "", "noc", "bad quality through this provider"],
        ["88216123456789", "", "operator", "", "true", &old, "", "noc", "one satellite terminal"],
        ["7809", "", "client", "", "true", "", "", "legal", "paid services at the client's wish"],
        ["44", "", "fraud", "", "false", &old, "", "antifraud", "inactive"],
        ["49", "", "fraud", "", "true", &old, &ended, "antifraud", "expired"],
        ["23222", "", "fraud", "", "true", &moments.noon, "", "antifraud", "since noon"],
        ["short:0611", "", "operator", "", "false", &old, "", "noc", "inactive short code"],
    ];
    for row in global {
        file.write(row)?;
    }
    let mut rows = global.len() as u64;
    for (number, plan) in (1..).zip(plans) {
        // Accounts of the domestic plan have none: whether a locked call without a price is suspended would be a question of taste.
        if number % 100 != 7 || *plan == PLAN_DOMESTIC {
            continue;
        }
        let whole = format!("7916{}", rng.digits(7));
        let (mask, origin, provider) = match number / 100 % 7 {
            0 => ("7803", "client", ""),
            1 => ("7809", "client", ""),
            2 => (whole.as_str(), "client", ""),
            3 => ("53", "operator", ""),
            4 => ("2449", "fraud", ""),
            5 => ("86", "operator", "colt"),
            _ => ("232", "client", ""),
        };
        file.write(&[mask, &account_code(number), origin, provider, "true", &old, "", "support", "on request"])?;
        rows += 1;
    }
    file.finish()?;
    Ok(rows)
}
