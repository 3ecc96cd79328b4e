//! Stage 3: which legs the record has, who pays for each, and which carrier took it.
//!
//! In: [`NormalisedCdr`].  Out: one or two [`AdmittedLeg`]s, each paid by somebody, or a non-target call, or UNKNOWN_SUBSCRIBER, AMBIGUOUS_SUBSCRIBER,
//! BAD_NUMBER.
//! Owns: the charged party by leg (A2) and the called leg of an on-net call that its source reports once.
//! Does not own: whether the call should have been possible: a block or a closure never stops the charge of a call that took place.
//! Always: everything is resolved as of the answer. Reads the snapshot only. Cost: two or three map look-ups.

use numbering::{Digits, E164, Kind};
use rating::identify::NamedBy;
use rating::rows::{DidStatus, ProviderId, SourceRow, Symbol};
use rating::snapshot::{AccountIx, DidState, Snapshot};
use rating::{Service, SuspenseCode};

use crate::decode::{DecodedCdr, Direction};
use crate::normalise::{NormalisedCdr, Rejected};
use crate::text::{Said, clean};

const STAGE: &str = "admit";

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

/// What is to be done with a leg.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Price it.
    Rate {
        /// Who pays; `None` only for an emergency call.
        account: Option<AccountIx>,
        /// In which role.
        party: Party,
    },
    /// A call to a number of ours that is not in work.
    NonTarget(E164),
}

/// A leg that is ready to be priced.
#[derive(Clone, Copy, Debug)]
pub struct AdmittedLeg {
    /// Added to the leg number of the record: 1 for the called leg of an on-net call.
    pub leg_offset: u8,
    /// Service.
    pub service: Service,
    /// Direction.
    pub direction: Direction,
    /// What to do.
    pub admission: Admission,
    /// Carrier.
    pub provider: Option<ProviderId>,
    /// Place of service.
    pub place: Option<Symbol>,
}

/// The legs of a record: each admitted or rejected, in order of their numbers.
pub type Legs = [Option<(u8, Result<AdmittedLeg, Rejected>)>; 2];

/// Finds the legs of a record and their payers.
pub fn admit(snapshot: &Snapshot, cdr: &DecodedCdr<'_>, call: &NormalisedCdr, source: &SourceRow) -> Legs {
    let first = reported_leg(snapshot, cdr, call, source);
    let payer = match &first {
        Ok(AdmittedLeg { admission: Admission::Rate { account, .. }, .. }) => *account,
        _ => None,
    };
    let second = called_leg(snapshot, cdr, call, source, payer);
    [Some((0, first)), second.map(|leg| (1, Ok(leg)))]
}

fn reported_leg(
    snapshot: &Snapshot,
    cdr: &DecodedCdr<'_>,
    call: &NormalisedCdr,
    source: &SourceRow,
) -> Result<AdmittedLeg, Rejected> {
    let at_ms = call.at_ms();
    let mut leg = AdmittedLeg {
        leg_offset: 0,
        service: cdr.service,
        direction: cdr.direction,
        admission: Admission::Rate { account: None, party: Party::Nobody },
        provider: provider(snapshot, cdr),
        place: cdr.place.as_deref().map(|place| snapshot.symbol(place)),
    };
    let payer = match cdr.service {
        Service::Outgoing
        | Service::Internal
        | Service::Message
        | Service::Data
        | Service::Recording
        | Service::UnlimitedRecording => caller(snapshot, cdr, call, source).map(|account| (account, Party::Caller)),
        Service::Forwarded => forwarder(snapshot, cdr, call, source).map(|account| (account, Party::Forwarder)),
        Service::Incoming | Service::TollFree => {
            match called_number(call).map(|number| (number, called(snapshot, number, at_ms))) {
                Ok((_, Some(Called::InWork(account, did)))) => {
                    leg.place = leg.place.or(did.place);
                    Ok((account, Party::Called))
                }
                Ok((number, Some(Called::NotInWork))) => {
                    leg.admission = Admission::NonTarget(number);
                    return Ok(leg);
                }
                Ok((_, None)) => Err(Rejected::new(
                    SuspenseCode::UnknownSubscriber,
                    STAGE,
                    Said::fixed("набранный номер не из нашей ёмкости", "the dialled number is not of our capacity"),
                )),
                Err(rejected) => Err(rejected),
            }
        }
    };
    match payer {
        Ok((account, party)) => {
            leg.admission = Admission::Rate { account: Some(account), party };
            if cdr.service == Service::Outgoing && is_own_number(snapshot, call, account) {
                leg.service = Service::Internal;
            }
            Ok(leg)
        }
        // An emergency call passes, and costs nothing, whoever calls (A1).
        Err(_) if snapshot.is_emergency(call.dst.digits()) => Ok(leg),
        Err(rejected) => Err(rejected),
    }
}

/// The called leg of an on-net call, where the source reports one record for both.
fn called_leg(
    snapshot: &Snapshot,
    cdr: &DecodedCdr<'_>,
    call: &NormalisedCdr,
    source: &SourceRow,
    caller: Option<AccountIx>,
) -> Option<AdmittedLeg> {
    if !source.on_net_once || cdr.service != Service::Outgoing {
        return None;
    }
    let number = call.dst.e164()?;
    let (admission, place) = match called(snapshot, number, call.at_ms())? {
        Called::InWork(account, _) if Some(account) == caller => return None,
        Called::InWork(account, did) => (Admission::Rate { account: Some(account), party: Party::Called }, did.place),
        Called::NotInWork => (Admission::NonTarget(number), None),
    };
    let service = if is_toll_free(snapshot, number) { Service::TollFree } else { Service::Incoming };
    let provider = cdr.trunk_in.as_deref().and_then(|trunk| snapshot.provider_by_trunk(trunk));
    Some(AdmittedLeg { leg_offset: 1, service, direction: Direction::In, admission, provider, place })
}

fn provider(snapshot: &Snapshot, cdr: &DecodedCdr<'_>) -> Option<ProviderId> {
    let trunk = match Direction::of(cdr.service) {
        Direction::Out => &cdr.trunk_out,
        Direction::In => &cdr.trunk_in,
    };
    trunk.as_deref().and_then(|trunk| snapshot.provider_by_trunk(trunk))
}

/// The account that the record names, if it names one.
fn named(snapshot: &Snapshot, cdr: &DecodedCdr<'_>) -> Option<Result<AccountIx, Rejected>> {
    let code = cdr.account.as_deref()?;
    Some(snapshot.account_by_code(code).ok_or_else(|| {
        let code = clean(code);
        let detail = Said::new(format!("лицевого счёта `{code}` нет"), format!("there is no account `{code}`"));
        Rejected::new(SuspenseCode::UnknownSubscriber, STAGE, detail)
    }))
}

/// The account of the caller: the first that the record's code, trunk and number name, in the order of the source (A2).
fn caller(
    snapshot: &Snapshot,
    cdr: &DecodedCdr<'_>,
    call: &NormalisedCdr,
    source: &SourceRow,
) -> Result<AccountIx, Rejected> {
    let identify = &source.identify;
    let owner = || {
        let asked = call.src.filter(|_| identify.asks(NamedBy::Number));
        asked.and_then(|number| owner(snapshot, number, call.at_ms()))
    };
    for named_by in identify.order() {
        let found = match named_by {
            NamedBy::Code => named(snapshot, cdr),
            NamedBy::Trunk => on_trunk(snapshot, cdr, owner),
            NamedBy::Number => owner().map(Ok),
        };
        if let Some(found) = found {
            return found;
        }
    }
    Err(match call.src {
        None if call.src_malformed && identify.asks(NamedBy::Number) => {
            let detail = Said::fixed(
                "в src не номер, а больше ничто не называет плательщика",
                "src is no number, and nothing else names the payer",
            );
            Rejected::new(SuspenseCode::BadNumber, STAGE, detail)
        }
        _ => Rejected::new(
            SuspenseCode::UnknownSubscriber,
            STAGE,
            Said::fixed(
                "ни лицевой счёт, ни транк, ни номер вызывающего не называют ни одного нашего счёта",
                "neither account, trunk nor calling number names one of our accounts",
            ),
        ),
    })
}

/// The account of the trunk that the call came in by; of several, the one whose number calls.
fn on_trunk(
    snapshot: &Snapshot,
    cdr: &DecodedCdr<'_>,
    owner: impl Fn() -> Option<AccountIx>,
) -> Option<Result<AccountIx, Rejected>> {
    match snapshot.accounts_by_trunk(cdr.trunk_in.as_deref()?) {
        [] => None,
        [account] => Some(Ok(*account)),
        several => Some(owner().filter(|owner| several.contains(owner)).ok_or_else(|| {
            Rejected::new(
                SuspenseCode::AmbiguousSubscriber,
                STAGE,
                Said::fixed(
                    "у транка несколько счетов, и номер вызывающего не принадлежит ни одному из них",
                    "the trunk has several accounts and the calling number is of none of them",
                ),
            )
        })),
    }
}

/// The account of the forwarder: by the code or by the forwarding number, in the order of the source.
fn forwarder(
    snapshot: &Snapshot,
    cdr: &DecodedCdr<'_>,
    call: &NormalisedCdr,
    source: &SourceRow,
) -> Result<AccountIx, Rejected> {
    for named_by in source.identify.order() {
        let found = match named_by {
            NamedBy::Code => named(snapshot, cdr),
            NamedBy::Trunk => None,
            NamedBy::Number => call.forwarded_from.and_then(|number| owner(snapshot, number, call.at_ms())).map(Ok),
        };
        if let Some(found) = found {
            return found;
        }
    }
    Err(nobody_forwarded(cdr, call))
}

/// Why nobody is known to have forwarded the call.
fn nobody_forwarded(cdr: &DecodedCdr<'_>, call: &NormalisedCdr) -> Rejected {
    match call.forwarded_from {
        Some(_) => {
            let detail = Said::fixed(
                "переадресующий номер не принадлежит ни одному нашему счёту",
                "the forwarding number is of none of our accounts",
            );
            Rejected::new(SuspenseCode::UnknownSubscriber, STAGE, detail)
        }
        None if cdr.forwarded_from.is_some() => {
            let detail = Said::fixed(
                "в forwarded_from не номер, а лицевой счёт не назван",
                "forwarded_from is no number, and no account is named",
            );
            Rejected::new(SuspenseCode::BadNumber, STAGE, detail)
        }
        None => Rejected::new(
            SuspenseCode::UnknownSubscriber,
            STAGE,
            Said::fixed(
                "ни лицевой счёт, ни forwarded_from не называют ни одного нашего счёта",
                "neither account nor forwarded_from names one of our accounts",
            ),
        ),
    }
}

fn owner(snapshot: &Snapshot, number: E164, at_ms: i64) -> Option<AccountIx> {
    snapshot.did(number, at_ms).filter(|did| did.status == DidStatus::InWork)?.account
}

enum Called<'a> {
    InWork(AccountIx, &'a DidState),
    NotInWork,
}

/// What the called number is to us; `None` when it is not ours.
fn called(snapshot: &Snapshot, number: E164, at_ms: i64) -> Option<Called<'_>> {
    let did = snapshot.did(number, at_ms)?;
    Some(match (did.status, did.account) {
        (DidStatus::InWork, Some(account)) => Called::InWork(account, did),
        _ => Called::NotInWork,
    })
}

fn called_number(call: &NormalisedCdr) -> Result<E164, Rejected> {
    call.dst.e164().ok_or_else(|| {
        Rejected::new(
            SuspenseCode::UnknownSubscriber,
            STAGE,
            Said::fixed(
                "набран короткий номер, это не наш номер",
                "the dialled number is a short code, not one of our numbers",
            ),
        )
    })
}

fn is_own_number(snapshot: &Snapshot, call: &NormalisedCdr, account: AccountIx) -> bool {
    call.dst.e164().is_some_and(|number| owner(snapshot, number, call.at_ms()) == Some(account))
}

fn is_toll_free(snapshot: &Snapshot, number: E164) -> bool {
    let plan = snapshot.numbering();
    plan.destination(number).is_some_and(|id| plan.describe(id).kind == Kind::TollFree)
}

/// The calling number as a key for look-ups; empty when withheld.
pub fn origin(call: &NormalisedCdr) -> Digits {
    call.src.map_or(Digits::EMPTY, E164::digits)
}
