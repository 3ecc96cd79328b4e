//! The increments of a usage at one rate: which begin where, and what they cost.
//!
//! Owns: the walk from change to change of tier, band, step and bundle, each stretch in closed form.
//! Does not own: fees, discounts, limits, rounding (`price`).
//! Always: an increment belongs to what is in force where it starts; the amount is exact, over the one denominator of the rate.

use crate::calendar::CallClock;
use crate::explain::{Line, Trace};
use crate::money::{Exact, Overflow};
use crate::price::{Measure, Usage};
use crate::rate::{Rate, RateParts, Tier, Variant};
use crate::terms::Adjustments;

/// The increments begun within the usage: tier by tier, each in closed form. An increment belongs to the tier in force where it starts and is
/// charged whole, even where it reaches over the start of the next tier; of its units the first `covered` of the call are not charged.
#[inline]
pub(crate) fn increments<T: Trace>(
    rate: &Rate,
    usage: Usage,
    covered: u64,
    trace: &mut T,
) -> Result<(Exact, u64), Overflow> {
    let tiers = &rate.parts().tiers;
    let denominator = i128::from(rate.denominator());
    let mut numerator = 0i128;
    let mut at_s = 0u64;
    for (index, tier) in tiers.iter().enumerate() {
        let tier_end_ms = tiers.get(index + 1).map_or(u64::MAX, |next| u64::from(next.from_s) * 1000);
        let end_ms = usage.duration_ms.min(tier_end_ms);
        if at_s * 1000 >= end_ms {
            continue;
        }
        let seconds = begun_s(tier, at_s * 1000, end_ms);
        let stretch = Stretch { tier, variant: None, from_s: at_s, seconds };
        numerator = stretch.charge(denominator, usage.measure, covered, None, numerator, trace)?;
        at_s += seconds;
    }
    Ok((Exact::new(numerator, denominator), at_s))
}

/// Longest call that is priced in variants; no record reaches so far.
const IN_VARIANTS_MAX_MS: u64 = 10 * 366 * 86_400_000;

/// As [`increments`], where the tiers also depend on the wall clock and on the volume counter: from change to change, each stretch in closed form. An
/// increment belongs to the band, the step and the tier in force where it starts; covered units move no volume counter.
pub(crate) fn increments_in_variants<T: Trace>(
    rate: &Rate,
    clock: &CallClock<'_>,
    usage: Usage,
    adjustments: &Adjustments<'_>,
    trace: &mut T,
) -> Result<(Exact, u64), Overflow> {
    if usage.measure == Measure::Time && usage.duration_ms > IN_VARIANTS_MAX_MS {
        return Err(Overflow);
    }
    let parts = rate.parts();
    let covered = adjustments.included.units;
    let denominator = i128::from(rate.denominator());
    let mut numerator = 0i128;
    let mut at_ms = 0u64;
    // The stretch under way: midnight, or the edge of a band that does not count, is a change of nothing.
    let mut open: Option<Stretch<'_>> = None;
    while at_ms < usage.duration_ms {
        let moment = if usage.measure == Measure::Time { clock.answered_ms + at_ms as i64 } else { clock.answered_ms };
        let volume = adjustments.volume_before.saturating_add((at_ms / 1000).saturating_sub(covered));
        let chosen = chosen_variant(parts, clock, moment, volume);
        let tiers = chosen.variant.map_or(&parts.tiers, |variant| &variant.tiers);
        let next = tiers.partition_point(|tier| u64::from(tier.from_s) * 1000 <= at_ms);
        let tier = &tiers[next - 1];
        let tier_end_ms = tiers.get(next).map_or(u64::MAX, |next| u64::from(next.from_s) * 1000);
        let band_end_ms = match usage.measure {
            Measure::Time => chosen.until_ms.abs_diff(clock.answered_ms),
            Measure::Pieces => u64::MAX,
        };
        let step_end_ms = chosen
            .next_step
            .map_or(u64::MAX, |step| covered.saturating_add(step - adjustments.volume_before).saturating_mul(1000));
        let end_ms = usage.duration_ms.min(tier_end_ms).min(band_end_ms).min(step_end_ms);
        let seconds = begun_s(tier, at_ms, end_ms);
        open = match open {
            Some(same) if std::ptr::eq(same.tier, tier) => Some(Stretch { seconds: same.seconds + seconds, ..same }),
            finished => {
                if let Some(stretch) = finished {
                    numerator = stretch.charge(denominator, usage.measure, covered, Some(clock), numerator, trace)?;
                }
                Some(Stretch { tier, variant: chosen.variant, from_s: at_ms / 1000, seconds })
            }
        };
        at_ms = at_ms.saturating_add(seconds.saturating_mul(1000));
    }
    if let Some(stretch) = open {
        numerator = stretch.charge(denominator, usage.measure, covered, Some(clock), numerator, trace)?;
    }
    Ok((Exact::new(numerator, denominator), at_ms / 1000))
}

/// The variant of a rate at a moment and a standing of its counter; `None` = the rate's own tiers.
struct Chosen<'a> {
    variant: Option<&'a Variant>,
    /// When a band may begin or end next.
    until_ms: i64,
    /// Where on the counter the next step begins.
    next_step: Option<u64>,
}

fn chosen_variant<'a>(parts: &'a RateParts, clock: &CallClock<'_>, moment_ms: i64, volume: u64) -> Chosen<'a> {
    let starts = parts.variants.iter().filter(|variant| variant.from_volume == 0);
    let (band, until_ms) = clock.in_force(starts.filter_map(|variant| variant.band), moment_ms);
    let of_band = || parts.variants.iter().filter(move |variant| variant.band == band);
    Chosen {
        variant: of_band().take_while(|variant| variant.from_volume <= volume).last(),
        until_ms,
        next_step: of_band().map(|variant| variant.from_volume).find(|step| *step > volume),
    }
}

/// Increments of one tier, one after another.
#[derive(Clone, Copy)]
struct Stretch<'a> {
    tier: &'a Tier,
    variant: Option<&'a Variant>,
    from_s: u64,
    seconds: u64,
}

impl Stretch<'_> {
    /// Adds the price of what `covered` leaves of it to `numerator`, in parts of a nano-unit.
    #[inline]
    fn charge<T: Trace>(
        self,
        denominator: i128,
        measure: Measure,
        covered: u64,
        clock: Option<&CallClock<'_>>,
        numerator: i128,
        trace: &mut T,
    ) -> Result<i128, Overflow> {
        let Self { tier, variant, from_s, seconds } = self;
        let charged = seconds - covered.saturating_sub(from_s).min(seconds);
        let share = denominator / i128::from(tier.unit_s);
        let amount = (i128::from(tier.price.nanos()) * share).checked_mul(i128::from(charged)).ok_or(Overflow)?;
        trace.line(|| Line::Tier {
            band: variant
                .and_then(|variant| variant.band)
                .and_then(|band| clock.map(|clock| clock.bands[band as usize].name.to_string())),
            from_volume: variant.map(|variant| variant.from_volume).filter(|from| *from > 0),
            from_s,
            seconds,
            covered_s: seconds - charged,
            increment_s: tier.increment_s,
            price: tier.price,
            unit_s: tier.unit_s,
            measure,
            amount: Exact::new(amount, denominator).to_text(),
        });
        numerator.checked_add(amount).ok_or(Overflow)
    }
}

/// Seconds of the increments of `tier` that begin in `[at_ms, end_ms)`.
#[inline]
fn begun_s(tier: &Tier, at_ms: u64, end_ms: u64) -> u64 {
    let count = (end_ms - at_ms).div_ceil(u64::from(tier.increment_s) * 1000);
    count * u64::from(tier.increment_s)
}
