//! The two languages in which the API speaks to people.
//!
//! Owns: the choice by `Accept-Language`, and texts that exist in both languages.
//! Does not own: which text is said.
//! Always: Russian where the caller has no wish, or only wishes for others.

use std::borrow::Cow;

use axum::http::HeaderMap;
use axum::http::header::ACCEPT_LANGUAGE;
pub(crate) use rating::wording::Language;

/// The language that a request likes best.
pub(crate) fn of(headers: &HeaderMap) -> Language {
    preferred(headers.get(ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()))
}

/// The language that an `Accept-Language` header likes best.
fn preferred(header: Option<&str>) -> Language {
    let mut best: Option<(f32, Language)> = None;
    for choice in header.unwrap_or_default().split(',') {
        let (tag, parameters) = choice.split_once(';').unwrap_or((choice, ""));
        let primary = tag.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        let language = match primary.as_str() {
            "ru" | "*" => Language::Russian,
            "en" => Language::English,
            _ => continue,
        };
        let weight: f32 = match parameters.trim().strip_prefix("q=") {
            Some(text) => text.trim().parse().unwrap_or(0.0),
            None => 1.0,
        };
        if weight > best.map_or(0.0, |(best, _)| best) {
            best = Some((weight, language));
        }
    }
    best.map_or(Language::Russian, |(_, language)| language)
}

/// A text in both languages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Text {
    ru: Cow<'static, str>,
    en: Cow<'static, str>,
}

impl Text {
    /// A text that is always the same.
    pub(crate) const fn fixed(ru: &'static str, en: &'static str) -> Self {
        Self { ru: Cow::Borrowed(ru), en: Cow::Borrowed(en) }
    }

    /// A text that names something.
    pub(crate) fn new(ru: String, en: String) -> Self {
        Self { ru: Cow::Owned(ru), en: Cow::Owned(en) }
    }

    /// The text in one language.
    pub(crate) fn spoken(&self, language: Language) -> &str {
        match language {
            Language::Russian => &self.ru,
            Language::English => &self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_header_decides_and_russian_is_the_default() {
        for (header, expected) in [
            (None, Language::Russian),
            (Some(""), Language::Russian),
            (Some("en"), Language::English),
            (Some("en-GB,en;q=0.9"), Language::English),
            (Some("de, en;q=0.5"), Language::English),
            (Some("ru;q=0.4, EN;q=0.6"), Language::English),
            (Some("ru, en"), Language::Russian),
            (Some("*;q=0.1, en;q=0.2"), Language::English),
            (Some("en;q=0"), Language::Russian),
            (Some("fr"), Language::Russian),
        ] {
            assert_eq!(preferred(header), expected, "{header:?}");
        }
    }
}
