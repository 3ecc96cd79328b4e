//! Digits packed into a machine word.
//!
//! Owns: the packed form and its prefix arithmetic.
//! Does not own: what makes a sequence of digits a valid number (`number`).
//! Always: symbol `i` stands in bits `60 - 4i ..`, the length in the low four bits, unused nibbles are zero; so equal sequences are equal
//! words, and the order of words is the order of a dictionary, a prefix before its continuations.

use std::fmt;

/// Up to 15 symbols of four bits: the digits 0 to 9, and two marks that fence a short code ([`Digits::SHORT_OPEN`], [`Digits::SHORT_CLOSE`]).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Digits(u64);

impl Digits {
    /// No symbols at all.
    pub const EMPTY: Self = Self(0);
    /// The longest sequence: 15 symbols, as E.164 allows digits.
    pub const LEN_MAX: usize = 15;
    /// Stands before the digits of a short code: a namespace that no E.164 prefix can match.
    pub const SHORT_OPEN: u8 = 10;
    /// Stands behind the digits of a short code, so that only the whole code matches.
    pub const SHORT_CLOSE: u8 = 11;

    /// The packed form of 0 to 15 ASCII digits; `None` for anything else.
    #[inline]
    pub fn parse(text: &[u8]) -> Option<Self> {
        if text.len() > Self::LEN_MAX {
            return None;
        }
        let mut word = 0u64;
        let mut bad = 0u8;
        for &byte in text {
            let digit = byte.wrapping_sub(b'0');
            bad |= u8::from(digit > 9);
            word = (word << 4) | u64::from(digit & 0xf);
        }
        if bad != 0 {
            return None;
        }
        let len = text.len();
        Some(Self(if len == 0 { 0 } else { (word << (64 - 4 * len)) | len as u64 }))
    }

    /// The digits of `inner` fenced as a short code; `None` above 13 digits.
    pub(crate) fn fenced(inner: Self) -> Option<Self> {
        let len = inner.len();
        if len > Self::LEN_MAX - 2 {
            return None;
        }
        let body = (inner.0 & !0xf) >> 4;
        let open = u64::from(Self::SHORT_OPEN) << 60;
        let close = u64::from(Self::SHORT_CLOSE) << (60 - 4 * (len + 1));
        Some(Self(open | body | close | (len as u64 + 2)))
    }

    /// Number of symbols.
    #[inline]
    pub const fn len(self) -> usize {
        (self.0 & 0xf) as usize
    }

    /// Whether there are no symbols.
    #[inline]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The symbols left-aligned, length nibble included: what a look-up shifts through.
    #[inline]
    pub const fn word(self) -> u64 {
        self.0
    }

    /// Symbol `index` counted from the left.
    #[inline]
    pub const fn symbol(self, index: usize) -> u8 {
        ((self.0 >> (60 - 4 * index)) & 0xf) as u8
    }

    /// The first `len` symbols (all, when there are fewer).
    #[must_use]
    #[inline]
    pub const fn truncated(self, len: usize) -> Self {
        if len == 0 {
            Self::EMPTY
        } else if len >= self.len() {
            self
        } else {
            Self((self.0 & (u64::MAX << (64 - 4 * len))) | len as u64)
        }
    }

    /// Whether `prefix` begins this sequence (a sequence begins itself; the empty one begins all).
    #[inline]
    pub const fn starts_with(self, prefix: Self) -> bool {
        let len = prefix.len();
        if len == 0 {
            return true;
        }
        len <= self.len() && (self.0 ^ prefix.0) >> (64 - 4 * len) == 0
    }

    /// Whether this is a fenced short code.
    #[inline]
    pub const fn is_short(self) -> bool {
        self.0 >> 60 == Self::SHORT_OPEN as u64
    }
}

impl fmt::Display for Digits {
    /// Digits as text, without fences.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut buffer = [0u8; Self::LEN_MAX];
        let mut used = 0;
        for index in 0..self.len() {
            let symbol = self.symbol(index);
            if symbol < 10 {
                buffer[used] = b'0' + symbol;
                used += 1;
            }
        }
        f.pad(std::str::from_utf8(&buffer[..used]).expect("digits are ASCII"))
    }
}

impl fmt::Debug for Digits {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{self}", if self.is_short() { "short:" } else { "" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digits(text: &str) -> Digits {
        Digits::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn packs_and_prints() {
        for text in ["", "7", "0", "74951201031", "123456789012345"] {
            assert_eq!(digits(text).to_string(), text);
            assert_eq!(digits(text).len(), text.len());
        }
        for text in ["1234567890123456", "12a", "+7", "1 2", "\u{0}"] {
            assert_eq!(Digits::parse(text.as_bytes()), None, "{text:?}");
        }
    }

    #[test]
    fn prefix_arithmetic() {
        let number = digits("381114112060");
        for (prefix, begins) in
            [("", true), ("3", true), ("3811", true), ("381114112060", true), ("3820", false), ("381115", false)]
        {
            assert_eq!(number.starts_with(digits(prefix)), begins, "{prefix}");
        }
        assert!(!digits("38").starts_with(number));
        assert_eq!(number.truncated(4), digits("3811"));
        assert_eq!(number.truncated(0), Digits::EMPTY);
        assert_eq!(number.truncated(15), number);
    }

    #[test]
    fn orders_like_a_dictionary() {
        let mut sorted: Vec<Digits> = ["75", "7495", "74", "8", "749", "1"].map(digits).to_vec();
        sorted.sort();
        assert_eq!(sorted.iter().map(Digits::to_string).collect::<Vec<_>>(), ["1", "74", "749", "7495", "75", "8"]);
    }

    #[test]
    fn a_short_code_never_meets_a_prefix() {
        let police = Digits::fenced(digits("112")).unwrap();
        assert!(police.is_short());
        assert!(!police.starts_with(digits("1")));
        assert!(!Digits::fenced(digits("1120")).unwrap().starts_with(police));
        assert_eq!(police.to_string(), "112");
    }
}
