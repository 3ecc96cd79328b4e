//! The server: one port for access, one for accounting, both over UDP.
//!
//! Owns: who is heard, that a repeat has the answer of the first, how many are answered at a time and how long that may take, the end.
//! Does not own: what is decided (the [`Handler`]), who may ask (`clients`), how packets are signed (`signature`).
//! Always: the handler hears of a request once, until it is given up without an answer; access that is not decided in time is rejected, since a
//! subscriber waits; accounting that is not written down in time has no answer, since the switch then tells it again. A datagram that has no answer
//! is counted, and told once a minute.
//!
//! A datagram is looked at in the order: whose is it, is it a packet, of this port, signed, a request, here before, is there a place. What is dropped
//! is dropped in silence, for an answer would tell a stranger that somebody listens.

use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::answer::{AccessAnswer, AccountingAnswer, Asked, Reject, acknowledgement};
use crate::attribute::TooLong;
use crate::clients::{Client, Clients};
use crate::duplicates::{Duplicates, Key, Seen, UnderWay};
use crate::figures::{Event, Figures};
use crate::packet::{BYTES_MAX, Code, Packet};
use crate::request::{AccessRequest, AccountingRequest, NotARequest, Sender};
use crate::secret::Secret;
use crate::signature::NotSigned;

/// How often the log hears what was dropped.
const TOLD_EVERY: Duration = Duration::from_mins(1);
/// After an error of a socket: the machine is short of something.
const RECEIVE_PAUSE: Duration = Duration::from_millis(100);

/// An answer that is on its way.
pub type Answering<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Who decides. `Box::pin(async move { .. })` makes what the methods return; it is dropped when it is too late, wherever it stands, so that what it has
/// begun must then be undone by itself, as a transaction is.
///
/// A switch that has heard nothing for half a minute, or from a process that was started anew, may ask the same again: what is told of a session must take
/// effect once, however often it is told.
pub trait Handler: Send + Sync {
    /// May this call be made, and for how long?
    fn access(&self, request: AccessRequest) -> Answering<'_, AccessAnswer>;

    /// Write down what happened.
    fn accounting(&self, request: AccountingRequest) -> Answering<'_, AccountingAnswer>;
}

/// The sockets. Bound to an address, and not to all of a machine with several: the switch hears an answer only from the address that it has asked.
#[derive(Debug)]
pub struct Sockets {
    /// By custom on port 1812.
    pub access: UdpSocket,
    /// By custom on port 1813.
    pub accounting: UdpSocket,
}

/// What a server is held to.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Requests that are answered at a time, on each port; more are dropped, and the switch repeats them.
    pub under_way: u32,
    /// Time for the handler. Less than the switch waits before it repeats.
    pub answer_time: Duration,
    /// Answers that are kept for half a minute, on each port. With more requests than that in half a minute new ones are dropped.
    pub kept: usize,
    /// Time that requests under way get at the end.
    pub end_time: Duration,
}

impl Limits {
    /// For a switch of some hundreds of calls a second that waits for two seconds.
    pub const USUAL: Self = Self {
        under_way: 256,
        answer_time: Duration::from_millis(1_500),
        kept: 100_000,
        end_time: Duration::from_secs(10),
    };
}

/// How a server is set up.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Who may ask.
    pub clients: Clients,
    /// What it is held to.
    pub limits: Limits,
    /// Where it counts.
    pub figures: Arc<Figures>,
}

/// Serves until `stop` resolves, and then answers what is under way.
pub async fn serve(sockets: Sockets, setting: Setting, handler: Arc<dyn Handler>, stop: impl Future<Output = ()>) {
    let access = Desk::new(Port::Access, sockets.access, &setting, &handler);
    let accounting = Desk::new(Port::Accounting, sockets.accounting, &setting, &handler);
    tokio::select! {
        () = access.receive() => {}
        () = accounting.receive() => {}
        () = tell(&setting.figures) => {}
        () = stop => {}
    }
    let end = async {
        access.is_idle().await;
        accounting.is_idle().await;
    };
    if tokio::time::timeout(setting.limits.end_time, end).await.is_err() {
        tracing::warn!("requests under way were left without an answer: they took too long to end");
    }
    setting.figures.tell();
}

/// Tells the log what was dropped, for ever.
async fn tell(figures: &Figures) {
    let mut minutes = tokio::time::interval(TOLD_EVERY);
    loop {
        minutes.tick().await;
        figures.tell();
    }
}

/// What is asked on a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Access,
    Accounting,
}

impl Port {
    fn code(self) -> Code {
        match self {
            Self::Access => Code::ACCESS_REQUEST,
            Self::Accounting => Code::ACCOUNTING_REQUEST,
        }
    }
}

/// A request of either port.
enum Request {
    Access(AccessRequest),
    Accounting(AccountingRequest),
}

/// Whom an answer goes to, and how it is signed.
struct Asker {
    address: SocketAddr,
    secret: Secret,
    asked: Asked,
}

/// One port.
struct Desk {
    port: Port,
    socket: UdpSocket,
    clients: Clients,
    limits: Limits,
    figures: Arc<Figures>,
    handler: Arc<dyn Handler>,
    duplicates: Duplicates,
    places: Arc<Semaphore>,
}

impl Desk {
    fn new(port: Port, socket: UdpSocket, setting: &Setting, handler: &Arc<dyn Handler>) -> Arc<Self> {
        let Setting { clients, limits, figures } = setting.clone();
        let places = Arc::new(Semaphore::new(limits.under_way as usize));
        let duplicates = Duplicates::new(limits.kept);
        Arc::new(Self { port, socket, clients, limits, figures, handler: Arc::clone(handler), duplicates, places })
    }

    /// Takes datagrams, for ever.
    async fn receive(self: &Arc<Self>) {
        let mut buffer = vec![0; BYTES_MAX];
        loop {
            match self.socket.recv_from(&mut buffer).await {
                Ok((length, from)) => {
                    if let Err(event) = self.take(&buffer[..length], from) {
                        self.figures.happened(event, from.ip());
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, port = ?self.port, "nothing can be received");
                    tokio::time::sleep(RECEIVE_PAUSE).await;
                }
            }
        }
    }

    /// Resolves when no request is under way.
    async fn is_idle(&self) {
        drop(self.places.acquire_many(self.limits.under_way).await);
    }

    /// Takes a request on, or says what becomes of it instead.
    fn take(self: &Arc<Self>, bytes: &[u8], from: SocketAddr) -> Result<(), Event> {
        let client = self.clients.find(from.ip()).ok_or(Event::UnknownSource)?;
        let packet = Packet::parse(bytes).map_err(|why| self.malformed(client, &why))?;
        if packet.code != self.port.code() {
            return Err(Event::OutOfPlace);
        }
        packet.check_request(&client.secret, client.message_authenticator).map_err(|why| match why {
            NotSigned::Authenticator | NotSigned::MessageAuthenticator => Event::NotSigned,
            NotSigned::NoMessageAuthenticator => Event::NoMessageAuthenticator,
        })?;
        let key = Key { source: from, identifier: packet.identifier, authenticator: packet.authenticator };
        let asker = Asker { address: from, secret: client.secret.clone(), asked: Asked::of(&packet) };
        let request = self.read(packet, client, from).map_err(|why| self.malformed(client, &why))?;
        match self.duplicates.begin(key, Instant::now()) {
            Seen::New(under_way) => {
                let place = Arc::clone(&self.places).try_acquire_owned().map_err(|_| Event::Overloaded)?;
                tokio::spawn(Arc::clone(self).answer(request, asker, under_way, place));
                Ok(())
            }
            Seen::UnderWay => Err(Event::Repeated),
            Seen::Answered(answer) => {
                // Whoever asked twice asks a third time, if this is lost as well.
                drop(self.socket.try_send_to(&answer, from));
                Err(Event::Repeated)
            }
            Seen::Full => Err(Event::Overloaded),
        }
    }

    fn malformed(&self, client: &Client, why: &dyn std::error::Error) -> Event {
        tracing::debug!(client = %client.name, port = ?self.port, %why, "a datagram is no request");
        Event::Malformed
    }

    fn read(&self, packet: Packet, client: &Client, from: SocketAddr) -> Result<Request, NotARequest> {
        let sender = Sender { client: Arc::clone(&client.name), address: from };
        Ok(match self.port {
            Port::Access => Request::Access(AccessRequest::read(packet, sender, &client.secret)?),
            Port::Accounting => Request::Accounting(AccountingRequest::read(packet, sender)?),
        })
    }

    /// Has a request decided and answers it. `place` is free again when this ends, however it ends.
    async fn answer(self: Arc<Self>, request: Request, asker: Asker, under_way: UnderWay, place: OwnedSemaphorePermit) {
        let happened = |event| self.figures.happened(event, asker.address.ip());
        let (event, sealed) = match request {
            Request::Access(request) => {
                let answer = self.decided(request).await.unwrap_or_else(|| {
                    happened(Event::Late);
                    AccessAnswer::Reject(Reject::because("no decision in time, try again"))
                });
                let is_accept = matches!(answer, AccessAnswer::Accept(_));
                let event = if is_accept { Event::Accepted } else { Event::Rejected };
                (event, answer.sealed(&asker.asked, &asker.secret))
            }
            Request::Accounting(request) => match self.written_down(request).await {
                Some(AccountingAnswer::Acknowledged) => {
                    (Event::Acknowledged, acknowledgement(&asker.asked, &asker.secret))
                }
                Some(AccountingAnswer::NotYet) => return happened(Event::NotYet),
                None => return happened(Event::Late),
            },
        };
        happened(match self.send(sealed, &asker, under_way).await {
            Ok(()) => event,
            Err(NotSent) => Event::NotSent,
        });
        drop(place);
    }

    /// What the handler says in time.
    async fn decided(&self, request: AccessRequest) -> Option<AccessAnswer> {
        tokio::time::timeout(self.limits.answer_time, self.handler.access(request)).await.ok()
    }

    /// What the handler says in time.
    async fn written_down(&self, request: AccountingRequest) -> Option<AccountingAnswer> {
        tokio::time::timeout(self.limits.answer_time, self.handler.accounting(request)).await.ok()
    }

    /// Keeps an answer for those who ask again, and sends it.
    async fn send(&self, sealed: Result<Vec<u8>, TooLong>, asker: &Asker, under_way: UnderWay) -> Result<(), NotSent> {
        let answer: Arc<[u8]> = match sealed {
            Ok(bytes) => bytes.into(),
            Err(error) => {
                tracing::error!(%error, port = ?self.port, "the handler's answer cannot be sent");
                return Err(NotSent);
            }
        };
        under_way.answered(Arc::clone(&answer), Instant::now());
        if let Err(error) = self.socket.send_to(&answer, asker.address).await {
            tracing::warn!(%error, port = ?self.port, to = %asker.address, "an answer is not sent");
            return Err(NotSent);
        }
        Ok(())
    }
}

/// The log has said why.
struct NotSent;
