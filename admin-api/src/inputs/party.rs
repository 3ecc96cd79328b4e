//! What is said of parties and people: names, addresses, phones.
//!
//! Owns: how they are written at the API.
//! Does not own: numbers of the registry (`billing::parties`).
//! Always: what cannot be understood is a problem that points at the field; what was written is kept as it was written.

use billing::settings::Settings;
use numbering::{E164, NumberRules};

use crate::language::Text;
use crate::problem::Problem;

/// Longest name.
const NAME_CHARS_MAX: usize = 300;
/// Longest address (RFC 5321).
const EMAIL_BYTES_MAX: usize = 254;

/// A name: 1 to 300 characters.
pub(crate) fn name(pointer: &str, text: &str) -> Result<String, Problem> {
    some_text(pointer, text, NAME_CHARS_MAX)
}

/// A text that is not empty.
pub(crate) fn some_text(pointer: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = self::text(pointer, text, most)?;
    if text.is_empty() {
        return Err(Problem::field(pointer, Text::fixed("Поле обязательно", "The field is required")));
    }
    Ok(text)
}

/// A text of up to so many characters, which may have lines.
pub(crate) fn text(pointer: &str, text: &str, most: usize) -> Result<String, Problem> {
    let text = text.trim();
    let strange = |letter: char| letter.is_control() && letter != '\n';
    if text.chars().count() <= most && !text.contains(strange) {
        return Ok(text.to_owned());
    }
    let detail = Text::new(
        format!("Ожидаются до {most} символов без управляющих"),
        format!("Up to {most} characters are expected, no control characters"),
    );
    Err(Problem::field(pointer, detail))
}

/// An e-mail address.
pub(crate) fn email(pointer: &str, text: &str) -> Result<String, Problem> {
    let text = text.trim();
    let parts = text.split_once('@').filter(|(name, domain)| {
        !name.is_empty()
            && domain.split('.').count() > 1
            && domain.split('.').all(|part| !part.is_empty())
            && !domain.contains('@')
    });
    let strange = |letter: char| letter.is_whitespace() || letter.is_control();
    let fits = parts.is_some() && text.len() <= EMAIL_BYTES_MAX && !text.contains(strange);
    let expected = Text::fixed(
        "Ожидается адрес вида name@example.ru, до 254 байт",
        "An address such as name@example.ru is expected, of up to 254 bytes",
    );
    fits.then(|| text.to_owned()).ok_or_else(|| Problem::field(pointer, expected))
}

/// A phone in any writing, and the number that it stands for by the setting `search.number_rules`.
pub(crate) fn phone(pointer: &str, text: &str, settings: &Settings) -> Result<(String, E164), Problem> {
    let text = self::text(pointer, text, 100)?;
    let rules = settings.text("search.number_rules")?;
    let rules = NumberRules::parse(rules, "").map_err(|error| {
        tracing::error!("setting search.number_rules: {error}");
        Problem::new(crate::problem::Code::Internal)
    })?;
    let number = rules.normalise(&text).map_err(|error| super::not_a_number(pointer, error))?;
    let number = number.e164().ok_or_else(|| super::not_a_number(pointer, numbering::NotANumber::TooShort))?;
    Ok((text, number))
}

/// A country, two capital letters (ISO 3166-1).
pub(crate) fn country(pointer: &str, text: &str) -> Result<String, Problem> {
    let fits = text.len() == 2 && text.bytes().all(|letter| letter.is_ascii_uppercase());
    let expected = Text::fixed(
        "Ожидается код страны из двух заглавных латинских букв, например RU",
        "A country code of two capital letters is expected, such as RU",
    );
    fits.then(|| text.to_owned()).ok_or_else(|| Problem::field(pointer, expected))
}

/// A language of letters to clients.
pub(crate) fn language(pointer: &str, text: &str) -> Result<String, Problem> {
    let expected = Text::fixed("Ожидается ru или en", "ru or en is expected");
    ["ru", "en"].contains(&text).then(|| text.to_owned()).ok_or_else(|| Problem::field(pointer, expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_phones() {
        for (text, fits) in [
            ("a@b.ru", true),
            ("почта@пример.рф", true),
            ("a@b", false),
            ("a@@b.ru", false),
            ("@b.ru", false),
            ("a@b..ru", false),
            ("a b@c.ru", false),
            (&format!("{}@b.ru", "a".repeat(250)), false),
        ] {
            assert_eq!(email("/email", text).is_ok(), fits, "{text:?}");
        }
        let settings = Settings::of([("search.number_rules", "+> 00> 810> 8>7 >")]);
        for (text, expected) in [
            ("8(495) 200-0-200", Some("74952000200")),
            ("+7 495 200-02-00", Some("74952000200")),
            ("74952000200", Some("74952000200")),
            ("810 44 20 7946 0000", Some("442079460000")),
            ("12", None),
            ("call me", None),
        ] {
            let found = phone("/phone", text, &settings).ok();
            assert_eq!(found.map(|(_, number)| number.to_string()).as_deref(), expected, "{text:?}");
        }
    }
}
