//! When a lock is in force, and who may lift it. Pure.

use chrono::{DateTime, Utc};
use numbering::Digits;

use crate::staff::{Permission, Staff};

/// A role that never lifts a lock, not even its own (M28, A25).
const NEVER_LIFTS: &str = "support";

/// A stretch of time `[from, to)`; `None` = open.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Period {
    /// First moment.
    pub from: Option<DateTime<Utc>>,
    /// Moment after the last.
    pub to: Option<DateTime<Utc>>,
}

impl Period {
    /// Whether there is any moment in it.
    pub fn is_some_time(self) -> bool {
        match (self.from, self.to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        }
    }

    /// Whether the two share a moment.
    pub fn overlaps(self, other: Self) -> bool {
        let before = |from: Option<DateTime<Utc>>, to: Option<DateTime<Utc>>| match (from, to) {
            (Some(from), Some(to)) => from < to,
            _ => true,
        };
        before(self.from, other.to) && before(other.from, self.to)
    }

    /// What of it is not before `now`.
    fn ahead(self, now: DateTime<Utc>) -> Option<Self> {
        let rest = Self { from: Some(self.from.map_or(now, |from| from.max(now))), to: self.to };
        rest.is_some_time().then_some(rest)
    }

    /// What of it is before `now`.
    fn behind(self, now: DateTime<Utc>) -> Option<Self> {
        let begun = self.from.is_none_or(|from| from < now);
        begun.then_some(Self { from: self.from, to: Some(self.to.map_or(now, |to| to.min(now))) })
    }

    /// Whether all of `other` lies inside.
    fn covers(self, other: Self) -> bool {
        let begins = match (self.from, other.from) {
            (None, _) => true,
            (Some(own), Some(other)) => own <= other,
            (Some(_), None) => false,
        };
        let ends = match (self.to, other.to) {
            (None, _) => true,
            (Some(own), Some(other)) => own >= other,
            (Some(_), None) => false,
        };
        begins && ends
    }
}

/// The times in force after a change at `now`: what lies before stays as it was, from `now` on it is `wanted` (`None` = not at all).
pub fn periods_after(periods: &[Period], now: DateTime<Utc>, wanted: Option<Period>) -> Vec<Period> {
    let mut after: Vec<Period> = periods.iter().filter_map(|period| period.behind(now)).collect();
    if let Some(ahead) = wanted.and_then(|wanted| wanted.ahead(now)) {
        match after.iter_mut().find(|period| period.to == ahead.from) {
            // It goes on without a break.
            Some(last) => last.to = ahead.to,
            None => after.push(ahead),
        }
    }
    after
}

/// Whether a change at `now` from `before` to `after` frees any moment to come that was barred.
pub fn lifts(before: Option<Period>, after: Option<Period>, now: DateTime<Utc>) -> bool {
    let ahead = |period: Option<Period>| period.and_then(|period| period.ahead(now));
    ahead(before).is_some_and(|before| !ahead(after).is_some_and(|after| after.covers(before)))
}

/// Whether somebody may lift a lock of `author`: by the right `lock.delete`; his own also without it, unless he works in support (M28, A25).
pub fn may_lift(staff: &Staff, author: &str) -> bool {
    let is_own = staff.login == author && !staff.roles.iter().any(|role| role == NEVER_LIFTS);
    staff.may(Permission::LockDelete) || is_own
}

/// Every mask that bars a number: each prefix of it and itself; of a short code only itself (M27, A1).
pub fn masks_of(number: Digits) -> Vec<String> {
    let text = format!("{number:?}");
    if number.is_short() {
        return vec![text];
    }
    (1..=text.len()).map(|length| text[..length].to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn at(hour: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + chrono::TimeDelta::hours(hour)
    }

    fn period(from: Option<i64>, to: Option<i64>) -> Period {
        Period { from: from.map(at), to: to.map(at) }
    }

    /// periods so far | wanted from 10 o'clock on | periods then
    #[test]
    fn the_past_stays_and_the_rest_is_as_wanted() {
        let open = period(None, None);
        for (so_far, wanted, expected) in [
            (vec![], Some(open), vec![period(Some(10), None)]),
            (vec![], Some(period(Some(12), Some(14))), vec![period(Some(12), Some(14))]),
            (vec![], Some(period(Some(1), Some(9))), vec![]),
            // Deleted or switched off: it ends now, and what was to come never is.
            (vec![open], None, vec![period(None, Some(10))]),
            (
                vec![period(Some(1), Some(3)), period(Some(5), None)],
                None,
                vec![period(Some(1), Some(3)), period(Some(5), Some(10))],
            ),
            (vec![period(Some(12), None)], None, vec![]),
            // Switched on again: a new period, the old ones stay.
            (vec![period(Some(1), Some(3))], Some(open), vec![period(Some(1), Some(3)), period(Some(10), None)]),
            // Shortened, extended, put off: no break where it goes on.
            (vec![period(Some(1), None)], Some(period(Some(1), Some(20))), vec![period(Some(1), Some(20))]),
            (vec![period(Some(1), Some(12))], Some(open), vec![period(Some(1), None)]),
            (
                vec![period(Some(1), None)],
                Some(period(Some(15), None)),
                vec![period(Some(1), Some(10)), period(Some(15), None)],
            ),
            // In the past nothing can be barred any more.
            (vec![], Some(period(Some(1), Some(12))), vec![period(Some(10), Some(12))]),
        ] {
            assert_eq!(periods_after(&so_far, at(10), wanted), expected, "{so_far:?} {wanted:?}");
        }
    }

    #[test]
    fn freeing_any_moment_to_come_is_lifting() {
        let open = Some(period(None, None));
        for (before, after, expected) in [
            (open, None, true),
            (open, open, false),
            (None, open, false),
            (open, Some(period(None, Some(20))), true),
            (open, Some(period(Some(11), None)), true),
            (open, Some(period(Some(9), None)), false),
            (Some(period(None, Some(9))), None, false),
            (Some(period(Some(12), Some(14))), Some(period(Some(11), Some(14))), false),
            (Some(period(Some(12), Some(14))), Some(period(Some(12), Some(13))), true),
        ] {
            assert_eq!(lifts(before, after, at(10)), expected, "{before:?} {after:?}");
        }
    }

    /// M28, A25: roles, permissions, own lock | may lift
    #[test]
    fn who_may_lift() {
        for (roles, permissions, author, expected) in [
            (vec!["support"], vec!["lock.view"], "other", false),
            (vec!["support"], vec!["lock.view"], "me", false),
            (vec!["support", "client_service"], vec!["lock.edit"], "me", false),
            (vec!["client_service"], vec!["lock.edit"], "me", true),
            (vec!["client_service"], vec!["lock.edit"], "other", false),
            (vec!["head"], vec!["lock.edit"], "other", false),
            (vec!["head"], vec!["lock.edit", "lock.delete"], "other", true),
            (vec!["admin"], vec!["lock.delete"], "other", true),
        ] {
            let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
            let permissions: BTreeSet<Permission> = permissions.iter().map(|name| name.parse().unwrap()).collect();
            let staff = Staff {
                id: 1,
                login: "me".into(),
                permissions: permissions.clone(),
                roles: words(&roles),
                session: None,
                only_enrols: false,
                token_by: None,
            };
            assert_eq!(may_lift(&staff, author), expected, "{roles:?} {permissions:?} {author}");
        }
    }

    #[test]
    fn masks_that_bar_a_number() {
        assert_eq!(masks_of(numbering::parse_mask("3811").unwrap()), ["3", "38", "381", "3811"]);
        assert_eq!(masks_of(numbering::parse_mask("short:0611").unwrap()), ["short:0611"]);
    }
}
