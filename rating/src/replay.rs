//! A stored charge, priced once more: "why this price?", and the proof that charges can be reproduced.
//!
//! Owns: what a charge keeps of a leg, the comparison with what the leg costs when it is priced again, and the likely reason of a difference.
//! Does not own: the price (`leg`, the function that rated it), how charges and the catalogue of their time are read (`billing`).
//! Always: the terms and counters that the charge kept count; every figure is compared, to the nano-unit.

use chrono::NaiveDate;
use numbering::Digits;
use serde::Serialize;

use crate::code::{Service, SuspenseCode, words};
use crate::counter::{AsDrawn, Counters, Draw};
use crate::explain::{FreeReason, Line, Trace};
use crate::leg::{Leg, LegPrice, Side, price_leg};
use crate::money::{Currency, Money};
use crate::price::Usage;
use crate::rows::{AccountId, CounterId, ListId, ProviderId};
use crate::snapshot::Snapshot;
use crate::stored::StoredTerms;
use crate::terms::percent_text;

/// A charge as its rows keep it: the sum of its revisions, all else of the latest.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StoredCharge {
    /// Identity of the leg, 32 hexadecimal digits.
    pub identity: String,
    /// The latest revision.
    pub revision: u16,
    /// Version of the catalogue that it was priced by.
    pub version: u64,
    /// Who pays.
    pub account: Option<AccountId>,
    /// A call to a number of ours that is not in work: nobody pays (M14).
    pub is_non_target: bool,
    /// Moment of the answer (set-up of an attempt), in milliseconds of the epoch.
    pub at_ms: i64,
    /// Service.
    pub service: Service,
    /// Dialled number or fenced short code.
    pub number: Digits,
    /// Calling number; empty = withheld.
    pub origin: Digits,
    /// Carrier.
    pub provider: Option<ProviderId>,
    /// Incoming service; empty = none.
    pub incoming_service: String,
    /// Place of service; empty = none.
    pub place: String,
    /// What was priced.
    pub usage: Usage,
    /// What it drew from counters.
    pub draws: Vec<Draw>,
    /// What it cost.
    pub figures: Figures,
}

/// Everything that pricing a leg gives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Figures {
    /// What the account owes.
    pub retail: Retail,
    /// What we owe the provider.
    pub wholesale: Wholesale,
    /// The lock that an answered call took place in spite of; 0 = none.
    pub lock: u64,
    /// Emergency call: free (A1).
    pub emergency: bool,
    /// Counters that were moved: which, in which period, from where, by how much.
    pub counters: Vec<(CounterId, NaiveDate, u64, u64)>,
}

/// What the account owes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Retail {
    /// Identifier of the list; 0 = none.
    pub list: ListId,
    /// Identifier of the row; 0 = none.
    pub row: u64,
    /// Amount with tax, in `currency`.
    pub gross: Money,
    /// Amount without tax.
    pub net: Money,
    /// Tax inside the amount, hundredths of a percent.
    pub tax_basis_points: u32,
    /// Currency of the account.
    pub currency: Option<Currency>,
    /// Amount in the currency of the list.
    pub list_amount: Money,
    /// Currency of the list.
    pub list_currency: Option<Currency>,
    /// What one unit of the list's currency was worth.
    pub exchange_rate: Money,
    /// Identifier of the discount; 0 = none.
    pub discount: u64,
    /// Seconds or pieces billed.
    pub billed: u64,
    /// Of these, covered by bundles.
    pub covered: u64,
}

/// What we owe the provider.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Wholesale {
    /// Identifier of the list; 0 = none.
    pub list: ListId,
    /// Identifier of the row; 0 = none.
    pub row: u64,
    /// Amount in the currency of the list.
    pub amount: Money,
    /// Currency of the list.
    pub currency: Option<Currency>,
    /// The same in `cost_currency`.
    pub cost: Money,
    /// Currency of the books, or the list's where nothing converted it.
    pub cost_currency: Option<Currency>,
    /// What one unit of the list's currency was worth; 0 = not kept.
    pub exchange_rate: Money,
    /// The provider has no price for the leg.
    pub missing: bool,
}

impl Figures {
    /// What a price comes to; `currency` is the account's.
    pub fn of(price: &LegPrice, currency: Option<Currency>) -> Self {
        let (retail, wholesale) = (&price.retail, &price.wholesale);
        Self {
            retail: Retail {
                list: retail.list,
                row: retail.row,
                gross: retail.amount,
                net: price.net,
                tax_basis_points: price.tax_basis_points,
                currency: currency.or(retail.currency),
                list_amount: retail.list_amount,
                list_currency: retail.list_currency,
                exchange_rate: retail.exchange_rate,
                discount: retail.discount,
                billed: retail.billed_s,
                covered: retail.covered_s,
            },
            wholesale: Wholesale {
                list: wholesale.list,
                row: wholesale.row,
                amount: wholesale.list_amount,
                currency: wholesale.list_currency,
                cost: wholesale.amount,
                cost_currency: wholesale.currency,
                exchange_rate: wholesale.exchange_rate,
                missing: price.wholesale_missing,
            },
            lock: price.breached_lock.unwrap_or(0),
            emergency: price.emergency,
            counters: price
                .draws
                .iter()
                .map(|draw| (draw.key.counter, draw.key.period, draw.before, draw.used))
                .collect(),
        }
    }

    /// Every figure by its name.
    fn named(&self) -> [(&'static str, String); 23] {
        let currency = |currency: Option<Currency>| currency.map_or_else(String::new, |currency| currency.to_string());
        let (retail, wholesale) = (&self.retail, &self.wholesale);
        let counters =
            self.counters.iter().map(|(id, period, before, added)| format!("{}/{period}:{before}+{added}", id.0));
        [
            ("gross", retail.gross.to_string()),
            ("net", retail.net.to_string()),
            ("currency", currency(retail.currency)),
            ("list_amount", retail.list_amount.to_string()),
            ("list_currency", currency(retail.list_currency)),
            ("retail_list", retail.list.0.to_string()),
            ("retail_rate", retail.row.to_string()),
            ("billed", retail.billed.to_string()),
            ("covered", retail.covered.to_string()),
            ("tax_rate", percent_text(retail.tax_basis_points)),
            ("exchange_rate", retail.exchange_rate.to_string()),
            ("discount_id", retail.discount.to_string()),
            ("wholesale_amount", wholesale.amount.to_string()),
            ("wholesale_currency", currency(wholesale.currency)),
            ("wholesale_cost", wholesale.cost.to_string()),
            ("wholesale_cost_currency", currency(wholesale.cost_currency)),
            ("wholesale_list", wholesale.list.0.to_string()),
            ("wholesale_rate", wholesale.row.to_string()),
            ("wholesale_exchange_rate", wholesale.exchange_rate.to_string()),
            ("wholesale_missing", wholesale.missing.to_string()),
            ("lock_id", self.lock.to_string()),
            ("emergency", self.emergency.to_string()),
            ("counters", counters.collect::<Vec<_>>().join(" ")),
        ]
    }
}

/// A figure that is not what the charge says.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Difference {
    /// Which, by its column.
    pub figure: &'static str,
    /// What the charge says.
    pub stored: String,
    /// What pricing it again gives.
    pub found: String,
}

words! {
    /// What most likely makes a charge differ from its price.
    Reason {
        /// The catalogue of its version gives it no price any more.
        NoPriceNow = "no_price_now",
        /// Another row of a list prices it.
        OtherRow = "other_row",
        /// The discount that it was granted is gone.
        DiscountGone = "discount_gone",
        /// Bundles cover it otherwise.
        OtherBundle = "other_bundle",
        /// The row bills another number of seconds.
        OtherBilling = "other_billing",
        /// Row, terms and seconds are the same; only an amount is not.
        AmountAltered = "amount_altered",
        /// Something else: a setting, an account.
        OtherSetting = "other_setting",
    }
}

/// A charge priced again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// What it costs, or why it cannot be priced.
    pub price: Result<Figures, SuspenseCode>,
    /// Where the charge says something else; empty = it agrees.
    pub differences: Vec<Difference>,
}

impl Replayed {
    /// Whether the charge is what its leg costs, to the nano-unit.
    pub fn agrees(&self) -> bool {
        self.price.is_ok() && self.differences.is_empty()
    }

    /// What most likely makes it differ.
    pub fn reason(&self) -> Option<Reason> {
        if self.price.is_err() {
            return Some(Reason::NoPriceNow);
        }
        let any = |figures: &[&str]| self.differences.iter().any(|difference| figures.contains(&difference.figure));
        let reasons = [
            (
                Reason::OtherRow,
                &["retail_list", "retail_rate", "wholesale_list", "wholesale_rate", "wholesale_missing"][..],
            ),
            (Reason::DiscountGone, &["discount_id"]),
            (Reason::OtherBundle, &["covered", "counters"]),
            (Reason::OtherBilling, &["billed"]),
            (Reason::AmountAltered, &["gross", "net", "list_amount", "wholesale_amount", "wholesale_cost"]),
        ];
        let found = reasons.iter().find(|(_, figures)| any(figures)).map(|(reason, _)| *reason);
        found.or_else(|| (!self.differences.is_empty()).then_some(Reason::OtherSetting))
    }
}

/// Prices the leg of a charge again, by the terms and counters that the charge kept.
pub fn replay<T: Trace>(snapshot: &Snapshot, charge: &StoredCharge, trace: &mut T) -> Replayed {
    let counters = AsDrawn { draws: &charge.draws, snapshot };
    let price = priced(snapshot, charge, Some(&charge.terms()), &counters, trace)
        .map(|(price, currency)| Figures::of(&price, currency));
    let differences = price.as_ref().map_or_else(|_| Vec::new(), |found| differences(&charge.figures, found));
    Replayed { price, differences }
}

/// Prices the leg of a charge by the terms of the catalogue given, whatever it cost before; its counters stand where it found them. What it drew from
/// them stays as it was: the charges after it were priced by that.
///
/// # Errors
/// The code that says why this catalogue gives it no price.
pub fn reprice(snapshot: &Snapshot, charge: &StoredCharge) -> Result<(Figures, Digits), SuspenseCode> {
    let counters = AsDrawn { draws: &charge.draws, snapshot };
    let (found, prefix) = reprice_from(snapshot, charge, &counters)?;
    Ok((Figures { counters: charge.figures.counters.clone(), ..found }, prefix))
}

/// Prices the leg of a charge as [`reprice`] does, but its counters stand where `counters` says, and what it draws from them is what it would draw now.
///
/// # Errors
/// The code that says why this catalogue gives it no price.
pub fn reprice_from(
    snapshot: &Snapshot,
    charge: &StoredCharge,
    counters: &dyn Counters,
) -> Result<(Figures, Digits), SuspenseCode> {
    let (price, currency) = priced(snapshot, charge, None, counters, &mut ())?;
    let prefix = price.retail.prefix.map_or(Digits::EMPTY, |prefix| snapshot.prefixes().prefix(prefix));
    Ok((Figures::of(&price, currency), prefix))
}

fn priced<T: Trace>(
    snapshot: &Snapshot,
    charge: &StoredCharge,
    stored: Option<&StoredTerms>,
    counters: &dyn Counters,
    trace: &mut T,
) -> Result<(LegPrice, Option<Currency>), SuspenseCode> {
    if charge.is_non_target {
        trace.line(|| Line::Free { reason: FreeReason::NonTarget });
        return Ok((LegPrice::FREE, None));
    }
    let account =
        charge.account.map(|id| snapshot.account_by_id(id).ok_or(SuspenseCode::UnknownSubscriber)).transpose()?;
    let symbol = |word: &str| (!word.is_empty()).then(|| snapshot.symbol(word));
    let leg = Leg {
        account,
        plan: None,
        service: charge.service,
        number: charge.number,
        origin: charge.origin,
        provider: charge.provider,
        incoming_service: symbol(&charge.incoming_service),
        place: symbol(&charge.place),
        at_ms: charge.at_ms,
        usage: charge.usage,
        counters,
        stored,
    };
    let price = price_leg(snapshot, &leg, trace)?;
    Ok((price, account.map(|account| snapshot.account(account).currency)))
}

fn differences(stored: &Figures, found: &Figures) -> Vec<Difference> {
    if stored == found {
        return Vec::new();
    }
    let is_kept = |figure: &str| figure != "wholesale_exchange_rate" || !stored.wholesale.exchange_rate.is_zero();
    let pairs = stored.named().into_iter().zip(found.named());
    pairs
        .filter(|((figure, stored), (_, found))| stored != found && is_kept(figure))
        .map(|((figure, stored), (_, found))| Difference { figure, stored, found })
        .collect()
}

impl StoredCharge {
    /// The terms that it kept.
    fn terms(&self) -> StoredTerms {
        let Figures { retail, wholesale, lock, emergency, .. } = &self.figures;
        let is_converted = wholesale.currency != wholesale.cost_currency;
        StoredTerms {
            discount: retail.discount,
            exchange_rate: retail.exchange_rate,
            wholesale_exchange_rate: is_converted.then_some(wholesale.exchange_rate),
            tax_basis_points: retail.tax_basis_points,
            lock: *lock,
            // Nothing but a lock takes the price of such a leg away.
            is_barred: Snapshot::is_lockable(self.service) && retail.list == Side::FREE.list && !emergency,
        }
    }
}
