//! Price lists: rows in order of preference, packed by prefix; time bands.

use std::cmp::Reverse;
use std::sync::Arc;

use numbering::{Digits, PrefixId, PrefixSet};
use rustc_hash::FxHashMap;

use super::{Builder, Table};
use crate::calendar::ZoneOffsets;
use crate::list::{Condition, PriceList, Row, Slots};
use crate::rows::{ListId, RateRow};

/// A list is kept as a plain vector over all prefixes from this share of them on.
const DENSE_FROM_ONE_IN: usize = 16;

impl Builder {
    pub(super) fn lists(&mut self, prefixes: &PrefixSet, list_index: &FxHashMap<ListId, u32>) -> Vec<PriceList> {
        let mut by_list: Vec<Vec<(RateRow, usize)>> = vec![Vec::new(); self.rows.lists.len()];
        for (index, row) in std::mem::take(&mut self.rows.rate_rows).into_iter().enumerate() {
            match list_index.get(&row.list) {
                Some(list) => {
                    self.check_bands(index, row.list, row.rate);
                    by_list[*list as usize].push((row, index));
                }
                None => self.bad(Table::Rates, index, "list", "this list does not exist; add it to the lists"),
            }
        }
        let ids = prefixes.index();
        let mut zones: FxHashMap<chrono_tz::Tz, Arc<ZoneOffsets>> = FxHashMap::default();
        let heads = self.rows.lists.clone();
        heads
            .into_iter()
            .zip(by_list)
            .map(|(head, mut rows)| {
                self.settle(&mut rows);
                let mut list = PriceList {
                    id: head.id,
                    code: head.code.into(),
                    provider: head.provider,
                    currency: head.currency,
                    rounding: head.rounding,
                    tax_included: head.tax_included,
                    offsets: Arc::clone(zones.entry(head.zone).or_insert_with(|| Arc::new(ZoneOffsets::of(head.zone)))),
                    slots: if rows.len() * DENSE_FROM_ONE_IN > prefixes.len() {
                        Slots::Dense(vec![0; prefixes.len()])
                    } else {
                        Slots::Sparse(FxHashMap::default())
                    },
                    rows: Vec::with_capacity(rows.len()),
                    conditions: Vec::new(),
                    first_row_id: rows.iter().map(|(row, _)| row.id).min().unwrap_or(0),
                };
                pack(&mut list, &rows, &ids);
                list
            })
            .collect()
    }

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

    /// A rate may ask for the bands of its own list only.
    fn check_bands(&mut self, row: usize, list: ListId, rate: u32) {
        let rate = &self.rows.rates[rate as usize];
        let foreign = rate.parts().bands.iter().any(|band| self.rows.bands[band.band as usize].list != list);
        if foreign {
            self.bad(Table::Rates, row, "band", "this band belongs to another list");
        }
    }

    /// Puts the rows of one list in order of preference per prefix, lets a newer row end the older one of its key, and refuses ties.
    pub(super) fn settle(&mut self, rows: &mut [(RateRow, usize)]) {
        rows.sort_by(|(a, _), (b, _)| {
            (a.prefix, Reverse(a.qualifiers.rank()), a.qualifiers, Reverse(a.validity.from_ms)).cmp(&(
                b.prefix,
                Reverse(b.qualifiers.rank()),
                b.qualifiers,
                Reverse(b.validity.from_ms),
            ))
        });
        for later in 1..rows.len() {
            let (newer, older) = (rows[later - 1].0, rows[later].0);
            if (newer.prefix, newer.qualifiers) != (older.prefix, older.qualifiers) {
                continue;
            }
            if newer.validity.from_ms == older.validity.from_ms {
                self.bad(
                    Table::Rates,
                    rows[later].1.max(rows[later - 1].1),
                    "from",
                    format!("another row of this list has the same prefix {:?}, qualifiers and start; remove one of the two", older.prefix),
                );
            }
            rows[later].0.validity.to_ms = older.validity.to_ms.min(newer.validity.from_ms);
        }
        let mut start = 0;
        while start < rows.len() {
            let prefix = rows[start].0.prefix;
            let len = rows[start..].iter().take_while(|(row, _)| row.prefix == prefix).count();
            if len > 1 {
                self.refuse_ties(&rows[start..start + len]);
            }
            start += len;
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
                    self.bad(
                        Table::Rates,
                        *place.max(other_place),
                        "prefix",
                        format!("two rows of prefix {:?} could price the same call with equal right; set one more qualifier in one of them", row.prefix),
                    );
                }
            }
        }
    }
}

fn pack(list: &mut PriceList, rows: &[(RateRow, usize)], ids: &FxHashMap<Digits, PrefixId>) {
    let mut interned: FxHashMap<Condition, u32> = FxHashMap::default();
    for (index, (row, _)) in rows.iter().enumerate() {
        let condition = Condition { qualifiers: row.qualifiers, validity: row.validity };
        let condition = *interned.entry(condition).or_insert_with_key(|condition| {
            list.conditions.push(*condition);
            list.conditions.len() as u32 - 1
        });
        if index == 0 || rows[index - 1].0.prefix != row.prefix {
            let slot = list.rows.len() as u32 + 1;
            match &mut list.slots {
                Slots::Dense(slots) => slots[ids[&row.prefix].index()] = slot,
                Slots::Sparse(slots) => {
                    slots.insert(ids[&row.prefix], slot);
                }
            }
        }
        let is_last = rows.get(index + 1).is_none_or(|(next, _)| next.prefix != row.prefix);
        list.rows.push(Row {
            id_offset: (row.id - list.first_row_id) as u32,
            rate: row.rate,
            condition_last: condition << 1 | u32::from(is_last),
        });
    }
}
