//! Texts of callers become values.
//!
//! Owns: how numbers, prefixes, moments, months, amounts, words and reasons are written at the API.
//! Does not own: where they stand in a request (`extract`), what is done with them.
//! Always: what cannot be understood is a problem that points at the field; nothing is guessed.

use std::str::FromStr;

use billing::settings::Settings;
use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeZone, Utc};
use chrono_tz::Tz;
use numbering::{Dialled, Digits, E164, NotANumber, NumberRules, ShortCode, parse_mask};
use rating::Service;
use rust_decimal::Decimal;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// Longest word (code of an account, source, ..).
const WORD_CHARS_MAX: usize = 100;
/// Longest reason.
const REASON_CHARS_MAX: usize = 1_000;

/// A number as people write it: digits, with or without `+`, blanks and brackets; or a short code of the settings.
pub(crate) fn dialled(pointer: &str, text: &str, settings: &Settings) -> Result<Dialled, Problem> {
    let mut codes: Vec<ShortCode> = Vec::new();
    for key in ["numbering.emergency", "numbering.short_codes"] {
        codes.extend(settings.text(key)?.split_whitespace().filter_map(ShortCode::parse));
    }
    number(pointer, text, codes)
}

/// An international number.
pub(crate) fn e164(pointer: &str, text: &str) -> Result<E164, Problem> {
    let number = number(pointer, text, Vec::new())?;
    number.e164().ok_or_else(|| not_a_number(pointer, NotANumber::TooShort))
}

fn number(pointer: &str, text: &str, codes: Vec<ShortCode>) -> Result<Dialled, Problem> {
    let rules = NumberRules::default().with_short_codes(codes);
    rules.normalise(text).map_err(|error| not_a_number(pointer, error))
}

fn not_a_number(pointer: &str, error: NotANumber) -> Problem {
    let ru = match error {
        NotANumber::Empty => "Номер пуст",
        NotANumber::NotDigits => "В номере не только цифры",
        NotANumber::NoRule => "Начало номера не подходит ни под одно правило",
        NotANumber::TooShort => "В номере меньше 7 цифр, и это не известный короткий код",
        NotANumber::TooLong => "В номере больше 15 цифр",
        NotANumber::LeadingZero => "Международный номер начинается с 0",
    };
    Problem::field(pointer, Text::new(ru.to_owned(), error.to_string()))
}

/// A prefix of numbers, 1 to 15 digits with or without `+`; or `short:CODE`.
pub(crate) fn prefix(pointer: &str, text: &str) -> Result<Digits, Problem> {
    let text = text.trim();
    let digits = parse_mask(text.strip_prefix('+').unwrap_or(text));
    let expected = Text::fixed("Ожидаются от 1 до 15 цифр или short:КОД", "1 to 15 digits are expected, or short:CODE");
    digits.ok_or_else(|| Problem::field(pointer, expected))
}

/// A moment in RFC 3339, or a day, which is its beginning in `zone`; with `whole_day` the beginning of the next one.
pub(crate) fn moment(pointer: &str, text: &str, zone: Tz, whole_day: bool) -> Result<DateTime<Utc>, Problem> {
    // In a query string `+03:00` arrives with a blank.
    let text = text.trim().replace(' ', "+");
    if let Ok(moment) = DateTime::parse_from_rfc3339(&text) {
        return Ok(moment.with_timezone(&Utc));
    }
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
    let day = day.and_then(|day| if whole_day { day.checked_add_days(Days::new(1)) } else { Some(day) });
    // A day whose midnight the zone skips has no beginning that could be meant; it is refused like any other text.
    let start = day.and_then(|day| zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest());
    let expected = Text::fixed(
        "Ожидается дата ГГГГ-ММ-ДД или момент RFC 3339",
        "A date YYYY-MM-DD is expected, or a moment in RFC 3339",
    );
    start.map(|start| start.with_timezone(&Utc)).ok_or_else(|| Problem::field(pointer, expected))
}

/// The first day of a month written `YYYY-MM`.
pub(crate) fn month(pointer: &str, text: &str) -> Result<NaiveDate, Problem> {
    let day = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().filter(|_| text.len() == 7);
    day.ok_or_else(|| Problem::field(pointer, Text::fixed("Ожидается месяц ГГГГ-ММ", "A month YYYY-MM is expected")))
}

/// A decimal such as `-12.50`.
pub(crate) fn amount(pointer: &str, text: &str) -> Result<Decimal, Problem> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.starts_with(|first: char| first.is_ascii_digit())
        && digits.ends_with(|last: char| last.is_ascii_digit())
        && digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let amount = Decimal::from_str_exact(text).ok().filter(|_| plain);
    amount.ok_or_else(|| {
        let expected = Text::fixed(
            "Ожидается десятичное число строкой, например \"1000.00\"",
            "A decimal as a string is expected, such as \"1000.00\"",
        );
        Problem::field(pointer, expected)
    })
}

/// A whole number of seconds of a call, up to a day.
pub(crate) fn seconds(pointer: &str, text: &str) -> Result<u32, Problem> {
    let seconds = text.parse::<u32>().ok().filter(|seconds| *seconds <= 86_400);
    let expected = Text::fixed("Ожидается целое число от 0 до 86400", "A whole number from 0 to 86400 is expected");
    seconds.ok_or_else(|| Problem::field(pointer, expected))
}

/// Identity of a leg: 32 hexadecimal digits; upper case.
pub(crate) fn identity(pointer: &str, text: &str) -> Result<String, Problem> {
    let fits = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let expected = Text::fixed(
        "Ожидаются 32 шестнадцатеричные цифры: id звонка из списка звонков",
        "32 hexadecimal digits are expected: the id of a call in the list of calls",
    );
    fits.then(|| text.to_ascii_uppercase()).ok_or_else(|| Problem::field(pointer, expected))
}

/// A rated service.
pub(crate) fn service(pointer: &str, text: &str) -> Result<Service, Problem> {
    one_of(pointer, text, Service::ALL.iter().map(|service| service.as_str()))
}

/// A word of a closed list.
pub(crate) fn one_of<T: FromStr>(
    pointer: &str,
    text: &str,
    words: impl Iterator<Item = &'static str>,
) -> Result<T, Problem> {
    text.parse().map_err(|_| {
        let words = words.collect::<Vec<_>>().join(", ");
        Problem::field(
            pointer,
            Text::new(format!("Ожидается одно из: {words}"), format!("One of these is expected: {words}")),
        )
    })
}

/// A word that names something: 1 to 100 characters, none of them a control character.
pub(crate) fn word<'a>(pointer: &str, text: &'a str) -> Result<&'a str, Problem> {
    let fits = !text.is_empty() && text.chars().count() <= WORD_CHARS_MAX && !text.chars().any(char::is_control);
    let expected = Text::fixed(
        "Ожидаются от 1 до 100 символов без управляющих",
        "1 to 100 characters are expected, no control characters",
    );
    fits.then_some(text).ok_or_else(|| Problem::field(pointer, expected))
}

/// The reason of a change, in its author's words.
pub(crate) fn reason(text: Option<&str>) -> Result<&str, Problem> {
    let reason = text.map(str::trim).unwrap_or_default();
    if reason.is_empty() {
        let why = Text::fixed("Без причины изменение не принимается", "No change is made without a reason");
        return Err(Problem::new(Code::ReasonRequired).at("/reason", why));
    }
    let strange = |letter: char| letter.is_control() && letter != '\n';
    if reason.chars().count() > REASON_CHARS_MAX || reason.contains(strange) {
        let expected = Text::fixed(
            "Ожидаются до 1000 символов без управляющих",
            "Up to 1000 characters are expected, no control characters",
        );
        return Err(Problem::field("/reason", expected));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_as_people_write_them() {
        for (text, expected) in [
            ("+7 (495) 120-10-31", Some("74951201031")),
            (" 74951201031", Some("74951201031")),
            ("74951201031", Some("74951201031")),
            ("112", None),
            ("749512", None),
            ("+0749512010", None),
            ("1234567890123456", None),
            ("abc", None),
            ("", None),
        ] {
            assert_eq!(e164("/number", text).ok().map(|number| number.to_string()).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn short_codes_are_numbers_where_they_are_known() {
        let codes = || ShortCode::parse("112").into_iter().collect::<Vec<_>>();
        let found = number("/number", "112", codes()).unwrap();
        assert!(found.digits().is_short());
        assert!(number("/number", "113", codes()).is_err());
    }

    #[test]
    fn prefixes() {
        for (text, expected) in
            [("+3811", Some("3811")), ("38", Some("38")), ("short:112", Some("short:112")), ("", None), ("38x", None)]
        {
            let found = prefix("/prefix", text).ok().map(|digits| format!("{digits:?}"));
            assert_eq!(found.as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn moments_and_days() {
        let moscow = chrono_tz::Europe::Moscow;
        for (text, whole_day, expected) in [
            ("2026-07-01", false, Some("2026-06-30T21:00:00Z")),
            ("2026-07-01", true, Some("2026-07-01T21:00:00Z")),
            ("2026-07-01T10:00:00Z", true, Some("2026-07-01T10:00:00Z")),
            ("2026-07-01T10:00:00 03:00", false, Some("2026-07-01T07:00:00Z")),
            ("2026-07-01T10:00:00+03:00", false, Some("2026-07-01T07:00:00Z")),
            ("2026-02-30", false, None),
            ("yesterday", false, None),
        ] {
            let found = moment("/from", text, moscow, whole_day).ok();
            let expected = expected.map(|text| DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc));
            assert_eq!(found, expected, "{text}");
        }
    }

    #[test]
    fn months_amounts_and_reasons() {
        assert_eq!(month("/month", "2026-07").unwrap(), "2026-07-01".parse().unwrap());
        for text in ["2026-7", "2026-13", "2026-07-01", ""] {
            assert!(month("/month", text).is_err(), "{text}");
        }
        assert_eq!(amount("/limit", "1000.00").unwrap().normalize().to_string(), "1000");
        assert_eq!(amount("/limit", "-0.5").unwrap().to_string(), "-0.5");
        for text in ["", "1e3", "1_000", "1,5", ".5", "5.", "1.2.3", " 1", "+1", "--1"] {
            assert!(amount("/limit", text).is_err(), "{text:?}");
        }
        assert_eq!(reason(Some(" по письму клиента ")).unwrap(), "по письму клиента");
        assert_eq!(reason(None).unwrap_err().code(), Code::ReasonRequired);
        assert_eq!(reason(Some(" \n")).unwrap_err().code(), Code::ReasonRequired);
        assert_eq!(reason(Some("a\0b")).unwrap_err().code(), Code::Validation);
    }
}
