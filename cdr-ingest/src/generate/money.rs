//! Amounts as whole nano-units, and their decimal text.
//!
//! **Owns:** reading and writing decimals. **Does not own:** rounding and prices (`price`). **Always:** exact; no float.

/// Nano-units in one unit of a currency.
pub(super) const NANO: i128 = 1_000_000_000;

/// Reads a decimal with a point and at most nine decimals as nano-units.
#[must_use]
pub(super) fn parse_nano(text: &str) -> Option<i128> {
    let (negative, unsigned) = text.strip_prefix('-').map_or((false, text), |rest| (true, rest));
    let (whole, part) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let all_digits = whole.bytes().chain(part.bytes()).all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || whole.len() > 20 || part.len() > 9 || !all_digits {
        return None;
    }
    let nano = whole.parse::<i128>().ok()? * NANO + format!("{part:0<9}").parse::<i128>().ok()?;
    Some(if negative { -nano } else { nano })
}

/// Writes nano-units as a decimal without needless zeros: 1500000000 is `1.5`.
#[must_use]
pub(super) fn decimal(nano: i128) -> String {
    let sign = if nano < 0 { "-" } else { "" };
    let (whole, part) = (nano.abs() / NANO, nano.abs() % NANO);
    let text = format!("{sign}{whole}.{part:09}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::{decimal, parse_nano};

    #[test]
    fn decimals_read_and_write() {
        for (text, nano) in [("0", 0), ("0.006", 6_000_000), ("12.5", 12_500_000_000), ("-1.000000001", -1_000_000_001)]
        {
            assert_eq!(parse_nano(text), Some(nano), "{text}");
            assert_eq!(decimal(nano), text);
        }
        for text in ["", ".5", "1.0000000001", "1,5", "+1", "1e3"] {
            assert_eq!(parse_nano(text), None, "{text}");
        }
    }
}
