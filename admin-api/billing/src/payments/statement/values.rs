//! What stands in the fields of a statement: amounts, days, accounts.
//!
//! Owns: the writings that banks use, and what is refused.
//! Does not own: which field holds what (`document`, `table`).
//! Always: pure; an amount is exact to the kopeck or it is none.

use chrono::{Datelike, NaiveDate};
use rust_decimal::Decimal;

/// Digits of an account of a bank.
const ACCOUNT_DIGITS: usize = 20;
/// Most digits before the kopecks.
const ROUBLE_DIGITS_MAX: usize = 15;
/// Years in which a day may lie: anything else is a slip of the pen.
const YEARS: std::ops::RangeInclusive<i32> = 2000..=2099;

/// An amount: `3270`, `3270.5`, `3 270,00`, `-10.00`. `None`: it is none, it is too large, or it has parts of a kopeck.
pub(super) fn amount(text: &str) -> Option<Decimal> {
    let text: String = text.chars().filter(|sign| !sign.is_whitespace() && *sign != '\'').collect();
    let digits = text.strip_prefix(['-', '+']).unwrap_or(&text);
    let (whole, part) = digits.split_once(['.', ',']).unwrap_or((digits, ""));
    let part = part.trim_end_matches('0');
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > ROUBLE_DIGITS_MAX || part.len() > 2 || !is_number(whole) || !is_number(part) {
        return None;
    }
    let kopecks: i128 = format!("{whole}{part:0<2}").parse().ok()?;
    Some(Decimal::from_i128_with_scale(if text.starts_with('-') { -kopecks } else { kopecks }, 2))
}

/// A day: `01.02.2026` or `2026-02-01`; a time behind it is passed over.
pub(super) fn day(text: &str) -> Option<NaiveDate> {
    let text = text.trim().split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<&str> = text.split(['.', '-']).collect();
    let [first, month, last] = parts[..] else { return None };
    let (year, day) = if text.contains('.') { (last, first) } else { (first, last) };
    let number = |text: &str, width: usize| -> Option<u32> {
        let fits = text.len() == width && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { text.parse().ok() } else { None }
    };
    let year = i32::try_from(number(year, 4)?).ok()?;
    let day = NaiveDate::from_ymd_opt(year, number(month, 2)?, number(day, 2)?)?;
    YEARS.contains(&day.year()).then_some(day)
}

/// An account of a bank: 20 digits, with blanks between or not.
pub(super) fn account(text: &str) -> Option<String> {
    let account = account_text(text);
    let fits = account.len() == ACCOUNT_DIGITS && account.bytes().all(|byte| byte.is_ascii_digit());
    fits.then_some(account)
}

/// An account as it stands, without blanks and without the mark by which a workbook keeps digits as text. Accounts abroad have no 20 digits.
pub(super) fn account_text(text: &str) -> String {
    text.chars().filter(|sign| !sign.is_whitespace() && *sign != '\'').collect()
}

/// An INN, KPP or BIC as it stands; banks write zeros for none.
pub(super) fn code(text: &str) -> String {
    let code = account_text(text);
    if code.bytes().all(|byte| byte == b'0') { String::new() } else { code }
}

/// What a fault tells of a value.
pub(super) fn shortened(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// as written | kopecks
    #[test]
    fn amounts_are_exact_or_none() {
        for (text, expected) in [
            ("3270", Some(327_000)),
            ("3270.5", Some(327_050)),
            ("3270,05", Some(327_005)),
            ("3 270,00", Some(327_000)),
            ("3\u{a0}270.00", Some(327_000)),
            ("1'000.10", Some(100_010)),
            ("0.01", Some(1)),
            ("-0.01", Some(-1)),
            ("+5", Some(500)),
            ("10.1000", Some(1_010)),
            ("999999999999999.99", Some(99_999_999_999_999_999)),
            ("1000000000000000", None),
            ("3,270.00", None),
            ("3.270,00", None),
            ("0.001", None),
            ("1e3", None),
            (".50", None),
            ("--1", None),
            ("", None),
            ("-", None),
            ("12 руб", None),
        ] {
            let read = amount(text);
            assert_eq!(read.map(|amount| amount.mantissa()), expected, "{text}");
            assert!(read.is_none_or(|amount| amount.scale() == 2), "{text}");
        }
    }

    #[test]
    fn days() {
        let expected = NaiveDate::from_ymd_opt(2026, 2, 1);
        for text in ["01.02.2026", "2026-02-01", " 01.02.2026 10:15:00", "2026-02-01T10:15:00"] {
            assert_eq!(day(text), expected, "{text}");
        }
        for text in
            ["", "1.2.2026", "01.02.26", "31.02.2026", "01.02.1926", "01/02/2026", "01.02.2026.01", "+1.02.2026"]
        {
            assert_eq!(day(text), None, "{text}");
        }
    }

    #[test]
    fn accounts_and_codes() {
        assert_eq!(account("40702 810 4 0000 0000001").as_deref(), Some("40702810400000000001"));
        assert_eq!(account("'40702810400000000001").as_deref(), Some("40702810400000000001"));
        for text in ["", "4070281040000000000", "407028104000000000011", "4070281040000000000A"] {
            assert_eq!(account(text), None, "{text}");
        }
        assert_eq!((code("0").as_str(), code("000000000").as_str(), code("770701001").as_str()), ("", "", "770701001"));
    }
}
