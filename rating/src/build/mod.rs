//! From plain rows to a snapshot.
//!
//! Owns: the checks that need several rows at once, and the packing; what a snapshot takes over from the one before it.
//! Does not own: reading rows; checks of a single field (done where text becomes a row).
//! Always: all errors of the rows that are given at once are reported, not the first; a snapshot that is built is consistent.

mod counters;
mod lists;
mod one_list;
mod parties;

pub use one_list::contradictions;

pub use lists::{ListContext, Lists};

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use numbering::{Digits, E164, NumberRules, NumberingPlan, PrefixId, PrefixSet};
use rustc_hash::FxHashMap;

use crate::calendar::ZoneOffsets;
use crate::list::PriceList;
use crate::lock::Lock;
use crate::parties::Parties;
use crate::rows::{LayerRow, ListId, PlanId, ProviderId, Rows, Symbol};
use crate::snapshot::{Plan, Provider, Snapshot, Tariffs, Words};
use crate::terms::CommonTerms;

use parties::Putting;

const EMERGENCY_LOCK: &str = "an emergency code cannot be locked (emergency_not_lockable)";

/// Which rows an error is about.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub enum Table {
    /// [`Rows::lists`]
    Lists,
    /// [`Rows::rate_rows`]
    Rates,
    /// [`Rows::plans`]
    Plans,
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
        Self::assemble(&rows, lists, numbering)
    }

    /// As [`Self::build`], with the lists packed beforehand: those of `rows.lists`, in that order. `rows.rate_rows` is not looked at.
    ///
    /// # Errors
    /// Every row that contradicts others.
    pub fn assemble(rows: &Rows, lists: Lists, numbering: Arc<NumberingPlan>) -> Result<Self, Vec<BadRow>> {
        let (mut snapshot, errors) = Self::with_tariffs(rows, lists, numbering, Parties::default());
        let mut putting = Putting { snapshot: &mut snapshot, errors };
        putting.accounts(rows);
        putting.numbers(rows, &[]);
        let errors = putting.errors;
        if errors.is_empty() { Ok(snapshot) } else { Err(errors) }
    }

    /// The accounts and numbers of `self` beside other tariffs: everything that `rows` hold but accounts with what belongs to them, and numbers.
    /// Plans stand in `rows` where they stood, new ones behind them, and words mean what they meant.
    ///
    /// # Errors
    /// Every row that contradicts others; [`Self::plan_places`] that have moved.
    pub fn retariffed(&self, rows: &Rows, lists: Lists) -> Result<Self, Vec<BadRow>> {
        let (mut snapshot, mut errors) =
            Self::with_tariffs(rows, lists, Arc::clone(&self.numbering), self.parties.clone());
        let former = self.plan_places();
        if former.len() > rows.plans.len() || former.zip(&rows.plans).any(|(former, row)| former != row.id) {
            let problem = "a plan has lost its place; read the accounts anew".to_owned();
            errors.push(BadRow { table: Table::Plans, row: 0, column: "id", problem });
            return Err(errors);
        }
        let mut putting = Putting { snapshot: &mut snapshot, errors };
        putting.check_currencies();
        let errors = putting.errors;
        if errors.is_empty() { Ok(snapshot) } else { Err(errors) }
    }

    /// Puts the accounts of `rows`, each with all its plans, trunks, locks and its client's terms, and the numbers of `rows`, each with all its states,
    /// in the place of what is known of them. Numbers of `gone` that `rows` do not hold are ours no more.
    ///
    /// # Errors
    /// Every row that contradicts others.
    pub fn amended(mut self, rows: &Rows, gone: &[E164]) -> Result<Self, Vec<BadRow>> {
        self.version = rows.version;
        if rows.symbols.len() > self.words.words.len() {
            self.words = Arc::new(Words::new(&rows.symbols));
        }
        let mut putting = Putting { snapshot: &mut self, errors: Vec::new() };
        putting.accounts(rows);
        putting.numbers(rows, gone);
        let errors = putting.errors;
        if errors.is_empty() { Ok(self) } else { Err(errors) }
    }

    /// The plans in their places.
    pub fn plan_places(&self) -> impl ExactSizeIterator<Item = PlanId> + '_ {
        self.tariffs.plans.iter().map(|plan| plan.id)
    }

    fn with_tariffs(
        rows: &Rows,
        mut lists: Lists,
        numbering: Arc<NumberingPlan>,
        parties: Parties,
    ) -> (Self, Vec<BadRow>) {
        let global = rows.locks.iter().filter(|lock| lock.account.is_none());
        lists.extend(global.map(|lock| lock.mask));
        let builder = Builder { errors: lists.errors, rows };
        let (tariffs, errors) = builder.build(lists.prefixes, lists.packed);
        let snapshot = Self {
            version: rows.version,
            zone: rows.entity.zone,
            currency: rows.entity.currency,
            breach: rows.settings.breach,
            numbering,
            tariffs: Arc::new(tariffs),
            parties,
            words: Arc::new(Words::new(&rows.symbols)),
        };
        (snapshot, errors)
    }
}

struct Builder<'a> {
    errors: Vec<BadRow>,
    rows: &'a Rows,
}

impl Builder<'_> {
    fn bad(&mut self, table: Table, row: usize, column: &'static str, problem: impl Into<String>) {
        self.errors.push(BadRow { table, row, column, problem: problem.into() });
    }

    fn build(mut self, prefixes: Arc<PrefixSet>, lists: Vec<Arc<PriceList>>) -> (Tariffs, Vec<BadRow>) {
        let rows = self.rows;
        assert_eq!(lists.len(), rows.lists.len(), "every list is packed");
        let list_index: FxHashMap<ListId, u32> = rows.lists.iter().map(|list| list.id).zip(0..).collect();
        self.bands(&list_index);
        let volumes = self.volumes(&list_index);
        let (mut plans, plan_index) = self.plans(&list_index);
        self.bundles(&mut plans, &plan_index);
        self.mark_counting(&mut plans, &lists);
        let (providers, provider_index) = self.providers();
        let provider_trunks = self.provider_trunks();
        let global_locks = self.global_locks(&prefixes);
        let mut taxes = rows.taxes.clone();
        taxes.sort_by_key(|tax| tax.from);
        let settings = &rows.settings;
        let codes: Vec<_> = settings.emergency.iter().chain(&settings.short_codes).copied().collect();
        let mut sources = rows.sources.clone();
        for source in &mut sources {
            source.rules = std::mem::take(&mut source.rules).with_short_codes(codes.iter().copied());
        }
        let asked = lists.iter().flat_map(|list| &list.conditions).filter_map(|row| row.qualifiers.incoming_service);
        let incoming_services = asked.collect::<BTreeSet<Symbol>>().into_iter().collect();
        let tariffs = Tariffs {
            offsets: ZoneOffsets::of(rows.entity.zone),
            terms: CommonTerms::of_rows(rows),
            prefix_lens: prefixes.iter().map(|(_, digits)| digits.len() as u8).collect(),
            prefixes,
            rates: rows.rates.clone(),
            lists,
            list_index,
            plan_codes: plans.iter().map(|plan| plan.code.clone()).zip(0..).collect(),
            plans,
            plan_index,
            global_locks,
            providers,
            provider_index,
            provider_trunks,
            sources,
            bands: rows.bands.clone(),
            volumes,
            default_rules: NumberRules::default().with_short_codes(codes),
            emergency: settings.emergency.iter().map(|code| code.digits()).collect(),
            incoming_services,
            taxes,
        };
        (tariffs, self.errors)
    }

    fn provider_trunks(&mut self) -> FxHashMap<Box<str>, ProviderId> {
        let mut trunks = FxHashMap::default();
        for (row, provider) in self.rows.providers.iter().enumerate() {
            for trunk in &provider.trunks {
                if trunks.insert(Box::from(trunk.as_str()), provider.id).is_some() {
                    let problem = format!("trunk `{trunk}` already belongs to another provider");
                    self.bad(Table::Providers, row, "trunks", problem);
                }
            }
        }
        trunks
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
        let mut layers: Vec<_> = self.rows.layers.iter().enumerate().collect();
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
    fn refuse_shared_layers(&mut self, layers: &[(usize, &LayerRow)]) {
        for (index, (row, layer)) in layers.iter().enumerate() {
            let same = |(_, other): &&(usize, &LayerRow)| (other.plan, other.layer) == (layer.plan, layer.layer);
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
        let mut wholesale: Vec<_> = self.rows.lists.iter().enumerate().collect();
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

    fn global_locks(&mut self, prefixes: &PrefixSet) -> FxHashMap<PrefixId, Vec<Lock>> {
        let mut locks: FxHashMap<PrefixId, Vec<Lock>> = FxHashMap::default();
        for (index, row) in self.rows.locks.iter().enumerate().filter(|(_, row)| row.account.is_none()) {
            self.check_lock(index, row.mask);
            let prefix = prefixes.get(row.mask).expect("masks of global locks are in the shared set");
            locks.entry(prefix).or_default().push(packed(row));
        }
        locks
    }

    fn check_lock(&mut self, row: usize, mask: Digits) {
        if self.rows.settings.emergency.iter().any(|code| code.digits() == mask) {
            self.bad(Table::Locks, row, "mask", EMERGENCY_LOCK);
        }
    }
}

fn packed(row: &crate::rows::LockRow) -> Lock {
    Lock { id: row.id, mask: row.mask, provider: row.provider, origin: row.origin, validity: row.validity }
}
