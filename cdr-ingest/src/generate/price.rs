//! What a call of so many seconds costs at one rate: a walk over the seconds.
//!
//! **Owns:** `Price`, tiers, fractions, rounding. **Does not own:** which rate it is (`oracle`).
//! **Always:** exact until the one rounding at the end; there is no formula here that could be wrong in the same way as the engine's.

use super::terms::Adjustment;

/// How an amount is rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rounding {
    /// Halves go up.
    HalfUp,
    /// Anything left over goes up.
    Up,
    /// Halves go to the even neighbour.
    HalfEven,
    /// Anything left over is dropped.
    Down,
}

impl Rounding {
    /// Reads the word of the file.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "half_up" => Some(Self::HalfUp),
            "up" => Some(Self::Up),
            "half_even" => Some(Self::HalfEven),
            "down" => Some(Self::Down),
            _ => None,
        }
    }
}

/// From some second on, increments of so many seconds at so much for a unit of seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tier {
    /// The second from which it is in force.
    pub from: i64,
    /// Seconds of an increment.
    pub increment: i64,
    /// Nano-units for a unit.
    pub price: i128,
    /// Seconds of a unit.
    pub unit: i64,
}

impl Tier {
    /// Reads `billing` (`first/next`).
    #[must_use]
    pub fn of_billing(billing: &str, price: i128, unit: i64) -> Option<Vec<Self>> {
        let (first, next) = billing.split_once('/')?;
        let (first, next): (i64, i64) = (first.parse().ok()?, next.parse().ok()?);
        Some(vec![Self { from: 0, increment: first, price, unit }, Self { from: first, increment: next, price, unit }])
    }

    /// Reads `tiers`: `0:30@0.006/60 30:6@0.006/60`.
    #[must_use]
    pub fn parse_all(text: &str) -> Option<Vec<Self>> {
        text.split(' ').map(Self::parse).collect()
    }

    fn parse(text: &str) -> Option<Self> {
        let (from, rest) = text.split_once(':')?;
        let (increment, rest) = rest.split_once('@')?;
        let (price, unit) = rest.split_once('/')?;
        Some(Self {
            from: from.parse().ok()?,
            increment: increment.parse().ok()?,
            price: super::money::parse_nano(price)?,
            unit: unit.parse().ok()?,
        })
    }
}

/// The price of a rate.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Price {
    /// Tiers, the earliest first.
    pub tiers: Vec<Tier>,
    /// Other tiers inside a band, by its index.
    pub bands: Vec<(usize, Vec<Tier>)>,
    /// Index of the volume that the price goes by.
    pub volume: Option<usize>,
    /// Other tiers from a standing of that volume on.
    pub steps: Vec<(i64, Vec<Tier>)>,
    /// Nano-units for the connection.
    pub connect_fee: i128,
    /// Nano-units for an attempt.
    pub attempt_fee: i128,
    /// Calls shorter than this are free.
    pub free_seconds: i64,
    /// What a call costs at least, if anything.
    pub minimum: Option<i128>,
    /// What a call costs at most.
    pub maximum: Option<i128>,
    /// The rate's own rounding.
    pub rounding: Option<Rounding>,
    /// The rate's own decimals.
    pub decimals: Option<u8>,
}

/// A non-negative fraction of a nano-unit.
#[derive(Debug, Clone, Copy)]
struct Fraction {
    top: i128,
    bottom: i128,
}

impl Fraction {
    fn whole(top: i128) -> Self {
        Self { top, bottom: 1 }
    }

    fn plus(self, top: i128, bottom: i128) -> Self {
        if self.bottom == bottom {
            return Self { top: self.top + top, bottom };
        }
        // The denominators are units of seconds, so the common one stays small.
        let common = self.bottom / greatest_common_divisor(self.bottom, bottom) * bottom;
        Self { top: self.top * (common / self.bottom) + top * (common / bottom), bottom: common }
    }

    fn times(self, top: i128, bottom: i128) -> Self {
        let (top, bottom) = (self.top * top, self.bottom * bottom);
        let common = greatest_common_divisor(top, bottom).max(1);
        Self { top: top / common, bottom: bottom / common }
    }

    fn is_below(self, amount: i128) -> bool {
        self.top < amount * self.bottom
    }

    fn is_above(self, amount: i128) -> bool {
        self.top > amount * self.bottom
    }

    /// Rounds to `decimals` decimals of a unit, in nano-units.
    fn round(self, rounding: Rounding, decimals: u8) -> i128 {
        let step = 10_i128.pow(9 - u32::from(decimals.min(9)));
        let (steps, left, whole) =
            (self.top / (self.bottom * step), self.top % (self.bottom * step), self.bottom * step);
        let up = match rounding {
            Rounding::Down => false,
            Rounding::Up => left > 0,
            Rounding::HalfUp => left * 2 >= whole,
            Rounding::HalfEven => left * 2 > whole || (left * 2 == whole && steps % 2 == 1),
        };
        (steps + i128::from(up)) * step
    }
}

fn greatest_common_divisor(one: i128, other: i128) -> i128 {
    if other == 0 { one } else { greatest_common_divisor(other, one % other) }
}

impl Price {
    /// Nano-units for a call of whole `seconds`; 0 of an attempt. `band_at` says which of the bands of this price holds at a second of the call.
    #[must_use]
    pub fn of_seconds(
        &self,
        seconds: i64,
        band_at: impl Fn(i64) -> Option<usize>,
        adjustment: &Adjustment,
        list_rounding: Rounding,
        list_decimals: u8,
    ) -> i128 {
        let mut exact = if seconds == 0 {
            Fraction::whole(self.attempt_fee)
        } else {
            self.exact(seconds, band_at, adjustment.left)
        };
        if let Some((nano, quantity)) = adjustment.exchange {
            exact = exact.times(nano, quantity * 1_000_000_000);
        }
        exact = exact.times(10_000 + adjustment.tax, 10_000);
        exact.round(self.rounding.unwrap_or(list_rounding), self.decimals.unwrap_or(list_decimals))
    }

    /// Nano-units for one unit from each standing of a counter on, when every unit costs the same whole multiple of what `list_decimals` can show,
    /// whichever call it belongs to; else `None`: then what a day costs depends on how its units were spread over calls.
    #[must_use]
    pub fn by_unit(&self, list_decimals: u8) -> Option<Vec<(i64, i128)>> {
        let smallest = 10_i128.pow(9 - u32::from(self.decimals.unwrap_or(list_decimals).min(9)));
        let of_unit = |tiers: &[Tier]| {
            let first = tiers.first()?;
            let is_flat =
                tiers.iter().all(|tier| (tier.increment, tier.price, tier.unit) == (1, first.price, first.unit));
            let whole = i128::from(first.unit) * smallest;
            (is_flat && first.price % whole == 0).then_some(first.price / i128::from(first.unit))
        };
        let has_conditions = self.connect_fee != 0
            || self.free_seconds != 0
            || self.minimum.is_some()
            || self.maximum.is_some()
            || !self.bands.is_empty();
        if has_conditions {
            return None;
        }
        let steps = [(0, &self.tiers)].into_iter().chain(self.steps.iter().map(|(from, tiers)| (*from, tiers)));
        steps.map(|(from, tiers)| Some((from, of_unit(tiers)?))).collect()
    }

    fn exact(&self, seconds: i64, band_at: impl Fn(i64) -> Option<usize>, left: i128) -> Fraction {
        if seconds < self.free_seconds {
            return Fraction::whole(0);
        }
        let mut cost = Fraction::whole(self.connect_fee);
        let mut next_increment_at = 0;
        for second in 0..seconds {
            if second == next_increment_at {
                let band = if self.bands.is_empty() { None } else { band_at(second) };
                let tiers =
                    self.bands.iter().find(|(index, _)| Some(*index) == band).map_or(&self.tiers, |(_, tiers)| tiers);
                let tier = tiers.iter().rev().find(|tier| tier.from <= second).or(tiers.first());
                let Some(tier) = tier else { break };
                cost = cost.plus(tier.price * i128::from(tier.increment), i128::from(tier.unit));
                next_increment_at += tier.increment;
            }
        }
        let cost = cost.times(left, 10_000);
        match (self.minimum, self.maximum) {
            (Some(minimum), _) if cost.is_above(0) && cost.is_below(minimum) => Fraction::whole(minimum),
            (_, Some(maximum)) if cost.is_above(maximum) => Fraction::whole(maximum),
            _ => cost,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::money::{decimal, parse_nano};
    use super::{Adjustment, Price, Rounding, Tier};

    fn price(per_unit: &str, unit: i64, billing: &str) -> Price {
        let tiers = Tier::of_billing(billing, parse_nano(per_unit).unwrap(), unit).unwrap();
        let (connect_fee, attempt_fee, free_seconds) = (0, 0, 0);
        Price {
            tiers,
            bands: Vec::new(),
            volume: None,
            steps: Vec::new(),
            connect_fee,
            attempt_fee,
            free_seconds,
            minimum: None,
            maximum: None,
            rounding: None,
            decimals: None,
        }
    }

    #[track_caller]
    fn check(price: &Price, seconds: i64, rounding: Rounding, decimals: u8, expected: &str) {
        assert_eq!(
            decimal(price.of_seconds(seconds, |_| None, &Adjustment::NONE, rounding, decimals)),
            expected,
            "{seconds} s"
        );
    }

    #[test]
    fn the_published_figures() {
        let half_minute = price("0.006", 60, "30/6");
        // 30 + 6 = 36 s; 30 + 5 x 6 = 60 s; 30 + 8 x 6 = 78 s; at 0.0001 a second.
        check(&half_minute, 32, Rounding::HalfUp, 4, "0.0036");
        check(&half_minute, 57, Rounding::HalfUp, 4, "0.006");
        check(&half_minute, 75, Rounding::HalfUp, 4, "0.0078");
        // 60 + 46 x 11 = 566 s: 566 x 0.0001 / 60 = 0.00094333..
        check(&price("0.0001", 60, "60/11"), 560, Rounding::HalfUp, 9, "0.000943333");
        // 12 + 43 x 13 = 571 s: 571 / 60 = 9.51666..
        for (rounding, expected) in [(Rounding::Up, "9.5167"), (Rounding::Down, "9.5166"), (Rounding::HalfUp, "9.5167")]
        {
            check(&price("1.0", 60, "12/13"), 560, rounding, 4, expected);
        }
        check(&price("0.1", 60, "1/1"), 180, Rounding::HalfUp, 4, "0.3");
    }

    #[test]
    fn tiers_begin_where_an_increment_starts() {
        let mut tiered = price("0", 60, "1/1");
        tiered.tiers = Tier::parse_all("0:30@0.006/60 30:6@0.006/60").unwrap();
        check(&tiered, 75, Rounding::HalfUp, 4, "0.0078");
        // Increments start at 0, 7, .., 42, 49: the one at 42 is still of the first tier (7 x 7 = 49 s), then 11 s ones at half the price:
        // 60 s begin the one at 49 only: 49 x 0.01 + 11 x 0.005 = 0.545.
        tiered.tiers = Tier::parse_all("0:7@0.6/60 45:11@0.3/60").unwrap();
        check(&tiered, 60, Rounding::HalfUp, 4, "0.545");
        check(&tiered, 61, Rounding::HalfUp, 4, "0.6");
    }

    #[test]
    fn fees_free_seconds_minimum_and_maximum() {
        let full = Price {
            connect_fee: parse_nano("0.5").unwrap(),
            attempt_fee: parse_nano("0.1").unwrap(),
            free_seconds: 6,
            minimum: parse_nano("0.7"),
            maximum: parse_nano("2"),
            ..price("0.6", 60, "1/1")
        };
        for (seconds, expected) in [(0, "0.1"), (5, "0"), (6, "0.7"), (25, "0.75"), (149, "1.99"), (500, "2")] {
            check(&full, seconds, Rounding::HalfUp, 4, expected);
        }
        check(&Price { minimum: parse_nano("1"), ..price("0", 60, "1/1") }, 60, Rounding::HalfUp, 4, "0");
    }

    /// billing | price | unit | connect fee | decimals | nano-units for one unit
    #[test]
    fn only_a_flat_price_is_one_by_the_unit() {
        for (billing, per_unit, unit, fee, decimals, expected) in [
            ("1/1", "0.6", 60, "0", 4, Some(10_000_000)),
            ("1/1", "0.0001", 1, "0", 4, Some(100_000)),
            ("1/1", "0.0001", 1, "0", 3, None),
            ("1/1", "0.7", 60, "0", 4, None),
            ("1/6", "0.6", 60, "0", 4, None),
            ("1/1", "0.6", 60, "0.1", 4, None),
        ] {
            let price = Price { connect_fee: parse_nano(fee).unwrap(), ..price(per_unit, unit, billing) };
            let by_unit = expected.map(|nano| vec![(0, nano)]);
            assert_eq!(price.by_unit(decimals), by_unit, "{billing} {per_unit}/{unit} {fee} {decimals}");
        }
        let mut stepped = price("0.6", 60, "1/1");
        stepped.steps.push((120, price("0.36", 60, "1/1").tiers));
        assert_eq!(stepped.by_unit(4), Some(vec![(0, 10_000_000), (120, 6_000_000)]));
        stepped.steps.push((200, price("0.36", 60, "60/1").tiers));
        assert_eq!(stepped.by_unit(4), None);
    }

    #[test]
    fn halves() {
        // 1 s at 0.9 a minute is 0.015, 1 s at 1.5 is 0.025.
        for (rounding, low, high) in [
            (Rounding::HalfUp, "0.02", "0.03"),
            (Rounding::HalfEven, "0.02", "0.02"),
            (Rounding::Down, "0.01", "0.02"),
            (Rounding::Up, "0.02", "0.03"),
        ] {
            check(&price("0.9", 60, "1/1"), 1, rounding, 2, low);
            check(&price("1.5", 60, "1/1"), 1, rounding, 2, high);
        }
    }
}
