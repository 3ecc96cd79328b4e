//! Words and numbers of a legal entity.
//!
//! Owns: its tax regime, the form and the check digit of a bank account.
//! Does not own: numbers of the registry (`parties`).
//! Always: pure.

use std::str::FromStr;

/// How an own company is taxed; documents ask it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TaxRegime {
    /// With VAT.
    General,
    /// The simplified system.
    Simplified,
    /// Exempt from VAT.
    Exempt,
}

impl TaxRegime {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::General, Self::Simplified, Self::Exempt];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::General => "general",
            Self::Simplified => "simplified",
            Self::Exempt => "exempt",
        }
    }
}

impl FromStr for TaxRegime {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|regime| regime.as_str() == text).ok_or(())
    }
}

/// What is wrong with a bank account.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BankFault {
    /// Not nine digits.
    Bic,
    /// Not twenty digits, or the check digit does not fit the bank.
    Account,
    /// The same of the bank's own account.
    Correspondent,
}

/// Checks an account at the bank with a BIC, and the bank's own account where it has one. The check digit is that of the Bank of Russia: the digits of bank and
/// account, weighed by 7, 1, 3 in turn, add up to a multiple of ten.
///
/// # Errors
/// The first number that does not fit.
pub fn check_bank(bic: &str, account: &str, correspondent: Option<&str>) -> Result<(), BankFault> {
    let are_digits = |text: &str, len: usize| text.len() == len && text.bytes().all(|sign| sign.is_ascii_digit());
    if !are_digits(bic, 9) {
        return Err(BankFault::Bic);
    }
    // An account of a bank's client is tied to the bank's own number, one at the central bank to that of its office.
    if !are_digits(account, 20) || !is_weighed(&bic[6..], account) {
        return Err(BankFault::Account);
    }
    if correspondent.is_some_and(|own| !are_digits(own, 20) || !is_weighed(&format!("0{}", &bic[4..6]), own)) {
        return Err(BankFault::Correspondent);
    }
    Ok(())
}

fn is_weighed(bank: &str, account: &str) -> bool {
    let digits = bank.bytes().chain(account.bytes()).map(|sign| u32::from(sign - b'0'));
    let sum: u32 = digits.zip([7, 1, 3].into_iter().cycle()).map(|(digit, weight)| digit * weight % 10).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 225 40702810438000060473 by 7 1 3 adds up to 60; 025 30101810400000000225 to 40.
    #[test]
    fn check_digits_of_bank_accounts() {
        let (bic, account, own) = ("044525225", "40702810438000060473", "30101810400000000225");
        for (bic, account, correspondent, expected) in [
            (bic, account, Some(own), Ok(())),
            (bic, account, None, Ok(())),
            ("044525974", "40802810700000001234", None, Ok(())),
            ("04452522", account, None, Err(BankFault::Bic)),
            ("04452522x", account, None, Err(BankFault::Bic)),
            (bic, "40702810538000060473", None, Err(BankFault::Account)),
            (bic, "4070281043800006047", None, Err(BankFault::Account)),
            (bic, account, Some("30101810500000000225"), Err(BankFault::Correspondent)),
            (bic, account, Some(""), Err(BankFault::Correspondent)),
        ] {
            assert_eq!(check_bank(bic, account, correspondent), expected, "{bic} {account} {correspondent:?}");
        }
    }

    #[test]
    fn regimes_are_words() {
        for regime in TaxRegime::ALL {
            assert_eq!(regime.as_str().parse(), Ok(*regime));
        }
        assert!("usn".parse::<TaxRegime>().is_err());
    }
}
