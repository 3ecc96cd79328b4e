//! What a client may ask for, what of a card may be kept, when a doubt is looked into again.
//!
//! Owns: the sum of a charge, the form of thresholds, tokens and masks.
//! Does not own: when a card is charged (`credit::autopay`).
//! Always: pure; whole kopecks; nothing that could be the number of a card is kept.

use chrono::{Months, NaiveDate};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::sums::is_sum;

/// Minutes after which the gateway is asked about an attempt in doubt: after it was made, then after each time that it was asked.
pub(super) const ASK_AFTER_MINUTES: [i64; 6] = [1, 1, 5, 15, 60, 360];

/// Digits of a card that may be shown: of the bank, and the last ones.
const SHOWN_FIRST: usize = 6;
const SHOWN_LAST: usize = 4;
/// Fewest and most hidden ones.
const HIDDEN: std::ops::RangeInclusive<usize> = 2..=13;
/// Lengths of a token.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 8..=200;
/// Digits of the shortest card number.
const NUMBER_DIGITS: usize = 12;

/// How much is taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// This much.
    Amount(Decimal),
    /// As much as brings the balance up to this.
    UpTo(Decimal),
}

/// What of the terms does not fit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unfit {
    /// The threshold is no sum of money.
    Threshold,
    /// The amount is no sum that can be paid.
    Amount,
    /// The amount is more than one payment may be.
    AboveMost(Decimal),
    /// What the balance is brought up to is no sum of money above the threshold.
    UpTo,
}

impl Rule {
    /// The sum of a charge at this balance, `most` at most; zero or less where nothing may be taken.
    pub(super) fn sum(self, balance: Decimal, most: Option<Decimal>) -> Decimal {
        let wanted = match self {
            Self::Amount(amount) => amount,
            Self::UpTo(goal) => (goal - balance).round_dp_with_strategy(2, RoundingStrategy::ToPositiveInfinity),
        };
        most.map_or(wanted, |most| wanted.min(most))
    }

    /// Amount, and what the balance is brought up to: one of them.
    pub const fn parts(self) -> (Option<Decimal>, Option<Decimal>) {
        match self {
            Self::Amount(amount) => (Some(amount), None),
            Self::UpTo(goal) => (None, Some(goal)),
        }
    }

    /// The rule of these parts.
    pub(super) fn of(amount: Option<Decimal>, up_to: Option<Decimal>) -> Option<Self> {
        amount.map(Self::Amount).or(up_to.map(Self::UpTo))
    }
}

/// Judges what a client asks for; `most` is the most that one payment may be.
pub(super) fn judge(threshold: Decimal, rule: Rule, most: Option<Decimal>) -> Result<(), Unfit> {
    if !is_sum(threshold) {
        return Err(Unfit::Threshold);
    }
    match rule {
        Rule::Amount(amount) if !is_sum(amount) || amount <= Decimal::ZERO => Err(Unfit::Amount),
        Rule::Amount(amount) => match most.filter(|most| amount > *most) {
            Some(most) => Err(Unfit::AboveMost(most)),
            None => Ok(()),
        },
        Rule::UpTo(goal) if !is_sum(goal) || goal <= threshold => Err(Unfit::UpTo),
        Rule::UpTo(_) => Ok(()),
    }
}

/// Whether a text can be the gateway's name of a card; the number of one cannot.
pub(super) fn is_token(text: &str) -> bool {
    let is_number =
        text.bytes().all(|byte| byte.is_ascii_digit() || b" -".contains(&byte)) && text.len() >= NUMBER_DIGITS;
    TOKEN_BYTES.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()) && !is_number
}

/// What of a card is shown, as it is kept: `427600******1234`. `None`: it hides too little.
pub(super) fn mask(text: &str) -> Option<String> {
    let plain: String = text
        .chars()
        .filter(|letter| *letter != ' ')
        .map(|letter| if matches!(letter, 'x' | 'X' | '•' | '·') { '*' } else { letter })
        .collect();
    let first = plain.bytes().take_while(u8::is_ascii_digit).count();
    let last = plain.bytes().rev().take_while(u8::is_ascii_digit).count();
    // A text of digits alone has nothing between them.
    let hidden = plain.get(first..plain.len().checked_sub(last)?)?;
    let fits = first <= SHOWN_FIRST && last == SHOWN_LAST && HIDDEN.contains(&hidden.len());
    (fits && hidden.bytes().all(|byte| byte == b'*')).then_some(plain)
}

/// The last day of the month `YYYY-MM` in which a card is good.
pub(super) fn expires(text: &str) -> Option<NaiveDate> {
    let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok().filter(|_| text.len() == 7)?;
    first.checked_add_months(Months::new(1))?.pred_opt()
}

/// The last four digits of a mask.
pub(super) fn last_four(mask: &str) -> &str {
    mask.rsplit('*').next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// rule, balance, most | sum
    #[test]
    fn what_is_taken() {
        let (fixed, goal) = (Rule::Amount(amount("1000")), Rule::UpTo(amount("1000")));
        for (rule, balance, most, expected) in [
            (fixed, "168", None, "1000"),
            (fixed, "168", Some("500"), "500"),
            (goal, "168", None, "832"),
            (goal, "167.991", None, "832.01"),
            (goal, "-200", None, "1200"),
            (goal, "-200", Some("1100"), "1100"),
            (fixed, "168", Some("0"), "0"),
        ] {
            assert_eq!(rule.sum(amount(balance), most.map(amount)), amount(expected), "{rule:?} {balance} {most:?}");
        }
        for rule in [fixed, goal] {
            let (fixed, goal) = rule.parts();
            assert_eq!(Rule::of(fixed, goal), Some(rule));
        }
    }

    #[test]
    fn what_may_be_asked_for() {
        let most = amount("15000");
        for (threshold, rule, expected) in [
            ("200", Rule::Amount(amount("1000")), Ok(())),
            ("-500", Rule::Amount(amount("15000")), Ok(())),
            ("200", Rule::UpTo(amount("200.01")), Ok(())),
            ("200", Rule::UpTo(amount("50000")), Ok(())),
            ("200.001", Rule::Amount(amount("1000")), Err(Unfit::Threshold)),
            ("1000000000", Rule::Amount(amount("1000")), Err(Unfit::Threshold)),
            ("200", Rule::Amount(amount("0")), Err(Unfit::Amount)),
            ("200", Rule::Amount(amount("-1")), Err(Unfit::Amount)),
            ("200", Rule::Amount(amount("0.001")), Err(Unfit::Amount)),
            ("200", Rule::Amount(amount("15000.01")), Err(Unfit::AboveMost(most))),
            ("200", Rule::UpTo(amount("200")), Err(Unfit::UpTo)),
        ] {
            assert_eq!(judge(amount(threshold), rule, Some(most)), expected, "{threshold} {rule:?}");
        }
        assert_eq!(judge(amount("200"), Rule::Amount(amount("15000.01")), None), Ok(()));
    }

    #[test]
    fn no_number_of_a_card_is_kept() {
        for (token, fits) in [
            ("tok_8f2a91", true),
            ("2f6d1c0e-7a55-4d0c-9d0b-3a0a5d7f3f11", true),
            ("4276000011112222", false),
            ("4276-0000-1111-2222", false),
            ("427600001111", false),
            ("12345678", true),
            ("short", false),
            ("with blank", false),
        ] {
            assert_eq!(is_token(token), fits, "{token}");
        }
        for (text, expected) in [
            ("427600******1234", Some("427600******1234")),
            ("4276 00XX XXXX 1234", Some("427600******1234")),
            ("**** 1234", Some("****1234")),
            ("4276001*****1234", None),
            ("4276001111111234", None),
            ("427600*1234", None),
            ("427600******12345", None),
            ("****", None),
            ("", None),
        ] {
            assert_eq!(mask(text).as_deref(), expected, "{text}");
        }
        assert_eq!(last_four("427600******1234"), "1234");
    }

    #[test]
    fn a_card_is_good_to_the_end_of_its_month() {
        for (text, expected) in
            [("2028-05", Some("2028-05-31")), ("2028-02", Some("2028-02-29")), ("05/28", None), ("2028-13", None)]
        {
            assert_eq!(expires(text), expected.map(|day| day.parse().unwrap()), "{text}");
        }
        assert!(ASK_AFTER_MINUTES.is_sorted());
    }
}
