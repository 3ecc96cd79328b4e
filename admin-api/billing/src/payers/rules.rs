//! Numbers of requisites.
//!
//! Owns: check digits of bank accounts, which numbers go with which.
//! Does not own: INN and KPP (`parties`), whether a bank exists.
//! Always: pure.

use super::store::Requisites;
use crate::parties::{self, PartyFault};

/// What is wrong with requisites.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PayerFault {
    /// INN or KPP.
    Party(PartyFault),
    /// Not nine digits, or there is an account and no BIK, or the other way round.
    Bik,
    /// Not 20 digits, or they do not fit the BIK.
    SettlementAccount,
    /// Not 20 digits, or they do not fit the BIK.
    CorrespondentAccount,
}

/// Everything that is wrong with the numbers.
pub fn faults(requisites: &Requisites) -> Vec<PayerFault> {
    let Requisites { kind, inn, kpp, bik, settlement_account, correspondent_account, .. } = requisites;
    let party = parties::check(*kind, inn.as_deref(), kpp.as_deref(), None);
    let mut faults: Vec<PayerFault> = party.into_iter().map(PayerFault::Party).collect();
    let Some(bik) = bik.as_deref().filter(|bik| bik_ok(bik)) else {
        let has_some = bik.is_some() || settlement_account.is_some() || correspondent_account.is_some();
        faults.extend(has_some.then_some(PayerFault::Bik));
        return faults;
    };
    if !settlement_account.as_deref().is_some_and(|account| bank_account_ok(bik, account)) {
        faults.push(PayerFault::SettlementAccount);
    }
    if correspondent_account.as_deref().is_some_and(|account| !correspondent_account_ok(bik, account)) {
        faults.push(PayerFault::CorrespondentAccount);
    }
    faults
}

fn bik_ok(bik: &str) -> bool {
    bik.len() == 9 && bik.bytes().all(|digit| digit.is_ascii_digit())
}

/// Whether a settlement account of 20 digits fits the BIK of its bank.
pub fn bank_account_ok(bik: &str, account: &str) -> bool {
    bik.get(6..9).is_some_and(|bank| key_fits(bank, account))
}

/// Whether a correspondent account of 20 digits fits the BIK of its bank.
pub fn correspondent_account_ok(bik: &str, account: &str) -> bool {
    bik.get(4..6).is_some_and(|region| key_fits(&format!("0{region}"), account))
}

/// The sum of three digits of the BIK and 20 of the account, with weights 7, 1, 3 over and over, ends with 0.
fn key_fits(of_bik: &str, account: &str) -> bool {
    let digits: Option<Vec<u32>> = of_bik.chars().chain(account.chars()).map(|sign| sign.to_digit(10)).collect();
    let Some(digits) = digits.filter(|digits| digits.len() == 23) else { return false };
    let sum: u32 = digits.iter().zip([7, 1, 3].iter().cycle()).map(|(digit, weight)| digit * weight).sum();
    sum.is_multiple_of(10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parties::Kind;

    #[test]
    fn accounts_fit_their_bank() {
        for (account, fits) in [
            ("40702810938000000001", true),
            ("40702810838000000001", false),
            ("4070281093800000000", false),
            ("4070281093800000000x", false),
        ] {
            assert_eq!(bank_account_ok("044525225", account), fits, "{account}");
        }
        assert!(correspondent_account_ok("044525225", "30101810400000000225"));
        assert!(!correspondent_account_ok("044525226", "30101810500000000225"));
        assert!(!bank_account_ok("04", "40702810938000000001"));
    }

    #[test]
    fn requisites_are_whole_or_have_no_bank() {
        let plain = Requisites {
            kind: Kind::Legal,
            name: "N".into(),
            inn: Some("7707083893".into()),
            kpp: Some("770701001".into()),
            address: String::new(),
            bank: String::new(),
            bik: None,
            settlement_account: None,
            correspondent_account: None,
        };
        let (bik, account) = (Some("044525225".to_owned()), Some("40702810938000000001".to_owned()));
        let with_bank = Requisites { bik: bik.clone(), settlement_account: account.clone(), ..plain.clone() };
        let corresponding = Some("30101810400000000225".to_owned());
        for (requisites, expected) in [
            (plain.clone(), vec![]),
            (with_bank.clone(), vec![]),
            (Requisites { correspondent_account: corresponding, ..with_bank.clone() }, vec![]),
            (
                Requisites { correspondent_account: account.clone(), ..with_bank },
                vec![PayerFault::CorrespondentAccount],
            ),
            (Requisites { bik, ..plain.clone() }, vec![PayerFault::SettlementAccount]),
            (Requisites { settlement_account: account, ..plain.clone() }, vec![PayerFault::Bik]),
            (Requisites { bik: Some("04452522".into()), ..plain.clone() }, vec![PayerFault::Bik]),
            (Requisites { inn: Some("7707083894".into()), ..plain }, vec![PayerFault::Party(PartyFault::Inn)]),
        ] {
            assert_eq!(faults(&requisites), expected, "{requisites:?}");
        }
    }
}
