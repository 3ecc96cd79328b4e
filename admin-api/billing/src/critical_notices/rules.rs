//! What the client of an account is asked for.
//!
//! Owns: the sum of the request for payment that goes with a notice.
//! Does not own: whether one goes with it (`credit`), invoices, which have sums of their own.
//! Always: pure; whole kopecks, and never less than what makes the notice untrue.

use rust_decimal::{Decimal, RoundingStrategy};

/// The sum to ask for: it brings the balance to twice the critical one, as at the critical one itself the client would be told again; where that is no money
/// of his own, it pays the debt. `None`: there is nothing to ask for, he chooses himself.
pub(super) fn to_pay(balance: Decimal, critical: Decimal) -> Option<Decimal> {
    let wanted = if critical > Decimal::ZERO { critical + critical - balance } else { -balance };
    let mut sum = wanted.round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity);
    sum.rescale(2);
    (sum > Decimal::ZERO).then_some(sum)
}

/// An amount as a letter has it: kopecks, and never more than there is.
pub(super) fn kopecks(amount: Decimal) -> Decimal {
    let mut whole = amount.round_dp_with_strategy(2, RoundingStrategy::ToNegativeInfinity);
    whole.rescale(2);
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// balance, critical balance | asked for
    #[test]
    fn what_is_asked_for_ends_the_want() {
        for (balance, critical, expected) in [
            ("168", "200.00", Some("232.00")),
            ("200", "200.00", Some("200.00")),
            ("-50.005", "200.00", Some("450.01")),
            ("0", "0", None),
            ("-12.3", "0", Some("12.30")),
            ("-600", "-500", Some("600.00")),
        ] {
            let found = to_pay(balance.parse().unwrap(), critical.parse().unwrap());
            assert_eq!(found.map(|sum| sum.to_string()).as_deref(), expected, "{balance} {critical}");
        }
        for (amount, expected) in [("168", "168.00"), ("0.019", "0.01"), ("-0.001", "-0.01")] {
            assert_eq!(kopecks(amount.parse().unwrap()).to_string(), expected);
        }
    }
}
