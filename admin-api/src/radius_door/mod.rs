//! The door of switches that speak RADIUS: may this call go, it goes on, it is over.
//!
//! | packet | what is asked of `authorize` | answer |
//! | --- | --- | --- |
//! | Access-Request | may it go? | Access-Accept with Session-Timeout and Class, or Access-Reject with Reply-Message: code, English, Russian |
//! | Accounting Start | it was answered; may it go on? | Accounting-Response; where it may not, also a Disconnect-Request |
//! | Interim-Update | may it be talked for as long as it was by now? | the same |
//! | Stop | it is over | Accounting-Response |
//!
//! | attribute | meaning |
//! | --- | --- |
//! | Acct-Session-Id, h323-conf-id, Acct-Multi-Session-Id | the name of the call, whichever of them its records have (the file says); Class brings it back |
//! | Calling-Station-Id, Called-Station-Id | who calls whom, written as the source writes numbers |
//! | User-Name | who pays, in the sense that the file says |
//! | Cisco-AVPair `tollgate-NAME=value` | account, trunk, service, incoming-service, place, forwarded-from, leg, provider (one each): as `/switch/v1/authorize` has them |
//! | Acct-Session-Time, Event-Timestamp, Acct-Delay-Time | seconds talked, and when it was answered |
//!
//! An Access-Accept has the ways that are left as pairs `tollgate-provider`, the cheapest first. Accounting-Responses carry nothing: no call is given more seconds
//! than its Access-Accept had, and an Interim-Update asks only whether it may have what it has talked. That finds calls that are to end, and switches that do not
//! heed their Session-Timeout.
//!
//! Owns: the way between packets and `authorize`, what is acknowledged and when, the two ports.
//! Does not own: the protocol (`radius`), decisions (`authorize`); passwords of subscribers, which their switch has checked.
//! Always: accounting is acknowledged once the books have it, and while they cannot be reached it is not: the switch tells it again; a call that is not known is
//! none to be ended: emergency calls are not, nor those whose record has come; what is told twice takes effect once.
//!
//! Start reading at [`RadiusDoor`].

mod answer;
mod call;
mod clients;
mod ending;

use std::sync::Arc;

use billing::Clock;
use radius::{
    AccessAnswer, AccessRequest, AccountingAnswer, AccountingRequest, Figures, Handler, Limits, Setting, Sockets,
    Status,
};
use tokio::net::UdpSocket;
use tokio::sync::Semaphore;

use crate::authorize::{Answer, Authorizer, Extension, Fault, Release, is_talk};
use crate::state::AppState;
use clients::Switch;

pub use clients::{RadiusClients, RadiusClientsFault};
pub(crate) use ending::Ending;

/// Switches that are told at once to end a call because its packet showed that it must; the rest is told with a later packet.
const ENDINGS_MAX: usize = 64;

/// Two ports, and who is heard there.
#[derive(Debug)]
pub struct RadiusPorts {
    sockets: Sockets,
    clients: RadiusClients,
}

impl RadiusPorts {
    /// These ports for these switches.
    pub const fn new(access: UdpSocket, accounting: UdpSocket, clients: RadiusClients) -> Self {
        Self { sockets: Sockets { access, accounting }, clients }
    }

    /// Answers until `stop` resolves, and then what is under way.
    pub(crate) async fn serve(self, state: &AppState, stop: impl Future<Output = ()>) {
        let Self { sockets, clients } = self;
        let setting =
            Setting { clients: clients.clients(), limits: Limits::USUAL, figures: Arc::new(Figures::default()) };
        let door = RadiusDoor::new(state.authorizer.clone(), Arc::clone(&state.clock), clients);
        radius::serve(sockets, setting, Arc::new(door), stop).await;
    }
}

/// Decides what packets are answered.
struct RadiusDoor {
    authorizer: Authorizer,
    clock: Arc<dyn Clock>,
    clients: RadiusClients,
    ending: Arc<Ending>,
    endings: Arc<Semaphore>,
}

impl RadiusDoor {
    fn new(authorizer: Authorizer, clock: Arc<dyn Clock>, clients: RadiusClients) -> Self {
        let ending = Arc::new(Ending::new(clients.clone(), Arc::clone(&clock)));
        Self { authorizer, clock, clients, ending, endings: Arc::new(Semaphore::new(ENDINGS_MAX)) }
    }

    async fn begins(&self, request: AccessRequest) -> AccessAnswer {
        let switch = self.clients.switch(&request.sender.client);
        let asked = match call::asked(switch, &request) {
            Ok(asked) => asked,
            Err(unclear) => {
                tracing::warn!(client = %switch.name, "a call is rejected, the request is not as the file says: {unclear}");
                return answer::unclear(&request, unclear);
            }
        };
        let class = call::class(switch, &asked.key());
        let found = self.authorizer.authorize(&asked).await;
        if matches!(found, Err(Fault::NoSource)) {
            tracing::error!(client = %switch.name, source = %switch.source, "the catalogue has no source that the file of RADIUS clients names");
        }
        answer::decided(&request, found, class)
    }

    /// A call was answered, or lasts.
    async fn goes_on(&self, switch: &Switch, request: AccountingRequest) -> AccountingAnswer {
        let Some(key) = told(switch, &request) else { return AccountingAnswer::Acknowledged };
        let talked = call::talked(&request);
        let answered_at = call::answered_at(&request, self.clock.now());
        // What it was granted it may have: more is asked for only where it has talked more.
        let asked = Extension { key, max_seconds: Some(talked.max(1)), answered_at };
        match self.authorizer.extend(asked).await {
            Ok(answer) if may_go_on(&answer, talked) => AccountingAnswer::Acknowledged,
            Ok(_) => {
                self.end(switch.clone(), request);
                AccountingAnswer::Acknowledged
            }
            Err(fault) => unsettled(switch, fault),
        }
    }

    /// A call is over.
    async fn is_over(&self, switch: &Switch, request: &AccountingRequest) -> AccountingAnswer {
        let Some(key) = told(switch, request) else { return AccountingAnswer::Acknowledged };
        // What no call is talked would reserve more than the account has.
        if request.session_time_s.is_none() || !is_talk(call::talked(request)) {
            tracing::warn!(client = %switch.name, "a Stop without an Acct-Session-Time that can be: its money stays reserved until the record of the call comes");
            return AccountingAnswer::Acknowledged;
        }
        let answered_at = call::answered_at(request, self.clock.now());
        match self.authorizer.release(Release { key, seconds: call::talked(request), answered_at }).await {
            Ok(freed) => {
                if freed.hold.is_none() {
                    tracing::debug!(client = %switch.name, "a call that is not known is over: its record has come, or decides");
                }
                AccountingAnswer::Acknowledged
            }
            Err(fault) => unsettled(switch, fault),
        }
    }

    /// Tells a switch to end a call, without letting its packet wait for that.
    fn end(&self, switch: Switch, request: AccountingRequest) {
        let Ok(place) = Arc::clone(&self.endings).try_acquire_owned() else {
            tracing::warn!(client = %switch.name, "a call that has to end is ended with a later packet: too many switches are being told");
            return;
        };
        let ending = Arc::clone(&self.ending);
        tokio::spawn(async move {
            let _place = place;
            ending.of_packet(&switch, &request).await;
        });
    }
}

impl Handler for RadiusDoor {
    fn access(&self, request: AccessRequest) -> radius::server::Answering<'_, AccessAnswer> {
        Box::pin(self.begins(request))
    }

    fn accounting(&self, request: AccountingRequest) -> radius::server::Answering<'_, AccountingAnswer> {
        Box::pin(async move {
            let switch = self.clients.switch(&request.sender.client);
            match request.status {
                Status::Start | Status::InterimUpdate => self.goes_on(switch, request).await,
                Status::Stop => self.is_over(switch, &request).await,
                Status::AccountingOn | Status::AccountingOff => {
                    tracing::info!(client = %switch.name, status = ?request.status, "a switch starts or ends: money of its calls stays reserved until their records come");
                    AccountingAnswer::Acknowledged
                }
                Status::Other(_) => AccountingAnswer::Acknowledged,
            }
        })
    }
}

/// The call of a packet. One without a name is acknowledged all the same: told again it would have none either.
fn told(switch: &Switch, request: &AccountingRequest) -> Option<billing::holds::CallKey> {
    let key = call::told(switch, request);
    key.inspect_err(|unclear| {
        tracing::warn!(client = %switch.name, status = ?request.status, "accounting of no call: {unclear}");
    })
    .ok()
}

/// Whether a call that has been talked for so long may be talked on.
const fn may_go_on(answer: &Answer, talked: u64) -> bool {
    match answer {
        Answer::Allowed(allowed) => allowed.seconds >= talked,
        Answer::Refused(refused) => match refused.seconds {
            Some(seconds) => seconds > talked,
            None => false,
        },
    }
}

/// What a switch hears when a call is not settled.
fn unsettled(switch: &Switch, fault: Fault) -> AccountingAnswer {
    if fault == Fault::OutOfReach {
        return AccountingAnswer::NotYet;
    }
    tracing::debug!(client = %switch.name, "accounting of a call that is not settled: {fault}");
    AccountingAnswer::Acknowledged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorize::{Allowed, Refused};

    fn allowed(seconds: u64) -> Answer {
        Answer::Allowed(Allowed {
            seconds,
            reauthorize_at: None,
            price: None,
            hold: None,
            currency: None,
            routes: Vec::new(),
            is_emergency: false,
            is_repeat: false,
        })
    }

    fn refused(seconds: Option<u64>) -> Answer {
        let words = [String::new(), String::new()];
        Answer::Refused(Refused { code: "X", words, lock: None, missing: None, department: None, seconds })
    }

    /// answer | seconds talked | may it go on?
    #[test]
    fn a_call_goes_on_while_it_has_seconds() {
        for (answer, talked, expected) in [
            (allowed(600), 0, true),
            (allowed(600), 599, true),
            // It has talked more than it was granted, and the money reaches for that.
            (allowed(601), 601, true),
            (allowed(620), 660, false),
            (refused(Some(600)), 601, false),
            (refused(Some(600)), 600, false),
            (refused(Some(600)), 0, true),
            // Blocked, or ended by staff.
            (refused(None), 0, false),
        ] {
            assert_eq!(may_go_on(&answer, talked), expected, "{answer:?} {talked}");
        }
    }
}
