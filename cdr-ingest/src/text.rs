//! Text from outside, made harmless.
//!
//! Owns: what a text may contain before it reaches a database.
//! Does not own: the meaning of any field.
//! Always: no control characters (Postgres refuses NUL, terminals obey the others), at most [`CHARS_MAX`] characters.

use std::borrow::Cow;

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
