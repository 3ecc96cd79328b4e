//! Exact money.
//!
//! Owns: amounts in nano-units, fractions on the way to them, rounding, currencies.
//! Does not own: what is charged.
//! Always: no float; every operation is checked; an amount is at most 999,999,999.999999999 either way (ClickHouse `Decimal(18, 9)`).

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::code::words;

/// Nano-units in one unit of currency.
pub const NANOS_PER_UNIT: i64 = 1_000_000_000;
/// Decimals of a nano-unit.
const DECIMALS: u32 = 9;

/// The amount does not fit `Decimal(18, 9)`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the amount is beyond 999,999,999.999999999")]
pub struct Overflow;

/// An amount in nano-units (1e-9) of a currency that is kept beside it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// One unit.
    pub const ONE: Self = Self(NANOS_PER_UNIT);
    /// The largest amount.
    pub const MAX: Self = Self(999_999_999_999_999_999);

    /// The amount of that many nano-units.
    pub const fn from_nanos(nanos: i64) -> Result<Self, Overflow> {
        if nanos > Self::MAX.0 || nanos < -Self::MAX.0 { Err(Overflow) } else { Ok(Self(nanos)) }
    }

    /// The amount in nano-units.
    #[inline]
    pub const fn nanos(self) -> i64 {
        self.0
    }

    /// Whether this is exactly nothing.
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The sum.
    pub const fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        match self.0.checked_add(other.0) {
            Some(sum) => Self::from_nanos(sum),
            None => Err(Overflow),
        }
    }

    /// Reads a decimal such as `-12.5`: an optional sign, digits, at most nine decimals. `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let ascii = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty()
            || whole.len() > 9
            || fraction.len() > DECIMALS as usize
            || !ascii(whole)
            || !ascii(fraction)
        {
            return None;
        }
        if fraction.is_empty() && digits.contains('.') {
            return None;
        }
        let units: i64 = whole.parse().ok()?;
        let scaled: i64 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let nanos = units * NANOS_PER_UNIT + scaled * 10i64.pow(DECIMALS - fraction.len() as u32);
        Some(Self(if negative { -nanos } else { nanos }))
    }

    /// The amount with exactly `decimals` digits behind the point; more are shown when the amount has more.
    pub fn to_text(self, decimals: u8) -> String {
        let sign = if self.0 < 0 { "-" } else { "" };
        let nanos = self.0.unsigned_abs();
        let (units, fraction) = (nanos / NANOS_PER_UNIT as u64, nanos % NANOS_PER_UNIT as u64);
        let full = format!("{fraction:09}");
        let keep = full.trim_end_matches('0').len().max(decimals as usize);
        if keep == 0 { format!("{sign}{units}") } else { format!("{sign}{units}.{}", &full[..keep]) }
    }
}

impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.to_text(0))
    }
}

impl fmt::Debug for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Money {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// An ISO 4217 code.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency([u8; 3]);

impl Currency {
    /// The Russian rouble.
    pub const RUB: Self = Self(*b"RUB");

    /// Three capital letters; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let code: [u8; 3] = text.as_bytes().try_into().ok()?;
        code.iter().all(u8::is_ascii_uppercase).then_some(Self(code))
    }

    /// The code.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("a currency is ASCII")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

words! {
    /// Which way the last digit goes.
    RoundingMode {
        /// To the nearest; a half goes up.
        HalfUp = "half_up",
        /// Any remainder goes up.
        Up = "up",
        /// To the nearest; a half goes to the even digit.
        HalfEven = "half_even",
        /// Any remainder is dropped.
        Down = "down",
    }
}

/// How an amount is rounded, once, at the end.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Rounding {
    /// Direction.
    pub mode: RoundingMode,
    /// Digits kept behind the point, 0 to 9.
    pub decimals: u8,
}

impl Rounding {
    /// The engine's default: half up, four decimals.
    pub const DEFAULT: Self = Self { mode: RoundingMode::HalfUp, decimals: 4 };

    /// Half up to all nine decimals: how a part of an amount is stored.
    pub const NANOS: Self = Self { mode: RoundingMode::HalfUp, decimals: 9 };
}

/// A fraction of nano-units: what an amount is until its one rounding.
#[derive(Clone, Copy, Debug)]
pub struct Exact {
    numerator: i128,
    /// Above 0.
    denominator: i128,
}

impl Exact {
    /// Nothing.
    pub const ZERO: Self = Self { numerator: 0, denominator: 1 };

    /// `numerator / denominator` nano-units. The denominator is above 0.
    #[inline]
    pub const fn new(numerator: i128, denominator: i128) -> Self {
        assert!(denominator > 0, "a denominator is above 0");
        Self { numerator, denominator }
    }

    /// Whether this is above nothing.
    pub const fn is_positive(self) -> bool {
        self.numerator > 0
    }

    /// The sum.
    pub fn checked_add(self, other: Self) -> Result<Self, Overflow> {
        if self.denominator == other.denominator {
            return Ok(Self { numerator: self.numerator.checked_add(other.numerator).ok_or(Overflow)?, ..self });
        }
        let left = self.numerator.checked_mul(other.denominator).ok_or(Overflow)?;
        let right = other.numerator.checked_mul(self.denominator).ok_or(Overflow)?;
        let denominator = self.denominator.checked_mul(other.denominator).ok_or(Overflow)?;
        Ok(Self { numerator: left.checked_add(right).ok_or(Overflow)?, denominator })
    }

    /// `self * factor / divisor`; `factor` is not negative, `divisor` above 0. Reduced only where the parts would not fit otherwise.
    pub fn checked_ratio(self, factor: i128, divisor: i128) -> Result<Self, Overflow> {
        let product = |own: Self, factor: i128, divisor: i128| {
            Some(Self {
                numerator: own.numerator.checked_mul(factor)?,
                denominator: own.denominator.checked_mul(divisor)?,
            })
        };
        product(self, factor, divisor)
            .or_else(|| {
                let reduce = |top: i128, bottom: i128| {
                    let common = gcd(top.unsigned_abs(), bottom.unsigned_abs()).max(1) as i128;
                    (top / common, bottom / common)
                };
                let (numerator, divisor) = reduce(self.numerator, divisor);
                let (factor, denominator) = reduce(factor, self.denominator);
                let (numerator, denominator) = reduce(numerator, denominator);
                let (factor, divisor) = reduce(factor, divisor);
                product(Self { numerator, denominator }, factor, divisor)
            })
            .ok_or(Overflow)
    }

    /// Compares with an amount.
    pub fn checked_cmp(self, amount: Money) -> Result<std::cmp::Ordering, Overflow> {
        Ok(self.numerator.cmp(&i128::from(amount.nanos()).checked_mul(self.denominator).ok_or(Overflow)?))
    }

    /// The one rounding.
    pub fn round(self, rounding: Rounding) -> Result<Money, Overflow> {
        let quantum = i128::from(10i64.pow(DECIMALS - u32::from(rounding.decimals.min(DECIMALS as u8))));
        let divisor = self.denominator.checked_mul(quantum).ok_or(Overflow)?;
        let magnitude = self.numerator.unsigned_abs();
        let divisor = divisor.unsigned_abs();
        // 64-bit division is several times faster than 128-bit, and nearly every call fits.
        let (quotient, remainder) = match (u64::try_from(magnitude), u64::try_from(divisor)) {
            (Ok(m), Ok(d)) => (u128::from(m / d), u128::from(m % d)),
            _ => (magnitude / divisor, magnitude % divisor),
        };
        let up = match rounding.mode {
            RoundingMode::Up => remainder > 0,
            RoundingMode::Down => false,
            RoundingMode::HalfUp => remainder >= divisor - remainder,
            RoundingMode::HalfEven => match remainder.cmp(&(divisor - remainder)) {
                std::cmp::Ordering::Less => false,
                std::cmp::Ordering::Greater => true,
                std::cmp::Ordering::Equal => quotient % 2 == 1,
            },
        };
        let units = i128::try_from(quotient).map_err(|_| Overflow)? + i128::from(up && remainder > 0);
        let nanos = units.checked_mul(quantum).ok_or(Overflow)?;
        let signed = if self.numerator < 0 { -nanos } else { nanos };
        i64::try_from(signed).map_err(|_| Overflow).and_then(Money::from_nanos)
    }

    /// The exact value for people: a decimal when it ends, else a reduced fraction.
    pub fn to_text(self) -> String {
        let denominator = self.denominator.saturating_mul(i128::from(NANOS_PER_UNIT));
        let divisor = gcd(self.numerator.unsigned_abs(), denominator.unsigned_abs()).max(1);
        let (mut top, bottom) = (self.numerator.unsigned_abs() / divisor, denominator.unsigned_abs() / divisor);
        let (mut rest, mut twos, mut fives) = (bottom, 0u32, 0u32);
        while rest % 2 == 0 {
            rest /= 2;
            twos += 1;
        }
        while rest % 5 == 0 {
            rest /= 5;
            fives += 1;
        }
        let sign = if self.numerator < 0 { "-" } else { "" };
        let places = twos.max(fives);
        if rest != 1 || places > 18 {
            return format!("{sign}{top}/{bottom}");
        }
        top *= 2u128.pow(places - twos) * 5u128.pow(places - fives);
        let scale = 10u128.pow(places);
        if places == 0 {
            format!("{sign}{top}")
        } else {
            format!("{sign}{}.{:0width$}", top / scale, top % scale, width = places as usize)
        }
    }
}

impl From<Money> for Exact {
    fn from(amount: Money) -> Self {
        Self { numerator: i128::from(amount.nanos()), denominator: 1 }
    }
}

fn gcd(a: u128, b: u128) -> u128 {
    if b == 0 { a } else { gcd(b, a % b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn money(text: &str) -> Money {
        Money::parse(text).unwrap()
    }

    #[test]
    fn reads_and_writes() {
        for text in ["0", "1", "-1", "0.5", "999999999.999999999", "-0.000000001", "12.34"] {
            assert_eq!(money(text).to_string(), text);
        }
        assert_eq!(money("0.3").to_text(4), "0.3000");
        assert_eq!(money("9.51667").to_text(4), "9.51667");
        for text in ["", ".", "1.", ".5", "1e3", "+1", "1,5", "1.0000000001", "1000000000", "--1", "１"] {
            assert_eq!(Money::parse(text), None, "{text:?}");
        }
    }

    /// amount, decimals | up, half up, half even, down
    #[test]
    fn rounds_in_four_ways() {
        for (numerator, denominator, decimals, [up, half_up, half_even, down]) in [
            (12_345, 1000, 2, ["12.35", "12.35", "12.34", "12.34"]),
            (12_355, 1000, 2, ["12.36", "12.36", "12.36", "12.35"]),
            (12_340, 1000, 2, ["12.34"; 4]),
            (1, 3, 4, ["0.3334", "0.3333", "0.3333", "0.3333"]),
            (2, 3, 0, ["1", "1", "1", "0"]),
            (1, 2, 0, ["1", "1", "0", "0"]),
            (3, 2, 0, ["2", "2", "2", "1"]),
            (0, 7, 9, ["0"; 4]),
        ] {
            let exact = Exact::new(numerator * i128::from(NANOS_PER_UNIT), denominator);
            for (mode, expected) in RoundingMode::ALL.iter().zip([half_up, up, half_even, down]) {
                let rounded = exact.round(Rounding { mode: *mode, decimals }).unwrap();
                assert_eq!(rounded, money(expected), "{numerator}/{denominator} {mode} {decimals}");
            }
        }
    }

    #[test]
    fn the_limit_is_an_error_and_never_a_wrap() {
        assert_eq!(Money::MAX.to_string(), "999999999.999999999");
        assert_eq!(Money::MAX.checked_add(money("0.000000001")), Err(Overflow));
        assert_eq!(Money::from_nanos(i64::MAX), Err(Overflow));
        assert_eq!(Exact::new(i128::MAX, 1).round(Rounding::DEFAULT), Err(Overflow));
        assert_eq!(Exact::new(i128::MAX, 1).checked_add(Exact::new(1, 1)).err(), Some(Overflow));
        assert_eq!(Exact::new(9_999_999_999_999_999_996, 10).round(Rounding::NANOS), Err(Overflow));
    }

    #[test]
    fn exact_text() {
        assert_eq!(Exact::new(3_600_000, 1).to_text(), "0.0036");
        assert_eq!(Exact::new(566 * 100_000, 60).to_text(), "283/300000");
        assert_eq!(Exact::ZERO.to_text(), "0");
    }
}
