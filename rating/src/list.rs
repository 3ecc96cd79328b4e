//! A price list in memory: which row prices a number at a moment, for these qualifiers.
//!
//! Owns: rows by prefix identifier, their order of preference, their validity.
//! Does not own: the prefixes (shared by all lists), the terms (interned), the order of lists in a plan.
//! Always: within a prefix the row with the longer origin comes first, then the one with more qualifiers, then the newer one; so the first that
//! fits is the one. A full list costs 4 bytes a prefix and 12 bytes a row.

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

/// A row in its packed form.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Row identifier, relative to the list's first.
    pub(crate) id_offset: u32,
    /// Index of the terms in the snapshot.
    pub(crate) rate: u32,
    /// Index of the condition, shifted left; the low bit says that the next row has another prefix.
    pub(crate) condition_last: u32,
}

/// Rows by prefix: index + 1 of the first row in `rows`, 0 = none.
#[derive(Clone, Debug)]
pub(crate) enum Slots {
    /// For lists over most prefixes.
    Dense(Vec<u32>),
    /// For overrides.
    Sparse(FxHashMap<PrefixId, u32>),
}

/// A price list.
#[derive(Clone, Debug)]
pub struct PriceList {
    /// Identifier.
    pub id: ListId,
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
    pub(crate) rows: Vec<Row>,
    pub(crate) conditions: Vec<Condition>,
    pub(crate) first_row_id: u64,
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
        chain.longest_first().find_map(|prefix| {
            self.at(prefix, wanted).map(|row| Found {
                prefix,
                prefix_len: prefix_len(prefix),
                row_id: self.first_row_id + u64::from(row.id_offset),
                rate: row.rate,
            })
        })
    }

    /// The row that fits at exactly this prefix.
    pub fn find_at(&self, prefix: PrefixId, prefix_len: usize, wanted: &Wanted) -> Option<Found> {
        let row = self.at(prefix, wanted)?;
        Some(Found { prefix, prefix_len, row_id: self.first_row_id + u64::from(row.id_offset), rate: row.rate })
    }

    #[inline]
    fn at(&self, prefix: PrefixId, wanted: &Wanted) -> Option<Row> {
        let slot = match &self.slots {
            Slots::Dense(slots) => slots[prefix.index()],
            Slots::Sparse(slots) => slots.get(&prefix).copied().unwrap_or(0),
        };
        let mut index = (slot as usize).checked_sub(1)?;
        loop {
            let row = self.rows[index];
            if self.conditions[(row.condition_last >> 1) as usize].admits(wanted) {
                return Some(row);
            }
            if row.condition_last & 1 == 1 {
                return None;
            }
            index += 1;
        }
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether the list has no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether the list is retail.
    pub const fn is_retail(&self) -> bool {
        self.provider.is_none()
    }
}
