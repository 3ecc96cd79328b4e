//! What may be sold, and to whom.
//!
//! Owns: what the attribute and the class of a number make of it (M16), what stands against attaching it to somebody's product (M21, A27).
//! Does not own: states and classes (`rules`), who approves a forcing (`forcing`).
//! Always: pure; green is for everybody, a number that was forced for one client is for him alone.

use std::str::FromStr;

use chrono::NaiveDate;
use rating::rows::DidStatus;

use super::rules::NonTargetClass;

/// Доступен для продажи: what somebody has said of it (M16).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sale {
    /// Да: it depends on calls.
    Yes,
    /// Да, принудительно: whatever calls it has.
    Forced,
    /// Нет.
    No,
}

impl Sale {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Yes, Self::Forced, Self::No];
    /// Their names.
    pub const NAMES: &'static [&'static str] = &["yes", "forced", "no"];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::Forced => "forced",
            Self::No => "no",
        }
    }
}

impl FromStr for Sale {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|sale| sale.as_str() == text).ok_or(())
    }
}

/// What a number is on the shelf: the values that a search for sale chooses from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Offer {
    /// Yes, and no non-target calls. Green.
    NoCalls,
    /// Yes, and calls are not looked at. Green.
    Ignore,
    /// Forced for everybody. Green.
    Forced,
    /// Forced for one client; green for him alone (A27).
    ForcedForOne,
    /// Yes, but nothing is collected yet.
    NoData,
    /// Yes, but collected for less than the term.
    InsufficientData,
    /// Yes, but called within the term.
    HasCalls,
    /// Yes, but a mobile number rests after its contract (A31).
    Rests,
    /// No.
    No,
}

impl Offer {
    /// All of them, green ones first.
    pub const ALL: &'static [Self] = &[
        Self::NoCalls,
        Self::Ignore,
        Self::Forced,
        Self::ForcedForOne,
        Self::NoData,
        Self::InsufficientData,
        Self::HasCalls,
        Self::Rests,
        Self::No,
    ];
    /// Their names.
    pub const NAMES: &'static [&'static str] =
        &["no_calls", "ignore", "forced", "forced_for_one", "no_data", "insufficient_data", "has_calls", "rests", "no"];
    /// Those that everybody may buy: what a search for a pool has to ask for.
    pub const GREEN: &'static [Self] = &[Self::NoCalls, Self::Ignore, Self::Forced];

    /// What attribute and class make of a number. `rests`: it is a mobile number whose rest is not over.
    pub const fn of(sale: Sale, is_for_one: bool, class: NonTargetClass, rests: bool) -> Self {
        match (sale, class) {
            (Sale::No, _) => Self::No,
            _ if rests => Self::Rests,
            (Sale::Forced, _) if is_for_one => Self::ForcedForOne,
            (Sale::Forced, _) => Self::Forced,
            (Sale::Yes, NonTargetClass::NoCalls) => Self::NoCalls,
            (Sale::Yes, NonTargetClass::Ignore) => Self::Ignore,
            (Sale::Yes, NonTargetClass::NoData) => Self::NoData,
            (Sale::Yes, NonTargetClass::InsufficientData) => Self::InsufficientData,
            (Sale::Yes, NonTargetClass::HasCalls) => Self::HasCalls,
        }
    }

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether everybody may buy it.
    pub const fn is_green(self) -> bool {
        matches!(self, Self::NoCalls | Self::Ignore | Self::Forced)
    }
}

impl FromStr for Offer {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|offer| offer.as_str() == text).ok_or(())
    }
}

/// A number before it is attached, as it is under its lock.
#[derive(Clone, Copy, Debug)]
pub struct Candidate {
    /// Its state.
    pub status: DidStatus,
    /// Its attribute.
    pub sale: Sale,
    /// The client for whom it was forced, where it was for one.
    pub forced_for: Option<i64>,
    /// Its class by calls.
    pub class: NonTargetClass,
    /// Unique callers in the window (A28).
    pub callers: i64,
    /// A mobile number is not for sale before this day (A31).
    pub rests_until: Option<NaiveDate>,
}

/// Why a number is not attached.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotForSale {
    /// Somebody has it, or it rests in quarantine, or it is not ours any more.
    #[error("the number is {0}")]
    NotFree(DidStatus),
    /// A mobile number rests after its contract (A31).
    #[error("a mobile number is not for sale before {0}")]
    Rests(NaiveDate),
    /// So many callers that the buyer has to agree first, or another client has agreed.
    #[error("{0} unique callers: the client has to agree first")]
    ConsentRequired(i64),
    /// Red for another reason.
    #[error("the number is not for sale: {}", .0.as_str())]
    Red(Offer),
}

impl Candidate {
    /// What it is on the shelf on a day.
    pub fn offer(&self, today: NaiveDate) -> Offer {
        let rests = self.rests_until.is_some_and(|until| today < until);
        Offer::of(self.sale, self.forced_for.is_some(), self.class, rests)
    }

    /// What stands against attaching it to a product of a client. `threshold`: unique callers from which he has to agree.
    pub fn may_go_to(&self, client: i64, today: NaiveDate, threshold: i64) -> Result<(), NotForSale> {
        if self.status != DidStatus::Free {
            return Err(NotForSale::NotFree(self.status));
        }
        match (self.offer(today), self.rests_until) {
            (Offer::NoCalls | Offer::Ignore | Offer::Forced, _) => Ok(()),
            (Offer::ForcedForOne, _) if self.forced_for == Some(client) => Ok(()),
            (Offer::Rests, Some(until)) => Err(NotForSale::Rests(until)),
            (Offer::ForcedForOne | Offer::HasCalls, _) if self.callers >= threshold => {
                Err(NotForSale::ConsentRequired(self.callers))
            }
            (offer, _) => Err(NotForSale::Red(offer)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use NonTargetClass::{HasCalls, Ignore, InsufficientData, NoCalls, NoData};

    #[test]
    fn names_follow_the_order() {
        assert_eq!((Offer::ALL.len(), Sale::ALL.len()), (Offer::NAMES.len(), Sale::NAMES.len()));
        for (offer, name) in Offer::ALL.iter().zip(Offer::NAMES) {
            assert_eq!((offer.as_str(), name.parse()), (*name, Ok(*offer)));
            assert_eq!(offer.is_green(), Offer::GREEN.contains(offer), "{name}");
        }
        for (sale, name) in Sale::ALL.iter().zip(Sale::NAMES) {
            assert_eq!((sale.as_str(), name.parse()), (*name, Ok(*sale)));
        }
    }

    /// M16: what is green and what is red.
    #[test]
    fn green_and_red() {
        for (sale, class, green) in [
            (Sale::Yes, NoCalls, true),
            (Sale::Yes, Ignore, true),
            (Sale::Yes, NoData, false),
            (Sale::Yes, InsufficientData, false),
            (Sale::Yes, HasCalls, false),
            (Sale::Forced, HasCalls, true),
            (Sale::Forced, NoData, true),
            (Sale::No, NoCalls, false),
            (Sale::No, Ignore, false),
        ] {
            assert_eq!(Offer::of(sale, false, class, false).is_green(), green, "{sale:?} {class:?}");
            // A mobile number that rests is green for nobody, one that was forced for one client for nobody else.
            assert!(!Offer::of(sale, false, class, true).is_green(), "{sale:?} {class:?}");
            let for_one = Offer::of(sale, true, class, false).is_green();
            assert_eq!(for_one, green && sale != Sale::Forced, "{sale:?} {class:?}");
        }
    }

    /// M21, A27: client 1 buys on 1 July 2026, six callers are the threshold.
    #[test]
    fn what_stands_against_a_buyer() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let (free, archive) = (DidStatus::Free, DidStatus::Archive);
        for (status, sale, forced_for, class, callers, rests, expected) in [
            (free, Sale::Yes, None, NoCalls, 0, None, Ok(())),
            (free, Sale::Yes, None, Ignore, 9, None, Ok(())),
            (free, Sale::Forced, None, HasCalls, 5, None, Ok(())),
            (free, Sale::Forced, Some(1), HasCalls, 7, None, Ok(())),
            (free, Sale::Forced, Some(2), HasCalls, 7, None, Err(NotForSale::ConsentRequired(7))),
            // Somebody else's, and its callers have become fewer: still his.
            (free, Sale::Forced, Some(2), HasCalls, 5, None, Err(NotForSale::Red(Offer::ForcedForOne))),
            // The reservation lapsed, the forcing with it.
            (free, Sale::Yes, None, HasCalls, 7, None, Err(NotForSale::ConsentRequired(7))),
            (free, Sale::Yes, None, HasCalls, 6, None, Err(NotForSale::ConsentRequired(6))),
            (free, Sale::Yes, None, HasCalls, 5, None, Err(NotForSale::Red(Offer::HasCalls))),
            (free, Sale::Yes, None, NoData, 0, None, Err(NotForSale::Red(Offer::NoData))),
            (free, Sale::No, None, NoCalls, 0, None, Err(NotForSale::Red(Offer::No))),
            (archive, Sale::Yes, None, NoCalls, 0, None, Err(NotForSale::NotFree(archive))),
            (archive, Sale::Forced, Some(1), HasCalls, 7, None, Err(NotForSale::NotFree(archive))),
            (free, Sale::Yes, None, NoCalls, 0, Some("2026-07-01"), Ok(())),
            (free, Sale::Yes, None, NoCalls, 0, Some("2026-07-02"), Err(NotForSale::Rests(day("2026-07-02")))),
            (free, Sale::Forced, None, NoCalls, 0, Some("2026-07-02"), Err(NotForSale::Rests(day("2026-07-02")))),
        ] {
            let candidate = Candidate { status, sale, forced_for, class, callers, rests_until: rests.map(day) };
            let got = candidate.may_go_to(1, day("2026-07-01"), 6);
            assert_eq!(got, expected, "{candidate:?}");
        }
    }
}
