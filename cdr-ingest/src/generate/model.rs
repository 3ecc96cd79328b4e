//! The oracle's own reading of an operator directory: plain structs of strings and nano-units.
//!
//! **Owns:** `Operator` and its parts. **Does not own:** checks of the directory: that it is sound is taken for granted.
//! **Always:** rows keep the order of their files. Validity is `[from, to)` in epoch milliseconds, an open bound is `i64::MIN` or `i64::MAX`.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono_tz::Tz;

use super::bands::Calendar;
use super::counted::Counters;
use super::error::GenerateError;
use super::number_rules::NumberRules;
use super::price::{Price, Rounding};
use super::rates::{read_decimals, read_rates};
use super::table::{Row, Table};
use super::terms::Terms;

/// When something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Validity {
    /// The first millisecond.
    pub from: i64,
    /// The first millisecond after it.
    pub to: i64,
}

impl Validity {
    /// Whether it holds at `moment`.
    #[must_use]
    pub fn holds(&self, moment: i64) -> bool {
        self.from <= moment && moment < self.to
    }

    pub(super) fn read(row: &Row<'_>) -> Result<Self, GenerateError> {
        Ok(Self { from: row.time("from")?.unwrap_or(i64::MIN), to: row.time("to")?.unwrap_or(i64::MAX) })
    }
}

/// A price list.
#[derive(Debug, Clone)]
pub struct List {
    /// Its code.
    pub code: String,
    /// Whose it is, when it is a wholesale list.
    pub provider: Option<String>,
    /// Its currency.
    pub currency: String,
    /// How amounts are rounded.
    pub rounding: Rounding,
    /// To how many decimals.
    pub decimals: u8,
    /// Its rows, by the first five characters of the prefix (fewer when it is shorter): only to keep a linear look-up bearable.
    pub rows: HashMap<Box<str>, Vec<Rate>>,
}

/// A row of a price list.
#[derive(Debug, Clone)]
pub struct Rate {
    /// Digits, or `short:` and a code.
    pub prefix: Box<str>,
    /// What the row is limited to; most rows are not.
    pub limits: Option<Box<Limits>>,
    /// When it holds.
    pub validity: Validity,
    /// Index of its price in `Operator::prices`.
    pub price: u32,
}

/// The qualifiers of a rate; an empty one matches all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Limits {
    /// Service of the leg.
    pub service: String,
    /// `ext.incoming_service`.
    pub incoming_service: String,
    /// Provider of the leg.
    pub provider: String,
    /// `ext.place`.
    pub place: String,
    /// Prefix of the calling number.
    pub origin: String,
}

/// A layer of a tariff plan.
#[derive(Debug, Clone)]
pub struct Layer {
    /// 1 is the uppermost.
    pub number: i64,
    /// Index of the list.
    pub list: usize,
    /// When it holds.
    pub validity: Validity,
    /// Whether the plan prices incoming legs.
    pub incoming_priced: bool,
}

/// An account.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its code.
    pub code: String,
    /// Code of its client.
    pub client: String,
    /// Its currency.
    pub currency: String,
    /// Its plans.
    pub periods: Vec<(String, Validity)>,
    /// Trunks by which its calls are recognised.
    pub trunks: Vec<String>,
}

/// A period in the history of a number.
#[derive(Debug, Clone)]
pub struct DidPeriod {
    /// Whether it is in work.
    pub in_work: bool,
    /// Index of the account, for numbers in work and reserved ones.
    pub account: Option<usize>,
    /// When.
    pub validity: Validity,
}

/// A barred prefix.
#[derive(Debug, Clone)]
pub struct Lock {
    /// Digits, or `short:` and a code.
    pub mask: String,
    /// Index of the account; `None` is a global lock.
    pub account: Option<usize>,
    /// `client`, `operator` or `fraud`.
    pub origin: String,
    /// Only through this provider.
    pub provider: Option<String>,
    /// Whether it is switched on.
    pub active: bool,
    /// When it holds.
    pub validity: Validity,
}

/// A configured feed of a switch.
#[derive(Debug, Clone)]
pub struct Source {
    /// Its code.
    pub code: String,
    /// `canonical`, `freeswitch` or `asterisk`.
    pub format: String,
    /// Zone of stamps without one.
    pub zone: Tz,
    /// `half_up`, `down` or `up`.
    pub duration_rounding: String,
    /// Whether one record tells of both legs of an on-net call.
    pub on_net_once: bool,
    /// How numbers are made international.
    pub rules: NumberRules,
}

/// All of a directory that rating needs.
#[derive(Debug)]
pub struct Operator {
    /// Price lists in the order of the file.
    pub lists: Vec<List>,
    /// Wall clocks, holidays and bands of lists.
    pub calendar: Calendar,
    /// Bundles, and volumes that prices go by.
    pub counters: Counters,
    /// Distinct prices.
    pub prices: Vec<Price>,
    /// Layers of each plan, the uppermost first.
    pub plans: BTreeMap<String, Vec<Layer>>,
    /// What clients have of their own.
    pub terms: Terms,
    /// Accounts in the order of the file.
    pub accounts: Vec<Account>,
    /// Index of each account.
    pub account_index: HashMap<String, usize>,
    /// Owners of each trunk.
    pub trunk_owners: HashMap<String, Vec<usize>>,
    /// Numbers in the order of the file.
    pub did_numbers: Vec<String>,
    /// History of each number.
    pub dids: HashMap<String, Vec<DidPeriod>>,
    /// Locks in the order of the file.
    pub locks: Vec<Lock>,
    /// Trunk to provider.
    pub provider_of_trunk: HashMap<String, String>,
    /// Sources in the order of the file.
    pub sources: Vec<Source>,
    /// `settings.csv`.
    pub settings: HashMap<String, String>,
    /// The zone of the usage day.
    pub zone: Tz,
}

impl Operator {
    /// Reads the directory `dir`.
    ///
    /// # Errors
    ///
    /// When a file is missing or a field cannot be read.
    pub fn read(dir: &Path) -> Result<Self, GenerateError> {
        let (mut lists, list_index) = read_lists(dir)?;
        let calendar = Calendar::read(dir, &list_index)?;
        let counters = Counters::read(dir, &list_index)?;
        let prices = read_rates(dir, &mut lists, &list_index, (&calendar, &counters))?;
        let plans = read_plans(dir, &list_index)?;
        let terms = Terms::read(dir)?;
        let (accounts, account_index) = read_accounts(dir, &plans, &lists)?;
        let mut trunk_owners: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, account) in accounts.iter().enumerate() {
            for trunk in &account.trunks {
                trunk_owners.entry(trunk.clone()).or_default().push(index);
            }
        }
        let (did_numbers, dids) = read_dids(dir, &account_index)?;
        let locks = read_locks(dir, &account_index)?;
        let mut settings = HashMap::new();
        Table::open(dir, "settings.csv")?.each(|row| {
            settings.insert(row.text("key").to_owned(), row.text("value").to_owned());
            Ok(())
        })?;
        let mut provider_of_trunk = HashMap::new();
        Table::open(dir, "providers.csv")?.each(|row| {
            provider_of_trunk
                .extend(row.words("trunks").into_iter().map(|trunk| (trunk, row.text("provider").to_owned())));
            Ok(())
        })?;
        let mut zone = Tz::Europe__Moscow;
        Table::open(dir, "entity.csv")?.each(|row| {
            zone = read_zone(row, "Europe/Moscow")?;
            Ok(())
        })?;
        let sources = read_sources(dir, &settings)?;
        Ok(Self {
            lists,
            calendar,
            counters,
            prices,
            plans,
            terms,
            accounts,
            account_index,
            trunk_owners,
            did_numbers,
            dids,
            locks,
            provider_of_trunk,
            sources,
            settings,
            zone,
        })
    }

    /// The period of a number at a moment.
    #[must_use]
    pub fn did_at(&self, number: &str, moment: i64) -> Option<&DidPeriod> {
        self.dids.get(number)?.iter().find(|period| period.validity.holds(moment))
    }

    /// The plan of an account at a moment.
    #[must_use]
    pub fn plan_at(&self, account: usize, moment: i64) -> Option<&str> {
        let periods = &self.accounts[account].periods;
        periods.iter().find(|(_, validity)| validity.holds(moment)).map(|(plan, _)| plan.as_str())
    }
}

fn read_zone(row: &Row<'_>, default: &'static str) -> Result<Tz, GenerateError> {
    let name = row.text("zone");
    if name.is_empty() { default } else { name }.parse().map_err(|_| row.bad("zone"))
}

fn read_lists(dir: &Path) -> Result<(Vec<List>, HashMap<String, usize>), GenerateError> {
    let (mut lists, mut index) = (Vec::new(), HashMap::new());
    Table::open(dir, "lists.csv")?.each(|row| {
        let code = row.text("list").to_owned();
        index.insert(code.clone(), lists.len());
        lists.push(List {
            code,
            provider: row.optional("provider"),
            currency: row.text("currency").to_owned(),
            rounding: Rounding::parse(row.text_or("rounding", "half_up")).ok_or_else(|| row.bad("rounding"))?,
            decimals: read_decimals(row)?.unwrap_or(4),
            rows: HashMap::new(),
        });
        Ok(())
    })?;
    Ok((lists, index))
}

/// How much of a prefix names the bucket of a list in which its row is kept.
pub const BUCKET_CHARACTERS: usize = 5;

fn read_plans(dir: &Path, list_index: &HashMap<String, usize>) -> Result<BTreeMap<String, Vec<Layer>>, GenerateError> {
    let mut plans: BTreeMap<String, Vec<Layer>> = BTreeMap::new();
    Table::open(dir, "plans.csv")?.each(|row| {
        plans.entry(row.text("plan").to_owned()).or_default().push(Layer {
            number: row.whole("layer")?.ok_or_else(|| row.bad("layer"))?,
            list: *list_index.get(row.text("list")).ok_or_else(|| row.bad("list"))?,
            validity: Validity::read(row)?,
            incoming_priced: row.text("incoming") == "priced",
        });
        Ok(())
    })?;
    for layers in plans.values_mut() {
        layers.sort_by_key(|layer| layer.number);
    }
    Ok(plans)
}

fn read_accounts(
    dir: &Path,
    plans: &BTreeMap<String, Vec<Layer>>,
    lists: &[List],
) -> Result<(Vec<Account>, HashMap<String, usize>), GenerateError> {
    let (mut accounts, mut index): (Vec<Account>, HashMap<String, usize>) = (Vec::new(), HashMap::new());
    Table::open(dir, "accounts.csv")?.each(|row| {
        let code = row.text("account").to_owned();
        let period = (row.text("plan").to_owned(), Validity::read(row)?);
        if let Some(known) = index.get(&code) {
            accounts[*known].periods.push(period);
        } else {
            index.insert(code.clone(), accounts.len());
            let first_list = plans.get(&period.0).and_then(|layers| layers.first()).map(|layer| &lists[layer.list]);
            accounts.push(Account {
                client: row.text_or("client", &code).to_owned(),
                currency: row
                    .optional("currency")
                    .or_else(|| first_list.map(|list| list.currency.clone()))
                    .ok_or_else(|| row.bad("plan"))?,
                code,
                periods: vec![period],
                trunks: row.words("trunks"),
            });
        }
        Ok(())
    })?;
    Ok((accounts, index))
}

type Dids = (Vec<String>, HashMap<String, Vec<DidPeriod>>);

fn read_dids(dir: &Path, account_index: &HashMap<String, usize>) -> Result<Dids, GenerateError> {
    let (mut numbers, mut dids): Dids = (Vec::new(), HashMap::new());
    Table::open(dir, "dids.csv")?.each(|row| {
        let number = row.text("number");
        let account = match row.text("account") {
            "" => None,
            code => Some(*account_index.get(code).ok_or_else(|| row.bad("account"))?),
        };
        let period = DidPeriod { in_work: row.text("status") == "in_work", account, validity: Validity::read(row)? };
        let history = dids.entry(number.to_owned()).or_default();
        if history.is_empty() {
            numbers.push(number.to_owned());
        }
        history.push(period);
        Ok(())
    })?;
    Ok((numbers, dids))
}

fn read_locks(dir: &Path, account_index: &HashMap<String, usize>) -> Result<Vec<Lock>, GenerateError> {
    let mut locks = Vec::new();
    Table::open(dir, "locks.csv")?.each(|row| {
        let account = match row.text("account") {
            "" => None,
            code => Some(*account_index.get(code).ok_or_else(|| row.bad("account"))?),
        };
        locks.push(Lock {
            mask: row.text("mask").to_owned(),
            account,
            origin: row.text_or("origin", "operator").to_owned(),
            provider: row.optional("provider"),
            active: row.text("active") != "false",
            validity: Validity::read(row)?,
        });
        Ok(())
    })?;
    Ok(locks)
}

fn read_sources(dir: &Path, settings: &HashMap<String, String>) -> Result<Vec<Source>, GenerateError> {
    let codes = ["numbering.emergency", "numbering.short_codes"];
    let codes: Vec<String> = codes
        .iter()
        .filter_map(|key| settings.get(*key))
        .flat_map(|codes| codes.split(' ').map(str::to_owned))
        .collect();
    let mut sources = Vec::new();
    Table::open(dir, "sources.csv")?.each(|row| {
        sources.push(Source {
            code: row.text("source").to_owned(),
            format: row.text("format").to_owned(),
            zone: read_zone(row, "UTC")?,
            duration_rounding: row.text_or("duration_rounding", "half_up").to_owned(),
            on_net_once: row.text("on_net") == "once",
            rules: NumberRules::read(row.text_or("rules", "+> >"), row.text("tech"), &codes),
        });
        Ok(())
    })?;
    Ok(sources)
}
