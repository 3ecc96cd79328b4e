//! Who is liquidated.
//!
//! Owns: the criterion (M56, A38).
//! Does not own: where a status comes from (`parties`); the function `party_liquidated` of the schema says the same to lists, a test compares them.
//! Always: pure.

use std::str::FromStr;

use chrono::NaiveDate;

use crate::parties::{Kind, PassportCheck, RegistryStatus};

/// What makes a party liquidated: the setting `liquidation.trigger` (A38).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Trigger {
    /// The date of its termination alone.
    Date,
    /// The date, or the status.
    StatusOrDate,
}

impl FromStr for Trigger {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "date" => Ok(Self::Date),
            "status_or_date" => Ok(Self::StatusOrDate),
            _ => Err(()),
        }
    }
}

/// What follows from what the registry says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verdict {
    /// Nothing.
    #[default]
    Clear,
    /// It may end: somebody should look.
    Warning,
    /// It is no more.
    Liquidated,
}

/// Judges a party on a day: liquidated by a date of termination that has come, or by its status; every other status than active is a warning (M56).
pub fn judge(trigger: Trigger, status: RegistryStatus, terminated: Option<NaiveDate>, today: NaiveDate) -> Verdict {
    let by_date = terminated.is_some_and(|day| day <= today);
    let by_status = trigger == Trigger::StatusOrDate && status == RegistryStatus::Inactive;
    if by_date || by_status {
        Verdict::Liquidated
    } else if status == RegistryStatus::Active {
        Verdict::Clear
    } else {
        Verdict::Warning
    }
}

/// Whether a party stands in the list of liquidated ones as of kind `passport`: a person whose passport is lost, replaced or in the black list. In that list
/// alone it counts like a liquidation: no letter goes out for it, and the card does not call the person liquidated.
pub fn passport_counts(kind: Kind, check: PassportCheck) -> bool {
    kind == Kind::Natural && check == PassportCheck::Invalid
}

#[cfg(test)]
mod tests {
    use super::*;

    /// trigger | status | date of termination | verdict on 2026-07-01
    #[test]
    fn the_criterion() {
        use RegistryStatus::{Active, Bankruptcy, Inactive, Liquidation, Reorganisation};
        use Trigger::{Date, StatusOrDate};
        let today = "2026-07-01".parse().unwrap();
        for (trigger, status, terminated, verdict) in [
            (StatusOrDate, Inactive, Some("2020-05-01"), Verdict::Liquidated),
            (StatusOrDate, Inactive, None, Verdict::Liquidated),
            (StatusOrDate, Active, Some("2026-07-01"), Verdict::Liquidated),
            (StatusOrDate, Active, Some("2026-07-02"), Verdict::Clear),
            (StatusOrDate, Active, None, Verdict::Clear),
            (StatusOrDate, Reorganisation, None, Verdict::Warning),
            (StatusOrDate, Bankruptcy, None, Verdict::Warning),
            (StatusOrDate, Liquidation, Some("2026-07-02"), Verdict::Warning),
            (StatusOrDate, Liquidation, Some("2026-06-30"), Verdict::Liquidated),
            (Date, Inactive, None, Verdict::Warning),
            (Date, Inactive, Some("2020-05-01"), Verdict::Liquidated),
            (Date, Active, Some("2026-06-30"), Verdict::Liquidated),
        ] {
            let terminated = terminated.map(|day: &str| day.parse().unwrap());
            assert_eq!(judge(trigger, status, terminated, today), verdict, "{trigger:?} {status:?} {terminated:?}");
        }
    }

    #[test]
    fn only_a_persons_bad_passport_counts() {
        for (kind, check, counts) in [
            (Kind::Natural, PassportCheck::Invalid, true),
            (Kind::Natural, PassportCheck::Unknown, false),
            (Kind::Natural, PassportCheck::Valid, false),
            (Kind::SoleProprietor, PassportCheck::Invalid, false),
        ] {
            assert_eq!(passport_counts(kind, check), counts, "{kind:?} {check:?}");
        }
    }
}
