//! How people search by a part of a name.
//!
//! Owns: the pattern for LIKE over `search_key` (migration 0052).
//! Does not own: which column is searched.
//! Always: only `%` is a wildcard; everything else that is neither letter nor digit separates words, as it does in the key.

/// The pattern of what was typed (M1, A33): `слово%` matches at the beginning of a word, a leading `%` anywhere. `None`: no letter and no digit.
pub fn pattern(typed: &str) -> Option<String> {
    let typed = typed.trim();
    let parts: Vec<String> = typed.split('%').map(key).filter(|part| !part.is_empty()).collect();
    if parts.is_empty() {
        return None;
    }
    // In a key one blank stands before each word.
    let begins = if typed.starts_with('%') { "%" } else { "% " };
    Some(format!("{begins}{}%", parts.join("%")))
}

/// Whether a pattern matches at the beginning of words, as those do that are typed without a leading `%`.
pub fn begins_a_word(pattern: &str) -> bool {
    pattern.starts_with("% ")
}

/// Small letters, ё as е, one blank between words.
fn key(text: &str) -> String {
    let letters: String = text.to_lowercase().replace('ё', "е");
    letters
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (typed, expected) in [
            ("Стр%", Some("% стр%")),
            ("%сервис", Some("%сервис%")),
            ("%СЕРВИС%", Some("%сервис%")),
            ("сервис", Some("% сервис%")),
            ("Строй  Сервис", Some("% строй сервис%")),
            ("ООО «Ёлка»", Some("% ооо елка%")),
            ("стр%сер", Some("% стр%сер%")),
            ("a_b\\c", Some("% a b c%")),
            ("%", None),
            (" «» ", None),
            ("", None),
        ] {
            assert_eq!(pattern(typed).as_deref(), expected, "{typed}");
            let is_inside = typed.starts_with('%');
            assert!(expected.is_none_or(|pattern| begins_a_word(pattern) != is_inside), "{typed}");
        }
    }
}
