//! What somebody may in the cabinet, and by which login he comes in.
//!
//! Owns: the rights of users of clients and when they are in force, what an employee may as a client (B11, B26), logins (B2).
//! Does not own: who has which right (`users`), which endpoint asks for which (the API).
//! Always: pure; nobody but a user of the client pays.

use std::collections::BTreeSet;
use std::str::FromStr;

use rust_decimal::Decimal;

/// What a user of a client may in the cabinet.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Right {
    /// See accounts, calls, contacts, locks, payers.
    View,
    /// Pay.
    Pay,
    /// Bar prefixes and numbers, lift what he barred.
    ManageServices,
    /// Change e-mail, phone and contact person of the profile.
    ManageContacts,
    /// See and block the users of the client.
    ManageUsers,
}

impl Right {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::View, Self::Pay, Self::ManageServices, Self::ManageContacts, Self::ManageUsers];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::View => "view",
            Self::Pay => "pay",
            Self::ManageServices => "manage_services",
            Self::ManageContacts => "manage_contacts",
            Self::ManageUsers => "manage_users",
        }
    }

    /// What the audit calls an attempt without it.
    pub const fn action(self) -> &'static str {
        match self {
            Self::View => "cabinet.view",
            Self::Pay => "cabinet.pay",
            Self::ManageServices => "cabinet.manage_services",
            Self::ManageContacts => "cabinet.manage_contacts",
            Self::ManageUsers => "cabinet.manage_users",
        }
    }
}

impl FromStr for Right {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|right| right.as_str() == text).ok_or(())
    }
}

/// What an employee may as a client: what the client himself may, without paying (B11, B26).
pub(super) fn of_employee() -> BTreeSet<Right> {
    Right::ALL.iter().copied().filter(|right| *right != Right::Pay).collect()
}

/// Hours for which a user does not pay after staff have changed how he comes in: the client has the letter before that is over.
pub(super) const PAY_WITHHELD_HOURS: i64 = 72;

/// What a user may of what he was given: nothing by a password that staff know, and not pay as long as that is withheld (B11).
pub(super) fn in_force(mut given: BTreeSet<Right>, password_by_staff: bool, pay_is_withheld: bool) -> BTreeSet<Right> {
    if password_by_staff {
        return BTreeSet::new();
    }
    if pay_is_withheld {
        given.remove(&Right::Pay);
    }
    given
}

/// Why a login is not given.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct LoginOff;

/// The login of a new user: the one that is asked for, where the setting allows one; else his e-mail (B2).
pub(super) fn login_of(wanted: Option<&str>, email: &str, may_have_own: bool) -> Result<String, LoginOff> {
    match wanted {
        Some(_) if !may_have_own => Err(LoginOff),
        Some(login) => Ok(login.to_owned()),
        None => Ok(email.to_owned()),
    }
}

/// The login after a change of the e-mail: one that is the e-mail goes with it.
pub(super) fn login_after(login: &str, former_email: &str, email: &str) -> String {
    let follows = login.to_lowercase() == former_email.to_lowercase();
    if follows { email.to_owned() } else { login.to_owned() }
}

/// Whether an amount can be paid: above zero, whole kopecks, below 1,000,000,000.
pub(super) fn is_payable(amount: Decimal) -> bool {
    amount > Decimal::ZERO && amount.normalize().scale() <= 2 && amount < Decimal::from(1_000_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_employee_may_all_but_pay() {
        let rights = of_employee();
        assert!(!rights.contains(&Right::Pay) && rights.len() == Right::ALL.len() - 1);
        for right in Right::ALL {
            assert_eq!(right.as_str().parse(), Ok(*right));
            assert_eq!(right.action(), format!("cabinet.{}", right.as_str()));
        }
        assert!("all".parse::<Right>().is_err());
    }

    #[test]
    fn a_password_that_staff_know_is_good_for_nothing() {
        let given = || BTreeSet::from([Right::View, Right::Pay]);
        for (by_staff, withheld, expected) in [
            (false, false, given()),
            (false, true, BTreeSet::from([Right::View])),
            (true, false, BTreeSet::new()),
            (true, true, BTreeSet::new()),
        ] {
            assert_eq!(in_force(given(), by_staff, withheld), expected, "{by_staff} {withheld}");
        }
    }

    #[test]
    fn the_email_is_the_login_unless_another_is_allowed() {
        for (wanted, may_have_own, expected) in [
            (None, false, Ok("a@b.ru")),
            (None, true, Ok("a@b.ru")),
            (Some("ivan"), true, Ok("ivan")),
            (Some("ivan"), false, Err(LoginOff)),
        ] {
            assert_eq!(login_of(wanted, "a@b.ru", may_have_own), expected.map(str::to_owned), "{wanted:?}");
        }
        for (login, former, expected) in [("A@b.ru", "a@b.ru", "new@b.ru"), ("ivan", "a@b.ru", "ivan")] {
            assert_eq!(login_after(login, former, "new@b.ru"), expected);
        }
    }

    #[test]
    fn amounts_that_can_be_paid() {
        for (amount, fits) in [
            ("0.01", true),
            ("1500.00", true),
            ("10.500", true),
            ("0", false),
            ("-1", false),
            ("0.001", false),
            ("1000000000", false),
        ] {
            assert_eq!(is_payable(amount.parse().unwrap()), fits, "{amount}");
        }
    }
}
