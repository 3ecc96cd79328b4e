//! Sums of money as people and documents write them.
//!
//! Owns: how fine and how great one may be.
//! Does not own: amounts of the engine, which are finer (`rating::Money`); what a sum is for.
//! Always: pure; the same bounds for whatever is entered.

use rust_decimal::Decimal;

/// Most decimals of a sum: kopecks.
const DECIMALS_MAX: u32 = 2;
/// Greatest sum, in kopecks: 999,999,999.99.
const KOPECKS_MAX: i64 = 99_999_999_999;

/// Whether a sum has whole kopecks.
pub(crate) fn is_in_kopecks(sum: Decimal) -> bool {
    sum.normalize().scale() <= DECIMALS_MAX
}

/// Whether a sum, whatever its sign, is no greater than one may be.
pub(crate) fn is_in_bounds(sum: Decimal) -> bool {
    sum.abs() <= Decimal::new(KOPECKS_MAX, DECIMALS_MAX)
}

/// Whether it is a sum at all: both.
pub(crate) fn is_sum(sum: Decimal) -> bool {
    is_in_kopecks(sum) && is_in_bounds(sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums() {
        for (sum, in_kopecks, in_bounds) in [
            ("0", true, true),
            ("-1.50", true, true),
            ("1.500", true, true),
            ("1.005", false, true),
            ("999999999.99", true, true),
            ("-999999999.99", true, true),
            ("1000000000", true, false),
            ("-999999999.999", false, false),
        ] {
            let sum: Decimal = sum.parse().unwrap();
            assert_eq!(
                (is_in_kopecks(sum), is_in_bounds(sum), is_sum(sum)),
                (in_kopecks, in_bounds, in_kopecks && in_bounds),
                "{sum}"
            );
        }
    }
}
