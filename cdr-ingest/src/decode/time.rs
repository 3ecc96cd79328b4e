//! Stamps as switches write them.

use chrono::{DateTime, NaiveDateTime, TimeZone};

/// Milliseconds of the epoch of an RFC 3339 stamp. The common form `2026-11-01T10:00:00.000Z` is read without a general parser.
pub fn parse_rfc3339_ms(text: &str) -> Option<i64> {
    fast(text.as_bytes()).or_else(|| DateTime::parse_from_rfc3339(text).ok().map(|at| at.timestamp_millis()))
}

/// `YYYY-MM-DDTHH:MM:SS[.mmm]Z`.
fn fast(bytes: &[u8]) -> Option<i64> {
    let millis = match (bytes.len(), bytes.last()?) {
        (20, b'Z') => 0,
        (24, b'Z') if bytes[19] == b'.' => number(&bytes[20..23])?,
        _ => return None,
    };
    civil_ms(&bytes[..19], b'T').map(|ms| ms + millis)
}

/// Milliseconds since 1970 of `YYYY-MM-DD HH:MM:SS` on some calendar, with `between` between day and time; years 1970 to 2199.
fn civil_ms(bytes: &[u8], between: u8) -> Option<i64> {
    if bytes.len() != 19 || [bytes[4], bytes[7], bytes[10], bytes[13], bytes[16]] != [b'-', b'-', between, b':', b':'] {
        return None;
    }
    let (year, month, day) = (number(&bytes[..4])?, number(&bytes[5..7])?, number(&bytes[8..10])?);
    let (hour, minute, second) = (number(&bytes[11..13])?, number(&bytes[14..16])?, number(&bytes[17..19])?);
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days_in_month = match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1970..2200).contains(&year) || day < 1 || day > days_in_month || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days since 1970-01-01 of a Gregorian date, counting years from March (Howard Hinnant's civil calendar).
    let shifted = if month > 2 { year } else { year - 1 };
    let era = shifted / 400;
    let year_of_era = shifted - era * 400;
    let day_of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let days = era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1000)
}

fn number(digits: &[u8]) -> Option<i64> {
    digits.iter().try_fold(0i64, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + i64::from(byte - b'0')))
}

/// Milliseconds of the epoch of `2026-11-01 10:00:00` on the wall clock of `zone`. A stamp inside the hour that a clock change repeats means its
/// first passage; one inside the hour that it skips is no time.
pub(super) fn parse_local_ms(text: &str, zone: chrono_tz::Tz) -> Option<i64> {
    let local = match civil_ms(text.as_bytes(), b' ').and_then(DateTime::from_timestamp_millis) {
        Some(local) => local.naive_utc(),
        None => NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f").ok()?,
    };
    Some(zone.from_local_datetime(&local).earliest()?.timestamp_millis())
}

/// Milliseconds of a number of seconds, whole or with decimals; what is beyond milliseconds is cut off.
pub(super) fn seconds_to_ms(text: &str) -> Option<i64> {
    decimal(text, 3)
}

/// A decimal number times ten to the power of `digits`, the rest cut off.
pub(super) fn decimal(text: &str, digits: usize) -> Option<i64> {
    let text = text.trim();
    let (negative, text) = text.strip_prefix('-').map_or((false, text), |text| (true, text));
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !is_digits(whole) || !is_digits(fraction) || fraction.len() > 18 {
        return None;
    }
    let places = fraction.bytes().chain(std::iter::repeat(b'0')).take(digits);
    let value = places.fold(whole.parse().ok(), |value: Option<i64>, digit| {
        value?.checked_mul(10)?.checked_add(i64::from(digit - b'0'))
    })?;
    Some(if negative { -value } else { value })
}

/// Milliseconds of the epoch of a stamp as switches write them when they are free to choose: seconds of the epoch, RFC 3339 (the offset also without its
/// colon), or the wall clock of `zone`.
pub(super) fn parse_any_ms(text: &str, zone: chrono_tz::Tz) -> Option<i64> {
    let text = text.trim();
    if text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.') {
        return seconds_to_ms(text);
    }
    parse_local_ms(text, zone)
        .or_else(|| parse_rfc3339_ms(text))
        .or_else(|| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M:%S%.f%z").ok().map(|at| at.timestamp_millis()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn stamps() {
        for (text, expected) in [
            ("1970-01-01T00:00:00Z", Some(0)),
            ("2026-11-01T10:00:05.250Z", Some(1_793_527_205_250)),
            ("2026-11-01T13:00:05.250+03:00", Some(1_793_527_205_250)),
            ("2024-02-29T00:00:00Z", Some(1_709_164_800_000)),
            ("2026-02-29T00:00:00Z", None),
            ("2026-13-01T00:00:00Z", None),
            ("2026-11-01 10:00:05", None),
            ("", None),
            ("2026-11-01T10:00:05.2я", None),
        ] {
            assert_eq!(parse_rfc3339_ms(text), expected, "{text:?}");
        }
        assert_eq!(parse_local_ms("2026-11-01 13:00:05", chrono_tz::Europe::Moscow), Some(1_793_527_205_000));
        assert_eq!(parse_local_ms("2026-11-01", chrono_tz::Europe::Moscow), None);
    }

    #[test]
    fn stamps_of_any_kind_and_seconds() {
        for (text, expected) in [
            ("1793527205", Some(1_793_527_205_000)),
            ("1793527205.250731", Some(1_793_527_205_250)),
            ("2026-11-01 13:00:05", Some(1_793_527_205_000)),
            ("2026-11-01T13:00:05+0300", Some(1_793_527_205_000)),
            ("2026-11-01T10:00:05Z", Some(1_793_527_205_000)),
            ("noon", None),
            ("", None),
            (".", None),
            ("99999999999999999999", None),
        ] {
            assert_eq!(parse_any_ms(text, chrono_tz::Europe::Moscow), expected, "{text}");
        }
        for (text, expected) in [
            ("60", Some(60_000)),
            ("60.25", Some(60_250)),
            ("60.2509", Some(60_250)),
            ("-1", Some(-1_000)),
            (" 7 ", Some(7_000)),
            ("1e3", None),
            ("-", None),
            ("9223372036854775807", None),
        ] {
            assert_eq!(seconds_to_ms(text), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_fast_way_equals_the_general_one(ms in 0i64..7_000_000_000_000) {
            let text = DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
            prop_assert_eq!(fast(text.as_bytes()), Some(ms));
        }
    }
}
