//! Who pays for a leg: of a call that took place, and of one that wants to.
//!
//! Owns: the charged party by service (A2), several accounts on one trunk, the called number that has to be in work, calls inside an account.
//! Does not own: how a record or a switch writes what names the payer (`numbering`), whether the call may go (`authorize`).
//! Always: everything is as of the moment of the leg; what the source does not ask for names nobody (`identify`); a record names the payer that the
//! request before its call named.

use numbering::{Dialled, E164};

use crate::code::{Check, Service, SuspenseCode};
use crate::identify::{Identify, NamedBy};
use crate::rows::{DidStatus, Symbol};
use crate::snapshot::{AccountIx, DidState, Snapshot};
use crate::wording::Language;

/// Whose account a leg is charged to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Party {
    /// Nobody's: an emergency call of an unknown caller, a non-target call.
    Nobody = 0,
    /// The caller's.
    Caller = 1,
    /// The called one's.
    Called = 2,
    /// The forwarding one's.
    Forwarder = 3,
}

/// What names the payer of a leg, by the rules of its source.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// Service of the leg.
    pub service: Service,
    /// Code of the account.
    pub account: Option<&'a str>,
    /// Trunk that the call came in by.
    pub trunk: Option<&'a str>,
    /// Calling number; `None` when withheld or malformed.
    pub src: Option<E164>,
    /// Whether something is given as the calling number that is no number at all.
    pub is_src_malformed: bool,
    /// Dialled number.
    pub dst: Dialled,
    /// The forwarding number.
    pub forwarded_from: Option<E164>,
    /// Whether something is given as the forwarding number, a number or not.
    pub is_forwarder_given: bool,
    /// The moment that decides, in milliseconds of the epoch.
    pub at_ms: i64,
}

/// The account that pays for a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Charged {
    /// The account.
    pub account: AccountIx,
    /// In which role.
    pub party: Party,
    /// Service by which the leg is priced: of a call inside the account another one than was named.
    pub service: Service,
    /// Place of service of the called number, where the called one pays.
    pub place: Option<Symbol>,
}

/// The payer of a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payer {
    /// An account.
    Account(Charged),
    /// Nobody: the called number is ours and not in work (M14).
    NotInWork(E164),
}

/// Why no payer is known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Nobody {
    /// No account has the code that is given.
    NoSuchAccount,
    /// The number that is called is not of our capacity.
    NotOurs,
    /// A short code is called where a number of ours has to be.
    ShortCode,
    /// The trunk has several accounts, and the calling number is of none of them.
    SharedTrunk,
    /// Nothing names one of our accounts.
    UnknownCaller,
    /// The calling number is no number, and nothing else names the payer.
    MalformedCaller,
    /// The forwarding number is of none of our accounts.
    UnknownForwarder,
    /// The forwarding number is no number, and no account is named.
    MalformedForwarder,
    /// Neither account nor forwarding number is given.
    NoForwarder,
}

impl Nobody {
    /// Every reason.
    pub const ALL: [Self; 9] = [
        Self::NoSuchAccount,
        Self::NotOurs,
        Self::ShortCode,
        Self::SharedTrunk,
        Self::UnknownCaller,
        Self::MalformedCaller,
        Self::UnknownForwarder,
        Self::MalformedForwarder,
        Self::NoForwarder,
    ];

    /// The code under which a record waits.
    pub const fn code(self) -> SuspenseCode {
        match self {
            Self::MalformedCaller | Self::MalformedForwarder => SuspenseCode::BadNumber,
            Self::SharedTrunk => SuspenseCode::AmbiguousSubscriber,
            Self::NoSuchAccount
            | Self::NotOurs
            | Self::ShortCode
            | Self::UnknownCaller
            | Self::UnknownForwarder
            | Self::NoForwarder => SuspenseCode::UnknownSubscriber,
        }
    }

    /// The check that refuses the call.
    pub const fn check(self) -> Check {
        match self {
            Self::MalformedCaller | Self::MalformedForwarder => Check::BadNumber,
            Self::SharedTrunk => Check::AmbiguousSubscriber,
            Self::NoSuchAccount
            | Self::NotOurs
            | Self::ShortCode
            | Self::UnknownCaller
            | Self::UnknownForwarder
            | Self::NoForwarder => Check::UnknownSubscriber,
        }
    }

    /// The reason in words.
    pub const fn text(self, language: Language) -> &'static str {
        match self {
            Self::NoSuchAccount => {
                language.pick("лицевого счёта с таким кодом нет", "there is no account with the code that is given")
            }
            Self::NotOurs => {
                language.pick("набранный номер не из нашей ёмкости", "the dialled number is not of our capacity")
            }
            Self::ShortCode => language.pick(
                "набран короткий номер, это не наш номер",
                "the dialled number is a short code, not one of our numbers",
            ),
            Self::SharedTrunk => language.pick(
                "у транка несколько счетов, и номер вызывающего не принадлежит ни одному из них",
                "the trunk has several accounts and the calling number is of none of them",
            ),
            Self::UnknownCaller => language.pick(
                "ни лицевой счёт, ни транк, ни номер вызывающего не называют ни одного нашего счёта",
                "neither account, trunk nor calling number names one of our accounts",
            ),
            Self::MalformedCaller => language.pick(
                "в src не номер, а больше ничто не называет плательщика",
                "src is no number, and nothing else names the payer",
            ),
            Self::UnknownForwarder => language.pick(
                "переадресующий номер не принадлежит ни одному нашему счёту",
                "the forwarding number is of none of our accounts",
            ),
            Self::MalformedForwarder => language.pick(
                "в forwarded_from не номер, а лицевой счёт не назван",
                "forwarded_from is no number, and no account is named",
            ),
            Self::NoForwarder => language.pick(
                "ни лицевой счёт, ни forwarded_from не называют ни одного нашего счёта",
                "neither account nor forwarded_from names one of our accounts",
            ),
        }
    }
}

/// Finds the payer. Cost: two or three map look-ups.
///
/// # Errors
/// Why nobody is known to pay.
#[inline]
pub fn payer(snapshot: &Snapshot, names: &Names<'_>, identify: &Identify) -> Result<Payer, Nobody> {
    let (account, party, place) = match names.service {
        Service::Outgoing
        | Service::Internal
        | Service::Message
        | Service::Data
        | Service::Recording
        | Service::UnlimitedRecording => (caller(snapshot, names, identify)?, Party::Caller, None),
        Service::Forwarded => (forwarder(snapshot, names, identify)?, Party::Forwarder, None),
        Service::Incoming | Service::TollFree => {
            let number = names.dst.e164().ok_or(Nobody::ShortCode)?;
            match called(snapshot, number, names.at_ms).ok_or(Nobody::NotOurs)? {
                Called::InWork(account, did) => (account, Party::Called, did.place),
                Called::NotInWork => return Ok(Payer::NotInWork(number)),
            }
        }
    };
    let is_own = || names.dst.e164().is_some_and(|number| owner(snapshot, number, names.at_ms) == Some(account));
    let service = if names.service == Service::Outgoing && is_own() { Service::Internal } else { names.service };
    Ok(Payer::Account(Charged { account, party, service, place }))
}

/// The account of the caller: the first that code, trunk and number name, in the order of the source (A2).
#[inline]
fn caller(snapshot: &Snapshot, names: &Names<'_>, identify: &Identify) -> Result<AccountIx, Nobody> {
    let owner = || {
        let asked = names.src.filter(|_| identify.asks(NamedBy::Number));
        asked.and_then(|number| owner(snapshot, number, names.at_ms))
    };
    for named_by in identify.order() {
        let found = match named_by {
            NamedBy::Code => named(snapshot, names),
            NamedBy::Trunk => on_trunk(snapshot, names, owner),
            NamedBy::Number => owner().map(Ok),
        };
        if let Some(found) = found {
            return found;
        }
    }
    let is_malformed = names.src.is_none() && names.is_src_malformed && identify.asks(NamedBy::Number);
    Err(if is_malformed { Nobody::MalformedCaller } else { Nobody::UnknownCaller })
}

/// The account whose code is given, if one is.
#[inline]
fn named(snapshot: &Snapshot, names: &Names<'_>) -> Option<Result<AccountIx, Nobody>> {
    names.account.map(|code| snapshot.account_by_code(code).ok_or(Nobody::NoSuchAccount))
}

/// The account of the trunk that the call came in by; of several, the one whose number calls.
#[inline]
fn on_trunk(
    snapshot: &Snapshot,
    names: &Names<'_>,
    owner: impl Fn() -> Option<AccountIx>,
) -> Option<Result<AccountIx, Nobody>> {
    match snapshot.accounts_by_trunk(names.trunk?) {
        [] => None,
        [account] => Some(Ok(*account)),
        several => Some(owner().filter(|owner| several.contains(owner)).ok_or(Nobody::SharedTrunk)),
    }
}

/// The account of the forwarder: by the code or by the forwarding number, in the order of the source.
#[inline]
fn forwarder(snapshot: &Snapshot, names: &Names<'_>, identify: &Identify) -> Result<AccountIx, Nobody> {
    for named_by in identify.order() {
        let found = match named_by {
            NamedBy::Code => named(snapshot, names),
            NamedBy::Trunk => None,
            NamedBy::Number => names.forwarded_from.and_then(|number| owner(snapshot, number, names.at_ms)).map(Ok),
        };
        if let Some(found) = found {
            return found;
        }
    }
    Err(match (names.forwarded_from, names.is_forwarder_given) {
        (Some(_), _) => Nobody::UnknownForwarder,
        (None, true) => Nobody::MalformedForwarder,
        (None, false) => Nobody::NoForwarder,
    })
}

/// The account that has a number in work.
#[inline]
pub fn owner(snapshot: &Snapshot, number: E164, at_ms: i64) -> Option<AccountIx> {
    snapshot.did(number, at_ms).filter(|did| did.status == DidStatus::InWork)?.account
}

/// What a called number of ours is.
#[derive(Clone, Copy, Debug)]
pub enum Called<'a> {
    /// An account has it in work.
    InWork(AccountIx, &'a DidState),
    /// Nobody has it in work.
    NotInWork,
}

/// What a called number is to us; `None` when it is not ours.
#[inline]
pub fn called(snapshot: &Snapshot, number: E164, at_ms: i64) -> Option<Called<'_>> {
    let did = snapshot.did(number, at_ms)?;
    Some(match (did.status, did.account) {
        (DidStatus::InWork, Some(account)) => Called::InWork(account, did),
        _ => Called::NotInWork,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Both codes of a reason are spelled alike; every reason is said in both languages, and the Russian one in Cyrillic.
    #[test]
    fn one_reason_one_code_two_languages() {
        for nobody in Nobody::ALL {
            assert_eq!(nobody.code().as_str(), nobody.check().as_str(), "{nobody:?}");
            let cyrillic = |language| nobody.text(language).chars().any(|letter| ('а'..='я').contains(&letter));
            assert!(cyrillic(Language::Russian) && !cyrillic(Language::English), "{nobody:?}");
        }
    }
}
