//! The kinds of number that can be dialled, and the masks and prefixes that match them.
//!
//! Owns: what is a valid E.164 number, short code or mask.
//! Does not own: how dialled text becomes one of them (`normalise`).
//! Always: a short code lives in its own namespace and is matched whole, never by an E.164 prefix (A1).

use std::fmt;

use crate::digits::Digits;

/// An international number: 7 to 15 digits, the first not 0 (ITU-T E.164).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct E164(Digits);

impl E164 {
    /// Fewest digits of a number; what is shorter is a short code or no number.
    pub const LEN_MIN: usize = 7;

    /// The number in `digits`; `None` when too short, fenced, or beginning with 0.
    #[inline]
    pub fn new(digits: Digits) -> Option<Self> {
        (digits.len() >= Self::LEN_MIN && digits.symbol(0) != 0 && digits.symbol(0) < 10).then_some(Self(digits))
    }

    /// The number written as digits without `+`.
    #[inline]
    pub fn parse(text: &str) -> Option<Self> {
        Digits::parse(text.as_bytes()).and_then(Self::new)
    }

    /// The digits.
    #[inline]
    pub const fn digits(self) -> Digits {
        self.0
    }

    /// The number as it may appear in a log: country and operator visible, the subscriber not.
    pub fn masked(self) -> String {
        format!("{}{}", self.0.truncated(4), "*".repeat(self.0.len() - 4))
    }
}

impl fmt::Display for E164 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for E164 {
    /// Masked: debug output ends up in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// A short code such as 112 or 0611: 2 to 6 digits in a namespace of their own.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct ShortCode(Digits);

impl ShortCode {
    /// Most digits of a short code.
    pub const LEN_MAX: usize = 6;

    /// The code written as digits; `None` unless it is 2 to 6 of them.
    #[inline]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = Digits::parse(text.as_bytes())?;
        (2..=Self::LEN_MAX).contains(&digits.len()).then(|| Digits::fenced(digits).map(Self))?
    }

    /// The fenced digits: the key under which prices and locks of short codes are found.
    #[inline]
    pub const fn digits(self) -> Digits {
        self.0
    }
}

impl fmt::Display for ShortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a subscriber dialled, once it is understood.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dialled {
    /// An international number.
    E164(E164),
    /// A short code of the operator or an emergency code.
    Short(ShortCode),
}

impl Dialled {
    /// The key for prefix look-ups.
    #[inline]
    pub const fn digits(self) -> Digits {
        match self {
            Self::E164(number) => number.digits(),
            Self::Short(code) => code.digits(),
        }
    }

    /// The international number, if it is one.
    #[inline]
    pub const fn e164(self) -> Option<E164> {
        match self {
            Self::E164(number) => Some(number),
            Self::Short(_) => None,
        }
    }
}

impl fmt::Display for Dialled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.digits().fmt(f)
    }
}

/// Reads a prefix or mask: 1 to 15 digits of an international number, or `short:CODE` for a short code, matched whole.
pub fn parse_mask(text: &str) -> Option<Digits> {
    match text.strip_prefix("short:") {
        Some(code) => ShortCode::parse(code).map(ShortCode::digits),
        // No international number begins with 0: such a mask would match nothing.
        None => Digits::parse(text.as_bytes()).filter(|digits| !digits.is_empty() && !text.starts_with('0')),
    }
}

/// Writes a mask as [`parse_mask`] reads it.
pub fn mask_text(mask: Digits) -> String {
    format!("{mask:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_an_e164_number() {
        for (text, valid) in [
            ("74951201031", true),
            ("1234567", true),
            ("123456789012345", true),
            ("123456", false),
            ("1234567890123456", false),
            ("0749512", false),
            ("+7495120", false),
            ("", false),
        ] {
            assert_eq!(E164::parse(text).is_some(), valid, "{text:?}");
        }
    }

    #[test]
    fn logs_show_no_subscriber() {
        assert_eq!(format!("{:?}", E164::parse("74951201031").unwrap()), "7495*******");
    }

    #[test]
    fn masks_read_and_write() {
        for text in ["7", "381114112060", "short:112", "short:0611"] {
            assert_eq!(mask_text(parse_mask(text).unwrap()), text);
        }
        for text in ["", "short:", "short:1", "short:1234567", "7a", "+7"] {
            assert_eq!(parse_mask(text), None, "{text:?}");
        }
    }
}
