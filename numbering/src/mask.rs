//! Masks by which numbers are searched for sale: `%555%`, `AABB`, `7495??5%` (M17).
//!
//! Owns: what can be written, and whether a number fits it.
//! Does not own: masks of locks, which are plain prefixes (`number`); where numbers come from.
//! Always: a mask that cannot be meant is refused with the place of the sign; a number is judged in some ten steps of a word, however many places a part could
//! begin at: millions of numbers are walked through while somebody waits.
//!
//! | sign | stands for |
//! | --- | --- |
//! | `0` to `9` | itself |
//! | `?`, `_`, `X`, Cyrillic `Х` | one digit, whichever |
//! | `%`, `*` | any number of digits, also none |
//! | any other letter | one digit: equal letters equal digits, different letters different ones; Cyrillic letters that look like Latin ones are those |
//! | `+` in front | the number begins here |
//! | blank, `-`, `(`, `)` | nothing |
//!
//! A mask without `%` speaks of the end of a number, with `+` of all of it. Letters are compared within the part between two `%`.

use crate::digits::Digits;

/// Symbols of the longest mask that is read.
const SIGNS_MAX: usize = 64;
/// The lowest bit of every symbol of a word.
const EVERY: u64 = 0x1111_1111_1111_1111;
/// Cyrillic capitals that look like Latin ones, and those.
const LOOKALIKES: &[(char, char)] = &[
    ('А', 'A'),
    ('В', 'B'),
    ('С', 'C'),
    ('Е', 'E'),
    ('Н', 'H'),
    ('К', 'K'),
    ('М', 'M'),
    ('О', 'O'),
    ('Р', 'P'),
    ('Т', 'T'),
    ('У', 'Y'),
    ('Х', 'X'),
];

/// Why a mask is none. Places are counted in signs as they were written, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum MaskFault {
    /// Nothing is written.
    #[error("the mask is empty")]
    Empty,
    /// A sign that stands for nothing here.
    #[error("`{sign}` at place {place} means nothing in a mask; digits, letters, `?` and `%` do")]
    Sign {
        /// Where.
        place: usize,
        /// Which.
        sign: char,
    },
    /// Digits are compared within one part.
    #[error(
        "the letter {letter} at place {place} stands in another part too: letters are compared between two `%` only"
    )]
    LetterOfTwoParts {
        /// Where it stands again.
        place: usize,
        /// Which.
        letter: char,
    },
    /// No number is so long.
    #[error("the mask is too long at place {place}: a number has {} digits at most", Digits::LEN_MAX)]
    TooLong {
        /// The first place that is too much.
        place: usize,
    },
}

/// A mask, understood.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct NumberMask {
    parts: Vec<Part>,
    is_from_start: bool,
    is_to_end: bool,
}

/// Symbols that follow one another.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
struct Part {
    len: usize,
    /// How far left a symbol stands, in bits, and what it has to be, in every symbol of a word.
    digits: Vec<(u32, u64)>,
    /// Symbols that are equal: each with the one before it of its letter.
    equal: Vec<(u32, u32)>,
    /// Symbols that differ: the first ones of two letters.
    different: Vec<(u32, u32)>,
}

impl Part {
    /// The symbols at which it could begin: their lowest bits. Those near the end may be wrong; whoever asks knows where the number ends.
    fn beginnings(&self, word: u64) -> u64 {
        let mut found = EVERY;
        for (left, digit) in &self.digits {
            found &= zeros((word << left) ^ digit);
        }
        for (one, other) in &self.equal {
            found &= zeros((word << one) ^ (word << other));
        }
        for (one, other) in &self.different {
            found &= !zeros((word << one) ^ (word << other));
        }
        found
    }
}

/// The lowest bits of the symbols that are 0.
const fn zeros(word: u64) -> u64 {
    let pairs = word | (word >> 1);
    !(pairs | (pairs >> 2)) & EVERY
}

impl NumberMask {
    /// Reads a mask.
    pub fn parse(text: &str) -> Result<Self, MaskFault> {
        let mut reading = Reading::default();
        for (place, sign) in (1..).zip(text.chars()) {
            if place > SIGNS_MAX {
                return Err(MaskFault::TooLong { place });
            }
            reading.sign(place, sign)?;
        }
        reading.end()
    }

    /// Whether a number fits. Parts are looked for from the left: where one could stand in several places, the leftmost leaves most to the others.
    #[inline]
    pub fn fits(&self, number: Digits) -> bool {
        let (word, len) = (number.word(), number.len());
        let mut free = 0;
        for (index, part) in self.parts.iter().enumerate() {
            let Some(last) = len.checked_sub(part.len) else { return false };
            let is_last = index + 1 == self.parts.len();
            let from = if self.is_to_end && is_last { last.max(free) } else { free };
            let to = if self.is_from_start && index == 0 { 0 } else { last };
            if from > to {
                return false;
            }
            let window = (EVERY >> (4 * from)) & !(EVERY >> (4 * (to + 1)));
            let found = part.beginnings(word) & window;
            if found == 0 {
                return false;
            }
            free = found.leading_zeros() as usize / 4 + part.len;
        }
        true
    }
}

/// A mask under way.
#[derive(Default)]
struct Reading {
    parts: Vec<Part>,
    part: Part,
    /// Letters of the part with their first and last symbol.
    letters: Vec<(char, u32, u32)>,
    /// Letters of the parts before.
    former: Vec<char>,
    digits: usize,
    has_plus: bool,
    /// Digits before the first `%`.
    first_gap: Option<usize>,
    /// Digits before the last one.
    last_gap: Option<usize>,
}

impl Reading {
    fn sign(&mut self, place: usize, sign: char) -> Result<(), MaskFault> {
        match sign {
            ' ' | '-' | '(' | ')' => {}
            '+' if self.digits == 0 && self.first_gap.is_none() && !self.has_plus => self.has_plus = true,
            '%' | '*' => self.gap(),
            '0'..='9' => {
                let digit = u64::from(sign as u32 - '0' as u32) * EVERY;
                let left = self.symbol(place)?;
                self.part.digits.push((left, digit));
            }
            '?' | '_' => {
                self.symbol(place)?;
            }
            _ => match letter(sign) {
                Some('X') => {
                    self.symbol(place)?;
                }
                Some(letter) => self.letter(place, letter)?,
                None => return Err(MaskFault::Sign { place, sign }),
            },
        }
        Ok(())
    }

    /// One symbol more; how far left it stands, in bits.
    fn symbol(&mut self, place: usize) -> Result<u32, MaskFault> {
        if self.digits == Digits::LEN_MAX {
            return Err(MaskFault::TooLong { place });
        }
        let left = 4 * self.part.len as u32;
        self.digits += 1;
        self.part.len += 1;
        Ok(left)
    }

    fn letter(&mut self, place: usize, letter: char) -> Result<(), MaskFault> {
        if self.former.contains(&letter) {
            return Err(MaskFault::LetterOfTwoParts { place, letter });
        }
        let left = self.symbol(place)?;
        if let Some((.., last)) = self.letters.iter_mut().find(|(known, ..)| *known == letter) {
            self.part.equal.push((*last, left));
            *last = left;
        } else {
            self.part.different.extend(self.letters.iter().map(|(_, first, _)| (*first, left)));
            self.letters.push((letter, left, left));
        }
        Ok(())
    }

    fn gap(&mut self) {
        self.first_gap.get_or_insert(self.digits);
        self.last_gap = Some(self.digits);
        self.close();
    }

    fn close(&mut self) {
        let part = std::mem::take(&mut self.part);
        if part.len > 0 {
            self.parts.push(part);
        }
        self.former.extend(self.letters.drain(..).map(|(letter, ..)| letter));
    }

    fn end(mut self) -> Result<NumberMask, MaskFault> {
        self.close();
        if self.parts.is_empty() && self.first_gap.is_none() {
            return Err(MaskFault::Empty);
        }
        let is_from_start = self.first_gap.map_or(self.has_plus, |digits| digits > 0);
        Ok(NumberMask { parts: self.parts, is_from_start, is_to_end: self.last_gap != Some(self.digits) })
    }
}

/// The Latin capital of a letter.
fn letter(sign: char) -> Option<char> {
    let capital = sign.to_uppercase().next()?;
    if capital.is_ascii_uppercase() {
        return Some(capital);
    }
    LOOKALIKES.iter().find(|(cyrillic, _)| *cyrillic == capital).map(|(_, latin)| *latin)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn fits(mask: &str, number: &str) -> bool {
        NumberMask::parse(mask).unwrap().fits(Digits::parse(number.as_bytes()).unwrap())
    }

    /// M17 and what else people type. mask | number | whether it fits
    #[test]
    fn masks_and_numbers() {
        for (mask, number, expected) in [
            ("%555%", "74955550001", true),
            ("%555%", "74951112233", false),
            ("%555%", "74951000555", true),
            ("%555%", "5551000", true),
            ("*555*", "74955550001", true),
            ("555", "74951000555", true),
            ("555", "74955550001", false),
            ("%555", "74951000555", true),
            ("AABB", "74951112233", true),
            ("AABB", "74951113333", false), // different letters are different digits
            ("AABB%", "77441112233", true),
            ("AABB%", "74951112233", false),
            ("aabb", "74951112233", true),
            ("ААВВ", "74951112233", true), // Cyrillic
            ("ABBA", "74951231221", true),
            ("ABBA", "74951231111", false),
            ("%ABCABC", "74951123123", true),
            ("%ABCABC", "74951122122", false),
            ("AABBCCDDEEFFGGH", "112233445566778", true),
            ("495XXXAABB", "74951232233", true),
            ("495???AABB", "74951232234", false),
            ("8(495) 200-0-200", "84952000200", true),
            ("7495%", "74952000200", true),
            ("7495%", "77495200020", false),
            ("+7495", "7495", true),
            ("+7495", "74952000200", false),
            ("+74952000200", "74952000200", true),
            ("+7%00", "74952000200", true),
            ("+%00", "74952000200", true),
            ("%", "74952000200", true),
            ("%%", "1234567", true),
            // The leftmost place leaves most to the others.
            ("%20%20%", "74952000200", true),
            ("%200%200", "74952000200", true),
            ("%200%2000", "74952000200", false),
            ("%2000%00200", "74952000200", false),
            ("?%?%?%?%?%?%?%?", "1234567", false),
            ("?%?%?%?%?%?%?", "1234567", true),
            ("%AA%BB%", "74955501122", true),
            ("%0000", "74951230000", true),
            ("%0000%", "7495123000", false),
            // What stands behind the last symbol of a word is no digit.
            ("%00", "7495123", false),
            ("%0%", "7495123", false),
            ("%7", "1234567", true),
        ] {
            assert_eq!(fits(mask, number), expected, "{mask} {number}");
        }
    }

    #[test]
    fn what_is_no_mask_is_told_with_its_place() {
        for (mask, expected) in [
            ("", MaskFault::Empty),
            (" - ", MaskFault::Empty),
            ("+", MaskFault::Empty),
            ("%5#5%", MaskFault::Sign { place: 3, sign: '#' }),
            ("5+5", MaskFault::Sign { place: 2, sign: '+' }),
            ("%555Ж", MaskFault::Sign { place: 5, sign: 'Ж' }),
            ("%'; drop", MaskFault::Sign { place: 2, sign: '\'' }),
            ("AA%BA", MaskFault::LetterOfTwoParts { place: 5, letter: 'A' }),
            ("1234567890123456", MaskFault::TooLong { place: 16 }),
            ("12345678%90123456", MaskFault::TooLong { place: 17 }),
        ] {
            assert_eq!(NumberMask::parse(mask), Err(expected), "{mask}");
        }
        let told = NumberMask::parse("%5#5%").unwrap_err().to_string();
        assert!(told.contains("`#` at place 3"), "{told}");
        assert_eq!(NumberMask::parse(&"%".repeat(65)), Err(MaskFault::TooLong { place: 65 }));
    }

    /// Whether signs fit digits, tried in every way.
    fn tried(signs: &[char], digits: &[u8], letters: &mut Vec<(char, u8)>) -> bool {
        let Some((sign, rest)) = signs.split_first() else { return digits.is_empty() };
        if *sign == '%' {
            // Letters of the part before are forgotten.
            return (0..=digits.len()).any(|skipped| tried(rest, &digits[skipped..], &mut Vec::new()));
        }
        let Some((digit, others)) = digits.split_first() else { return false };
        match sign {
            '?' => tried(rest, others, letters),
            '0'..='9' => *sign as u8 == *digit && tried(rest, others, letters),
            letter => {
                let known = letters.iter().find(|(known, _)| known == letter).map(|(_, digit)| *digit);
                if known.map_or_else(|| letters.iter().any(|(_, taken)| taken == digit), |known| known != *digit) {
                    return false;
                }
                if known.is_none() {
                    letters.push((*letter, *digit));
                }
                tried(rest, others, letters)
            }
        }
    }

    proptest! {
        #[test]
        fn equals_trying_every_way(mask in "[12?AB]{0,3}%[12?CD]{0,3}%?[12?EF]{0,3}", number in "[1-3]{7,15}") {
            let signs: Vec<char> = mask.chars().collect();
            let expected = tried(&signs, number.as_bytes(), &mut Vec::new());
            prop_assert_eq!(fits(&mask, &number), expected, "{} {}", mask, number);
        }
    }
}
