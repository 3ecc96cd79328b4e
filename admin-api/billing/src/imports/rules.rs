//! Which file should have come.
//!
//! Owns: the order of numbers in file names, wrapping included.
//! Does not own: where the last number is kept, alarms.
//! Always: pure; a number half a round or more ahead is one that came late.

use std::ops::RangeInclusive;

/// Missing files that are told one by one; a longer gap is told as a whole.
pub const GAP_MAX: i64 = 1_000;

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
}

impl Numbering {
    /// What `number` is after `last`.
    pub fn step(self, last: Option<i64>, number: i64) -> Step {
        let Some(last) = last else { return Step::Next };
        let ahead = self.distance(last, number);
        match ahead {
            0 => Step::Same,
            1 => Step::Next,
            ahead if ahead > 1 => Step::Ahead(ahead - 1),
            _ => Step::Late,
        }
    }

    /// How far `number` is ahead of `last`; negative when it is behind.
    pub fn distance(self, last: i64, number: i64) -> i64 {
        let Some((first, highest)) = self.wrap else { return number.saturating_sub(last) };
        let round = highest - first + 1;
        let ahead = (number - last).rem_euclid(round);
        if ahead > round / 2 { ahead - round } else { ahead }
    }

    /// The number `steps` behind `number`.
    pub fn before(self, number: i64, steps: i64) -> i64 {
        match self.wrap {
            None => number - steps,
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

    #[test]
    fn numbers_follow_one_another() {
        let plain = Numbering::default();
        let wrapped = Numbering { wrap: Some((1, 100)) };
        for (numbering, last, number, expected) in [
            (plain, None, 17, Step::Next),
            (plain, Some(17), 18, Step::Next),
            (plain, Some(17), 20, Step::Ahead(2)),
            (plain, Some(17), 17, Step::Same),
            (plain, Some(17), 3, Step::Late),
            (wrapped, Some(100), 1, Step::Next),
            (wrapped, Some(99), 2, Step::Ahead(2)),
            (wrapped, Some(2), 99, Step::Late),
            (wrapped, Some(50), 51, Step::Next),
            (wrapped, Some(1), 100, Step::Late),
        ] {
            assert_eq!(numbering.step(last, number), expected, "{numbering:?} {last:?} {number}");
        }
        assert_eq!((wrapped.before(2, 1), wrapped.before(2, 2), plain.before(20, 2)), (1, 100, 18));
        assert!(wrapped.has(1) && wrapped.has(100) && !wrapped.has(0) && !wrapped.has(101) && plain.has(101));
    }
}
