//! What a program of the API tells a watchman.

use std::net::SocketAddr;

use billing::{Clock, SystemClock, staff};
use chrono::TimeDelta;
use serde_json::json;
use tests::World;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::authorize_kill::{PATIENCE, heard};
use crate::collect::until;

/// Head and body of an answer.
async fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

/// The value of a series by its name and its labels, in whatever order they stand; `None`: it is not there.
fn value(text: &str, name: &str, labels: &[&str]) -> Option<f64> {
    let line = text.lines().find(|line| {
        let rest = line.strip_prefix(name).unwrap_or_default();
        (rest.starts_with('{') || rest.starts_with(' ')) && labels.iter().all(|label| rest.contains(label))
    })?;
    line.rsplit_once(' ')?.1.parse().ok()
}

/// One call is let go, two are refused, one is free whatever holds: so many more of each, and nothing that a subscriber would be known by.
#[tokio::test(flavor = "multi_thread")]
async fn figures_move_with_the_answers() {
    let world = World::new(1).await;
    let expires = SystemClock.now() + TimeDelta::days(1);
    staff::add_token(&world.store, "switch", "switch", "token-switch", expires).await.unwrap();
    let program = world.spawn_api(&["--monitor", "127.0.0.1:0"]);
    let monitor = program.address_after("figures for Prometheus are on http://");
    let api = program.address();

    let answers = |text: &str, outcome: &str, code: &str| {
        let (outcome, code) = (format!("outcome=\"{outcome}\""), format!("code=\"{code}\""));
        value(text, "tollgate_authorize_answers_total", &[r#"request="authorize""#, &outcome, &code])
    };
    let kinds =
        [("allowed", ""), ("refused", "UNKNOWN_SUBSCRIBER"), ("refused", "INSUFFICIENT_FUNDS"), ("emergency", "")];
    let before = get(monitor, "/metrics").await;
    for (outcome, code) in kinds {
        assert_eq!(answers(&before, outcome, code), Some(0.0), "{outcome} {code} is there before it happens: {before}");
    }
    for (call_id, src, dst) in [
        ("c", "74950000001", "74951234567"),
        ("d", "74951111111", "74951234567"),
        ("e", "74950000003", "74951234567"),
        ("f", "74950000003", "112"),
    ] {
        let body = json!({"source": "sbc", "call_id": call_id, "src": src, "dst": dst, "max_seconds": 600});
        assert_eq!(heard(api, "authorize", &body, 5 * PATIENCE).await.map(|answer| answer.0), Some(200), "{body}");
    }
    assert!(get(api, "/v1/dids/74950000001").await.starts_with("HTTP/1.1 401"));
    assert!(get(api, "/v1/nothing/74950000001").await.starts_with("HTTP/1.1 404"));
    let text = get(monitor, "/metrics").await;
    for (outcome, code) in kinds {
        assert_eq!(answers(&text, outcome, code), Some(1.0), "{outcome} {code}: {text}");
    }
    let of_switches = r#"route="/switch/v1/authorize""#;
    for (name, labels, expected) in [
        ("tollgate_authorize_seconds_count", vec![r#"request="authorize""#], 4.0),
        ("tollgate_authorize_waiting", vec![], 0.0),
        ("tollgate_authorize_books_away", vec![], 0.0),
        ("tollgate_http_requests_total", vec![of_switches, r#"method="POST""#, r#"status="200""#], 4.0),
        ("tollgate_http_seconds_count", vec![of_switches, r#"method="POST""#], 4.0),
        ("tollgate_http_requests_total", vec![r#"method="GET""#, r#"status="401""#], 1.0),
        ("tollgate_http_requests_total", vec![r#"route="-""#, r#"method="-""#, r#"status="404""#], 1.0),
    ] {
        assert_eq!(value(&text, name, &labels), Some(expected), "{name} {labels:?}: {text}");
    }
    let calls =
        |state: &str| value(&text, "tollgate_pool_connections", &[r#"pool="calls""#, &format!("state=\"{state}\"")]);
    assert!(calls("idle").unwrap() + calls("busy").unwrap() >= 1.0, "{text}");
    // Figures may have these digits, names and labels may not.
    let series = text.lines().filter_map(|line| line.rsplit_once(' ').map(|(series, _)| series));
    for one in series {
        assert!(!one.contains("7495") && !one.contains("/v1/nothing"), "{one}");
    }
    // Of two accounts, so of two lanes or of two moments; a transaction is counted right after its answers.
    until("both transactions are counted", async || {
        let text = get(monitor, "/metrics").await;
        value(&text, "tollgate_authorize_batch_requests_sum", &[]) == Some(2.0)
            && value(&text, "tollgate_authorize_batch_seconds_count", &[]) == Some(2.0)
    })
    .await;
    // On its own port alone.
    assert!(get(api, "/metrics").await.starts_with("HTTP/1.1 404"));
    program.kill();
    world.drop().await;
}
