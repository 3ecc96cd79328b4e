//! The oracle's own reading of `rates.csv`.
//!
//! **Owns:** the rows of price lists, prices put together from the rows that belong together. **Does not own:** lists (`model`), what a price comes to
//! (`price`). **Always:** a row that prices a band or a step of a volume stands after the row to which it belongs.

use std::collections::HashMap;
use std::path::Path;

use super::bands::Calendar;
use super::counted::Counters;
use super::error::GenerateError;
use super::model::{BUCKET_CHARACTERS, Limits, List, Rate, Validity};
use super::price::{Price, Rounding, Tier};
use super::table::{Row, Table};

pub(super) fn read_decimals(row: &Row<'_>) -> Result<Option<u8>, GenerateError> {
    row.whole("decimals")?
        .map(|number| u8::try_from(number).ok().filter(|number| *number <= 9).ok_or_else(|| row.bad("decimals")))
        .transpose()
}

fn bucket(prefix: &str) -> &str {
    prefix.get(..BUCKET_CHARACTERS).unwrap_or(prefix)
}

pub(super) fn read_rates(
    dir: &Path,
    lists: &mut [List],
    list_index: &HashMap<String, usize>,
    (calendar, counters): (&Calendar, &Counters),
) -> Result<Vec<Price>, GenerateError> {
    let mut prices: Vec<Price> = Vec::new();
    let mut known: HashMap<Price, u32> = HashMap::new();
    Table::open(dir, "rates.csv")?.each(|row| {
        let list = *list_index.get(row.text("list")).ok_or_else(|| row.bad("list"))?;
        let mut price = read_price(row)?;
        let prefix: Box<str> = row.text("prefix").into();
        let validity = Validity::read(row)?;
        let limits = read_limits(row);
        let (band, from_volume) = (row.optional("band"), row.whole("from_volume")?);
        // A row that prices a band or a step of a volume follows the row to which it belongs, and changes its price.
        if band.is_some() || from_volume.is_some() {
            let rates = lists[list].rows.get_mut(bucket(&prefix)).ok_or_else(|| row.bad("prefix"))?;
            let base = rates
                .iter_mut()
                .rfind(|rate| rate.prefix == prefix && rate.limits == limits && rate.validity == validity)
                .ok_or_else(|| row.bad("prefix"))?;
            let tiers = std::mem::take(&mut price.tiers);
            price = prices[base.price as usize].clone();
            match (band, from_volume) {
                (Some(_), Some(_)) => return Err(row.beyond("band")),
                (None, Some(from)) => price.steps.push((from, tiers)),
                (name, None) => {
                    let bands = calendar.bands.iter().enumerate();
                    let bands = bands.filter(|(_, band)| band.list == list && Some(&band.name) == name.as_ref());
                    price.bands.extend(bands.map(|(index, _)| (index, tiers.clone())));
                }
            }
            prices.push(price);
            base.price = u32::try_from(prices.len() - 1).expect("fewer rows than u32");
            return Ok(());
        }
        price.volume = row
            .optional("volume")
            .map(|code| counters.volume(list, &code).ok_or_else(|| row.bad("volume")))
            .transpose()?;
        let price = *known.entry(price).or_insert_with_key(|price| {
            prices.push(price.clone());
            u32::try_from(prices.len() - 1).expect("fewer rows than u32")
        });
        let rate = Rate { prefix, limits, validity, price };
        let rows = &mut lists[list].rows;
        match rows.get_mut(bucket(&rate.prefix)) {
            Some(bucket) => bucket.push(rate),
            None => {
                rows.insert(bucket(&rate.prefix).into(), vec![rate]);
            }
        }
        Ok(())
    })?;
    Ok(prices)
}

fn read_limits(row: &Row<'_>) -> Option<Box<Limits>> {
    let limits = Limits {
        service: row.text("service").to_owned(),
        incoming_service: row.text("incoming_service").to_owned(),
        provider: row.text("provider").to_owned(),
        place: row.text("place").to_owned(),
        origin: row.text("origin").to_owned(),
    };
    (limits != Limits::default()).then(|| Box::new(limits))
}

fn read_price(row: &Row<'_>) -> Result<Price, GenerateError> {
    let tiers = match row.text("tiers") {
        "" => {
            let price = row.nano("price")?.ok_or_else(|| row.bad("price"))?;
            Tier::of_billing(row.text_or("billing", "1/1"), price, row.whole("unit")?.unwrap_or(60))
                .ok_or_else(|| row.bad("billing"))?
        }
        text => Tier::parse_all(text).ok_or_else(|| row.bad("tiers"))?,
    };
    Ok(Price {
        tiers,
        bands: Vec::new(),
        volume: None,
        steps: Vec::new(),
        connect_fee: row.nano("connect_fee")?.unwrap_or(0),
        attempt_fee: row.nano("attempt_fee")?.unwrap_or(0),
        free_seconds: row.whole("free_seconds")?.unwrap_or(0),
        minimum: row.nano("minimum")?,
        maximum: row.nano("maximum")?,
        rounding: match row.text("rounding") {
            "" => None,
            text => Some(Rounding::parse(text).ok_or_else(|| row.bad("rounding"))?),
        },
        decimals: read_decimals(row)?,
    })
}
