//! Switches that speak RADIUS are told to end calls (RFC 5176).
//!
//! Owns: which switch is told, how the session is named to it, how long it is waited for.
//! Does not own: when a call has to end (`authorize`, staff), the request and its repeats (`radius::disconnect`).
//! Always: the source of a call names its switches, so that any process can tell them; of several that are one source each is told, and the one that has the call
//! says so. A call that is named by its Class can be ended only by what its own packets say of it, with the next of them.

use std::sync::Arc;
use std::time::Duration;

use billing::Clock;
use billing::holds::CallKey;
use futures_util::future::{BoxFuture, FutureExt as _, join_all};
use radius::disconnect::Patience;
use radius::{AccountingRequest, Attribute, Disconnected, Kind, disconnect};

use super::clients::{CallId, RadiusClients, Switch};
use crate::authorize::Disconnect;

/// Somebody waits for the end, and a switch that does not listen is no reason to let him wait long.
const PATIENCE: Patience =
    Patience { first: Duration::from_millis(500), longest: Duration::from_secs(2), total: Duration::from_secs(4) };

/// Tells switches to end calls.
pub(crate) struct Ending {
    clients: RadiusClients,
    clock: Arc<dyn Clock>,
}

impl Ending {
    /// One that knows these switches.
    pub(crate) fn new(clients: RadiusClients, clock: Arc<dyn Clock>) -> Self {
        Self { clients, clock }
    }

    /// Asks the switch of a packet to end the call that it is about; whether it said that it does.
    pub(super) async fn of_packet(&self, switch: &Switch, request: &AccountingRequest) -> bool {
        let call = &request.call;
        let session = radius::Disconnect {
            session_id: call.session_id.clone(),
            user_name: call.user_name.clone(),
            nas_identifier: call.nas_identifier.clone(),
            nas_address: call.nas_address,
            ..radius::Disconnect::default()
        };
        self.ask(switch, session).await
    }

    async fn ask(&self, switch: &Switch, session: radius::Disconnect) -> bool {
        let Some(nas) = &switch.nas else { return false };
        let now = u32::try_from(self.clock.now().timestamp()).ok();
        let session = radius::Disconnect { event_timestamp_s: now, ..session };
        match disconnect(nas, &session, PATIENCE).await {
            Ok(Disconnected::Ended) => {
                tracing::info!(client = %switch.name, "a switch has ended a call, as it was told");
                true
            }
            Ok(Disconnected::Refused(cause)) => {
                tracing::info!(client = %switch.name, ?cause, "a switch does not end a call");
                false
            }
            Err(error) => {
                tracing::warn!(client = %switch.name, %error, "a switch cannot be told to end a call");
                false
            }
        }
    }
}

impl Disconnect for Ending {
    fn disconnect<'a>(&'a self, call: &'a CallKey) -> BoxFuture<'a, bool> {
        let sessions = self.clients.of_source(&call.source).filter_map(|switch| Some((switch, named(switch, call)?)));
        let asking: Vec<_> = sessions.map(|(switch, session)| self.ask(switch, session)).collect();
        async move { join_all(asking).await.contains(&true) }.boxed()
    }
}

/// The session that a call is at its switch; `None`: its name says nothing to the switch, or there is no way to it.
fn named(switch: &Switch, call: &CallKey) -> Option<radius::Disconnect> {
    switch.nas.as_ref()?;
    let by = |attribute| radius::Disconnect { attributes: vec![attribute], ..radius::Disconnect::default() };
    Some(match switch.call_id {
        CallId::Session => {
            radius::Disconnect { session_id: Some(call.call_id.clone()), ..radius::Disconnect::default() }
        }
        CallId::Conference => by(Attribute::h323_conf_id(&call.call_id).ok()?),
        CallId::MultiSession => by(Attribute::text(Kind::ACCT_MULTI_SESSION_ID, &call.call_id).ok()?),
        CallId::Class => return None,
    })
}

#[cfg(test)]
mod tests {
    use radius::Secret;
    use radius::disconnect::Nas;
    use rating::Service;

    use super::super::clients::UserName;
    use super::*;

    fn switch(call_id: CallId, is_told: bool) -> Switch {
        let nas = Nas {
            address: ([127, 0, 0, 1], radius::disconnect::PORT).into(),
            secret: Secret::new("x").unwrap(),
            message_authenticator: true,
        };
        Switch {
            name: "nas".into(),
            source: "sbc".into(),
            call_id,
            user_name: UserName::Number,
            service: Service::Outgoing,
            max_seconds: None,
            nas: is_told.then_some(nas),
        }
    }

    /// what names calls | is the switch told? | Acct-Session-Id | what else names the session
    #[test]
    fn a_session_is_named_as_its_calls_are() {
        let call = CallKey { source: "sbc".into(), call_id: "s1".into(), leg: 0 };
        let none = radius::Disconnect::default;
        let by = |attribute| radius::Disconnect { attributes: vec![attribute], ..none() };
        for (call_id, is_told, expected) in [
            (CallId::Session, true, Some(radius::Disconnect { session_id: Some("s1".into()), ..none() })),
            (CallId::Session, false, None),
            (CallId::Conference, true, Some(by(Attribute::h323_conf_id("s1").unwrap()))),
            (CallId::MultiSession, true, Some(by(Attribute::text(Kind::ACCT_MULTI_SESSION_ID, "s1").unwrap()))),
            (CallId::Class, true, None),
        ] {
            assert_eq!(named(&switch(call_id, is_told), &call), expected, "{call_id:?}");
        }
    }
}
