//! What a call costs so far, and how far money reaches.
//!
//! Owns: the search for the second at which the money ends, what a hold has to cover, when to ask again.
//! Does not own: any arithmetic of a price (`leg`, `price`), how much money there is.
//! Always: every figure is what [`price_leg`] takes for a record of that length. A call may end at any second, so a length is paid for only where every
//! shorter call is.
//!
//! Why a search by halves is exact: the terms of a rate are checked (`rate`: no price, fee or limit is negative), increments begin where they begin however
//! long the call is, and discount, limits, conversion, tax and rounding keep the order of two amounts. So a longer call is never cheaper, with two
//! exceptions that are looked at by themselves: an attempt costs the attempt fee, which may be above the first increment; and where a bundle that includes
//! the connect fee is used after one that does not, the fee falls away at the second at which the latter ends.
//!
//! Cost: a pricing takes some hundred nanoseconds. The seconds take two where the money suffices for all of them, else one more for every halving (13 for
//! two hours); the hold takes two. The same again for every other retail row that may price the call, which is rare: rows that ask for a provider.

use super::{Call, of_length, row_of};
use crate::code::SuspenseCode;
use crate::counter::{Counters, Coverage};
use crate::explain::{Line, Trace};
use crate::leg::{Leg, LegPrice, Side, price_leg};
use crate::money::Money;
use crate::rows::ProviderId;
use crate::snapshot::Snapshot;

/// What a call costs, second by second, while counters stand where they do.
#[derive(Clone, Debug)]
pub struct CallPrice<'a> {
    /// One for each retail row that may price the call; which one will, the route says.
    ways: Vec<Way<'a>>,
}

/// What an account may talk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Grant {
    /// Seconds from the answer on; above 0.
    pub seconds: u64,
    /// The most that the call can cost, whenever it ends within them.
    pub hold: Money,
}

impl<'a> CallPrice<'a> {
    pub(super) fn new(
        snapshot: &'a Snapshot,
        call: &Call,
        through: &[Option<ProviderId>],
        counters: &'a dyn Counters,
    ) -> Self {
        let ways = through.iter().map(|provider| Way::new(snapshot, call.leg(*provider, 0, counters)));
        Self { ways: ways.collect() }
    }

    /// What a record of an answered call of so many seconds will be charged; of none, an attempt. Where the routes are priced by several rows: by the
    /// dearest of them.
    ///
    /// # Errors
    /// The code under which such a record would wait: its amount is beyond what can be charged.
    pub fn price_of(&self, seconds: u64) -> Result<Money, SuspenseCode> {
        self.most(|way| way.cost(seconds))
    }

    /// The same with all that belongs to it: what it adds to which counter, its seconds and tax.
    ///
    /// # Errors
    /// As [`Self::price_of`].
    pub fn priced(&self, seconds: u64) -> Result<LegPrice, SuspenseCode> {
        let mut dearest: Option<LegPrice> = None;
        for way in &self.ways {
            let priced = way.priced(seconds, &mut ())?;
            if dearest.as_ref().is_none_or(|dearest| dearest.retail.amount < priced.retail.amount) {
                dearest = Some(priced);
            }
        }
        Ok(dearest.unwrap_or(LegPrice::FREE))
    }

    /// The most that the call can cost when it ends within so many seconds, unanswered or at any of them.
    ///
    /// # Errors
    /// As [`Self::price_of`].
    pub fn hold_for(&self, seconds: u64) -> Result<Money, SuspenseCode> {
        self.most(|way| {
            let ends = way.cost(0)?.max(way.cost(seconds)?);
            let turn = way.rises_to(seconds);
            Ok(if turn < seconds { ends.max(way.cost(turn)?) } else { ends })
        })
    }

    /// The greatest number of seconds, `max_seconds` at most, of which the account can pay for every one at which the call may end: 0 where it cannot pay
    /// for the attempt or for the first increment. Seconds that are free where the call ends within them are no gift to an account that cannot pay
    /// for the next one. What costs nothing can be paid from any balance.
    ///
    /// The switch ends the call at the last of them: where its source counts begun seconds whole, or parts of them (A7), what it adds is charged as well.
    pub fn seconds_for(&self, money: Money, max_seconds: u64) -> u64 {
        let money = money.max(Money::ZERO);
        self.ways.iter().fold(max_seconds, |seconds, way| way.seconds_for(money, seconds))
    }

    /// [`Self::seconds_for`] with the hold for them; `None` where there are none.
    pub fn grant(&self, money: Money, max_seconds: u64) -> Option<Grant> {
        let seconds = Some(self.seconds_for(money, max_seconds)).filter(|seconds| *seconds > 0)?;
        self.hold_for(seconds).ok().map(|hold| Grant { seconds, hold })
    }

    /// The least money for which anything is granted: connect fee and first increment, or the attempt fee where that is more.
    ///
    /// # Errors
    /// As [`Self::price_of`].
    pub fn least(&self) -> Result<Money, SuspenseCode> {
        self.most(|way| Ok(way.cost(0)?.max(way.cost(way.first_paid_s())?)))
    }

    fn most(&self, cost: impl Fn(&Way<'a>) -> Result<Money, SuspenseCode>) -> Result<Money, SuspenseCode> {
        self.ways.iter().try_fold(Money::ZERO, |most, way| Ok(most.max(cost(way)?)))
    }
}

/// The call by one of its ways.
#[derive(Clone, Copy, Debug)]
struct Way<'a> {
    snapshot: &'a Snapshot,
    leg: Leg<'a>,
    /// After how many covered seconds the connect fee falls away that the call had at first.
    waived_after: Option<u64>,
}

impl<'a> Way<'a> {
    fn new(snapshot: &'a Snapshot, leg: Leg<'a>) -> Self {
        let counting = leg.account.and_then(|account| Some((account, snapshot.plan_of(account, leg.at_ms)?)));
        let waived_after = counting.filter(|(_, plan)| plan.counts).and_then(|paying| {
            Coverage::of(snapshot, paying, &leg, snapshot.usage_day(leg.at_ms)).included().waived_after
        });
        // After none: it never had the fee.
        Self { snapshot, leg, waived_after: waived_after.filter(|after| *after > 0) }
    }

    fn priced<T: Trace>(&self, seconds: u64, trace: &mut T) -> Result<LegPrice, SuspenseCode> {
        price_leg(self.snapshot, &Leg { usage: of_length(seconds), ..self.leg }, trace)
    }

    fn cost(&self, seconds: u64) -> Result<Money, SuspenseCode> {
        self.priced(seconds, &mut ()).map(|price| price.retail.amount)
    }

    /// Whether calls up to this length cost at most `money`, where the price rises all the way to it.
    fn affords(&self, seconds: u64, money: Money) -> bool {
        self.cost(seconds).is_ok_and(|cost| cost <= money)
    }

    fn seconds_for(&self, money: Money, max_seconds: u64) -> u64 {
        if !self.affords(0, money) {
            return 0;
        }
        let affords = |seconds| self.affords(seconds, money);
        let turn = self.rises_to(max_seconds);
        let seconds =
            if turn < max_seconds && affords(turn) { last(turn, max_seconds, affords) } else { last(0, turn, affords) };
        let is_cut = seconds < max_seconds;
        if is_cut && self.is_free_so_far(seconds) { 0 } else { seconds }
    }

    /// The length up to which the price rises: the last second with the connect fee, if it falls away within `max_seconds`.
    fn rises_to(&self, max_seconds: u64) -> u64 {
        let Some(after) = self.waived_after else { return max_seconds };
        let has_fee = |seconds| self.priced(seconds, &mut ()).is_ok_and(|price| price.retail.covered_s <= after);
        last(0, max_seconds, has_fee)
    }

    /// Whether a call of this length ends within the free seconds of its rate.
    fn is_free_so_far(&self, seconds: u64) -> bool {
        self.priced(seconds, &mut ()).is_ok_and(|price| price.retail.billed_s == 0)
    }

    /// The shortest length that is charged for.
    fn first_paid_s(&self) -> u64 {
        let mut free = FreeSeconds(0);
        let priced = self.priced(1, &mut free);
        let is_priced = priced.is_ok_and(|price| row_of(&price.retail) != row_of(&Side::FREE));
        if is_priced { free.0.max(1) } else { 1 }
    }
}

/// The free seconds of the rate, from the step that says so.
struct FreeSeconds(u64);

impl Trace for FreeSeconds {
    fn line(&mut self, make: impl FnOnce() -> Line) {
        if let Line::FreeSeconds { free_s } = make() {
            self.0 = u64::from(free_s);
        }
    }
}

/// The greatest length from `low` to `high` at which `holds`, which it does up to some length and not beyond; `low` where it does nowhere.
fn last(low: u64, high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    if high <= low || holds(high) {
        return high;
    }
    let (mut held, mut broken) = (low, high);
    while broken - held > 1 {
        let middle = held.midpoint(broken);
        if holds(middle) {
            held = middle;
        } else {
            broken = middle;
        }
    }
    held
}

/// The second of the call at which its switch asks again: so many seconds before those that are granted end, and not before half of them are used.
pub const fn reauthorize_at(granted_s: u64, lead_s: u64) -> u64 {
    let half = granted_s / 2;
    granted_s - if lead_s < half { lead_s } else { half }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// granted | lead | the second at which to ask again
    #[test]
    fn asks_before_the_end_and_not_at_once() {
        for (granted_s, lead_s, expected) in
            [(600, 30, 570), (60, 30, 30), (40, 30, 20), (5, 30, 3), (1, 30, 1), (0, 30, 0), (600, 0, 600)]
        {
            assert_eq!(reauthorize_at(granted_s, lead_s), expected, "{granted_s} {lead_s}");
        }
    }

    /// Against a walk: every range, every length at which the condition ends.
    #[test]
    fn the_last_that_holds() {
        for (low, high, end) in
            (0..12u64).flat_map(|low| (low..12).flat_map(move |high| (low..14).map(move |end| (low, high, end))))
        {
            let expected = (low..=high).rfind(|at| *at <= end);
            assert_eq!(Some(last(low, high, |at| at <= end)), expected, "{low} {high} {end}");
        }
        assert_eq!(last(0, u64::MAX, |at| at < u64::MAX), u64::MAX - 1);
    }
}
