//! Text from outside, made harmless; text for people, in both languages.
//!
//! Owns: what a text may contain before it reaches a database, and sentences that exist in both languages.
//! Does not own: the meaning of any field.
//! Always: no control characters (Postgres refuses NUL, terminals obey the others), at most [`CHARS_MAX`] characters.

use std::borrow::Cow;
use std::fmt;

use rating::wording::Language;

/// Longest text that is kept; identities are digested before they are cut.
pub const CHARS_MAX: usize = 200;

/// The text without control characters, cut to [`CHARS_MAX`] characters.
pub fn clean(text: &str) -> Cow<'_, str> {
    let harmless = |text: &str| text.bytes().all(|byte| (0x20..0x7f).contains(&byte));
    if text.len() <= CHARS_MAX && harmless(text) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.chars().filter(|character| !character.is_control()).take(CHARS_MAX).collect())
}

/// A sentence in both languages. Databases keep the English one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    russian: Cow<'static, str>,
    english: Cow<'static, str>,
}

impl Said {
    /// A sentence that is always the same.
    pub const fn fixed(russian: &'static str, english: &'static str) -> Self {
        Self { russian: Cow::Borrowed(russian), english: Cow::Borrowed(english) }
    }

    /// A sentence that names something.
    pub const fn new(russian: String, english: String) -> Self {
        Self { russian: Cow::Owned(russian), english: Cow::Owned(english) }
    }

    /// The sentence in a language.
    pub fn spoken(&self, language: Language) -> &str {
        match language {
            Language::Russian => &self.russian,
            Language::English => &self.english,
        }
    }

    /// The sentence as databases keep it.
    pub fn english(&self) -> &str {
        &self.english
    }
}

/// The English sentence, as logs show it.
impl fmt::Display for Said {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.english)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_go_and_letters_stay() {
        for (text, expected) in [("a\u{0}b", "ab"), ("\u{1b}[31mred", "[31mred"), ("Мария", "Мария"), ("", "")]
        {
            assert_eq!(clean(text), expected);
        }
        assert_eq!(clean(&"я".repeat(500)).chars().count(), CHARS_MAX);
    }
}
