//! The nights, months and moments of credit by the month.
//!
//! Owns: which night is checked, its cut-off, which month had to be paid by then, the turn of the month.
//! Does not own: what is checked (`month_end`), which days are working days (a business calendar says so).
//! Always: pure; a day begins with its first moment on the clocks of its zone, also where they skip midnight or strike it twice.

use chrono::{DateTime, Datelike, Months, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;

/// No zone has skipped more than a day.
const MINUTES_SKIPPED_MAX: i64 = 24 * 60;
/// The longest row of days off that is believed.
const DAYS_OFF_MAX: usize = 31;

/// The first moment of a day in a zone.
pub fn day_start(day: NaiveDate, zone: Tz) -> DateTime<Utc> {
    let midnight = day.and_time(NaiveTime::MIN);
    (0..=MINUTES_SKIPPED_MAX)
        .filter_map(|minutes| midnight.checked_add_signed(TimeDelta::minutes(minutes)))
        .find_map(|wall| zone.from_local_datetime(&wall).earliest())
        .map_or(midnight.and_utc(), |start| start.with_timezone(&Utc))
}

/// The day of a moment in a zone: the value date of money that came then.
pub fn day_of(moment: DateTime<Utc>, zone: Tz) -> NaiveDate {
    moment.with_timezone(&zone).date_naive()
}

/// The first day of the month of a day: how months are written everywhere.
pub fn month_of(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The first moment of the month of a moment.
pub fn month_start(moment: DateTime<Utc>, zone: Tz) -> DateTime<Utc> {
    day_start(month_of(day_of(moment, zone)), zone)
}

/// The last day of the month of a day: 28, 29, 30 or 31.
pub fn last_day_of(day: NaiveDate) -> NaiveDate {
    let next_month = month_of(day).checked_add_months(Months::new(1));
    next_month.and_then(|first| first.pred_opt()).unwrap_or(day)
}

/// The night to the last day of a month, in which credit is checked (M51). Later nights are greater.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CheckNight {
    last_day: NaiveDate,
}

impl CheckNight {
    /// The night that ends on `day`, the date of a nightly job, if it is one to check in.
    pub fn ending_on(day: NaiveDate) -> Option<Self> {
        (last_day_of(day) == day).then_some(Self { last_day: day })
    }

    /// That of the month of a day.
    pub fn of_month(day: NaiveDate) -> Self {
        Self { last_day: last_day_of(day) }
    }

    /// The latest one that has begun by `now`.
    pub fn latest(now: DateTime<Utc>, zone: Tz) -> Self {
        Self::latest_on(day_of(now, zone))
    }

    /// The latest one that has begun by the start of a day.
    pub fn latest_on(today: NaiveDate) -> Self {
        Self::ending_on(today).unwrap_or(Self { last_day: month_of(today).pred_opt().unwrap_or(today) })
    }

    /// The last day of the month.
    pub const fn last_day(self) -> NaiveDate {
        self.last_day
    }

    /// The month of that day; with the account it is the key of the check.
    pub fn month(self) -> NaiveDate {
        month_of(self.last_day)
    }

    /// The last month that had to be paid by then: the one before.
    pub fn month_to_be_paid(self) -> NaiveDate {
        self.month().checked_sub_months(Months::new(1)).unwrap_or(NaiveDate::MIN)
    }

    /// The last value date that is in time. Money of the last day itself comes after the check.
    pub fn last_value_date(self) -> NaiveDate {
        self.last_day.pred_opt().unwrap_or(self.last_day)
    }

    /// The moment after the last one that is in time: 00:00 of the last day.
    pub fn cut_off(self, zone: Tz) -> DateTime<Utc> {
        day_start(self.last_day, zone)
    }

    /// The turn of the month: 00:00 of the 1st, when credit is renewed (A15).
    pub fn turn(self, zone: Tz) -> DateTime<Utc> {
        day_start(self.last_day.succ_opt().unwrap_or(self.last_day), zone)
    }

    /// The last bank day before the cut-off, whose statement the check waits for (A15).
    pub fn last_bank_day(self, is_working: impl Fn(NaiveDate) -> bool) -> NaiveDate {
        let mut days = std::iter::successors(Some(self.last_value_date()), NaiveDate::pred_opt).take(DAYS_OFF_MAX);
        days.find(|day| is_working(*day)).unwrap_or(self.last_value_date())
    }
}

#[cfg(test)]
mod tests {
    use chrono::Weekday;
    use chrono_tz::{America, Asia, Europe};

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    /// M51: "last day" is the 28th or 29th of February, the 30th, the 31st.
    #[test]
    fn nights_to_the_last_day() {
        for (date, to_be_paid) in [
            ("2020-08-31", Some("2020-07-01")),
            ("2020-08-30", None),
            ("2020-09-01", None),
            ("2027-01-31", Some("2026-12-01")),
            ("2027-02-27", None),
            ("2027-02-28", Some("2027-01-01")),
            ("2028-02-28", None),
            ("2028-02-29", Some("2028-01-01")),
            ("2100-02-28", Some("2100-01-01")),
            ("2027-03-30", None),
            ("2027-03-31", Some("2027-02-01")),
            ("2027-04-30", Some("2027-03-01")),
        ] {
            let night = CheckNight::ending_on(day(date));
            assert_eq!(night.map(CheckNight::month_to_be_paid), to_be_paid.map(day), "{date}");
            assert_eq!(night.is_some(), CheckNight::of_month(day(date)).last_day() == day(date), "{date}");
        }
    }

    #[test]
    fn months_begin_by_the_clock_of_the_zone() {
        for (now, zone, expected) in [
            ("2026-07-15T10:00:00Z", Europe::Moscow, "2026-06-30T21:00:00Z"),
            ("2026-06-30T22:00:00Z", Europe::Moscow, "2026-06-30T21:00:00Z"),
            ("2026-06-30T20:59:59Z", Europe::Moscow, "2026-05-31T21:00:00Z"),
            ("2026-07-15T10:00:00Z", chrono_tz::UTC, "2026-07-01T00:00:00Z"),
            // Amman had no midnight on 1 April 2016.
            ("2016-04-15T10:00:00Z", Asia::Amman, "2016-03-31T22:00:00Z"),
        ] {
            assert_eq!(month_start(at(now), zone), at(expected), "{now} {zone}");
        }
    }

    /// Every day of two centuries: a night is checked when the next day is a first, once a month.
    #[test]
    fn every_month_has_one_night() {
        let days = || day("1990-01-01").iter_days().take_while(|date| *date < day("2190-01-01"));
        for date in days() {
            let first = date.succ_opt().unwrap().day() == 1;
            assert_eq!(CheckNight::ending_on(date).is_some(), first, "{date}");
            let latest = CheckNight::latest_on(date);
            assert!(latest.last_day() <= date && CheckNight::of_month(date) >= latest, "{date}");
            assert_eq!(latest.month() == month_of(date), first, "{date}");
        }
        assert_eq!(days().filter_map(CheckNight::ending_on).count(), 200 * 12);
    }

    /// zone, last day | cut-off | turn of the month
    #[test]
    fn moments_by_the_clocks_of_the_zone() {
        for (zone, date, cut_off, turn) in [
            (Europe::Moscow, "2020-08-31", "2020-08-30T21:00:00Z", "2020-08-31T21:00:00Z"),
            (Asia::Vladivostok, "2028-02-29", "2028-02-28T14:00:00Z", "2028-02-29T14:00:00Z"),
            // New York: -5 in winter, -4 from 14 March to 7 November 2027.
            (America::New_York, "2027-02-28", "2027-02-28T05:00:00Z", "2027-03-01T05:00:00Z"),
            (America::New_York, "2027-03-31", "2027-03-31T04:00:00Z", "2027-04-01T04:00:00Z"),
            (America::New_York, "2027-10-31", "2027-10-31T04:00:00Z", "2027-11-01T04:00:00Z"),
            // Amman went from the end of 31 March 2016 to 01:00 of 1 April.
            (Asia::Amman, "2016-03-31", "2016-03-30T22:00:00Z", "2016-03-31T22:00:00Z"),
            // In Havana 1 November 2026 has the hour from 00:00 to 01:00 twice.
            (America::Havana, "2026-10-31", "2026-10-31T04:00:00Z", "2026-11-01T04:00:00Z"),
        ] {
            let night = CheckNight::ending_on(day(date)).unwrap();
            assert_eq!((night.cut_off(zone), night.turn(zone)), (at(cut_off), at(turn)), "{zone} {date}");
            let before = TimeDelta::milliseconds(1);
            for (moment, expected) in [(night.cut_off(zone), night.last_day()), (night.turn(zone), day_after(night))] {
                assert_eq!(day_of(moment, zone), expected, "{zone} {date}");
                assert_eq!(day_of(moment - before, zone), expected.pred_opt().unwrap(), "{zone} {date}");
            }
        }
    }

    fn day_after(night: CheckNight) -> NaiveDate {
        night.last_day().succ_opt().unwrap()
    }

    /// now | the last day of the latest night
    #[test]
    fn the_latest_night_begins_with_its_cut_off() {
        for (now, expected) in [
            ("2020-08-30T20:59:59.999Z", "2020-07-31"),
            ("2020-08-30T21:00:00Z", "2020-08-31"),
            ("2020-08-31T21:00:00Z", "2020-08-31"),
            ("2020-09-29T20:59:59Z", "2020-08-31"),
            ("2020-09-29T21:00:00Z", "2020-09-30"),
        ] {
            assert_eq!(CheckNight::latest(at(now), Europe::Moscow).last_day(), day(expected), "{now}");
        }
    }

    /// 30 August 2020 was a Sunday: the last bank day before the 31st is Friday the 28th.
    #[test]
    fn the_statement_is_that_of_the_last_bank_day() {
        let is_working = |date: NaiveDate| !matches!(date.weekday(), Weekday::Sat | Weekday::Sun);
        for (date, expected) in
            [("2020-08-31", "2020-08-28"), ("2020-09-30", "2020-09-29"), ("2020-11-30", "2020-11-27")]
        {
            let night = CheckNight::ending_on(day(date)).unwrap();
            assert_eq!(night.last_bank_day(is_working), day(expected), "{date}");
            assert_eq!(night.last_bank_day(|_| false), night.last_value_date(), "{date}");
        }
    }
}
