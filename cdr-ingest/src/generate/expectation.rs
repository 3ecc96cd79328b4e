//! What a stream of records must come to: counts of legs and sums of money.
//!
//! **Owns:** `Expectation`, its JSON file, the tally behind it. **Does not own:** how a leg was judged (`oracle`).
//! **Always:** amounts are whole nano-units, written as decimals in text; the file is in a fixed order. A key whose amounts sum to 0 is left
//! out, so that it does not matter whether somebody keeps a row for a free call.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use chrono::NaiveDate;
use serde_json::{Value, json};

use super::counted::Days;
use super::error::GenerateError;
use super::model::Operator;
use super::money::{decimal, parse_nano};
use super::oracle::{Leg, Outcome, Owed};

/// Why a leg waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SuspenseCode {
    /// The record cannot be read, or is part of a long call.
    Undecodable,
    /// A number is none.
    BadNumber,
    /// Times contradict each other.
    BadTimes,
    /// Too long ago, or in the future.
    DateOutOfRange,
    /// Nobody is known who pays.
    UnknownSubscriber,
    /// Several could.
    AmbiguousSubscriber,
    /// The plan does not price the destination.
    NoRetailPrice,
    /// The currency of the list cannot be turned into the account's.
    NoExchangeRate,
    /// The amount is too large.
    Overflow,
    /// A call under a lock whose origin suspends.
    LockBreach,
}

impl SuspenseCode {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::Undecodable,
        Self::BadNumber,
        Self::BadTimes,
        Self::DateOutOfRange,
        Self::UnknownSubscriber,
        Self::AmbiguousSubscriber,
        Self::NoRetailPrice,
        Self::NoExchangeRate,
        Self::Overflow,
        Self::LockBreach,
    ];

    /// The code as the system writes it.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Undecodable => "UNDECODABLE",
            Self::BadNumber => "BAD_NUMBER",
            Self::BadTimes => "BAD_TIMES",
            Self::DateOutOfRange => "DATE_OUT_OF_RANGE",
            Self::UnknownSubscriber => "UNKNOWN_SUBSCRIBER",
            Self::AmbiguousSubscriber => "AMBIGUOUS_SUBSCRIBER",
            Self::NoRetailPrice => "NO_RETAIL_PRICE",
            Self::NoExchangeRate => "NO_EXCHANGE_RATE",
            Self::Overflow => "OVERFLOW",
            Self::LockBreach => "LOCK_BREACH",
        }
    }
}

/// Whose usage of which day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RetailKey {
    /// Account code.
    pub account: String,
    /// Currency of the amount.
    pub currency: String,
    /// Usage day.
    pub day: NaiveDate,
}

/// What is owed to whom.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WholesaleKey {
    /// Provider code.
    pub provider: String,
    /// Currency of the amount.
    pub currency: String,
}

/// Counts and sums that the engine must arrive at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Expectation {
    /// Records, good and bad.
    pub records: u64,
    /// Legs with a price, 0 included.
    pub rated: u64,
    /// Legs to numbers of ours that nobody has.
    pub non_target: u64,
    /// Legs of repeated records.
    pub duplicates: u64,
    /// Legs of further parts of long calls: each goes into the charge of its call.
    pub further_parts: u64,
    /// Legs that wait, by code.
    pub suspended: BTreeMap<SuspenseCode, u64>,
    /// Answered legs under a lock, suspended ones included.
    pub lock_breaches: u64,
    /// Rated outgoing and forwarded legs without a wholesale price.
    pub wholesale_missing: u64,
    /// Retail gross, nano-units; no zeros.
    pub retail: BTreeMap<RetailKey, i128>,
    /// Wholesale, nano-units; no zeros.
    pub wholesale: BTreeMap<WholesaleKey, i128>,
}

impl Expectation {
    /// Legs of all outcomes, a call in parts once.
    #[must_use]
    pub fn legs(&self) -> u64 {
        self.rated + self.non_target + self.duplicates + self.suspended_total()
    }

    /// Legs that wait, whatever the code.
    #[must_use]
    pub fn suspended_total(&self) -> u64 {
        self.suspended.values().sum()
    }

    /// Retail over all accounts and days, by currency.
    #[must_use]
    pub fn retail_by_currency(&self) -> BTreeMap<String, i128> {
        by_currency(self.retail.iter().map(|(key, nano)| (&key.currency, *nano)))
    }

    /// Wholesale over all providers, by currency.
    #[must_use]
    pub fn wholesale_by_currency(&self) -> BTreeMap<String, i128> {
        by_currency(self.wholesale.iter().map(|(key, nano)| (&key.currency, *nano)))
    }

    /// Retail summed over all currencies as if they were one: no amount of money, but one figure that any difference changes.
    #[must_use]
    pub fn total_over_all_currencies(&self) -> i128 {
        self.retail.values().sum()
    }

    /// Writes the file.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write_json(&self, path: &Path) -> Result<(), GenerateError> {
        let totals = |sums: BTreeMap<String, i128>| {
            sums.into_iter().map(|(currency, nano)| (currency, decimal(nano))).collect::<BTreeMap<_, _>>()
        };
        let suspended: BTreeMap<&str, u64> = self.suspended.iter().map(|(code, legs)| (code.code(), *legs)).collect();
        let retail: Vec<Value> = self
            .retail
            .iter()
            .map(|(key, nano)| json!([key.account, key.currency, key.day.to_string(), decimal(*nano)]))
            .collect();
        let wholesale: Vec<Value> =
            self.wholesale.iter().map(|(key, nano)| json!([key.provider, key.currency, decimal(*nano)])).collect();
        let whole = json!({
            "records": self.records,
            "legs": { "rated": self.rated, "non_target": self.non_target, "duplicate": self.duplicates, "suspended": suspended },
            "further_parts": self.further_parts,
            "lock_breaches": self.lock_breaches,
            "wholesale_missing": self.wholesale_missing,
            "retail_total": totals(self.retail_by_currency()),
            "wholesale_total": totals(self.wholesale_by_currency()),
            "retail": retail,
            "wholesale": wholesale,
        });
        let mut text = whole.to_string();
        text.push('\n');
        std::fs::write(path, text).map_err(GenerateError::io(path))
    }

    /// Reads the file; the totals by currency are not read but summed again.
    ///
    /// # Errors
    ///
    /// When it cannot be read or is not what `write_json` writes.
    pub fn read_json(path: &Path) -> Result<Self, GenerateError> {
        let name = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(GenerateError::io(path))?;
        let whole: Value = serde_json::from_str(&text)
            .map_err(|error| GenerateError::data(&name, error.line() as u64, error.to_string()))?;
        read_value(&whole).ok_or_else(|| GenerateError::data(&name, 0, "this is no expectation"))
    }
}

fn by_currency<'a>(amounts: impl Iterator<Item = (&'a String, i128)>) -> BTreeMap<String, i128> {
    let mut sums = BTreeMap::new();
    for (currency, nano) in amounts {
        *sums.entry(currency.clone()).or_default() += nano;
    }
    sums
}

fn read_value(whole: &Value) -> Option<Expectation> {
    let legs = &whole["legs"];
    let mut expectation = Expectation {
        records: whole["records"].as_u64()?,
        rated: legs["rated"].as_u64()?,
        non_target: legs["non_target"].as_u64()?,
        duplicates: legs["duplicate"].as_u64()?,
        further_parts: whole["further_parts"].as_u64()?,
        lock_breaches: whole["lock_breaches"].as_u64()?,
        wholesale_missing: whole["wholesale_missing"].as_u64()?,
        ..Expectation::default()
    };
    for (code, count) in legs["suspended"].as_object()? {
        let code = SuspenseCode::ALL.into_iter().find(|known| known.code() == code)?;
        expectation.suspended.insert(code, count.as_u64()?);
    }
    for row in whole["retail"].as_array()? {
        let key = RetailKey {
            account: row[0].as_str()?.to_owned(),
            currency: row[1].as_str()?.to_owned(),
            day: row[2].as_str()?.parse().ok()?,
        };
        expectation.retail.insert(key, parse_nano(row[3].as_str()?)?);
    }
    for row in whole["wholesale"].as_array()? {
        let key = WholesaleKey { provider: row[0].as_str()?.to_owned(), currency: row[1].as_str()?.to_owned() };
        expectation.wholesale.insert(key, parse_nano(row[2].as_str()?)?);
    }
    Some(expectation)
}

/// Adds up legs by index, which is quick; the names are put in at the end.
#[derive(Debug, Default)]
pub(super) struct Tally {
    counts: Expectation,
    retail: HashMap<(usize, NaiveDate), i128>,
    days: Days,
    wholesale: HashMap<usize, i128>,
}

impl Tally {
    pub(super) fn record(&mut self) {
        self.counts.records += 1;
    }

    pub(super) fn duplicates(&mut self, legs: u64) {
        self.counts.duplicates += legs;
    }

    pub(super) fn further_parts(&mut self, legs: u64) {
        self.counts.further_parts += legs;
    }

    pub(super) fn suspended(&mut self, code: SuspenseCode) {
        *self.counts.suspended.entry(code).or_default() += 1;
    }

    pub(super) fn leg(&mut self, leg: &Leg) {
        match leg.outcome {
            Outcome::Rated => self.counts.rated += 1,
            Outcome::NonTarget => self.counts.non_target += 1,
            Outcome::Suspended(code) => self.suspended(code),
        }
        self.counts.lock_breaches += u64::from(leg.lock_breach);
        self.counts.wholesale_missing += u64::from(leg.wholesale_missing);
        match &leg.retail {
            Some(Owed::Amount(amount)) => {
                *self.retail.entry((amount.account, amount.day)).or_default() += amount.nano;
            }
            Some(Owed::Counted(counted)) => self.days.add(counted),
            None => {}
        }
        if let Some((list, nano)) = leg.wholesale {
            *self.wholesale.entry(list).or_default() += nano;
        }
    }

    /// The sums, once every leg is in.
    ///
    /// # Errors
    ///
    /// When the oracle cannot say what a day costs.
    pub(super) fn finish(mut self, operator: &Operator) -> Result<Expectation, GenerateError> {
        for amount in self.days.amounts(operator)? {
            *self.retail.entry((amount.account, amount.day)).or_default() += amount.nano;
        }
        let mut expectation = self.counts;
        for ((account, day), nano) in self.retail {
            let account = &operator.accounts[account];
            let key = RetailKey { account: account.code.clone(), currency: account.currency.clone(), day };
            *expectation.retail.entry(key).or_default() += nano;
        }
        for (list, nano) in self.wholesale {
            let list = &operator.lists[list];
            let key =
                WholesaleKey { provider: list.provider.clone().unwrap_or_default(), currency: list.currency.clone() };
            *expectation.wholesale.entry(key).or_default() += nano;
        }
        expectation.retail.retain(|_, nano| *nano != 0);
        expectation.wholesale.retain(|_, nano| *nano != 0);
        Ok(expectation)
    }
}
