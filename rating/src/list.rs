//! A price list in memory: which row prices a number at a moment, for these qualifiers.
//!
//! Owns: rows by prefix identifier, their order of preference, their validity.
//! Does not own: the prefixes (shared by all lists), the terms (interned), the order of lists in a plan.
//! Always: within a prefix the row with the longer origin comes first, then the one with more qualifiers, then the newer one; so the first that
//! fits is the one. A full list costs 8 bytes a prefix, whatever its prices.

use std::sync::Arc;

use numbering::{Chain, Digits, PrefixId};
use rustc_hash::FxHashMap;

use crate::calendar::ZoneOffsets;
use crate::code::Service;
use crate::money::{Currency, Rounding};
use crate::rows::{ListId, ProviderId, Symbol};

/// `[from_ms, to_ms)` in milliseconds of the epoch.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct Validity {
    /// First moment; `i64::MIN` = open.
    pub from_ms: i64,
    /// Moment after the last; `i64::MAX` = open.
    pub to_ms: i64,
}

impl Validity {
    /// No bounds.
    pub const ALWAYS: Self = Self { from_ms: i64::MIN, to_ms: i64::MAX };

    /// Whether the moment lies inside.
    #[inline]
    pub const fn contains(self, at_ms: i64) -> bool {
        self.from_ms <= at_ms && at_ms < self.to_ms
    }

    /// Whether the two share a moment.
    pub const fn overlaps(self, other: Self) -> bool {
        self.from_ms < other.to_ms && other.from_ms < self.to_ms
    }
}

/// What restricts a row; empty = matches all.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, PartialOrd, Ord)]
pub struct Qualifiers {
    /// Service of the leg.
    pub service: Option<Service>,
    /// Incoming service (M29).
    pub incoming_service: Option<Symbol>,
    /// Provider of the leg.
    pub provider: Option<ProviderId>,
    /// Place of service.
    pub place: Option<Symbol>,
    /// Prefix of the calling number; empty = any.
    pub origin: Digits,
}

impl Qualifiers {
    /// How many are set, the origin apart.
    pub fn count(&self) -> usize {
        usize::from(self.service.is_some())
            + usize::from(self.incoming_service.is_some())
            + usize::from(self.provider.is_some())
            + usize::from(self.place.is_some())
    }

    /// Preference: the longer origin, then more qualifiers.
    pub fn rank(&self) -> (usize, usize) {
        (self.origin.len(), self.count())
    }

    /// Whether a leg exists that both match.
    pub fn compatible(&self, other: &Self) -> bool {
        fn fits<T: PartialEq>(a: Option<T>, b: Option<T>) -> bool {
            a.is_none() || b.is_none() || a == b
        }
        fits(self.service, other.service)
            && fits(self.incoming_service, other.incoming_service)
            && fits(self.provider, other.provider)
            && fits(self.place, other.place)
            && (self.origin.starts_with(other.origin) || other.origin.starts_with(self.origin))
    }
}

/// The facts of a leg by which a row is chosen.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// Service of the leg.
    pub service: Service,
    /// Incoming service, if known.
    pub incoming_service: Option<Symbol>,
    /// Provider of the leg, if known.
    pub provider: Option<ProviderId>,
    /// Place of service, if known.
    pub place: Option<Symbol>,
    /// Calling number; empty = withheld.
    pub origin: Digits,
    /// The moment that decides: answer, or set-up of an attempt.
    pub at_ms: i64,
}

/// What restricts a row beyond its prefix, interned per list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Condition {
    pub(crate) qualifiers: Qualifiers,
    pub(crate) validity: Validity,
}

impl Condition {
    #[inline]
    fn admits(&self, wanted: &Wanted) -> bool {
        let own = &self.qualifiers;
        self.validity.contains(wanted.at_ms)
            && own.service.is_none_or(|service| service == wanted.service)
            && (own.incoming_service.is_none() || own.incoming_service == wanted.incoming_service)
            && (own.provider.is_none() || own.provider == wanted.provider)
            && (own.place.is_none() || own.place == wanted.place)
            && wanted.origin.starts_with(own.origin)
    }
}

/// A row of a group: what it asks for, and what it costs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Alternative {
    /// Index of the condition in the list.
    pub(crate) condition: u32,
    /// Index of the terms in the snapshot.
    pub(crate) rate: u32,
}

/// Rows of one prefix in order of preference. Most prefixes of a list have a group in common with thousands of others: same price, same validity.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group {
    pub(crate) start: u32,
    pub(crate) len: u32,
}

/// The group of a prefix, and where the identifiers of its rows are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Index of the group + 1; 0 = the list has no row at this prefix.
    pub(crate) group: u32,
    /// Of a group of one row: its identifier, relative to the list's first. Of a longer one: where its identifiers begin in `more_rows`.
    pub(crate) row: u32,
}

impl Slot {
    pub(crate) const NONE: Self = Self { group: 0, row: 0 };
}

/// Groups by prefix.
#[derive(Clone, Debug)]
pub(crate) enum Slots {
    /// For lists over most prefixes: by prefix identifier.
    Dense(Vec<Slot>),
    /// For overrides.
    Sparse(FxHashMap<PrefixId, Slot>),
}

impl Slots {
    #[inline]
    fn at(&self, prefix: PrefixId) -> Slot {
        match self {
            Self::Dense(slots) => slots[prefix.index()],
            Self::Sparse(slots) => slots.get(&prefix).copied().unwrap_or(Slot::NONE),
        }
    }
}

/// A price list.
#[derive(Clone, Debug)]
pub struct PriceList {
    /// Identifier.
    pub id: ListId,
    /// As in [`crate::rows::ListRow`].
    pub(crate) revision: u64,
    /// Code that people use.
    pub code: Box<str>,
    /// The provider of a wholesale list; `None` = retail.
    pub provider: Option<ProviderId>,
    /// Currency of its prices.
    pub currency: Currency,
    /// Rounding of its amounts.
    pub rounding: Rounding,
    /// Whether its prices include tax.
    pub tax_included: bool,
    /// Its wall clock.
    pub(crate) offsets: Arc<ZoneOffsets>,
    pub(crate) slots: Slots,
    pub(crate) groups: Vec<Group>,
    pub(crate) alternatives: Vec<Alternative>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) more_rows: Vec<u32>,
    pub(crate) first_row_id: u64,
    pub(crate) row_count: usize,
}

/// A row that was found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// The matched prefix.
    pub prefix: PrefixId,
    /// Its number of digits.
    pub prefix_len: usize,
    /// Identifier of the row.
    pub row_id: u64,
    /// Index of the terms in the snapshot.
    pub rate: u32,
}

impl PriceList {
    /// The row for a number whose matching prefixes are `chain`; the longest prefix with a row that fits wins.
    #[inline]
    pub fn find(&self, chain: &Chain, prefix_len: impl Fn(PrefixId) -> usize, wanted: &Wanted) -> Option<Found> {
        chain.longest_first().find_map(|prefix| self.find_at(prefix, &prefix_len, wanted))
    }

    /// The row that fits at exactly this prefix.
    #[inline]
    pub fn find_at(&self, prefix: PrefixId, prefix_len: impl Fn(PrefixId) -> usize, wanted: &Wanted) -> Option<Found> {
        let slot = self.slots.at(prefix);
        let group = self.groups[(slot.group as usize).checked_sub(1)?];
        let (place, alternative) = self.admitted(group, wanted)?;
        let row = if group.len == 1 { slot.row } else { self.more_rows[slot.row as usize + place] };
        Some(Found {
            prefix,
            prefix_len: prefix_len(prefix),
            row_id: self.first_row_id + u64::from(row),
            rate: alternative.rate,
        })
    }

    /// The first row of a group that fits, and its place among them.
    #[inline]
    fn admitted(&self, group: Group, wanted: &Wanted) -> Option<(usize, Alternative)> {
        let rows = &self.alternatives[group.start as usize..(group.start + group.len) as usize];
        let fits = |(_, row): &(usize, &Alternative)| self.conditions[row.condition as usize].admits(wanted);
        rows.iter().enumerate().find(fits).map(|(place, row)| (place, *row))
    }

    /// Counts by their terms the prefixes in `ids` at which a row fits, those that are `taken` left out, and takes them.
    pub(crate) fn count_below(
        &self,
        ids: std::ops::Range<u32>,
        wanted: &Wanted,
        taken: &mut [bool],
        counts: &mut FxHashMap<u32, usize>,
    ) {
        let rate_of: Vec<Option<u32>> = std::iter::once(None)
            .chain(self.groups.iter().map(|group| self.admitted(*group, wanted).map(|(_, row)| row.rate)))
            .collect();
        let mut by_group = vec![0usize; rate_of.len()];
        let mut take = |place: usize, slot: Slot| {
            let group = slot.group as usize;
            if rate_of[group].is_some() && !taken[place] {
                taken[place] = true;
                by_group[group] += 1;
            }
        };
        match &self.slots {
            Slots::Dense(slots) => {
                let slots = &slots[ids.start as usize..ids.end as usize];
                slots.iter().enumerate().for_each(|(place, slot)| take(place, *slot));
            }
            Slots::Sparse(slots) => {
                let inside = slots.iter().filter(|(prefix, _)| ids.contains(&prefix.0));
                inside.for_each(|(prefix, slot)| take((prefix.0 - ids.start) as usize, *slot));
            }
        }
        for (rate, count) in rate_of.into_iter().zip(by_group) {
            if let Some(rate) = rate.filter(|_| count > 0) {
                *counts.entry(rate).or_default() += count;
            }
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.row_count
    }

    /// Whether the list has no rows.
    pub fn is_empty(&self) -> bool {
        self.row_count == 0
    }

    /// Whether the list is retail.
    pub const fn is_retail(&self) -> bool {
        self.provider.is_none()
    }
}
