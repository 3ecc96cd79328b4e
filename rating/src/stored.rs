//! The terms that a charge was made by, as its row keeps them.
//!
//! Owns: what is kept, and what a leg that is priced again does when the catalogue now gives other terms: the kept ones count, and a line says so with both.
//! Does not own: the terms of the catalogue (`terms`, `lock`), the price (`leg`).
//! Always: a leg that is priced for the first time has none of this, and pays one comparison for it.

use chrono::NaiveDate;

use crate::code::words;
use crate::explain::{Line, Trace};
use crate::lock::{LockAction, Match};
use crate::money::{Currency, Money};
use crate::snapshot::Snapshot;
use crate::terms::{Discount, Exchange, OwnTerms, percent_text};

words! {
    /// A term that a charge keeps.
    Term {
        /// The one discount.
        Discount = "discount",
        /// From the list's currency to the account's.
        ExchangeRate = "exchange_rate",
        /// From the wholesale list's currency to that of the books.
        WholesaleExchangeRate = "wholesale_exchange_rate",
        /// The tax.
        Tax = "tax",
        /// The lock that the call took place in spite of.
        Lock = "lock",
        /// What the lock did to the charge.
        LockAction = "lock_action",
    }
}

/// What a charge keeps of its terms.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct StoredTerms {
    /// Identifier of the discount; 0 = none.
    pub discount: u64,
    /// What one unit of the list's currency was worth.
    pub exchange_rate: Money,
    /// The same of the wholesale list; `None` = nothing was converted.
    pub wholesale_exchange_rate: Option<Money>,
    /// Tax inside the amount, hundredths of a percent.
    pub tax_basis_points: u32,
    /// The lock that an answered call took place in spite of; 0 = none.
    pub lock: u64,
    /// A lock made it free.
    pub is_barred: bool,
}

/// Says that the kept term counts, and not the one that was found.
fn say<T: Trace>(trace: &mut T, term: Term, found: Option<String>, stored: Option<String>) {
    trace.line(|| Line::Stored { term, found, stored });
}

impl StoredTerms {
    pub(crate) fn tax<T: Trace>(&self, found: u32, trace: &mut T) -> u32 {
        if found != self.tax_basis_points {
            let percent = |basis_points| Some(format!("{} %", percent_text(basis_points)));
            say(trace, Term::Tax, percent(found), percent(self.tax_basis_points));
        }
        self.tax_basis_points
    }

    /// The discount that was granted. One that is in the catalogue no more cannot be granted again: the amounts will tell.
    pub(crate) fn discount<'a, T: Trace>(
        &self,
        (snapshot, own): (&'a Snapshot, Option<&'a OwnTerms>),
        found: Option<&'a Discount>,
        trace: &mut T,
    ) -> Option<&'a Discount> {
        if found.map_or(0, |discount| discount.id) == self.discount {
            return found;
        }
        let stored = snapshot.terms().discount_by_id(own, self.discount);
        let shown = |discount: &Discount| format!("{} ({} %)", discount.id, percent_text(discount.basis_points));
        let kept = (self.discount != 0).then(|| stored.map_or_else(|| self.discount.to_string(), shown));
        say(trace, Term::Discount, found.map(shown), kept);
        stored
    }

    /// The exchange rate that was used: the row that says the same, else (`made`) one of what the charge keeps, to nine decimals.
    pub(crate) fn exchange<'a, T: Trace>(
        &self,
        (snapshot, own): (&'a Snapshot, Option<&'a OwnTerms>),
        term: Term,
        (pair, day): ((Currency, Currency), NaiveDate),
        found: Option<&'a Exchange>,
        made: &'a mut Option<Exchange>,
        trace: &mut T,
    ) -> Option<&'a Exchange> {
        let kept =
            if term == Term::WholesaleExchangeRate { self.wholesale_exchange_rate } else { Some(self.exchange_rate) };
        if found.map(|exchange| exchange.per_unit) == kept {
            return found;
        }
        say(trace, term, found.map(|exchange| exchange.per_unit.to_string()), kept.map(|rate| rate.to_string()));
        let kept = kept.filter(|rate| rate.nanos() > 0)?;
        snapshot
            .terms()
            .exchange_by_rate(own, pair, kept)
            .or_else(|| Some(made.insert(Exchange::of_one(pair, kept, day))))
    }

    /// What locks did to the charge, if that is something else than what they do now: the lock to book, and the action.
    pub(crate) fn lock<T: Trace>(
        &self,
        found: Option<(Match<'_>, LockAction)>,
        answered: bool,
        trace: &mut T,
    ) -> Option<(u64, Option<LockAction>)> {
        let found_id = if answered { found.map_or(0, |(found, _)| found.lock.id) } else { 0 };
        let action =
            if self.is_barred { Some(LockAction::Zero) } else { (self.lock != 0).then_some(LockAction::Charge) };
        let now = found.map(|(_, action)| action);
        if found_id == self.lock && now == action {
            return None;
        }
        if found_id != self.lock {
            let id = |id: u64| (id != 0).then(|| id.to_string());
            say(trace, Term::Lock, id(found_id), id(self.lock));
        }
        if now != action {
            let word = |action: Option<LockAction>| action.map(|action| action.to_string());
            say(trace, Term::LockAction, word(now), word(action));
        }
        Some((self.lock, action))
    }
}
