//! The price of a leg: locks, retail, wholesale.
//!
//! Owns: the order emergency -> locks -> retail -> wholesale, and what a lock breach does to the charge (A1, A4).
//! Does not own: who pays, which provider carried the call (the caller says so).
//! Always: authorisation, rating, the tariff check and "why this price" call this one function.

use numbering::{Digits, PrefixId};
use serde::Serialize;

use crate::code::{Service, SuspenseCode};
use crate::counter::{CounterKey, Counters, Coverage, Draw};
use crate::explain::{FreeReason, Line, Trace};
use crate::list::Wanted;
use crate::lock::{self, LockAction, ProviderQuery};
use crate::money::{Currency, Exact, Money, Rounding};
use crate::price::{Usage, price};
use crate::resolve::{Resolved, resolve};
use crate::rows::{ListId, ProviderId, Symbol};
use crate::snapshot::{AccountIx, Plan, Snapshot};
use crate::stored::{StoredTerms, Term};
use crate::terms::{Adjustments, percent_text};

/// A leg whose payer and provider are known.
#[derive(Clone, Copy, Debug)]
pub struct Leg<'a> {
    /// Who pays; `None` for an emergency call of an unknown caller or a check of a plan.
    pub account: Option<AccountIx>,
    /// The plan to price by; `None` = the account's at the moment.
    pub plan: Option<&'a Plan>,
    /// Service.
    pub service: Service,
    /// Dialled number or fenced short code.
    pub number: Digits,
    /// Calling number; empty = withheld.
    pub origin: Digits,
    /// Provider that carried the call.
    pub provider: Option<ProviderId>,
    /// Incoming service.
    pub incoming_service: Option<Symbol>,
    /// Place of service.
    pub place: Option<Symbol>,
    /// Moment of the answer (set-up of an attempt), in milliseconds of the epoch.
    pub at_ms: i64,
    /// What is priced.
    pub usage: Usage,
    /// Where the account's counters stand.
    pub counters: &'a dyn Counters,
    /// The terms that its charge was made by, when a stored charge is priced again.
    pub stored: Option<&'a StoredTerms>,
}

/// One side of a priced leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Side {
    /// The list; 0 when nothing was looked up.
    pub list: ListId,
    /// The row; 0 when nothing was looked up.
    pub row: u64,
    /// The matched prefix.
    #[serde(skip)]
    pub prefix: Option<PrefixId>,
    /// Amount in `currency`; with tax, where there is any.
    pub amount: Money,
    /// Currency: the account's; of the wholesale side the issuer's, or the list's where no general rate of the day converts it.
    pub currency: Option<Currency>,
    /// Amount in the currency of the list, before any tax is added.
    pub list_amount: Money,
    /// Currency of the list.
    pub list_currency: Option<Currency>,
    /// What one unit of the list's currency was worth; 1 where nothing was converted.
    pub exchange_rate: Money,
    /// Identifier of the discount; 0 = none.
    pub discount: u64,
    /// Seconds billed, those that bundles cover included; pieces of an event.
    pub billed_s: u64,
    /// Of these, covered by bundles.
    pub covered_s: u64,
}

impl Side {
    /// Nothing to pay, nothing looked up.
    pub const FREE: Self = Self {
        list: ListId(0),
        row: 0,
        prefix: None,
        amount: Money::ZERO,
        currency: None,
        list_amount: Money::ZERO,
        list_currency: None,
        exchange_rate: Money::ONE,
        discount: 0,
        billed_s: 0,
        covered_s: 0,
    };
}

/// A priced leg.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LegPrice {
    /// What the account owes.
    pub retail: Side,
    /// What we owe the provider.
    pub wholesale: Side,
    /// Tax inside the retail amount, hundredths of a percent.
    pub tax_basis_points: u32,
    /// The retail amount without it.
    pub net: Money,
    /// The provider has no price for a leg that should have one.
    pub wholesale_missing: bool,
    /// What it adds to the account's counters.
    pub draws: Vec<Draw>,
    /// The lock that decided, when the call took place in spite of it.
    pub breached_lock: Option<u64>,
    /// Rated free as an emergency call.
    pub emergency: bool,
}

impl LegPrice {
    /// Nothing to pay on either side.
    pub const FREE: Self = Self {
        retail: Side::FREE,
        wholesale: Side::FREE,
        tax_basis_points: 0,
        net: Money::ZERO,
        wholesale_missing: false,
        draws: Vec::new(),
        breached_lock: None,
        emergency: false,
    };
}

/// Prices a leg.
///
/// # Errors
/// The suspense code that says why it cannot be priced.
#[inline]
pub fn price_leg<T: Trace>(snapshot: &Snapshot, leg: &Leg<'_>, trace: &mut T) -> Result<LegPrice, SuspenseCode> {
    let mut result = LegPrice::FREE;
    let usage_day = snapshot.usage_day(leg.at_ms);
    result.tax_basis_points = snapshot.tax_of(leg.account, usage_day, leg.at_ms);
    if let Some(stored) = leg.stored {
        result.tax_basis_points = stored.tax(result.tax_basis_points, trace);
    }
    if snapshot.is_emergency(leg.number) {
        trace.line(|| Line::Emergency { code: leg.number.to_string() });
        result.emergency = true;
        return Ok(result);
    }
    let matched = snapshot.matched_as(leg.number);
    let chain = snapshot.chain(matched);
    let wanted = Wanted {
        service: leg.service,
        incoming_service: leg.incoming_service,
        provider: leg.provider,
        place: leg.place,
        origin: leg.origin,
        at_ms: leg.at_ms,
    };

    // A lock bars the number as it is dialled, also where it is priced as another operator's.
    let dialled = if matched == leg.number { None } else { Some(snapshot.chain(leg.number)) };
    let action = locked(snapshot, leg, dialled.as_ref().unwrap_or(&chain), trace, &mut result)?;
    result.retail = match action {
        Some(LockAction::Zero) => {
            Side { currency: leg.account.map(|account| snapshot.account(account).currency), ..Side::FREE }
        }
        _ => retail(snapshot, leg, &chain, &wanted, &mut result, trace)?,
    };
    result.net = net_of_tax(result.retail.amount, result.tax_basis_points);
    if let Some(currency) = result.retail.currency
        && result.net != result.retail.amount
    {
        let basis_points = result.tax_basis_points;
        trace.line(|| Line::TaxIncluded { percent: percent_text(basis_points), net: result.net, currency });
    }
    if let Some(provider) = leg.provider
        && Snapshot::has_wholesale(leg.service)
    {
        let found = resolve(snapshot, snapshot.wholesale_lists(provider), &chain, &wanted, "wholesale", trace);
        if let Some(resolved) = found {
            let mut made = None;
            let exchange = if resolved.list.currency == snapshot.currency {
                None
            } else {
                let pair = (resolved.list.currency, snapshot.currency);
                let found = snapshot.terms().general_exchange(pair, usage_day, leg.at_ms);
                let term = Term::WholesaleExchangeRate;
                match leg.stored {
                    Some(stored) => stored.exchange((snapshot, None), term, (pair, usage_day), found, &mut made, trace),
                    None => found,
                }
            };
            let adjustments = Adjustments { exchange, ..Adjustments::default() };
            result.wholesale = charge(snapshot, resolved, leg, &adjustments, trace)?;
            return Ok(result);
        }
    }
    result.wholesale_missing = Snapshot::is_lockable(leg.service);
    Ok(result)
}

/// Looks for locks and says what the effective one does. An attempt under a lock costs nothing retail; an answered call is a breach.
#[inline]
fn locked<T: Trace>(
    snapshot: &Snapshot,
    leg: &Leg<'_>,
    chain: &numbering::Chain,
    trace: &mut T,
    result: &mut LegPrice,
) -> Result<Option<LockAction>, SuspenseCode> {
    if !Snapshot::is_lockable(leg.service) {
        return Ok(None);
    }
    let query = ProviderQuery::Through(leg.provider);
    let matches = || snapshot.locks(leg.account, leg.number, chain, query, leg.at_ms);
    let answered = leg.usage.answered;
    let found = lock::effective(matches())
        .map(|decides| (decides, if answered { snapshot.breach.of(decides.lock.origin) } else { LockAction::Zero }));
    if let Some((lock, action)) = leg.stored.and_then(|stored| stored.lock(found, answered, trace)) {
        result.breached_lock = (lock != 0).then_some(lock);
        return Ok(action);
    }
    let Some((decides, action)) = found else { return Ok(None) };
    for found in matches() {
        trace.line(|| Line::Lock {
            id: found.lock.id,
            scope: found.scope,
            mask: format!("{:?}", found.lock.mask),
            origin: found.lock.origin,
            effective: found == decides,
            action,
        });
    }
    if answered {
        result.breached_lock = Some(decides.lock.id);
    }
    if action == LockAction::Suspend { Err(SuspenseCode::LockBreach) } else { Ok(Some(action)) }
}

#[inline]
fn retail<T: Trace>(
    snapshot: &Snapshot,
    leg: &Leg<'_>,
    chain: &numbering::Chain,
    wanted: &Wanted,
    result: &mut LegPrice,
    trace: &mut T,
) -> Result<Side, SuspenseCode> {
    let account = leg.account.map(|index| snapshot.account(index));
    let plan = leg.plan.or_else(|| leg.account.and_then(|index| snapshot.plan_of(index, leg.at_ms)));
    let plan = plan.ok_or(SuspenseCode::NoRetailPrice)?;
    if leg.service == Service::Incoming && !plan.prices_incoming {
        trace.line(|| Line::Free { reason: FreeReason::IncomingNotPriced });
        return Ok(Side { currency: account.map(|account| account.currency), ..Side::FREE });
    }
    let resolved = resolve(snapshot, snapshot.layers(plan, leg.at_ms), chain, wanted, "retail", trace)
        .ok_or(SuspenseCode::NoRetailPrice)?;
    let added_tax = if resolved.list.tax_included { 0 } else { result.tax_basis_points };
    let mut adjustments = Adjustments { added_tax, ..Adjustments::default() };
    let mut made = None;
    if let Some(account) = account {
        let own = account.terms.as_deref();
        adjustments.discount = snapshot.terms().discount(own, leg.service, leg.number, leg.at_ms);
        if let Some(stored) = leg.stored {
            adjustments.discount = stored.discount((snapshot, own), adjustments.discount, trace);
        }
        if account.currency != resolved.list.currency {
            let pair = (resolved.list.currency, account.currency);
            let day = snapshot.usage_day(leg.at_ms);
            let mut rate = snapshot.terms().exchange(own, pair, day, leg.at_ms);
            if let Some(stored) = leg.stored {
                rate = stored.exchange((snapshot, own), Term::ExchangeRate, (pair, day), rate, &mut made, trace);
            }
            adjustments.exchange = Some(rate.ok_or(SuspenseCode::NoExchangeRate)?);
        }
    }
    let Some((index, plan)) = leg.account.map(|index| (index, plan)).filter(|(_, plan)| plan.counts) else {
        return charge(snapshot, resolved, leg, &adjustments, trace);
    };
    let usage_day = snapshot.usage_day(leg.at_ms);
    let coverage = Coverage::of(snapshot, (index, plan), leg, usage_day);
    adjustments.included = coverage.included();
    let volume = snapshot.rate(resolved.found.rate).parts().volume.map(|volume| snapshot.volume(volume));
    let volume = volume.map(|volume| {
        let (account, period) = (snapshot.account(index).id, volume.period.start(usage_day));
        let key = CounterKey { account, counter: volume.id, period };
        (volume, key, leg.counters.used(&key))
    });
    adjustments.volume_before = volume.map_or(0, |(.., before)| before);
    let side = charge(snapshot, resolved, leg, &adjustments, trace)?;
    coverage.take(side.covered_s, side.billed_s, &mut result.draws, trace);
    if let Some((volume, key, before)) = volume
        && side.billed_s > 0
    {
        // A leg that adds nothing still went by where it found the counter: by the length of the increments of a step.
        let used = side.billed_s - side.covered_s;
        result.draws.push(Draw { key, before, used });
        if used > 0 {
            trace.line(|| Line::Volume { counter: volume.code.to_string(), period: key.period, before, added: used });
        }
    }
    // Counters are kept as 64 bits with a sign.
    let is_beyond =
        |draw: &Draw| draw.before.checked_add(draw.used).is_none_or(|stands| i64::try_from(stands).is_err());
    if result.draws.iter().any(is_beyond) {
        return Err(SuspenseCode::Overflow);
    }
    Ok(side)
}

#[inline]
fn charge<T: Trace>(
    snapshot: &Snapshot,
    resolved: Resolved<'_>,
    leg: &Leg<'_>,
    adjustments: &Adjustments<'_>,
    trace: &mut T,
) -> Result<Side, SuspenseCode> {
    let Resolved { list, found } = resolved;
    let clock = snapshot.clock(list, leg.at_ms);
    let overflow = |_| SuspenseCode::Overflow;
    let priced =
        price(snapshot.rate(found.rate), list.rounding, &clock, leg.usage, adjustments, trace).map_err(overflow)?;
    Ok(Side {
        list: list.id,
        row: found.row_id,
        prefix: Some(found.prefix),
        amount: priced.amount,
        currency: Some(adjustments.exchange.map_or(list.currency, |exchange| exchange.to)),
        list_amount: priced.list_amount,
        list_currency: Some(list.currency),
        exchange_rate: adjustments.exchange.map_or(Money::ONE, |exchange| exchange.per_unit),
        discount: adjustments.discount.map_or(0, |discount| discount.id),
        billed_s: priced.billed_s,
        covered_s: priced.covered_s,
    })
}

/// The amount without the tax inside it, to nine decimals; `basis_points` is the rate in hundredths of a percent.
pub fn net_of_tax(gross: Money, basis_points: u32) -> Money {
    let exact = Exact::new(i128::from(gross.nanos()) * 10_000, 10_000 + i128::from(basis_points));
    exact.round(Rounding::NANOS).expect("a part of an amount is not above it")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A12: gross | percent | tax inside
    #[test]
    fn tax_is_inside_the_gross_amount() {
        for (gross, basis_points, tax) in
            [("1220.00", 2200, "220"), ("1200.00", 2000, "200"), ("1000.00", 2200, "180.327868852")]
        {
            let gross = Money::parse(gross).unwrap();
            let net = net_of_tax(gross, basis_points);
            assert_eq!(gross.nanos() - net.nanos(), Money::parse(tax).unwrap().nanos(), "{gross} {basis_points}");
        }
    }
}
