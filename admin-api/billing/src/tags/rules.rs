//! Rules by which the program marks clients.
//!
//! Owns: the registry of rules; which month is judged; whether a folder may lie in another.
//! Does not own: the counts that a rule looks at, the tags that stand for the rules.
//! Always: pure.

use chrono::{Datelike, Months, NaiveDate};

/// What is known of a client when the rules look at him.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Facts {
    /// Calls in the last full month.
    pub calls: u64,
}

/// Where the rules draw their lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Calls in a month below which a client is at risk (setting `risk_tag.calls`).
    pub risk_calls: u64,
}

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its name, which stands in `tag.rule`.
    pub name: &'static str,
    /// Whether a client is marked.
    pub applies: fn(Facts, Limits) -> bool,
    /// What was found, beside the mark.
    pub note: fn(Facts, Limits) -> String,
}

/// All rules.
pub const RULES: &[Rule] = &[Rule {
    name: "few_calls",
    applies: |facts, limits| few_calls(facts.calls, limits.risk_calls),
    note: |facts, limits| format!("{} < {}", facts.calls, limits.risk_calls),
}];

/// Whether a client who made so many calls in the last full month is at risk (M10).
pub const fn few_calls(calls: u64, limit: u64) -> bool {
    calls < limit
}

/// First day of the last month that is over on `today`, and first day of the month after it.
pub fn last_full_month(today: NaiveDate) -> (NaiveDate, NaiveDate) {
    let next = today.with_day(1).expect("every month has a first day");
    let first = next.checked_sub_months(Months::new(1)).expect("a year of our time has a year before it");
    (first, next)
}

/// Whether `folder` may lie in `into`: not in itself, and not in what lies in it. `tree` has every folder with the one that it lies in.
pub(super) fn may_lie_in(tree: &[(i64, Option<i64>)], folder: i64, into: i64) -> bool {
    let mut at = Some(into);
    // A tree is not deeper than it has folders.
    for _ in 0..=tree.len() {
        match at {
            None => return true,
            Some(id) if id == folder => return false,
            Some(id) => at = tree.iter().find(|(one, _)| *one == id).and_then(|(_, parent)| *parent),
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_at_risk_below_the_limit() {
        for (calls, limit, at_risk) in [(99, 100, true), (100, 100, false), (0, 100, true), (0, 0, false)] {
            assert_eq!(few_calls(calls, limit), at_risk, "{calls} {limit}");
        }
        let (facts, limits) = (Facts { calls: 57 }, Limits { risk_calls: 100 });
        let found: Vec<(&str, String)> = RULES
            .iter()
            .filter(|rule| (rule.applies)(facts, limits))
            .map(|rule| (rule.name, (rule.note)(facts, limits)))
            .collect();
        assert_eq!(found, [("few_calls", "57 < 100".to_owned())]);
    }

    #[test]
    fn the_last_full_month_is_the_one_before() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        for (today, first, next) in [
            ("2026-07-01", "2026-06-01", "2026-07-01"),
            ("2026-07-31", "2026-06-01", "2026-07-01"),
            ("2026-01-15", "2025-12-01", "2026-01-01"),
        ] {
            assert_eq!(last_full_month(day(today)), (day(first), day(next)), "{today}");
        }
    }

    #[test]
    fn a_folder_does_not_lie_in_itself() {
        let tree = [(1, None), (2, Some(1)), (3, Some(2)), (4, None)];
        for (folder, into, may) in [(1, 1, false), (1, 3, false), (3, 1, true), (2, 4, true), (4, 3, true)] {
            assert_eq!(may_lie_in(&tree, folder, into), may, "{folder} in {into}");
        }
        assert!(!may_lie_in(&[(1, Some(2)), (2, Some(1))], 5, 1), "a circle ends all the same");
    }
}
