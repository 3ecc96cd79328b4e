//! Stage 3: which legs the record has, who pays for each, and which carrier took it.
//!
//! In: [`NormalisedCdr`].  Out: one or two [`AdmittedLeg`]s, each paid by somebody, or a non-target call, or UNKNOWN_SUBSCRIBER, AMBIGUOUS_SUBSCRIBER,
//! BAD_NUMBER.
//! Owns: the legs of a record, the called leg of an on-net call that its source reports once among them.
//! Does not own: who pays for a leg (`rating::payer`, which answers for calls that want to begin as well), nor whether the call should have been possible:
//! a block or a closure never stops the charge of a call that took place.
//! Always: everything is resolved as of the answer. Reads the snapshot only. Cost: two or three map look-ups.

use numbering::{Digits, E164, Kind};
use rating::Service;
use rating::payer::{Called, Names, Nobody, Payer, called, payer};
use rating::rows::{ProviderId, SourceRow, Symbol};
use rating::snapshot::{AccountIx, Snapshot};
use rating::wording::Language;

use crate::decode::{DecodedCdr, Direction};
use crate::normalise::{NormalisedCdr, Rejected};
use crate::text::{Said, clean};

pub use rating::payer::Party;

const STAGE: &str = "admit";

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
    let mut leg = AdmittedLeg {
        leg_offset: 0,
        service: cdr.service,
        direction: cdr.direction,
        admission: Admission::Rate { account: None, party: Party::Nobody },
        provider: provider(snapshot, cdr),
        place: cdr.place.as_deref().map(|place| snapshot.symbol(place)),
    };
    match payer(snapshot, &names(cdr, call), &source.identify) {
        Ok(Payer::Account(charged)) => {
            leg.admission = Admission::Rate { account: Some(charged.account), party: charged.party };
            leg.service = charged.service;
            leg.place = leg.place.or(charged.place);
            Ok(leg)
        }
        Ok(Payer::NotInWork(number)) => {
            leg.admission = Admission::NonTarget(number);
            Ok(leg)
        }
        // An emergency call passes, and costs nothing, whoever calls (A1).
        Err(_) if snapshot.is_emergency(call.dst.digits()) => Ok(leg),
        Err(nobody) => Err(rejected(nobody, cdr)),
    }
}

/// What the record says of its payer.
fn names<'a>(cdr: &'a DecodedCdr<'_>, call: &NormalisedCdr) -> Names<'a> {
    Names {
        service: cdr.service,
        account: cdr.account.as_deref(),
        trunk: cdr.trunk_in.as_deref(),
        src: call.src,
        is_src_malformed: call.src_malformed,
        dst: call.dst,
        forwarded_from: call.forwarded_from,
        is_forwarder_given: cdr.forwarded_from.is_some(),
        at_ms: call.at_ms(),
    }
}

fn rejected(nobody: Nobody, cdr: &DecodedCdr<'_>) -> Rejected {
    let detail = match (nobody, cdr.account.as_deref().map(clean)) {
        (Nobody::NoSuchAccount, Some(code)) => {
            Said::new(format!("лицевого счёта `{code}` нет"), format!("there is no account `{code}`"))
        }
        _ => Said::fixed(nobody.text(Language::Russian), nobody.text(Language::English)),
    };
    Rejected::new(nobody.code(), STAGE, detail)
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

fn is_toll_free(snapshot: &Snapshot, number: E164) -> bool {
    let plan = snapshot.numbering();
    plan.destination(number).is_some_and(|id| plan.describe(id).kind == Kind::TollFree)
}

/// The calling number as a key for look-ups; empty when withheld.
pub fn origin(call: &NormalisedCdr) -> Digits {
    call.src.map_or(Digits::EMPTY, E164::digits)
}
