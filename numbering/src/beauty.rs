//! Beautiful numbers: which class a number is of.
//!
//! Owns: the rules by which a class knows its numbers, the first class that does.
//! Does not own: what a class costs, where rules are kept.
//! Always: features look at the subscriber's part, the last seven digits; the digits before it are the same for thousands of numbers. Masks see all digits.

use std::str::FromStr;

use crate::digits::Digits;
use crate::mask::{MaskFault, NumberMask};

/// Digits of the subscriber's part.
pub const SUBSCRIBER_DIGITS: usize = 7;

/// What makes a number beautiful.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum BeautyRule {
    /// `AABB`, `%777%`: it fits a mask.
    Mask(NumberMask),
    /// `repeat:4`: so many equal digits in a row.
    Repeat(usize),
    /// `ladder:4`: so many digits in a row that go up by one, or down by one.
    Ladder(usize),
    /// `mirror:6`: its last so many digits read the same backwards.
    Mirror(usize),
    /// `digits:2`: no more than so many different digits.
    Distinct(usize),
}

/// Why a text is no rule.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum BadRule {
    /// No such feature.
    #[error("`{0}` is no feature; repeat, ladder, mirror and digits are")]
    Feature(String),
    /// A count that no number can have, or every number has.
    #[error("`{feature}:{count}`: a whole number from {least} to {most} is expected")]
    Count {
        /// Which feature.
        feature: &'static str,
        /// What was written.
        count: String,
        /// From.
        least: usize,
        /// To.
        most: usize,
    },
    /// No mask.
    #[error(transparent)]
    Mask(#[from] MaskFault),
}

/// Name of a feature, how many digits it may ask for, and the rule that does.
type Feature = (&'static str, usize, usize, fn(usize) -> BeautyRule);

const FEATURES: &[Feature] = &[
    ("repeat", 2, SUBSCRIBER_DIGITS, BeautyRule::Repeat),
    ("ladder", 3, SUBSCRIBER_DIGITS, BeautyRule::Ladder),
    ("mirror", 2, SUBSCRIBER_DIGITS, BeautyRule::Mirror),
    ("digits", 1, SUBSCRIBER_DIGITS - 1, BeautyRule::Distinct),
];

impl FromStr for BeautyRule {
    type Err = BadRule;

    fn from_str(text: &str) -> Result<Self, BadRule> {
        let Some((name, count)) = text.split_once(':') else { return Ok(Self::Mask(NumberMask::parse(text)?)) };
        let known = FEATURES.iter().find(|(known, ..)| *known == name);
        let Some(&(feature, least, most, rule)) = known else { return Err(BadRule::Feature(name.to_owned())) };
        let number = count.parse().ok().filter(|number| (least..=most).contains(number));
        number.map(rule).ok_or_else(|| BadRule::Count { feature, count: count.to_owned(), least, most })
    }
}

impl BeautyRule {
    /// Whether it holds for a number.
    pub fn holds(&self, number: Digits) -> bool {
        let part = Subscriber::of(number);
        match self {
            Self::Mask(mask) => mask.fits(number),
            Self::Repeat(count) => part.run(|before, digit| before == digit) >= *count,
            Self::Ladder(count) => {
                let up = part.run(|before, digit| before + 1 == digit);
                let down = part.run(|before, digit| before == digit + 1);
                up.max(down) >= *count
            }
            Self::Mirror(count) => {
                let end = part.digits();
                let Some(first) = end.len().checked_sub(*count) else { return false };
                end[first..].iter().eq(end[first..].iter().rev())
            }
            Self::Distinct(count) => {
                let seen = part.digits().iter().fold(0_u16, |seen, digit| seen | (1 << digit));
                seen.count_ones() as usize <= *count
            }
        }
    }
}

/// The last digits of a number.
struct Subscriber {
    symbols: [u8; SUBSCRIBER_DIGITS],
    len: usize,
}

impl Subscriber {
    fn of(number: Digits) -> Self {
        let len = number.len().min(SUBSCRIBER_DIGITS);
        let before = number.len() - len;
        let mut symbols = [0; SUBSCRIBER_DIGITS];
        for (index, symbol) in symbols[..len].iter_mut().enumerate() {
            *symbol = number.symbol(before + index);
        }
        Self { symbols, len }
    }

    fn digits(&self) -> &[u8] {
        &self.symbols[..self.len]
    }

    /// The longest row of digits of which each follows from the one before.
    fn run(&self, follows: impl Fn(u8, u8) -> bool) -> usize {
        let (mut longest, mut run) = (1, 1);
        for pair in self.digits().windows(2) {
            run = if follows(pair[0], pair[1]) { run + 1 } else { 1 };
            longest = longest.max(run);
        }
        longest
    }
}

/// Classes in their order, each with its rules.
#[derive(Clone, Debug, Default)]
pub struct BeautyClasses<T>(Vec<(T, Vec<BeautyRule>)>);

impl<T> BeautyClasses<T> {
    /// These classes; the first counts first.
    pub const fn new(classes: Vec<(T, Vec<BeautyRule>)>) -> Self {
        Self(classes)
    }

    /// The first class of which a rule holds.
    pub fn class_of(&self, number: Digits) -> Option<&T> {
        self.0.iter().find(|(_, rules)| rules.iter().any(|rule| rule.holds(number))).map(|(class, _)| class)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Digits {
        Digits::parse(text.as_bytes()).unwrap()
    }

    fn holds(rule: &str, digits: &str) -> bool {
        rule.parse::<BeautyRule>().unwrap().holds(number(digits))
    }

    #[test]
    fn features_of_the_subscribers_part() {
        for (rule, digits, expected) in [
            ("repeat:4", "74951555512", true),
            ("repeat:5", "74951555512", false),
            ("repeat:4", "79999991234", false), // 999 of seven digits 9991234
            ("repeat:7", "74957777777", true),
            ("ladder:4", "74959123480", true),
            ("ladder:4", "74959432180", true),
            ("ladder:5", "74959123480", false),
            ("ladder:3", "74959000890", false), // 890: nothing follows 9
            ("mirror:7", "74951234321", true),
            ("mirror:6", "74959123321", true),
            ("mirror:6", "74951233210", false),
            ("mirror:7", "74952000200", false),
            ("digits:2", "74952000200", true), // «Восток 200»: twos and noughts
            ("digits:1", "74952000200", false),
            ("digits:2", "74951201031", false),
            ("AABB", "74951112233", true),
            ("%200%", "74952000200", true),
        ] {
            assert_eq!(holds(rule, digits), expected, "{rule} {digits}");
        }
    }

    #[test]
    fn what_is_no_rule() {
        for (text, expected) in [
            ("stairs:4", "`stairs` is no feature"),
            ("repeat:1", "from 2 to 7"),
            ("repeat:8", "from 2 to 7"),
            ("ladder:x", "from 3 to 7"),
            ("digits:7", "from 1 to 6"),
            ("AA#", "`#` at place 3"),
            ("", "the mask is empty"),
        ] {
            let told = text.parse::<BeautyRule>().unwrap_err().to_string();
            assert!(told.contains(expected), "{text}: {told}");
        }
    }

    /// As an operator begins: the first class that knows a number has it.
    #[test]
    fn the_first_class_counts() {
        let class = |name: &'static str, rules: &[&str]| {
            (name, rules.iter().map(|rule| rule.parse().unwrap()).collect::<Vec<BeautyRule>>())
        };
        let classes = BeautyClasses::new(vec![
            class("platinum", &["repeat:6", "ladder:6"]),
            class("gold", &["AAAAA", "ABABAB", "AAABBB", "mirror:7", "digits:2"]),
            class("silver", &["AAAA", "AABBCC", "ABCABC", "mirror:6", "ladder:5"]),
            class("bronze", &["AAA", "AABB", "ABAB", "ABBA", "ladder:4"]),
        ]);
        for (digits, expected) in [
            ("74951234567", Some("platinum")),
            ("74959876543", Some("platinum")),
            ("74957777777", Some("platinum")), // gold would do too: digits:2
            ("74951234321", Some("gold")),     // bronze would do too: 1234
            ("74952000200", Some("gold")),
            ("74951112233", Some("silver")),
            ("74951233434", Some("bronze")),
            ("74959012399", Some("bronze")), // 0123
            ("74955550001", None),
            ("74951201031", None),
        ] {
            assert_eq!(classes.class_of(number(digits)).copied(), expected, "{digits}");
        }
    }
}
