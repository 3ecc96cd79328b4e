//! What a number may become, and what its silence means. Pure.

use chrono::{Days, NaiveDate};
use rating::rows::DidStatus;
use serde::Serialize;

/// Whether a number may move from one state to another in one step (M12, 6.4).
pub const fn may_move(from: DidStatus, to: DidStatus) -> bool {
    use DidStatus::{Archive, Free, InWork, Reserved};
    matches!((from, to), (Free, Reserved) | (Reserved, InWork | Free) | (InWork, Archive | Free) | (Archive, Free))
}

/// Class of a number by calls that reached it while nobody had it (M15).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NonTargetClass {
    /// Нет данных: nothing collected since it came.
    NoData,
    /// Недостаточно данных: collected for less than the term.
    InsufficientData,
    /// Есть НЦВ: called within the term.
    HasCalls,
    /// Нет НЦВ: silent for the term.
    NoCalls,
    /// Не учитывать НЦВ: FMTN and agents' numbers.
    Ignore,
}

/// The class of a number on day `today`.
///
/// * `first_collected`: the first full day after its last move to quarantine (or its addition) with collected statistics (A29), if any.
/// * `last_call`: the last day on which somebody called it, since then.
/// * `term_days`: the quarantine term.
pub fn class(
    ignore: bool,
    today: NaiveDate,
    first_collected: Option<NaiveDate>,
    last_call: Option<NaiveDate>,
    term_days: u32,
) -> NonTargetClass {
    if ignore {
        return NonTargetClass::Ignore;
    }
    let Some(first) = first_collected else { return NonTargetClass::NoData };
    let Some(window) = today.checked_sub_days(Days::new(u64::from(term_days))) else {
        return NonTargetClass::InsufficientData;
    };
    if first > window {
        NonTargetClass::InsufficientData
    } else if last_call.is_some_and(|day| day >= window && day <= today) {
        NonTargetClass::HasCalls
    } else {
        NonTargetClass::NoCalls
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// M15, with the figures of the manual: S = 2020-08-02, term 30 days.
    #[test]
    fn classes() {
        use NonTargetClass::{HasCalls, Ignore, InsufficientData, NoCalls, NoData};
        for (ignore, today, first, last_call, expected) in [
            (false, "2020-08-01", None, None, NoData),
            (false, "2020-08-31", Some("2020-08-02"), Some("2020-08-05"), InsufficientData), // 29 days
            (false, "2020-09-01", Some("2020-08-02"), Some("2020-08-05"), HasCalls), // 30 days: equality belongs here
            (false, "2020-09-01", Some("2020-08-02"), Some("2020-08-01"), NoCalls),  // before the window
            (false, "2020-09-09", Some("2020-08-02"), Some("2020-08-10"), HasCalls), // M13: 30 days back is still inside
            (false, "2020-09-10", Some("2020-08-02"), Some("2020-08-10"), NoCalls),
            (true, "2020-09-01", Some("2020-08-02"), Some("2020-08-31"), Ignore),
            (true, "2020-08-01", None, None, Ignore),
        ] {
            let got = class(ignore, day(today), first.map(day), last_call.map(day), 30);
            assert_eq!(got, expected, "{today} {first:?} {last_call:?}");
        }
    }

    /// M12: every other step is refused.
    #[test]
    fn states() {
        use DidStatus::{Archive, Free, InWork, Reserved};
        let allowed = [
            (Free, Reserved),
            (Reserved, InWork),
            (Reserved, Free),
            (InWork, Archive),
            (InWork, Free),
            (Archive, Free),
        ];
        for from in DidStatus::ALL {
            for to in DidStatus::ALL {
                assert_eq!(may_move(*from, *to), allowed.contains(&(*from, *to)), "{from} -> {to}");
            }
        }
    }
}
