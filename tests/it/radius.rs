//! Switches that speak RADIUS, by radclient of FreeRADIUS, which shares no line with ours: what they ask, what they tell, how they are told to end a call.
//!
//! `deploy/test` brings radclient and says where it is. Where it is not these tests fail.

use std::ffi::OsString;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use admin_api::{AppState, RadiusClients, RadiusPorts};
use billing::{SystemClock, staff};
use chrono::{DateTime, TimeDelta, Utc};
use radius::{Code, Kind, Packet, Secret};
use rust_decimal::Decimal;
use serde_json::json;
use tests::{World, record};
use tokio::net::UdpSocket;

use crate::api::Api;
use crate::authorize::{ask, authorize, balance_to, reserved, said};

const VARIABLE: &str = "TOLLGATE_RADCLIENT";
const LACKING: &str = "radclient is not here: deploy/test unpacks it and names it in TOLLGATE_RADCLIENT; or install the \
    package freeradius-utils (Debian, Ubuntu: apt-get install freeradius-utils; Fedora: dnf install freeradius-utils), or \
    name it: TOLLGATE_RADCLIENT=/path/to/radclient";

const SECRET: &str = "xyzzy5461";
/// Within this time comes what must come, seconds; also on a busy machine.
const SOON_S: &str = "5";
/// For so long nothing comes that must not come, seconds.
const SILENCE_S: &str = "1";

/// Where radclient is: what the variable names, or in the path.
fn radclient() -> OsString {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return named;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join("radclient"));
    places.find(|program| program.is_file()).map(PathBuf::into_os_string).expect(LACKING)
}

/// What radclient says when it sends these attributes, signed, and whether it is content.
async fn says(
    to: SocketAddr,
    command: &'static str,
    attributes: String,
    secret: &str,
    within_s: &str,
) -> (String, bool) {
    let program = radclient();
    let arguments = ["-x", "-r", "1", "-t", within_s, &to.to_string(), command, secret].map(str::to_owned);
    let attributes = format!("{attributes}, Message-Authenticator = 0x00\n");
    tokio::task::spawn_blocking(move || {
        let mut child = Command::new(&program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{} does not start: {error}; {VARIABLE} names it", program.display()));
        child.stdin.take().unwrap().write_all(attributes.as_bytes()).unwrap();
        let done = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
        (said, done.status.success())
    })
    .await
    .unwrap()
}

/// A program with both ports, and one without that knows the same switch. The switch listens for requests to end calls.
struct Served {
    api: Api,
    other: Api,
    access: SocketAddr,
    accounting: SocketAddr,
    switch: UdpSocket,
}

impl Served {
    async fn new(world: &World) -> Self {
        let switch = socket().await;
        let file = tempfile::NamedTempFile::new().unwrap();
        let listens = switch.local_addr().unwrap();
        let text = format!(
            "[[client]]\nname = \"nas\"\nnetwork = \"127.0.0.1\"\nsecret = \"{SECRET}\"\nsource = \"sbc\"\nmax_seconds = 600\n\
             [client.disconnect]\naddress = \"{listens}\"\n"
        );
        std::fs::write(file.path(), text).unwrap();
        let clients = RadiusClients::read(file.path()).unwrap();
        let state = Api::state(world, Arc::new(SystemClock)).await.with_radius(clients.clone());
        let expires = Utc::now() + TimeDelta::days(1_000);
        staff::add_token(&world.store, "switch", "switch", "token-switch", expires).await.unwrap();
        let calls = admin_api::CallsReader::open(&world.clickhouse_url, &world.name);
        let other = AppState::new(world.store.clone(), Arc::new(SystemClock), calls)
            .limited(admin_api::RateLimits::NONE)
            .with_radius(clients.clone());
        let (access, accounting) = (socket().await, socket().await);
        let addresses = (access.local_addr().unwrap(), accounting.local_addr().unwrap());
        let ports = RadiusPorts::new(access, accounting, clients);
        let api = Api::serve_doors(state, |doors| doors.with_radius(ports)).await;
        let other = Api::serve_state(other).await;
        Self { api, other, access: addresses.0, accounting: addresses.1, switch }
    }

    /// What an Access-Request for a call of `a1` to a number hears; `more` is said besides.
    async fn asks(&self, session: &str, dst: &str, more: &str) -> String {
        let attributes = format!(
            "Acct-Session-Id = \"{session}\", Calling-Station-Id = \"74950000001\", Called-Station-Id = \"{dst}\"{more}"
        );
        let (said, is_content) = says(self.access, "auth", attributes, SECRET, SOON_S).await;
        assert_eq!(is_content, said.contains("Received Access-Accept"), "{said}");
        assert!(is_content || said.contains("Received Access-Reject"), "{said}");
        said
    }

    /// Accounting that is acknowledged.
    async fn tells(&self, status: &str, session: &str, more: &str) {
        let attributes = format!("Acct-Status-Type = {status}, Acct-Session-Id = \"{session}\"{more}");
        let (said, is_content) = says(self.accounting, "acct", attributes, SECRET, SOON_S).await;
        assert!(is_content && said.contains("Received Accounting-Response"), "{status}: {said}");
    }

    /// Waits until the switch hears that a call of a subscriber is to end, and says that it does; what is repeated of others it answers too.
    async fn is_told_to_end(&self, session: &str, user: Option<&str>) -> Packet {
        let secret = Secret::new(SECRET).unwrap();
        let hearing = async {
            let mut buffer = vec![0; 5_000];
            loop {
                let (length, from) = self.switch.recv_from(&mut buffer).await.unwrap();
                let request = Packet::parse(&buffer[..length]).unwrap();
                assert_eq!(request.code, Code::DISCONNECT_REQUEST);
                assert_eq!(request.check_request(&secret, true), Ok(()));
                let answer = Packet::new(Code::DISCONNECT_ACK, request.identifier, Vec::new());
                let answer = answer.seal_answer(&request.authenticator, &secret).unwrap();
                self.switch.send_to(&answer, from).await.unwrap();
                let about = (request.text(Kind::ACCT_SESSION_ID), request.text(Kind::USER_NAME));
                if (about.0.as_deref(), about.1.as_deref()) == (Some(session), user) {
                    return request;
                }
            }
        };
        let heard = tokio::time::timeout(Duration::from_secs(10), hearing).await;
        heard.unwrap_or_else(|_| panic!("no request to end {session} of {user:?}"))
    }
}

async fn socket() -> UdpSocket {
    UdpSocket::bind("127.0.0.1:0").await.unwrap()
}

/// The value of an attribute as radclient shows it.
fn shown<'a>(said: &'a str, attribute: &str) -> &'a str {
    let line = said.lines().find_map(|line| line.trim().strip_prefix(attribute)?.trim().strip_prefix('='));
    line.unwrap_or_else(|| panic!("no {attribute}: {said}")).trim()
}

/// 1.00 at 0.60 a minute by the second: 100 s, by HTTP and by RADIUS. Of them 75 are talked: 0.75 stay until the record of the call, which charges 0.75.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_let_go_goes_on_and_is_over() {
    let world = World::new(1).await;
    balance_to(&world, "a1", "1").await;
    let served = Served::new(&world).await;
    let by_http = authorize(&served.api, "h1", json!({})).await;
    assert_eq!(said(&by_http), "100", "{}", by_http.text);
    let over = json!({"source": "sbc", "call_id": "h1", "seconds": 0});
    assert_eq!(ask(&served.api, "release", over).await.status, 200);

    let accepted = served.asks("call-s1", "74951234567", "").await;
    assert_eq!(shown(&accepted, "Session-Timeout"), "100", "{accepted}");
    assert!(!accepted.contains("h323-"), "a switch that says nothing of Cisco's hears nothing of it: {accepted}");
    let again = served.asks("call-s1", "74951234567", ", h323-conf-id = \"0A 0B\"").await;
    assert_eq!(shown(&again, "Session-Timeout"), "100", "{again}");
    assert!(again.contains("h323-credit-time=100"), "{again}");
    let held = async || reserved(&served.api, "a1").await;
    assert_eq!(held().await, (Decimal::ONE, 1), "asked for twice, reserved once");

    served.tells("Start", "call-s1", "").await;
    let open = served.api.get("/v1/open-calls?account=a1", "support").await;
    let row = &open.body["items"][0];
    assert_eq!(row["call_id"], json!("call-s1"), "{}", open.text);
    // It does not ring any more: 100 s from now on it is over.
    assert!(row["answered_at"].is_string(), "{row}");
    let ends_by: DateTime<Utc> = row["ends_by"].as_str().unwrap().parse().unwrap();
    assert!(ends_by <= Utc::now() + TimeDelta::seconds(100), "{row}");
    let class = shown(&accepted, "Class").to_owned();
    let with_class = |seconds: u32| format!(", Class = {class}, Acct-Session-Time = {seconds}");
    // By its Class it is the same call, whatever its session is called now.
    served.tells("Interim-Update", "another", &with_class(60)).await;
    assert_eq!(held().await, (Decimal::ONE, 1));
    // A week and a second, 6048.01: no call is talked so long, and a1 has 1.00.
    served.tells("Stop", "another", &with_class(604_801)).await;
    assert_eq!(held().await, (Decimal::ONE, 1), "its record says how long it was");
    served.tells("Stop", "another", &with_class(75)).await;
    let left: Decimal = "0.75".parse().unwrap();
    assert_eq!(held().await, (left, 1));
    served.tells("Stop", "call-s1", ", Acct-Session-Time = 90").await;
    assert_eq!(held().await, (left, 1), "over once");

    let ago = |seconds| (Utc::now() - TimeDelta::seconds(seconds)).to_rfc3339();
    let talked = json!({"billable_ms": 75_000, "setup_at": ago(140), "answer_at": ago(135)});
    world.send(0, &record("s1", talked));
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "0.25");
    assert_eq!(held().await, (Decimal::ZERO, 0));
    // Its record has come: what is told late is acknowledged, and changes nothing.
    served.tells("Stop", "call-s1", ", Acct-Session-Time = 75").await;
    served.tells("Accounting-On", "none", "").await;
    world.drop().await;
}

/// What is dialled | the reason; emergency calls go for as long as they last.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_refused_with_its_reason() {
    let world = World::new(1).await;
    let served = Served::new(&world).await;
    for (dst, more, expected) in [
        ("381611234567", "", "LOCKED_LOCAL: "),
        ("442079460000", "", "NO_RETAIL_PRICE: "),
        ("74951234567", ", Cisco-AVPair = \"tollgate-service=fax\"", "BAD_REQUEST: tollgate-service is not understood"),
        ("74951234567", ", Cisco-AVPair = \"tollgate-account=no-such\"", "UNKNOWN_SUBSCRIBER: "),
    ] {
        let said = served.asks("r1", dst, more).await;
        let reason = shown(&said, "Reply-Message");
        assert!(reason.trim_matches('"').starts_with(expected), "{dst}: {said}");
        assert!(!reason.contains(dst), "{said}");
    }
    let emergency = served.asks("e1", "112", "").await;
    assert!(emergency.contains("Received Access-Accept") && !emergency.contains("Session-Timeout"), "{emergency}");
    served.tells("Interim-Update", "e1", ", Acct-Session-Time = 60").await;
    // 0.90 a minute: forwarding is another service, paid by who forwards.
    let pairs =
        ", Cisco-AVPair = \"tollgate-service=forwarded\", Cisco-AVPair += \"tollgate-forwarded-from=74950000001\"";
    let forwarded = served.asks("f1", "74951234567", pairs).await;
    assert_eq!(shown(&forwarded, "Session-Timeout"), "600", "{forwarded}");
    assert_eq!(reserved(&served.api, "a1").await, (Decimal::from(9), 1));
    let attributes = "Acct-Session-Id = \"w1\", Called-Station-Id = \"112\"".to_owned();
    let (said, is_content) = says(served.access, "auth", attributes, "another secret", SILENCE_S).await;
    assert!(!is_content && said.contains("No reply from server"), "{said}");
    world.drop().await;
}

/// Staff end a call in a program that has no port for RADIUS: its switch is told. A switch that goes on with it is told again, and so is one whose call has no room.
#[tokio::test(flavor = "multi_thread")]
async fn a_switch_is_told_to_end_a_call() {
    let world = World::new(1).await;
    balance_to(&world, "a1", "1").await;
    let served = Served::new(&world).await;
    let accepted = served.asks("s1", "74951234567", "").await;
    assert_eq!(shown(&accepted, "Session-Timeout"), "100", "{accepted}");
    // 100 s are all that the money reaches for, and it is talked on all the same.
    served.tells("Interim-Update", "s1", ", Acct-Session-Time = 99").await;
    served.tells("Interim-Update", "s1", ", User-Name = \"u1\", Acct-Session-Time = 130").await;
    served.is_told_to_end("s1", Some("u1")).await;
    served.tells("Stop", "s1", ", Acct-Session-Time = 0").await;

    served.asks("s2", "74951234567", "").await;
    let list = served.other.get("/v1/open-calls?account=a1&state=open", "support").await;
    assert_eq!(list.body["items"][0]["call_id"], json!("s2"), "{}", list.text);
    let path = format!("/v1/open-calls/{}/end", list.body["items"][0]["id"]);
    let reason = Some(json!({"reason": "мошенничество"}));
    let ending = served.other.ask("POST", &path, "head", &[], reason);
    let (ended, told) = tokio::join!(ending, served.is_told_to_end("s2", None));
    assert_eq!(ended.status, 200, "{}", ended.text);
    assert!(told.integer(Kind::EVENT_TIMESTAMP).unwrap().is_some(), "an old request does not count for ever");
    served.tells("Start", "s2", ", User-Name = \"u2\"").await;
    served.is_told_to_end("s2", Some("u2")).await;
    let refused = served.asks("s2", "74951234567", "").await;
    assert!(shown(&refused, "Reply-Message").contains("ENDED_BY_STAFF: staff have ended the call"), "{refused}");
    world.drop().await;
}
