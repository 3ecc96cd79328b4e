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
use crate::parties::Parties;
use crate::rate::Rate;
use crate::rows::{AccountId, CounterId, ListId, PlanId, ProviderId, SourceRow, Symbol, TaxRow};
use crate::terms::{CommonTerms, OwnTerms};

pub use crate::parties::{Account, AccountIx, DidState};

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

/// The read model. To copy it is cheap: what does not change is shared.
#[derive(Clone, Debug)]
pub struct Snapshot {
    /// Version of the catalogue.
    pub version: u64,
    /// Zone of the issuer: the usage day is a day there.
    pub zone: chrono_tz::Tz,
    /// Currency of the issuer's books.
    pub currency: Currency,
    /// What a lock breach does.
    pub breach: BreachRules,
    pub(crate) numbering: Arc<NumberingPlan>,
    pub(crate) tariffs: Arc<Tariffs>,
    pub(crate) parties: Parties,
    pub(crate) words: Arc<Words>,
}

/// Everything but accounts and numbers.
#[derive(Debug)]
pub(crate) struct Tariffs {
    pub(crate) offsets: ZoneOffsets,
    pub(crate) prefixes: Arc<PrefixSet>,
    /// Number of digits, by prefix identifier.
    pub(crate) prefix_lens: Vec<u8>,
    pub(crate) rates: Vec<Rate>,
    pub(crate) lists: Vec<Arc<PriceList>>,
    pub(crate) list_index: FxHashMap<ListId, u32>,
    /// A plan keeps its place in all snapshots: accounts name it by that.
    pub(crate) plans: Vec<Plan>,
    pub(crate) plan_index: FxHashMap<PlanId, u32>,
    pub(crate) plan_codes: FxHashMap<Box<str>, u32>,
    pub(crate) global_locks: FxHashMap<PrefixId, Vec<Lock>>,
    pub(crate) providers: Vec<Provider>,
    pub(crate) provider_index: FxHashMap<ProviderId, u32>,
    pub(crate) provider_trunks: FxHashMap<Box<str>, ProviderId>,
    pub(crate) sources: Vec<SourceRow>,
    pub(crate) terms: CommonTerms,
    pub(crate) bands: Vec<Band>,
    pub(crate) volumes: Vec<Volume>,
    pub(crate) default_rules: NumberRules,
    pub(crate) emergency: FxHashSet<Digits>,
    /// Incoming services that some row asks for.
    pub(crate) incoming_services: Vec<Symbol>,
    /// By first day, ascending.
    pub(crate) taxes: Vec<TaxRow>,
}

/// The words that symbols stand for. One keeps its meaning in all snapshots.
#[derive(Debug, Default)]
pub(crate) struct Words {
    /// By the index of the symbol.
    pub(crate) words: Vec<Box<str>>,
    pub(crate) symbols: FxHashMap<Box<str>, Symbol>,
}

impl Words {
    pub(crate) fn new(words: &[String]) -> Self {
        let words: Vec<Box<str>> = words.iter().map(|word| word.as_str().into()).collect();
        let symbols = (0u32..).zip(&words).map(|(index, word)| (word.clone(), Symbol(index))).collect();
        Self { words, symbols }
    }
}

impl Snapshot {
    /// All prefixes, of lists and of global locks, that begin `number`.
    #[inline]
    pub fn chain(&self, number: Digits) -> Chain {
        self.tariffs.prefixes.chain(number)
    }

    /// The shared set of prefixes.
    pub fn prefixes(&self) -> &PrefixSet {
        &self.tariffs.prefixes
    }

    /// Number of digits of a prefix.
    #[inline]
    pub fn prefix_len(&self, prefix: PrefixId) -> usize {
        usize::from(self.tariffs.prefix_lens[prefix.index()])
    }

    /// The world's numbering plan.
    pub fn numbering(&self) -> &NumberingPlan {
        &self.numbering
    }

    /// The numbering plan, to be shared with another snapshot.
    pub fn share_numbering(&self) -> Arc<NumberingPlan> {
        Arc::clone(&self.numbering)
    }

    /// What a dialled number is priced as: another operator's, where it was ported.
    #[inline]
    pub fn matched_as(&self, number: Digits) -> Digits {
        E164::new(number).map_or(number, |number| self.numbering.matched_as(number))
    }

    /// The terms behind an index.
    #[inline]
    pub fn rate(&self, index: u32) -> &Rate {
        &self.tariffs.rates[index as usize]
    }

    /// All price lists.
    pub fn lists(&self) -> &[Arc<PriceList>] {
        &self.tariffs.lists
    }

    /// A list by identifier.
    pub fn list(&self, id: ListId) -> Option<&PriceList> {
        self.tariffs.list_index.get(&id).map(|index| &*self.tariffs.lists[*index as usize])
    }

    /// An account.
    #[inline]
    pub fn account(&self, index: AccountIx) -> &Account {
        self.parties.account(index)
    }

    /// What an account is called.
    #[inline]
    pub fn account_code(&self, index: AccountIx) -> &str {
        self.parties.code(index)
    }

    /// Reads what the price of a leg of this account will read, for callers that have several legs waiting; the value means nothing.
    #[inline]
    pub fn warm_account(&self, index: AccountIx) -> u64 {
        self.account(index).terms.as_deref().map_or(0, OwnTerms::warm)
    }

    /// Number of accounts.
    pub fn account_count(&self) -> usize {
        self.parties.accounts().len()
    }

    /// The account with this code.
    #[inline]
    pub fn account_by_code(&self, code: &str) -> Option<AccountIx> {
        self.parties.by_code(code)
    }

    /// The account with this identifier.
    pub fn account_by_id(&self, id: AccountId) -> Option<AccountIx> {
        self.parties.by_id(id)
    }

    /// The accounts recognised by a trunk.
    #[inline]
    pub fn accounts_by_trunk(&self, trunk: &str) -> &[AccountIx] {
        self.parties.by_trunk(trunk)
    }

    /// The plan of an account at a moment.
    #[inline]
    pub fn plan_of(&self, account: AccountIx, at_ms: i64) -> Option<&Plan> {
        self.account(account).plans.at(at_ms).map(|plan| &self.tariffs.plans[plan as usize])
    }

    /// Whether the plan of an account had a bundle at the end of a day.
    pub(crate) fn had_bundle(&self, account: AccountIx, bundle: CounterId, day: NaiveDate) -> bool {
        let end_ms = self.tariffs.offsets.end(day);
        self.plan_of(account, end_ms)
            .is_some_and(|plan| plan.bundles.iter().any(|other| other.id == bundle && other.validity.contains(end_ms)))
    }

    /// A volume by its index in rates.
    pub fn volume(&self, index: u32) -> &Volume {
        &self.tariffs.volumes[index as usize]
    }

    /// A plan by code.
    pub fn plan_by_code(&self, code: &str) -> Option<&Plan> {
        self.tariffs.plan_codes.get(code).map(|index| &self.tariffs.plans[*index as usize])
    }

    /// The lists of a plan at a moment, the uppermost layer first.
    #[inline]
    pub fn layers<'a>(&'a self, plan: &'a Plan, at_ms: i64) -> impl Iterator<Item = &'a PriceList> + Clone {
        plan.layers
            .iter()
            .filter(move |(_, validity)| validity.contains(at_ms))
            .map(|(list, _)| &*self.tariffs.lists[*list as usize])
    }

    /// The wholesale lists of a provider.
    #[inline]
    pub fn wholesale_lists(&self, provider: ProviderId) -> impl Iterator<Item = &PriceList> + Clone {
        let lists = self
            .tariffs
            .provider_index
            .get(&provider)
            .map_or(&[][..], |index| &self.tariffs.providers[*index as usize].lists);
        lists.iter().map(|list| &*self.tariffs.lists[*list as usize])
    }

    /// All providers.
    pub fn providers(&self) -> &[Provider] {
        &self.tariffs.providers
    }

    /// A provider by identifier.
    pub fn provider(&self, id: ProviderId) -> Option<&Provider> {
        self.tariffs.provider_index.get(&id).map(|index| &self.tariffs.providers[*index as usize])
    }

    /// The provider recognised by a trunk.
    #[inline]
    pub fn provider_by_trunk(&self, trunk: &str) -> Option<ProviderId> {
        self.tariffs.provider_trunks.get(trunk).copied()
    }

    /// The state of a number at a moment; `None` when it is not ours, or was not ours then.
    #[inline]
    pub fn did(&self, number: E164, at_ms: i64) -> Option<&DidState> {
        self.parties.did(number, at_ms)
    }

    /// Terms that do not belong to one client.
    #[inline]
    pub(crate) fn terms(&self) -> &CommonTerms {
        &self.tariffs.terms
    }

    /// A time band by its index in rates.
    pub fn band(&self, index: u32) -> &Band {
        &self.tariffs.bands[index as usize]
    }

    /// The wall clock of a list for a call answered at a moment.
    #[inline]
    pub fn clock<'a>(&'a self, list: &'a PriceList, answered_ms: i64) -> CallClock<'a> {
        CallClock { offsets: &list.offsets, bands: &self.tariffs.bands, answered_ms }
    }

    /// The configured sources.
    pub fn sources(&self) -> &[SourceRow] {
        &self.tariffs.sources
    }

    /// The number rules of a source that nobody configured: E.164 with or without `+`, and the operator's short codes.
    pub fn default_rules(&self) -> &NumberRules {
        &self.tariffs.default_rules
    }

    /// Whether the dialled digits are an emergency code (A1).
    #[inline]
    pub fn is_emergency(&self, number: Digits) -> bool {
        number.is_short() && self.tariffs.emergency.contains(&number)
    }

    /// A word that occurs as a qualifier; an unknown word matches no row that asks for one.
    #[inline]
    pub fn symbol(&self, word: &str) -> Symbol {
        self.find_symbol(word).unwrap_or(Symbol(u32::MAX))
    }

    /// A word that occurs as a qualifier, if it does.
    #[inline]
    pub fn find_symbol(&self, word: &str) -> Option<Symbol> {
        self.words.symbols.get(word).copied()
    }

    /// The words that symbols stand for, by index.
    pub fn words(&self) -> &[Box<str>] {
        &self.words.words
    }

    /// The word that a symbol stands for; none for a word that occurs nowhere.
    #[inline]
    pub fn word(&self, symbol: Symbol) -> Option<&str> {
        self.words.words.get(symbol.0 as usize).map(|word| &**word)
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
        let local = account.map_or(&[][..], |index| &*self.account(index).locks);
        let global = if self.tariffs.global_locks.is_empty() { &[][..] } else { chain.as_slice() };
        local
            .iter()
            .map(|lock| Match { scope: LockScope::Local, lock })
            .chain(
                global
                    .iter()
                    .filter_map(|prefix| self.tariffs.global_locks.get(prefix))
                    .flatten()
                    .map(|lock| Match { scope: LockScope::Global, lock }),
            )
            .filter(move |found| found.lock.bars(number, provider, at_ms))
    }

    /// The standard tax rate on a day, in hundredths of a percent.
    #[inline]
    pub fn tax_basis_points(&self, day: NaiveDate) -> Option<u32> {
        self.tariffs.taxes.iter().rev().find(|tax| tax.from <= day).map(|tax| tax.basis_points)
    }

    /// The usage day of a moment: the day in the issuer's zone.
    #[inline]
    pub fn usage_day(&self, at_ms: i64) -> NaiveDate {
        self.tariffs.offsets.day(at_ms)
    }

    /// The tax of a leg, in hundredths of a percent: the client's own, else the standard rate of the usage day.
    #[inline]
    pub(crate) fn tax_of(&self, account: Option<AccountIx>, usage_day: NaiveDate, at_ms: i64) -> u32 {
        account
            .and_then(|account| self.account(account).terms.as_ref()?.tax(at_ms))
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
