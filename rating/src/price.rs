//! The price of one usage at one rate: exact until its one rounding.
//!
//! Owns: the order of the steps, never a loop per increment: increments, fees, discount, minimum and maximum, conversion, tax, rounding.
//! Does not own: what the increments cost (`increments`), the choice of the rate, of the discount and of the exchange rate (`leg`, `terms`), what is left of a bundle (`counter`).
//! Always: the price of a longer answered call at the same rate is never lower, but where a bundle that includes the connect fee is used after one that does
//! not: there the fee falls away; the same input gives the same nano-unit; counters come in as values and go out as values.

use crate::calendar::CallClock;
use crate::code::words;
use crate::explain::{Line, Trace};
use crate::increments::{increments, increments_in_variants};
use crate::money::{Exact, Money, Overflow, Rounding};
use crate::rate::Rate;
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

words! {
    /// What the units of a usage are.
    Measure {
        /// Seconds of a call: the wall clock runs on while they are used.
        Time = "time",
        /// Pieces of an event, all used in the moment of the event: messages, kilobytes, recorded minutes.
        Pieces = "pieces",
    }
}

/// What is priced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Usage {
    /// Whether the call was answered, the event took place.
    pub answered: bool,
    /// Duration in milliseconds, after [`WholeSeconds`]; of an event, thousandths of a piece.
    pub duration_ms: u64,
    /// What the units are.
    pub measure: Measure,
}

impl Usage {
    /// An attempt.
    pub const ATTEMPT: Self = Self { answered: false, duration_ms: 0, measure: Measure::Time };

    /// An answered call.
    pub const fn call(duration_ms: u64) -> Self {
        Self { answered: true, duration_ms, measure: Measure::Time }
    }

    /// An event of so many pieces; more than there can be prices as OVERFLOW.
    pub const fn event(pieces: u64) -> Self {
        Self { answered: true, duration_ms: pieces.saturating_mul(1000), measure: Measure::Pieces }
    }
}

/// What a usage costs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Priced {
    /// What is owed: in the currency that was wanted, tax added where the list is without.
    pub amount: Money,
    /// The same in the list's currency, before any tax is added.
    pub list_amount: Money,
    /// Seconds charged: the increments begun, covered ones included. 0 for an attempt or a call within the free seconds.
    pub billed_s: u64,
    /// Of these, what the bundles cover.
    pub covered_s: u64,
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
        return finish(Exact::from(parts.attempt_fee), (0, 0), rounding, adjustments, trace);
    }
    if usage.duration_ms < u64::from(parts.free_s) * 1000 {
        trace.line(|| Line::FreeSeconds { free_s: parts.free_s });
        return Ok(Priced { amount: Money::ZERO, list_amount: Money::ZERO, billed_s: 0, covered_s: 0 });
    }
    let included = adjustments.included;
    let (increments, billed_s) = if parts.variants.is_empty() {
        increments(rate, usage, included.units, trace)?
    } else {
        increments_in_variants(rate, clock, usage, adjustments, trace)?
    };
    let covered_s = billed_s.min(included.units);
    let mut exact = increments;
    let is_waived = included.waived_after.is_some_and(|units| covered_s > units);
    if !parts.connect_fee.is_zero() && !is_waived {
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
    finish(exact, (billed_s, covered_s), rounding, adjustments, trace)
}

/// Conversion, added tax, and the one rounding of what is owed. The amount in the list's currency is kept beside it, rounded alike.
#[inline]
fn finish<T: Trace>(
    list_exact: Exact,
    (billed_s, covered_s): (u64, u64),
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
    Ok(Priced { amount, list_amount, billed_s, covered_s })
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
        let priced = price_anywhen(rate, rounding, Usage::call(duration_ms), &mut ()).unwrap();
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
            variants: Vec::new(),
            volume: None,
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
            price_anywhen(&rate, Rounding::DEFAULT, Usage { duration_ms: 9_000, ..Usage::ATTEMPT }, &mut ()).unwrap();
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
        let usage = Usage::call(2_000);
        assert_eq!(price_anywhen(&rate, Rounding::DEFAULT, usage, &mut ()), Err(Overflow));
        let usage = Usage::call(u64::MAX / 2);
        assert_eq!(price_anywhen(&rate, Rounding::DEFAULT, usage, &mut ()), Err(Overflow));
    }

    #[test]
    fn the_lines_add_up() {
        let rate = plain("0.006", 60, "30/6");
        let mut lines = Vec::new();
        price_anywhen(&rate, Rounding::DEFAULT, Usage::call(75_000), &mut lines).unwrap();
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
