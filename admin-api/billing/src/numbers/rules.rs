//! What a number may become, and what its silence means. Pure.

use chrono::{Days, NaiveDate};
use rating::rows::DidStatus;
use serde::Serialize;

use crate::staff::Permission;

/// Whether a number may move from one state to another in one step (M12, A27, A33, 6.4). From withdrawn it comes back only by being added to the capacity anew.
pub const fn may_move(from: DidStatus, to: DidStatus) -> bool {
    use DidStatus::{Archive, Free, InWork, Reserved, Withdrawn};
    matches!(
        (from, to),
        (Free, Reserved | Withdrawn)
            | (Reserved, InWork | Free | Withdrawn)
            | (InWork, Archive | Free | Withdrawn)
            | (Archive, Free | Withdrawn)
            | (Withdrawn, Free)
    )
}

/// What a step needs beside the right to the deed of which it is a part: no path leads round the quarantine without it (M19).
pub const fn step_needs(from: DidStatus, to: DidStatus) -> Option<Permission> {
    match (from, to) {
        (DidStatus::InWork, DidStatus::Free) => Some(Permission::DidSkipQuarantine),
        _ => None,
    }
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

/// The first day on which the calls of a number do not keep it off sale: from then on its class is [`NonTargetClass::NoCalls`] until somebody calls again, or
/// always [`NonTargetClass::Ignore`]. `None`: nothing is collected yet.
pub fn clear_from(
    ignore: bool,
    first_collected: Option<NaiveDate>,
    last_call: Option<NaiveDate>,
    term_days: u32,
) -> Option<NaiveDate> {
    if ignore {
        return Some(NaiveDate::MIN);
    }
    let later = |day: NaiveDate, days: u64| day.checked_add_days(Days::new(days)).unwrap_or(NaiveDate::MAX);
    let term = u64::from(term_days);
    // The window reaches back to the day of the call as long as the term is not over by a day.
    let silent = last_call.map(|day| later(day, term + 1));
    Some(later(first_collected?, term).max(silent.unwrap_or(NaiveDate::MIN)))
}

/// The first day on which a mobile number is for sale again after its contract, whatever its calls (A31). `archived`: the day of its last move to quarantine.
pub fn rests_until(is_mobile: bool, archived: Option<NaiveDate>, days: u32) -> Option<NaiveDate> {
    archived.filter(|_| is_mobile)?.checked_add_days(Days::new(u64::from(days)))
}

/// The night in which a number leaves quarantine by itself (M13): the first whose date is not before it. `None`: nobody can say yet.
pub fn leaves_on(clear_from: Option<NaiveDate>, rests_until: Option<NaiveDate>) -> Option<NaiveDate> {
    clear_from.map(|day| rests_until.map_or(day, |rests| rests.max(day)))
}

/// Terms of quarantine (A31): of a kind at a provider, else of the kind, else the general one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineTerms {
    general: u32,
    own: Vec<QuarantineTerm>,
}

/// A term that differs from the general one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QuarantineTerm {
    /// `ordinary` or `fmtn`.
    pub kind: String,
    /// The provider; `None`: all others.
    pub provider_id: Option<i32>,
    /// Days.
    pub days: u32,
}

impl QuarantineTerms {
    /// These terms beside the general one.
    pub const fn new(general: u32, own: Vec<QuarantineTerm>) -> Self {
        Self { general, own }
    }

    /// The general one.
    pub const fn general(&self) -> u32 {
        self.general
    }

    /// The term of a number.
    pub fn days(&self, kind: &str, provider_id: Option<i32>) -> u32 {
        let of = |provider: Option<i32>| self.own.iter().find(|term| term.kind == kind && term.provider_id == provider);
        let own = provider_id.and_then(|provider| of(Some(provider)));
        own.or_else(|| of(None)).map_or(self.general, |term| term.days)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        use DidStatus::{Archive, Free, InWork, Reserved, Withdrawn};
        let allowed = [
            (Free, Reserved),
            (Reserved, InWork),
            (Reserved, Free),
            (InWork, Archive),
            (InWork, Free),
            (Archive, Free),
            (Free, Withdrawn),
            (Reserved, Withdrawn),
            (InWork, Withdrawn),
            (Archive, Withdrawn),
            (Withdrawn, Free),
        ];
        for from in DidStatus::ALL {
            for to in DidStatus::ALL {
                assert_eq!(may_move(*from, *to), allowed.contains(&(*from, *to)), "{from} -> {to}");
                let skips = (*from, *to) == (InWork, Free);
                assert_eq!(step_needs(*from, *to), skips.then_some(Permission::DidSkipQuarantine), "{from} -> {to}");
            }
        }
    }

    /// M13, M15, A31. ignore, S, last call, term | clear from
    #[test]
    fn a_number_is_clear_from_a_day_on() {
        for (ignore, first, last_call, term, expected) in [
            (false, None, None, 30, None),
            (false, Some("2020-08-02"), None, 30, Some("2020-09-01")),
            (false, Some("2020-08-02"), Some("2020-08-01"), 30, Some("2020-09-01")),
            (false, Some("2020-08-02"), Some("2020-08-10"), 30, Some("2020-09-10")), // M13: not on the 9th, on the 10th
            (false, Some("2020-08-02"), Some("2020-08-10"), 45, Some("2020-09-25")), // 10 August + 46 days
        ] {
            assert_eq!(
                clear_from(ignore, first.map(day), last_call.map(day), term),
                expected.map(day),
                "{first:?} {last_call:?}"
            );
        }
        assert_eq!(clear_from(true, None, Some(day("2020-08-10")), 30), Some(NaiveDate::MIN));
        for (is_mobile, archived, clear, expected) in [
            (true, Some("2026-07-01"), Some("2026-08-01"), Some("2026-08-30")), // 60 days from 1 July
            (true, Some("2026-07-01"), Some("2026-09-05"), Some("2026-09-05")), // somebody called
            (true, Some("2026-07-01"), None, None),
            (true, None, Some("2026-08-01"), Some("2026-08-01")), // never had a contract
            (false, Some("2026-07-01"), Some("2026-08-01"), Some("2026-08-01")),
        ] {
            let rests = rests_until(is_mobile, archived.map(day), 60);
            assert_eq!(leaves_on(clear.map(day), rests), expected.map(day), "{is_mobile} {archived:?} {clear:?}");
        }
    }

    #[test]
    fn terms_by_kind_and_provider() {
        let term = |kind: &str, provider_id, days| QuarantineTerm { kind: kind.to_owned(), provider_id, days };
        let terms = QuarantineTerms::new(30, vec![term("ordinary", Some(7), 45), term("fmtn", None, 90)]);
        for (kind, provider, expected) in [
            ("ordinary", None, 30),
            ("ordinary", Some(7), 45),
            ("ordinary", Some(8), 30),
            ("fmtn", Some(7), 90),
            ("fmtn", None, 90),
        ] {
            assert_eq!(terms.days(kind, provider), expected, "{kind} {provider:?}");
        }
    }

    proptest! {
        /// The day and the class say the same.
        #[test]
        fn clear_is_no_calls(ignore: bool, first in prop::option::of(0_u64..80), last in prop::option::of(0_u64..80), today in 0_u64..200, term in 0_u32..60) {
            let at = |days: u64| day("2026-01-01").checked_add_days(Days::new(days)).unwrap();
            let (first, last) = (first.map(at), last.filter(|last| *last <= today).map(at));
            let clear = clear_from(ignore, first, last, term).is_some_and(|from| from <= at(today));
            let class = class(ignore, at(today), first, last, term);
            prop_assert_eq!(clear, matches!(class, NonTargetClass::NoCalls | NonTargetClass::Ignore), "{:?}", class);
        }
    }
}
