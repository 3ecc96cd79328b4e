//! What a switch asks: may this call be made, and what became of it.
//!
//! Owns: which attributes of a packet mean what, for both kinds of request.
//! Does not own: whether the packet is signed (`signature`), what is answered (`answer`).
//! Always: a request keeps its whole packet, so that what has no field here can be read all the same; a whole number that is none, or accounting that
//! says neither what happened nor to which session, makes no request.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::attribute::{Attribute, Cisco, Kind};
use crate::masked::Masked;
use crate::packet::{NotFourBytes, Packet};
use crate::secret::{Password, Secret};
use crate::signature::NotAPassword;

/// Who has sent a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sender {
    /// Name of the client, as it is configured.
    pub client: Arc<str>,
    /// Where the request came from.
    pub address: SocketAddr,
}

/// What a request of either kind says of the call. Its `Debug` masks the numbers.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Call {
    /// User-Name: the subscriber, as the switch names him.
    pub user_name: Option<String>,
    /// Calling-Station-Id: the number calling.
    pub calling: Option<String>,
    /// Called-Station-Id: the number called.
    pub called: Option<String>,
    /// Acct-Session-Id: which session. Not every switch knows it when it asks.
    pub session_id: Option<String>,
    /// Acct-Multi-Session-Id: which sessions belong together.
    pub multi_session_id: Option<String>,
    /// h323-conf-id of Cisco: which call, the same for both of its legs.
    pub conference_id: Option<String>,
    /// NAS-IP-Address: what the switch says its address is.
    pub nas_address: Option<Ipv4Addr>,
    /// NAS-Identifier: what the switch says its name is.
    pub nas_identifier: Option<String>,
    /// Class: what the answer to the Access-Request told the switch to send along.
    pub class: Option<Vec<u8>>,
}

impl Call {
    fn read(packet: &Packet) -> Self {
        Self {
            user_name: packet.text(Kind::USER_NAME),
            calling: packet.text(Kind::CALLING_STATION_ID),
            called: packet.text(Kind::CALLED_STATION_ID),
            session_id: packet.text(Kind::ACCT_SESSION_ID),
            multi_session_id: packet.text(Kind::ACCT_MULTI_SESSION_ID),
            conference_id: packet.cisco(Cisco::CONF_ID),
            nas_address: packet.first(Kind::NAS_IP_ADDRESS).and_then(Attribute::as_address),
            nas_identifier: packet.text(Kind::NAS_IDENTIFIER),
            class: packet.bytes(Kind::CLASS),
        }
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("user_name", &self.user_name.as_deref().map(Masked))
            .field("calling", &self.calling.as_deref().map(Masked))
            .field("called", &self.called.as_deref().map(Masked))
            .field("session_id", &self.session_id)
            .field("multi_session_id", &self.multi_session_id)
            .field("conference_id", &self.conference_id)
            .field("nas_address", &self.nas_address)
            .field("nas_identifier", &self.nas_identifier)
            .field("class", &self.class.as_deref().map(<[u8]>::len))
            .finish()
    }
}

/// May this call be made, and for how long?
#[derive(Clone, Debug)]
pub struct AccessRequest {
    /// Who asks.
    pub sender: Sender,
    /// About which call.
    pub call: Call,
    /// What the subscriber gave as his password (PAP).
    pub password: Option<Password>,
    /// State of an answer before.
    pub state: Option<Vec<u8>>,
    /// All of it.
    pub packet: Packet,
}

/// What happened to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Status {
    /// It began.
    Start,
    /// It lasts.
    InterimUpdate,
    /// It ended.
    Stop,
    /// The switch came up: it knows no session of before.
    AccountingOn,
    /// The switch goes down.
    AccountingOff,
    /// Another one.
    Other(u32),
}

impl Status {
    /// The status with this number.
    pub fn of(number: u32) -> Self {
        match number {
            1 => Self::Start,
            2 => Self::Stop,
            3 => Self::InterimUpdate,
            7 => Self::AccountingOn,
            8 => Self::AccountingOff,
            other => Self::Other(other),
        }
    }

    /// Whether it is about one session.
    pub fn has_session(self) -> bool {
        matches!(self, Self::Start | Self::InterimUpdate | Self::Stop)
    }
}

/// This happened to a session, or to the switch.
#[derive(Clone, Debug)]
pub struct AccountingRequest {
    /// Who tells.
    pub sender: Sender,
    /// About which call. With a status that is about one session, `session_id` is there.
    pub call: Call,
    /// What happened.
    pub status: Status,
    /// Seconds that the session has lasted.
    pub session_time_s: Option<u32>,
    /// Why it ended.
    pub terminate_cause: Option<TerminateCause>,
    /// When it happened, by the clock of the switch: seconds since 1970.
    pub event_timestamp_s: Option<u32>,
    /// How long ago it happened when this was sent.
    pub delay_time_s: Option<u32>,
    /// All of it.
    pub packet: Packet,
}

/// Why a packet is no request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotARequest {
    /// A whole number that is none.
    #[error(transparent)]
    NotFourBytes(#[from] NotFourBytes),
    /// A password that is none.
    #[error(transparent)]
    NotAPassword(#[from] NotAPassword),
    /// An attribute that must be there is not.
    #[error("{0} is lacking")]
    Lacking(Kind),
}

impl AccessRequest {
    /// What an Access-Request asks.
    ///
    /// # Errors
    /// Where it asks nothing.
    pub fn read(packet: Packet, sender: Sender, secret: &Secret) -> Result<Self, NotARequest> {
        let call = Call::read(&packet);
        let password = packet.password(secret)?;
        let state = packet.bytes(Kind::STATE);
        Ok(Self { sender, call, password, state, packet })
    }
}

impl AccountingRequest {
    /// What an Accounting-Request tells.
    ///
    /// # Errors
    /// Where it tells nothing.
    pub fn read(packet: Packet, sender: Sender) -> Result<Self, NotARequest> {
        let call = Call::read(&packet);
        let status = packet.integer(Kind::ACCT_STATUS_TYPE)?.ok_or(NotARequest::Lacking(Kind::ACCT_STATUS_TYPE))?;
        let status = Status::of(status);
        if status.has_session() && call.session_id.is_none() {
            return Err(NotARequest::Lacking(Kind::ACCT_SESSION_ID));
        }
        Ok(Self {
            sender,
            call,
            status,
            session_time_s: packet.integer(Kind::ACCT_SESSION_TIME)?,
            terminate_cause: packet.integer(Kind::ACCT_TERMINATE_CAUSE)?.map(TerminateCause),
            event_timestamp_s: packet.integer(Kind::EVENT_TIMESTAMP)?,
            delay_time_s: packet.integer(Kind::ACCT_DELAY_TIME)?,
            packet,
        })
    }
}

/// Why a session ended, by its number in the registry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct TerminateCause(pub u32);

/// From 1 on.
const TERMINATE_CAUSES: &[&str] = &[
    "User-Request",
    "Lost-Carrier",
    "Lost-Service",
    "Idle-Timeout",
    "Session-Timeout",
    "Admin-Reset",
    "Admin-Reboot",
    "Port-Error",
    "NAS-Error",
    "NAS-Request",
    "NAS-Reboot",
    "Port-Unneeded",
    "Port-Preempted",
    "Port-Suspended",
    "Service-Unavailable",
    "Callback",
    "User-Error",
    "Host-Request",
];

impl TerminateCause {
    /// The subscriber hung up.
    pub const USER_REQUEST: Self = Self(1);
    /// The time that he was given is over.
    pub const SESSION_TIMEOUT: Self = Self(5);
    /// Somebody who runs the switch ended it.
    pub const ADMIN_RESET: Self = Self(6);

    /// Its name in the registry; none for those that came later than RFC 2866.
    pub fn name(self) -> Option<&'static str> {
        let index = usize::try_from(self.0).ok()?.checked_sub(1)?;
        TERMINATE_CAUSES.get(index).copied()
    }
}

impl fmt::Debug for TerminateCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "cause {}", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribute::CISCO;
    use crate::packet::Code;

    fn sender() -> Sender {
        Sender { client: "mera".into(), address: ([192, 0, 2, 7], 40_000).into() }
    }

    fn text(kind: Kind, text: &str) -> Attribute {
        Attribute::text(kind, text).unwrap()
    }

    fn accounting(attributes: Vec<Attribute>) -> Result<AccountingRequest, NotARequest> {
        AccountingRequest::read(Packet::new(Code::ACCOUNTING_REQUEST, 1, attributes), sender())
    }

    #[test]
    fn a_stop_is_read() {
        let stop = accounting(vec![
            Attribute::integer(Kind::ACCT_STATUS_TYPE, 2),
            text(Kind::ACCT_SESSION_ID, "0000A1"),
            text(Kind::ACCT_MULTI_SESSION_ID, "M"),
            text(Kind::USER_NAME, "79161234567"),
            text(Kind::CALLING_STATION_ID, "79161234567"),
            text(Kind::CALLED_STATION_ID, "381114112060"),
            text(Kind::NAS_IDENTIFIER, "mera-1"),
            Attribute::address(Kind::NAS_IP_ADDRESS, [10, 0, 0, 1].into()),
            Attribute::vendor(CISCO, 24, b"h323-conf-id=0A 0B 0C 0D").unwrap(),
            Attribute::new(Kind::CLASS, [1, 2, 3]).unwrap(),
            Attribute::integer(Kind::ACCT_SESSION_TIME, 75),
            Attribute::integer(Kind::ACCT_TERMINATE_CAUSE, 1),
            Attribute::integer(Kind::EVENT_TIMESTAMP, 1_780_000_000),
            Attribute::integer(Kind::ACCT_DELAY_TIME, 3),
            text(Kind(87), "SIP/in"),
        ])
        .unwrap();
        assert_eq!(
            stop.call,
            Call {
                user_name: Some("79161234567".into()),
                calling: Some("79161234567".into()),
                called: Some("381114112060".into()),
                session_id: Some("0000A1".into()),
                multi_session_id: Some("M".into()),
                conference_id: Some("0A 0B 0C 0D".into()),
                nas_address: Some([10, 0, 0, 1].into()),
                nas_identifier: Some("mera-1".into()),
                class: Some(vec![1, 2, 3]),
            }
        );
        let found = (stop.status, stop.session_time_s, stop.terminate_cause, stop.event_timestamp_s, stop.delay_time_s);
        let cause = TerminateCause::USER_REQUEST;
        assert_eq!(found, (Status::Stop, Some(75), Some(cause), Some(1_780_000_000), Some(3)));
        assert_eq!(stop.packet.text(Kind(87)).as_deref(), Some("SIP/in"));
        let shown = format!("{stop:?}");
        assert!(shown.contains("7916*******") && !shown.contains("1234567") && !shown.contains("4112060"), "{shown}");
    }

    /// attributes | what is wrong with them
    #[test]
    fn accounting_says_what_happened_to_which_session() {
        use NotARequest::{Lacking, NotFourBytes as Wrong};
        let status = |number| Attribute::integer(Kind::ACCT_STATUS_TYPE, number);
        let session = || text(Kind::ACCT_SESSION_ID, "s1");
        let bytes = |kind, bytes: &[u8]| Attribute::new(kind, bytes).unwrap();
        let wrong = |kind, bytes| Some(Wrong(NotFourBytes { kind, bytes }));
        for (attributes, expected) in [
            (vec![status(1), session()], None),
            (vec![status(2), session()], None),
            (vec![status(3), session()], None),
            (vec![status(7)], None),
            (vec![status(8)], None),
            (vec![status(15)], None),
            (vec![session()], Some(Lacking(Kind::ACCT_STATUS_TYPE))),
            (vec![status(1)], Some(Lacking(Kind::ACCT_SESSION_ID))),
            (vec![status(2), text(Kind::ACCT_SESSION_ID, "")], Some(Lacking(Kind::ACCT_SESSION_ID))),
            (vec![bytes(Kind::ACCT_STATUS_TYPE, &[1]), session()], wrong(Kind::ACCT_STATUS_TYPE, 1)),
            (
                vec![status(2), session(), bytes(Kind::ACCT_SESSION_TIME, &[0, 0, 75])],
                wrong(Kind::ACCT_SESSION_TIME, 3),
            ),
        ] {
            let shown = format!("{attributes:?}");
            assert_eq!(accounting(attributes).err(), expected, "{shown}");
        }
        assert_eq!(Lacking(Kind::ACCT_SESSION_ID).to_string(), "Acct-Session-Id is lacking");
    }

    #[test]
    fn access_has_a_password_or_none() {
        let secret = Secret::new("xyzzy5461").unwrap();
        let hidden = crate::signature::user_password(b"arctangent", &[0; 16], &secret).unwrap();
        let read =
            |attributes| AccessRequest::read(Packet::new(Code::ACCESS_REQUEST, 1, attributes), sender(), &secret);
        let request = read(vec![hidden, Attribute::new(Kind::STATE, [9]).unwrap()]).unwrap();
        assert_eq!(request.password.as_ref().map(Password::bytes), Some(&b"arctangent"[..]));
        assert_eq!(request.state, Some(vec![9]));
        assert!(!format!("{request:?}").contains("arctangent"));
        assert!(read(vec![]).unwrap().password.is_none());
        let error = read(vec![Attribute::new(Kind::USER_PASSWORD, [1; 17]).unwrap()]).unwrap_err();
        assert_eq!(error, NotARequest::NotAPassword(NotAPassword(17)));
    }

    #[test]
    fn causes_have_names() {
        for (cause, expected) in
            [(0, "cause 0"), (1, "User-Request"), (5, "Session-Timeout"), (18, "Host-Request"), (19, "cause 19")]
        {
            assert_eq!(format!("{:?}", TerminateCause(cause)), expected);
        }
    }
}
