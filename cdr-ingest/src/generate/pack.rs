//! The plan with bundles: so many seconds and messages a day for nothing, and a destination that gets cheaper by the day's volume.
//!
//! **Owns:** `volumes.csv`, `destination_groups.csv`, `bundles.csv`, and the rates of the list behind them. **Does not own:** which accounts have
//! the plan (`operator`, `subscribers`), what a day of it costs (`counted`).
//! **Always:** what an account owes for a day is the same in whatever order its records are charged, for that order is nobody's to know: prices are flat
//! and of whole units, counters are of a day, and no destination is both in a bundle and priced by volume.

use std::path::Path;

use super::error::GenerateError;
use super::list_rows::{CsvFile, RateFile, RateRow};
use super::operator::PLAN_PACK;
use super::price_book::Destination;

/// The list of the plan.
pub(super) const LIST: &str = "r-pack";

/// What a bundle includes a day: little, so that many accounts need more.
const SECONDS_A_DAY: &str = "120";
const MESSAGES_A_DAY: &str = "3";
/// The group of destinations that the seconds are for.
const GROUP: &str = "home";
/// The volume, and from which second of the day it makes cheaper.
const VOLUME: &str = "moscow";
const CHEAPER_FROM: &str = "150";
/// Moscow: priced by volume, in no bundle.
const MOSCOW: &[&str] = &["7495", "7496", "7498", "7499"];

fn is_moscow(row: &Destination) -> bool {
    MOSCOW.contains(&row.prefix.as_str())
}

/// Russia without paid services, toll-free numbers and what nobody knows.
fn home(world: &[Destination]) -> impl Iterator<Item = &Destination> {
    world.iter().filter(|row| row.country == "RU" && matches!(row.kind.as_str(), "fixed" | "mobile"))
}

pub(super) fn write_counters(dir: &Path, world: &[Destination]) -> Result<(), GenerateError> {
    let mut file = CsvFile::create(dir, "volumes.csv", &["list", "volume", "period"])?;
    file.write(&[LIST, VOLUME, "day"])?;
    file.finish()?;
    let mut file = CsvFile::create(dir, "destination_groups.csv", &["group", "prefix"])?;
    let prefixes: Vec<&str> = home(world).filter(|row| !is_moscow(row)).map(|row| row.prefix.as_str()).collect();
    for prefix in &prefixes {
        // A prefix stands for all that begins with it.
        if !prefixes.iter().any(|other| other.len() < prefix.len() && prefix.starts_with(other)) {
            file.write(&[GROUP, prefix])?;
        }
    }
    file.finish()?;
    let columns = ["plan", "bundle", "units", "period", "priority", "services", "destinations"];
    let mut file = CsvFile::create(dir, "bundles.csv", &columns)?;
    file.write(&[PLAN_PACK, "seconds", SECONDS_A_DAY, "day", "1", "outgoing", GROUP])?;
    file.write(&[PLAN_PACK, "messages", MESSAGES_A_DAY, "day", "2", "message", ""])?;
    file.finish()
}

/// Every prefix of the country, as the list below this one has them all: the longest prefix decides, whichever list it stands in.
pub(super) fn write_rates(file: &mut RateFile<'_>, world: &[Destination]) -> Result<(), GenerateError> {
    for row in home(world) {
        let base =
            RateRow { list: LIST, prefix: &row.prefix, unit: "1", billing: "1/1", price: "0.01", ..RateRow::default() };
        let call = RateRow { service: "outgoing", ..base };
        if is_moscow(row) {
            file.write(&RateRow { volume: VOLUME, ..call })?;
            file.write(&RateRow { from_volume: CHEAPER_FROM, price: "0.006", ..call })?;
        } else {
            file.write(&call)?;
        }
        if row.kind == "mobile" {
            file.write(&RateRow { service: "message", price: "2.5", ..base })?;
        }
    }
    Ok(())
}
