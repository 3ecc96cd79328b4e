//! Numbers of the registry.
//!
//! Owns: check digits of INN, OGRN and OGRNIP, the form of a KPP, which of them a kind of party has; the words of a status and of a check of a passport.
//! Does not own: whether the registry knows them.
//! Always: pure.

use std::str::FromStr;

/// What a party is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// A legal entity: INN of 10 digits, KPP, OGRN of 13.
    Legal,
    /// A sole proprietor: INN of 12 digits, OGRNIP of 15.
    SoleProprietor,
    /// A person: INN of 12 digits.
    Natural,
}

impl Kind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Legal, Self::SoleProprietor, Self::Natural];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Legal => "legal",
            Self::SoleProprietor => "sole_proprietor",
            Self::Natural => "natural",
        }
    }
}

impl FromStr for Kind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// What the registry says of a party (M56).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum RegistryStatus {
    /// It works.
    #[default]
    Active,
    /// It is no more.
    Inactive,
    /// It becomes another one.
    Reorganisation,
    /// It is going bankrupt.
    Bankruptcy,
    /// It is being wound up.
    Liquidation,
}

impl RegistryStatus {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Active, Self::Inactive, Self::Reorganisation, Self::Bankruptcy, Self::Liquidation];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Reorganisation => "reorganisation",
            Self::Bankruptcy => "bankruptcy",
            Self::Liquidation => "liquidation",
        }
    }
}

impl FromStr for RegistryStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text).ok_or(())
    }
}

/// The verdict of a check of a passport, made elsewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum PassportCheck {
    /// It passed.
    Valid,
    /// It is lost, replaced or in the black list.
    Invalid,
    /// It was not checked.
    #[default]
    Unknown,
}

impl PassportCheck {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Valid, Self::Invalid, Self::Unknown];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Valid => "valid",
            Self::Invalid => "invalid",
            Self::Unknown => "unknown",
        }
    }
}

impl FromStr for PassportCheck {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|check| check.as_str() == text).ok_or(())
    }
}

/// What is wrong with the numbers of a party.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartyFault {
    /// Not 10 digits (legal) or 12, or the check digits do not fit.
    Inn,
    /// A legal entity with an INN needs a KPP of nine signs, nobody else has one.
    Kpp,
    /// Not 13 digits (legal) or 15, the check digit does not fit, or a person has none.
    Ogrn,
}

/// Everything that is wrong with the numbers of a party of this kind.
pub fn check(kind: Kind, inn: Option<&str>, kpp: Option<&str>, ogrn: Option<&str>) -> Vec<PartyFault> {
    let legal = kind == Kind::Legal;
    let inn_fits = inn.is_none_or(|inn| inn_ok(inn) && inn.len() == if legal { 10 } else { 12 });
    let kpp_fits = match kpp {
        Some(kpp) => legal && inn.is_some() && kpp_ok(kpp),
        None => !legal || inn.is_none(),
    };
    let ogrn_fits = ogrn.is_none_or(|ogrn| match kind {
        Kind::Legal => ogrn.len() == 13 && ogrn_ok(ogrn),
        Kind::SoleProprietor => ogrn.len() == 15 && ogrn_ok(ogrn),
        Kind::Natural => false,
    });
    let all = [(inn_fits, PartyFault::Inn), (kpp_fits, PartyFault::Kpp), (ogrn_fits, PartyFault::Ogrn)];
    all.into_iter().filter(|(fits, _)| !fits).map(|(_, fault)| fault).collect()
}

/// Whether the check digits of an INN of 10 or 12 digits fit.
pub fn inn_ok(inn: &str) -> bool {
    const TENTH: [u32; 9] = [2, 4, 10, 3, 5, 9, 4, 6, 8];
    const ELEVENTH: [u32; 10] = [7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    const TWELFTH: [u32; 11] = [3, 7, 2, 4, 10, 3, 5, 9, 4, 6, 8];
    let Some(digits) = digits(inn) else { return false };
    let fits = |weights: &[u32]| {
        let sum: u32 = weights.iter().zip(&digits).map(|(weight, digit)| weight * digit).sum();
        digits.get(weights.len()) == Some(&(sum % 11 % 10))
    };
    // All zeros fit by arithmetic and are nobody's.
    let some = digits.iter().any(|digit| *digit != 0);
    some && match digits.len() {
        10 => fits(&TENTH),
        12 => fits(&ELEVENTH) && fits(&TWELFTH),
        _ => false,
    }
}

/// Whether a KPP has its form; it has no check digit.
pub fn kpp_ok(kpp: &str) -> bool {
    kpp.len() == 9
        && kpp
            .bytes()
            .enumerate()
            .all(|(place, sign)| sign.is_ascii_digit() || ((4..6).contains(&place) && sign.is_ascii_uppercase()))
}

/// Whether the check digit of an OGRN (13 digits) or OGRNIP (15) fits.
pub fn ogrn_ok(ogrn: &str) -> bool {
    let divisor = match ogrn.len() {
        13 => 11,
        15 => 13,
        _ => return false,
    };
    let Some(digits) = digits(ogrn) else { return false };
    let (last, rest) = digits.split_last().expect("13 or 15 digits");
    let number = rest.iter().fold(0_u64, |number, digit| number * 10 + u64::from(*digit));
    number > 0 && number % divisor % 10 == u64::from(*last)
}

fn digits(text: &str) -> Option<Vec<u32>> {
    text.chars().map(|sign| sign.to_digit(10)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn check_digits() {
        for (inn, fits) in [
            ("7707083893", true),
            ("7707083894", false),
            ("500100732259", true),
            ("500100732258", false),
            ("500100732269", false),
            ("0000000000", false),
            ("00", false),
            ("", false),
            ("770708389x", false),
        ] {
            assert_eq!(inn_ok(inn), fits, "INN {inn}");
        }
        for (ogrn, fits) in [
            ("1027700132195", true),
            ("1027700132196", false),
            ("304500116000157", true),
            ("304500116000158", false),
            ("0000000000000", false),
            ("102770013219", false),
        ] {
            assert_eq!(ogrn_ok(ogrn), fits, "OGRN {ogrn}");
        }
        for (kpp, fits) in
            [("770701001", true), ("7707AB001", true), ("7707ab001", false), ("77A701001", false), ("77070100", false)]
        {
            assert_eq!(kpp_ok(kpp), fits, "KPP {kpp}");
        }
    }

    /// kind | INN | KPP | OGRN | faults
    #[test]
    fn each_kind_has_its_numbers() {
        use Kind::{Legal, Natural, SoleProprietor};
        use PartyFault::{Inn, Kpp, Ogrn};
        let (company, person) = (Some("7707083893"), Some("500100732259"));
        let kpp = Some("770701001");
        for (kind, inn, kpp, ogrn, faults) in [
            (Legal, company, kpp, Some("1027700132195"), &[][..]),
            (Legal, company, None, None, &[Kpp]),
            (Legal, None, None, None, &[]),
            (Legal, None, kpp, None, &[Kpp]),
            (Legal, person, kpp, Some("304500116000157"), &[Inn, Ogrn]),
            (SoleProprietor, person, None, Some("304500116000157"), &[]),
            (SoleProprietor, company, kpp, Some("1027700132195"), &[Inn, Kpp, Ogrn]),
            (Natural, person, None, None, &[]),
            (Natural, person, None, Some("304500116000157"), &[Ogrn]),
        ] {
            assert_eq!(check(kind, inn, kpp, ogrn), faults, "{kind:?} {inn:?} {kpp:?} {ogrn:?}");
        }
    }
}
