//! Texts of callers become values.
//!
//! Owns: how numbers, prefixes, moments, months, amounts, words and reasons are written at the API.
//! Does not own: where they stand in a request (`extract`), what is done with them.
//! Always: what cannot be understood is a problem that points at the field; nothing is guessed.

pub(crate) mod party;

use std::ops::RangeInclusive;
use std::str::FromStr;

use billing::settings::Settings;
use chrono::{DateTime, Datelike, Days, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use numbering::{Dialled, Digits, E164, NotANumber, NumberRules, ShortCode, parse_mask};
use rating::{Currency, Money, Service};
use rust_decimal::Decimal;

use crate::language::Text;
use crate::problem::{Code, Problem};

/// Longest word (code of an account, source, ..).
const WORD_CHARS_MAX: usize = 100;
/// Longest reason.
const REASON_CHARS_MAX: usize = 1_000;
/// Years in which what is written down here begins or ends. One outside is a slip of the pen; beyond four digits it would come back as no date at all.
const YEARS: RangeInclusive<i32> = 1990..=2199;
/// Years of a day that a registry knows: an organisation may be older than its registry.
const YEARS_OF_REGISTRY: RangeInclusive<i32> = 1800..=2199;

/// A text that is there and not empty.
pub(crate) fn given(text: Option<&str>) -> Option<&str> {
    text.map(str::trim).filter(|text| !text.is_empty())
}

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

/// A mask that may be barred: a prefix or a whole number as people write it, or `short:CODE`. The digits of an emergency code without a `+` are
/// taken for the code (A1): whoever means the prefix writes the `+`.
pub(crate) fn mask(pointer: &str, text: &str, settings: &Settings) -> Result<Digits, Problem> {
    let plain: String = text.chars().filter(|letter| !" -.()".contains(*letter)).collect();
    let mut emergency = settings.text("numbering.emergency")?.split_whitespace();
    if emergency.any(|code| code == plain || plain.strip_prefix("short:") == Some(code)) {
        return Err(emergency_not_lockable(pointer, &plain));
    }
    prefix(pointer, &plain)
}

/// The refusal of a lock on an emergency code.
pub(crate) fn emergency_not_lockable(pointer: &str, code: &str) -> Problem {
    let detail = Text::new(
        format!("{code} — экстренный номер; если имеется в виду начало международных номеров, напишите +{code}"),
        format!("{code} is an emergency code; if the beginning of international numbers is meant, write +{code}"),
    );
    Problem::new(Code::EmergencyNotLockable).at(pointer, detail)
}

/// An identifier in a path.
pub(crate) fn id(pointer: &str, text: &str) -> Result<i64, Problem> {
    let id = text.parse::<i64>().ok().filter(|id| *id > 0);
    id.ok_or_else(|| {
        Problem::field(pointer, Text::fixed("Ожидается целое число от 1", "A whole number from 1 is expected"))
    })
}

/// `true` or `false`.
pub(crate) fn flag(pointer: &str, text: &str) -> Result<bool, Problem> {
    text.parse()
        .map_err(|_| Problem::field(pointer, Text::fixed("Ожидается true или false", "true or false is expected")))
}

/// A day `YYYY-MM-DD`.
pub(crate) fn day(pointer: &str, text: &str) -> Result<NaiveDate, Problem> {
    day_of(pointer, text, YEARS)
}

/// The same, of a registry.
pub(crate) fn day_of_registry(pointer: &str, text: &str) -> Result<NaiveDate, Problem> {
    day_of(pointer, text, YEARS_OF_REGISTRY)
}

fn day_of(pointer: &str, text: &str, years: RangeInclusive<i32>) -> Result<NaiveDate, Problem> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    let expected = Text::fixed("Ожидается дата ГГГГ-ММ-ДД", "A date YYYY-MM-DD is expected");
    within(pointer, day.ok_or_else(|| Problem::field(pointer, expected))?, years)
}

/// What is of these years, as it is written.
fn within<T: Datelike>(pointer: &str, time: T, years: RangeInclusive<i32>) -> Result<T, Problem> {
    if years.contains(&time.year()) {
        return Ok(time);
    }
    let (first, last) = years.into_inner();
    let expected =
        Text::new(format!("Ожидается год от {first} до {last}"), format!("A year of {first} to {last} is expected"));
    Err(Problem::field(pointer, expected))
}

/// A code of three capital letters. Whether it may be chosen the directory says.
pub(crate) fn currency(pointer: &str, text: &str) -> Result<Currency, Problem> {
    let expected = Text::fixed(
        "Ожидается код валюты из трёх заглавных латинских букв",
        "A currency code of three capital letters is expected",
    );
    Currency::parse(text).ok_or_else(|| Problem::field(pointer, expected))
}

/// A percentage from 0 to 100 with at most two decimals.
pub(crate) fn percent(pointer: &str, text: &str) -> Result<Decimal, Problem> {
    let percent = amount(pointer, text)?.normalize();
    let fits = !percent.is_sign_negative() && percent <= Decimal::ONE_HUNDRED && percent.scale() <= 2;
    let expected = Text::fixed(
        "Ожидается процент от 0 до 100, не больше двух знаков после точки",
        "A percentage of 0 to 100 is expected, with at most two decimals",
    );
    fits.then_some(percent).ok_or_else(|| Problem::field(pointer, expected))
}

/// An amount above 0 that the engine can hold: below 1,000,000,000 with at most nine decimals.
pub(crate) fn rate(pointer: &str, text: &str) -> Result<Decimal, Problem> {
    let rate = amount(pointer, text)?.normalize();
    let fits = Money::parse(&rate.to_string()).is_some_and(|rate| rate > Money::ZERO);
    let expected = Text::fixed(
        "Ожидается число больше 0 и меньше 1000000000, не больше девяти знаков после точки",
        "A number above 0 and below 1000000000 is expected, with at most nine decimals",
    );
    fits.then_some(rate).ok_or_else(|| Problem::field(pointer, expected))
}

/// What something costs: from 0 to below 1,000,000,000 with at most two decimals.
pub(crate) fn price(pointer: &str, text: &str) -> Result<Decimal, Problem> {
    let price = amount(pointer, text)?.normalize();
    let fits = !price.is_sign_negative() && price.scale() <= 2 && price < Decimal::from(1_000_000_000);
    let expected = Text::fixed(
        "Ожидается число от 0 меньше 1000000000, не больше двух знаков после точки",
        "A number of 0 to below 1000000000 is expected, with at most two decimals",
    );
    fits.then_some(price).ok_or_else(|| Problem::field(pointer, expected))
}

/// A wall clock `YYYY-MM-DD hh:mm:ss` of `zone`. `end`: it is the last second of a stretch, so the moment after it is meant.
pub(crate) fn wall_clock(pointer: &str, text: &str, zone: Tz, end: bool) -> Result<DateTime<Utc>, Problem> {
    let clock = NaiveDateTime::parse_from_str(text.trim(), "%Y-%m-%d %H:%M:%S").ok();
    let clock = clock.map(|clock| within(pointer, clock, YEARS)).transpose()?;
    let moment = clock.and_then(|clock| {
        let moments = zone.from_local_datetime(&clock);
        if end { moments.latest().map(|last| last + TimeDelta::seconds(1)) } else { moments.earliest() }
    });
    let expected = Text::fixed(
        "Ожидается время ГГГГ-ММ-ДД чч:мм:сс, которое есть в указанном поясе",
        "A time YYYY-MM-DD hh:mm:ss is expected that exists in the zone",
    );
    moment.map(|moment| moment.with_timezone(&Utc)).ok_or_else(|| Problem::field(pointer, expected))
}

/// A time zone.
pub(crate) fn zone(pointer: &str, text: &str) -> Result<Tz, Problem> {
    let expected = Text::fixed(
        "Ожидается часовой пояс IANA, например Europe/Moscow",
        "An IANA time zone is expected, such as Europe/Moscow",
    );
    text.parse().map_err(|_| Problem::field(pointer, expected))
}

/// A moment in RFC 3339, or a day, which is its beginning in `zone`; with `whole_day` the beginning of the next one.
pub(crate) fn moment(pointer: &str, text: &str, zone: Tz, whole_day: bool) -> Result<DateTime<Utc>, Problem> {
    // In a query string `+03:00` arrives with a blank.
    let text = text.trim().replace(' ', "+");
    if let Ok(moment) = DateTime::parse_from_rfc3339(&text) {
        return Ok(within(pointer, moment, YEARS)?.with_timezone(&Utc));
    }
    let day = NaiveDate::parse_from_str(&text, "%Y-%m-%d").ok();
    let day = day.map(|day| within(pointer, day, YEARS)).transpose()?;
    let day = day.and_then(|day| if whole_day { day.checked_add_days(Days::new(1)) } else { Some(day) });
    // A day whose midnight the zone skips has no beginning that could be meant; it is refused like any other text.
    let start = day.and_then(|day| zone.from_local_datetime(&day.and_time(NaiveTime::MIN)).earliest());
    let expected = Text::fixed(
        "Ожидается дата ГГГГ-ММ-ДД или момент RFC 3339",
        "A date YYYY-MM-DD is expected, or a moment in RFC 3339",
    );
    start.map(|start| start.with_timezone(&Utc)).ok_or_else(|| Problem::field(pointer, expected))
}

/// A moment in RFC 3339 and nothing else.
pub(crate) fn instant(pointer: &str, text: &str) -> Result<DateTime<Utc>, Problem> {
    let expected = Text::fixed(
        "Ожидается момент RFC 3339, например 2026-07-01T10:00:00Z",
        "A moment in RFC 3339 is expected, such as 2026-07-01T10:00:00Z",
    );
    let moment = DateTime::parse_from_rfc3339(text.trim()).map_err(|_| Problem::field(pointer, expected))?;
    Ok(within(pointer, moment, YEARS)?.with_timezone(&Utc))
}

/// First moment and moment after the last, as moments or days of the billing zone.
pub(crate) fn range(
    from: Option<&str>,
    to: Option<&str>,
    settings: &Settings,
) -> Result<[Option<DateTime<Utc>>; 2], Problem> {
    let zone = settings.zone("billing.zone")?;
    let from = given(from).map(|text| moment("/from", text, zone, false)).transpose()?;
    let to = given(to).map(|text| moment("/to", text, zone, true)).transpose()?;
    Ok([from, to])
}

/// The first day of a month written `YYYY-MM`.
pub(crate) fn month(pointer: &str, text: &str) -> Result<NaiveDate, Problem> {
    let day = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().filter(|_| text.len() == 7);
    let expected = Text::fixed("Ожидается месяц ГГГГ-ММ", "A month YYYY-MM is expected");
    within(pointer, day.ok_or_else(|| Problem::field(pointer, expected))?, YEARS)
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
    words_of_reason("/reason", text)
}

/// The same in another field.
pub(crate) fn words_of_reason<'a>(pointer: &str, text: Option<&'a str>) -> Result<&'a str, Problem> {
    let reason = text.map(str::trim).unwrap_or_default();
    if reason.is_empty() {
        let why = Text::fixed("Без причины изменение не принимается", "No change is made without a reason");
        return Err(Problem::new(Code::ReasonRequired).at(pointer, why));
    }
    let strange = |letter: char| letter.is_control() && letter != '\n';
    if reason.chars().count() > REASON_CHARS_MAX || reason.contains(strange) {
        let expected = Text::fixed(
            "Ожидаются до 1000 символов без управляющих",
            "Up to 1000 characters are expected, no control characters",
        );
        return Err(Problem::field(pointer, expected));
    }
    Ok(reason)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::language::Language;

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

    /// A year of no or of five digits is none of RFC 3339, and one of another century a slip.
    #[test]
    fn years_are_of_our_time() {
        let moscow = chrono_tz::Europe::Moscow;
        for (year, fits) in
            [("1990", true), ("2199", true), ("1989", false), ("2200", false), ("0000", false), ("9999", false)]
        {
            for (whole_day, text) in [
                (false, format!("{year}-12-31")),
                (true, format!("{year}-12-31")),
                (false, format!("{year}-12-31T23:59:59+03:00")),
            ] {
                assert_eq!(moment("/from", &text, moscow, whole_day).is_ok(), fits, "{text}");
            }
            assert_eq!(day("/day", &format!("{year}-01-01")).is_ok(), fits, "{year}");
            assert_eq!(month("/month", &format!("{year}-01")).is_ok(), fits, "{year}");
            assert_eq!(instant("/at", &format!("{year}-06-01T00:00:00Z")).is_ok(), fits, "{year}");
            assert_eq!(wall_clock("/from", &format!("{year}-06-01 00:00:00"), moscow, false).is_ok(), fits, "{year}");
        }
        for text in ["-0005-01-01", "+10000-01-01", "26-07-01", "-0005-01-01T00:00:00Z", "+10000-01-01T00:00:00Z"] {
            assert!(moment("/from", text, moscow, true).is_err(), "{text}");
        }
        assert!(day("/day", "-001-01-01").is_err() && month("/month", "-001-1").is_err());
        assert!(day_of_registry("/day", "1889-05-01").is_ok() && day_of_registry("/day", "0889-05-01").is_err());
        assert!(instant("/at", "2026-07-01").is_err());
        let problem =
            serde_json::to_value(day("/day", "9999-01-01").unwrap_err().body(Language::Russian, "r")).unwrap();
        assert_eq!(problem["errors"][0]["detail"], "Ожидается год от 1990 до 2199");
    }

    /// B22: from 2024-01-01 00:00:00 to 2024-12-31 23:59:59 in Moscow.
    #[test]
    fn wall_clocks_of_a_zone() {
        let moscow = chrono_tz::Europe::Moscow;
        let berlin = chrono_tz::Europe::Berlin;
        for (text, zone, end, expected) in [
            ("2024-01-01 00:00:00", moscow, false, Some("2023-12-31T21:00:00Z")),
            ("2024-12-31 23:59:59", moscow, true, Some("2024-12-31T21:00:00Z")),
            // 02:30 comes twice and not at all.
            ("2026-10-25 02:30:00", berlin, false, Some("2026-10-25T00:30:00Z")),
            ("2026-10-25 02:30:00", berlin, true, Some("2026-10-25T01:30:01Z")),
            ("2026-03-29 02:30:00", berlin, false, None),
            ("2024-01-01", moscow, false, None),
            ("2024-01-01T00:00:00Z", moscow, false, None),
        ] {
            let expected = expected.map(|text| DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc));
            assert_eq!(wall_clock("/from", text, zone, end).ok(), expected, "{text}");
        }
    }

    #[test]
    fn percentages_rates_days_and_currencies() {
        for (text, fits) in
            [("0", true), ("100", true), ("7.25", true), ("7.255", false), ("100.01", false), ("-1", false)]
        {
            assert_eq!(percent("/percent", text).is_ok(), fits, "{text}");
        }
        for (text, fits) in
            [("0.000000001", true), ("0", false), ("-1", false), ("0.0000000001", false), ("1000000000", false)]
        {
            assert_eq!(rate("/rate", text).is_ok(), fits, "{text}");
        }
        assert!(day("/day", "2026-07-01").is_ok() && day("/day", "2026-7-1").is_err());
        assert!(currency("/from", "RUB").is_ok() && currency("/from", "rub").is_err());
        assert!(id("/id", "7").is_ok() && id("/id", "0").is_err() && id("/id", "x").is_err());
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
