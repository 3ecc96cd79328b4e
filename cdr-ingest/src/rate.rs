//! Stages 4 and 5: locks, tariff and price of a leg.
//!
//! In: [`AdmittedLeg`].  Out: [`RatedLeg`], or NO_RETAIL_PRICE, LOCK_BREACH, NO_EXCHANGE_RATE, OVERFLOW.
//! Owns: the query to the engine, usage day and tax of the leg.
//! Does not own: any arithmetic (`rating`).
//! Always: the same leg and the same snapshot give the same nano-unit.

use chrono::NaiveDate;
use rating::counter::{Counters, Draw};
use rating::explain::{FreeReason, Line, Trace};
use rating::leg::{Leg, LegPrice, Side, price_leg};
use rating::rows::AccountId;
use rating::snapshot::Snapshot;
use rating::{Currency, Money, SuspenseCode};

use crate::admit::{Admission, AdmittedLeg, origin};
use crate::decode::DecodedCdr;
use crate::normalise::{NormalisedCdr, Rejected};
use crate::text::Said;

/// A leg with its price, or a non-target call.
#[derive(Clone, Debug)]
pub struct RatedLeg {
    /// The leg.
    pub leg: AdmittedLeg,
    /// Price; `None` for a non-target call.
    pub price: Option<LegPrice>,
    /// Day of the answer in the issuer's zone.
    pub usage_day: NaiveDate,
    /// Tax inside the amount, in hundredths of a percent.
    pub tax_basis_points: u32,
    /// Amount without tax.
    pub net: Money,
    /// The account's currency; `None` when nobody pays.
    pub currency: Option<Currency>,
}

impl RatedLeg {
    /// The retail side: free for a non-target call.
    pub fn retail(&self) -> Side {
        self.price.as_ref().map_or(Side::FREE, |price| price.retail)
    }

    /// What it adds to the account's counters.
    pub fn draws(&self) -> &[Draw] {
        self.price.as_ref().map_or(&[], |price| &price.draws)
    }

    /// Identifier of the paying account, if somebody pays.
    pub fn account(&self, snapshot: &Snapshot) -> Option<AccountId> {
        match self.leg.admission {
            Admission::Rate { account: Some(account), .. } => Some(snapshot.account(account).id),
            _ => None,
        }
    }
}

/// Prices a leg. `plan` replaces the account's plan (offline rating without accounts); `counters` says where the account's counters stand.
pub fn rate<T: Trace>(
    snapshot: &Snapshot,
    cdr: &DecodedCdr<'_>,
    call: &NormalisedCdr,
    leg: AdmittedLeg,
    plan: Option<&rating::snapshot::Plan>,
    counters: &dyn Counters,
    trace: &mut T,
) -> Result<RatedLeg, Rejected> {
    let at_ms = call.at_ms();
    let usage_day = snapshot.usage_day(at_ms);
    let Admission::Rate { account, .. } = leg.admission else {
        trace.line(|| Line::Free { reason: FreeReason::NonTarget });
        return Ok(RatedLeg { leg, price: None, usage_day, tax_basis_points: 0, net: Money::ZERO, currency: None });
    };
    let price = price_leg(
        snapshot,
        &Leg {
            account,
            plan,
            service: leg.service,
            number: call.dst.digits(),
            origin: origin(call),
            provider: leg.provider,
            incoming_service: cdr.incoming_service.as_deref().map(|word| snapshot.symbol(word)),
            place: leg.place,
            at_ms,
            usage: call.usage,
            stored: None,
            counters,
        },
        trace,
    )
    .map_err(|code| Rejected::new(code, "rate", explain_code(code)))?;
    let currency = account.map(|account| snapshot.account(account).currency).or(price.retail.currency);
    let (tax_basis_points, net) = (price.tax_basis_points, price.net);
    Ok(RatedLeg { leg, price: Some(price), usage_day, tax_basis_points, net, currency })
}

const fn explain_code(code: SuspenseCode) -> Said {
    match code {
        SuspenseCode::NoRetailPrice => Said::fixed(
            "ни в одном прайс-листе плана нет действующей строки для этого звонка; добавьте её и запустите запись повторно",
            "no price list of the account's plan has a valid row for this call; add one, then recycle",
        ),
        SuspenseCode::NoExchangeRate => Said::fixed(
            "нет курса на этот день из валюты прайс-листа в валюту лицевого счёта; добавьте его и запустите запись повторно",
            "no exchange rate of the day converts the currency of the price list into the account's; add one, then recycle",
        ),
        SuspenseCode::LockBreach => Said::fixed(
            "звонок состоялся вопреки запрету антифрода; проведите его или отбросьте",
            "the call took place in spite of a lock of fraud control; release or discard it",
        ),
        SuspenseCode::Overflow => Said::fixed(
            "сумма больше 999999999.999999999; проверьте цену",
            "the amount is beyond 999,999,999.999999999; check the price",
        ),
        _ => Said::fixed("", ""),
    }
}
