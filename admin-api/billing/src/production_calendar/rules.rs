//! Business days, forward from a day. Pure.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate, Weekday};

/// Days worked and days off of the years that are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ProductionCalendar {
    name: String,
    years: BTreeSet<i32>,
    /// Days that differ from their week: worked Saturdays and Sundays, days off from Monday to Friday.
    different: BTreeMap<NaiveDate, bool>,
}

/// A day of a year that the calendar does not know.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
#[error("the production calendar `{calendar}` does not know the year {year}: enter its days first")]
pub struct OutsideCalendar {
    /// The calendar.
    pub calendar: String,
    /// The year.
    pub year: i32,
}

impl ProductionCalendar {
    /// The calendar with this name. `different`: days with whether they are worked.
    pub fn new(
        name: &str,
        years: impl IntoIterator<Item = i32>,
        different: impl IntoIterator<Item = (NaiveDate, bool)>,
    ) -> Self {
        Self { name: name.to_owned(), years: years.into_iter().collect(), different: different.into_iter().collect() }
    }

    /// Whether a day is worked.
    pub fn is_working(&self, day: NaiveDate) -> Result<bool, OutsideCalendar> {
        if !self.years.contains(&day.year()) {
            return Err(OutsideCalendar { calendar: self.name.clone(), year: day.year() });
        }
        Ok(self.different.get(&day).copied().unwrap_or_else(|| is_working_by_week(day)))
    }

    /// The business day with this number after a day: 1 is the first one behind it, 0 the day itself (M18).
    pub fn business_day_after(&self, day: NaiveDate, number: u32) -> Result<NaiveDate, OutsideCalendar> {
        let (mut day, mut left) = (day, number);
        while left > 0 {
            day = self.next(day)?;
            left -= u32::from(self.is_working(day)?);
        }
        Ok(day)
    }

    /// The day itself where it is worked, else the next one that is (A35).
    pub fn working_from(&self, day: NaiveDate) -> Result<NaiveDate, OutsideCalendar> {
        let mut day = day;
        while !self.is_working(day)? {
            day = self.next(day)?;
        }
        Ok(day)
    }

    fn next(&self, day: NaiveDate) -> Result<NaiveDate, OutsideCalendar> {
        day.succ_opt().ok_or_else(|| OutsideCalendar { calendar: self.name.clone(), year: day.year() })
    }
}

/// Whether a day is worked as far as its week says.
pub fn is_working_by_week(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// A day of a calendar as somebody enters it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NewDay {
    /// Where it stands: the row of a file, the place in a list.
    pub at: u32,
    /// The day.
    pub day: NaiveDate,
    /// Whether it is worked.
    pub is_working: bool,
    /// What it is: a holiday, a day off that was moved.
    pub name: String,
}

/// What is wrong with a day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DayFault {
    /// It is of another year.
    OtherYear,
    /// The same day stands before, there.
    Twice(u32),
}

/// The days that differ from their week, of a year; those that do not need no row. Or every fault with the place of its day.
pub fn different_days(year: i32, days: &[NewDay]) -> Result<Vec<&NewDay>, Vec<(u32, DayFault)>> {
    let (mut seen, mut faults) = (BTreeMap::new(), Vec::new());
    for new in days {
        if new.day.year() != year {
            faults.push((new.at, DayFault::OtherYear));
        } else if let Some(first) = seen.get(&new.day) {
            faults.push((new.at, DayFault::Twice(*first)));
        } else {
            seen.insert(new.day, new.at);
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    Ok(days.iter().filter(|new| new.is_working != is_working_by_week(new.day)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// The calendar as a new database has it.
    fn russian() -> ProductionCalendar {
        let rows = include_str!("../../migrations/0081_production_calendar.sql").lines().filter_map(|line| {
            let row = line.trim().strip_prefix("('ru', ")?;
            Some(row.split(", ").take(2).map(|cell| cell.trim_matches('\'').to_owned()).collect::<Vec<_>>())
        });
        let (days, years): (Vec<_>, Vec<_>) = rows.partition(|row| row[0].contains('-'));
        ProductionCalendar::new(
            "ru",
            years.iter().map(|row| row[0].parse().unwrap()),
            days.iter().map(|row| (day(&row[0]), row[1] == "true")),
        )
    }

    /// The number of business days of a year is published with its calendar.
    #[test]
    fn years_have_as_many_business_days_as_was_published() {
        let calendar = russian();
        for (year, expected) in [(2020, 248), (2026, 247), (2027, 247)] {
            let first = NaiveDate::from_ymd_opt(year, 1, 1).unwrap();
            let days = first.iter_days().take_while(|date| date.year() == year);
            assert_eq!(days.filter(|date| calendar.is_working(*date).unwrap()).count(), expected, "{year}");
        }
    }

    /// from | number | business day
    #[test]
    fn terms_of_business_days() {
        let calendar = russian();
        for (from, number, expected) in [
            // M18: Monday; 8 9 10 11 | 14 15 16 17.
            ("2020-09-07", 8, "2020-09-17"),
            // A30: Thursday; 30 | 2 3 (4 is a holiday) 5 6 | 9 10 11.
            ("2020-10-29", 8, "2020-11-11"),
            // A holiday inside shifts by one day: 9 10 11 (12) | 15 16 17 18 19.
            ("2020-06-08", 8, "2020-06-19"),
            // From a Saturday: 7 8 9 10 11 | 14 15 16.
            ("2020-09-05", 8, "2020-09-16"),
            // The first eleven days of 2026 are off: 12 13 14 15 16 | 19 20 21.
            ("2025-12-31", 8, "2026-01-21"),
            // 28 29 30 (31 is off, and 1 to 10 January) | 11 12 13 14 15.
            ("2026-12-25", 8, "2027-01-15"),
            // 15 16 17 18 19, Saturday the 20th is worked (22 and 23 are off), 24 25.
            ("2027-02-12", 8, "2027-02-25"),
            ("2027-02-19", 1, "2027-02-20"),
            ("2026-05-08", 1, "2026-05-12"),
            ("2027-11-03", 1, "2027-11-08"),
            ("2020-09-05", 0, "2020-09-05"),
        ] {
            assert_eq!(calendar.business_day_after(day(from), number), Ok(day(expected)), "{from} {number}");
        }
    }

    #[test]
    fn a_year_that_is_not_known_is_an_error() {
        let calendar = russian();
        for (from, number, year) in [("2027-12-24", 8, 2028), ("2020-12-24", 8, 2021), ("2025-06-02", 1, 2025)] {
            let outside = calendar.business_day_after(day(from), number).unwrap_err();
            assert_eq!((outside.year, outside.calendar.as_str()), (year, "ru"), "{from}");
        }
        assert!(calendar.is_working(day("2021-01-11")).is_err());
        assert_eq!(calendar.business_day_after(day("2027-12-24"), 4), Ok(day("2027-12-30")));
    }

    /// A35: the 10th of a month, or the next working day.
    #[test]
    fn the_next_working_day() {
        let calendar = russian();
        for (date, expected) in [
            ("2026-01-10", "2026-01-12"), // Saturday of the holidays
            ("2026-02-10", "2026-02-10"),
            ("2026-10-10", "2026-10-12"), // Saturday
            ("2027-05-10", "2027-05-11"), // Monday, a moved day off
            ("2027-02-20", "2027-02-20"), // a worked Saturday
        ] {
            assert_eq!(calendar.working_from(day(date)), Ok(day(expected)), "{date}");
        }
    }

    /// Of a list of holidays the ones on a weekend need no row, and a worked Saturday does.
    #[test]
    fn days_that_differ_from_their_week() {
        let days = |rows: &[(&str, bool)]| -> Vec<NewDay> {
            let new = |(at, (text, is_working)): (u32, &(&str, bool))| NewDay {
                at,
                day: day(text),
                is_working: *is_working,
                name: String::new(),
            };
            (1..).zip(rows).map(new).collect()
        };
        let good = days(&[
            ("2027-02-20", true),  // Saturday
            ("2027-02-22", false), // Monday
            ("2027-01-02", false), // Saturday
            ("2027-03-09", true),  // Tuesday
        ]);
        let kept: Vec<u32> = different_days(2027, &good).unwrap().iter().map(|new| new.at).collect();
        assert_eq!(kept, [1, 2]);
        let bad = days(&[("2027-01-01", false), ("2028-01-03", false), ("2027-01-01", true)]);
        assert_eq!(different_days(2027, &bad), Err(vec![(2, DayFault::OtherYear), (3, DayFault::Twice(1))]));
    }
}
