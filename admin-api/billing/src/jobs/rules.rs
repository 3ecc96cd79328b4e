//! Which dates are due.
//!
//! Owns: the schedule of a nightly job, catching up, the waits after a failure.
//! Does not own: the clock.
//! Always: pure.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta};

/// What became of a date.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tried {
    /// It is done.
    Done,
    /// Anything else.
    Undone,
}

/// The dates for which a nightly job has to run by `now`, a wall clock of the billing zone, oldest first. `tried` are the dates that have a run, at least the
/// last `most` days of them; `first` is the first date that was ever done. A job that never ran begins with the latest date; after that at most `most` missed
/// ones are made up for.
pub fn due(
    at: NaiveTime,
    now: NaiveDateTime,
    tried: &BTreeMap<NaiveDate, Tried>,
    first: Option<NaiveDate>,
    most: u64,
) -> Vec<NaiveDate> {
    let latest = if now.time() >= at { Some(now.date()) } else { now.date().pred_opt() };
    let Some(latest) = latest else { return Vec::new() };
    let window = latest.checked_sub_days(Days::new(most.saturating_sub(1))).unwrap_or(latest);
    let start = first.map_or(latest, |first| first.max(window));
    let undone = |date: &NaiveDate| tried.get(date) != Some(&Tried::Done);
    start.iter_days().take_while(|date| *date <= latest).filter(undone).collect()
}

/// How long a date waits after so many failed attempts.
pub fn retry_after(attempts: i32) -> TimeDelta {
    TimeDelta::minutes(match attempts {
        ..=1 => 1,
        2 => 5,
        3 => 15,
        _ => 60,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// now | done | what is due with three dates at most, at 04:30
    #[test]
    fn missed_dates_are_made_up_for_in_order() {
        let at = NaiveTime::from_hms_opt(4, 30, 0).unwrap();
        for (now, done, expected) in [
            ("2026-07-05T04:30:00", &[][..], &["2026-07-05"][..]),
            ("2026-07-05T04:29:59", &[], &["2026-07-04"]),
            ("2026-07-05T12:00:00", &["2026-07-05"], &[]),
            ("2026-07-05T12:00:00", &["2026-07-03"], &["2026-07-04", "2026-07-05"]),
            ("2026-07-05T04:00:00", &["2026-07-03"], &["2026-07-04"]),
            // Away for a month: the last three.
            ("2026-07-05T12:00:00", &["2026-06-01"], &["2026-07-03", "2026-07-04", "2026-07-05"]),
            // A gap, because a later date was run by hand.
            ("2026-07-05T12:00:00", &["2026-07-03", "2026-07-05"], &["2026-07-04"]),
            // A date ahead does not count as the beginning of another time.
            ("2026-07-05T12:00:00", &["2026-07-04", "2026-07-06"], &["2026-07-05"]),
        ] {
            let tried = done.iter().map(|date| (day(date), Tried::Done)).collect();
            let first = done.first().map(|date| day(date));
            let found = due(at, now.parse().unwrap(), &tried, first, 3);
            assert_eq!(found, expected.iter().map(|date| day(date)).collect::<Vec<_>>(), "{now} {done:?}");
        }
        let failed = BTreeMap::from([(day("2026-07-05"), Tried::Undone)]);
        assert_eq!(due(at, "2026-07-05T12:00:00".parse().unwrap(), &failed, None, 3), [day("2026-07-05")]);
    }

    #[test]
    fn waits_grow_to_an_hour() {
        let waits: Vec<i64> = (0..6).map(|attempts| retry_after(attempts).num_minutes()).collect();
        assert_eq!(waits, [1, 1, 5, 15, 60, 60]);
    }
}
