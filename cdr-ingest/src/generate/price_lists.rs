//! The price lists: full plans of the world, and small lists over them that use every feature of a rate.
//!
//! **Owns:** `lists.csv` and `rates.csv`. **Does not own:** what a destination costs (`price_book`), which plan uses which list (`operator`).
//! **Always:** within one list no two rows have the same prefix, qualifiers and `from`; rows that compete differ in origin length or in
//! the number of qualifiers.

use std::path::Path;

use super::error::GenerateError;
use super::list_rows::{CsvFile, RateFile, RateRow};
use super::operator::{DID_AREAS, Moments, OVERFLOW_PREFIX, SATELLITES};
use super::pack;
use super::price_book::{Destination, millionths, retail, wholesale};

/// Roubles for a dollar and for a euro when a list is made; lists are then lived with, not converted.
const RUB_PER_USD: u64 = 90;
const RUB_PER_EUR: u64 = 97;

const LISTS: &[[&str; 9]] = &[
    ["r-base-rub", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "2", "Базовый, посекундный"],
    ["r-base-usd", "retail", "", "USD", "UTC", "included", "half_up", "4", "Base, dollars"],
    ["r-min60", "retail", "", "RUB", "Europe/Moscow", "included", "up", "2", "Поминутный"],
    ["r-half", "retail", "", "RUB", "Europe/Moscow", "included", "half_even", "4", "30/6"],
    ["r-connect", "retail", "", "RUB", "Europe/Moscow", "excluded", "down", "4", "С платой за соединение"],
    ["r-corporate", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "4", "Корпоративный, ступени"],
    ["r-evening", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "4", "Вечера и выходные"],
    ["r-autumn", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "2", "Осенняя акция"],
    ["r-winter", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "2", "Зимняя акция"],
    ["r-special", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "2", "Особые направления"],
    ["r-tollfree", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "2", "Бесплатный вызов 8-800"],
    ["r-tollfree-usd", "retail", "", "USD", "UTC", "", "", "", "Toll-free, dollars"],
    [
        "r-house",
        "retail",
        "",
        "RUB",
        "Europe/Moscow",
        "included",
        "half_up",
        "2",
        "Внутренние, переадресация, короткие, спутники",
    ],
    ["r-house-usd", "retail", "", "USD", "UTC", "included", "half_even", "4", "Internal, forwarded, short, satellite"],
    ["r-override-usd", "retail", "", "USD", "UTC", "included", "half_up", "4", "Dollar specials"],
    ["r-incoming", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "2", "Платные входящие"],
    ["r-domestic", "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "2", "Только Россия"],
    [pack::LIST, "retail", "", "RUB", "Europe/Moscow", "included", "half_up", "4", "Пакетный"],
    ["w-megafon", "wholesale", "megafon", "RUB", "Europe/Moscow", "included", "half_up", "4", "МегаФон"],
    ["w-megafon-codes", "wholesale", "megafon", "RUB", "Europe/Moscow", "included", "up", "4", "МегаФон, коды"],
    ["w-mtt", "wholesale", "mtt", "RUB", "Europe/Moscow", "included", "half_even", "6", "МТТ"],
    ["w-colt", "wholesale", "colt", "EUR", "UTC", "included", "half_up", "6", "Colt"],
    ["w-local", "wholesale", "local", "RUB", "Europe/Moscow", "included", "down", "4", "Городская связь"],
];

/// The list with time bands.
const EVENING: &str = "r-evening";
/// Its bands: name, priority, days, hours.
const BANDS: &[[&str; 4]] = &[
    ["evening", "1", "mon-fri", "20:00-24:00"],
    ["evening", "2", "mon-fri", "00:00-07:30"],
    ["weekend", "3", "sat sun", ""],
    ["lunch", "4", "", "13:00-14:00"],
    ["feast", "5", "holiday", "09:00-21:00:30"],
];

/// Countries that a provider does not reach: what is sent there all the same has no wholesale price.
const NOT_REACHED: &[(&str, &[&str])] =
    &[("w-megafon", &["KP", "CU", "SO"]), ("w-mtt", &["KP", "FK", "CU"]), ("w-colt", &["KP", "TM"])];

pub(super) fn write_lists(dir: &Path) -> Result<u64, GenerateError> {
    let columns = ["list", "kind", "provider", "currency", "zone", "tax", "rounding", "decimals", "name", "holidays"];
    let mut file = CsvFile::create(dir, "lists.csv", &columns)?;
    for row in LISTS {
        let holidays = if row[0] == EVENING { "ru" } else { "" };
        file.write(&[row.as_slice(), &[holidays]].concat())?;
    }
    file.finish()?;
    Ok(LISTS.len() as u64)
}

/// `holidays.csv` and `bands.csv`; yesterday is a holiday, so that the traffic meets one.
pub(super) fn write_bands(dir: &Path, moments: &Moments) -> Result<(), GenerateError> {
    let mut file = CsvFile::create(dir, "holidays.csv", &["calendar", "date", "name"])?;
    file.write(&["ru", &moments.yesterday().to_string(), "День основания"])?;
    file.write(&["ru", "2026-11-04", "День народного единства"])?;
    file.finish()?;
    let mut file = CsvFile::create(dir, "bands.csv", &["list", "band", "priority", "days", "hours"])?;
    for [band, priority, days, hours] in BANDS {
        file.write(&[EVENING, band, priority, days, hours])?;
    }
    file.finish()
}

pub(super) fn write_rates(
    dir: &Path,
    world: &[Destination],
    moments: &Moments,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<u64, GenerateError> {
    let mut file = RateFile::create(dir, world.len() as u64 * 5 + 4_000, progress)?;
    write_full_lists(&mut file, world)?;
    let popular = popular(world);
    write_minute(&mut file, &popular, moments)?;
    write_evening(&mut file, &popular)?;
    write_half(&mut file, &popular, moments)?;
    write_connect(&mut file, &popular)?;
    write_corporate(&mut file, &popular)?;
    write_dollar(&mut file, &popular)?;
    write_special(&mut file, moments)?;
    write_tollfree(&mut file)?;
    write_house(&mut file)?;
    write_domestic(&mut file, world)?;
    pack::write_rates(&mut file, world)?;
    write_wholesale_extras(&mut file, world, moments)?;
    // The base price of St Petersburg changes: the later row ends the earlier one, which itself is open.
    file.write(&RateRow {
        list: "r-base-rub",
        prefix: "7812",
        from: &moments.midnight,
        price: "1.35",
        ..RateRow::default()
    })?;
    file.finish()
}

fn write_full_lists(file: &mut RateFile<'_>, world: &[Destination]) -> Result<(), GenerateError> {
    for row in world {
        let price = millionths(retail(row) * 100);
        file.write(&RateRow { list: "r-base-rub", prefix: &row.prefix, price: &price, ..RateRow::default() })?;
    }
    for row in world {
        let price = millionths(retail(row) * 100 / RUB_PER_USD);
        file.write(&RateRow {
            list: "r-base-usd",
            prefix: &row.prefix,
            price: &price,
            billing: "6/6",
            ..RateRow::default()
        })?;
    }
    for (list, percent, per_unit, billing) in
        [("w-megafon", 71, 1, ""), ("w-mtt", 68, 1, "1/1"), ("w-colt", 74, RUB_PER_EUR, "30/6")]
    {
        let missing = NOT_REACHED.iter().find(|(name, _)| *name == list).map_or(&[][..], |(_, countries)| countries);
        for row in world.iter().filter(|row| !missing.contains(&row.country.as_str())) {
            let price = millionths(wholesale(row, percent, per_unit));
            file.write(&RateRow { list, prefix: &row.prefix, price: &price, billing, ..RateRow::default() })?;
        }
    }
    Ok(())
}

/// Five hundred prefixes that an override list is about: Russia's codes, whole countries, and mobile codes from all over.
fn popular(world: &[Destination]) -> Vec<&Destination> {
    let mut rows: Vec<&Destination> =
        world.iter().filter(|row| row.country == "RU" && row.prefix.len() <= 4 && row.prefix != "7").collect();
    rows.extend(world.iter().filter(|row| row.kind == "any" && row.country != "RU"));
    let left = 500_usize.saturating_sub(rows.len());
    let mobile: Vec<&Destination> = world.iter().filter(|row| row.kind == "mobile" && row.country != "RU").collect();
    let step = (mobile.len() / left.max(1)).max(1);
    rows.extend(mobile.into_iter().step_by(step).take(left));
    rows
}

/// 60/60, and a mobile price that changes at noon: the old row has an end, the new one a beginning.
fn write_minute(file: &mut RateFile<'_>, popular: &[&Destination], moments: &Moments) -> Result<(), GenerateError> {
    for row in popular {
        let base = RateRow { list: "r-min60", prefix: &row.prefix, billing: "60/60", ..RateRow::default() };
        if row.prefix == "79" {
            file.write(&RateRow { price: "1.95", to: &moments.noon, ..base })?;
            file.write(&RateRow { price: "2.05", from: &moments.noon, ..base })?;
        } else {
            file.write(&RateRow { price: &millionths(retail(row) * 94), ..base })?;
        }
    }
    Ok(())
}

/// Cheaper evenings and week-ends, one price a call on holidays, tiers and long increments that reach over the edges of bands.
fn write_evening(file: &mut RateFile<'_>, popular: &[&Destination]) -> Result<(), GenerateError> {
    for (index, row) in popular.iter().enumerate() {
        let price = |percent: u64| millionths(retail(row) * percent);
        let base = RateRow { list: EVENING, prefix: &row.prefix, ..RateRow::default() };
        let (day, evening, weekend, feast) = (price(100), price(60), price(45), price(30));
        let first = RateRow { price: &day, ..base };
        if retail(row) == 0 {
            file.write(&first)?;
            continue;
        }
        match index % 4 {
            0 => file.write(&RateRow { connect_fee: "0.15", ..first })?,
            1 => file.write(&RateRow { billing: "60/60", minimum: "0.4", ..first })?,
            2 => file.write(&RateRow { billing: "300/30", maximum: "150", ..first })?,
            _ => file.write(&RateRow { billing: "1/1", free_seconds: "4", ..first })?,
        }
        let billing = if index % 4 == 2 { "300/30" } else { "1/1" };
        file.write(&RateRow { band: "evening", price: &evening, billing, ..base })?;
        file.write(&RateRow { band: "weekend", price: &weekend, billing: "60/10", ..base })?;
        if index % 3 == 0 {
            file.write(&RateRow { band: "lunch", tiers: "0:1@1/60 45:15@0.75/60 120:1@0.1/60", ..base })?;
        }
        file.write(&RateRow { band: "feast", price: &feast, billing: "1/1", ..base })?;
    }
    Ok(())
}

/// 30/6. The prices end in 5 at the fourth decimal, so halves occur and `half_even` shows.
fn write_half(file: &mut RateFile<'_>, popular: &[&Destination], moments: &Moments) -> Result<(), GenerateError> {
    for row in popular {
        let price = millionths((retail(row) * 96 / 100 / 10 * 10 + 5) * 100);
        let base =
            RateRow { list: "r-half", prefix: &row.prefix, billing: "30/6", price: &price, ..RateRow::default() };
        file.write(&base)?;
        if row.prefix == "7495" {
            file.write(&RateRow { price: "0.8125", from: &moments.midnight, ..base })?;
        }
    }
    Ok(())
}

/// Connect fee, attempt fee, free seconds, minimum and maximum, in all mixtures.
fn write_connect(file: &mut RateFile<'_>, popular: &[&Destination]) -> Result<(), GenerateError> {
    for (index, row) in popular.iter().enumerate() {
        let price = millionths(retail(row) * 80);
        let base =
            RateRow { list: "r-connect", prefix: &row.prefix, price: &price, billing: "1/1", ..RateRow::default() };
        // A free destination gets no fee and no minimum: a list that charged for 8-800 would be believed by nobody.
        file.write(&match index % 6 {
            _ if retail(row) == 0 => base,
            0 => RateRow { connect_fee: "0.5", ..base },
            1 => RateRow { connect_fee: "0.35", free_seconds: "3", ..base },
            2 => RateRow { minimum: "1", maximum: "40", ..base },
            3 => RateRow { attempt_fee: "0.1", connect_fee: "0.25", billing: "20/10", ..base },
            4 => RateRow { free_seconds: "6", minimum: "0.75", ..base },
            _ => {
                RateRow { attempt_fee: "0.05", connect_fee: "1", maximum: "25", rounding: "up", decimals: "1", ..base }
            }
        })?;
    }
    Ok(())
}

/// Several tiers, also such as begin inside an increment, and roundings of single rates.
fn write_corporate(file: &mut RateFile<'_>, popular: &[&Destination]) -> Result<(), GenerateError> {
    for (index, row) in popular.iter().enumerate() {
        let (dear, cheap) = (millionths(retail(row) * 97), millionths(retail(row) * 52));
        let tiers = match index % 4 {
            0 => format!("0:60@{dear}/60 60:1@{cheap}/60"),
            1 => format!("0:30@{dear}/60 30:6@{dear}/60 100:60@{cheap}/60"),
            2 => format!("0:1@{dear}/60 600:1@{cheap}/60"),
            _ => format!("0:7@{dear}/60 45:11@{cheap}/50 300:1@{cheap}/70"),
        };
        let base = RateRow { list: "r-corporate", prefix: &row.prefix, tiers: &tiers, ..RateRow::default() };
        file.write(&match index % 5 {
            _ if retail(row) == 0 => base,
            1 => RateRow { rounding: "up", decimals: "2", ..base },
            2 => RateRow { rounding: "down", decimals: "3", ..base },
            3 => RateRow { rounding: "half_even", decimals: "1", ..base },
            4 => RateRow { rounding: "half_up", decimals: "9", connect_fee: "0.123456789", ..base },
            _ => base,
        })?;
    }
    for (list, mobile, moscow) in [("r-autumn", "1.7", "0.65"), ("r-winter", "1.9", "0.75")] {
        for (prefix, price) in [("79", mobile), ("7495", moscow), ("7499", moscow), ("7812", mobile), ("7343", mobile)]
        {
            file.write(&RateRow { list, prefix, price, billing: "10/10", ..RateRow::default() })?;
        }
    }
    Ok(())
}

fn write_dollar(file: &mut RateFile<'_>, popular: &[&Destination]) -> Result<(), GenerateError> {
    for (index, row) in popular.iter().enumerate().filter(|(index, row)| index % 3 == 0 && retail(row) > 0) {
        let price = millionths(retail(row) * 85 / RUB_PER_USD);
        let base = RateRow {
            list: "r-override-usd",
            prefix: &row.prefix,
            price: &price,
            billing: "30/6",
            ..RateRow::default()
        };
        file.write(&match index % 2 {
            0 => base,
            _ => RateRow { connect_fee: "0.01", maximum: "12", ..base },
        })?;
    }
    Ok(())
}

/// Rows that apply only through a provider, from a place, from an origin or for an incoming service.
fn write_special(file: &mut RateFile<'_>, moments: &Moments) -> Result<(), GenerateError> {
    let row = |prefix, price| RateRow { list: "r-special", prefix, price, ..RateRow::default() };
    file.write(&RateRow { provider: "megafon", ..row("79", "1.7") })?;
    file.write(&RateRow { provider: "mtt", billing: "30/30", ..row("79", "1.85") })?;
    file.write(&RateRow { provider: "megafon", service: "forwarded", ..row("79", "1.45") })?;
    file.write(&row("7495", "0.85"))?;
    file.write(&RateRow { place: "moscow", ..row("7495", "0.55") })?;
    file.write(&RateRow { place: "moscow", service: "outgoing", ..row("7495", "0.5") })?;
    file.write(&RateRow { origin: "7", ..row("7495", "0.8") })?;
    file.write(&RateRow { origin: "7495", ..row("7495", "0.6") })?;
    file.write(&RateRow { origin: "7495", provider: "local", ..row("7495", "0.45") })?;
    file.write(&RateRow { incoming_service: "callback", ..row("7812", "1.1") })?;
    file.write(&RateRow { incoming_service: "callback", service: "outgoing", place: "ural", ..row("7812", "0.95") })?;
    file.write(&RateRow { place: "ural", service: "outgoing", ..row("7343", "0.7") })?;
    file.write(&RateRow { to: &moments.noon, ..row("7383", "1.15") })?;
    file.write(&RateRow { from: &moments.noon, to: &moments.midnight, ..row("7383", "1.25") })?;
    file.write(&RateRow { rounding: "up", decimals: "0", billing: "60/60", ..row("7803", "120") })?;
    file.write(&RateRow { unit: "1", billing: "1/1", ..row("7843", "0.021") })?;
    file.write(&RateRow { unit: "30", billing: "30/1", ..row("7863", "0.95") })
}

fn write_tollfree(file: &mut RateFile<'_>) -> Result<(), GenerateError> {
    let by_origin = [
        ("", "4.5", "0.06"),
        ("7", "1.2", "0.016"),
        ("79", "2.5", "0.031"),
        ("7495", "0.9", "0.011"),
        ("77", "9", "0.11"),
    ];
    for prefix in ["7800", "7804"] {
        for (origin, roubles, dollars) in by_origin {
            let row = RateRow { prefix, service: "tollfree", origin, ..RateRow::default() };
            file.write(&RateRow { list: "r-tollfree", price: roubles, ..row })?;
            file.write(&RateRow { list: "r-tollfree-usd", price: dollars, billing: "6/6", ..row })?;
        }
    }
    Ok(())
}

/// Internal and forwarded calls, short codes, satellites and the range that overflows; each in roubles and in dollars.
fn write_house(file: &mut RateFile<'_>) -> Result<(), GenerateError> {
    for (list, per_unit) in [("r-house", 1), ("r-house-usd", RUB_PER_USD)] {
        let price = |ten_thousandths: u64| millionths(ten_thousandths * 100 / per_unit);
        for (area, _) in DID_AREAS {
            let internal = if *area == "7958" { price(2_500) } else { "0".to_owned() };
            file.write(&RateRow { list, prefix: area, service: "internal", price: &internal, ..RateRow::default() })?;
            file.write(&RateRow {
                list,
                prefix: area,
                service: "forwarded",
                price: &price(8_500),
                billing: "60/1",
                ..RateRow::default()
            })?;
        }
        file.write(&RateRow {
            list,
            prefix: "79",
            service: "forwarded",
            price: &price(16_500),
            billing: "60/1",
            ..RateRow::default()
        })?;
        for (code, tariff) in [("short:100", 0), ("short:122", 0), ("short:0611", 30_000)] {
            file.write(&RateRow { list, prefix: code, price: &price(tariff), billing: "60/60", ..RateRow::default() })?;
        }
        for (prefix, tariff) in SATELLITES {
            file.write(&RateRow { list, prefix, price: &price(*tariff), billing: "60/60", ..RateRow::default() })?;
        }
        let dearest = RateRow {
            list,
            prefix: OVERFLOW_PREFIX,
            price: "999999999.999999999",
            unit: "1",
            billing: "60/60",
            ..RateRow::default()
        };
        file.write(&dearest)?;
    }
    for (area, _) in DID_AREAS {
        file.write(&RateRow {
            list: "r-incoming",
            prefix: area,
            service: "incoming",
            price: "0.3",
            free_seconds: "5",
            ..RateRow::default()
        })?;
    }
    Ok(())
}

fn write_domestic(file: &mut RateFile<'_>, world: &[Destination]) -> Result<(), GenerateError> {
    for row in world.iter().filter(|row| row.country == "RU" && row.kind != "any") {
        let price = millionths(retail(row) * 90);
        file.write(&RateRow { list: "r-domestic", prefix: &row.prefix, price: &price, ..RateRow::default() })?;
    }
    Ok(())
}

/// What providers ask for calls that come in, for satellites, for some codes at a price of their own; and a provider that knows only cities.
fn write_wholesale_extras(
    file: &mut RateFile<'_>,
    world: &[Destination],
    moments: &Moments,
) -> Result<(), GenerateError> {
    for (list, incoming, tollfree) in [
        ("w-megafon", "0.05", "0.85"),
        ("w-mtt", "0.02", "0.8"),
        ("w-colt", "0.001", "0.0075"),
        ("w-local", "0", "0.9"),
    ] {
        for (area, _) in DID_AREAS {
            file.write(&RateRow { list, prefix: area, service: "incoming", price: incoming, ..RateRow::default() })?;
        }
        for prefix in ["7800", "7804"] {
            file.write(&RateRow { list, prefix, service: "tollfree", price: tollfree, ..RateRow::default() })?;
            file.write(&RateRow {
                list,
                prefix,
                service: "tollfree",
                origin: "79",
                price: "1.1",
                ..RateRow::default()
            })?;
        }
    }
    for (prefix, tariff) in SATELLITES {
        file.write(&RateRow {
            list: "w-colt",
            prefix,
            price: &millionths(tariff * 74 / RUB_PER_EUR),
            billing: "60/60",
            ..RateRow::default()
        })?;
    }
    for code in 7920..7939 {
        let row = RateRow { list: "w-megafon-codes", prefix: &code.to_string(), billing: "30/6", ..RateRow::default() };
        file.write(&RateRow { price: "1.31", ..row })?;
        file.write(&RateRow { price: "1.37", from: &moments.noon, connect_fee: "0.02", ..row })?;
    }
    for row in world.iter().filter(|row| row.country == "RU" && row.kind == "fixed" && row.prefix.len() == 4) {
        file.write(&RateRow {
            list: "w-local",
            prefix: &row.prefix,
            price: &millionths(wholesale(row, 80, 1)),
            ..RateRow::default()
        })?;
    }
    file.write(&RateRow { list: "w-local", prefix: "79", price: "1.62", billing: "60/60", ..RateRow::default() })
}
