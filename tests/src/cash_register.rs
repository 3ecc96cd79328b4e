//! A service of cash registers on this machine, for tests and demonstrations.
//!
//! What becomes of a receipt the contact says to which it goes, `KIND-ANYTHING@example.ru`:
//!
//! | kind | what happens |
//! | --- | --- |
//! | `late` | issued when it is asked about the third time |
//! | `lost` | taken, and the connection breaks before the answer; asked again it says by what it knows the receipt |
//! | `deaf` | the connection breaks and nothing is taken |
//! | `refuse` | not taken, for good |
//! | `fail` | taken, and not issued, for good |
//! | `busy` | taken, and not issued the first time, for it had no register free |
//! | `forget` | taken, and unknown when it is asked about the first time |
//! | any other | issued |
//!
//! Owns: receipts by their external ids, tokens, what is answered, as the description of the protocol says it.
//! Does not own: the protocol (`admin-api/src/cash_register`).
//! Always: an external id is one receipt, however often it is asked for; nothing is answered without the token of now.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::asked::{Asked, read};

/// Login and password of the service.
pub const LOGIN: &str = "kassa";
/// Its password.
pub const PASSWORD: &str = "a-password-of-the-tests";

/// A receipt that was taken.
#[derive(Clone, Debug)]
pub struct Taken {
    /// Group of registers.
    pub group: String,
    /// `sell` or `sell_refund`.
    pub operation: String,
    /// As it came.
    pub receipt: Value,
    /// Whether it is issued.
    pub issued: bool,
    asks: u32,
}

#[derive(Default)]
struct Held {
    /// By their external ids, which serve as `uuid` too.
    receipts: BTreeMap<String, Taken>,
    tokens: u32,
    busy: Vec<String>,
    requests: u32,
}

/// The service; it serves until the program ends.
pub struct LocalCashRegister {
    url: String,
    held: Mutex<Held>,
}

impl LocalCashRegister {
    /// A service on any port of this machine.
    pub async fn start() -> Arc<Self> {
        Self::start_on("127.0.0.1:0").await
    }

    /// A service at this address.
    pub async fn start_on(address: &str) -> Arc<Self> {
        let listener = TcpListener::bind(address).await.expect("the address is free");
        let url = format!("http://{}", listener.local_addr().expect("a socket has an address"));
        let service = Arc::new(Self { url, held: Mutex::default() });
        let served = Arc::clone(&service);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(Arc::clone(&served).answer(stream));
            }
        });
        service
    }

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Receipts that were taken for a contact, in no order.
    pub fn taken(&self, contact: &str) -> Vec<Taken> {
        let held = self.held();
        held.receipts.values().filter(|taken| contact_of(&taken.receipt) == contact).cloned().collect()
    }

    /// How often it was asked for receipts.
    pub fn requests(&self) -> u32 {
        self.held().requests
    }

    /// Makes the token of now an old one.
    pub fn end_tokens(&self) {
        self.held().tokens += 1;
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn answer(self: Arc<Self>, mut stream: TcpStream) {
        let Some(asked) = read(&mut stream).await else { return };
        // Nothing: the connection breaks.
        let Some((status, body)) = self.reply(&asked) else { return };
        let body = body.to_string();
        let head = format!(
            "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        );
        let _ = stream.write_all(head.as_bytes()).await;
        let _ = stream.write_all(body.as_bytes()).await;
    }

    fn reply(&self, asked: &Asked) -> Option<(u16, Value)> {
        let said: Value = serde_json::from_slice(&asked.body).unwrap_or_default();
        let mut held = self.held();
        let token = format!("token-{}", held.tokens);
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        if parts == ["getToken"] {
            let is_known = said["login"] == LOGIN && said["pass"] == PASSWORD;
            let answer = json!({"error": null, "token": token, "timestamp": "15.07.2026 13:00:00"});
            return Some(if is_known { (200, answer) } else { (401, no(12, "wrong login or password", "system")) });
        }
        if asked.header("token") != token {
            return Some((401, no(11, "the token has expired", "system")));
        }
        match (asked.method.as_str(), parts.as_slice()) {
            ("POST", [group, operation @ ("sell" | "sell_refund")]) => held.take(group, operation, &said),
            ("GET", [_, "report", uuid]) => Some(held.report(uuid)),
            _ => Some((404, no(1, "no such address", "system"))),
        }
    }
}

impl Held {
    fn take(&mut self, group: &str, operation: &str, said: &Value) -> Option<(u16, Value)> {
        self.requests += 1;
        let id = said["external_id"].as_str().unwrap_or_default().to_owned();
        if self.receipts.contains_key(&id) {
            let mut answer = no(33, "there is a receipt with this external_id", "system");
            answer["uuid"] = json!(id);
            return Some((400, answer));
        }
        let contact = contact_of(&said["receipt"]);
        match kind(&contact) {
            "deaf" => return None,
            "refuse" => return Some((400, no(32, "the receipt is not well formed", "system"))),
            _ => {}
        }
        let taken = Taken {
            group: group.to_owned(),
            operation: operation.to_owned(),
            receipt: said["receipt"].clone(),
            issued: false,
            asks: 0,
        };
        self.receipts.insert(id.clone(), taken);
        (kind(&contact) != "lost").then(|| (200, json!({"uuid": id, "status": "wait", "error": null})))
    }

    fn report(&mut self, uuid: &str) -> (u16, Value) {
        let number = self.receipts.keys().position(|id| id == uuid).unwrap_or_default();
        let Some(taken) = self.receipts.get_mut(uuid) else {
            return (400, no(34, "there is no such receipt", "system"));
        };
        taken.asks += 1;
        let contact = contact_of(&taken.receipt);
        let failed = |code: i64, kind: &str| {
            let mut answer = no(code, "not issued", kind);
            answer["uuid"] = json!(uuid);
            (200, answer)
        };
        match kind(&contact) {
            "late" if taken.asks < 3 => return (200, json!({"uuid": uuid, "status": "wait", "error": null})),
            "fail" => return failed(-3_804, "driver"),
            "busy" if !self.busy.contains(&contact) => {
                self.busy.push(contact);
                return failed(1, "timeout");
            }
            "forget" if taken.asks == 1 => return (400, no(34, "there is no such receipt", "system")),
            _ => {}
        }
        taken.issued = true;
        let payload = json!({
            "total": taken.receipt["total"], "fn_number": "9999078900000001", "fiscal_document_number": 100 + number, "fiscal_document_attribute": 3_449_555_941_u64,
            "receipt_datetime": "15.07.2026 13:01:00", "ecr_registration_number": "0000111118041361", "ofd_receipt_url": format!("https://ofd.example.ru/{number}"),
        });
        (200, json!({"uuid": uuid, "status": "done", "error": null, "payload": payload}))
    }
}

/// An error as the service writes it.
fn no(code: i64, text: &str, kind: &str) -> Value {
    json!({"status": "fail", "error": {"error_id": "e", "code": code, "text": text, "type": kind}})
}

fn contact_of(receipt: &Value) -> String {
    let client = &receipt["client"];
    client["email"].as_str().or(client["phone"].as_str()).unwrap_or_default().to_owned()
}

fn kind(contact: &str) -> &str {
    contact.split(['-', '@']).next().unwrap_or_default()
}
