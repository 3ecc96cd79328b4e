//! Words of names, as an index has them.
//!
//! Owns: the condition that finds a word in table `client_name_tail`, which triggers of the table `client` keep (migration 0061).
//! Does not own: the pattern (`grid`), which lists are searched so.
//! Always: a name is found once, by the first of its words that begins so.

/// A tail `n` matches a pattern `% text%`, with or without `%` inside, and no longer tail of the same name does: what stands after a `%` inside stands in the
/// longer one, too.
macro_rules! in_words {
    ($pattern:literal) => {
        concat!(
            "n.tail LIKE substr(",
            $pattern,
            ", 3) AND n.twin < length(split_part(substr(",
            $pattern,
            ", 3), '%', 1))"
        )
    };
}

pub(crate) use in_words;

use crate::grid::{Value, begins_a_word};

/// Whether the pattern of a name is for words, and not for letters anywhere in them.
pub(crate) fn are_words(value: &Value) -> bool {
    matches!(value, Value::Text(pattern) if begins_a_word(pattern))
}
