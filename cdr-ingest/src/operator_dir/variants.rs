//! The rows of `rates.csv` that say other tiers of a rate: inside a band, by volume, or both.

use std::collections::BTreeMap;

use rating::rate::Variant;

use super::Reading;
use super::table::read_table;
use super::tariffs::{RATE_COLUMNS, RateKey, rate_key, tiers};

/// Other tiers, by the row of `rates.csv` that they belong to, each with its line.
pub(super) type Variants = BTreeMap<RateKey, (u64, Vec<Variant>)>;

/// What only the row without a band and a step says.
const OF_THE_RATE: [&str; 8] =
    ["volume", "connect_fee", "attempt_fee", "free_seconds", "minimum", "maximum", "rounding", "decimals"];

/// Reads the rows of `rates.csv` that name a band or a step.
pub(super) fn read_variants(reading: &mut Reading<'_>) -> Variants {
    let mut found = Variants::new();
    if reading.operator.rows.bands.is_empty() && reading.operator.rows.volumes.is_empty() {
        return found;
    }
    read_table(reading, "rates.csv", true, RATE_COLUMNS, |reading, row| {
        let band = row.text("band").map(str::to_owned);
        let from_volume = row.read("from_volume", "a whole number of seconds or pieces above 0", |text| {
            text.parse::<u64>().ok().filter(|from| *from > 0 && i64::try_from(*from).is_ok())
        });
        if band.is_none() && from_volume.is_none() {
            return;
        }
        for column in OF_THE_RATE {
            if row.text(column).is_some() {
                row.problem(column, "belongs to the row without a band and a step; leave it empty here");
            }
        }
        let key = rate_key(reading, row);
        let tiers = tiers(row);
        let (Some(key), Some(tiers)) = (key, tiers) else { return };
        let bands = match &band {
            None => vec![None],
            Some(name) => match reading.names.bands.get(&(key.list, name.clone())) {
                Some(bands) => bands.iter().copied().map(Some).collect(),
                None => {
                    return row.problem("band", format!("`{name}` is no band of this list in bands.csv; add it there"));
                }
            },
        };
        let from_volume = from_volume.unwrap_or(0);
        let (_, variants) = found.entry(key).or_insert_with(|| (row.line, Vec::new()));
        for band in bands {
            if variants.iter().any(|other| (other.band, other.from_volume) == (band, from_volume)) {
                return row.problem("band", "the price inside this band and from this step on stands twice");
            }
            variants.push(Variant { band, from_volume, tiers: tiers.clone() });
        }
    });
    found
}

/// Variants without the row that they belong to are errors of their lines.
pub(super) fn refuse_left_over(reading: &mut Reading<'_>, left: Variants) {
    for (line, _) in left.into_values() {
        reading.fail(
            "rates.csv",
            line,
            "band",
            "no row without a band and a step has the same list, prefix, qualifiers, from and to; add it: it carries the price outside the band, and the fees",
        );
    }
}
