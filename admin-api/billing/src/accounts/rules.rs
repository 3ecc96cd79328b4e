//! Terms of an account.
//!
//! Owns: which credit terms go together (A13), what a limit may be, how codes are made, how a new plan takes the place of others.
//! Does not own: the rows.
//! Always: pure.

use std::str::FromStr;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

/// Longest code.
const CODE_CHARS_MAX: usize = 100;
/// Longest deferral.
const DEFERRAL_DAYS_MAX: i32 = 3_650;
/// Most digits that a format may ask for.
const CODE_DIGITS_MAX: usize = 18;

/// When an account pays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PaymentMode {
    /// Before it uses.
    Prepaid,
    /// For what it used.
    Postpaid,
}

impl PaymentMode {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Prepaid, Self::Postpaid];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Prepaid => "prepaid",
            Self::Postpaid => "postpaid",
        }
    }
}

impl FromStr for PaymentMode {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|mode| mode.as_str() == text).ok_or(())
    }
}

/// What credit an account has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CreditPolicy {
    /// None; with postpaid it is payment by fact.
    None,
    /// By the month.
    Monthly,
    /// By days.
    Days,
}

impl CreditPolicy {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::None, Self::Monthly, Self::Days];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Monthly => "monthly",
            Self::Days => "days",
        }
    }
}

impl FromStr for CreditPolicy {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|policy| policy.as_str() == text).ok_or(())
    }
}

/// Which credit terms contradict each other (A13).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CreditFault {
    /// Credit by the month is for those who pay afterwards.
    MonthlyIsPostpaid,
    /// Credit by days is for those who pay in advance.
    DaysArePrepaid,
    /// Without a policy there is no limit.
    NoLimit,
    /// A deferral is for credit by days.
    NoDeferral,
    /// Work with services would stop before anything is overdue.
    BlockBeforeOverdue,
    /// Nothing is topped up at once but by a switch to credit by the month.
    NothingToTopUp,
}

/// Whether the three go together (A13).
///
/// # Errors
/// What contradicts what.
pub(super) fn check_credit(mode: PaymentMode, policy: CreditPolicy, limit: Decimal) -> Result<(), CreditFault> {
    match (mode, policy) {
        (PaymentMode::Prepaid, CreditPolicy::Monthly) => Err(CreditFault::MonthlyIsPostpaid),
        (PaymentMode::Postpaid, CreditPolicy::Days) => Err(CreditFault::DaysArePrepaid),
        (_, CreditPolicy::None) if !limit.is_zero() => Err(CreditFault::NoLimit),
        _ => Ok(()),
    }
}

/// Days that payment invoices may wait (B13): until they are overdue, `None` = for ever; until they stop work with services, `None` = never.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct DeferralTerms {
    /// Days from the issue of an invoice until it is overdue.
    pub days: Option<i32>,
    /// Days from the issue until it stops work with services.
    pub block_after_days: Option<i32>,
}

impl DeferralTerms {
    /// Whether its days are days that a deferral has.
    pub(super) fn fits(self) -> bool {
        [self.days, self.block_after_days].into_iter().flatten().all(|days| (0..=DEFERRAL_DAYS_MAX).contains(&days))
    }
}

/// Whether a deferral goes with a policy, and makes sense (B13, A13).
///
/// # Errors
/// What contradicts what.
pub(super) fn check_deferral(policy: CreditPolicy, terms: DeferralTerms) -> Result<(), CreditFault> {
    match (terms.days, terms.block_after_days) {
        (None, None) => Ok(()),
        _ if policy != CreditPolicy::Days => Err(CreditFault::NoDeferral),
        // Without an end nothing is ever overdue, so nothing can be overdue for too long.
        (None, Some(_)) => Err(CreditFault::BlockBeforeOverdue),
        (Some(days), Some(block)) if block < days => Err(CreditFault::BlockBeforeOverdue),
        (Some(_), _) => Ok(()),
    }
}

/// Whether an amount may be a limit: 0 to 999999999.99 with at most two decimals.
pub(super) fn limit_fits(limit: Decimal) -> bool {
    let limit = limit.normalize();
    (limit.is_zero() || !limit.is_sign_negative()) && limit.scale() <= 2 && limit < Decimal::from(1_000_000_000)
}

/// The code that a format makes of a number: `{number}`, or `{number:06}` for at least six digits, stands in it once. `None`: it is no such format.
pub fn account_code(format: &str, number: i64) -> Option<String> {
    let (before, rest) = format.split_once("{number")?;
    let (width, after) = rest.split_once('}')?;
    let width = match width.strip_prefix(":0") {
        Some(width) => width.parse().ok().filter(|width| (1..=CODE_DIGITS_MAX).contains(width))?,
        None if width.is_empty() => 0,
        None => return None,
    };
    let strange = |letter: char| letter.is_control() || letter.is_whitespace() || "{}/?#%".contains(letter);
    let code = format!("{before}{number:0width$}{after}");
    (!before.contains(strange) && !after.contains(strange) && code.chars().count() <= CODE_CHARS_MAX).then_some(code)
}

/// A time for which an account has a plan.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct PlanPeriod {
    pub(super) id: i64,
    pub(super) plan: i32,
    /// First moment; `None` = always before.
    pub(super) from: Option<DateTime<Utc>>,
    /// Moment after the last; `None` = open.
    pub(super) to: Option<DateTime<Utc>>,
}

/// What happens to the plans of an account when from some moment on it has another one, or none.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Replacement {
    /// Periods that would begin then or later: another takes their whole place.
    pub(super) replaced: Vec<i64>,
    /// The period that reaches beyond that moment: it ends there.
    pub(super) shortened: Option<PlanPeriod>,
}

impl Replacement {
    /// Of periods that do not overlap.
    pub(super) fn at(periods: &[PlanPeriod], moment: DateTime<Utc>) -> Self {
        let begins_later = |period: &PlanPeriod| period.from.is_some_and(|from| from >= moment);
        Self {
            replaced: periods.iter().filter(|period| begins_later(period)).map(|period| period.id).collect(),
            shortened: periods
                .iter()
                .copied()
                .find(|period| !begins_later(period) && period.to.is_none_or(|to| to > moment)),
        }
    }

    /// Whether `plan` from then on is how it stands already.
    pub(super) fn is_same(&self, plan: i32) -> bool {
        self.replaced.is_empty() && self.shortened.is_some_and(|period| period.plan == plan && period.to.is_none())
    }

    /// Whether no period is touched.
    pub(super) fn is_empty(&self) -> bool {
        self.replaced.is_empty() && self.shortened.is_none()
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    /// A13: postpaid + monthly + 2000 is all right; payment by fact has no limit.
    #[test]
    fn credit_terms_go_together_or_not() {
        use CreditPolicy::{Days, Monthly, None};
        use PaymentMode::{Postpaid, Prepaid};
        for (mode, policy, limit, expected) in [
            (Postpaid, Monthly, 2000, Ok(())),
            (Postpaid, Monthly, 0, Ok(())),
            (Prepaid, Days, 1000, Ok(())),
            (Prepaid, None, 0, Ok(())),
            (Postpaid, None, 0, Ok(())),
            (Postpaid, Days, 0, Err(CreditFault::DaysArePrepaid)),
            (Prepaid, Monthly, 0, Err(CreditFault::MonthlyIsPostpaid)),
            (Postpaid, None, 1, Err(CreditFault::NoLimit)),
            (Prepaid, None, 1, Err(CreditFault::NoLimit)),
        ] {
            assert_eq!(check_credit(mode, policy, Decimal::from(limit)), expected, "{mode:?} {policy:?} {limit}");
        }
    }

    /// B13: deferral | block after | whether credit by days, none, takes it
    #[test]
    fn deferrals_go_with_credit_by_days() {
        let before = Err(CreditFault::BlockBeforeOverdue);
        for (days, block_after_days, expected) in [
            (None, None, Ok(())),
            (Some(10), None, Ok(())),
            (Some(10), Some(14), Ok(())),
            (Some(10), Some(10), Ok(())),
            (Some(10), Some(9), before),
            (None, Some(14), before),
        ] {
            let terms = DeferralTerms { days, block_after_days };
            assert_eq!(check_deferral(CreditPolicy::Days, terms), expected, "{terms:?}");
            let is_empty = terms == DeferralTerms::default();
            for policy in [CreditPolicy::None, CreditPolicy::Monthly] {
                assert_eq!(check_deferral(policy, terms).is_ok(), is_empty, "{policy:?} {terms:?}");
            }
        }
    }

    #[test]
    fn limits() {
        for (text, fits) in [
            ("0", true),
            ("-0", true),
            ("1000.50", true),
            ("999999999.99", true),
            ("1000000000", false),
            ("-1", false),
            ("0.001", false),
        ] {
            assert_eq!(limit_fits(text.parse().unwrap()), fits, "{text}");
        }
    }

    #[test]
    fn codes_are_made_of_numbers() {
        for (format, expected) in [
            ("A-{number:06}", Some("A-000042")),
            ("{number}", Some("42")),
            ("{number:01}/x", None),
            ("T{number:03}R", Some("T042R")),
            ("{number:06", None),
            ("{number:6}", None),
            ("{number:00}", None),
            ("{number:019}", None),
            ("A-", None),
            ("A {number}", None),
            ("{number}{number}", None),
            ("}{number}", None),
        ] {
            assert_eq!(account_code(format, 42).as_deref(), expected, "{format}");
        }
        assert_eq!(account_code("A-{number:02}", 1_234).as_deref(), Some("A-1234"));
        assert!(account_code(&"A".repeat(100), 1).is_none());
    }

    #[test]
    fn a_plan_takes_the_place_of_those_behind_it() {
        let at = |day: u32| Utc.with_ymd_and_hms(2026, 7, day, 0, 0, 0).single();
        let period = |id: i64, plan: i32, from: Option<u32>, to: Option<u32>| PlanPeriod {
            id,
            plan,
            from: from.and_then(at),
            to: to.and_then(at),
        };
        // id 1: plan 7 up to the 10th; id 2: plan 8 from the 10th to the 20th; id 3: plan 9 from then on.
        let periods = [period(1, 7, None, Some(10)), period(2, 8, Some(10), Some(20)), period(3, 9, Some(20), None)];
        for (day, replaced, shortened) in
            [(5, &[2, 3][..], Some(1)), (10, &[2, 3], None), (15, &[3], Some(2)), (20, &[3], None), (25, &[], Some(3))]
        {
            let done = Replacement::at(&periods, at(day).unwrap());
            assert_eq!((&*done.replaced, done.shortened.map(|period| period.id)), (replaced, shortened), "{day}");
            assert_eq!(done.is_same(9), day == 25, "{day}");
            assert!(!done.is_empty());
        }
        assert!(Replacement::at(&[], at(1).unwrap()).is_empty());
        assert!(Replacement::at(&periods[..1], at(10).unwrap()).is_empty(), "what has ended stays");
    }
}
