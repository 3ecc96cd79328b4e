//! States of products and subscribers, reservations and replacements. Pure.

use std::str::FromStr;

use chrono::{Days, NaiveDate};
use rating::rows::DidStatus;

use crate::production_calendar::{OutsideCalendar, ProductionCalendar};

/// State of a product that an account has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum InstanceStatus {
    /// Ordered.
    New,
    /// It works.
    InWork,
    /// It rests for a time.
    Suspended,
    /// It has ended.
    Closed,
}

impl InstanceStatus {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::New, Self::InWork, Self::Suspended, Self::Closed];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["new", "in_work", "suspended", "closed"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InWork => "in_work",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }

    /// Whether it may become another in one step (6.4).
    pub const fn may_become(self, to: Self) -> bool {
        matches!(
            (self, to),
            (Self::New | Self::Suspended, Self::InWork | Self::Closed) | (Self::InWork, Self::Suspended | Self::Closed)
        )
    }
}

impl FromStr for InstanceStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text).ok_or(())
    }
}

/// State of a subscriber: Новый, В работе, Закрыт (M12).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SubscriberStatus {
    /// Новый: its number is reserved.
    New,
    /// В работе: its number is in work.
    InWork,
    /// Закрыт.
    Closed,
}

impl SubscriberStatus {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::New, Self::InWork, Self::Closed];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["new", "in_work", "closed"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::InWork => "in_work",
            Self::Closed => "closed",
        }
    }

    /// Whether it may become another in one step: no way leads back.
    pub const fn may_become(self, to: Self) -> bool {
        matches!((self, to), (Self::New, Self::InWork | Self::Closed) | (Self::InWork, Self::Closed))
    }

    /// The state of its number; `None`: it has none any more.
    pub const fn number(self) -> Option<DidStatus> {
        match self {
            Self::New => Some(DidStatus::Reserved),
            Self::InWork => Some(DidStatus::InWork),
            Self::Closed => None,
        }
    }
}

impl FromStr for SubscriberStatus {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|status| status.as_str() == text).ok_or(())
    }
}

/// Why a subscriber is closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ClosedFor {
    /// Nobody paid for the reservation in time (M18).
    Lapsed,
    /// Somebody cancelled the reservation.
    Cancelled,
    /// The client gave the number up (M19).
    Closed,
    /// His contract has ended, or the product (M13).
    Terminated,
    /// Another number took its place (M22).
    Replaced,
}

impl ClosedFor {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Lapsed, Self::Cancelled, Self::Closed, Self::Terminated, Self::Replaced];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lapsed => "lapsed",
            Self::Cancelled => "cancelled",
            Self::Closed => "closed",
            Self::Terminated => "terminated",
            Self::Replaced => "replaced",
        }
    }

    /// Whether a subscriber in a state can be closed for that: a reservation lapses or is cancelled, a number in work is given up or replaced.
    pub const fn ends(self, before: SubscriberStatus) -> bool {
        match before {
            SubscriberStatus::New => matches!(self, Self::Lapsed | Self::Cancelled | Self::Terminated),
            SubscriberStatus::InWork => matches!(self, Self::Closed | Self::Terminated | Self::Replaced),
            SubscriberStatus::Closed => false,
        }
    }
}

/// From when the term of a reservation counts (A30, the setting `did.reservation_from`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TermFrom {
    /// From the day on which the number was attached.
    Created,
    /// From the day until which the first payment invoice is to be paid.
    PaymentDue,
    /// From the day on which the client refused.
    Refused,
}

impl TermFrom {
    /// The first day of the term of a number that is attached on a day; `None`: it has not begun.
    pub const fn begins(self, attached: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Created => Some(attached),
            Self::PaymentDue | Self::Refused => None,
        }
    }
}

impl FromStr for TermFrom {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "created" => Ok(Self::Created),
            "payment_due" => Ok(Self::PaymentDue),
            "refused" => Ok(Self::Refused),
            _ => Err(()),
        }
    }
}

/// Why the day is not planned on which a product is to work (M61).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum NotPlanned {
    /// It is not new any more.
    NotNew(InstanceStatus),
    /// Tomorrow is the first day that can be planned.
    NotFuture(NaiveDate),
}

/// Whether a day can be planned on which a product begins to work; `None`: as soon as it can.
pub fn may_plan(status: InstanceStatus, day: Option<NaiveDate>, today: NaiveDate) -> Result<(), NotPlanned> {
    if status != InstanceStatus::New {
        return Err(NotPlanned::NotNew(status));
    }
    match day {
        Some(day) if day <= today => Err(NotPlanned::NotFuture(today.succ_opt().unwrap_or(today))),
        _ => Ok(()),
    }
}

/// Where the number of a subscriber goes that is closed: to quarantine once it was in work, unless somebody may skip it (M19). A reserved one is free again, and
/// keeps the day of its last quarantine, so that its class still tells of calls (M18).
pub const fn number_after_close(before: SubscriberStatus, skips_quarantine: bool) -> DidStatus {
    match before {
        SubscriberStatus::InWork if !skips_quarantine => DidStatus::Archive,
        _ => DidStatus::Free,
    }
}

/// The last business day of a reservation (M18). `from`: the day of the event that the setting `did.reservation_from` names; counting begins behind it.
pub fn reserved_through(
    calendar: &ProductionCalendar,
    from: NaiveDate,
    business_days: u32,
) -> Result<NaiveDate, OutsideCalendar> {
    calendar.business_day_after(from, business_days)
}

/// Whether a reservation lapses in the night to a day: the night after its last day, or a later one where a night was missed.
pub fn lapses(status: SubscriberStatus, through: Option<NaiveDate>, night_to: NaiveDate) -> bool {
    status == SubscriberStatus::New && through.is_some_and(|last| last < night_to)
}

/// Who wants the number of a product replaced (A32).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Initiator {
    /// The client, because of foreign calls.
    Client,
    /// We.
    Operator,
}

impl Initiator {
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["client", "operator"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Operator => "operator",
        }
    }
}

impl FromStr for Initiator {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Client, Self::Operator].into_iter().find(|initiator| initiator.as_str() == text).ok_or(())
    }
}

/// Why a number is not replaced today.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotReplaced {
    /// The client has to be told long before.
    #[error("the client has to be told {0} days before, and the day on which he was is missing")]
    NoNotice(u32),
    /// He was told, and the term runs.
    #[error("the client was told, and his number can be replaced from {0} on")]
    TooEarly(NaiveDate),
}

/// Whether a number may be replaced on a day: at the client's wish at once, at ours when he was told so many days before (A32).
pub fn may_replace(
    initiator: Initiator,
    told_on: Option<NaiveDate>,
    notice_days: u32,
    today: NaiveDate,
) -> Result<(), NotReplaced> {
    if initiator == Initiator::Client {
        return Ok(());
    }
    let told_on = told_on.ok_or(NotReplaced::NoNotice(notice_days))?;
    let from = told_on.checked_add_days(Days::new(u64::from(notice_days))).unwrap_or(NaiveDate::MAX);
    if today < from { Err(NotReplaced::TooEarly(from)) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    /// M12, 6.4: every other step is refused.
    #[test]
    fn states() {
        use super::{InstanceStatus as I, SubscriberStatus as S};
        let instances = [
            (I::New, I::InWork),
            (I::New, I::Closed),
            (I::InWork, I::Suspended),
            (I::InWork, I::Closed),
            (I::Suspended, I::InWork),
            (I::Suspended, I::Closed),
        ];
        for (from, to) in I::ALL.iter().flat_map(|from| I::ALL.iter().map(move |to| (*from, *to))) {
            assert_eq!(from.may_become(to), instances.contains(&(from, to)), "{from:?} -> {to:?}");
            assert_eq!(from.as_str().parse(), Ok(from));
        }
        let subscribers = [(S::New, S::InWork), (S::New, S::Closed), (S::InWork, S::Closed)];
        for (from, to) in S::ALL.iter().flat_map(|from| S::ALL.iter().map(move |to| (*from, *to))) {
            assert_eq!(from.may_become(to), subscribers.contains(&(from, to)), "{from:?} -> {to:?}");
            assert_eq!(from.as_str().parse(), Ok(from));
        }
        assert_eq!(I::NAMES, I::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>());
        assert_eq!(S::NAMES, S::ALL.iter().map(|status| status.as_str()).collect::<Vec<_>>());
    }

    /// 6.4, M18, M19, M22: each end has its beginning.
    #[test]
    fn what_a_subscriber_is_closed_for() {
        use super::{ClosedFor as C, SubscriberStatus as S};
        let ends = [
            (S::New, C::Lapsed),
            (S::New, C::Cancelled),
            (S::New, C::Terminated),
            (S::InWork, C::Closed),
            (S::InWork, C::Terminated),
            (S::InWork, C::Replaced),
        ];
        for (before, why) in S::ALL.iter().flat_map(|before| C::ALL.iter().map(move |why| (*before, *why))) {
            assert_eq!(why.ends(before), ends.contains(&(before, why)), "{before:?} {why:?}");
        }
    }

    /// M61: today is 9 September 2020.
    #[test]
    fn planned_days_are_still_to_come() {
        use super::InstanceStatus as I;
        let (today, tomorrow) = (day("2020-09-09"), day("2020-09-10"));
        for (status, planned, expected) in [
            (I::New, Some("2020-09-09"), Err(NotPlanned::NotFuture(tomorrow))),
            (I::New, Some("2020-09-08"), Err(NotPlanned::NotFuture(tomorrow))),
            (I::New, Some("2020-09-10"), Ok(())),
            (I::New, None, Ok(())),
            (I::InWork, Some("2020-09-10"), Err(NotPlanned::NotNew(I::InWork))),
            (I::Closed, None, Err(NotPlanned::NotNew(I::Closed))),
        ] {
            assert_eq!(may_plan(status, planned.map(day), today), expected, "{status:?} {planned:?}");
        }
    }

    /// A30: what begins the term.
    #[test]
    fn terms_begin_with_what_the_setting_names() {
        let attached = day("2020-09-07");
        for (name, expected) in [("created", Some(attached)), ("payment_due", None), ("refused", None)] {
            assert_eq!(name.parse::<TermFrom>().map(|from| from.begins(attached)), Ok(expected), "{name}");
        }
        assert!("paid".parse::<TermFrom>().is_err());
    }

    /// M18, M19: what a subscriber was, whether quarantine is skipped | where its number goes
    #[test]
    fn the_number_of_a_closed_subscriber() {
        for (before, skips, expected) in [
            (SubscriberStatus::InWork, false, DidStatus::Archive),
            (SubscriberStatus::InWork, true, DidStatus::Free),
            (SubscriberStatus::New, false, DidStatus::Free),
        ] {
            assert_eq!(number_after_close(before, skips), expected, "{before:?} {skips}");
            let now = before.number().unwrap();
            assert!(crate::numbers::may_move(now, expected), "{now} -> {expected}");
            let right = crate::numbers::rules::step_needs(now, expected);
            assert_eq!(right.is_some(), skips, "{now} -> {expected}");
        }
    }

    /// M18: created on Monday 7 September 2020; the 8th business day is Thursday the 17th.
    #[test]
    fn a_reservation_lapses_in_the_night_after_its_last_day() {
        let calendar = ProductionCalendar::new("ru", [2020], [(day("2020-11-04"), false)]);
        let through = reserved_through(&calendar, day("2020-09-07"), 8).unwrap();
        assert_eq!(through, day("2020-09-17"));
        for (status, night_to, expected) in [
            (SubscriberStatus::New, "2020-09-17", false), // the night after Wednesday the 16th
            (SubscriberStatus::New, "2020-09-18", true),
            (SubscriberStatus::New, "2020-09-21", true), // nights were missed
            (SubscriberStatus::InWork, "2020-09-18", false),
            (SubscriberStatus::Closed, "2020-09-18", false),
        ] {
            assert_eq!(lapses(status, Some(through), day(night_to)), expected, "{status:?} {night_to}");
        }
        assert!(!lapses(SubscriberStatus::New, None, day("2020-09-18")), "its term has not begun");
        // A30: the night after Wednesday 11 November.
        assert_eq!(reserved_through(&calendar, day("2020-10-29"), 8), Ok(day("2020-11-11")));
        assert!(reserved_through(&calendar, day("2020-12-29"), 8).is_err());
    }

    /// A32: 1 July + 60 days = 30 August.
    #[test]
    fn replacements_of_ours_need_notice() {
        let (client, operator) = (Initiator::Client, Initiator::Operator);
        for (initiator, told, today, expected) in [
            (client, None, "2026-07-01", Ok(())),
            (operator, None, "2026-07-01", Err(NotReplaced::NoNotice(60))),
            (operator, Some("2026-07-01"), "2026-08-29", Err(NotReplaced::TooEarly(day("2026-08-30")))),
            (operator, Some("2026-07-01"), "2026-08-30", Ok(())),
        ] {
            assert_eq!(may_replace(initiator, told.map(day), 60, day(today)), expected, "{initiator:?} {today}");
        }
        assert_eq!(
            Initiator::NAMES.iter().map(|name| name.parse::<Initiator>()).collect::<Vec<_>>(),
            [Ok(client), Ok(operator)]
        );
    }
}
