//! Prices against a naive oracle: a walk over the seconds of the call in big fractions.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use proptest::prelude::*;
use rating::calendar::{CallClock, ZoneOffsets};
use rating::explain::Trace;
use rating::price::{Priced, Usage};
use rating::terms::Adjustments;
use rating::{Money, Overflow, Rate, RateParts, Rounding, RoundingMode, Tier};

/// Prices without bands; those are walked in `bands.rs`.
fn price<T: Trace>(rate: &Rate, rounding: Rounding, usage: Usage, trace: &mut T) -> Result<Priced, Overflow> {
    static UTC: LazyLock<ZoneOffsets> = LazyLock::new(|| ZoneOffsets::of(chrono_tz::UTC));
    rating::price::price(
        rate,
        rounding,
        &CallClock { offsets: &UTC, bands: &[], answered_ms: 0 },
        usage,
        &Adjustments::default(),
        trace,
    )
}

/// What the call costs, second by second: at each second where no increment is running, one begins at the tier in force there and is paid whole.
fn walk(parts: &RateParts, rounding: Rounding, seconds: u64) -> (i128, u64) {
    let sum = |a: (i128, i128), b: (i128, i128)| (a.0 * b.1 + b.0 * a.1, a.1 * b.1);
    let reduce = |(n, d): (i128, i128)| {
        let (mut a, mut b) = (n.unsigned_abs(), d.unsigned_abs());
        while b > 0 {
            (a, b) = (b, a % b);
        }
        let divisor = a.max(1) as i128;
        (n / divisor, d / divisor)
    };
    if seconds == 0 {
        return (round((i128::from(parts.attempt_fee.nanos()), 1), rounding), 0);
    }
    if seconds < u64::from(parts.free_s) {
        return (0, 0);
    }
    let (mut total, mut paid_until) = ((i128::from(parts.connect_fee.nanos()), 1i128), 0u64);
    for second in 0..seconds {
        if second < paid_until {
            continue;
        }
        let tier = parts.tiers.iter().rev().find(|tier| u64::from(tier.from_s) <= second).unwrap();
        total = reduce(sum(
            total,
            (i128::from(tier.price.nanos()) * i128::from(tier.increment_s), i128::from(tier.unit_s)),
        ));
        paid_until = second + u64::from(tier.increment_s);
    }
    let minimum = i128::from(parts.minimum.nanos());
    if total.0 > 0 && total.0 < minimum * total.1 {
        total = (minimum, 1);
    }
    if let Some(maximum) = parts.maximum
        && total.0 > i128::from(maximum.nanos()) * total.1
    {
        total = (i128::from(maximum.nanos()), 1);
    }
    (round(total, rounding), paid_until)
}

/// Rounds by comparing doubled remainders; shares no code with the engine.
fn round((numerator, denominator): (i128, i128), rounding: Rounding) -> i128 {
    let quantum = 10i128.pow(9 - u32::from(rounding.decimals));
    let step = denominator * quantum;
    let (low, rest) = (numerator / step, numerator % step);
    let up = match rounding.mode {
        RoundingMode::Up => rest > 0,
        RoundingMode::Down => false,
        RoundingMode::HalfUp => 2 * rest >= step,
        RoundingMode::HalfEven => 2 * rest > step || (2 * rest == step && low % 2 == 1),
    };
    (low + i128::from(up && rest > 0)) * quantum
}

fn amounts() -> impl Strategy<Value = Money> {
    prop_oneof![Just(0i64), 1..5_000_000_000i64, (1..900i64).prop_map(|n| n * 10_000_000)]
        .prop_map(|nanos| Money::from_nanos(nanos).unwrap())
}

fn rates() -> impl Strategy<Value = RateParts> {
    let tier = (
        1..200u32,
        prop_oneof![1..5u32, Just(30), Just(60), 1..100u32],
        amounts(),
        prop_oneof![Just(1u32), Just(60), Just(3600), 1..90u32],
    );
    let limits = (amounts(), amounts(), prop_oneof![Just(0u32), 1..30u32], prop::option::of((amounts(), amounts())));
    (prop::collection::vec(tier, 1..4), limits).prop_map(|(tiers, (connect_fee, attempt_fee, free_s, limits))| {
        let mut from_s = 0;
        let tiers = tiers
            .into_iter()
            .map(|(length, increment_s, price, unit_s)| {
                let tier = Tier { from_s, increment_s, price, unit_s };
                from_s += length;
                tier
            })
            .collect();
        let (minimum, maximum) = limits.map_or((Money::ZERO, None), |(a, b)| (a.min(b), Some(a.max(b))));
        RateParts { tiers, connect_fee, attempt_fee, free_s, minimum, maximum, bands: Vec::new(), rounding: None }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn equals_the_walk_to_the_nano_unit(parts in rates(), seconds in 0..2_000u64, mode in 0..4usize, decimals in 0..=9u8) {
        let rounding = Rounding { mode: RoundingMode::ALL[mode], decimals };
        let rate = Rate::new(parts.clone()).unwrap();
        let priced = price(&rate, rounding, Usage { answered: true, duration_ms: seconds * 1000 }, &mut ()).unwrap();
        let (amount, billed_s) = walk(&parts, rounding, seconds);
        prop_assert_eq!((i128::from(priced.amount.nanos()), priced.billed_s), (amount, billed_s));
    }

    /// A longer call is never cheaper, once the free seconds are over.
    #[test]
    fn longer_is_not_cheaper(parts in rates(), seconds in 30..1_000u64, more in 1..500u64) {
        let rate = Rate::new(parts).unwrap();
        let cost = |seconds: u64| price(&rate, Rounding::NANOS, Usage { answered: true, duration_ms: seconds * 1000 }, &mut ()).unwrap();
        prop_assert!(cost(seconds).amount <= cost(seconds + more).amount);
        prop_assert!(cost(seconds).billed_s <= cost(seconds + more).billed_s);
    }

    /// Explaining does not change the price.
    #[test]
    fn the_explained_price_is_the_price(parts in rates(), seconds in 0..500u64) {
        let rate = Rate::new(parts).unwrap();
        let usage = Usage { answered: true, duration_ms: seconds * 1000 };
        let mut lines = Vec::new();
        prop_assert_eq!(price(&rate, Rounding::DEFAULT, usage, &mut ()), price(&rate, Rounding::DEFAULT, usage, &mut lines));
        prop_assert!(!lines.is_empty());
    }
}
