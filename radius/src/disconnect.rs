//! Asking a switch to end a call (RFC 5176): the server of accounting is here the one who asks.
//!
//! Owns: the request, its repeats, which answer counts.
//! Does not own: when a call must end, what it costs by then.
//! Always: an answer that the switch has not signed is none; whoever waits has an answer or an end within the time that he gives.

use std::fmt;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use tokio::net::UdpSocket;
use tokio::time::Instant;

use crate::attribute::{Attribute, Kind, TooLong};
use crate::masked::Masked;
use crate::packet::{Authenticator, BYTES_MAX, Code, Packet};
use crate::secret::Secret;
use crate::signature::message_authenticator;

/// Where switches listen by custom.
pub const PORT: u16 = 3799;

/// After an error of the socket, which a switch that does not listen brings forth.
const RECEIVE_PAUSE: Duration = Duration::from_millis(50);

/// A switch that can be asked.
#[derive(Clone, Debug)]
pub struct Nas {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it shares with us.
    pub secret: Secret,
    /// Whether requests have a Message-Authenticator. There are switches that refuse what they do not know.
    pub message_authenticator: bool,
}

/// Which session is to end. The more is said the surer it is the right one; a switch refuses what fits no session of its own. Its `Debug` masks the
/// subscriber.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Disconnect {
    /// Acct-Session-Id, as accounting had it.
    pub session_id: Option<String>,
    /// User-Name, as accounting had it.
    pub user_name: Option<String>,
    /// NAS-Identifier, as accounting had it.
    pub nas_identifier: Option<String>,
    /// NAS-IP-Address, as accounting had it.
    pub nas_address: Option<Ipv4Addr>,
    /// Seconds since 1970: the switch does not follow an old request that somebody has kept.
    pub event_timestamp_s: Option<u32>,
    /// Whatever else names the session.
    pub attributes: Vec<Attribute>,
}

impl fmt::Debug for Disconnect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Disconnect")
            .field("session_id", &self.session_id)
            .field("user_name", &self.user_name.as_deref().map(Masked))
            .field("nas_identifier", &self.nas_identifier)
            .field("nas_address", &self.nas_address)
            .field("event_timestamp_s", &self.event_timestamp_s)
            .field("attributes", &self.attributes)
            .finish()
    }
}

/// How long somebody waits.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until the first repeat; each further one waits twice as long.
    pub first: Duration,
    /// The longest between two.
    pub longest: Duration,
    /// In all.
    pub total: Duration,
}

impl Patience {
    /// Repeats after one, three and seven seconds, and an end after ten.
    pub const USUAL: Self =
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(4), total: Duration::from_secs(10) };
}

/// What the switch says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disconnected {
    /// The session is ended.
    Ended,
    /// It is not, with the reason if the switch gives one.
    Refused(Option<ErrorCause>),
}

/// Why nothing is known of the session.
#[derive(Debug, thiserror::Error)]
pub enum DisconnectError {
    /// The switch says nothing that is signed.
    #[error("{address} has not answered within {} ms; answers with a wrong signature: {unsigned}", .within.as_millis())]
    NoAnswer {
        /// Who.
        address: SocketAddr,
        /// In which time.
        within: Duration,
        /// How many answers were not believed.
        unsigned: u32,
    },
    /// The request does not fit into a packet.
    #[error(transparent)]
    TooLong(#[from] TooLong),
    /// There is no socket for it.
    #[error("no socket to ask {address} by: {error}")]
    Socket {
        /// Whom.
        address: SocketAddr,
        /// Why.
        error: std::io::Error,
    },
}

/// Why a switch did not follow, by its number in the registry.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct ErrorCause(pub u32);

/// By number.
const ERROR_CAUSES: &[(u32, &str)] = &[
    (201, "Residual Session Context Removed"),
    (202, "Invalid EAP Packet"),
    (401, "Unsupported Attribute"),
    (402, "Missing Attribute"),
    (403, "NAS Identification Mismatch"),
    (404, "Invalid Request"),
    (405, "Unsupported Service"),
    (406, "Unsupported Extension"),
    (407, "Invalid Attribute Value"),
    (501, "Administratively Prohibited"),
    (502, "Request Not Routable"),
    (503, "Session Context Not Found"),
    (504, "Session Context Not Removable"),
    (505, "Other Proxy Processing Error"),
    (506, "Resources Unavailable"),
    (507, "Request Initiated"),
    (508, "Multiple Session Selection Unsupported"),
];

impl ErrorCause {
    /// The switch knows no such session: it has ended already, or never was.
    pub const SESSION_CONTEXT_NOT_FOUND: Self = Self(503);

    /// Its name in the registry; none for those that came later than RFC 5176.
    pub fn name(self) -> Option<&'static str> {
        ERROR_CAUSES.iter().find(|(number, _)| *number == self.0).map(|(_, name)| *name)
    }
}

impl fmt::Debug for ErrorCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "cause {}", self.0),
        }
    }
}

impl Disconnect {
    /// The packet that asks for it.
    fn packet(&self, identifier: u8, is_signed_twice: bool) -> Result<Packet, TooLong> {
        let mut attributes = Vec::new();
        if is_signed_twice {
            attributes.push(message_authenticator());
        }
        for (kind, text) in [
            (Kind::USER_NAME, &self.user_name),
            (Kind::NAS_IDENTIFIER, &self.nas_identifier),
            (Kind::ACCT_SESSION_ID, &self.session_id),
        ] {
            if let Some(text) = text {
                attributes.push(Attribute::text(kind, text)?);
            }
        }
        attributes.extend(self.nas_address.map(|address| Attribute::address(Kind::NAS_IP_ADDRESS, address)));
        attributes.extend(self.event_timestamp_s.map(|seconds| Attribute::integer(Kind::EVENT_TIMESTAMP, seconds)));
        attributes.extend(self.attributes.iter().cloned());
        Ok(Packet::new(Code::DISCONNECT_REQUEST, identifier, attributes))
    }
}

/// Asks a switch to end a session, again and again until it answers or the time is over. Each call has a socket of its own.
///
/// # Errors
/// Where nothing is known of the session afterwards: it may have ended all the same.
pub async fn disconnect(nas: &Nas, session: &Disconnect, patience: Patience) -> Result<Disconnected, DisconnectError> {
    // A switch may take the same number from the same port for a repeat.
    static IDENTIFIER: AtomicU8 = AtomicU8::new(0);
    let identifier = IDENTIFIER.fetch_add(1, Ordering::Relaxed);
    let bytes = session.packet(identifier, nas.message_authenticator)?.seal_request(&nas.secret)?;
    let request = Packet::parse(&bytes).expect("what is sealed is a packet");
    let address = nas.address;
    let socket = socket_to(address).await.map_err(|error| DisconnectError::Socket { address, error })?;
    let end = Instant::now() + patience.total;
    let (mut wait, mut unsigned) = (patience.first, 0);
    loop {
        if let Err(error) = socket.send(&bytes).await {
            tracing::debug!(%error, %address, "a request to disconnect is not sent");
        }
        let until = end.min(Instant::now() + wait);
        let answer = answer(&socket, identifier, &request.authenticator, &nas.secret, &mut unsigned);
        match tokio::time::timeout_at(until, answer).await {
            Ok(answer) => return Ok(answer),
            Err(_) if until < end => wait = patience.longest.min(wait * 2),
            Err(_) => return Err(DisconnectError::NoAnswer { address, within: patience.total, unsigned }),
        }
    }
}

/// A socket that hears nobody else.
async fn socket_to(address: SocketAddr) -> std::io::Result<UdpSocket> {
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any).await?;
    socket.connect(address).await?;
    Ok(socket)
}

/// The first answer that counts.
async fn answer(
    socket: &UdpSocket,
    identifier: u8,
    request: &Authenticator,
    secret: &Secret,
    unsigned: &mut u32,
) -> Disconnected {
    let mut buffer = vec![0; BYTES_MAX];
    loop {
        let Ok(length) = socket.recv(&mut buffer).await else {
            tokio::time::sleep(RECEIVE_PAUSE).await;
            continue;
        };
        let Ok(packet) = Packet::parse(&buffer[..length]) else { continue };
        if packet.identifier != identifier {
            continue;
        }
        if packet.check_answer(request, secret).is_err() {
            *unsigned = unsigned.saturating_add(1);
            continue;
        }
        match packet.code {
            Code::DISCONNECT_ACK => return Disconnected::Ended,
            Code::DISCONNECT_NAK => {
                let cause = packet.integer(Kind::ERROR_CAUSE).ok().flatten();
                return Disconnected::Refused(cause.map(ErrorCause));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_names_its_session() {
        let session = Disconnect {
            session_id: Some("s1".into()),
            user_name: Some("79161234567".into()),
            nas_address: Some([10, 0, 0, 1].into()),
            event_timestamp_s: Some(1_780_000_000),
            attributes: vec![Attribute::text(Kind::CALLED_STATION_ID, "112").unwrap()],
            ..Disconnect::default()
        };
        let kinds = |is_signed_twice| {
            let packet = session.packet(1, is_signed_twice).unwrap();
            packet.attributes.iter().map(|attribute| attribute.kind().0).collect::<Vec<_>>()
        };
        assert_eq!(kinds(false), [1, 44, 4, 55, 30]);
        assert_eq!(kinds(true), [80, 1, 44, 4, 55, 30]);
        assert!(!format!("{session:?}").contains("1234567"), "{session:?}");
    }

    #[test]
    fn causes_have_names() {
        for (cause, expected) in [(503, "Session Context Not Found"), (999, "cause 999")] {
            assert_eq!(format!("{:?}", ErrorCause(cause)), expected);
        }
    }
}
