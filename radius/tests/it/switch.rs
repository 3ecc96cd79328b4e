//! A switch, and a billing system that decides by the name of the subscriber.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use radius::request::{AccessRequest, AccountingRequest, TerminateCause};
use radius::server::Answering;
use radius::signature::message_authenticator;
use radius::{
    Accept, AccessAnswer, AccountingAnswer, Attribute, Client, Clients, Code, Event, Figures, Handler, Kind, Limits,
    Packet, Reject, Secret, Setting, Sockets, Status, serve,
};
use tokio::net::UdpSocket;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Within this time comes what must come, also on a busy machine.
pub(crate) const SOON: Duration = Duration::from_secs(10);
/// For so long nothing comes that must not come.
pub(crate) const SILENCE: Duration = Duration::from_millis(250);

pub(crate) const SECRET: &str = "xyzzy5461";

/// Limits under which nothing is late.
pub(crate) const LIMITS: Limits =
    Limits { under_way: 16, answer_time: Duration::from_secs(5), kept: 1_000, end_time: Duration::from_secs(5) };

pub(crate) fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

/// Everybody of these networks, with a secret.
pub(crate) fn clients(networks: &[(&str, &str, bool)]) -> Clients {
    Clients::new(networks.iter().map(|(network, text, message_authenticator)| Client {
        name: (*network).into(),
        network: network.parse().unwrap(),
        secret: secret(text),
        message_authenticator: *message_authenticator,
    }))
    .unwrap()
}

/// What accounting was told: status, session, seconds, cause.
pub(crate) type Told = (Status, String, Option<u32>, Option<TerminateCause>);

/// Decides by the name of the subscriber: `broke` is rejected, `slow` takes long, the first call of `slow once` too, `broken` ends in a panic, what `later`
/// does is not written down. Everybody else may call for 75 seconds.
#[derive(Default)]
pub(crate) struct Billing {
    pub(crate) calls: AtomicUsize,
    pub(crate) told: Mutex<Vec<Told>>,
    pub(crate) passwords: Mutex<Vec<Vec<u8>>>,
    pub(crate) slowness: Duration,
}

impl Billing {
    /// The name of the subscriber, after the time that he takes.
    async fn name(&self, name: Option<String>) -> String {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        let name = name.unwrap_or_default();
        match name.as_str() {
            "slow" => tokio::time::sleep(self.slowness).await,
            "slow once" if call == 0 => tokio::time::sleep(self.slowness).await,
            "broken" if call == 0 => panic!("the handler breaks, as the test wants it"),
            _ => {}
        }
        name
    }
}

impl Handler for Billing {
    fn access(&self, request: AccessRequest) -> Answering<'_, AccessAnswer> {
        Box::pin(async move {
            self.passwords.lock().unwrap().extend(request.password.map(|password| password.bytes().to_vec()));
            if self.name(request.call.user_name).await == "broke" {
                let attributes = vec![Attribute::h323_return_code(12)];
                return AccessAnswer::Reject(Reject { message: "no money left".into(), attributes });
            }
            AccessAnswer::Accept(Accept {
                session_timeout_s: Some(75),
                class: Some(b"reservation 17".to_vec()),
                attributes: vec![Attribute::h323_credit_time(75)],
            })
        })
    }

    fn accounting(&self, request: AccountingRequest) -> Answering<'_, AccountingAnswer> {
        Box::pin(async move {
            if self.name(request.call.user_name).await == "later" {
                return AccountingAnswer::NotYet;
            }
            let session = request.call.session_id.unwrap_or_default();
            let told = (request.status, session, request.session_time_s, request.terminate_cause);
            self.told.lock().unwrap().push(told);
            AccountingAnswer::Acknowledged
        })
    }
}

/// A server that runs.
pub(crate) struct Running {
    pub(crate) access: SocketAddr,
    pub(crate) accounting: SocketAddr,
    pub(crate) billing: Arc<Billing>,
    pub(crate) figures: Arc<Figures>,
    stop: oneshot::Sender<()>,
    serving: JoinHandle<()>,
}

impl Running {
    /// A server for these clients, whose slow subscribers take so long.
    pub(crate) async fn new(clients: Clients, limits: Limits, slowness: Duration) -> Self {
        let (access, accounting) = (socket().await, socket().await);
        let addresses = (access.local_addr().unwrap(), accounting.local_addr().unwrap());
        let billing = Arc::new(Billing { slowness, ..Billing::default() });
        let figures = Arc::new(Figures::default());
        let setting = Setting { clients, limits, figures: Arc::clone(&figures) };
        let (stop, stopped) = oneshot::channel::<()>();
        let handler: Arc<dyn Handler> = billing.clone();
        let sockets = Sockets { access, accounting };
        let serving = tokio::spawn(serve(sockets, setting, handler, async move { drop(stopped.await) }));
        Self { access: addresses.0, accounting: addresses.1, billing, figures, stop, serving }
    }

    /// For everybody on loopback, with [`SECRET`].
    pub(crate) async fn usual() -> Self {
        Self::new(clients(&[("127.0.0.0/8", SECRET, false)]), LIMITS, Duration::ZERO).await
    }

    /// How often the handler was called.
    pub(crate) fn calls(&self) -> usize {
        self.billing.calls.load(Ordering::SeqCst)
    }

    /// Waits until something has happened so often.
    pub(crate) async fn until(&self, event: Event, times: u64) {
        let waiting = async {
            while self.figures.count(event) < times {
                tokio::time::sleep(Duration::from_millis(2)).await;
            }
        };
        let in_time = tokio::time::timeout(SOON, waiting).await.is_ok();
        let counts = Event::ALL.map(|event| (event.name(), self.figures.count(event)));
        assert!(in_time && self.figures.count(event) == times, "{} of {}: {counts:?}", times, event.name());
    }

    /// Tells the server to end, and gives what resolves when it has.
    pub(crate) fn end(self) -> JoinHandle<()> {
        self.stop.send(()).unwrap();
        self.serving
    }
}

pub(crate) async fn socket() -> UdpSocket {
    UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap()
}

/// A switch with a port of its own.
pub(crate) struct Switch(pub(crate) UdpSocket);

impl Switch {
    pub(crate) async fn new() -> Self {
        Self(socket().await)
    }

    pub(crate) async fn says(&self, to: SocketAddr, bytes: &[u8]) {
        assert_eq!(self.0.send_to(bytes, to).await.unwrap(), bytes.len());
    }

    /// What comes within a time.
    pub(crate) async fn hears_within(&self, time: Duration) -> Option<Vec<u8>> {
        let mut buffer = vec![0; 5_000];
        let (length, _) = tokio::time::timeout(time, self.0.recv_from(&mut buffer)).await.ok()?.unwrap();
        buffer.truncate(length);
        Some(buffer)
    }

    pub(crate) async fn hears(&self) -> Vec<u8> {
        self.hears_within(SOON).await.expect("an answer")
    }

    pub(crate) async fn hears_nothing(&self) {
        assert_eq!(self.hears_within(SILENCE).await, None);
    }

    /// The answer to a request, which must be signed as an answer to it.
    pub(crate) async fn asks(&self, to: SocketAddr, request: &[u8]) -> Packet {
        self.says(to, request).await;
        let answer = Packet::parse(&self.hears().await).unwrap();
        let request = Packet::parse(request).unwrap();
        assert_eq!(answer.check_answer(&request.authenticator, &secret(SECRET)), Ok(()));
        assert_eq!(answer.identifier, request.identifier);
        answer
    }
}

pub(crate) fn text(kind: Kind, text: &str) -> Attribute {
    Attribute::text(kind, text).unwrap()
}

/// An Access-Request, signed with a Message-Authenticator.
pub(crate) fn access(identifier: u8, user: &str, others: &[Attribute]) -> Vec<u8> {
    let attributes = [&[message_authenticator(), text(Kind::USER_NAME, user)], others].concat();
    let packet = Packet::new(Code::ACCESS_REQUEST, identifier, attributes);
    Packet { authenticator: [identifier; 16], ..packet }.seal_request(&secret(SECRET)).unwrap()
}

/// An Accounting-Request.
pub(crate) fn accounting(identifier: u8, user: &str, status: u32, others: &[Attribute]) -> Vec<u8> {
    let own = [
        Attribute::integer(Kind::ACCT_STATUS_TYPE, status),
        text(Kind::ACCT_SESSION_ID, "s1"),
        text(Kind::USER_NAME, user),
    ];
    let packet = Packet::new(Code::ACCOUNTING_REQUEST, identifier, [&own[..], others].concat());
    packet.seal_request(&secret(SECRET)).unwrap()
}
