//! Ranges of numbers as prefixes, the way registries publish them (A34).
//!
//! Owns: the decomposition of `[from, to]` into the fewest prefixes that cover exactly it.
//! Does not own: reading a registry's files.
//! Always: the prefixes are disjoint, in order, and cover every number of the range and no other.

use crate::digits::Digits;

/// What is wrong with a range.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadRange {
    /// Both ends of a range have the same number of digits, 1 to 15.
    #[error("both ends of a range must be 1 to 15 digits of the same length")]
    Lengths,
    /// The first number is above the last.
    #[error("the range ends before it begins")]
    Reversed,
}

/// The fewest prefixes that cover exactly the numbers `from ..= to`, both written in full.
///
/// `79160000000 ..= 79169999999` is the one prefix `7916`.
pub fn prefixes_of_range(from: &str, to: &str) -> Result<Vec<Digits>, BadRange> {
    let digits =
        |text: &str| Digits::parse(text.as_bytes()).filter(|digits| !digits.is_empty()).ok_or(BadRange::Lengths);
    let len = digits(from)?.len();
    if len != digits(to)?.len() {
        return Err(BadRange::Lengths);
    }
    let mut low: u64 = from.parse().map_err(|_| BadRange::Lengths)?;
    let high: u64 = to.parse().map_err(|_| BadRange::Lengths)?;
    if low > high {
        return Err(BadRange::Reversed);
    }
    let mut prefixes = Vec::new();
    while low <= high {
        // The largest aligned block of ten, hundred, ... that begins at `low` and does not pass `high`.
        let mut free = 0;
        let mut block = 1u64;
        while free + 1 < len && low.is_multiple_of(block * 10) && low + (block * 10 - 1) <= high {
            block *= 10;
            free += 1;
        }
        let text = format!("{:0width$}", low / block, width = len - free);
        prefixes.push(Digits::parse(text.as_bytes()).expect("a prefix of a valid number is digits"));
        low += block;
    }
    Ok(prefixes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn registry_ranges() {
        for (from, to, expected) in [
            ("79160000000", "79169999999", vec!["7916"]),
            (
                "74951201000",
                "74951201031",
                vec!["7495120100", "7495120101", "7495120102", "74951201030", "74951201031"],
            ),
            ("74951201031", "74951201031", vec!["74951201031"]),
            ("00", "99", vec!["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]),
        ] {
            let got: Vec<String> = prefixes_of_range(from, to).unwrap().iter().map(Digits::to_string).collect();
            assert_eq!(got, expected);
        }
        assert_eq!(prefixes_of_range("2", "1"), Err(BadRange::Reversed));
        assert_eq!(prefixes_of_range("20", "1"), Err(BadRange::Lengths));
        assert_eq!(prefixes_of_range("", ""), Err(BadRange::Lengths));
    }

    proptest! {
        #[test]
        fn covers_exactly_the_range(low in 0u64..10_000, span in 0u64..3_000) {
            let high = (low + span).min(9_999);
            let prefixes = prefixes_of_range(&format!("{low:04}"), &format!("{high:04}")).unwrap();
            for number in 0..10_000u64 {
                let digits = Digits::parse(format!("{number:04}").as_bytes()).unwrap();
                let covering = prefixes.iter().filter(|p| digits.starts_with(**p)).count();
                prop_assert_eq!(covering, usize::from((low..=high).contains(&number)));
            }
        }
    }
}
