//! Counters: what an account has used of its bundles, and how much it was charged for by volume.
//!
//! Owns: periods, the bundles that cover a usage and in which order their units are taken, what a priced leg adds to which counter.
//! Does not own: where counters are kept (they come in as values through [`Counters`] and go out as [`Draw`]s), the arithmetic of what is covered (`price`).
//! Always: a unit is taken once, the one that expires first before the others; nothing is taken for a leg that nobody answered; every counter that had
//! a say in the price is named by a draw, also one that was used up, so that whoever keeps counters can tell whether the price still holds.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use chrono::{Datelike, Days, Months, NaiveDate};
use numbering::Digits;
use rustc_hash::FxHashSet;
use serde::Serialize;

use crate::code::{Service, words};
use crate::explain::{Line, Trace};
use crate::leg::Leg;
use crate::list::Validity;
use crate::rows::{AccountId, CounterId};
use crate::snapshot::{AccountIx, Plan, Snapshot};
use crate::terms::Included;

words! {
    /// How long a counter counts before the next one begins; by the usage day.
    Period {
        /// A day.
        Day = "day",
        /// A week from Monday.
        Week = "week",
        /// A calendar month.
        Month = "month",
    }
}

impl Period {
    /// First day of the period that a day lies in.
    pub fn start(self, day: NaiveDate) -> NaiveDate {
        match self {
            Self::Day => day,
            Self::Week => day.week(chrono::Weekday::Mon).checked_first_day().unwrap_or(day),
            Self::Month => day.with_day(1).unwrap_or(day),
        }
    }

    /// First day of the period `count` periods before the one that begins at `start`.
    fn back(self, start: NaiveDate, count: u16) -> Option<NaiveDate> {
        match self {
            Self::Day => start.checked_sub_days(Days::new(u64::from(count))),
            Self::Week => start.checked_sub_days(Days::new(7 * u64::from(count))),
            Self::Month => start.checked_sub_months(Months::new(u32::from(count))),
        }
    }

    /// Last day of the period that begins at `start`.
    fn last_day(self, start: NaiveDate) -> NaiveDate {
        let next = match self {
            Self::Day => return start,
            Self::Week => start.checked_add_days(Days::new(7)),
            Self::Month => start.checked_add_months(Months::new(1)),
        };
        next.and_then(|next| next.pred_opt()).unwrap_or(start)
    }
}

/// Which counter: of an account, in a period.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct CounterKey {
    /// Account.
    pub account: AccountId,
    /// The bundle or the volume.
    pub counter: CounterId,
    /// First day of the period.
    pub period: NaiveDate,
}

/// What a leg adds to a counter.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Draw {
    /// Which.
    pub key: CounterKey,
    /// Where it stood before.
    pub before: u64,
    /// What is added: seconds, or pieces; 0 where the leg would have taken units and found none left.
    pub used: u64,
}

/// Where counters stand. `()` knows none: nothing was used yet.
pub trait Counters: fmt::Debug {
    /// What was added to this counter so far.
    fn used(&self, key: &CounterKey) -> u64;
}

impl Counters for () {
    fn used(&self, _key: &CounterKey) -> u64 {
        0
    }
}

/// Standings that were read beforehand; one that is not there was never moved.
impl Counters for BTreeMap<CounterKey, u64> {
    fn used(&self, key: &CounterKey) -> u64 {
        self.get(key).copied().unwrap_or(0)
    }
}

/// Counters as a charge found them, from what it drew. A bundle that it did not draw from had nothing left, or was not needed; a volume that it did
/// not move was not asked for.
#[derive(Clone, Copy, Debug)]
pub struct AsDrawn<'a> {
    /// What the charge drew.
    pub draws: &'a [Draw],
    /// Knows bundles from volumes.
    pub snapshot: &'a Snapshot,
}

impl Counters for AsDrawn<'_> {
    fn used(&self, key: &CounterKey) -> u64 {
        let drawn = self.draws.iter().find(|draw| draw.key == *key);
        let is_volume = || self.snapshot.tariffs.volumes.iter().any(|volume| volume.id == key.counter);
        drawn.map_or_else(|| if is_volume() { 0 } else { u64::MAX }, |draw| draw.before)
    }
}

/// A bundle of a plan: units that cost nothing.
#[derive(Clone, Debug)]
pub(crate) struct Bundle {
    pub(crate) id: CounterId,
    pub(crate) code: Box<str>,
    pub(crate) units: u64,
    pub(crate) period: Period,
    /// For how many further periods units that were not used can be.
    pub(crate) keeps: u16,
    pub(crate) waives_connect_fee: bool,
    /// Empty = calls of every service.
    pub(crate) services: Vec<Service>,
    /// `None` = any destination.
    pub(crate) destinations: Option<Arc<FxHashSet<Digits>>>,
    pub(crate) validity: Validity,
}

impl Bundle {
    fn covers(&self, leg: &Leg<'_>) -> bool {
        let service =
            if self.services.is_empty() { leg.service.is_call() } else { self.services.contains(&leg.service) };
        let is_in = |group: &Arc<FxHashSet<Digits>>| {
            (1..=leg.number.len()).any(|len| group.contains(&leg.number.truncated(len)))
        };
        service && self.validity.contains(leg.at_ms) && self.destinations.as_ref().is_none_or(is_in)
    }
}

/// A counter that rates of a list go by.
#[derive(Clone, Debug)]
pub struct Volume {
    /// Identifier.
    pub id: CounterId,
    /// Code, unique within its list.
    pub code: Box<str>,
    /// How long it counts.
    pub period: Period,
}

/// Units of a bundle that are left in one of its periods, perhaps none.
struct Left<'a> {
    bundle: &'a Bundle,
    key: CounterKey,
    before: u64,
    units: u64,
}

/// What the bundles of a plan still include of a leg.
#[derive(Default)]
pub(crate) struct Coverage<'a> {
    left: Vec<Left<'a>>,
}

impl<'a> Coverage<'a> {
    /// In the order in which units are taken: bundle by bundle, the oldest units first.
    pub(crate) fn of(
        snapshot: &'a Snapshot,
        (index, plan): (AccountIx, &'a Plan),
        leg: &Leg<'_>,
        usage_day: NaiveDate,
    ) -> Self {
        let mut left = Vec::new();
        if !leg.usage.answered {
            return Self { left };
        }
        let account = snapshot.account(index).id;
        for bundle in plan.bundles.iter().filter(|bundle| bundle.covers(leg)) {
            let current = bundle.period.start(usage_day);
            for age in (0..=bundle.keeps).rev() {
                let Some(period) = bundle.period.back(current, age) else { continue };
                if age > 0 && !snapshot.had_bundle(index, bundle.id, bundle.period.last_day(period)) {
                    continue;
                }
                let key = CounterKey { account, counter: bundle.id, period };
                let before = leg.counters.used(&key);
                left.push(Left { bundle, key, before, units: bundle.units.saturating_sub(before) });
            }
        }
        Self { left }
    }

    /// The sum of it, for the arithmetic.
    pub(crate) fn included(&self) -> Included {
        let mut included = Included::default();
        for left in self.left.iter().filter(|left| left.units > 0) {
            if left.bundle.waives_connect_fee && included.waived_after.is_none() {
                included.waived_after = Some(included.units);
            }
            included.units = included.units.saturating_add(left.units);
        }
        included
    }

    /// Takes `covered` of the `billed` units of a leg.
    pub(crate) fn take<T: Trace>(&self, covered: u64, billed: u64, draws: &mut Vec<Draw>, trace: &mut T) {
        let (mut covered, mut open) = (covered, billed);
        for left in &self.left {
            // What comes after the last unit of the leg has no say in its price.
            if open == 0 {
                return;
            }
            let used = covered.min(left.units);
            covered -= used;
            open -= used;
            draws.push(Draw { key: left.key, before: left.before, used });
            if used == 0 {
                continue;
            }
            trace.line(|| Line::Bundle {
                bundle: left.bundle.code.to_string(),
                period: left.key.period,
                included: left.bundle.units,
                before: left.before,
                used,
            });
        }
    }
}

/// A bundle with what an account has used of it, as people ask for it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct BundleState {
    /// Code of the bundle.
    pub bundle: String,
    /// First day of the period whose units these are.
    pub period: NaiveDate,
    /// Last day on which they can be used.
    pub until: NaiveDate,
    /// Units included.
    pub included: u64,
    /// Units used.
    pub used: u64,
}

/// What an account has of its bundles on a day: the oldest units first.
pub fn bundles_of(snapshot: &Snapshot, index: AccountIx, at_ms: i64, counters: &dyn Counters) -> Vec<BundleState> {
    let Some(plan) = snapshot.plan_of(index, at_ms) else { return Vec::new() };
    let day = snapshot.usage_day(at_ms);
    let mut states = Vec::new();
    for bundle in plan.bundles.iter().filter(|bundle| bundle.validity.contains(at_ms)) {
        let current = bundle.period.start(day);
        for age in (0..=bundle.keeps).rev() {
            let Some(period) = bundle.period.back(current, age) else { continue };
            if age > 0 && !snapshot.had_bundle(index, bundle.id, bundle.period.last_day(period)) {
                continue;
            }
            let key = CounterKey { account: snapshot.account(index).id, counter: bundle.id, period };
            let mut until = period;
            for _ in 0..=bundle.keeps {
                until = bundle.period.last_day(until).succ_opt().unwrap_or(until);
            }
            states.push(BundleState {
                bundle: bundle.code.to_string(),
                period,
                until: until.pred_opt().unwrap_or(until),
                included: bundle.units,
                used: counters.used(&key).min(bundle.units),
            });
        }
    }
    states
}

#[cfg(test)]
mod tests {
    use super::*;

    /// period | day | its first day | last day | first day of the one before
    #[test]
    fn periods() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (period, at, start, last, before) in [
            (Period::Day, "2026-11-22", "2026-11-22", "2026-11-22", "2026-11-21"),
            // 2026-11-22 is a Sunday: the last day of its week.
            (Period::Week, "2026-11-22", "2026-11-16", "2026-11-22", "2026-11-09"),
            (Period::Week, "2026-11-23", "2026-11-23", "2026-11-29", "2026-11-16"),
            (Period::Month, "2026-12-31", "2026-12-01", "2026-12-31", "2026-11-01"),
            (Period::Month, "2027-01-01", "2027-01-01", "2027-01-31", "2026-12-01"),
            (Period::Month, "2028-02-29", "2028-02-01", "2028-02-29", "2028-01-01"),
        ] {
            let first = period.start(day(at));
            assert_eq!(first, day(start), "{period} {at}");
            assert_eq!(period.last_day(first), day(last), "{period} {at}");
            assert_eq!(period.back(first, 1), Some(day(before)), "{period} {at}");
        }
    }
}
