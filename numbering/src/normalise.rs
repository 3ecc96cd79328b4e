//! From dialled text to a number, by the rules of the source that reported it.
//!
//! Owns: the ladder technical prefix -> short code -> longest rule -> E.164 check.
//! Does not own: which source has which rules (configuration).
//! Always: rules decide, never the length of the text: the same text from the same source gives the same number for ever.

use rustc_hash::FxHashSet;

use crate::digits::Digits;
use crate::number::{Dialled, E164, ShortCode};

/// Longest dialled text that is looked at; no switch dials more.
const TEXT_MAX: usize = 40;

/// How a source writes numbers: a table of pairs "strip this, put that", technical prefixes, and the short codes that exist.
///
/// Example: `+> 00> 810> 8>7 >` for a Russian PBX.
#[derive(Clone, Debug)]
pub struct NumberRules {
    /// (strip, put), the longest `strip` first.
    pairs: Vec<(Box<str>, Box<str>)>,
    /// Technical (routing) prefixes, the longest first.
    tech: Vec<Box<str>>,
    short: FxHashSet<Digits>,
}

/// Why a dialled text is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotANumber {
    /// Nothing was dialled, or only punctuation.
    #[error("the number is empty")]
    Empty,
    /// Something other than digits is left when the rules are done.
    #[error("the number contains something other than digits")]
    NotDigits,
    /// No pair of the rules fits the beginning of the text.
    #[error("no rule of the source fits the beginning of the number")]
    NoRule,
    /// Fewer than 7 digits and no known short code.
    #[error("the number is shorter than 7 digits and not a known short code")]
    TooShort,
    /// More than 15 digits.
    #[error("the number is longer than the 15 digits of E.164")]
    TooLong,
    /// A country code never begins with 0.
    #[error("the international number begins with 0")]
    LeadingZero,
}

/// What is wrong with a rule text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("number rule `{0}` is not of the form strip>put (for example 8>7, 00>, or > for a number that stays as it is)")]
pub struct BadRule(pub String);

impl Default for NumberRules {
    /// Numbers arrive as E.164 with or without `+`; no short codes.
    fn default() -> Self {
        Self::parse("+> >", "").expect("the default rules are well formed")
    }
}

impl NumberRules {
    /// Reads pairs `strip>put` and technical prefixes, each separated by blanks.
    pub fn parse(pairs: &str, tech: &str) -> Result<Self, BadRule> {
        let mut parsed = Vec::new();
        for word in pairs.split_ascii_whitespace() {
            let (strip, put) = word.split_once('>').ok_or_else(|| BadRule(word.to_owned()))?;
            if !put.bytes().all(|byte| byte.is_ascii_digit()) || strip.len() > TEXT_MAX || put.len() > Digits::LEN_MAX {
                return Err(BadRule(word.to_owned()));
            }
            parsed.push((Box::from(strip), Box::from(put)));
        }
        parsed.sort_by_key(|(strip, _): &(Box<str>, Box<str>)| std::cmp::Reverse(strip.len()));
        let mut tech: Vec<Box<str>> = tech.split_ascii_whitespace().map(Box::from).collect();
        tech.sort_by_key(|prefix| std::cmp::Reverse(prefix.len()));
        Ok(Self { pairs: parsed, tech, short: FxHashSet::default() })
    }

    /// The same rules with these short codes known (emergency codes are short codes too).
    #[must_use]
    pub fn with_short_codes(mut self, codes: impl IntoIterator<Item = ShortCode>) -> Self {
        self.short.extend(codes.into_iter().map(ShortCode::digits));
        self
    }

    /// The number that `text` means at this source. Blanks, `-`, `.`, `(` and `)` are ignored.
    pub fn normalise(&self, text: &str) -> Result<Dialled, NotANumber> {
        let mut buffer = [0u8; TEXT_MAX];
        let mut used = 0;
        for byte in text.bytes() {
            if matches!(byte, b' ' | b'-' | b'.' | b'(' | b')') {
                continue;
            }
            if used == TEXT_MAX {
                return Err(NotANumber::TooLong);
            }
            buffer[used] = byte;
            used += 1;
        }
        let mut dialled = &buffer[..used];
        if let Some(tech) = self.tech.iter().find(|tech| begins_with(dialled, tech)) {
            dialled = &dialled[tech.len()..];
        }
        if dialled.is_empty() {
            return Err(NotANumber::Empty);
        }
        if dialled.len() <= ShortCode::LEN_MAX
            && let Some(code) = Digits::parse(dialled).and_then(Digits::fenced)
            && self.short.contains(&code)
        {
            let text = std::str::from_utf8(dialled).map_err(|_| NotANumber::NotDigits)?;
            return ShortCode::parse(text).map(Dialled::Short).ok_or(NotANumber::TooShort);
        }
        let (strip, put) =
            self.pairs.iter().find(|(strip, _)| begins_with(dialled, strip)).ok_or(NotANumber::NoRule)?;
        Self::international(&dialled[strip.len()..], put)
    }

    /// Joins what the rule puts and what it leaves, and checks the whole against E.164.
    fn international(rest: &[u8], put: &str) -> Result<Dialled, NotANumber> {
        let mut joined = [0u8; TEXT_MAX + Digits::LEN_MAX];
        let len = put.len() + rest.len();
        joined[..put.len()].copy_from_slice(put.as_bytes());
        joined[put.len()..len].copy_from_slice(rest);
        let joined = &joined[..len];
        if !joined.iter().all(u8::is_ascii_digit) {
            return Err(NotANumber::NotDigits);
        }
        if len > Digits::LEN_MAX {
            return Err(NotANumber::TooLong);
        }
        if len < E164::LEN_MIN {
            return Err(NotANumber::TooShort);
        }
        Digits::parse(joined).and_then(E164::new).map(Dialled::E164).ok_or(NotANumber::LeadingZero)
    }
}

/// As `starts_with`, but what begins otherwise is refused without a call: most rules of a source do not fit a number.
#[inline]
fn begins_with(dialled: &[u8], prefix: &str) -> bool {
    let prefix = prefix.as_bytes();
    prefix.is_empty() || dialled.first() == prefix.first() && dialled.starts_with(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PBX: &str = "+> 00> 810> 8>7 7>7 ";

    #[track_caller]
    fn check(rules: &NumberRules, cases: &[(&str, Result<&str, NotANumber>)]) {
        for (text, expected) in cases {
            let got = rules.normalise(text).map(|number| format!("{:?}", number.digits()));
            assert_eq!(got.as_deref().map_err(|e| *e), *expected, "{text:?}");
        }
    }

    #[test]
    fn a_russian_pbx() {
        let codes = ["112", "01", "0611"].map(|code| ShortCode::parse(code).unwrap());
        let rules = NumberRules::parse(PBX, "99# 99#5").unwrap().with_short_codes(codes);
        check(
            &rules,
            &[
                ("84951201031", Ok("74951201031")),
                ("8 (495) 120-10-31", Ok("74951201031")),
                ("+74951201031", Ok("74951201031")),
                ("74951201031", Ok("74951201031")),
                ("810381114112060", Ok("381114112060")),
                ("00381114112060", Ok("381114112060")),
                ("99#84951201031", Ok("74951201031")),
                ("99#584951201031", Ok("74951201031")),
                ("112", Ok("short:112")),
                ("0611", Ok("short:0611")),
                ("99#112", Ok("short:112")),
                ("113", Err(NotANumber::NoRule)),
                ("4951201031", Err(NotANumber::NoRule)),
                ("", Err(NotANumber::Empty)),
                (" - ", Err(NotANumber::Empty)),
                ("8495abc", Err(NotANumber::NotDigits)),
                ("+1234567890123456", Err(NotANumber::TooLong)),
                ("+74951", Err(NotANumber::TooShort)),
                ("+0495120103", Err(NotANumber::LeadingZero)),
                ("+7495\u{0}1201031", Err(NotANumber::NotDigits)),
            ],
        );
    }

    #[test]
    fn the_default_is_e164_with_or_without_plus() {
        check(
            &NumberRules::default(),
            &[
                ("79161234567", Ok("79161234567")),
                ("+79161234567", Ok("79161234567")),
                ("123456", Err(NotANumber::TooShort)),
                ("112", Err(NotANumber::TooShort)),
                ("1234567890123456", Err(NotANumber::TooLong)),
                (&"7".repeat(64), Err(NotANumber::TooLong)),
                ("anonymous", Err(NotANumber::NotDigits)),
            ],
        );
    }

    #[test]
    fn a_default_country_code_is_a_rule_for_the_empty_text() {
        check(
            &NumberRules::parse("+> >7495", "").unwrap(),
            &[("1201031", Ok("74951201031")), ("+4420", Err(NotANumber::TooShort))],
        );
    }

    #[test]
    fn a_bad_rule_is_named() {
        for bad in ["8", "8>x", "8>+7"] {
            assert_eq!(NumberRules::parse(&format!("+> {bad}"), "").unwrap_err(), BadRule(bad.to_owned()));
        }
    }
}
