//! The tariff check and the lock check: what support asks when a call did not pass (M27, M29, M30, A6).
//!
//! Owns: the answer for a number or a prefix, retail and wholesale per provider, with the verdict and who has to act on it.
//! Does not own: the search itself (`resolve`) and the price (`leg`), which are those of the hot path.
//! Always: a check changes nothing, and its answer for a number is what the hot path would do with a call to it that has these qualifiers.
//! One that is left empty finds only rows that do not ask for it, but for the incoming service: empty, it stands for all of them (M29).

use numbering::Digits;
use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::code::{Service, words};
use crate::counter::Counters;
use crate::explanation::Explanation;
use crate::leg::{Leg, price_leg};
use crate::list::{Found, PriceList, Wanted};
use crate::lock::{self, LockOrigin, LockScope, ProviderQuery};
use crate::money::{Currency, Exact, Money};
use crate::price::Usage;
use crate::rate::{Rate, tiers_text};
use crate::resolve::resolve;
use crate::rows::{ProviderId, Symbol};
use crate::snapshot::{AccountIx, Plan, Snapshot};

words! {
    /// What the check found.
    Verdict {
        /// Priced retail and by at least one provider: nothing here prevents the call.
        Ok = "ok",
        /// A prefix of which only some numbers are priced.
        Partial = "partial",
        /// No retail price.
        NoRetailPrice = "NO_RETAIL_PRICE",
        /// No provider has a wholesale price.
        NoWholesalePrice = "NO_WHOLESALE_PRICE",
        /// The currency of the price cannot be turned into the account's.
        NoExchangeRate = "NO_EXCHANGE_RATE",
        /// An emergency code: always allowed, free.
        Emergency = "EMERGENCY",
    }
}

impl Verdict {
    /// The department that has to supply what is missing (M30).
    pub const fn department(self) -> Option<&'static str> {
        match self {
            Self::NoRetailPrice | Self::Partial => Some("marketing"),
            Self::NoWholesalePrice => Some("b2b"),
            Self::NoExchangeRate => Some("accounting"),
            Self::Ok | Self::Emergency => None,
        }
    }
}

/// What is checked.
#[derive(Clone, Copy, Debug)]
pub struct Query<'a> {
    /// The number, or the prefix when `is_prefix`.
    pub number: Digits,
    /// Whether `number` is a prefix that stands for many numbers.
    pub is_prefix: bool,
    /// The account.
    pub account: Option<AccountIx>,
    /// The plan; `None` = the account's.
    pub plan: Option<&'a Plan>,
    /// Rated service.
    pub service: Service,
    /// Incoming service; `None` = all.
    pub incoming_service: Option<Symbol>,
    /// Place of service.
    pub place: Option<Symbol>,
    /// Only this provider; `None` = all.
    pub provider: Option<ProviderId>,
    /// Calling number; empty = any.
    pub origin: Digits,
    /// The moment.
    pub at_ms: i64,
}

/// The price inside a time band, or from a step of the volume on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VariantLine {
    /// Name of the band.
    pub band: Option<String>,
    /// Units that must have been charged for in the period before; 0 = none.
    pub from_volume: u64,
    /// Tiers as text.
    pub tiers: String,
}

/// A price line.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PriceLine {
    /// Code of the list.
    pub list: String,
    /// Matched prefix.
    pub prefix: String,
    /// Identifier of the row.
    pub row: u64,
    /// Currency.
    pub currency: Currency,
    /// Tiers as text: `from:increment@price/unit`.
    pub tiers: String,
    /// Other tiers, inside time bands and by volume.
    pub variants: Vec<VariantLine>,
    /// Fee for the answer.
    pub connect_fee: Money,
    /// The incoming service that the row asks for, where the check asked for all of them.
    pub incoming_service: Option<String>,
}

/// Both sides for one provider.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ProviderAnswer {
    /// Code of the provider.
    pub provider: String,
    /// Retail line for a call through it.
    pub retail: Option<PriceLine>,
    /// Wholesale line.
    pub wholesale: Option<PriceLine>,
}

/// Lines below a prefix (A6).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Below {
    /// How many longer retail lines there are.
    pub lines: usize,
    /// Lowest price of a minute among them, without fees.
    pub minute_min: Option<String>,
    /// Highest price of a minute among them.
    pub minute_max: Option<String>,
    /// Locks on longer masks.
    pub locks: Vec<u64>,
}

/// A lock that matches.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct LockLine {
    /// Identifier.
    pub id: u64,
    /// Local or global.
    pub scope: LockScope,
    /// Mask.
    pub mask: String,
    /// Code of the provider it is tied to.
    pub provider: Option<String>,
    /// Who asked for it.
    pub origin: LockOrigin,
    /// Whether this one decides.
    pub effective: bool,
}

/// The answer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Answer {
    /// The verdict on prices.
    pub verdict: Verdict,
    /// The sides that have a price, of `retail` and `wholesale`: for a call without a known provider or for one of the providers.
    pub priced: Vec<&'static str>,
    /// The home by which a ported number is priced (A34).
    pub ported: Option<String>,
    /// Department that has to act, if any.
    pub department: Option<&'static str>,
    /// Retail line for a call whose provider is not known.
    pub retail: Option<PriceLine>,
    /// Per provider.
    pub providers: Vec<ProviderAnswer>,
    /// For a prefix: what lies below it.
    pub below: Option<Below>,
    /// Locks, local first.
    pub locks: Vec<LockLine>,
}

/// Every lock that bars the number, local first, the effective one marked (M27). Without a route every provider lock counts (A5).
pub fn locks(snapshot: &Snapshot, query: &Query<'_>) -> Vec<LockLine> {
    if snapshot.is_emergency(query.number) || !Snapshot::is_lockable(query.service) {
        return Vec::new();
    }
    let chain = snapshot.chain(query.number);
    let route = query.provider.map_or(ProviderQuery::Any, |provider| ProviderQuery::Through(Some(provider)));
    let found: Vec<_> = snapshot.locks(query.account, query.number, &chain, route, query.at_ms).collect();
    let decides = lock::effective(found.iter().copied());
    found
        .into_iter()
        .map(|found| LockLine {
            id: found.lock.id,
            scope: found.scope,
            mask: format!("{:?}", found.lock.mask),
            provider: found
                .lock
                .provider
                .and_then(|id| snapshot.provider(id))
                .map(|provider| provider.code.to_string()),
            origin: found.lock.origin,
            effective: Some(found) == decides,
        })
        .collect()
}

/// What was asked, in the words of the one who asked.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Asked {
    /// The number, or the prefix.
    pub number: String,
    /// Whether it is a prefix.
    pub is_prefix: bool,
    /// Code of the account.
    pub account: Option<String>,
    /// Code of the plan, where it was named.
    pub plan: Option<String>,
    /// Rated service.
    pub service: String,
    /// Incoming service.
    pub incoming_service: Option<String>,
    /// Place of service.
    pub place: Option<String>,
    /// Code of the provider.
    pub provider: Option<String>,
    /// The moment, RFC 3339.
    pub at: String,
}

/// The request to those who have to supply a missing price, ready to be sent (M30).
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct PriceRequest {
    /// The department.
    pub department: &'static str,
    /// `retail`, `wholesale` or `exchange_rate`.
    pub missing: &'static str,
    /// The check that found it missing.
    pub asked: Asked,
}

impl Answer {
    /// The request that this answer calls for, if a price is missing.
    pub fn request(&self, asked: &Asked) -> Option<PriceRequest> {
        let missing = match self.verdict {
            Verdict::NoWholesalePrice => "wholesale",
            Verdict::NoExchangeRate => "exchange_rate",
            _ => "retail",
        };
        self.department.map(|department| PriceRequest { department, missing, asked: asked.clone() })
    }
}

/// The tariff check.
pub fn tariff(snapshot: &Snapshot, query: &Query<'_>) -> Answer {
    let locks = locks(snapshot, query);
    if snapshot.is_emergency(query.number) {
        return Answer {
            verdict: Verdict::Emergency,
            priced: Vec::new(),
            ported: None,
            department: None,
            retail: None,
            providers: Vec::new(),
            below: None,
            locks,
        };
    }
    let plan = query.plan.or_else(|| query.account.and_then(|account| snapshot.plan_of(account, query.at_ms)));
    let providers: Vec<ProviderAnswer> = snapshot
        .providers()
        .iter()
        .filter(|provider| query.provider.is_none_or(|only| only == provider.id))
        .map(|provider| ProviderAnswer {
            provider: provider.code.to_string(),
            retail: plan.and_then(|plan| side(snapshot, snapshot.layers(plan, query.at_ms), query, Some(provider.id))),
            // What goes through no wholesale list has no wholesale price, whatever stands in the lists.
            wholesale: Snapshot::has_wholesale(query.service)
                .then(|| side(snapshot, snapshot.wholesale_lists(provider.id), query, Some(provider.id)))
                .flatten(),
        })
        .collect();
    let retail = plan.and_then(|plan| side(snapshot, snapshot.layers(plan, query.at_ms), query, query.provider));
    let below = (query.is_prefix).then(|| below(snapshot, query, plan));
    // Incoming calls that the plan does not price are free: no price is missing.
    let is_free = query.service == Service::Incoming && plan.is_some_and(|plan| !plan.prices_incoming);
    let has_retail = retail.is_some() || providers.iter().any(|answer| answer.retail.is_some());
    let has_wholesale = providers.iter().any(|answer| answer.wholesale.is_some());
    let any_retail = is_free || has_retail;
    let both = |answer: &ProviderAnswer| answer.retail.is_some() && answer.wholesale.is_some();
    let verdict = if !any_retail {
        if below.as_ref().is_some_and(|below| below.lines > 0) { Verdict::Partial } else { Verdict::NoRetailPrice }
    } else if retail.as_ref().is_some_and(|line| !can_pay(snapshot, query, line)) {
        Verdict::NoExchangeRate
    } else if Snapshot::is_lockable(query.service) && !providers.iter().any(both) {
        Verdict::NoWholesalePrice
    } else {
        Verdict::Ok
    };
    let sides = [("retail", has_retail), ("wholesale", has_wholesale)];
    let priced = sides.into_iter().filter(|(_, has_price)| *has_price).map(|(side, _)| side).collect();
    let ported = Some(matched_as(snapshot, query)).filter(|home| *home != query.number).map(|home| home.to_string());
    Answer { verdict, priced, ported, department: verdict.department(), retail, providers, below, locks }
}

/// Whether the price can be turned into the account's currency at that moment.
fn can_pay(snapshot: &Snapshot, query: &Query<'_>, line: &PriceLine) -> bool {
    let Some(account) = query.account.map(|account| snapshot.account(account)) else { return true };
    let pair = (line.currency, account.currency);
    line.currency == account.currency
        || snapshot
            .terms()
            .exchange(account.terms.as_deref(), pair, snapshot.usage_day(query.at_ms), query.at_ms)
            .is_some()
}

/// The explanation of a call of `usage` to the checked number: the lines that the hot path would follow, and its price or refusal.
pub fn explain(snapshot: &Snapshot, query: &Query<'_>, usage: Usage, counters: &dyn Counters) -> Explanation {
    let mut lines = Vec::new();
    let plan = query.plan.or_else(|| query.account.and_then(|account| snapshot.plan_of(account, query.at_ms)));
    // Where all incoming services are asked for, the call is explained by the one whose price the check shows.
    let shown = plan.and_then(|plan| side(snapshot, snapshot.layers(plan, query.at_ms), query, query.provider));
    let shown = shown.and_then(|line| line.incoming_service).and_then(|word| snapshot.find_symbol(&word));
    let leg = Leg {
        account: query.account,
        plan: query.plan,
        service: query.service,
        number: query.number,
        origin: query.origin,
        provider: query.provider,
        incoming_service: query.incoming_service.or(shown),
        place: query.place,
        at_ms: query.at_ms,
        usage,
        counters,
        stored: None,
    };
    let price = price_leg(snapshot, &leg, &mut lines);
    Explanation::of(price.as_ref().map(|price| &price.retail).map_err(|code| *code), lines)
}

/// The digits by which the price is searched.
fn matched_as(snapshot: &Snapshot, query: &Query<'_>) -> Digits {
    if query.is_prefix { query.number } else { snapshot.matched_as(query.number) }
}

fn wanted(query: &Query<'_>, provider: Option<ProviderId>) -> Wanted {
    Wanted {
        service: query.service,
        incoming_service: query.incoming_service,
        provider,
        place: query.place,
        origin: query.origin,
        at_ms: query.at_ms,
    }
}

fn side<'a>(
    snapshot: &'a Snapshot,
    layers: impl Iterator<Item = &'a PriceList> + Clone,
    query: &Query<'_>,
    provider: Option<ProviderId>,
) -> Option<PriceLine> {
    let chain = snapshot.chain(matched_as(snapshot, query));
    incoming_services(snapshot, query).find_map(|incoming_service| {
        let wanted = Wanted { incoming_service, ..wanted(query, provider) };
        let resolved = resolve(snapshot, layers.clone(), &chain, &wanted, "", &mut ())?;
        let incoming_service = incoming_service.and_then(|symbol| snapshot.word(symbol)).map(str::to_owned);
        Some(PriceLine { incoming_service, ..line(snapshot, resolved.list, resolved.found) })
    })
}

/// The incoming services that a check tries: the one that is asked for; else none, then each that some row asks for.
fn incoming_services<'a>(snapshot: &'a Snapshot, query: &Query<'_>) -> impl Iterator<Item = Option<Symbol>> + 'a {
    let others = if query.incoming_service.is_none() { &snapshot.tariffs.incoming_services[..] } else { &[] };
    std::iter::once(query.incoming_service).chain(others.iter().copied().map(Some))
}

fn line(snapshot: &Snapshot, list: &PriceList, found: Found) -> PriceLine {
    let rate = snapshot.rate(found.rate);
    PriceLine {
        list: list.code.to_string(),
        prefix: format!("{:?}", snapshot.prefixes().prefix(found.prefix)),
        row: found.row_id,
        currency: list.currency,
        tiers: tiers_text(&rate.parts().tiers),
        variants: rate
            .parts()
            .variants
            .iter()
            .map(|variant| VariantLine {
                band: variant.band.map(|band| snapshot.band(band).name.to_string()),
                from_volume: variant.from_volume,
                tiers: tiers_text(&variant.tiers),
            })
            .collect(),
        connect_fee: rate.parts().connect_fee,
        incoming_service: None,
    }
}

/// Every longer retail line and lock below a prefix.
fn below(snapshot: &Snapshot, query: &Query<'_>, plan: Option<&Plan>) -> Below {
    let longer = |prefix: Digits| prefix.len() > query.number.len() && prefix.starts_with(query.number);
    let mut rates: FxHashMap<u32, usize> = FxHashMap::default();
    for ids in snapshot.prefixes().ranges_below(query.number) {
        let mut taken = vec![false; ids.len()];
        for incoming_service in incoming_services(snapshot, query) {
            let wanted = Wanted { incoming_service, ..wanted(query, query.provider) };
            for list in plan.into_iter().flat_map(|plan| snapshot.layers(plan, query.at_ms)) {
                list.count_below(ids.clone(), &wanted, &mut taken, &mut rates);
            }
        }
    }
    let local = query.account.map(|account| &*snapshot.account(account).locks).unwrap_or_default();
    let global = snapshot.tariffs.global_locks.values().flatten();
    let in_force = |lock: &&lock::Lock| longer(lock.mask) && lock.validity.contains(query.at_ms);
    let minutes: Vec<(Money, String)> = rates.keys().filter_map(|rate| minute(snapshot.rate(*rate))).collect();
    Below {
        lines: rates.values().sum(),
        minute_min: minutes.iter().min_by_key(|(sort, _)| *sort).map(|(_, text)| text.clone()),
        minute_max: minutes.iter().max_by_key(|(sort, _)| *sort).map(|(_, text)| text.clone()),
        locks: local.iter().chain(global).filter(in_force).map(|lock| lock.id).collect(),
    }
}

/// Price of the first minute at the first tier: to sort by, and exact.
fn minute(rate: &Rate) -> Option<(Money, String)> {
    let tier = rate.parts().tiers.first()?;
    let exact = Exact::new(i128::from(tier.price.nanos()) * 60, i128::from(tier.unit_s));
    Some((exact.round(crate::Rounding::NANOS).ok()?, exact.to_text()))
}
