//! Kinds of postings (requirements 6.3).
//!
//! Owns: their names, and which of them are real money (M49).
//! Does not own: who posts what.
//! Always: pure; what was real money stays so when it is taken back.

use std::str::FromStr;

/// Defines the closed list: name in the database, whether it is real money.
macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal, $is_real:literal;)+) => {
        /// What a posting is.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
        pub enum PostingKind { $($(#[$doc])+ $variant),+ }

        impl PostingKind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];
            /// Their names.
            pub const NAMES: &'static [&'static str] = &[$($name),+];

            /// Its name.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            /// Whether money really came or went: that alone renews a credit and pays a debt (M49, M50). Of a reversal what it takes back decides.
            pub const fn is_real(self) -> bool {
                match self { $(Self::$variant => $is_real),+ }
            }
        }
    };
}

kinds! {
    /// Money came.
    Payment = "payment", true;
    /// Credit is given: virtual money (M52).
    TopupCredit = "topup_credit", false;
    /// Goodwill and the like, by hand; may be negative (M49).
    TopupManual = "topup_manual", false;
    /// The credit of a debtor is taken back (M51).
    CreditClosing = "credit_closing", false;
    /// A product costs something; positive when something is given back (M42).
    Charge = "charge", false;
    /// What a correction document changes.
    Correction = "correction", false;
    /// Money goes out for referrals or as a return (B17).
    Withdrawal = "withdrawal", true;
    /// A payment is paid back.
    Refund = "refund", true;
    /// Fees of a conservation are given back.
    ConservationCredit = "conservation_credit", false;
    /// A gift.
    Gift = "gift", false;
    /// The rest of rounding a month to kopecks (A11).
    Rounding = "rounding", false;
    /// What a deleted correction had changed.
    CorrectionVoid = "correction_void", false;
    /// Another posting is taken back (M43).
    Reversal = "reversal", false;
    /// The usage of a closed month.
    UsageClose = "usage_close", false;
}

impl PostingKind {
    /// Kinds of virtual money that an account may hold: what of a balance is theirs is nobody's to take out.
    pub const VIRTUAL: &'static [Self] =
        &[Self::TopupCredit, Self::TopupManual, Self::CreditClosing, Self::ConservationCredit, Self::Gift];

    /// Whether staff take it back by a reversal; the others have a way of their own: documents, credit, payments.
    pub const fn is_reversible(self) -> bool {
        matches!(self, Self::Charge | Self::TopupManual | Self::Withdrawal | Self::ConservationCredit | Self::Gift)
    }

    /// Whether a closed account takes it: only what settles it.
    pub const fn settles(self) -> bool {
        matches!(self, Self::Refund | Self::Withdrawal | Self::Reversal)
    }
}

impl FromStr for PostingKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_money_is_what_came_and_went() {
        let real: Vec<&str> = PostingKind::ALL.iter().filter(|kind| kind.is_real()).map(|kind| kind.as_str()).collect();
        assert_eq!(real, ["payment", "withdrawal", "refund"]);
        assert!(PostingKind::VIRTUAL.iter().all(|kind| !kind.is_real()));
        for kind in PostingKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        assert_eq!("gratis".parse::<PostingKind>(), Err(()));
    }
}
