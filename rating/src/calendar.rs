//! Local time: which time band is in force at an instant, and until when.
//!
//! Owns: zones as tables of offsets, bands (days, hours, dates, holidays) and their text forms.
//! Does not own: what is charged inside a band (`rate`), the walk over a call (`price`).
//! Always: a band is judged by the wall clock of its list; an hour that the clock repeats belongs to its bands twice, one that it skips to none.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, Datelike, NaiveDate, Offset, TimeZone};
use chrono_tz::Tz;

use crate::list::Validity;
use crate::rows::ListId;

/// Milliseconds of a day on the wall clock.
pub const DAY_MS: u32 = 86_400_000;
/// 1970-01-01 counted from the day before the year 1.
const EPOCH_FROM_CE: i32 = 719_163;
/// The years whose changes of the clock are known; before and after the nearest offset holds.
const YEARS: std::ops::Range<i32> = 1970..2100;

/// A time zone as a table: from which instant on which offset from UTC.
#[derive(Clone, Debug)]
pub struct ZoneOffsets {
    /// (from, offset), milliseconds, ascending; the first from the beginning of time.
    steps: Box<[(i64, i64)]>,
}

impl ZoneOffsets {
    /// The table of a zone: about a millisecond of work, done once a snapshot.
    pub fn of(zone: Tz) -> Self {
        let offset = |at_s: i64| {
            let at = DateTime::from_timestamp(at_s, 0).expect("a moment of the calendar");
            i64::from(zone.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
        };
        let new_year = |year| NaiveDate::from_ymd_opt(year, 1, 1).map_or(0, |day| i64::from(days_of(day)) * 86_400);
        let (mut at, end) = (new_year(YEARS.start), new_year(YEARS.end));
        let mut steps = vec![(i64::MIN, offset(at) * 1000)];
        while at < end {
            let next = at + 86_400;
            if offset(at) != offset(next) {
                let (mut before, mut after) = (at, next);
                while after - before > 1 {
                    let middle = before.midpoint(after);
                    if offset(middle) == offset(at) { before = middle } else { after = middle }
                }
                steps.push((after * 1000, offset(after) * 1000));
            }
            at = next;
        }
        Self { steps: steps.into() }
    }

    /// The day on the wall clock; the epoch's for a moment beyond all calendars.
    #[inline]
    pub fn day(&self, at_ms: i64) -> NaiveDate {
        let local_ms = at_ms.saturating_add(self.at(at_ms).0);
        let days = i32::try_from(local_ms.div_euclid(i64::from(DAY_MS))).ok();
        days.and_then(|days| NaiveDate::from_num_days_from_ce_opt(days.checked_add(EPOCH_FROM_CE)?)).unwrap_or_default()
    }

    /// The last moment of a day on the wall clock, milliseconds of the epoch.
    pub(crate) fn end(&self, day: NaiveDate) -> i64 {
        let midnight_ms = (i64::from(days_of(day)) + 1) * i64::from(DAY_MS);
        midnight_ms - self.at(midnight_ms - self.at(midnight_ms).0).0 - 1
    }

    /// The offset at an instant, and the instant at which it ends; milliseconds.
    #[inline]
    fn at(&self, at_ms: i64) -> (i64, i64) {
        let next = self.steps.partition_point(|(from, _)| *from <= at_ms);
        (self.steps[next - 1].1, self.steps.get(next).map_or(i64::MAX, |(from, _)| *from))
    }
}

/// Days since 1970-01-01.
pub fn days_of(day: NaiveDate) -> i32 {
    day.num_days_from_ce() - EPOCH_FROM_CE
}

/// On which days a band is in force: weekdays and holidays; any of them will do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Days(u8);

const HOLIDAY: u8 = 1 << 7;
const WEEKDAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

impl Days {
    /// Every day.
    pub const ALL: Self = Self(0x7f);

    /// Reads `mon-fri`, `sat sun holiday`; nothing is every day.
    pub fn parse(text: &str) -> Option<Self> {
        let weekday = |word: &str| WEEKDAYS.iter().position(|name| *name == word);
        let mut bits = 0;
        for word in text.split_ascii_whitespace() {
            bits |= match (word, word.split_once('-')) {
                ("holiday", _) => HOLIDAY,
                (_, Some((first, last))) => {
                    let (first, last) = (weekday(first)?, weekday(last)?);
                    if first > last {
                        return None;
                    }
                    (first..=last).fold(0, |bits, day| bits | 1 << day)
                }
                (day, None) => 1 << weekday(day)?,
            };
        }
        Some(if bits == 0 { Self::ALL } else { Self(bits) })
    }

    fn has(self, day: i32, is_holiday: bool) -> bool {
        // 1970-01-01 was a Thursday.
        let weekday = (day + 3).rem_euclid(7);
        self.0 & (1 << weekday) != 0 || (is_holiday && self.0 & HOLIDAY != 0)
    }
}

impl fmt::Display for Days {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = WEEKDAYS.iter().chain(&["holiday"]).enumerate();
        let words: Vec<&str> = names.filter(|(bit, _)| self.0 & (1 << bit) != 0).map(|(_, name)| *name).collect();
        f.write_str(&words.join(" "))
    }
}

/// Reads `08:00-20:00`, several separated by blanks, `24:00` for the end of the day; nothing is the whole day. Milliseconds of the wall clock.
pub fn parse_hours(text: &str) -> Option<Vec<(u32, u32)>> {
    let time = |word: &str| {
        let mut parts = word.split(':');
        let mut part = |max: u32| {
            let text = parts.next()?;
            two_digits(text).filter(|value| *value <= max)
        };
        let (hour, minute) = (part(24)?, part(59)?);
        let second = if word.len() > 5 { part(59)? } else { 0 };
        let at = ((hour * 60 + minute) * 60 + second) * 1000;
        (parts.next().is_none() && at <= DAY_MS).then_some(at)
    };
    text.split_ascii_whitespace()
        .map(|word| {
            let (from, to) = word.split_once('-')?;
            Some((time(from)?, time(to)?)).filter(|(from, to)| from < to)
        })
        .collect()
}

/// Dates on which a band is in force.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dates {
    /// From one day to another, both included: days since 1970-01-01.
    Once(i32, i32),
    /// Every year from one (month, day) to another, both included; over the new year when the first lies behind the second.
    Yearly((u32, u32), (u32, u32)),
}

impl Dates {
    /// Reads `2026-12-31`, `2026-12-31..2027-01-08`, `12-31..01-08`; several are separated by blanks.
    pub fn parse_all(text: &str) -> Option<Vec<Self>> {
        text.split_ascii_whitespace()
            .map(|word| {
                let (first, last) = word.split_once("..").unwrap_or((word, word));
                match (first.parse::<NaiveDate>(), last.parse::<NaiveDate>()) {
                    (Ok(first), Ok(last)) => (first <= last).then(|| Self::Once(days_of(first), days_of(last))),
                    _ => Some(Self::Yearly(month_day(first)?, month_day(last)?)),
                }
            })
            .collect()
    }

    fn has(self, day: i32) -> bool {
        match self {
            Self::Once(first, last) => (first..=last).contains(&day),
            Self::Yearly(first, last) => {
                NaiveDate::from_num_days_from_ce_opt(day + EPOCH_FROM_CE).is_some_and(|date| {
                    let at = (date.month(), date.day());
                    if first <= last { first <= at && at <= last } else { first <= at || at <= last }
                })
            }
        }
    }
}

fn two_digits(text: &str) -> Option<u32> {
    (text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

fn month_day(text: &str) -> Option<(u32, u32)> {
    let (month, day) = text.split_once('-')?;
    let (month, day) = (two_digits(month)?, two_digits(day)?);
    // A leap year has every day there is.
    NaiveDate::from_ymd_opt(2024, month, day).map(|_| (month, day))
}

/// A time band of a price list: other prices at some hours of some days.
#[derive(Clone, Debug)]
pub struct Band {
    /// The list.
    pub list: ListId,
    /// Its name within the list.
    pub name: Box<str>,
    /// Of the bands in force the one with the highest priority counts; unique within the list at any time.
    pub priority: u16,
    /// Days.
    pub days: Days,
    /// `[from, to)` of the wall clock in milliseconds, ascending; empty = the whole day.
    pub hours: Box<[(u32, u32)]>,
    /// Dates; empty = any.
    pub dates: Box<[Dates]>,
    /// The holidays of the list's calendar: days since 1970-01-01, ascending.
    pub holidays: Arc<[i32]>,
    /// Calls answered within it know the band.
    pub validity: Validity,
}

impl Band {
    fn is_in_force(&self, day: i32, of_day_ms: u32) -> bool {
        (self.hours.is_empty() || self.hours.iter().any(|(from, to)| (*from..*to).contains(&of_day_ms)))
            && self.days.has(day, self.holidays.binary_search(&day).is_ok())
            && (self.dates.is_empty() || self.dates.iter().any(|dates| dates.has(day)))
    }

    /// The next moment of the day at which it may begin or end.
    fn next_edge(&self, of_day_ms: u32) -> u32 {
        let edges = self.hours.iter().flat_map(|(from, to)| [*from, *to]);
        edges.filter(|edge| *edge > of_day_ms).min().unwrap_or(DAY_MS)
    }
}

/// The wall clock of a list during one call.
#[derive(Clone, Copy, Debug)]
pub struct CallClock<'a> {
    /// The zone of the list.
    pub offsets: &'a ZoneOffsets,
    /// Every band of the snapshot; rates name theirs by index.
    pub bands: &'a [Band],
    /// When the call was answered, milliseconds of the epoch.
    pub answered_ms: i64,
}

impl CallClock<'_> {
    /// Which of `candidates` (indices of bands) is in force at an instant, and until which instant nothing changes.
    pub(crate) fn in_force(&self, candidates: impl Iterator<Item = u32>, at_ms: i64) -> (Option<u32>, i64) {
        let (offset_ms, offset_until_ms) = self.offsets.at(at_ms);
        let local_ms = at_ms + offset_ms;
        let day = local_ms.div_euclid(i64::from(DAY_MS)) as i32;
        let of_day_ms = local_ms.rem_euclid(i64::from(DAY_MS)) as u32;
        let (mut best, mut edge_ms) = (None, DAY_MS);
        for index in candidates {
            let band = &self.bands[index as usize];
            if !band.validity.contains(self.answered_ms) {
                continue;
            }
            edge_ms = edge_ms.min(band.next_edge(of_day_ms));
            if band.is_in_force(day, of_day_ms) && best.is_none_or(|(priority, _)| band.priority > priority) {
                best = Some((band.priority, index));
            }
        }
        (best.map(|(_, index)| index), offset_until_ms.min(at_ms + i64::from(edge_ms - of_day_ms)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ms(text: &str) -> i64 {
        DateTime::parse_from_rfc3339(text).unwrap().timestamp_millis()
    }

    #[test]
    fn text_forms() {
        for (text, expected) in [
            ("", Some("mon tue wed thu fri sat sun")),
            ("mon-fri", Some("mon tue wed thu fri")),
            ("sat sun holiday", Some("sat sun holiday")),
            ("wed", Some("wed")),
            ("fri-mon", None),
            ("Mon", None),
            ("mon,tue", None),
        ] {
            assert_eq!(Days::parse(text).map(|days| days.to_string()).as_deref(), expected, "{text:?}");
        }
        assert_eq!(parse_hours(""), Some(vec![]));
        assert_eq!(parse_hours("00:00-08:00 20:00:30-24:00"), Some(vec![(0, 28_800_000), (72_030_000, 86_400_000)]));
        for bad in [
            "8:00-20:00",
            "20:00-08:00",
            "08:00",
            "08:00-24:01",
            "08:60-09:00",
            "08:00-08:00",
            "+8:00-20:00",
            "08:00-20:00-22:00",
        ] {
            assert_eq!(parse_hours(bad), None, "{bad}");
        }
        for (text, good) in [
            ("2026-12-31", true),
            ("2026-12-31..2027-01-08", true),
            ("12-31..01-08 02-29", true),
            ("2027-01-08..2026-12-31", false),
            ("2026-12-31..01-08", false),
            ("02-30", false),
            ("1-1", false),
        ] {
            assert_eq!(Dates::parse_all(text).is_some(), good, "{text}");
        }
    }

    #[test]
    fn dates_reach_over_the_new_year() {
        let dates = Dates::parse_all("12-31..01-08").unwrap()[0];
        let on = |text: &str| dates.has(days_of(text.parse().unwrap()));
        for (day, expected) in [
            ("2026-12-30", false),
            ("2026-12-31", true),
            ("2027-01-01", true),
            ("2027-01-08", true),
            ("2027-01-09", false),
        ] {
            assert_eq!(on(day), expected, "{day}");
        }
    }

    /// Berlin turns its clock at 01:00 UTC: on 2026-03-29 from 02:00 to 03:00, on 2026-10-25 from 03:00 back to 02:00.
    #[test]
    fn a_zone_is_a_table_of_its_changes() {
        let berlin = ZoneOffsets::of(chrono_tz::Europe::Berlin);
        let hour = 3_600_000;
        for (at, offset, until) in [
            ("2026-03-29T00:59:59.999Z", hour, "2026-03-29T01:00:00Z"),
            ("2026-03-29T01:00:00Z", 2 * hour, "2026-10-25T01:00:00Z"),
            ("2026-10-25T01:00:00Z", hour, "2027-03-28T01:00:00Z"),
        ] {
            assert_eq!(berlin.at(ms(at)), (offset, ms(until)), "{at}");
        }
        assert_eq!(ZoneOffsets::of(chrono_tz::UTC).at(0), (0, i64::MAX));
        // Moscow left summer time for good on 2014-10-26.
        assert_eq!(ZoneOffsets::of(chrono_tz::Europe::Moscow).at(ms("2026-07-01T00:00:00Z")), (3 * hour, i64::MAX));
    }

    proptest! {
        /// The table knows what the zone database says.
        #[test]
        fn offsets_are_those_of_the_zone(at_s in 0..4_000_000_000i64, zone in 0..6usize) {
            use chrono_tz::{America, Australia, Europe, Asia, Pacific};
            let zone = [Europe::Berlin, America::New_York, Australia::Lord_Howe, Asia::Tehran, Europe::Moscow, Pacific::Apia][zone];
            let at = DateTime::from_timestamp(at_s, 0).unwrap().naive_utc();
            let expected = i64::from(zone.offset_from_utc_datetime(&at).fix().local_minus_utc()) * 1000;
            prop_assert_eq!(ZoneOffsets::of(zone).at(at_s * 1000).0, expected);
        }
    }
}
