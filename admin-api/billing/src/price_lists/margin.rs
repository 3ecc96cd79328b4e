//! Sold below what it costs: retail prices under wholesale ones, by destination and provider.
//!
//! Owns: the comparison of a retail list with a provider's over the prefixes of both, in one currency and without tax.
//! Does not own: the choice of a rate for a call (`rating`), what is done about a loss.
//! Always: a destination is a prefix that one of the two sides prices itself; each side's price is that of its longest prefix of it, for an
//! outgoing call whose place and calling number are not known.

use std::cmp::Reverse;

use numbering::{Digits, PrefixId};
use rating::leg::net_of_tax;
use rating::list::{PriceList, Qualifiers, Wanted};
use rating::rows::{ListId, ListRow, ProviderId};
use rating::{Currency, Exact, Money, Rounding, Service, Snapshot};
use rust_decimal::Decimal;
use rustc_hash::FxHashMap;

use super::state::reference_amount;
use crate::decimal;

/// Losses that are kept of a draft; all are counted.
pub const LOSSES_MAX: usize = 10_000;

/// A destination sold below what a provider charges for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loss {
    /// Code of the retail list.
    pub retail_list: String,
    /// Code of the provider.
    pub provider: String,
    /// The destination.
    pub prefix: Digits,
    /// The reference call, retail, without tax, in the issuer's currency.
    pub retail: Money,
    /// The reference call, wholesale, in the issuer's currency.
    pub wholesale: Money,
}

impl Loss {
    /// What is lost by a reference call, above 0.
    pub fn amount(&self) -> Decimal {
        (decimal(self.wholesale) - decimal(self.retail)).normalize()
    }

    /// The loss in percent of what the call costs us, to four decimals.
    pub fn percent(&self) -> Decimal {
        (self.amount() * Decimal::ONE_HUNDRED / decimal(self.wholesale)).round_dp(4).normalize()
    }
}

/// Losses, the greatest first, and what could not be compared.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Losses {
    /// They, by loss in percent.
    pub losses: Vec<Loss>,
    /// Codes of lists whose currency has no general exchange rate into the issuer's, or whose tax of that day is not known.
    pub not_compared: Vec<String>,
}

/// Prices of prefixes in order.
type Prices = Vec<(Digits, Money)>;

/// A list that is not in force yet.
pub(crate) struct DraftList<'a> {
    /// Its head.
    pub(crate) head: &'a ListRow,
    /// What it prices at the date: in the order of prefixes, within them of preference; amounts of the reference call in the list's currency.
    pub(crate) prices: Vec<(Digits, Qualifiers, Money)>,
}

/// Where the prices of a list come from.
enum Source<'a> {
    Held(&'a PriceList),
    Draft(&'a DraftList<'a>),
}

/// One question: the reference call at a moment.
struct Asking<'a> {
    snapshot: &'a Snapshot,
    at_ms: i64,
    seconds: u32,
    /// Every prefix of the snapshot, in order.
    prefixes: Vec<(Digits, PrefixId)>,
}

/// The losses that a list makes at a moment: a retail one against all providers, a wholesale one against all retail lists that plans use. `draft`
/// stands in the place of the list.
pub(crate) fn losses(
    snapshot: &Snapshot,
    list: ListId,
    draft: Option<&DraftList<'_>>,
    at_ms: i64,
    seconds: u32,
) -> Losses {
    let mut prefixes: Vec<(Digits, PrefixId)> = snapshot.prefixes().iter().map(|(id, digits)| (digits, id)).collect();
    prefixes.sort_unstable();
    let asking = Asking { snapshot, at_ms, seconds, prefixes };
    let own = match draft {
        Some(draft) => Some((Source::Draft(draft), draft.head.provider)),
        None => snapshot.list(list).map(|held| (Source::Held(held), held.provider)),
    };
    let mut found = Losses::default();
    let Some((own, own_provider)) = own else { return found };
    let others = snapshot.lists().iter().filter(|other| other.id != list);
    let (mut retail, mut wholesale): (Vec<Source<'_>>, Vec<Source<'_>>) = (Vec::new(), Vec::new());
    match own_provider {
        None => {
            wholesale.extend(others.filter(|other| other.provider.is_some()).map(|other| Source::Held(other)));
            retail.push(own);
        }
        Some(provider) => {
            let in_plans = snapshot.lists_in_plans(at_ms);
            for other in others {
                match other.provider {
                    None if in_plans.contains(&other.id) => retail.push(Source::Held(other)),
                    // Of a provider's lists the one with the longest prefix counts, so all of them are looked at.
                    Some(of_other) if of_other == provider => wholesale.push(Source::Held(other)),
                    _ => {}
                }
            }
            wholesale.push(own);
        }
    }
    asking.compare(&retail, wholesale, &mut found);
    found.losses.sort_by_cached_key(|loss| {
        (Reverse(loss.percent()), loss.prefix, loss.retail_list.clone(), loss.provider.clone())
    });
    found.not_compared.sort();
    found.not_compared.dedup();
    found
}

impl Source<'_> {
    fn code(&self) -> &str {
        match self {
            Self::Held(list) => &list.code,
            Self::Draft(list) => &list.head.code,
        }
    }

    const fn provider(&self) -> Option<ProviderId> {
        match self {
            Self::Held(list) => list.provider,
            Self::Draft(list) => list.head.provider,
        }
    }

    /// Currency, and whether tax is inside.
    const fn terms(&self) -> (Currency, bool) {
        match self {
            Self::Held(list) => (list.currency, list.provider.is_none() && list.tax_included),
            Self::Draft(list) => (list.head.currency, list.head.provider.is_none() && list.head.tax_included),
        }
    }
}

impl Asking<'_> {
    fn compare(&self, retail: &[Source<'_>], mut wholesale: Vec<Source<'_>>, found: &mut Losses) {
        wholesale.sort_by(|a, b| (a.provider(), a.code()).cmp(&(b.provider(), b.code())));
        for of_provider in wholesale.chunk_by(|a, b| a.provider() == b.provider()) {
            let Some(provider) = of_provider[0].provider() else { continue };
            let code = self.snapshot.provider(provider).map_or_else(String::new, |known| known.code.to_string());
            let mut bought = Prices::new();
            for list in of_provider {
                match self.prices(list, provider) {
                    Some(prices) => bought.extend(prices),
                    None => found.not_compared.push(list.code().to_owned()),
                }
            }
            // Stable: at an equal prefix the list that comes first by its code stays, as when a call is rated.
            bought.sort_by_key(|(prefix, _)| *prefix);
            bought.dedup_by_key(|(prefix, _)| *prefix);
            for list in retail {
                match self.prices(list, provider) {
                    Some(sold) => sweep(&sold, &bought, |prefix, retail, wholesale| {
                        let (retail_list, provider) = (list.code().to_owned(), code.clone());
                        found.losses.push(Loss { retail_list, provider, prefix, retail, wholesale });
                    }),
                    None => found.not_compared.push(list.code().to_owned()),
                }
            }
        }
    }

    /// The prices of a list for calls through a provider, in the issuer's currency and without tax; `None` when there is no way to say them so.
    fn prices(&self, list: &Source<'_>, provider: ProviderId) -> Option<Prices> {
        let (currency, with_tax) = list.terms();
        let day = self.snapshot.usage_day(self.at_ms);
        let tax = if with_tax { self.snapshot.tax_basis_points(day)? } else { 0 };
        let pair = (currency, self.snapshot.currency);
        self.snapshot.exchanged(Exact::ZERO, pair, self.at_ms)?.ok()?;
        let comparable = |amount: Money| {
            let net = net_of_tax(amount, tax);
            if pair.0 == pair.1 {
                return Some(net);
            }
            self.snapshot.exchanged(Exact::from(net), pair, self.at_ms)?.ok()?.round(Rounding::NANOS).ok()
        };
        Some(match list {
            Source::Held(list) => self.prices_held(list, provider, comparable),
            Source::Draft(list) => prices_of_draft(list, provider, comparable),
        })
    }

    fn prices_held(
        &self,
        list: &PriceList,
        provider: ProviderId,
        comparable: impl Fn(Money) -> Option<Money>,
    ) -> Prices {
        let wanted = Wanted {
            service: Service::Outgoing,
            incoming_service: None,
            provider: Some(provider),
            place: None,
            origin: Digits::EMPTY,
            at_ms: self.at_ms,
        };
        let clock = self.snapshot.clock(list, self.at_ms);
        let mut amounts: FxHashMap<u32, Option<Money>> = FxHashMap::default();
        let mut prices = Prices::with_capacity(list.len());
        for (prefix, id) in &self.prefixes {
            let Some(found) = list.find_at(*id, |_| prefix.len(), &wanted) else { continue };
            let amount = amounts.entry(found.rate).or_insert_with(|| {
                reference_amount(self.snapshot.rate(found.rate), &clock, self.seconds).and_then(&comparable)
            });
            prices.extend(amount.map(|amount| (*prefix, amount)));
        }
        prices
    }
}

fn prices_of_draft(list: &DraftList<'_>, provider: ProviderId, comparable: impl Fn(Money) -> Option<Money>) -> Prices {
    let fits = |own: &Qualifiers| {
        own.service.is_none_or(|service| service == Service::Outgoing)
            && own.provider.is_none_or(|own| own == provider)
            && own.incoming_service.is_none()
            && own.place.is_none()
            && own.origin.is_empty()
    };
    let mut prices = Prices::with_capacity(list.prices.len());
    for of_prefix in list.prices.chunk_by(|a, b| a.0 == b.0) {
        let first = of_prefix.iter().filter(|(_, qualifiers, _)| fits(qualifiers)).max_by_key(|(_, own, _)| own.rank());
        prices.extend(first.and_then(|(prefix, _, amount)| Some((*prefix, comparable(*amount)?))));
    }
    prices
}

/// Walks over the prefixes of both sides in order, with the prefixes that begin the present one on a stack each.
fn sweep(sold: &[(Digits, Money)], bought: &[(Digits, Money)], mut report: impl FnMut(Digits, Money, Money)) {
    let (mut sold, mut bought) = (sold, bought);
    let (mut retail, mut wholesale): (Prices, Prices) = (Vec::new(), Vec::new());
    loop {
        let next = [sold.first(), bought.first()].into_iter().flatten().map(|(prefix, _)| *prefix).min();
        let Some(prefix) = next else { break };
        for (list, stack) in [(&mut sold, &mut retail), (&mut bought, &mut wholesale)] {
            while stack.last().is_some_and(|(top, _)| !prefix.starts_with(*top)) {
                stack.pop();
            }
            if let Some((first, rest)) = list.split_first()
                && first.0 == prefix
            {
                stack.push(*first);
                *list = rest;
            }
        }
        if let (Some((_, sells)), Some((_, costs))) = (retail.last(), wholesale.last())
            && sells < costs
        {
            report(prefix, *sells, *costs);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prices(texts: &[(&str, &str)]) -> Prices {
        let mut prices: Prices = texts
            .iter()
            .map(|(prefix, amount)| (numbering::parse_mask(prefix).unwrap(), Money::parse(amount).unwrap()))
            .collect();
        prices.sort_unstable();
        prices
    }

    /// sold | bought | destinations sold below cost: prefix, retail, wholesale
    #[test]
    fn the_longest_prefix_of_each_side_counts() {
        for (sold, bought, expected) in [
            (vec![("7", "2")], vec![("7", "1"), ("79", "3")], vec!["79 2 3"]),
            (vec![("7", "2"), ("79", "2.5"), ("7916", "4")], vec![("79", "3")], vec!["79 2.5 3"]),
            (vec![("7", "2"), ("791", "1")], vec![("79", "1.5")], vec!["791 1 1.5"]),
            (vec![("7", "2"), ("8", "1")], vec![("7", "2"), ("9", "1")], vec![]),
            (vec![("44", "1")], vec![("4", "2"), ("441", "1"), ("4420", "3")], vec!["44 1 2", "4420 1 3"]),
            (vec![], vec![("7", "1")], vec![]),
        ] {
            let mut found = Vec::new();
            sweep(&prices(&sold), &prices(&bought), |prefix, retail, wholesale| {
                found.push(format!("{prefix} {retail} {wholesale}"));
            });
            assert_eq!(found, expected, "{sold:?} {bought:?}");
        }
    }

    #[test]
    fn a_loss_in_figures() {
        let amount = |text| Money::parse(text).unwrap();
        let loss = Loss {
            retail_list: "retail".into(),
            provider: "mts".into(),
            prefix: numbering::parse_mask("79").unwrap(),
            retail: amount("2"),
            wholesale: amount("3"),
        };
        // 3 - 2 = 1; 1 / 3 of the cost.
        assert_eq!((loss.amount().to_string(), loss.percent().to_string()), ("1".into(), "33.3333".into()));
    }
}
