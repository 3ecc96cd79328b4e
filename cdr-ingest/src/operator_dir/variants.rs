//! The rows of `rates.csv` that say other tiers of a rate: inside a band, by volume, or both.
//!
//! Owns: which row they belong to, and the line and column of what is wrong with one of them.
//! Does not own: what is well formed (`rating::rate`).
//! Always: what is wrong with such a row is said of its own line.

use std::collections::BTreeMap;

use rating::rate::{BadRate, FROM_VOLUME_MAX, Flaw, Variant};
use rating::rate_text::column_of;

use super::Reading;
use super::table::read_table;
use super::tariffs::{RATE_COLUMNS, RateKey, rate_key, tiers};

/// Other tiers, by the row of `rates.csv` that they belong to, each with its line.
pub(super) type Variants = BTreeMap<RateKey, Vec<OtherTiers>>;

/// Other tiers and where they stand.
pub(super) struct OtherTiers {
    line: u64,
    pub(super) variant: Variant,
}

impl OtherTiers {
    /// What orders the variants of a rate, and is there once.
    pub(super) const fn key(&self) -> (Option<u32>, u64) {
        (self.variant.band, self.variant.from_volume)
    }

    /// The column that makes the row what it is.
    const fn column(&self) -> &'static str {
        if self.variant.from_volume > 0 { "from_volume" } else { "band" }
    }
}

/// What a step may be.
const STEP: &str = "a whole number of seconds or pieces, 1 to 9223372036854775807";

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
        let from_volume = row.read("from_volume", STEP, |text| {
            text.parse::<u64>().ok().filter(|from| (1..=FROM_VOLUME_MAX).contains(from))
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
        let others = found.entry(key).or_default();
        for band in bands {
            let other = OtherTiers { line: row.line, variant: Variant { band, from_volume, tiers: tiers.clone() } };
            if let Some(twin) = others.iter().find(|twin| twin.key() == other.key()) {
                let problem =
                    format!("the price inside this band and from this step on stands in line {} too", twin.line);
                return row.problem(other.column(), problem);
            }
            others.push(other);
        }
    });
    found
}

/// Variants without the row that they belong to are errors of their lines.
pub(super) fn refuse_left_over(reading: &mut Reading<'_>, left: Variants) {
    for other in left.into_values().filter_map(|others| others.into_iter().next()) {
        reading.fail(
            "rates.csv",
            other.line,
            other.column(),
            "no row without a band and a step has the same list, prefix, qualifiers, from and to; add it: it carries the price outside the band, and the fees",
        );
    }
}

/// Says what is wrong with a rate, of the row that it is in: the rate's own at `line`, or one of `others`, which are in order.
pub(super) fn refuse_rate(reading: &mut Reading<'_>, line: u64, others: &[OtherTiers], flaw: &Flaw) {
    let other = flaw.variant.map(|variant| &others[variant]);
    let (at, column, problem) = match (other, &flaw.problem) {
        // The counter is named by the row that carries the fees.
        (Some(step), BadRate::NoCounter) => (
            line,
            "volume",
            format!("{}; line {} has a step: name a volume of volumes.csv here", flaw.problem, step.line),
        ),
        (Some(other), BadRate::BandWithoutStart) => (other.line, "from_volume", flaw.problem.to_string()),
        (Some(other), BadRate::Denominator) => (other.line, "unit", flaw.problem.to_string()),
        (Some(other), problem) => (other.line, other.column(), problem.to_string()),
        (None, problem) => (line, column_of(problem).as_str(), problem.to_string()),
    };
    reading.fail("rates.csv", at, column, problem);
}
