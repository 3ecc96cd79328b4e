//! Forcing a number into sale: what may be forced, who approves it, and when it ends (M20, A27).
//!
//! Owns: the matrix of approvers, the consent that is needed, what ends a forcing.
//! Does not own: requests and decisions (`approvals`), the count of callers (`quarantine`), what a forced number may be sold for (`sale`).
//! Always: pure; callers are counted, not calls, and the threshold itself already needs the client.

use std::str::FromStr;

use chrono::NaiveDate;
use rating::rows::DidStatus;

use super::sale::{Offer, Sale};
use crate::staff::Permission;

/// Whom a department asks (`department.forcing`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Route {
    /// The assistants, as sales do; so do people without a department.
    #[default]
    Assistants,
    /// The direct manager, with a copy to the designated approver, as client service does.
    Manager,
}

impl Route {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Assistants, Self::Manager];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Assistants => "assistants",
            Self::Manager => "manager",
        }
    }
}

impl FromStr for Route {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|route| route.as_str() == text).ok_or(())
    }
}

/// Who approves.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Approver {
    /// «Ассистенты», or whoever may what they may.
    Assistants,
    /// Who heads the department of who asks, or one above it.
    DirectManager,
    /// The designated approver of sales or his deputy: numbers of another provider are nobody else's to force.
    Designated,
}

impl Approver {
    /// What he may.
    pub const fn permission(self) -> Permission {
        match self {
            Self::Assistants | Self::DirectManager => Permission::DidForceOwn,
            Self::Designated => Permission::DidForceForeign,
        }
    }
}

/// What a forcing needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Needed {
    /// Who approves.
    pub approver: Approver,
    /// The count of callers that the client has to have been shown and agreed to; `None`: he is not asked, and the number is forced for everybody.
    pub consent: Option<i64>,
    /// Whether the designated approver gets a copy.
    pub copy: bool,
}

/// What a forcing needs of a number with so many unique callers in the window (M20). `threshold`: the setting `did.unique_callers_consent`.
pub const fn needed(route: Route, is_own_provider: bool, callers: i64, threshold: i64) -> Needed {
    let approver = match (is_own_provider, route) {
        (false, _) => Approver::Designated,
        (true, Route::Assistants) => Approver::Assistants,
        (true, Route::Manager) => Approver::DirectManager,
    };
    let consent = if callers >= threshold { Some(callers) } else { None };
    Needed { approver, consent, copy: matches!(route, Route::Manager) }
}

/// Why a number cannot be forced.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotForced {
    /// Only a free number, or one in quarantine.
    #[error("the number is {0}, and only a free or archived one is forced into sale")]
    State(DidStatus),
    /// Somebody has taken it off sale: that is for him to undo.
    #[error("the number was taken off sale; it has to be put on sale first")]
    OffSale,
    /// It is forced already.
    #[error("the number is forced into sale already")]
    Already,
    /// It is for sale without that.
    #[error("the number is for sale already")]
    Green,
    /// A mobile number rests after its contract: that is law (A31).
    #[error("a mobile number is not for sale before {0}")]
    Rests(NaiveDate),
}

/// Whether a number can be forced. `offer`: what it is on the shelf; `rests_until`: of a mobile number.
pub fn may_be_forced(
    status: DidStatus,
    sale: Sale,
    offer: Offer,
    rests_until: Option<NaiveDate>,
) -> Result<(), NotForced> {
    if !matches!(status, DidStatus::Free | DidStatus::Archive) {
        return Err(NotForced::State(status));
    }
    match (sale, offer, rests_until) {
        (Sale::No, ..) => Err(NotForced::OffSale),
        (_, Offer::Rests, Some(until)) => Err(NotForced::Rests(until)),
        (Sale::Forced, ..) => Err(NotForced::Already),
        (Sale::Yes, offer, _) if offer.is_green() && status == DidStatus::Free => Err(NotForced::Green),
        _ => Ok(()),
    }
}

/// What happens to a number that was forced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Happened {
    /// Its reservation lapsed unpaid.
    Lapsed,
    /// Its reservation was cancelled.
    Cancelled,
    /// Its subscriber was closed.
    Closed,
    /// Nobody reserved it within the term of a reservation.
    Waited,
    /// It entered quarantine, or left our capacity.
    Archived,
}

/// Whether a forcing ends with that: for everybody at the archive alone, for one client with whatever ends his interest (A27).
pub const fn ends(is_for_one: bool, happened: Happened) -> bool {
    is_for_one || matches!(happened, Happened::Archived)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// M20: who asks, whose number, callers | who approves, consent, copy
    #[test]
    fn the_matrix() {
        use Approver::{Assistants, Designated, DirectManager};
        for (route, own, callers, expected) in [
            (Route::Assistants, true, 5, (Assistants, None, false)),
            (Route::Assistants, true, 6, (Assistants, Some(6), false)),
            (Route::Assistants, true, 0, (Assistants, None, false)), // no data, or not enough
            (Route::Manager, true, 5, (DirectManager, None, true)),
            (Route::Manager, true, 6, (DirectManager, Some(6), true)),
            (Route::Manager, true, 0, (DirectManager, None, true)),
            (Route::Assistants, false, 5, (Designated, None, false)),
            (Route::Assistants, false, 7, (Designated, Some(7), false)),
            (Route::Manager, false, 7, (Designated, Some(7), true)),
        ] {
            let got = needed(route, own, callers, 6);
            assert_eq!((got.approver, got.consent, got.copy), expected, "{route:?} {own} {callers}");
        }
        assert_eq!(Approver::Designated.permission(), Permission::DidForceForeign);
        assert_eq!(Approver::Assistants.permission(), Permission::DidForceOwn);
        assert_eq!(("manager".parse(), "assistants".parse()), (Ok(Route::Manager), Ok(Route::default())));
        assert!(
            Route::ALL.iter().all(|route| route.as_str().parse() == Ok(*route)) && "head".parse::<Route>().is_err()
        );
    }

    #[test]
    fn what_may_be_forced() {
        let until: NaiveDate = "2026-08-30".parse().unwrap();
        let (free, archive) = (DidStatus::Free, DidStatus::Archive);
        for (status, sale, offer, expected) in [
            (free, Sale::Yes, Offer::HasCalls, Ok(())),
            (archive, Sale::Yes, Offer::HasCalls, Ok(())),
            (archive, Sale::Yes, Offer::NoData, Ok(())),
            (archive, Sale::Yes, Offer::NoCalls, Ok(())), // it need not wait for the night
            (free, Sale::Yes, Offer::NoCalls, Err(NotForced::Green)),
            (free, Sale::Forced, Offer::Forced, Err(NotForced::Already)),
            (free, Sale::Forced, Offer::ForcedForOne, Err(NotForced::Already)),
            (free, Sale::No, Offer::No, Err(NotForced::OffSale)),
            (archive, Sale::Yes, Offer::Rests, Err(NotForced::Rests(until))),
            (DidStatus::InWork, Sale::Yes, Offer::HasCalls, Err(NotForced::State(DidStatus::InWork))),
            (DidStatus::Reserved, Sale::Yes, Offer::HasCalls, Err(NotForced::State(DidStatus::Reserved))),
            (DidStatus::Withdrawn, Sale::Yes, Offer::NoCalls, Err(NotForced::State(DidStatus::Withdrawn))),
        ] {
            assert_eq!(may_be_forced(status, sale, offer, Some(until)), expected, "{status} {sale:?} {offer:?}");
        }
    }

    /// A27: with six callers or more it is for one client.
    #[test]
    fn what_ends_a_forcing() {
        use Happened::{Archived, Cancelled, Closed, Lapsed, Waited};
        for happened in [Lapsed, Cancelled, Closed, Waited, Archived] {
            assert!(ends(true, happened), "{happened:?}");
            assert_eq!(ends(false, happened), happened == Archived, "{happened:?}");
        }
    }
}
