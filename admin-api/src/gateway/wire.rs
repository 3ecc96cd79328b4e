//! The words of the gateway.
//!
//! Owns: the shapes of its answers, and which answer a state is.
//! Does not own: what follows from an answer (`billing::autopayments`).
//! Always: a state that nobody knows settles nothing.

use billing::autopayments::Heard;
use billing::credit::autopay::Answer;
use rust_decimal::Decimal;
use serde::Deserialize;

/// What it says of a payment.
#[derive(Debug, Deserialize)]
pub(super) struct PaymentSaid {
    /// The key of the attempt.
    pub(super) id: String,
    /// What became of it.
    pub(super) state: String,
    /// How much, where it was paid.
    pub(super) amount: Option<String>,
    /// In which currency.
    pub(super) currency: Option<String>,
}

/// What it says of a way to link a card.
#[derive(Debug, Deserialize)]
pub(super) struct LinkSaid {
    /// The key of the link.
    pub(super) id: String,
    /// The page.
    pub(super) url: String,
}

/// A state with a sum, as attempts hear it.
pub(crate) fn heard(state: &str, amount: Option<&str>, currency: Option<&str>) -> Heard {
    // That nothing was heard in time nobody says of himself.
    let answer = state.parse::<Answer>().ok().filter(|answer| *answer != Answer::Timeout).unwrap_or(Answer::Unknown);
    let amount = amount.and_then(|text| Decimal::from_str_exact(text).ok());
    let sum = amount.zip(currency).map(|(amount, currency)| (amount, currency.to_owned()));
    Heard { answer, sum }
}

/// A sum as the gateway reads it: two places.
pub(super) fn sum(amount: Decimal) -> String {
    let mut sum = amount;
    sum.rescale(2);
    sum.to_string()
}

#[cfg(test)]
mod tests {
    use billing::credit::autopay::Hard;

    use super::*;

    #[test]
    fn states_become_answers() {
        for (state, expected) in [
            ("paid", Answer::Paid),
            ("insufficient_funds", Answer::InsufficientFunds),
            ("do_not_retry", Answer::HardDecline(Hard::DoNotRetry)),
            ("soft_decline", Answer::SoftDecline),
            ("not_made", Answer::NotMade),
            ("pending", Answer::Unknown),
            ("timeout", Answer::Unknown),
            ("", Answer::Unknown),
        ] {
            assert_eq!(heard(state, None, None), Heard::of(expected), "{state}");
        }
        let paid = heard("paid", Some("1000.00"), Some("RUB"));
        assert_eq!(paid.sum, Some((Decimal::from(1_000), "RUB".to_owned())));
        for (amount, currency) in [(Some("1e3"), Some("RUB")), (Some("1000.00"), None), (None, Some("RUB"))] {
            assert_eq!(heard("paid", amount, currency).sum, None, "{amount:?} {currency:?}");
        }
        assert_eq!((sum(Decimal::from(1_000)), sum("0.5".parse().unwrap())), ("1000.00".into(), "0.50".into()));
    }
}
