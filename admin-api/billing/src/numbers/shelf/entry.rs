//! A number as the shelf keeps it: 24 bytes.
//!
//! Owns: how facts of a number are packed, and days as numbers.
//! Does not own: what the words of a number are called (dictionaries of `mod`), what is made of its facts (`search`).
//! Always: what goes in comes out; what does not fit is refused, never cut off.

use chrono::{Days, NaiveDate};
use numbering::E164;
use rating::rows::DidStatus;

use super::super::sale::Sale;

/// Days are counted from here: what is earlier is as good as this day, for nothing was collected by then.
pub(super) const FIRST_DAY: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a day of the calendar");
/// Most days that lie between the archive and what came later; beyond, as without an archive, no rest goes on any more.
const NEVER: u32 = (1 << 12) - 1;

/// A day as the shelf counts it.
pub(super) fn day_number(day: NaiveDate) -> i32 {
    day.signed_duration_since(FIRST_DAY).num_days().clamp(0, i64::from(u16::MAX)) as i32
}

/// The day of a number.
pub(super) fn day_of(number: i32) -> NaiveDate {
    FIRST_DAY.checked_add_days(Days::new(u64::try_from(number).unwrap_or_default())).unwrap_or(NaiveDate::MAX)
}

/// What is packed: words are places in dictionaries, 0 = none; days are those of [`day_number`], possibly before the first one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a column of its own")]
pub(super) struct Known {
    pub(super) number: E164,
    pub(super) status: DidStatus,
    pub(super) sale: Sale,
    /// Forced for one client.
    pub(super) is_for_one: bool,
    pub(super) is_mobile: bool,
    pub(super) is_fmtn: bool,
    /// Of agents' numbers.
    pub(super) is_agents: bool,
    pub(super) region: u32,
    pub(super) class: u32,
    pub(super) provider: u32,
    pub(super) place: u32,
    /// Its own price.
    pub(super) price: u32,
    /// When it was archived or added last, the later of both.
    pub(super) since: i32,
    pub(super) archived: Option<i32>,
    pub(super) last_call: Option<i32>,
}

/// A number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry {
    number: E164,
    facts: u64,
    /// Its own price, and the days from its archive to `since`.
    tail: u32,
    since: u16,
    /// The last day on which somebody called; 0 = none.
    last: u16,
}

const _: () = assert!(size_of::<Entry>() == 24, "five million of them are 120 MB");

/// A field of the facts: the bit at which it begins, and how many it has.
#[derive(Clone, Copy)]
pub(super) struct Field(u32, u32);

pub(super) const STATUS: Field = Field(0, 3);
const SALE: Field = Field(3, 2);
const FOR_ONE: Field = Field(5, 1);
pub(super) const MOBILE: Field = Field(6, 1);
const FMTN: Field = Field(7, 1);
const AGENTS: Field = Field(8, 1);
pub(super) const REGION: Field = Field(9, 13);
pub(super) const CLASS: Field = Field(22, 9);
pub(super) const PROVIDER: Field = Field(31, 14);
pub(super) const PLACE: Field = Field(45, 19);

impl Field {
    pub(super) const fn of(self, facts: u64) -> u32 {
        ((facts >> self.0) & ((1 << self.1) - 1)) as u32
    }

    /// The bits of a value, as they stand among the facts.
    pub(super) const fn bits(self, value: u32) -> u64 {
        (value as u64) << self.0
    }

    /// The bits of the field.
    pub(super) const fn all(self) -> u64 {
        ((1 << self.1) - 1) << self.0
    }

    const fn fits(self, value: u32) -> bool {
        (value as u64) < (1 << self.1)
    }
}

impl Entry {
    /// Packs it; `None` where more words are in use than a place has room for.
    pub(super) fn pack(known: &Known) -> Option<Self> {
        let words = [(REGION, known.region), (CLASS, known.class), (PROVIDER, known.provider), (PLACE, known.place)];
        if known.price >= 1 << 20 || words.iter().any(|(field, word)| !field.fits(*word)) {
            return None;
        }
        let facts = STATUS.bits(known.status as u32)
            | SALE.bits(known.sale as u32)
            | FOR_ONE.bits(u32::from(known.is_for_one))
            | MOBILE.bits(u32::from(known.is_mobile))
            | FMTN.bits(u32::from(known.is_fmtn))
            | AGENTS.bits(u32::from(known.is_agents))
            | words.iter().fold(0, |bits, (field, word)| bits | field.bits(*word));
        let day = |number: i32| number.clamp(0, i32::from(u16::MAX)) as u16;
        let since = day(known.since);
        let rested =
            known.archived.map_or(NEVER, |archived| (i32::from(since) - archived).clamp(0, NEVER as i32) as u32);
        // A call of the first day is one of the second: neither is later than anything collected.
        let last = known.last_call.map_or(0, |last| day(last).max(1));
        Some(Self { number: known.number, facts, tail: (known.price << 12) | rested, since, last })
    }

    pub(super) const fn number(&self) -> E164 {
        self.number
    }

    pub(super) const fn facts(&self) -> u64 {
        self.facts
    }

    pub(super) fn status(&self) -> DidStatus {
        DidStatus::ALL[STATUS.of(self.facts) as usize]
    }

    pub(super) fn sale(&self) -> Sale {
        Sale::ALL[SALE.of(self.facts) as usize]
    }

    pub(super) const fn is_for_one(&self) -> bool {
        FOR_ONE.of(self.facts) == 1
    }

    pub(super) const fn is_mobile(&self) -> bool {
        MOBILE.of(self.facts) == 1
    }

    pub(super) const fn is_fmtn(&self) -> bool {
        FMTN.of(self.facts) == 1
    }

    /// Whether calls are not looked at (M15).
    pub(super) const fn is_ignored(&self) -> bool {
        self.facts & (FMTN.all() | AGENTS.all()) != 0
    }

    pub(super) const fn word(&self, field: Field) -> u32 {
        field.of(self.facts)
    }

    pub(super) const fn price(&self) -> u32 {
        self.tail >> 12
    }

    pub(super) const fn since(&self) -> u16 {
        self.since
    }

    pub(super) fn archived(&self) -> Option<i32> {
        let rested = self.tail & NEVER;
        (rested != NEVER).then(|| i32::from(self.since) - rested as i32)
    }

    pub(super) fn last_call(&self) -> Option<i32> {
        (self.last != 0).then(|| i32::from(self.last))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known() -> Known {
        Known {
            number: E164::parse("74951201031").unwrap(),
            status: DidStatus::Archive,
            sale: Sale::No,
            is_for_one: true,
            is_mobile: true,
            is_fmtn: false,
            is_agents: true,
            region: 8_191,
            class: 511,
            provider: 16_383,
            place: 524_287,
            price: 1_048_575,
            since: 9_700,
            archived: Some(9_650),
            last_call: Some(9_690),
        }
    }

    fn unpacked(entry: Entry) -> Known {
        Known {
            number: entry.number(),
            status: entry.status(),
            sale: entry.sale(),
            is_for_one: entry.is_for_one(),
            is_mobile: entry.is_mobile(),
            is_fmtn: entry.is_fmtn(),
            is_agents: AGENTS.of(entry.facts()) == 1,
            region: entry.word(REGION),
            class: entry.word(CLASS),
            provider: entry.word(PROVIDER),
            place: entry.word(PLACE),
            price: entry.price(),
            since: i32::from(entry.since()),
            archived: entry.archived(),
            last_call: entry.last_call(),
        }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let plain = Known {
            sale: Sale::Forced,
            is_for_one: false,
            region: 0,
            price: 0,
            archived: None,
            last_call: None,
            ..known()
        };
        for known in [known(), plain, Known { status: DidStatus::Free, is_agents: false, is_fmtn: true, ..plain }] {
            assert_eq!(unpacked(Entry::pack(&known).unwrap()), known);
        }
        for status in DidStatus::ALL {
            let entry = Entry::pack(&Known { status: *status, ..known() }).unwrap();
            assert_eq!((entry.status(), entry.is_ignored()), (*status, true));
        }
        assert!(!Entry::pack(&Known { is_agents: false, ..known() }).unwrap().is_ignored());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for too_much in [
            Known { region: 8_192, ..known() },
            Known { class: 512, ..known() },
            Known { provider: 16_384, ..known() },
            Known { place: 524_288, ..known() },
            Known { price: 1_048_576, ..known() },
        ] {
            assert_eq!(Entry::pack(&too_much), None, "{too_much:?}");
        }
    }

    #[test]
    fn days_of_long_ago() {
        let long_ago =
            Entry::pack(&Known { since: -400, archived: Some(-400), last_call: Some(-3), ..known() }).unwrap();
        assert_eq!((long_ago.since(), long_ago.last_call()), (0, Some(1)));
        // Eleven years are longer than any rest.
        let added = Entry::pack(&Known { since: 9_700, archived: Some(5_000), ..known() }).unwrap();
        assert_eq!(added.archived(), None);
        let day: NaiveDate = "2026-07-01".parse().unwrap();
        assert_eq!(day_of(day_number(day)), day);
        assert_eq!(day_number("1999-12-31".parse().unwrap()), 0);
    }
}
