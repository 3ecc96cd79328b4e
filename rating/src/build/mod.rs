//! From plain rows to a snapshot.
//!
//! Owns: the checks that need several rows at once, and the packing.
//! Does not own: reading rows; checks of a single field (done where text becomes a row).
//! Always: all errors are reported, not the first; a snapshot that is built is consistent.

mod counters;
mod lists;
mod one_list;

pub use one_list::contradictions;

pub use lists::{ListContext, Lists};

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use numbering::{Digits, NumberRules, NumberingPlan, PrefixId, PrefixSet};
use rustc_hash::FxHashMap;

use crate::calendar::ZoneOffsets;
use crate::list::{PriceList, Validity};
use crate::lock::Lock;
use crate::rows::{AccountId, LayerRow, ListId, PlanId, ProviderId, Rows, Symbol};
use crate::snapshot::{Account, AccountIx, DidState, Plan, Provider, Snapshot, Span};
use crate::terms::Terms;

/// Which rows an error is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Table {
    /// [`Rows::lists`]
    Lists,
    /// [`Rows::rate_rows`]
    Rates,
    /// [`Rows::layers`]
    Layers,
    /// [`Rows::account_plans`]
    AccountPlans,
    /// [`Rows::dids`]
    Dids,
    /// [`Rows::locks`]
    Locks,
    /// [`Rows::providers`]
    Providers,
    /// [`Rows::bands`]
    Bands,
    /// [`Rows::volumes`]
    Volumes,
    /// [`Rows::bundles`]
    Bundles,
}

/// A row that contradicts others.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadRow {
    /// The table.
    pub table: Table,
    /// Index of the row in it.
    pub row: usize,
    /// The field.
    pub column: &'static str,
    /// What is wrong and what to do.
    pub problem: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} row {}, {}: {}", self.table, self.row + 1, self.column, self.problem)
    }
}

impl Snapshot {
    /// Builds the snapshot; the numbering plan is shared with earlier ones.
    ///
    /// # Errors
    /// Every row that contradicts others.
    pub fn build(mut rows: Rows, numbering: Arc<NumberingPlan>) -> Result<Self, Vec<BadRow>> {
        let rate_rows = std::mem::take(&mut rows.rate_rows);
        let mut lists = Lists::over(Arc::new(PrefixSet::build(rate_rows.iter().map(|row| row.prefix))));
        let index: FxHashMap<ListId, usize> = rows.lists.iter().map(|list| list.id).zip(0..).collect();
        let mut by_list: Vec<Vec<_>> = vec![Vec::new(); rows.lists.len()];
        for (place, row) in rate_rows.into_iter().enumerate() {
            match index.get(&row.list) {
                Some(list) => by_list[*list].push((row, place)),
                None => lists.no_such_list(place),
            }
        }
        for (head, rates) in rows.lists.iter().zip(by_list) {
            let context = ListContext { rates: &rows.rates, bands: &rows.bands, volumes: &rows.volumes };
            lists.add(head, rates, context);
        }
        Self::assemble(rows, lists, numbering)
    }

    /// As [`Self::build`], with the lists packed beforehand: those of `rows.lists`, in that order. `rows.rate_rows` is not looked at.
    ///
    /// # Errors
    /// Every row that contradicts others.
    pub fn assemble(rows: Rows, mut lists: Lists, numbering: Arc<NumberingPlan>) -> Result<Self, Vec<BadRow>> {
        lists.extend(rows.locks.iter().filter(|lock| lock.account.is_none()).map(|lock| lock.mask));
        let terms = Terms::build(&rows);
        Builder { errors: lists.errors, rows, terms, numbering }.build(lists.prefixes, lists.packed)
    }
}

struct Builder {
    errors: Vec<BadRow>,
    rows: Rows,
    terms: Terms,
    numbering: Arc<NumberingPlan>,
}

impl Builder {
    fn bad(&mut self, table: Table, row: usize, column: &'static str, problem: impl Into<String>) {
        self.errors.push(BadRow { table, row, column, problem: problem.into() });
    }

    fn build(mut self, prefixes: Arc<PrefixSet>, lists: Vec<Arc<PriceList>>) -> Result<Snapshot, Vec<BadRow>> {
        assert_eq!(lists.len(), self.rows.lists.len(), "every list is packed");
        let list_index: FxHashMap<ListId, u32> =
            self.rows.lists.iter().enumerate().map(|(index, list)| (list.id, index as u32)).collect();
        self.bands(&list_index);
        let volumes = self.volumes(&list_index);
        let (mut plans, plan_index) = self.plans(&list_index);
        self.bundles(&mut plans, &plan_index);
        self.mark_counting(&mut plans, &lists);
        let (providers, provider_index) = self.providers();
        let (accounts, account_ids, account_plans, local_locks) = self.accounts(&plans, &plan_index);
        let (dids, did_states) = self.dids(&account_ids);
        let global_locks = self.global_locks(&prefixes);
        let mut provider_trunks = FxHashMap::default();
        for (row, provider) in self.rows.providers.clone().iter().enumerate() {
            for trunk in &provider.trunks {
                if provider_trunks.insert(Box::from(trunk.as_str()), provider.id).is_some() {
                    self.bad(
                        Table::Providers,
                        row,
                        "trunks",
                        format!("trunk `{trunk}` already belongs to another provider"),
                    );
                }
            }
        }
        if !self.errors.is_empty() {
            return Err(self.errors);
        }
        let mut account_trunks: FxHashMap<Box<str>, Vec<AccountIx>> = FxHashMap::default();
        for row in &self.rows.account_trunks {
            if let Some(account) = account_ids.get(&row.account) {
                account_trunks.entry(row.trunk.as_str().into()).or_default().push(*account);
            }
        }
        let mut taxes = self.rows.taxes;
        taxes.sort_by_key(|tax| tax.from);
        let settings = self.rows.settings;
        let codes: Vec<_> = settings.emergency.iter().chain(&settings.short_codes).copied().collect();
        let mut sources = self.rows.sources;
        for source in &mut sources {
            source.rules = std::mem::take(&mut source.rules).with_short_codes(codes.iter().copied());
        }
        let words: Vec<Box<str>> = self.rows.symbols.iter().map(|word| word.as_str().into()).collect();
        let asked = lists.iter().flat_map(|list| &list.conditions).filter_map(|row| row.qualifiers.incoming_service);
        let incoming_services = asked.collect::<BTreeSet<Symbol>>().into_iter().collect();
        Ok(Snapshot {
            version: self.rows.version,
            zone: self.rows.entity.zone,
            currency: self.rows.entity.currency,
            offsets: ZoneOffsets::of(self.rows.entity.zone),
            terms: self.terms,
            breach: settings.breach,
            numbering: self.numbering,
            prefix_lens: prefixes.iter().map(|(_, digits)| digits.len() as u8).collect(),
            prefixes,
            rates: self.rows.rates,
            lists,
            list_index,
            plan_codes: plans.iter().enumerate().map(|(index, plan)| (plan.code.clone(), index as u32)).collect(),
            plans,
            account_codes: (0u32..)
                .zip(&accounts)
                .map(|(index, account)| (account.code.clone(), AccountIx(index)))
                .collect(),
            accounts,
            account_ids,
            account_trunks,
            account_plans,
            local_locks,
            global_locks,
            dids,
            did_states,
            providers,
            provider_index,
            provider_trunks,
            sources,
            bands: self.rows.bands,
            volumes,
            default_rules: NumberRules::default().with_short_codes(codes),
            emergency: settings.emergency.iter().map(|code| code.digits()).collect(),
            incoming_services,
            symbols: words.iter().enumerate().map(|(index, word)| (word.clone(), Symbol(index as u32))).collect(),
            words,
            taxes,
        })
    }

    fn plans(&mut self, list_index: &FxHashMap<ListId, u32>) -> (Vec<Plan>, FxHashMap<PlanId, u32>) {
        let index: FxHashMap<PlanId, u32> =
            (0u32..).zip(&self.rows.plans).map(|(index, plan)| (plan.id, index)).collect();
        let mut plans: Vec<Plan> = self
            .rows
            .plans
            .iter()
            .map(|row| Plan {
                id: row.id,
                code: row.code.as_str().into(),
                prices_incoming: row.prices_incoming,
                layers: Vec::new(),
                bundles: Vec::new(),
                counts: false,
            })
            .collect();
        let mut layers: Vec<_> = self.rows.layers.clone().into_iter().enumerate().collect();
        layers.sort_by_key(|(_, layer)| (layer.plan, layer.layer));
        self.refuse_shared_layers(&layers);
        for (row, layer) in layers {
            match (index.get(&layer.plan), list_index.get(&layer.list)) {
                (Some(plan), Some(list)) => {
                    let head = &self.rows.lists[*list as usize];
                    if head.provider.is_some() {
                        let problem = format!("list `{}` is wholesale; a plan is made of retail lists", head.code);
                        self.bad(Table::Layers, row, "list", problem);
                        continue;
                    }
                    plans[*plan as usize].layers.push((*list, layer.validity));
                }
                _ => self.bad(Table::Layers, row, "list", "this list does not exist; add it to the lists"),
            }
        }
        (plans, index)
    }

    /// Two lists on one layer at one time would leave it to chance which of them stands above the other.
    fn refuse_shared_layers(&mut self, layers: &[(usize, LayerRow)]) {
        for (index, (row, layer)) in layers.iter().enumerate() {
            let same = |(_, other): &&(usize, LayerRow)| (other.plan, other.layer) == (layer.plan, layer.layer);
            if let Some((earlier, _)) =
                layers[..index].iter().rev().take_while(same).find(|(_, other)| other.validity.overlaps(layer.validity))
            {
                let problem = "another list stands on this layer at the same time; give one of them another layer";
                self.bad(Table::Layers, *row.max(earlier), "layer", problem);
            }
        }
    }

    fn providers(&mut self) -> (Vec<Provider>, FxHashMap<ProviderId, u32>) {
        let mut providers: Vec<Provider> = self
            .rows
            .providers
            .iter()
            .map(|row| Provider { id: row.id, code: row.code.as_str().into(), lists: Vec::new() })
            .collect();
        let index: FxHashMap<ProviderId, u32> =
            (0u32..).zip(&providers).map(|(index, provider)| (provider.id, index)).collect();
        let mut wholesale: Vec<_> = self.rows.lists.clone().into_iter().enumerate().collect();
        wholesale.sort_by(|(_, a), (_, b)| a.code.cmp(&b.code));
        for (row, list) in wholesale {
            let Some(provider) = list.provider else { continue };
            match index.get(&provider) {
                Some(at) => providers[*at as usize].lists.push(row as u32),
                None => {
                    self.bad(Table::Lists, row, "provider", "this provider does not exist; add it to the providers");
                }
            }
        }
        (providers, index)
    }

    #[expect(clippy::type_complexity, reason = "the parts of one read model, taken apart at once by the only caller")]
    fn accounts(
        &mut self,
        plans: &[Plan],
        plan_index: &FxHashMap<PlanId, u32>,
    ) -> (Vec<Account>, FxHashMap<AccountId, AccountIx>, Vec<(u32, Validity)>, Vec<Lock>) {
        let ids: FxHashMap<AccountId, AccountIx> =
            (0u32..).zip(&self.rows.accounts).map(|(index, account)| (account.id, AccountIx(index))).collect();
        let mut accounts: Vec<Account> = self
            .rows
            .accounts
            .iter()
            .map(|row| Account {
                id: row.id,
                code: row.code.as_str().into(),
                client: row.client,
                currency: row.currency,
                terms: self.terms.index_of(row.id, row.client),
                only_plan: None,
                plans: Span::default(),
                locks: Span::default(),
            })
            .collect();
        let mut periods: Vec<_> = self.rows.account_plans.clone().into_iter().enumerate().collect();
        periods.sort_by_key(|(_, row)| (row.account, row.validity.from_ms));
        for pair in periods.windows(2) {
            let ((_, earlier), (row, later)) = (&pair[0], &pair[1]);
            if earlier.account == later.account && earlier.validity.overlaps(later.validity) {
                self.bad(
                    Table::AccountPlans,
                    *row,
                    "from",
                    "two plan periods of this account overlap; end the earlier one first",
                );
            }
        }
        let mut account_plans = Vec::with_capacity(periods.len());
        for (row, period) in periods {
            let (Some(account), Some(plan)) = (ids.get(&period.account), plan_index.get(&period.plan)) else {
                self.bad(Table::AccountPlans, row, "plan", "this plan does not exist; add it to the plans");
                continue;
            };
            let account = &mut accounts[account.0 as usize];
            self.check_currency(row, account, &plans[*plan as usize]);
            account.only_plan = (period.validity == Validity::ALWAYS).then_some(*plan);
            extend(&mut account.plans, account_plans.len());
            account_plans.push((*plan, period.validity));
        }
        let mut local_locks = Vec::new();
        let mut locks: Vec<_> = self.rows.locks.clone().into_iter().enumerate().collect();
        locks.sort_by_key(|(_, lock)| (lock.account, lock.mask, lock.id));
        for (row, lock) in locks {
            self.check_lock(row, lock.mask);
            let Some(account) = lock.account else { continue };
            let Some(account) = ids.get(&account) else {
                self.bad(Table::Locks, row, "account", "this account does not exist; leave it empty for a global lock");
                continue;
            };
            extend(&mut accounts[account.0 as usize].locks, local_locks.len());
            local_locks.push(packed(&lock));
        }
        (accounts, ids, account_plans, local_locks)
    }

    fn check_currency(&mut self, row: usize, account: &Account, plan: &Plan) {
        let foreign = plan.layers.iter().map(|(list, _)| &self.rows.lists[*list as usize]).find(|list| {
            list.currency != account.currency && !self.terms.converts(account.terms, (list.currency, account.currency))
        });
        if let Some(list) = foreign {
            let problem = format!(
                "list `{}` of plan `{}` is in {}, the account in {}, and no exchange rate converts the one into the other; add one",
                list.code, plan.code, list.currency, account.currency
            );
            self.bad(Table::AccountPlans, row, "plan", problem);
        }
    }

    fn check_lock(&mut self, row: usize, mask: Digits) {
        if self.rows.settings.emergency.iter().any(|code| code.digits() == mask) {
            self.bad(Table::Locks, row, "mask", "an emergency code cannot be locked (emergency_not_lockable)");
        }
    }

    fn global_locks(&self, prefixes: &PrefixSet) -> FxHashMap<PrefixId, Vec<Lock>> {
        let mut locks: FxHashMap<PrefixId, Vec<Lock>> = FxHashMap::default();
        for row in self.rows.locks.iter().filter(|row| row.account.is_none()) {
            let prefix = prefixes.get(row.mask).expect("masks of global locks are in the shared set");
            locks.entry(prefix).or_default().push(packed(row));
        }
        locks
    }

    fn dids(
        &mut self,
        accounts: &FxHashMap<AccountId, AccountIx>,
    ) -> (FxHashMap<numbering::E164, Span>, Vec<DidState>) {
        let mut rows: Vec<_> = std::mem::take(&mut self.rows.dids).into_iter().enumerate().collect();
        rows.sort_by_key(|(_, row)| (row.number, row.validity.from_ms));
        for pair in rows.windows(2) {
            let ((_, earlier), (row, later)) = (&pair[0], &pair[1]);
            if earlier.number == later.number && earlier.validity.overlaps(later.validity) {
                self.bad(Table::Dids, *row, "from", "two periods of this number overlap; end the earlier one first");
            }
        }
        let mut dids: FxHashMap<numbering::E164, Span> = FxHashMap::default();
        let mut states = Vec::with_capacity(rows.len());
        for (row, did) in rows {
            let account = did.account.map(|id| accounts.get(&id).copied());
            if account == Some(None) {
                self.bad(Table::Dids, row, "account", "this account does not exist; add it to the accounts");
            }
            extend(dids.entry(did.number).or_default(), states.len());
            states.push(DidState {
                status: did.status,
                account: account.flatten(),
                place: did.place,
                validity: did.validity,
            });
        }
        (dids, states)
    }
}

/// Grows a span by the element that is about to be pushed at `at`.
fn extend(span: &mut Span, at: usize) {
    if span.len == 0 {
        span.start = at as u32;
    }
    span.len += 1;
}

fn packed(row: &crate::rows::LockRow) -> Lock {
    Lock { id: row.id, mask: row.mask, provider: row.provider, origin: row.origin, validity: row.validity }
}
