//! The snapshot: everything the hot path reads, immutable, in memory.
//!
//! Owns: the packed read model and its look-ups.
//! Does not own: how it is built (`build`) and when it is replaced (the programs hold it behind an `ArcSwap`).
//! Always: look-ups never wait, never fail for want of a row that was there at build time, and answer as of the moment asked for.

use std::sync::Arc;

use chrono::NaiveDate;
use numbering::{Chain, Digits, E164, NumberRules, NumberingPlan, PrefixId, PrefixSet};
use rustc_hash::{FxHashMap, FxHashSet};

use crate::calendar::{Band, CallClock, ZoneOffsets};
use crate::code::Service;
use crate::counter::{Bundle, Volume};
use crate::list::{PriceList, Validity};
use crate::lock::{BreachRules, Lock, LockScope, Match, ProviderQuery};
use crate::money::Currency;
use crate::rate::Rate;
use crate::rows::{AccountId, ClientId, CounterId, DidStatus, ListId, PlanId, ProviderId, SourceRow, Symbol, TaxRow};
use crate::terms::Terms;

/// Index of an account in its snapshot.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AccountIx(pub u32);

/// Part of one of the snapshot's shared vectors.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

impl Span {
    #[inline]
    pub(crate) fn of<T>(self, all: &[T]) -> &[T] {
        &all[self.start as usize..(self.start + self.len) as usize]
    }
}

/// An account as the hot path needs it.
#[derive(Clone, Debug)]
pub struct Account {
    /// Identifier.
    pub id: AccountId,
    /// Code.
    pub code: Box<str>,
    /// Client.
    pub client: ClientId,
    /// Currency.
    pub currency: Currency,
    /// Index of its client's terms; 0 = none of his own.
    pub(crate) terms: u32,
    /// Index of the plan that it has had and will have for ever, as most accounts; saves the way to its periods.
    pub(crate) only_plan: Option<u32>,
    pub(crate) plans: Span,
    pub(crate) locks: Span,
}

/// A plan as the hot path needs it.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Identifier.
    pub id: PlanId,
    /// Code.
    pub code: Box<str>,
    /// Whether incoming legs are priced.
    pub prices_incoming: bool,
    /// (index of the list, when), the uppermost layer first.
    pub(crate) layers: Vec<(u32, Validity)>,
    /// In the order in which they are used.
    pub(crate) bundles: Vec<Bundle>,
    /// Whether anything is counted for its accounts, by bundles or by rates: their legs have to be priced one after another.
    pub(crate) counts: bool,
}

/// The state of a DID at a moment.
#[derive(Clone, Copy, Debug)]
pub struct DidState {
    /// State.
    pub status: DidStatus,
    /// Account, where it has one.
    pub account: Option<AccountIx>,
    /// Place of service.
    pub place: Option<Symbol>,
    pub(crate) validity: Validity,
}

/// A provider as the hot path needs it.
#[derive(Clone, Debug)]
pub struct Provider {
    /// Identifier.
    pub id: ProviderId,
    /// Code.
    pub code: Box<str>,
    /// Indices of its wholesale lists, in order of their codes.
    pub(crate) lists: Vec<u32>,
}

/// The read model.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Version of the catalogue.
    pub version: u64,
    /// Zone of the issuer: the usage day is a day there.
    pub zone: chrono_tz::Tz,
    /// Currency of the issuer's books.
    pub currency: Currency,
    pub(crate) offsets: ZoneOffsets,
    /// What a lock breach does.
    pub breach: BreachRules,
    pub(crate) numbering: Arc<NumberingPlan>,
    pub(crate) prefixes: Arc<PrefixSet>,
    /// Number of digits, by prefix identifier.
    pub(crate) prefix_lens: Vec<u8>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) lists: Vec<Arc<PriceList>>,
    pub(crate) list_index: FxHashMap<ListId, u32>,
    pub(crate) plans: Vec<Plan>,
    pub(crate) plan_codes: FxHashMap<Box<str>, u32>,
    pub(crate) accounts: Vec<Account>,
    pub(crate) account_codes: FxHashMap<Box<str>, AccountIx>,
    pub(crate) account_ids: FxHashMap<AccountId, AccountIx>,
    pub(crate) account_trunks: FxHashMap<Box<str>, Vec<AccountIx>>,
    pub(crate) account_plans: Vec<(u32, Validity)>,
    pub(crate) local_locks: Vec<Lock>,
    pub(crate) global_locks: FxHashMap<PrefixId, Vec<Lock>>,
    pub(crate) dids: FxHashMap<E164, Span>,
    pub(crate) did_states: Vec<DidState>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) provider_index: FxHashMap<ProviderId, u32>,
    pub(crate) provider_trunks: FxHashMap<Box<str>, ProviderId>,
    pub(crate) sources: Vec<SourceRow>,
    pub(crate) terms: Terms,
    pub(crate) bands: Vec<Band>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) default_rules: NumberRules,
    pub(crate) emergency: FxHashSet<Digits>,
    pub(crate) symbols: FxHashMap<Box<str>, Symbol>,
    /// Incoming services that some row asks for.
    pub(crate) incoming_services: Vec<Symbol>,
    /// The words that symbols stand for, by index.
    pub(crate) words: Vec<Box<str>>,
    /// By first day, ascending.
    pub(crate) taxes: Vec<TaxRow>,
}

impl Snapshot {
    /// All prefixes, of lists and of global locks, that begin `number`.
    #[inline]
    pub fn chain(&self, number: Digits) -> Chain {
        self.prefixes.chain(number)
    }

    /// The shared set of prefixes.
    pub fn prefixes(&self) -> &PrefixSet {
        &self.prefixes
    }

    /// Number of digits of a prefix.
    #[inline]
    pub fn prefix_len(&self, prefix: PrefixId) -> usize {
        usize::from(self.prefix_lens[prefix.index()])
    }

    /// The world's numbering plan.
    pub fn numbering(&self) -> &NumberingPlan {
        &self.numbering
    }

    /// What a dialled number is priced as: another operator's, where it was ported.
    #[inline]
    pub fn matched_as(&self, number: Digits) -> Digits {
        E164::new(number).map_or(number, |number| self.numbering.matched_as(number))
    }

    /// The terms behind an index.
    #[inline]
    pub fn rate(&self, index: u32) -> &Rate {
        &self.rates[index as usize]
    }

    /// All price lists.
    pub fn lists(&self) -> &[Arc<PriceList>] {
        &self.lists
    }

    /// A list by identifier.
    pub fn list(&self, id: ListId) -> Option<&PriceList> {
        self.list_index.get(&id).map(|index| &*self.lists[*index as usize])
    }

    /// An account.
    #[inline]
    pub fn account(&self, index: AccountIx) -> &Account {
        &self.accounts[index.0 as usize]
    }

    /// Reads what the price of a leg of this account will read, for callers that have several legs waiting; the value means nothing.
    #[inline]
    pub fn warm_account(&self, index: AccountIx) -> u64 {
        self.terms.warm(self.account(index).terms)
    }

    /// Number of accounts.
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// The account with this code.
    #[inline]
    pub fn account_by_code(&self, code: &str) -> Option<AccountIx> {
        self.account_codes.get(code).copied()
    }

    /// The account with this identifier.
    pub fn account_by_id(&self, id: AccountId) -> Option<AccountIx> {
        self.account_ids.get(&id).copied()
    }

    /// The accounts recognised by a trunk.
    #[inline]
    pub fn accounts_by_trunk(&self, trunk: &str) -> &[AccountIx] {
        self.account_trunks.get(trunk).map_or(&[], Vec::as_slice)
    }

    /// The plan of an account at a moment.
    #[inline]
    pub fn plan_of(&self, account: AccountIx, at_ms: i64) -> Option<&Plan> {
        let account = self.account(account);
        let plan = account.only_plan.or_else(|| {
            let periods = account.plans.of(&self.account_plans);
            periods.iter().find(|(_, validity)| validity.contains(at_ms)).map(|(plan, _)| *plan)
        });
        plan.map(|plan| &self.plans[plan as usize])
    }

    /// Whether the plan of an account had a bundle at the end of a day.
    pub(crate) fn had_bundle(&self, account: AccountIx, bundle: CounterId, day: NaiveDate) -> bool {
        let end_ms = self.offsets.end(day);
        self.plan_of(account, end_ms)
            .is_some_and(|plan| plan.bundles.iter().any(|other| other.id == bundle && other.validity.contains(end_ms)))
    }

    /// A volume by its index in rates.
    pub fn volume(&self, index: u32) -> &Volume {
        &self.volumes[index as usize]
    }

    /// A plan by code.
    pub fn plan_by_code(&self, code: &str) -> Option<&Plan> {
        self.plan_codes.get(code).map(|index| &self.plans[*index as usize])
    }

    /// The lists of a plan at a moment, the uppermost layer first.
    #[inline]
    pub fn layers<'a>(&'a self, plan: &'a Plan, at_ms: i64) -> impl Iterator<Item = &'a PriceList> + Clone {
        plan.layers
            .iter()
            .filter(move |(_, validity)| validity.contains(at_ms))
            .map(|(list, _)| &*self.lists[*list as usize])
    }

    /// The wholesale lists of a provider.
    #[inline]
    pub fn wholesale_lists(&self, provider: ProviderId) -> impl Iterator<Item = &PriceList> + Clone {
        let lists = self.provider_index.get(&provider).map_or(&[][..], |index| &self.providers[*index as usize].lists);
        lists.iter().map(|list| &*self.lists[*list as usize])
    }

    /// All providers.
    pub fn providers(&self) -> &[Provider] {
        &self.providers
    }

    /// A provider by identifier.
    pub fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.provider_index.get(&id).map(|index| &self.providers[*index as usize])
    }

    /// The provider recognised by a trunk.
    #[inline]
    pub fn provider_by_trunk(&self, trunk: &str) -> Option<ProviderId> {
        self.provider_trunks.get(trunk).copied()
    }

    /// The state of a number at a moment; `None` when it is not ours, or was not ours then.
    #[inline]
    pub fn did(&self, number: E164, at_ms: i64) -> Option<&DidState> {
        let states = self.dids.get(&number)?.of(&self.did_states);
        states.iter().find(|state| state.validity.contains(at_ms))
    }

    /// A time band by its index in rates.
    pub fn band(&self, index: u32) -> &Band {
        &self.bands[index as usize]
    }

    /// The wall clock of a list for a call answered at a moment.
    #[inline]
    pub fn clock<'a>(&'a self, list: &'a PriceList, answered_ms: i64) -> CallClock<'a> {
        CallClock { offsets: &list.offsets, bands: &self.bands, answered_ms }
    }

    /// The configured sources.
    pub fn sources(&self) -> &[SourceRow] {
        &self.sources
    }

    /// The number rules of a source that nobody configured: E.164 with or without `+`, and the operator's short codes.
    pub const fn default_rules(&self) -> &NumberRules {
        &self.default_rules
    }

    /// Whether the dialled digits are an emergency code (A1).
    #[inline]
    pub fn is_emergency(&self, number: Digits) -> bool {
        number.is_short() && self.emergency.contains(&number)
    }

    /// A word that occurs as a qualifier; an unknown word matches no row that asks for one.
    #[inline]
    pub fn symbol(&self, word: &str) -> Symbol {
        self.find_symbol(word).unwrap_or(Symbol(u32::MAX))
    }

    /// A word that occurs as a qualifier, if it does.
    #[inline]
    pub fn find_symbol(&self, word: &str) -> Option<Symbol> {
        self.symbols.get(word).copied()
    }

    /// The words that symbols stand for, by index.
    pub fn words(&self) -> &[Box<str>] {
        &self.words
    }

    /// The word that a symbol stands for; none for a word that occurs nowhere.
    #[inline]
    pub fn word(&self, symbol: Symbol) -> Option<&str> {
        self.words.get(symbol.0 as usize).map(|word| &**word)
    }

    /// Every lock that bars `number`: the account's own, then the global ones.
    #[inline]
    pub fn locks<'a>(
        &'a self,
        account: Option<AccountIx>,
        number: Digits,
        chain: &'a Chain,
        provider: ProviderQuery,
        at_ms: i64,
    ) -> impl Iterator<Item = Match<'a>> + 'a {
        let local = account.map_or(&[][..], |index| self.account(index).locks.of(&self.local_locks));
        let global = if self.global_locks.is_empty() { &[][..] } else { chain.as_slice() };
        local
            .iter()
            .map(|lock| Match { scope: LockScope::Local, lock })
            .chain(
                global
                    .iter()
                    .filter_map(|prefix| self.global_locks.get(prefix))
                    .flatten()
                    .map(|lock| Match { scope: LockScope::Global, lock }),
            )
            .filter(move |found| found.lock.bars(number, provider, at_ms))
    }

    /// The standard tax rate on a day, in hundredths of a percent.
    #[inline]
    pub fn tax_basis_points(&self, day: NaiveDate) -> Option<u32> {
        self.taxes.iter().rev().find(|tax| tax.from <= day).map(|tax| tax.basis_points)
    }

    /// The usage day of a moment: the day in the issuer's zone.
    #[inline]
    pub fn usage_day(&self, at_ms: i64) -> NaiveDate {
        self.offsets.day(at_ms)
    }

    /// The tax of a leg, in hundredths of a percent: the client's own, else the standard rate of the usage day.
    #[inline]
    pub(crate) fn tax_of(&self, account: Option<AccountIx>, usage_day: NaiveDate, at_ms: i64) -> u32 {
        account
            .and_then(|account| self.terms.tax(self.account(account).terms, at_ms))
            .or_else(|| self.tax_basis_points(usage_day))
            .unwrap_or(0)
    }

    /// Whether a leg of this service is barred by locks (M24).
    pub const fn is_lockable(service: Service) -> bool {
        matches!(service, Service::Outgoing | Service::Forwarded)
    }

    /// Whether a leg of this service goes through a provider's wholesale list.
    pub const fn has_wholesale(service: Service) -> bool {
        service.is_call() && !matches!(service, Service::Internal)
            || matches!(service, Service::Message | Service::Data)
    }
}
