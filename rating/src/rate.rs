//! A rate: the price terms of one row of a price list.
//!
//! Owns: what terms are well formed, their text forms (`30/6`, `0:30@0.006/60`).
//! Does not own: which numbers and times a rate applies to (`list`), the arithmetic (`price`).
//! Units are seconds of a call, or pieces of an event (messages, kilobytes): the same terms price both.
//! Always: a `Rate` is valid: its first tier starts at 0, tiers ascend, increments and units are above 0, no amount is negative. Equal terms are
//! one rate (interned by the snapshot).

use crate::money::{Money, Rounding};

/// Largest increment and unit: a day of seconds, or 2^30 pieces of an event.
pub(crate) const UNITS_MAX: u32 = 1 << 30;
/// Highest step of a volume: counters are kept as signed 64 bits.
pub const FROM_VOLUME_MAX: u64 = i64::MAX as u64;
/// Largest common denominator of a rate's units.
const DENOMINATOR_MAX: u64 = 1 << 40;

/// From second `from_s` of the call: increments of `increment_s`, at `price` per `unit_s`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Tier {
    /// Where the tier begins, in seconds from the answer.
    pub from_s: u32,
    /// Length of an increment in seconds.
    pub increment_s: u32,
    /// Price of `unit_s` seconds.
    pub price: Money,
    /// Seconds that `price` buys.
    pub unit_s: u32,
}

/// Other tiers of a rate: inside a time band, from a step of the volume counter on, or both.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Variant {
    /// Index of the band in [`crate::rows::Rows::bands`]; `None` = outside all bands of the rate.
    pub band: Option<u32>,
    /// Where the volume counter has to stand; 0 = anywhere.
    pub from_volume: u64,
    /// At least one; the first from second 0 of the call, neither of the band nor of the step.
    pub tiers: Vec<Tier>,
}

/// The terms of a rate before they are checked.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct RateParts {
    /// At least one; the first from 0.
    pub tiers: Vec<Tier>,
    /// Other tiers inside time bands of the list and by volume; a checked rate has them in order of band and volume.
    pub variants: Vec<Variant>,
    /// Index of the counter in [`crate::rows::Rows::volumes`] that counts what this rate charges; obligatory with steps by volume.
    pub volume: Option<u32>,
    /// Charged when the call is answered.
    pub connect_fee: Money,
    /// Charged for an attempt that was not answered, or lasted 0 s.
    pub attempt_fee: Money,
    /// A call shorter than this costs nothing; 0 = none.
    pub free_s: u32,
    /// Least amount of a call that costs anything.
    pub minimum: Money,
    /// Most that a call costs; `None` = no limit.
    pub maximum: Option<Money>,
    /// Overrides the rounding of the list.
    pub rounding: Option<Rounding>,
}

/// What is wrong with the terms of a rate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRate {
    /// No price at all.
    #[error("a rate needs a price")]
    NoTiers,
    /// The first tier does not start with the call.
    #[error("the first tier must start at second 0")]
    FirstTier,
    /// Tiers out of order.
    #[error("tiers must start one after another")]
    Order,
    /// Increment or unit of 0, or beyond reason.
    #[error("an increment and a unit are 1 to 1073741824 (seconds, pieces)")]
    Units,
    /// A negative amount.
    #[error("prices and fees cannot be negative")]
    Negative,
    /// Minimum above maximum.
    #[error("the minimum is above the maximum")]
    Limits,
    /// Units without a common denominator of sensible size.
    #[error("the units of the tiers have no common denominator below 2^40; use units that divide an hour")]
    Denominator,
    /// One band or step twice.
    #[error("a band, and a step by volume, has one price in a rate")]
    VariantTwice,
    /// A band whose price begins with a step.
    #[error("a band with steps by volume needs its price from volume 0 on as well")]
    BandWithoutStart,
    /// A step beyond what counters count.
    #[error("a step by volume is 1 to 9223372036854775807 (seconds, pieces)")]
    Step,
    /// Steps, but nothing to count by.
    #[error("steps by volume need the counter that they go by")]
    NoCounter,
    /// More than nine decimals.
    #[error("rounding keeps 0 to 9 decimals")]
    Decimals,
}

/// What is wrong with the terms of a rate, and which of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flaw {
    /// Index of the variant, in order of band and step; `None` = the terms outside all variants.
    pub variant: Option<usize>,
    /// What is wrong.
    pub problem: BadRate,
}

impl From<BadRate> for Flaw {
    fn from(problem: BadRate) -> Self {
        Self { variant: None, problem }
    }
}

/// The checked terms of a rate.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rate {
    parts: RateParts,
    /// Least common multiple of the units: the one denominator of the whole price.
    denominator: i64,
}

impl Rate {
    /// Checks the terms.
    pub fn new(parts: RateParts) -> Result<Self, BadRate> {
        Self::checked(parts).map_err(|flaw| flaw.problem)
    }

    /// Checks the terms; what is wrong with a variant names it.
    pub fn checked(mut parts: RateParts) -> Result<Self, Flaw> {
        check_tiers(&parts.tiers)?;
        parts.variants.sort_by_key(|variant| (variant.band, variant.from_volume));
        check_variants(&parts)?;
        let amounts = [parts.connect_fee, parts.attempt_fee, parts.minimum];
        if amounts.into_iter().chain(parts.maximum).any(|amount| amount < Money::ZERO) {
            return Err(BadRate::Negative.into());
        }
        if parts.maximum.is_some_and(|maximum| maximum < parts.minimum) {
            return Err(BadRate::Limits.into());
        }
        if parts.rounding.is_some_and(|rounding| rounding.decimals > 9) {
            return Err(BadRate::Decimals.into());
        }
        let mut denominator = 1u64;
        let of_variants = parts.variants.iter().enumerate().map(|(index, variant)| (Some(index), &variant.tiers));
        for (variant, tiers) in std::iter::once((None, &parts.tiers)).chain(of_variants) {
            for tier in tiers {
                denominator = denominator / gcd(denominator, u64::from(tier.unit_s)) * u64::from(tier.unit_s);
                if denominator > DENOMINATOR_MAX {
                    return Err(Flaw { variant, problem: BadRate::Denominator });
                }
            }
        }
        Ok(Self { parts, denominator: denominator as i64 })
    }

    /// The terms.
    pub const fn parts(&self) -> &RateParts {
        &self.parts
    }

    /// The one denominator of the whole price, in seconds.
    #[inline]
    pub const fn denominator(&self) -> i64 {
        self.denominator
    }
}

/// `parts.variants` are in order.
fn check_variants(parts: &RateParts) -> Result<(), Flaw> {
    for index in 0..parts.variants.len() {
        check_variant(parts, index).map_err(|problem| Flaw { variant: Some(index), problem })?;
    }
    Ok(())
}

fn check_variant(parts: &RateParts, index: usize) -> Result<(), BadRate> {
    let variant = &parts.variants[index];
    check_tiers(&variant.tiers)?;
    let earlier = index.checked_sub(1).map(|earlier| &parts.variants[earlier]);
    let is_first_of_band = earlier.is_none_or(|earlier| earlier.band != variant.band);
    let is_base = variant.band.is_none() && variant.from_volume == 0;
    if is_base || (!is_first_of_band && earlier.is_some_and(|earlier| earlier.from_volume == variant.from_volume)) {
        return Err(BadRate::VariantTwice);
    }
    if is_first_of_band && variant.band.is_some() && variant.from_volume != 0 {
        return Err(BadRate::BandWithoutStart);
    }
    if variant.from_volume > FROM_VOLUME_MAX {
        return Err(BadRate::Step);
    }
    if variant.from_volume > 0 && parts.volume.is_none() {
        return Err(BadRate::NoCounter);
    }
    Ok(())
}

/// Whether tiers are well formed.
pub(crate) fn check_tiers(tiers: &[Tier]) -> Result<(), BadRate> {
    let first = tiers.first().ok_or(BadRate::NoTiers)?;
    if first.from_s != 0 {
        return Err(BadRate::FirstTier);
    }
    if tiers.windows(2).any(|pair| pair[1].from_s <= pair[0].from_s) {
        return Err(BadRate::Order);
    }
    let units = 1..=UNITS_MAX;
    if tiers.iter().any(|tier| !units.contains(&tier.increment_s) || !units.contains(&tier.unit_s)) {
        return Err(BadRate::Units);
    }
    if tiers.iter().any(|tier| tier.price < Money::ZERO) {
        return Err(BadRate::Negative);
    }
    Ok(())
}

/// Writes tiers as [`parse_tiers`] reads them.
pub fn tiers_text(tiers: &[Tier]) -> String {
    let tier = |t: &Tier| format!("{}:{}@{}/{}", t.from_s, t.increment_s, t.price, t.unit_s);
    tiers.iter().map(tier).collect::<Vec<_>>().join(" ")
}

/// Writes variants: `BAND=TIERS`, `BAND>VOLUME=TIERS`, `>VOLUME=TIERS`, separated by `;`. `name` says what a band is called.
pub fn variants_text(variants: &[Variant], name: impl Fn(u32) -> String) -> String {
    let variant = |variant: &Variant| {
        let band = variant.band.map(&name).unwrap_or_default();
        let step = if variant.from_volume > 0 { format!(">{}", variant.from_volume) } else { String::new() };
        format!("{band}{step}={}", tiers_text(&variant.tiers))
    };
    variants.iter().map(variant).collect::<Vec<_>>().join(";")
}

/// Reads what [`variants_text`] writes. `index` finds a band by what it is called.
pub fn parse_variants(text: &str, index: impl Fn(&str) -> Option<u32>) -> Option<Vec<Variant>> {
    let variant = |word: &str| {
        let (key, tiers) = word.split_once('=')?;
        let (name, step) = key.split_once('>').unwrap_or((key, "0"));
        Some(Variant {
            band: if name.is_empty() { None } else { Some(index(name)?) },
            from_volume: step.parse().ok()?,
            tiers: parse_tiers(tiers)?,
        })
    };
    text.split(';').filter(|word| !word.is_empty()).map(variant).collect()
}

/// Reads `from:increment@price/unit`, tiers separated by blanks: `0:30@0.006/60 30:6@0.006/60`.
pub fn parse_tiers(text: &str) -> Option<Vec<Tier>> {
    text.split_ascii_whitespace()
        .map(|word| {
            let (from, rest) = word.split_once(':')?;
            let (increment, rest) = rest.split_once('@')?;
            let (price, unit) = rest.split_once('/')?;
            Some(Tier {
                from_s: from.parse().ok()?,
                increment_s: increment.parse().ok()?,
                price: Money::parse(price)?,
                unit_s: unit.parse().ok()?,
            })
        })
        .collect::<Option<Vec<_>>>()
        .filter(|tiers| !tiers.is_empty())
}

/// The tiers of `price` per `unit_s` seconds, billed `first/next` (for example `30/6`).
pub fn billing_tiers(price: Money, unit_s: u32, billing: &str) -> Option<Vec<Tier>> {
    let (first, next) = billing.split_once('/')?;
    let (first, next): (u32, u32) = (first.parse().ok()?, next.parse().ok()?);
    let tier = |from_s, increment_s| Tier { from_s, increment_s, price, unit_s };
    Some(if first == next { vec![tier(0, first)] } else { vec![tier(0, first), tier(first, next)] })
}

fn gcd(a: u64, b: u64) -> u64 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(tiers: &str) -> RateParts {
        RateParts { tiers: parse_tiers(tiers).unwrap(), ..RateParts::default() }
    }

    #[test]
    fn text_forms_mean_the_same() {
        let price = Money::parse("0.006").unwrap();
        assert_eq!(billing_tiers(price, 60, "30/6"), parse_tiers("0:30@0.006/60 30:6@0.006/60"));
        assert_eq!(billing_tiers(price, 60, "1/1"), parse_tiers("0:1@0.006/60"));
        assert_eq!(tiers_text(&parts("0:30@0.006/60 30:6@0.5/1").tiers), "0:30@0.006/60 30:6@0.5/1");
        let in_bands = parse_variants("night=0:1@1/60;day>600=0:60@2/60 60:1@1/60;>60=0:1@1/1", |name| {
            Some(u32::from(name == "day"))
        })
        .unwrap();
        assert_eq!(
            variants_text(&in_bands, |band| ["night", "day"][band as usize].into()),
            "night=0:1@1/60;day>600=0:60@2/60 60:1@1/60;>60=0:1@1/1"
        );
        for bad in ["", "0:30", "0:30@x/60", "0:30@1", "a:1@1/1"] {
            assert_eq!(parse_tiers(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn terms_are_checked() {
        let amount = |text| Money::parse(text).unwrap();
        let with = |change: fn(&mut RateParts)| {
            let mut parts = parts("0:60@1/60");
            change(&mut parts);
            Rate::new(parts).err()
        };
        assert_eq!(with(|_| ()), None);
        assert_eq!(with(|p| p.tiers.clear()), Some(BadRate::NoTiers));
        assert_eq!(with(|p| p.tiers[0].from_s = 1), Some(BadRate::FirstTier));
        assert_eq!(with(|p| p.tiers[0].increment_s = 0), Some(BadRate::Units));
        assert_eq!(with(|p| p.tiers[0].unit_s = (1 << 30) + 1), Some(BadRate::Units));
        assert_eq!(with(|p| p.tiers.push(p.tiers[0])), Some(BadRate::Order));
        assert_eq!(with(|p| p.connect_fee = Money::parse("-1").unwrap()), Some(BadRate::Negative));
        let mut limits = parts("0:60@1/60");
        (limits.minimum, limits.maximum) = (amount("2"), Some(amount("1")));
        assert_eq!(Rate::new(limits).err(), Some(BadRate::Limits));
        assert_eq!(Rate::new(parts("0:1@1/86399 1:1@1/86381 2:1@1/86371")).err(), Some(BadRate::Denominator));
        for (variants, volume, expected) in [
            ("b=0:1@1/1;b>60=0:1@2/1;>60=0:1@3/1", Some(0), None),
            ("b=0:1@1/1;b=0:1@2/1", None, Some(BadRate::VariantTwice)),
            (">60=0:1@1/1;>60=0:1@2/1", Some(0), Some(BadRate::VariantTwice)),
            ("=0:1@1/1", None, Some(BadRate::VariantTwice)),
            ("b>60=0:1@1/1", Some(0), Some(BadRate::BandWithoutStart)),
            (">60=0:1@1/1", None, Some(BadRate::NoCounter)),
            (">9223372036854775808=0:1@1/1", Some(0), Some(BadRate::Step)),
            (">9223372036854775807=0:1@1/1", Some(0), None),
            ("b=0:0@1/1", None, Some(BadRate::Units)),
        ] {
            let variants_of = parse_variants(variants, |_| Some(7)).unwrap();
            let parts = RateParts { variants: variants_of, volume, ..parts("0:60@1/60") };
            assert_eq!(Rate::new(parts).err(), expected, "{variants}");
        }
    }

    #[test]
    fn a_flaw_names_its_variant() {
        for (tiers, variants, expected) in [
            ("0:60@1/60", ">60=0:1@1/1;b=0:1@1/1;b>90=0:1@-1/1", Some(Some(2))),
            ("0:60@1/60", ">60=0:1@1/1;>30=0:0@1/1", Some(Some(0))),
            ("0:1@1/86399", ">60=0:1@1/86381 1:1@1/86371", Some(Some(0))),
            ("0:1@1/86399 1:1@1/86381 2:1@1/86371", ">60=0:1@1/1", Some(None)),
            ("0:60@1/60", ">60=0:1@1/1", None),
        ] {
            let variants_of = parse_variants(variants, |_| Some(7)).unwrap();
            let parts = RateParts { variants: variants_of, volume: Some(0), ..parts(tiers) };
            assert_eq!(Rate::checked(parts).err().map(|flaw| flaw.variant), expected, "{tiers} {variants}");
        }
    }
}
