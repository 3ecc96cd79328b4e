//! Price lists: rows in order of preference, packed by prefix; time bands.
//!
//! Owns: what a list must be by itself, and its packed form over the shared set of prefixes.
//! Does not own: where the rows come from: a list at a time, so that no more than one is ever in memory as rows.
//! Always: a list that did not change is shared with the snapshot before, not packed again.

use std::cmp::Reverse;
use std::sync::Arc;

use numbering::{Digits, PrefixId, PrefixSet};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{BadRow, Builder, Table};
use crate::calendar::{Band, ZoneOffsets};
use crate::list::{Alternative, Condition, Group, PriceList, Slot, Slots};
use crate::rate::Rate;
use crate::rows::{ListId, ListRow, RateRow, VolumeRow};
use crate::snapshot::Snapshot;

/// A list is kept as a plain vector over all prefixes from this share of them on.
const DENSE_FROM_ONE_IN: usize = 16;
/// So many rows with prefixes that are not yet in the shared set wait at most, before it is built anew.
const WAITING_MAX: usize = 1_000_000;

/// What the rows of lists refer to.
#[derive(Clone, Copy)]
pub struct ListContext<'a> {
    /// Terms.
    pub rates: &'a [Rate],
    /// Bands.
    pub bands: &'a [Band],
    /// Volumes.
    pub volumes: &'a [VolumeRow],
}

/// Price lists over one shared set of prefixes, packed one after another.
pub struct Lists {
    pub(super) prefixes: Arc<PrefixSet>,
    pub(super) packed: Vec<Arc<PriceList>>,
    pub(super) errors: Vec<BadRow>,
    /// Lists with prefixes that are not in the set, by their place in `packed`.
    waiting: Vec<(usize, Vec<Entry>)>,
    zones: FxHashMap<chrono_tz::Tz, Arc<ZoneOffsets>>,
}

/// What a list has at one prefix.
struct Entry {
    prefix: Digits,
    slot: Slot,
}

impl Lists {
    /// No lists yet; prefixes are added as they come.
    pub fn new() -> Self {
        Self::over(Arc::new(PrefixSet::build([])))
    }

    /// No lists yet, over the prefixes of a former snapshot, whose lists can be kept.
    pub fn after(former: &Snapshot) -> Self {
        Self::over(Arc::clone(&former.tariffs.prefixes))
    }

    pub(super) fn over(prefixes: Arc<PrefixSet>) -> Self {
        Self { prefixes, packed: Vec::new(), errors: Vec::new(), waiting: Vec::new(), zones: FxHashMap::default() }
    }

    /// Keeps a list of the former snapshot, if it has the same revision. Its terms must stand where they stood, and words mean what they meant.
    pub fn keep(&mut self, former: &Snapshot, head: &ListRow) -> bool {
        let found =
            former.tariffs.list_index.get(&head.id).map(|index| Arc::clone(&former.tariffs.lists[*index as usize]));
        // Once the set was built anew, the former identifiers mean nothing.
        let is_shared = Arc::ptr_eq(&self.prefixes, &former.tariffs.prefixes);
        let kept = found.filter(|list| is_shared && list.revision == head.revision);
        let is_kept = kept.is_some();
        self.packed.extend(kept);
        is_kept
    }

    /// Packs a list. `rows` are its rows, each with the index by which errors name it.
    pub fn add(&mut self, head: &ListRow, mut rows: Vec<(RateRow, usize)>, context: ListContext<'_>) {
        for (row, index) in &rows {
            self.check_variants(*index, row, context);
        }
        self.settle(&mut rows);
        let zone = self.zones.entry(head.zone).or_insert_with(|| Arc::new(ZoneOffsets::of(head.zone)));
        let mut list = PriceList {
            id: head.id,
            revision: head.revision,
            code: head.code.as_str().into(),
            provider: head.provider,
            currency: head.currency,
            rounding: head.rounding,
            tax_included: head.tax_included,
            offsets: Arc::clone(zone),
            slots: Slots::Sparse(FxHashMap::default()),
            groups: Vec::new(),
            alternatives: Vec::new(),
            conditions: Vec::new(),
            more_rows: Vec::new(),
            first_row_id: rows.iter().map(|(row, _)| row.id).min().unwrap_or(0),
            row_count: rows.len(),
        };
        let entries = pack(&mut list, &rows);
        drop(rows);
        let known: Option<Vec<(PrefixId, Slot)>> =
            entries.iter().map(|entry| Some((self.prefixes.get(entry.prefix)?, entry.slot))).collect();
        match known {
            Some(known) => list.slots = slots(known.into_iter(), entries.len(), self.prefixes.len()),
            None => self.waiting.push((self.packed.len(), entries)),
        }
        self.packed.push(Arc::new(list));
        if self.waiting.iter().map(|(_, entries)| entries.len()).sum::<usize>() > WAITING_MAX {
            self.extend([]);
        }
    }

    /// Takes the prefixes that wait, and `more`, into the shared set.
    pub(super) fn extend(&mut self, more: impl IntoIterator<Item = Digits>) {
        let waiting = self.waiting.iter().flat_map(|(_, entries)| entries).map(|entry| entry.prefix);
        let new: FxHashSet<Digits> =
            waiting.chain(more).filter(|prefix| self.prefixes.get(*prefix).is_none()).collect();
        if !new.is_empty() {
            let former = std::mem::replace(&mut self.prefixes, Arc::new(PrefixSet::build([])));
            let all = former.iter().map(|(_, prefix)| prefix).chain(new);
            self.prefixes = Arc::new(PrefixSet::build(all));
            let moved: Vec<PrefixId> = former
                .iter()
                .map(|(_, prefix)| self.prefixes.get(prefix).expect("every former prefix is in it"))
                .collect();
            for list in &mut self.packed {
                let list = Arc::make_mut(list);
                list.slots = match &list.slots {
                    Slots::Sparse(slots_of) if slots_of.is_empty() => continue,
                    Slots::Sparse(slots_of) => {
                        let entries = slots_of.iter().map(|(id, slot)| (moved[id.index()], *slot));
                        slots(entries, slots_of.len(), self.prefixes.len())
                    }
                    Slots::Dense(slots_of) => {
                        let entries = slots_of.iter().zip(&moved).filter(|(slot, _)| slot.group > 0);
                        let count = entries.clone().count();
                        slots(entries.map(|(slot, id)| (*id, *slot)), count, self.prefixes.len())
                    }
                };
            }
        }
        for (place, entries) in std::mem::take(&mut self.waiting) {
            let found = entries
                .iter()
                .map(|entry| (self.prefixes.get(entry.prefix).expect("the set was extended by it"), entry.slot));
            Arc::make_mut(&mut self.packed[place]).slots = slots(found, entries.len(), self.prefixes.len());
        }
    }

    pub(super) fn no_such_list(&mut self, row: usize) {
        self.bad(row, "list", "this list does not exist; add it to the lists");
    }

    fn bad(&mut self, row: usize, column: &'static str, problem: impl Into<String>) {
        self.errors.push(BadRow { table: Table::Rates, row, column, problem: problem.into() });
    }

    /// A rate may ask for the bands and the counter of its own list only.
    fn check_variants(&mut self, index: usize, row: &RateRow, context: ListContext<'_>) {
        let parts = context.rates[row.rate as usize].parts();
        let mut bands = parts.variants.iter().filter_map(|variant| variant.band);
        if bands.any(|band| context.bands[band as usize].list != row.list) {
            self.bad(index, "band", "this band belongs to another list");
        }
        if parts.volume.is_some_and(|volume| context.volumes[volume as usize].list != row.list) {
            self.bad(index, "volume", "this counter belongs to another list");
        }
    }

    /// Puts the rows of one list in order of preference per prefix, lets a newer row end the older one of its key, and refuses ties.
    pub(super) fn settle(&mut self, rows: &mut [(RateRow, usize)]) {
        rows.sort_unstable_by(|(a, _), (b, _)| {
            (a.prefix, Reverse(a.qualifiers.rank()), a.qualifiers, Reverse(a.validity.from_ms), a.id).cmp(&(
                b.prefix,
                Reverse(b.qualifiers.rank()),
                b.qualifiers,
                Reverse(b.validity.from_ms),
                b.id,
            ))
        });
        for later in 1..rows.len() {
            let (newer, older) = (rows[later - 1].0, rows[later].0);
            if (newer.prefix, newer.qualifiers) != (older.prefix, older.qualifiers) {
                continue;
            }
            if newer.validity.from_ms == older.validity.from_ms {
                let problem = format!(
                    "another row of this list has the same prefix {:?}, qualifiers and start; remove one of the two",
                    older.prefix
                );
                self.bad(rows[later].1.max(rows[later - 1].1), "from", problem);
            }
            rows[later].0.validity.to_ms = older.validity.to_ms.min(newer.validity.from_ms);
        }
        for group in rows.chunk_by(|(a, _), (b, _)| a.prefix == b.prefix).filter(|group| group.len() > 1) {
            self.refuse_ties(group);
        }
    }

    /// Two rows of a prefix with the same preference that could both price one leg.
    fn refuse_ties(&mut self, group: &[(RateRow, usize)]) {
        for (index, (row, place)) in group.iter().enumerate() {
            for (other, other_place) in &group[index + 1..] {
                if row.qualifiers != other.qualifiers
                    && row.qualifiers.rank() == other.qualifiers.rank()
                    && row.qualifiers.compatible(&other.qualifiers)
                    && row.validity.overlaps(other.validity)
                {
                    let problem = format!(
                        "two rows of prefix {:?} could price the same call with equal right; set one more qualifier in one of them",
                        row.prefix
                    );
                    self.bad(*place.max(other_place), "prefix", problem);
                }
            }
        }
    }
}

impl Default for Lists {
    fn default() -> Self {
        Self::new()
    }
}

fn slots(entries: impl Iterator<Item = (PrefixId, Slot)>, count: usize, prefixes: usize) -> Slots {
    if count * DENSE_FROM_ONE_IN <= prefixes {
        return Slots::Sparse(entries.collect());
    }
    let mut dense = vec![Slot::NONE; prefixes];
    for (prefix, slot) in entries {
        dense[prefix.index()] = slot;
    }
    Slots::Dense(dense)
}

/// Interns the groups of rows that prefixes have in common; `rows` are in order.
fn pack(list: &mut PriceList, rows: &[(RateRow, usize)]) -> Vec<Entry> {
    let mut conditions: FxHashMap<Condition, u32> = FxHashMap::default();
    let mut groups: FxHashMap<Vec<Alternative>, u32> = FxHashMap::default();
    let mut entries = Vec::with_capacity(rows.len());
    let mut group = Vec::new();
    for same in rows.chunk_by(|(a, _), (b, _)| a.prefix == b.prefix) {
        group.clear();
        for (row, _) in same {
            let condition = Condition { qualifiers: row.qualifiers, validity: row.validity };
            let condition = *conditions.entry(condition).or_insert_with_key(|condition| {
                list.conditions.push(*condition);
                list.conditions.len() as u32 - 1
            });
            group.push(Alternative { condition, rate: row.rate });
        }
        let index = groups.get(&group).copied().unwrap_or_else(|| {
            let start = list.alternatives.len() as u32;
            list.alternatives.extend_from_slice(&group);
            list.groups.push(Group { start, len: group.len() as u32 });
            let index = list.groups.len() as u32 - 1;
            groups.insert(group.clone(), index);
            index
        });
        let offset = |(row, _): &(RateRow, usize)| (row.id - list.first_row_id) as u32;
        let row = if same.len() == 1 {
            offset(&same[0])
        } else {
            let start = list.more_rows.len() as u32;
            list.more_rows.extend(same.iter().map(offset));
            start
        };
        entries.push(Entry { prefix: same[0].0.prefix, slot: Slot { group: index + 1, row } });
    }
    list.groups.shrink_to_fit();
    list.alternatives.shrink_to_fit();
    list.more_rows.shrink_to_fit();
    entries
}

impl Builder<'_> {
    /// Of two bands of a list that may meet, one must come before the other.
    pub(super) fn bands(&mut self, list_index: &FxHashMap<ListId, u32>) {
        let mut bands: Vec<_> =
            self.rows.bands.iter().map(|band| (band.list, band.priority, band.validity)).enumerate().collect();
        bands.sort_by_key(|(_, (list, priority, validity))| (*list, *priority, validity.from_ms));
        for pair in bands.windows(2) {
            let ((_, earlier), (row, later)) = (pair[0], pair[1]);
            if (earlier.0, earlier.1) == (later.0, later.1) && earlier.2.overlaps(later.2) {
                let problem = format!("another band of this list has priority {}; give one of them another", later.1);
                self.bad(Table::Bands, row, "priority", problem);
            }
        }
        for (row, (list, ..)) in bands {
            if !list_index.contains_key(&list) {
                self.bad(Table::Bands, row, "list", "this list does not exist; add it to the lists");
            }
        }
    }
}
