//! The price of one usage at one rate: exact until its one rounding.
//!
//! Owns: the order of the steps in closed form, never a loop per increment: increments, fees, discount, minimum and maximum, conversion, tax, rounding.
//! Does not own: the choice of the rate, of the discount and of the exchange rate (`leg`, `terms`).
//! Always: the price of a longer call at the same rate is never lower (above the free seconds); the same input gives the same nano-unit.

use crate::calendar::CallClock;
use crate::code::words;
use crate::explain::{Line, Trace};
use crate::money::{Exact, Money, Overflow, Rounding};
use crate::rate::{Rate, Tier};
use crate::terms::{Adjustments, WHOLE_BASIS_POINTS, percent_text};

words! {
    /// How a source's milliseconds become seconds, before any tier (A7).
    WholeSeconds {
        /// Milliseconds count as they are.
        None = "none",
        /// A begun second is dropped.
        Down = "down",
        /// From half a second on, up.
        HalfUp = "half_up",
        /// A begun second counts whole.
        Up = "up",
    }
}

impl WholeSeconds {
    /// The duration that is billed, still in milliseconds.
    #[inline]
    pub const fn apply(self, duration_ms: u64) -> u64 {
        match self {
            Self::None => duration_ms,
            Self::Down => duration_ms / 1000 * 1000,
            Self::HalfUp => duration_ms.saturating_add(500) / 1000 * 1000,
            Self::Up => duration_ms.saturating_add(999) / 1000 * 1000,
        }
    }
}

/// What is priced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usage {
    /// Whether the call was answered.
    pub answered: bool,
    /// Duration in milliseconds, after [`WholeSeconds`].
    pub duration_ms: u64,
}

/// What a usage costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Priced {
    /// What is owed: in the currency that was wanted, tax added where the list is without.
    pub amount: Money,
    /// The same in the list's currency, before any tax is added.
    pub list_amount: Money,
    /// Seconds charged: the increments begun. 0 for an attempt or a call within the free seconds.
    pub billed_s: u64,
}

/// Prices `usage` at `rate`; `rounding` is the list's, unless the rate has its own; `clock` is the list's, set to the answer; `adjustments` are the
/// account's.
///
/// # Errors
/// [`Overflow`] when the amount is beyond 999,999,999.999999999.
#[inline]
pub fn price<T: Trace>(
    rate: &Rate,
    rounding: Rounding,
    clock: &CallClock<'_>,
    usage: Usage,
    adjustments: &Adjustments<'_>,
    trace: &mut T,
) -> Result<Priced, Overflow> {
    let parts = rate.parts();
    let rounding = parts.rounding.unwrap_or(rounding);
    if !usage.answered || usage.duration_ms == 0 {
        trace.line(|| Line::AttemptFee { amount: parts.attempt_fee });
        return finish(Exact::from(parts.attempt_fee), 0, rounding, adjustments, trace);
    }
    if usage.duration_ms < u64::from(parts.free_s) * 1000 {
        trace.line(|| Line::FreeSeconds { free_s: parts.free_s });
        return Ok(Priced { amount: Money::ZERO, list_amount: Money::ZERO, billed_s: 0 });
    }
    let (increments, billed_s) = if parts.bands.is_empty() {
        increments(rate, usage.duration_ms, trace)?
    } else {
        increments_in_bands(rate, clock, usage.duration_ms, trace)?
    };
    let mut exact = increments;
    if !parts.connect_fee.is_zero() {
        trace.line(|| Line::ConnectFee { amount: parts.connect_fee });
        exact = exact.checked_add(Exact::from(parts.connect_fee))?;
    }
    if let Some(discount) = adjustments.discount
        && exact.is_positive()
    {
        exact = discount.apply(exact)?;
        trace.line(|| Line::Discount {
            id: discount.id,
            level: discount.level,
            percent: percent_text(discount.basis_points),
            amount: exact.to_text(),
        });
    }
    if exact.is_positive() && exact.checked_cmp(parts.minimum)?.is_lt() {
        trace.line(|| Line::Minimum { amount: parts.minimum });
        exact = Exact::from(parts.minimum);
    }
    if let Some(maximum) = parts.maximum
        && exact.checked_cmp(maximum)?.is_gt()
    {
        trace.line(|| Line::Maximum { amount: maximum });
        exact = Exact::from(maximum);
    }
    finish(exact, billed_s, rounding, adjustments, trace)
}

/// The increments begun within `duration_ms`: tier by tier, each in closed form. An increment belongs to the tier in force where it starts and is
/// charged whole, even where it reaches over the start of the next tier.
#[inline]
fn increments<T: Trace>(rate: &Rate, duration_ms: u64, trace: &mut T) -> Result<(Exact, u64), Overflow> {
    let tiers = &rate.parts().tiers;
    let denominator = i128::from(rate.denominator());
    let mut numerator = 0i128;
    let mut at_s = 0u64;
    for (index, tier) in tiers.iter().enumerate() {
        let tier_end_ms = tiers.get(index + 1).map_or(u64::MAX, |next| u64::from(next.from_s) * 1000);
        let end_ms = duration_ms.min(tier_end_ms);
        if at_s * 1000 >= end_ms {
            continue;
        }
        let seconds = begun_s(tier, at_s * 1000, end_ms);
        let amount = amount_of(tier, denominator, seconds)?;
        numerator = numerator.checked_add(amount).ok_or(Overflow)?;
        trace.line(|| tier_line(tier, None, at_s, seconds, Exact::new(amount, denominator)));
        at_s += seconds;
    }
    Ok((Exact::new(numerator, denominator), at_s))
}

/// Longest call that is priced in bands; no record reaches so far.
const IN_BANDS_MAX_MS: u64 = 10 * 366 * 86_400_000;

/// As [`increments`], where the tiers also depend on the wall clock: from change to change, each stretch in closed form. An increment belongs to the band
/// and the tier in force where it starts.
fn increments_in_bands<T: Trace>(
    rate: &Rate,
    clock: &CallClock<'_>,
    duration_ms: u64,
    trace: &mut T,
) -> Result<(Exact, u64), Overflow> {
    if duration_ms > IN_BANDS_MAX_MS {
        return Err(Overflow);
    }
    let parts = rate.parts();
    let denominator = i128::from(rate.denominator());
    let mut numerator = 0i128;
    let mut at_ms = 0u64;
    // The stretch under way: midnight, or the edge of a band that does not count, is a change of nothing.
    let mut open: Option<(Option<usize>, &Tier, u64, u64)> = None;
    let mut close = |stretch: Option<(Option<usize>, &Tier, u64, u64)>, trace: &mut T| -> Result<(), Overflow> {
        let Some((band, tier, from_s, seconds)) = stretch else { return Ok(()) };
        let amount = amount_of(tier, denominator, seconds)?;
        numerator = numerator.checked_add(amount).ok_or(Overflow)?;
        trace.line(|| {
            let name = band.map(|place| clock.bands[parts.bands[place].band as usize].name.to_string());
            tier_line(tier, name, from_s, seconds, Exact::new(amount, denominator))
        });
        Ok(())
    };
    while at_ms < duration_ms {
        let at = clock.answered_ms + at_ms as i64;
        let (band, until) = clock.in_force(parts.bands.iter().map(|band| band.band), at);
        let tiers = band.map_or(&parts.tiers, |place| &parts.bands[place].tiers);
        let next = tiers.partition_point(|tier| u64::from(tier.from_s) * 1000 <= at_ms);
        let tier = &tiers[next - 1];
        let tier_end_ms = tiers.get(next).map_or(u64::MAX, |next| u64::from(next.from_s) * 1000);
        let end_ms = duration_ms.min(tier_end_ms).min(until.abs_diff(clock.answered_ms));
        let seconds = begun_s(tier, at_ms, end_ms);
        open = match open {
            Some((same_band, same_tier, from_s, so_far)) if same_band == band && std::ptr::eq(same_tier, tier) => {
                Some((band, tier, from_s, so_far + seconds))
            }
            finished => {
                close(finished, trace)?;
                Some((band, tier, at_ms / 1000, seconds))
            }
        };
        at_ms += seconds * 1000;
    }
    close(open, trace)?;
    Ok((Exact::new(numerator, denominator), at_ms / 1000))
}

/// Seconds of the increments of `tier` that begin in `[at_ms, end_ms)`.
#[inline]
fn begun_s(tier: &Tier, at_ms: u64, end_ms: u64) -> u64 {
    let count = (end_ms - at_ms).div_ceil(u64::from(tier.increment_s) * 1000);
    count * u64::from(tier.increment_s)
}

/// What `seconds` cost, in parts of a nano-unit.
#[inline]
fn amount_of(tier: &Tier, denominator: i128, seconds: u64) -> Result<i128, Overflow> {
    let share = denominator / i128::from(tier.unit_s);
    (i128::from(tier.price.nanos()) * share).checked_mul(i128::from(seconds)).ok_or(Overflow)
}

fn tier_line(tier: &Tier, band: Option<String>, from_s: u64, seconds: u64, amount: Exact) -> Line {
    let (increment_s, price, unit_s) = (tier.increment_s, tier.price, tier.unit_s);
    Line::Tier { band, from_s, seconds, increment_s, price, unit_s, amount: amount.to_text() }
}

/// Conversion, added tax, and the one rounding of what is owed. The amount in the list's currency is kept beside it, rounded alike.
#[inline]
fn finish<T: Trace>(
    list_exact: Exact,
    billed_s: u64,
    rounding: Rounding,
    adjustments: &Adjustments<'_>,
    trace: &mut T,
) -> Result<Priced, Overflow> {
    let mut exact = list_exact;
    if let Some(exchange) = adjustments.exchange {
        exact = exchange.apply(exact)?;
        trace.line(|| Line::Conversion {
            id: exchange.id,
            level: exchange.level,
            from: exchange.from,
            to: exchange.to,
            rate: exchange.rate,
            quantity: exchange.quantity,
            day: exchange.day,
            amount: exact.to_text(),
        });
    }
    if adjustments.added_tax > 0 {
        let (tax, whole) = (i128::from(adjustments.added_tax), i128::from(WHOLE_BASIS_POINTS));
        exact = exact.checked_ratio(whole + tax, whole)?;
        trace.line(|| Line::TaxAdded { percent: percent_text(adjustments.added_tax), amount: exact.to_text() });
    }
    let amount = exact.round(rounding)?;
    trace.line(|| Line::Rounding { mode: rounding.mode, decimals: rounding.decimals, exact: exact.to_text(), amount });
    let is_adjusted = adjustments.exchange.is_some() || adjustments.added_tax > 0;
    let list_amount = if is_adjusted { list_exact.round(rounding)? } else { amount };
    Ok(Priced { amount, list_amount, billed_s })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::calendar::ZoneOffsets;
    use crate::money::RoundingMode;
    use crate::rate::{RateParts, billing_tiers, parse_tiers};

    fn amount(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    fn rounding(mode: RoundingMode, decimals: u8) -> Rounding {
        Rounding { mode, decimals }
    }

    fn talk(rate: &Rate, rounding: Rounding, duration_ms: u64) -> (Money, u64) {
        let priced = price_anywhen(rate, rounding, Usage { answered: true, duration_ms }, &mut ()).unwrap();
        (priced.amount, priced.billed_s)
    }

    fn price_anywhen<T: Trace>(
        rate: &Rate,
        rounding: Rounding,
        usage: Usage,
        trace: &mut T,
    ) -> Result<Priced, Overflow> {
        let offsets = ZoneOffsets::of(chrono_tz::UTC);
        price(
            rate,
            rounding,
            &CallClock { offsets: &offsets, bands: &[], answered_ms: 0 },
            usage,
            &Adjustments::default(),
            trace,
        )
    }

    fn plain(price: &str, unit_s: u32, billing: &str) -> Rate {
        Rate::new(RateParts { tiers: billing_tiers(amount(price), unit_s, billing).unwrap(), ..RateParts::default() })
            .unwrap()
    }

    /// The figures that operators and vendors publish; each row is its own arithmetic.
    #[test]
    fn published_figures() {
        use RoundingMode::{Down, HalfUp, Up};
        for (price, unit_s, billing, seconds, mode, decimals, expected, billed_s) in [
            // 30 + ceil(2/6)*6 = 36 s; 36 * 0.006 / 60
            ("0.006", 60, "30/6", 32, HalfUp, 4, "0.0036", 36),
            // 30 + ceil(27/6)*6 = 60 s
            ("0.006", 60, "30/6", 57, HalfUp, 4, "0.006", 60),
            // 30 + ceil(45/6)*6 = 78 s
            ("0.006", 60, "30/6", 75, HalfUp, 4, "0.0078", 78),
            // 60 + ceil(500/11)*11 = 566 s; 566 * 0.0001 / 60 = 0.00094333..
            ("0.0001", 60, "60/11", 560, HalfUp, 9, "0.000943333", 566),
            // 12 + ceil(548/13)*13 = 571 s; 571 / 60 = 9.51666..
            ("1", 60, "12/13", 560, Up, 4, "9.5167", 571),
            ("1", 60, "12/13", 560, Down, 4, "9.5166", 571),
            ("1", 60, "12/13", 560, HalfUp, 4, "9.5167", 571),
            // 180 * 0.1 / 60
            ("0.1", 60, "1/1", 180, HalfUp, 4, "0.3", 180),
        ] {
            let got = talk(&plain(price, unit_s, billing), rounding(mode, decimals), seconds * 1000);
            assert_eq!(got, (amount(expected), billed_s), "{price}/{unit_s} {billing} {seconds} s {mode}");
        }
    }

    /// source's rule | milliseconds | minutes charged at 60/60, 1 a minute (A7)
    #[test]
    fn whole_seconds_come_first() {
        for (rule, duration_ms, expected) in [
            (WholeSeconds::HalfUp, 60_300, "1"),
            (WholeSeconds::HalfUp, 60_500, "2"),
            (WholeSeconds::None, 60_300, "2"),
            (WholeSeconds::None, 60_000, "1"),
            (WholeSeconds::Down, 60_999, "1"),
            (WholeSeconds::Up, 60_001, "2"),
            (WholeSeconds::HalfUp, 499, "0"),
        ] {
            let rate = plain("1", 60, "60/60");
            assert_eq!(
                talk(&rate, Rounding::DEFAULT, rule.apply(duration_ms)).0,
                amount(expected),
                "{rule} {duration_ms}"
            );
        }
    }

    #[test]
    fn fees_limits_and_free_seconds() {
        let mut parts = RateParts {
            tiers: parse_tiers("0:1@0.6/60").unwrap(),
            bands: Vec::new(),
            connect_fee: amount("0.5"),
            attempt_fee: amount("0.05"),
            free_s: 6,
            minimum: amount("0.7"),
            maximum: Some(amount("2")),
            rounding: None,
        };
        let rate = Rate::new(parts.clone()).unwrap();
        for (duration_ms, expected, billed_s) in [
            (0, "0.05", 0),      // 0 s: the attempt fee
            (5_000, "0", 0),     // shorter than the free seconds: nothing, not even the connect fee
            (6_000, "0.7", 6),   // 0.5 + 0.06 = 0.56, at least 0.7
            (30_000, "0.8", 30), // 0.5 + 0.3
            (600_000, "2", 600), // 0.5 + 6, at most 2
        ] {
            assert_eq!(talk(&rate, Rounding::DEFAULT, duration_ms), (amount(expected), billed_s), "{duration_ms}");
        }
        let missed =
            price_anywhen(&rate, Rounding::DEFAULT, Usage { answered: false, duration_ms: 9_000 }, &mut ()).unwrap();
        assert_eq!((missed.amount, missed.billed_s), (amount("0.05"), 0));
        // A call that costs nothing stays free whatever the minimum.
        parts.connect_fee = Money::ZERO;
        parts.tiers = parse_tiers("0:1@0/60").unwrap();
        assert_eq!(talk(&Rate::new(parts).unwrap(), Rounding::DEFAULT, 60_000), (Money::ZERO, 60));
        // 5.4 s become 5 before the free seconds are looked at (A7).
        assert_eq!(talk(&rate, Rounding::DEFAULT, WholeSeconds::HalfUp.apply(5_400)).0, Money::ZERO);
    }

    #[test]
    fn an_increment_belongs_to_the_tier_where_it_starts() {
        // 0-60 s in 40 s at 1/s; from 60 s in 10 s at 0.1/s. The increment begun at 40 reaches 80 and is charged whole at 1/s.
        let rate = Rate::new(RateParts { tiers: parse_tiers("0:40@1/1 60:10@0.1/1").unwrap(), ..RateParts::default() })
            .unwrap();
        for (seconds, expected, billed_s) in
            [(40, "40", 40), (41, "80", 80), (80, "80", 80), (81, "81", 90), (95, "82", 100)]
        {
            assert_eq!(talk(&rate, Rounding::DEFAULT, seconds * 1000), (amount(expected), billed_s), "{seconds}");
        }
        // A tier that is stepped over entirely is not charged.
        let rate = Rate::new(RateParts {
            tiers: parse_tiers("0:60@1/60 30:1@5/1 60:1@2/60").unwrap(),
            ..RateParts::default()
        })
        .unwrap();
        assert_eq!(talk(&rate, Rounding::DEFAULT, 61_000), (amount("1.0333"), 61));
    }

    #[test]
    fn too_much_is_an_overflow() {
        let rate = plain("999999999", 1, "1/1");
        let usage = Usage { answered: true, duration_ms: 2_000 };
        assert_eq!(price_anywhen(&rate, Rounding::DEFAULT, usage, &mut ()), Err(Overflow));
        let usage = Usage { answered: true, duration_ms: u64::MAX / 2 };
        assert_eq!(price_anywhen(&rate, Rounding::DEFAULT, usage, &mut ()), Err(Overflow));
    }

    #[test]
    fn the_lines_add_up() {
        let rate = plain("0.006", 60, "30/6");
        let mut lines = Vec::new();
        price_anywhen(&rate, Rounding::DEFAULT, Usage { answered: true, duration_ms: 75_000 }, &mut lines).unwrap();
        let text: Vec<String> = lines.iter().map(ToString::to_string).collect();
        assert_eq!(
            text,
            [
                "from second 0: 30 s in increments of 30 s at 0.006 per 60 s = 0.003",
                "from second 30: 48 s in increments of 6 s at 0.006 per 60 s = 0.0048",
                "rounded half_up to 4 decimals: 0.0078 -> 0.0078",
            ]
        );
    }
}
