//! What an account's own terms make of the price of a list: discounts, exchange rates, tax.
//!
//! Owns: their precedence (personal, else group, else promo or general; B18, B19, B30) and history.
//! Does not own: the price of the list (`price`), who belongs to which group (the rows say so).
//! Always: discounts do not add up; within a level the latest by date counts; a client without terms of his own costs one index.

use chrono::NaiveDate;
use numbering::Digits;
use rustc_hash::FxHashMap;

use crate::code::{Service, words};
use crate::list::Validity;
use crate::money::{Currency, Exact, Money, NANOS_PER_UNIT, Overflow};
use crate::rows::{ClientId, ClientTaxRow, DiscountRow, ExchangeRow, GroupId, GroupMemberRow, Holder};

/// Hundredths of a percent in a whole.
pub const WHOLE_BASIS_POINTS: u32 = 10_000;

words! {
    /// Where a discount comes from; the earlier one counts alone (B18).
    DiscountLevel {
        /// Given to the client by hand.
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

/// What one client has of his own.
#[derive(Clone, Debug, Default)]
struct ClientTerms {
    /// In order of precedence.
    discounts: Vec<Discount>,
    /// In order of precedence.
    exchanges: Vec<Exchange>,
    taxes: Vec<(u32, Validity)>,
}

/// The terms of all clients. Index 0 of a client means nothing of his own.
#[derive(Clone, Debug, Default)]
pub(crate) struct Terms {
    clients: Vec<ClientTerms>,
    index: FxHashMap<ClientId, u32>,
    /// The latest first.
    general: FxHashMap<(Currency, Currency), Vec<Exchange>>,
}

impl Terms {
    pub(crate) fn build(
        members: &[GroupMemberRow],
        discounts: &[DiscountRow],
        exchanges: &[ExchangeRow],
        taxes: &[ClientTaxRow],
    ) -> Self {
        let mut groups: FxHashMap<GroupId, Vec<GroupMemberRow>> = FxHashMap::default();
        for member in members {
            groups.entry(member.group).or_default().push(*member);
        }
        let mut terms = Self { clients: vec![ClientTerms::default()], ..Self::default() };
        for row in discounts {
            terms.spread(row.holder, row.validity, &groups, |own, validity| {
                let DiscountRow { id, level, basis_points, service, prefix, .. } = *row;
                let left = Ratio::new(i64::from(WHOLE_BASIS_POINTS - basis_points), i64::from(WHOLE_BASIS_POINTS));
                own.discounts.push(Discount { id, level, basis_points, left, service, prefix, validity });
            });
        }
        for row in exchanges {
            let ExchangeRow { id, holder, from, to, rate, quantity, day } = *row;
            let level = match holder {
                Holder::Everybody => ExchangeLevel::General,
                Holder::Group(_) => ExchangeLevel::Group,
                Holder::Client(_) => ExchangeLevel::Personal,
            };
            let ratio = Ratio::new(rate.nanos(), i64::from(quantity) * NANOS_PER_UNIT);
            let per_unit = Exact::new(i128::from(rate.nanos()), i128::from(quantity)).round(crate::Rounding::NANOS);
            let per_unit = per_unit.expect("a part of an amount is not above it");
            let exchange = |validity| Exchange { id, level, from, to, rate, quantity, day, per_unit, ratio, validity };
            if holder == Holder::Everybody {
                terms.general.entry((from, to)).or_default().push(exchange(Validity::ALWAYS));
            } else {
                terms.spread(holder, Validity::ALWAYS, &groups, |own, validity| own.exchanges.push(exchange(validity)));
            }
        }
        for row in taxes {
            let own = terms.own(row.client);
            terms.clients[own as usize].taxes.push((row.basis_points, row.validity));
        }
        let latest_first = |exchange: &Exchange| std::cmp::Reverse((exchange.day, exchange.id));
        for own in &mut terms.clients {
            own.discounts.sort_by_key(|own| (own.level, std::cmp::Reverse((own.validity.from_ms, own.id))));
            own.exchanges.sort_by_key(|own| (own.level, latest_first(own)));
            own.taxes.sort_by_key(|(_, validity)| std::cmp::Reverse(validity.from_ms));
        }
        for rates in terms.general.values_mut() {
            rates.sort_by_key(latest_first);
        }
        terms
    }

    /// Hands the terms of a holder to each of his clients, for the time that they hold together.
    fn spread(
        &mut self,
        holder: Holder,
        validity: Validity,
        groups: &FxHashMap<GroupId, Vec<GroupMemberRow>>,
        mut add: impl FnMut(&mut ClientTerms, Validity),
    ) {
        match holder {
            Holder::Everybody => {}
            Holder::Client(client) => {
                let own = self.own(client);
                add(&mut self.clients[own as usize], validity);
            }
            Holder::Group(group) => {
                for member in
                    groups.get(&group).into_iter().flatten().filter(|member| member.validity.overlaps(validity))
                {
                    let own = self.own(member.client);
                    let both = Validity {
                        from_ms: validity.from_ms.max(member.validity.from_ms),
                        to_ms: validity.to_ms.min(member.validity.to_ms),
                    };
                    add(&mut self.clients[own as usize], both);
                }
            }
        }
    }

    fn own(&mut self, client: ClientId) -> u32 {
        *self.index.entry(client).or_insert_with(|| {
            self.clients.push(ClientTerms::default());
            self.clients.len() as u32 - 1
        })
    }

    /// The index of a client's terms.
    pub(crate) fn index_of(&self, client: ClientId) -> u32 {
        self.index.get(&client).copied().unwrap_or(0)
    }

    /// The discount of a leg.
    #[inline]
    pub(crate) fn discount(&self, own: u32, service: Service, number: Digits, at_ms: i64) -> Option<&Discount> {
        self.clients[own as usize].discounts.iter().find(|discount| {
            discount.validity.contains(at_ms)
                && discount.service.is_none_or(|wanted| wanted == service)
                && number.starts_with(discount.prefix)
        })
    }

    /// The exchange rate of a client on a day.
    pub(crate) fn exchange(
        &self,
        own: u32,
        (from, to): (Currency, Currency),
        day: NaiveDate,
        at_ms: i64,
    ) -> Option<&Exchange> {
        self.clients[own as usize]
            .exchanges
            .iter()
            .find(|rate| (rate.from, rate.to) == (from, to) && rate.day <= day && rate.validity.contains(at_ms))
            .or_else(|| self.general_exchange((from, to), day))
    }

    /// The general exchange rate of a day.
    pub(crate) fn general_exchange(&self, pair: (Currency, Currency), day: NaiveDate) -> Option<&Exchange> {
        self.general.get(&pair)?.iter().find(|rate| rate.day <= day)
    }

    /// Whether any rate of any level turns the one currency into the other for this client.
    pub(crate) fn converts(&self, own: u32, pair: (Currency, Currency)) -> bool {
        self.general.contains_key(&pair)
            || self.clients[own as usize].exchanges.iter().any(|rate| (rate.from, rate.to) == pair)
    }

    /// A discount by its identifier, whoever has it and whenever it counts.
    pub(crate) fn discount_by_id(&self, id: u64) -> Option<&Discount> {
        self.clients.iter().flat_map(|own| &own.discounts).find(|discount| discount.id == id)
    }

    /// Any exchange rate of these currencies by what one unit is worth, whoever has it and whenever it counts.
    pub(crate) fn exchange_by_rate(&self, pair: (Currency, Currency), per_unit: Money) -> Option<&Exchange> {
        let general = self.general.get(&pair).into_iter().flatten();
        let mut all = general.chain(self.clients.iter().flat_map(|own| &own.exchanges));
        all.find(|rate| (rate.from, rate.to) == pair && rate.per_unit == per_unit)
    }

    /// The client's own tax at a moment, in hundredths of a percent (B22).
    #[inline]
    pub(crate) fn tax(&self, own: u32, at_ms: i64) -> Option<u32> {
        let taxes = &self.clients[own as usize].taxes;
        taxes.iter().find(|(_, validity)| validity.contains(at_ms)).map(|(basis_points, _)| *basis_points)
    }
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
    /// Whether the connect fee is included too.
    pub waives_connect_fee: bool,
}

/// A percentage as people write it; `basis_points` is in hundredths of a percent.
pub fn percent_text(basis_points: u32) -> String {
    Money::from_nanos(i64::from(basis_points) * (NANOS_PER_UNIT / 100)).unwrap_or_default().to_string()
}
