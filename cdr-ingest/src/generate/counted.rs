//! What is not priced call by call: units that a bundle includes, and prices that go by the volume of a day.
//!
//! **Owns:** the oracle's own reading of bundles and volumes, the units of each account and day, what a day of them costs.
//! **Does not own:** which leg is counted (`oracle`), the sums (`expectation`). **Always:** what a single call costs depends on what was charged before
//! it, and that order is not fixed; what a day costs must not. Where it would, the oracle says so instead of a sum: periods other than a day, kept
//! units, prices that are not flat, terms of the client's own, a destination with two counters.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::Path;

use chrono::NaiveDate;

use super::error::GenerateError;
use super::model::{Operator, Validity};
use super::number_rules::fits;
use super::oracle::RetailAmount;
use super::table::{Row, Table};

/// A counter, by its line in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counter {
    /// Of `bundles.csv`.
    Bundle(usize),
    /// Of `volumes.csv`.
    Volume(usize),
}

/// Units of one leg, to be priced when the day is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Index of the account.
    pub account: usize,
    /// Usage day.
    pub day: NaiveDate,
    /// What counts them.
    pub counter: Counter,
    /// Seconds or pieces, above 0.
    pub units: i64,
    /// Index of the list.
    pub list: usize,
    /// Index of the price.
    pub price: u32,
    /// Whether the account pays the price of the list as it is.
    pub is_plain: bool,
}

#[derive(Debug)]
struct Bundle {
    plan: String,
    units: i64,
    services: Vec<String>,
    /// Empty: any destination.
    prefixes: Vec<String>,
    validity: Validity,
}

impl Bundle {
    fn covers(&self, plan: &str, service: &str, (key, moment): (&str, i64)) -> bool {
        let reaches = || self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| fits(prefix, key));
        self.plan == plan
            && self.services.iter().any(|covered| covered == service)
            && self.validity.holds(moment)
            && reaches()
    }
}

/// The services of a bundle that names none.
const CALLS: [&str; 5] = ["outgoing", "incoming", "tollfree", "forwarded", "internal"];

/// Everything that counts.
#[derive(Debug, Default)]
pub struct Counters {
    bundles: Vec<Bundle>,
    /// List and code.
    volumes: Vec<(usize, String)>,
}

impl Counters {
    /// Reads the files that are there.
    pub(super) fn read(dir: &Path, list_index: &HashMap<String, usize>) -> Result<Self, GenerateError> {
        let mut counters = Self::default();
        let table = |name: &str| dir.join(name).exists().then(|| Table::open(dir, name)).transpose();
        if let Some(table) = table("volumes.csv")? {
            table.each(|row| {
                by_the_day(row)?;
                let list = *list_index.get(row.text("list")).ok_or_else(|| row.bad("list"))?;
                counters.volumes.push((list, row.text("volume").to_owned()));
                Ok(())
            })?;
        }
        let mut groups: HashMap<String, Vec<String>> = HashMap::new();
        if let Some(table) = table("destination_groups.csv")? {
            table.each(|row| {
                groups.entry(row.text("group").to_owned()).or_default().push(row.text("prefix").to_owned());
                Ok(())
            })?;
        }
        if let Some(table) = table("bundles.csv")? {
            table.each(|row| {
                counters.add_bundle(row, &groups)?;
                Ok(())
            })?;
        }
        Ok(counters)
    }

    fn add_bundle(&mut self, row: &Row<'_>, groups: &HashMap<String, Vec<String>>) -> Result<(), GenerateError> {
        by_the_day(row)?;
        if !["", "0"].contains(&row.text("keep")) {
            return Err(row.beyond("keep"));
        }
        let mut services = row.words("services");
        if services.is_empty() {
            services = CALLS.map(str::to_owned).to_vec();
        }
        let plan = row.text("plan").to_owned();
        let of_plan = self.bundles.iter().filter(|other| other.plan == plan);
        if of_plan.flat_map(|other| &other.services).any(|service| services.contains(service)) {
            return Err(row.beyond("services"));
        }
        let prefixes = match row.text("destinations") {
            "" => Vec::new(),
            group => groups.get(group).ok_or_else(|| row.bad("destinations"))?.clone(),
        };
        let units = row.whole("units")?.ok_or_else(|| row.bad("units"))?;
        self.bundles.push(Bundle { plan, units, services, prefixes, validity: Validity::read(row)? });
        Ok(())
    }

    /// The index of a volume.
    pub(super) fn volume(&self, list: usize, code: &str) -> Option<usize> {
        self.volumes.iter().position(|(of, name)| *of == list && name == code)
    }

    /// What counts a leg to a number at a moment; `volume` is that of its price. A bundle comes first.
    pub(super) fn of_leg(
        &self,
        plan: &str,
        service: &str,
        target: (&str, i64),
        volume: Option<usize>,
    ) -> Option<Counter> {
        let bundle = self.bundles.iter().position(|bundle| bundle.covers(plan, service, target));
        bundle.map(Counter::Bundle).or(volume.map(Counter::Volume))
    }

    /// Nano-units for one unit from each standing of the day on.
    fn schedule(&self, operator: &Operator, counter: Counter, (list, price): (usize, u32)) -> Option<Vec<(i64, i128)>> {
        let price = &operator.prices[price as usize];
        let by_unit = price.by_unit(operator.lists[list].decimals)?;
        match (counter, by_unit.as_slice()) {
            (Counter::Volume(_), _) => Some(by_unit),
            (Counter::Bundle(index), [(_, unit)]) if price.volume.is_none() => {
                Some(vec![(0, 0), (self.bundles[index].units, *unit)])
            }
            _ => None,
        }
    }
}

fn by_the_day(row: &Row<'_>) -> Result<(), GenerateError> {
    if row.text("period") == "day" { Ok(()) } else { Err(row.beyond("period")) }
}

#[derive(Debug, Default)]
struct Day {
    units: i64,
    /// Lists and prices of its legs.
    prices: BTreeSet<(usize, u32)>,
    is_adjusted: bool,
}

/// The counted units of every account and day.
#[derive(Debug, Default)]
pub(super) struct Days {
    days: BTreeMap<(usize, NaiveDate, Counter), Day>,
}

impl Days {
    pub(super) fn add(&mut self, counted: &Counted) {
        let day = self.days.entry((counted.account, counted.day, counted.counter)).or_default();
        day.units += counted.units;
        day.prices.insert((counted.list, counted.price));
        day.is_adjusted |= !counted.is_plain;
    }

    /// What they cost.
    ///
    /// # Errors
    ///
    /// When the order of the calls of a day would decide.
    pub(super) fn amounts(&self, operator: &Operator) -> Result<Vec<RetailAmount>, GenerateError> {
        let mut amounts = Vec::with_capacity(self.days.len());
        for ((account, day, counter), counted) in &self.days {
            let of_price = |price: &(usize, u32)| operator.counters.schedule(operator, *counter, *price);
            let schedules: BTreeSet<_> = counted.prices.iter().map(of_price).collect();
            let Some(Some(schedule)) = schedules.first().filter(|_| schedules.len() == 1 && !counted.is_adjusted)
            else {
                let (file, line) = match counter {
                    Counter::Bundle(index) => ("bundles.csv", index + 2),
                    Counter::Volume(index) => ("volumes.csv", index + 2),
                };
                let code = &operator.accounts[*account].code;
                let what = format!(
                    "what {code} owes for {day} depends on the order of its calls: prices are not flat, differ, or are not paid as they stand in the list"
                );
                return Err(GenerateError::data(file, line as u64, what));
            };
            // One unit at a time, each at the price of where the day stands.
            let at = |unit: i64| {
                let reached = schedule.iter().filter(|(from, _)| *from <= unit);
                reached.max_by_key(|(from, _)| *from).map_or(0, |(_, nano)| *nano)
            };
            amounts.push(RetailAmount { account: *account, day: *day, nano: (0..counted.units).map(at).sum() });
        }
        Ok(amounts)
    }
}
