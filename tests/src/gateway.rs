//! A payment gateway on this machine, for tests and demonstrations.
//!
//! What becomes of a payment the name of the card says, `card-KIND-ANYTHING`:
//!
//! | kind | what happens |
//! | --- | --- |
//! | `ok` | paid |
//! | `repeat` | paid, and said three times more by itself |
//! | `empty`, `lost`, `stolen`, `closed`, `stop`, `soft` | refused: too little, for good by each of its reasons, this time |
//! | `silent` | paid, and the connection breaks before the answer |
//! | `hang` | paid, and there is never an answer |
//! | `deaf` | the connection breaks and nothing is made |
//! | `late` | under way; paid when it is asked about the second time |
//! | `forged` | an answer that is signed by somebody else, and nothing is made |
//! | `other` | paid, with a sum that nobody asked for |
//!
//! Owns: payments and links by their keys, signatures of its own making, as the description of the protocol says them.
//! Does not own: the protocol (`admin-api/src/gateway`).
//! Always: a key is paid once, however often it is asked for; nothing is taken that is not signed.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::asked::{Asked, read};

/// Kinds of cards, as the page of a demonstration offers them.
const KINDS: &[&str] = &[
    "ok", "repeat", "empty", "lost", "stolen", "closed", "stop", "soft", "silent", "hang", "deaf", "late", "forged",
    "other",
];

/// A payment.
#[derive(Clone, Debug)]
struct Payment {
    card: String,
    amount: String,
    currency: String,
    state: &'static str,
    asks: u32,
}

#[derive(Default)]
struct Held {
    payments: BTreeMap<String, Payment>,
    links: Vec<String>,
    forgotten: Vec<String>,
    linked: usize,
}

/// The gateway; it serves until the program ends.
pub struct LocalGateway {
    url: String,
    secret: String,
    /// Where it says by itself what it says, if somewhere.
    callback: Option<String>,
    held: Mutex<Held>,
}

/// What is answered.
enum Reply {
    Signed(u16, Value),
    Forged(Value),
    Page(String),
    Broken,
    Never,
}

impl LocalGateway {
    /// A gateway on any port of this machine.
    pub async fn start(secret: &str) -> Arc<Self> {
        Self::start_on("127.0.0.1:0", secret, None).await
    }

    /// A gateway at this address, which posts what it says by itself to `callback`.
    pub async fn start_on(address: &str, secret: &str, callback: Option<String>) -> Arc<Self> {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let url = format!("http://{}", listener.local_addr().expect("a socket has an address"));
        let gateway = Arc::new(Self { url, secret: secret.to_owned(), callback, held: Mutex::default() });
        let served = Arc::clone(&gateway);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&served).answer(stream));
            }
        });
        gateway
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Sums that were really taken from a card, one a payment.
    pub fn taken(&self, card: &str) -> Vec<String> {
        let held = self.held();
        let paid = held.payments.values().filter(|payment| payment.card == card && payment.state == "paid");
        paid.map(|payment| payment.amount.clone()).collect()
    }

    /// Keys of payments from a card, made or refused.
    pub fn keys(&self, card: &str) -> Vec<String> {
        let held = self.held();
        held.payments.iter().filter(|(_, payment)| payment.card == card).map(|(key, _)| key.clone()).collect()
    }

    /// Links that were begun, the last one last.
    pub fn links(&self) -> Vec<String> {
        self.held().links.clone()
    }

    /// Cards that it was told to forget.
    pub fn forgotten(&self) -> Vec<String> {
        self.held().forgotten.clone()
    }

    /// The signature of what it says by itself.
    pub fn signature(&self, body: &str) -> String {
        self.sign("callback", "", body.as_bytes())
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sign(&self, voice: &str, about: &str, body: &[u8]) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.secret.as_bytes()).expect("HMAC takes a key of any length");
        mac.update(format!("{voice}\n{about}\n").as_bytes());
        mac.update(body);
        let mut text = String::new();
        for byte in mac.finalize().into_bytes() {
            let _ = write!(text, "{byte:02x}");
        }
        text
    }

    async fn answer(self: Arc<Self>, mut stream: TcpStream) {
        let Some(asked) = read(&mut stream).await else { return };
        let about = format!("{} {}", asked.method, asked.path);
        let reply = self.reply(&asked, &about);
        let (status, kind, body, signature) = match reply {
            Reply::Signed(status, body) => {
                let body = body.to_string();
                let signature = self.sign("answer", &about, body.as_bytes());
                (status, "application/json", body, signature)
            }
            Reply::Forged(body) => (200, "application/json", body.to_string(), "00".repeat(32)),
            Reply::Page(body) => (200, "text/html; charset=utf-8", body, String::new()),
            Reply::Broken => return,
            Reply::Never => {
                // Until the other side has had enough.
                let _ = stream.read(&mut [0; 16]).await;
                return;
            }
        };
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: {kind}\r\nContent-Length: {}\r\nX-Gateway-Signature: {signature}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body.as_bytes()).await;
        self.says_more(&asked).await;
    }

    fn reply(&self, asked: &Asked, about: &str) -> Reply {
        if asked.method == "GET" && asked.path.starts_with("/link/") {
            return page(&asked.path);
        }
        if asked.header("x-gateway-signature") != self.sign("request", about, &asked.body) {
            return Reply::Signed(401, json!({"error": "signature"}));
        }
        let said: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        match (asked.method.as_str(), asked.path.as_str()) {
            ("POST", "/payments") => self.pay(&said),
            ("GET", path) if path.starts_with("/payments/") => self.state(path.trim_start_matches("/payments/")),
            ("POST", "/cards/links") => {
                let id = said["id"].as_str().unwrap_or_default().to_owned();
                self.held().links.push(id.clone());
                Reply::Signed(201, json!({"id": id, "url": format!("{}/link/{id}", self.url)}))
            }
            ("POST", "/cards/unlink") => {
                self.held().forgotten.push(said["card"].as_str().unwrap_or_default().to_owned());
                Reply::Signed(200, json!({"state": "unlinked"}))
            }
            _ => Reply::Signed(404, json!({"error": "path"})),
        }
    }

    fn pay(&self, said: &Value) -> Reply {
        let text = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        let (key, card) = (text("id"), text("card"));
        let mut held = self.held();
        if let Some(known) = held.payments.get(&key) {
            return Reply::Signed(200, shown(&key, known));
        }
        let state = match kind(&card) {
            "ok" | "repeat" | "silent" | "hang" | "other" => "paid",
            "empty" => "insufficient_funds",
            "lost" => "lost",
            "stolen" => "stolen",
            "closed" => "closed",
            "stop" => "do_not_retry",
            "late" => "pending",
            "deaf" => return Reply::Broken,
            "forged" => {
                return Reply::Forged(
                    json!({"id": key, "state": "paid", "amount": text("amount"), "currency": text("currency")}),
                );
            }
            _ => "soft_decline",
        };
        let amount = if kind(&card) == "other" { "0.01".to_owned() } else { text("amount") };
        let payment = Payment { card: card.clone(), amount, currency: text("currency"), state, asks: 0 };
        let answer = shown(&key, &payment);
        held.payments.insert(key, payment);
        match kind(&card) {
            "silent" => Reply::Broken,
            "hang" => Reply::Never,
            _ => Reply::Signed(201, answer),
        }
    }

    fn state(&self, key: &str) -> Reply {
        let mut held = self.held();
        let Some(payment) = held.payments.get_mut(key) else {
            return Reply::Signed(404, json!({"id": key, "state": "not_made"}));
        };
        payment.asks += 1;
        if payment.state == "pending" && payment.asks > 1 {
            payment.state = "paid";
        }
        Reply::Signed(200, shown(key, payment))
    }

    /// What it says by itself about what it was asked.
    async fn says_more(&self, asked: &Asked) {
        let said: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let card = said["card"].as_str().unwrap_or_default();
        if asked.path == "/payments" && kind(card) == "repeat" {
            let key = said["id"].as_str().unwrap_or_default();
            let payment = self.held().payments.get(key).cloned();
            for _ in 0..3 {
                if let Some(payment) = &payment {
                    let mut body = shown(key, payment);
                    body["event"] = json!("payment");
                    self.call_back(&body).await;
                }
            }
        }
        if let Some((key, chosen)) = asked.path.strip_prefix("/link/").and_then(|path| path.split_once('/')) {
            let number = {
                let mut held = self.held();
                held.linked += 1;
                held.linked
            };
            let token = format!("card-{chosen}-{number}");
            let body = json!({
                "event": "card_linked", "id": key, "card": token, "mask": format!("427600******{number:04}"), "expires": "2035-12",
            });
            self.call_back(&body).await;
        }
    }

    async fn call_back(&self, body: &Value) {
        let Some(rest) = self.callback.as_deref().and_then(|url| url.strip_prefix("http://")) else { return };
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let body = body.to_string();
        let signature = self.signature(&body);
        let Ok(mut stream) = TcpStream::connect(host).await else { return };
        let request = format!(
            "POST /{path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {}\r\nX-Gateway-Signature: {signature}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        );
        let _ = stream.write_all(request.as_bytes()).await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
}

fn kind(card: &str) -> &str {
    card.split('-').nth(1).unwrap_or_default()
}

fn shown(key: &str, payment: &Payment) -> Value {
    json!({"id": key, "state": payment.state, "amount": payment.amount, "currency": payment.currency})
}

/// The page of a demonstration: one link a kind of card, and what it came to.
fn page(path: &str) -> Reply {
    let mut parts = path.trim_start_matches("/link/").split('/');
    let (key, chosen) = (parts.next().unwrap_or_default(), parts.next());
    if let Some(kind) = chosen {
        return Reply::Page(format!("<p>The card {kind} is linked.</p>"));
    }
    let links: Vec<String> =
        KINDS.iter().map(|kind| format!("<li><a href=\"/link/{key}/{kind}\">{kind}</a></li>")).collect();
    Reply::Page(format!("<p>A card that is</p><ul>{}</ul>", links.concat()))
}
