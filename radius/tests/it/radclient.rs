//! radclient of FreeRADIUS, a client that shares no line with this package, against the server.
//!
//! `deploy/test` brings it and says where it is. Where it is not these tests fail: a server that nobody but its own client has spoken to proves little.

use std::ffi::OsString;
use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::time::Duration;

use radius::request::TerminateCause;
use radius::{Event, Status};

use crate::switch::{LIMITS, Running, SECRET, clients};

const VARIABLE: &str = "TOLLGATE_RADCLIENT";
const LACKING: &str = "radclient is not here: deploy/test unpacks it and names it in TOLLGATE_RADCLIENT; or install the \
    package freeradius-utils (Debian, Ubuntu: apt-get install freeradius-utils; Fedora: dnf install freeradius-utils), or \
    name it: TOLLGATE_RADCLIENT=/path/to/radclient";

/// Where radclient is: what the variable names, or in the path.
fn radclient() -> OsString {
    if let Some(named) = std::env::var_os(VARIABLE).filter(|named| !named.is_empty()) {
        return named;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut places = std::env::split_paths(&path).map(|folder| folder.join("radclient"));
    places.find(|program| program.is_file()).map(PathBuf::into_os_string).expect(LACKING)
}

/// What radclient says when it sends these attributes, and whether it is content.
async fn says(to: SocketAddr, command: &'static str, attributes: &'static str, secret: &'static str) -> (String, bool) {
    let program = radclient();
    tokio::task::spawn_blocking(move || {
        let mut child = Command::new(&program)
            .args(["-x", "-r", "1", "-t", "5", &to.to_string(), command, secret])
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

const CALL: &str = r#"User-Name = "79161234567", User-Password = "arctangent", Calling-Station-Id = "79161234567",
Called-Station-Id = "381114112060", NAS-IP-Address = 127.0.0.1, h323-conf-id = "h323-conf-id=0A 0B 0C 0D"
"#;
const SIGNED: &str = r#"User-Name = "79161234567", User-Password = "arctangent", Message-Authenticator = 0x00
"#;
const BROKE: &str = r#"User-Name = "broke", User-Password = "x", Message-Authenticator = 0x00
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_accepted_or_rejected() {
    let server = Running::usual().await;
    for attributes in [CALL, SIGNED] {
        let (said, is_content) = says(server.access, "auth", attributes, SECRET).await;
        assert!(is_content && said.contains("Received Access-Accept"), "{said}");
        assert!(said.contains("Session-Timeout = 75"), "{said}");
        assert!(said.contains(r#"h323-credit-time = "h323-credit-time=75""#), "{said}");
        assert!(said.contains("Class = 0x7265736572766174696f6e203137"), "{said}");
    }
    let (said, is_content) = says(server.access, "auth", BROKE, SECRET).await;
    assert!(!is_content && said.contains("Received Access-Reject"), "{said}");
    assert!(said.contains(r#"Reply-Message = "no money left""#), "{said}");
    let passwords = server.billing.passwords.lock().unwrap().clone();
    assert_eq!(passwords, [b"arctangent".to_vec(), b"arctangent".to_vec(), b"x".to_vec()]);
    assert_eq!((server.figures.count(Event::Accepted), server.figures.count(Event::Rejected)), (2, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_told() {
    let server = Running::usual().await;
    for attributes in [
        "Acct-Status-Type = Start, Acct-Session-Id = \"s1\", User-Name = \"x\", Class = 0x010203\n",
        "Acct-Status-Type = Interim-Update, Acct-Session-Id = \"s1\", User-Name = \"x\", Acct-Session-Time = 60\n",
        "Acct-Status-Type = Stop, Acct-Session-Id = \"s1\", User-Name = \"x\", Acct-Session-Time = 75, \
         Acct-Terminate-Cause = Session-Timeout, Message-Authenticator = 0x00\n",
    ] {
        let (said, is_content) = says(server.accounting, "acct", attributes, SECRET).await;
        assert!(is_content && said.contains("Received Accounting-Response"), "{said}");
    }
    let told = server.billing.told.lock().unwrap().clone();
    assert_eq!(
        told,
        [
            (Status::Start, "s1".to_owned(), None, None),
            (Status::InterimUpdate, "s1".to_owned(), Some(60), None),
            (Status::Stop, "s1".to_owned(), Some(75), Some(TerminateCause::SESSION_TIMEOUT)),
        ]
    );
}

/// Whoever has another secret waits in vain.
#[tokio::test(flavor = "multi_thread")]
async fn another_secret_is_not_answered() {
    let all = clients(&[("127.0.0.1/32", "another secret", true)]);
    let server = Running::new(all, LIMITS, Duration::ZERO).await;
    let (said, is_content) = says(server.access, "auth", SIGNED, SECRET).await;
    assert!(!is_content && said.contains("No reply from server"), "{said}");
    assert_eq!(server.billing.calls.load(Ordering::SeqCst), 0);
    server.until(Event::NotSigned, 1).await;
}
