//! What an account's own terms make of the price of a list: discounts, exchange rates, tax.
//!
//! Owns: their precedence (personal, else group, else promo or general; B18, B19, B30) and history.
//! Does not own: the price of the list (`price`), who belongs to which group (the rows say so).
//! Always: discounts do not add up; within a level the latest by date counts; the terms of a group stand once, whatever its members; a client
//! without terms of his own costs one word.

use std::sync::Arc;

use chrono::NaiveDate;
use numbering::Digits;
use rustc_hash::FxHashMap;

use crate::code::{Service, words};
use crate::list::Validity;
use crate::money::{Currency, Exact, Money, NANOS_PER_UNIT, Overflow};
use crate::rows::{AccountId, ClientId, DiscountRow, ExchangeRow, GroupId, Holder, Rows};

/// Hundredths of a percent in a whole.
pub const WHOLE_BASIS_POINTS: u32 = 10_000;

words! {
    /// Where a discount comes from; the earlier one counts alone (B18).
    DiscountLevel {
        /// Given by hand, to one account or to the client; that of the account counts first.
        Personal = "personal",
        /// Of a group of clients.
        Group = "group",
        /// A promo action, in which members of a group take part (B30).
        Promo = "promo",
    }
}

words! {
    /// Where an exchange rate comes from; the earlier one counts (B19).
    ExchangeLevel {
        /// Fixed for the client.
        Personal = "personal",
        /// Of a group of clients.
        Group = "group",
        /// For everybody.
        General = "general",
    }
}

/// A discount that is granted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Discount {
    /// Identifier of its row.
    pub id: u64,
    /// Where it comes from.
    pub level: DiscountLevel,
    /// Hundredths of a percent, at most 10,000.
    pub basis_points: u32,
    left: Ratio,
    service: Option<Service>,
    prefix: Digits,
    validity: Validity,
}

impl Discount {
    /// What is left of an amount.
    pub fn apply(&self, amount: Exact) -> Result<Exact, Overflow> {
        self.left.of(amount)
    }

    #[inline]
    fn covers(&self, service: Service, number: Digits, at_ms: i64) -> bool {
        self.validity.contains(at_ms)
            && self.service.is_none_or(|wanted| wanted == service)
            && number.starts_with(self.prefix)
    }
}

/// An exchange rate in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Exchange {
    /// Identifier of its row.
    pub id: u64,
    /// Where it comes from.
    pub level: ExchangeLevel,
    /// Currency of the list.
    pub from: Currency,
    /// Currency that is wanted.
    pub to: Currency,
    /// What `quantity` units cost in the currency that is wanted.
    pub rate: Money,
    /// Units.
    pub quantity: u32,
    /// First day.
    pub day: NaiveDate,
    /// The price of one unit to nine decimals, for the record.
    pub per_unit: Money,
    ratio: Ratio,
    validity: Validity,
}

impl Exchange {
    /// A rate of so much for one unit that no row of the catalogue holds any more.
    pub(crate) fn of_one((from, to): (Currency, Currency), rate: Money, day: NaiveDate) -> Self {
        let ratio = Ratio::new(rate.nanos(), NANOS_PER_UNIT);
        let (level, validity) = (ExchangeLevel::General, Validity::ALWAYS);
        Self { id: 0, level, from, to, rate, quantity: 1, day, per_unit: rate, ratio, validity }
    }

    /// The amount in the currency that is wanted.
    pub fn apply(&self, amount: Exact) -> Result<Exact, Overflow> {
        self.ratio.of(amount)
    }
}

/// A factor in lowest terms: amounts then mostly stay within 64 bits.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Ratio {
    top: i64,
    bottom: i64,
}

impl Ratio {
    /// `top / bottom`; neither is negative, `bottom` is above 0.
    fn new(top: i64, bottom: i64) -> Self {
        let (mut common, mut rest) = (top, bottom);
        while rest != 0 {
            (common, rest) = (rest, common % rest);
        }
        Self { top: top / common, bottom: bottom / common }
    }

    fn of(self, amount: Exact) -> Result<Exact, Overflow> {
        amount.checked_ratio(i128::from(self.top), i128::from(self.bottom))
    }
}

/// Terms that a client, an account or a group has. Of an account: its own discounts, then all that its client has.
#[derive(Clone, Debug, Default)]
pub(crate) struct OwnTerms {
    /// In order of precedence; of a group those of both levels.
    discounts: Vec<Discount>,
    /// The latest first.
    exchanges: Vec<Exchange>,
    taxes: Vec<(u32, Validity)>,
    /// The groups whose terms count too.
    memberships: Vec<Membership>,
}

/// A group whose terms count for a time. The terms themselves stand once, with the group.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
struct Membership {
    group: GroupId,
    validity: Validity,
}

impl OwnTerms {
    fn sort(&mut self) {
        self.discounts.sort_by_key(|own| (own.level, std::cmp::Reverse((own.validity.from_ms, own.id))));
        self.exchanges.sort_by_key(latest_first);
        self.taxes.sort_by_key(|(_, validity)| std::cmp::Reverse(validity.from_ms));
        self.memberships.sort_unstable_by_key(|own| (own.group, own.validity.from_ms));
    }

    /// Reads what the look-ups of a client's terms will read; the value means nothing.
    #[inline]
    pub(crate) fn warm(&self) -> u64 {
        self.discounts.first().map_or(0, |discount| discount.id) ^ self.memberships.len() as u64
    }

    /// The client's own tax at a moment, in hundredths of a percent (B22).
    #[inline]
    pub(crate) fn tax(&self, at_ms: i64) -> Option<u32> {
        self.taxes.iter().find(|(_, validity)| validity.contains(at_ms)).map(|(basis_points, _)| *basis_points)
    }
}

/// The terms of some accounts and their clients while they are put into a snapshot. Clients with nothing but the same memberships share one.
pub(crate) struct TermsOfParties {
    clients: FxHashMap<ClientId, Arc<OwnTerms>>,
    accounts: FxHashMap<AccountId, Arc<OwnTerms>>,
}

impl TermsOfParties {
    /// Those that `rows` hold: memberships, discounts, exchange rates and taxes.
    pub(crate) fn of_rows(rows: &Rows) -> Self {
        let mut clients: FxHashMap<ClientId, OwnTerms> = FxHashMap::default();
        let mut own: FxHashMap<AccountId, OwnTerms> = FxHashMap::default();
        for row in &rows.discounts {
            match row.holder {
                Holder::Everybody | Holder::Group(_) => {}
                Holder::Client(client) => clients.entry(client).or_default().discounts.push(discount(row)),
                Holder::Account(account) => own.entry(account).or_default().discounts.push(discount(row)),
            }
        }
        for row in &rows.exchanges {
            if let Holder::Client(client) = row.holder {
                clients.entry(client).or_default().exchanges.push(exchange(row));
            }
        }
        for row in &rows.client_taxes {
            clients.entry(row.client).or_default().taxes.push((row.basis_points, row.validity));
        }
        for row in &rows.members {
            let membership = Membership { group: row.group, validity: row.validity };
            clients.entry(row.client).or_default().memberships.push(membership);
        }
        let clients = shared(clients);
        let clients_of: FxHashMap<_, _> = rows.accounts.iter().map(|row| (row.id, row.client)).collect();
        let accounts = own.into_iter().map(|(account, mut own)| {
            own.sort();
            if let Some(client) = clients_of.get(&account).and_then(|client| clients.get(client)) {
                own.discounts.extend_from_slice(&client.discounts);
                own.exchanges.clone_from(&client.exchanges);
                own.taxes.clone_from(&client.taxes);
                own.memberships.clone_from(&client.memberships);
            }
            (account, Arc::new(own))
        });
        Self { accounts: accounts.collect(), clients }
    }

    /// The terms of an account: its own, else its client's.
    pub(crate) fn of(&self, account: AccountId, client: ClientId) -> Option<Arc<OwnTerms>> {
        self.accounts.get(&account).or_else(|| self.clients.get(&client)).cloned()
    }
}

/// One copy of what clients with nothing but the same memberships have.
fn shared(clients: FxHashMap<ClientId, OwnTerms>) -> FxHashMap<ClientId, Arc<OwnTerms>> {
    let mut same: FxHashMap<Vec<Membership>, Arc<OwnTerms>> = FxHashMap::default();
    let terms = clients.into_iter().map(|(client, mut own)| {
        own.sort();
        let is_common = own.discounts.is_empty() && own.exchanges.is_empty() && own.taxes.is_empty();
        let own = if is_common {
            Arc::clone(same.entry(own.memberships.clone()).or_insert_with(|| Arc::new(own)))
        } else {
            Arc::new(own)
        };
        (client, own)
    });
    terms.collect()
}

/// The terms that do not belong to one client: those of groups, and everybody's.
#[derive(Clone, Debug, Default)]
pub(crate) struct CommonTerms {
    groups: FxHashMap<GroupId, OwnTerms>,
    /// The latest first.
    general: FxHashMap<(Currency, Currency), Vec<Exchange>>,
}

impl CommonTerms {
    /// Those that `rows` hold.
    pub(crate) fn of_rows(rows: &Rows) -> Self {
        let mut terms = Self::default();
        for row in &rows.discounts {
            if let Holder::Group(group) = row.holder {
                terms.groups.entry(group).or_default().discounts.push(discount(row));
            }
        }
        for row in &rows.exchanges {
            match row.holder {
                Holder::Group(group) => terms.groups.entry(group).or_default().exchanges.push(exchange(row)),
                Holder::Everybody => terms.general.entry((row.from, row.to)).or_default().push(exchange(row)),
                Holder::Client(_) | Holder::Account(_) => {}
            }
        }
        for own in terms.groups.values_mut() {
            own.sort();
        }
        for rates in terms.general.values_mut() {
            rates.sort_by_key(latest_first);
        }
        terms
    }

    /// The terms of the groups that count at a moment, each with the first moment of the membership.
    #[inline]
    fn groups_of<'a>(&'a self, own: &'a OwnTerms, at_ms: i64) -> impl Iterator<Item = (&'a OwnTerms, i64)> {
        own.memberships
            .iter()
            .filter(move |membership| membership.validity.contains(at_ms))
            .filter_map(|membership| Some((self.groups.get(&membership.group)?, membership.validity.from_ms)))
    }

    /// The discount of a leg: the account's, else the client's, else a group's, else a promo action's; within a level the latest by date, of a
    /// group's or of the membership, whichever is later.
    #[inline]
    pub(crate) fn discount<'a>(
        &'a self,
        own: Option<&'a OwnTerms>,
        service: Service,
        number: Digits,
        at_ms: i64,
    ) -> Option<&'a Discount> {
        let own = own?;
        let covers = move |discount: &&Discount| discount.covers(service, number, at_ms);
        own.discounts.iter().find(covers).or_else(|| {
            let of_groups = self.groups_of(own, at_ms).flat_map(|(group, since_ms)| {
                group.discounts.iter().filter(covers).map(move |found| (found, found.validity.from_ms.max(since_ms)))
            });
            let best = of_groups.min_by_key(|(found, from_ms)| (found.level, std::cmp::Reverse((*from_ms, found.id))));
            best.map(|(found, _)| found)
        })
    }

    /// The exchange rate of a client on a day.
    pub(crate) fn exchange<'a>(
        &'a self,
        own: Option<&'a OwnTerms>,
        pair: (Currency, Currency),
        day: NaiveDate,
        at_ms: i64,
    ) -> Option<&'a Exchange> {
        let fits = |rate: &&Exchange| (rate.from, rate.to) == pair && rate.day <= day && rate.validity.contains(at_ms);
        let of_groups = |own: &'a OwnTerms| {
            let rates = self.groups_of(own, at_ms).filter_map(|(group, _)| group.exchanges.iter().find(fits));
            rates.min_by_key(|rate| latest_first(rate))
        };
        let personal = own.and_then(|own| own.exchanges.iter().find(fits).or_else(|| of_groups(own)));
        personal.or_else(|| self.general_exchange(pair, day, at_ms))
    }

    /// The general exchange rate of a day, for a call at a moment.
    pub(crate) fn general_exchange(&self, pair: (Currency, Currency), day: NaiveDate, at_ms: i64) -> Option<&Exchange> {
        self.general.get(&pair)?.iter().find(|rate| rate.day <= day && rate.validity.contains(at_ms))
    }

    /// Whether any rate of any level turns the one currency into the other for this client.
    pub(crate) fn converts(&self, own: Option<&OwnTerms>, pair: (Currency, Currency)) -> bool {
        self.general.contains_key(&pair)
            || own.is_some_and(|own| {
                self.held(own).any(|terms| terms.exchanges.iter().any(|rate| (rate.from, rate.to) == pair))
            })
    }

    /// Own terms, and those of every group that they ever belong to.
    fn held<'a>(&'a self, own: &'a OwnTerms) -> impl Iterator<Item = &'a OwnTerms> {
        let groups = own.memberships.iter().filter_map(|membership| self.groups.get(&membership.group));
        std::iter::once(own).chain(groups)
    }

    /// A discount of these terms or of any group by its identifier, whenever it counts.
    pub(crate) fn discount_by_id<'a>(&'a self, own: Option<&'a OwnTerms>, id: u64) -> Option<&'a Discount> {
        let all = own.into_iter().chain(self.groups.values());
        all.flat_map(|own| &own.discounts).find(|discount| discount.id == id)
    }

    /// Any exchange rate of these currencies by what one unit is worth: everybody's, of these terms or of any group, whenever it counts.
    pub(crate) fn exchange_by_rate<'a>(
        &'a self,
        own: Option<&'a OwnTerms>,
        pair: (Currency, Currency),
        per_unit: Money,
    ) -> Option<&'a Exchange> {
        let general = self.general.get(&pair).into_iter().flatten();
        let held = own.into_iter().chain(self.groups.values()).flat_map(|own| &own.exchanges);
        general.chain(held).find(|rate| (rate.from, rate.to) == pair && rate.per_unit == per_unit)
    }
}

fn discount(row: &DiscountRow) -> Discount {
    let DiscountRow { id, level, basis_points, service, prefix, validity, .. } = *row;
    let left = Ratio::new(i64::from(WHOLE_BASIS_POINTS - basis_points), i64::from(WHOLE_BASIS_POINTS));
    Discount { id, level, basis_points, left, service, prefix, validity }
}

fn exchange(row: &ExchangeRow) -> Exchange {
    let ExchangeRow { id, holder, from, to, rate, quantity, day, validity } = *row;
    let level = match holder {
        Holder::Everybody => ExchangeLevel::General,
        Holder::Group(_) => ExchangeLevel::Group,
        Holder::Client(_) | Holder::Account(_) => ExchangeLevel::Personal,
    };
    let ratio = Ratio::new(rate.nanos(), i64::from(quantity) * NANOS_PER_UNIT);
    let per_unit = Exact::new(i128::from(rate.nanos()), i128::from(quantity)).round(crate::Rounding::NANOS);
    let per_unit = per_unit.expect("a part of an amount is not above it");
    Exchange { id, level, from, to, rate, quantity, day, per_unit, ratio, validity }
}

fn latest_first(exchange: &Exchange) -> std::cmp::Reverse<(NaiveDate, u64)> {
    std::cmp::Reverse((exchange.day, exchange.id))
}

/// What stands between the price in the list's currency and what is owed.
#[derive(Clone, Copy, Debug, Default)]
pub struct Adjustments<'a> {
    /// The one discount.
    pub discount: Option<&'a Discount>,
    /// From the list's currency to the account's; `None` = the same.
    pub exchange: Option<&'a Exchange>,
    /// Tax that is added to a price without it, hundredths of a percent.
    pub added_tax: u32,
    /// What bundles still include.
    pub included: Included,
    /// Where the volume counter of the rate stands.
    pub volume_before: u64,
}

/// What bundles include of a usage.
#[derive(Clone, Copy, Debug, Default)]
pub struct Included {
    /// Units that are left, of all bundles that cover the usage.
    pub units: u64,
    /// After how many of them comes the first unit of a bundle that includes the connect fee too; `None` = no bundle does.
    pub waived_after: Option<u64>,
}

/// A percentage as people write it; `basis_points` is in hundredths of a percent.
pub fn percent_text(basis_points: u32) -> String {
    Money::from_nanos(i64::from(basis_points) * (NANOS_PER_UNIT / 100)).unwrap_or_default().to_string()
}
