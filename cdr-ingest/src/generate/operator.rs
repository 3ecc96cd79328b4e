//! Writes the directory of a believable Russian operator.
//!
//! **Owns:** the options, the names that the parts of the directory share, and the small files (plans, providers, sources, settings, taxes,
//! legal entity). **Does not own:** price lists (`price_lists`), bundles and volumes (`pack`), accounts, numbers and locks (`subscribers`).
//! **Always:** what is written loads without an error: no two rows tie, no bound is missing, every name that is used exists.

use std::path::Path;

use chrono::{Days, NaiveDate};

use super::error::GenerateError;
use super::list_rows::CsvFile;
use super::price_book::destinations;
use super::{pack, price_lists, subscribers};

/// What operator to write.
#[derive(Debug, Clone, Copy)]
pub struct OperatorOptions {
    /// The same seed gives the same directory.
    pub seed: u64,
    /// How many accounts there are; 50,000 is a middling operator.
    pub accounts: u32,
    /// "Today": changes of prices, layers and plans lie one and two days before it.
    pub until: NaiveDate,
}

/// What was written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OperatorSummary {
    /// Rows of `lists.csv`.
    pub lists: u64,
    /// Rows of `rates.csv`.
    pub rates: u64,
    /// Accounts (not periods).
    pub accounts: u64,
    /// Numbers (not periods).
    pub dids: u64,
    /// Rows of `locks.csv`.
    pub locks: u64,
}

/// The moments at which something changes inside the traffic days.
#[derive(Debug, Clone)]
pub(super) struct Moments {
    /// Noon two days before today, Moscow time.
    pub(super) noon: String,
    /// The midnight that begins yesterday, Moscow time.
    pub(super) midnight: String,
    until: NaiveDate,
}

impl Moments {
    fn new(until: NaiveDate) -> Self {
        let day = |back: u64| until.checked_sub_days(Days::new(back)).unwrap_or(until);
        Self { noon: format!("{}T12:00:00+03:00", day(2)), midnight: format!("{}T00:00:00+03:00", day(1)), until }
    }

    /// The day before today.
    pub(super) fn yesterday(&self) -> NaiveDate {
        self.until.pred_opt().unwrap_or(self.until)
    }

    /// Midnight, Moscow time, some days before today.
    pub(super) fn days_back(&self, days: u64) -> String {
        let day = self.until.checked_sub_days(Days::new(days)).unwrap_or(self.until);
        format!("{day}T00:00:00+03:00")
    }
}

/// Areas in which the operator has numbers, with the share of each; all make numbers of eleven digits.
pub(super) const DID_AREAS: &[(&str, u32)] =
    &[("7495", 36), ("7499", 18), ("7812", 14), ("7343", 7), ("7383", 6), ("7843", 5), ("7863", 4), ("7958", 10)];

/// The codes of toll-free numbers.
pub(super) const TOLLFREE: &[&str] = &["7800", "7804"];

/// A plan that prices Russia only, so that a call abroad has no retail price.
pub(super) const PLAN_DOMESTIC: &str = "domestic";
/// The plan in dollars.
pub(super) const PLAN_DOLLAR: &str = "dollar";
/// The plan with bundles, prices by volume and messages.
pub(super) const PLAN_PACK: &str = "pack";
/// The plan that prices incoming calls.
pub(super) const PLAN_CENTRE: &str = "centre";

/// Plans with the share of accounts on each and whether incoming calls are priced, and their layers from above.
pub(super) const PLANS: &[(&str, u32, bool, &[&str])] = &[
    ("second", 30, false, &["r-tollfree", "r-house", "r-special", "r-base-rub"]),
    ("evening", 6, false, &["r-tollfree", "r-house", "r-evening", "r-base-rub"]),
    ("minute", 12, false, &["r-tollfree", "r-house", "r-min60", "r-base-rub"]),
    ("half-minute", 12, false, &["r-tollfree", "r-house", "r-half", "r-base-rub"]),
    ("connect", 8, false, &["r-tollfree", "r-house", "r-connect", "r-base-rub"]),
    (
        "corporate",
        9,
        false,
        &["r-tollfree", "r-house", "r-autumn", "r-winter", "r-corporate", "r-special", "r-base-rub"],
    ),
    (PLAN_DOLLAR, 5, false, &["r-tollfree-usd", "r-house-usd", "r-override-usd", "r-base-usd"]),
    (PLAN_CENTRE, 4, true, &["r-incoming", "r-tollfree", "r-house", "r-min60", "r-base-rub"]),
    (PLAN_PACK, 10, false, &["r-tollfree", "r-house", pack::LIST, "r-base-rub"]),
    (PLAN_DOMESTIC, 4, false, &["r-tollfree", "r-house", "r-domestic"]),
];

/// A range that is priced so dearly that any call to it overflows.
pub(super) const OVERFLOW_PREFIX: &str = "88351990";

/// Satellite ranges; the destinations file has none of them as such (8816 and 8817 it has).
pub(super) const SATELLITES: &[(&str, u64)] =
    &[("870", 4_100_000), ("88161", 3_300_000), ("88171", 3_900_000), ("88216", 2_700_000), ("88313", 5_600_000)];

/// Providers with their trunks.
pub(super) const PROVIDERS: &[(&str, &str, &str)] = &[
    ("megafon", "ПАО «МегаФон»", "megafon-1 megafon-2"),
    ("mtt", "АО «МТТ»", "mtt-1"),
    ("colt", "Colt Technology Services", "colt-1 colt-2"),
    ("local", "ООО «Городская связь»", "local-1"),
];

/// Writes the operator directory of `FORMATS.md` into `dir`, which is made when it does not exist.
///
/// `destinations_csv` is the text of the destinations file; `progress` hears rows of `rates.csv` done and expected.
///
/// # Errors
///
/// When the destinations cannot be read or a file cannot be written.
pub fn write_operator(
    options: &OperatorOptions,
    destinations_csv: &str,
    dir: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<OperatorSummary, GenerateError> {
    std::fs::create_dir_all(dir).map_err(GenerateError::io(dir))?;
    let moments = Moments::new(options.until);
    let world = destinations(destinations_csv)?;
    write_plans(dir, &moments)?;
    write_settings(dir)?;
    let lists = price_lists::write_lists(dir)?;
    price_lists::write_bands(dir, &moments)?;
    pack::write_counters(dir, &world)?;
    let rates = price_lists::write_rates(dir, &world, &moments, progress)?;
    let subscribers = subscribers::write(options, &moments, dir)?;
    Ok(OperatorSummary { lists, rates, ..subscribers })
}

/// `autumn` ends where `winter` begins: a price that changes because a layer does.
fn write_plans(dir: &Path, moments: &Moments) -> Result<(), GenerateError> {
    let mut file = CsvFile::create(dir, "plans.csv", &["plan", "layer", "list", "from", "to", "incoming", "name"])?;
    for (plan, _, priced, lists) in PLANS {
        for (index, list) in lists.iter().enumerate() {
            let (from, to) = match *list {
                "r-autumn" => ("", moments.noon.as_str()),
                "r-winter" => (moments.noon.as_str(), ""),
                _ => ("", ""),
            };
            let layer = (index + 1).to_string();
            file.write(&[
                plan,
                &layer,
                list,
                from,
                to,
                if *priced { "priced" } else { "free" },
                &format!("Тариф «{plan}»"),
            ])?;
        }
    }
    file.finish()
}

fn write_settings(dir: &Path) -> Result<(), GenerateError> {
    write_file(
        dir,
        "settings.csv",
        &["key", "value"],
        &[
            &["numbering.emergency", "112 101 102 103 104 01 02 03 04"],
            &["numbering.short_codes", "100 122 0611"],
            &["lock.breach.client", "zero"],
            &["lock.breach.operator", "charge"],
            &["lock.breach.fraud", "suspend"],
        ],
    )?;
    write_file(
        dir,
        "taxes.csv",
        &["category", "regime", "from", "percent"],
        &[&["standard", "general", "2019-01-01", "20"], &["standard", "general", "2026-01-01", "22"]],
    )?;
    write_file(
        dir,
        "entity.csv",
        &["code", "name", "currency", "zone", "inn", "kpp"],
        &[&["TG", "ООО «Толлгейт Телеком»", "RUB", "Europe/Moscow", "7700000016", "770001001"]],
    )?;
    let columns = ["source", "format", "zone", "duration_rounding", "on_net", "rules", "tech"];
    write_file(
        dir,
        "sources.csv",
        &columns,
        &[
            &["sbc-1", "canonical", "UTC", "half_up", "once", "", ""],
            &["sbc-2", "canonical", "", "up", "both", "+> 00> >", "099 0991"],
            &["fs-1", "freeswitch", "UTC", "", "", "+> 00> >", ""],
            &["ast-1", "asterisk", "Europe/Moscow", "down", "both", "+> 00> 810> 8>7 >", ""],
        ],
    )?;
    let mut file = CsvFile::create(dir, "providers.csv", &["provider", "name", "trunks"])?;
    for (provider, name, trunks) in PROVIDERS {
        file.write(&[provider, name, trunks])?;
    }
    file.finish()
}

fn write_file(dir: &Path, name: &str, header: &[&str], rows: &[&[&str]]) -> Result<(), GenerateError> {
    let mut file = CsvFile::create(dir, name, header)?;
    for row in rows {
        file.write(row)?;
    }
    file.finish()
}
