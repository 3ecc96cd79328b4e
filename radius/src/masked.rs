//! Numbers of subscribers in logs.
//!
//! Owns: which part of a number is shown: where it leads, and not to whom.
//! Does not own: masks in the views of analysts, which have a key.
//! Always: the last seven characters are hidden, and with them all of a short name; what could spoil a line of a log is not shown either.

use std::fmt::{self, Write};

/// How many characters at the end are hidden.
const HIDDEN: usize = 7;

/// A number or a name of a subscriber as a log may have it.
#[derive(Clone, Copy)]
pub struct Masked<'a>(pub &'a str);

impl fmt::Display for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = self.0.chars().count().saturating_sub(HIDDEN);
        for (at, character) in self.0.chars().enumerate() {
            let is_plain = character.is_ascii_alphanumeric() || "+-._@".contains(character);
            f.write_char(match (at < shown, is_plain) {
                (true, true) => character,
                (true, false) => '?',
                (false, _) => '*',
            })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Masked<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_hidden() {
        for (text, expected) in [
            ("79161234567", "7916*******"),
            ("+381114112060", "+38111*******"),
            ("1234567", "*******"),
            ("112", "***"),
            ("", ""),
            ("Иван-1\n@example.org", "????-1?@exam*******"),
        ] {
            assert_eq!(Masked(text).to_string(), expected, "{text}");
        }
    }
}
