//! Which file should have come.
//!
//! Owns: the order of numbers in file names, wrapping included.
//! Does not own: where the last number is kept, alarms.
//! Always: pure; a number half a round or more ahead is one that came late; one odd number does not move the last one.

use std::ops::RangeInclusive;

/// Missing files that are told one by one; a number further ahead counts when files go on behind it.
pub const GAP_MAX: i64 = 1_000;

/// In a round of so few numbers nothing tells a late one from one ahead, but that it is missed.
const SHORT_ROUND: i64 = 64;

/// Numbers in file names, and where they begin anew.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Numbering {
    /// First and highest number; behind the highest comes the first. `None` = they only grow.
    pub wrap: Option<(i64, i64)>,
}

/// What a number is, seen from the last one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// The next one, or the first ever.
    Next,
    /// So many before it have not come.
    Ahead(i64),
    /// One that should have come before.
    Late,
    /// The last one again.
    Same,
    /// Far from the last one; the next file tells whether it counts.
    Stray,
    /// Files go on behind the stray one, of which so many have not come.
    Moved(i64),
}

impl Numbering {
    /// What `number` is after `last`, and after a `stray` one; `is_missing` = it was passed over and has not come.
    pub fn step(self, last: Option<i64>, stray: Option<i64>, is_missing: bool, number: i64) -> Step {
        let Some(last) = last else { return Step::Next };
        let mut ahead = self.distance(last, number);
        if let Some(round) = self.round().filter(|round| *round <= SHORT_ROUND) {
            let is_behind = is_missing && ahead != 1 && ahead != 0;
            ahead = ahead.rem_euclid(round) - if is_behind { round } else { 0 };
        }
        match ahead {
            0 => Step::Same,
            1 => Step::Next,
            ahead if (2..=GAP_MAX + 1).contains(&ahead) => Step::Ahead(ahead - 1),
            _ if is_missing => Step::Late,
            _ => match stray.map(|stray| self.distance(stray, number)) {
                Some(on) if (1..=GAP_MAX + 1).contains(&on) => Step::Moved(on - 1),
                _ => Step::Stray,
            },
        }
    }

    /// How many numbers a round has.
    fn round(self) -> Option<i64> {
        self.wrap.map(|(first, highest)| highest - first + 1)
    }

    /// The numbers between two, as people write them.
    pub fn between(self, last: i64, number: i64) -> String {
        format!("{}..{}", self.before(last, -1), self.before(number, 1))
    }

    /// How far `number` is ahead of `last`; negative when it is behind.
    pub fn distance(self, last: i64, number: i64) -> i64 {
        let Some(round) = self.round() else { return number.saturating_sub(last) };
        let ahead = (number - last).rem_euclid(round);
        if ahead > round / 2 { ahead - round } else { ahead }
    }

    /// The number `steps` behind `number`.
    pub fn before(self, number: i64, steps: i64) -> i64 {
        match self.wrap {
            None => number.saturating_sub(steps),
            Some((first, highest)) => first + (number - first - steps).rem_euclid(highest - first + 1),
        }
    }

    /// Whether a number is one that files of the source have.
    pub fn has(self, number: i64) -> bool {
        self.wrap.is_none_or(|(first, highest)| RangeInclusive::new(first, highest).contains(&number))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// numbering | last | stray | missing | number | step
    #[test]
    fn numbers_follow_one_another() {
        let plain = Numbering::default();
        let wrapped = Numbering { wrap: Some((1, 100)) };
        let days = Numbering { wrap: Some((1, 7)) };
        let far = 20_261_122;
        for (numbering, last, stray, missing, number, expected) in [
            (plain, None, None, false, 17, Step::Next),
            (plain, Some(17), None, false, 18, Step::Next),
            (plain, Some(17), None, false, 20, Step::Ahead(2)),
            (plain, Some(17), None, false, 1_018, Step::Ahead(1_000)),
            (plain, Some(17), None, false, 17, Step::Same),
            (plain, Some(17), None, true, 3, Step::Late),
            // Far away: it counts when files go on behind it.
            (plain, Some(17), None, false, 1_019, Step::Stray),
            (plain, Some(17), None, false, far, Step::Stray),
            (plain, Some(17), Some(far), false, 18, Step::Next),
            (plain, Some(17), Some(far), false, far + 1, Step::Moved(0)),
            (plain, Some(17), Some(far), false, far + 3, Step::Moved(2)),
            (plain, Some(17), Some(far), false, far, Step::Stray),
            // The switch began anew, and nobody told.
            (plain, Some(17), None, false, 1, Step::Stray),
            (plain, Some(17), Some(1), false, 2, Step::Moved(0)),
            (plain, Some(i64::MAX), None, false, 1, Step::Stray),
            (wrapped, Some(100), None, false, 1, Step::Next),
            (wrapped, Some(99), None, false, 2, Step::Ahead(2)),
            (wrapped, Some(2), None, true, 99, Step::Late),
            (wrapped, Some(2), None, false, 99, Step::Stray),
            (wrapped, Some(50), None, false, 51, Step::Next),
            // A number that is missed since the last round is the next one all the same.
            (wrapped, Some(50), None, true, 51, Step::Next),
            (wrapped, Some(50), None, true, 53, Step::Ahead(2)),
            // Seven files: five ahead is five ahead, unless it is missed.
            (days, Some(1), None, false, 6, Step::Ahead(4)),
            (days, Some(6), None, false, 4, Step::Ahead(4)),
            (days, Some(6), None, true, 4, Step::Late),
            (days, Some(7), None, true, 1, Step::Next),
            (days, Some(3), None, false, 3, Step::Same),
        ] {
            let found = numbering.step(last, stray, missing, number);
            assert_eq!(found, expected, "{numbering:?} {last:?} {stray:?} {missing} {number}");
        }
        assert_eq!((wrapped.before(2, 1), wrapped.before(2, 2), plain.before(20, 2)), (1, 100, 18));
        assert_eq!((wrapped.between(99, 3), plain.between(17, 20)), ("100..2".to_owned(), "18..19".to_owned()));
        assert!(wrapped.has(1) && wrapped.has(100) && !wrapped.has(0) && !wrapped.has(101) && plain.has(101));
    }
}
