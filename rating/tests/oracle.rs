//! Prices against a naive oracle: a walk over the seconds of the call in big fractions.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::LazyLock;

use proptest::prelude::*;
use rating::calendar::{CallClock, ZoneOffsets};
use rating::explain::Trace;
use rating::price::{Priced, Usage};
use rating::rate::Variant;
use rating::terms::{Adjustments, Included};
use rating::{Money, Overflow, Rate, RateParts, Rounding, RoundingMode, Tier};

/// What counters bring into a price.
#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    included: Included,
    volume_before: u64,
}

/// Prices without bands; those are walked in `bands.rs`.
fn price<T: Trace>(
    rate: &Rate,
    rounding: Rounding,
    usage: Usage,
    standing: Standing,
    trace: &mut T,
) -> Result<Priced, Overflow> {
    static UTC: LazyLock<ZoneOffsets> = LazyLock::new(|| ZoneOffsets::of(chrono_tz::UTC));
    rating::price::price(
        rate,
        rounding,
        &CallClock { offsets: &UTC, bands: &[], answered_ms: 0 },
        usage,
        &Adjustments { included: standing.included, volume_before: standing.volume_before, ..Adjustments::default() },
        trace,
    )
}

/// What the call costs, second by second: at each second where no increment is running, one begins at the tier in force there and is paid whole, but for
/// its seconds that are included.
fn walk(parts: &RateParts, rounding: Rounding, seconds: u64, standing: Standing) -> (i128, u64) {
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
    let included = standing.included;
    let is_waived = included.waived_after.is_some() && included.units > 0;
    let fee = if is_waived { 0 } else { i128::from(parts.connect_fee.nanos()) };
    let (mut total, mut paid_until, mut counter) = ((fee, 1i128), 0u64, standing.volume_before);
    for second in 0..seconds {
        if second < paid_until {
            continue;
        }
        let step = parts.variants.iter().filter(|step| step.from_volume <= counter).max_by_key(|step| step.from_volume);
        let tiers = step.map_or(&parts.tiers, |step| &step.tiers);
        let tier = tiers.iter().rev().find(|tier| u64::from(tier.from_s) <= second).unwrap();
        paid_until = second + u64::from(tier.increment_s);
        let charged = (second..paid_until).filter(|second| *second >= included.units).count();
        counter += charged as u64;
        total = reduce(sum(total, (i128::from(tier.price.nanos()) * charged as i128, i128::from(tier.unit_s))));
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

fn tiers() -> impl Strategy<Value = Vec<Tier>> {
    let tier = (
        1..200u32,
        prop_oneof![1..5u32, Just(30), Just(60), 1..100u32],
        amounts(),
        prop_oneof![Just(1u32), Just(60), Just(3600), 1..90u32],
    );
    prop::collection::vec(tier, 1..4).prop_map(|tiers| {
        let mut from_s = 0;
        let tiers = tiers.into_iter().map(|(length, increment_s, price, unit_s)| {
            let tier = Tier { from_s, increment_s, price, unit_s };
            from_s += length;
            tier
        });
        tiers.collect()
    })
}

fn rates() -> impl Strategy<Value = RateParts> {
    let limits = (amounts(), amounts(), prop_oneof![Just(0u32), 1..30u32], prop::option::of((amounts(), amounts())));
    (tiers(), limits).prop_map(|(tiers, (connect_fee, attempt_fee, free_s, limits))| {
        let (minimum, maximum) = limits.map_or((Money::ZERO, None), |(a, b)| (a.min(b), Some(a.max(b))));
        RateParts { tiers, connect_fee, attempt_fee, free_s, minimum, maximum, ..RateParts::default() }
    })
}

/// Rates with up to three steps by volume.
fn stepped_rates() -> impl Strategy<Value = RateParts> {
    (rates(), prop::collection::btree_map(1..1_500u64, tiers(), 0..4))
        .prop_map(|(parts, steps)| {
            let steps = steps.into_iter();
            let variants = steps.map(|(from_volume, tiers)| Variant { band: None, from_volume, tiers }).collect();
            RateParts { variants, volume: Some(0), ..parts }
        })
        .prop_filter("units without a common denominator are refused", |parts| Rate::new(parts.clone()).is_ok())
}

fn standings() -> impl Strategy<Value = Standing> {
    (prop_oneof![Just(0), 1..2_500u64], any::<bool>(), 0..2_000u64).prop_map(
        |(units, waives_connect_fee, volume_before)| Standing {
            included: Included { units, waived_after: waives_connect_fee.then_some(0) },
            volume_before,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn equals_the_walk_to_the_nano_unit(parts in rates(), seconds in 0..2_000u64, mode in 0..4usize, decimals in 0..=9u8) {
        let rounding = Rounding { mode: RoundingMode::ALL[mode], decimals };
        let rate = Rate::new(parts.clone()).unwrap();
        let priced = price(&rate, rounding, Usage::call(seconds * 1000), Standing::default(), &mut ()).unwrap();
        let (amount, billed_s) = walk(&parts, rounding, seconds, Standing::default());
        prop_assert_eq!((i128::from(priced.amount.nanos()), priced.billed_s), (amount, billed_s));
    }

    /// The same with a bundle before it and steps by volume.
    #[test]
    fn counters_equal_the_walk(parts in stepped_rates(), standing in standings(), seconds in 0..2_000u64) {
        let rate = Rate::new(parts.clone()).unwrap();
        let priced = price(&rate, Rounding::NANOS, Usage::call(seconds * 1000), standing, &mut ()).unwrap();
        let (amount, billed_s) = walk(&parts, Rounding::NANOS, seconds, standing);
        prop_assert_eq!((i128::from(priced.amount.nanos()), priced.billed_s), (amount, billed_s));
        prop_assert_eq!(priced.covered_s, billed_s.min(standing.included.units));
    }

    /// What is included makes nothing dearer.
    #[test]
    fn a_bundle_saves(parts in rates(), standing in standings(), seconds in 0..1_000u64) {
        let rate = Rate::new(parts).unwrap();
        let cost = |standing| price(&rate, Rounding::NANOS, Usage::call(seconds * 1000), standing, &mut ()).unwrap().amount;
        prop_assert!(cost(standing) <= cost(Standing::default()));
    }

    /// Two calls one after another cost what one of the same seconds costs, when the counters go on from the first to the second and nothing but
    /// seconds is charged.
    #[test]
    fn calls_add_up(prices in prop::collection::vec(1..5_000i64, 1..4), units in 0..500u64, before in 0..500u64, first in 1..400u64, second in 1..400u64) {
        let per_second = |price: i64| vec![Tier { from_s: 0, increment_s: 1, price: Money::from_nanos(price * 1_000_000).unwrap(), unit_s: 1 }];
        let steps = prices[1..].iter().zip(1..);
        let variants = steps.map(|(price, step)| Variant { band: None, from_volume: step * 300, tiers: per_second(*price) }).collect();
        let rate = Rate::new(RateParts { tiers: per_second(prices[0]), variants, volume: Some(0), ..RateParts::default() }).unwrap();
        let standing = |units, volume_before| Standing { included: Included { units, waived_after: None }, volume_before };
        let call = |seconds: u64, standing| price(&rate, Rounding::NANOS, Usage::call(seconds * 1000), standing, &mut ()).unwrap();
        let whole = call(first + second, standing(units, before));
        let part = call(first, standing(units, before));
        let rest = call(second, standing(units - part.covered_s, before + part.billed_s - part.covered_s));
        prop_assert_eq!(part.amount.nanos() + rest.amount.nanos(), whole.amount.nanos());
        prop_assert_eq!(part.covered_s + rest.covered_s, whole.covered_s);
    }

    /// A longer call is never cheaper, once the free seconds are over.
    #[test]
    fn longer_is_not_cheaper(parts in rates(), seconds in 30..1_000u64, more in 1..500u64) {
        let rate = Rate::new(parts).unwrap();
        let cost = |seconds: u64| price(&rate, Rounding::NANOS, Usage::call(seconds * 1000), Standing::default(), &mut ()).unwrap();
        prop_assert!(cost(seconds).amount <= cost(seconds + more).amount);
        prop_assert!(cost(seconds).billed_s <= cost(seconds + more).billed_s);
    }

    /// Explaining does not change the price.
    #[test]
    fn the_explained_price_is_the_price(parts in stepped_rates(), standing in standings(), seconds in 0..500u64) {
        let rate = Rate::new(parts).unwrap();
        let usage = Usage::call(seconds * 1000);
        let mut lines = Vec::new();
        prop_assert_eq!(price(&rate, Rounding::DEFAULT, usage, standing, &mut ()), price(&rate, Rounding::DEFAULT, usage, standing, &mut lines));
        prop_assert!(!lines.is_empty());
    }
}
