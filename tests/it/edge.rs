//! The edge of the API: limits, web pages of others, headers, tags of records, the end of the program, the page for people.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use admin_api::{Rate, RateLimits, serve_until};
use billing::{FixedClock, SystemClock};
use chrono::Utc;
use serde_json::{Value, json};
use tests::{World, record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;

use crate::api::{Answer, Api};

fn header<'a>(answer: &'a Answer, name: &str) -> Option<&'a str> {
    answer.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
}

fn now() -> Arc<FixedClock> {
    Arc::new(FixedClock(Utc::now()))
}

/// Slow enough that nothing is earned within the test.
fn at_once(burst: u32) -> Option<Rate> {
    Some(Rate { per_second: NonZeroU32::MIN, burst: NonZeroU32::new(burst)? })
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_too_often_has_to_wait() {
    let world = World::new(1).await;
    let rates = RateLimits { user: at_once(20), failures: at_once(20) };
    let api = Api::serve_state(Api::state(&world, now()).await.limited(rates)).await;
    let first = api.get("/v1/me", "support").await;
    assert_eq!(first.status, 200);
    assert_eq!(header(&first, "ratelimit-policy"), Some("\"user\";q=20;w=20"), "{}", first.head);
    assert!(header(&first, "ratelimit").unwrap().starts_with("\"user\";r=19;"), "{}", first.head);
    // One bucket whatever is asked; a request that fails counts too. At 1/s a slow machine earns a few.
    let mut refused = None;
    for _ in 0..60 {
        let answer = api.get("/v1/accounts/nobody", "support").await;
        if answer.status == 429 {
            refused = Some(answer);
            break;
        }
        assert_eq!(answer.status, 404);
    }
    let refused = refused.unwrap();
    assert_eq!((&refused.body["code"], header(&refused, "retry-after")), (&json!("rate_limited"), Some("1")));
    assert!(refused.head.contains("application/problem+json"), "{}", refused.head);
    assert_eq!(header(&refused, "ratelimit"), Some("\"user\";r=0;t=1"));
    assert_eq!(api.get("/v1/me", "sales").await.status, 200, "another user has his own bucket");
    assert_eq!(api.get("/health", "").await.status, 200);

    // Without a valid token the address counts, whatever it says; then also a good token has to wait.
    let mut statuses = Vec::new();
    for number in 0..60 {
        let wrong = format!("Bearer wrong-{number}");
        let headers = [("Authorization", wrong.as_str())];
        let answer = api.ask("GET", "/v1/me", "", &headers, None).await;
        statuses.push(answer.status);
        if answer.status == 429 {
            assert!(header(&answer, "ratelimit").unwrap().starts_with("\"address\""), "{}", answer.head);
            break;
        }
    }
    assert!(statuses.len() > 20 && statuses.iter().rev().skip(1).all(|status| *status == 401), "{statuses:?}");
    assert_eq!(statuses.last(), Some(&429));
    world.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_named_origins_may_ask() {
    let world = World::new(1).await;
    let origin = "https://billing.example.ru";
    let state = Api::state(&world, now()).await;
    let api = Api::serve_state(state.clone().open_to(vec![origin.parse().unwrap()])).await;
    let preflight = |origin: &'static str| {
        [
            ("Origin", origin),
            ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "authorization,if-match"),
        ]
    };
    let allowed = api.ask("OPTIONS", "/v1/clients/c1", "", &preflight("https://billing.example.ru"), None).await;
    assert_eq!(allowed.status, 200, "{}", allowed.head);
    assert_eq!(header(&allowed, "access-control-allow-origin"), Some(origin));
    for (name, parts) in [
        ("access-control-allow-methods", vec!["get", "post", "put", "delete"]),
        (
            "access-control-allow-headers",
            vec!["authorization", "content-type", "if-match", "idempotency-key", "x-request-id"],
        ),
    ] {
        let value = header(&allowed, name).unwrap_or_default();
        assert!(parts.iter().all(|part| value.contains(part)), "{name}: {value}");
    }
    let stranger = api.ask("OPTIONS", "/v1/clients/c1", "", &preflight("https://evil.example"), None).await;
    assert_eq!(header(&stranger, "access-control-allow-origin"), None);
    // Also an answer that refuses can be read by the page.
    for (role, status) in [("support", 200), ("", 401)] {
        let answer = api.ask("GET", "/v1/me", role, &[("Origin", origin)], None).await;
        assert_eq!((answer.status, header(&answer, "access-control-allow-origin")), (status, Some(origin)));
        let exposed = header(&answer, "access-control-expose-headers").unwrap_or_default();
        for name in ["etag", "idempotent-replayed", "x-request-id", "retry-after"] {
            assert!(exposed.contains(name), "{exposed}");
        }
    }
    let closed = Api::serve_state(state).await;
    let refused = closed.ask("OPTIONS", "/v1/clients/c1", "", &preflight("https://billing.example.ru"), None).await;
    assert_eq!((refused.status, header(&refused, "access-control-allow-origin")), (405, None));
    world.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_headers_of_security() {
    let world = World::new(1).await;
    let state = Api::state(&world, now()).await;
    let plain = Api::serve_state(state.clone()).await;
    let by_tls = Api::serve_state(state.behind_tls(true)).await;
    for (path, role) in [("/health", ""), ("/docs", ""), ("/v1/me", "support"), ("/v1/me", ""), ("/nothing", "")] {
        let answer = plain.get(path, role).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-resource-policy", "same-origin"),
            ("content-security-policy", "default-src 'none';"),
            ("permissions-policy", "accelerometer=()"),
        ] {
            let found = header(&answer, name).unwrap_or_default();
            assert!(found.starts_with(value), "{path}: {name}: {found}");
        }
        assert_eq!(header(&answer, "cache-control") == Some("no-store"), path != "/docs", "{path}");
        assert!(header(&answer, "x-request-id").is_some());
        assert_eq!(header(&answer, "strict-transport-security"), None);
        let answer = by_tls.get(path, role).await;
        assert!(header(&answer, "strict-transport-security").unwrap_or_default().starts_with("max-age="), "{path}");
    }
    world.drop().await;
}

/// What was seen already is not sent again; what somebody changed in between is not overwritten.
#[tokio::test(flavor = "multi_thread")]
async fn records_have_tags() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let locks = api.get("/v1/locks", "admin").await;
    let lock = format!("/v1/locks/{}", locks.body["items"][0]["id"]);
    let account = api.get("/v1/accounts/a1", "admin").await;
    let client = format!("/v1/clients/{}", account.body["client"].as_str().unwrap());
    for path in ["/v1/accounts/a1", &client, &lock, "/v1/dids/74950000001", "/v1/staff/sales", "/v1/roles/support"] {
        let seen = api.get(path, "admin").await;
        let tag = header(&seen, "etag").unwrap_or_else(|| panic!("{path}: {}", seen.head)).to_owned();
        let revision = &seen.body["revision"];
        assert!(revision.is_null() || tag.starts_with(&format!("\"{revision}-")), "{path}: {tag} {revision}");
        let again = api.ask("GET", path, "admin", &[("If-None-Match", &tag)], None).await;
        assert_eq!(
            (again.status, again.text.as_str(), header(&again, "etag")),
            (304, "", Some(tag.as_str())),
            "{path}"
        );
        let other = api.ask("GET", path, "admin", &[("If-None-Match", "\"0\"")], None).await;
        assert_eq!((other.status, &other.body), (200, &seen.body), "{path}");
    }
    // A balance moves without a revision: the tag knows it.
    let tag = header(&account, "etag").unwrap().to_owned();
    world.send(0, &record("c", json!({})));
    world.ingest().await.unwrap();
    let moved = api.ask("GET", "/v1/accounts/a1", "admin", &[("If-None-Match", &tag)], None).await;
    assert_eq!((moved.status, &moved.body["balance"]), (200, &json!("99.4")), "{}", moved.body);
    let limit = json!({"limit": "0", "reason": "test"});
    let past = api.ask("PUT", "/v1/accounts/a1/credit-limit", "admin", &[("If-Match", &tag)], Some(limit)).await;
    assert_ne!(past.status, 412, "nobody changed the terms: {}", past.body);

    // Of two who saw the same, the second is told.
    let seen = header(&api.get(&client, "sales").await, "etag").unwrap().to_owned();
    let rename = |name: &str| Some(json!({"name": name, "reason": "test"}));
    let first = api.ask("PUT", &client, "sales", &[("If-Match", &seen)], rename("Первый")).await;
    assert_eq!(first.status, 200, "{}", first.body);
    let second = api.ask("PUT", &client, "head", &[("If-Match", &seen)], rename("Второй")).await;
    assert_eq!((second.status, &second.body["code"]), (412, &json!("stale")), "{}", second.body);
    assert!(second.body["detail"].as_str().unwrap().contains("прочитайте её снова"), "{}", second.body);
    // What is no tag says nothing about the record.
    for tag in ["2", "abc", "", "W/\"2\""] {
        let strange = api.ask("PUT", &client, "head", &[("If-Match", tag)], rename("Третий")).await;
        assert_eq!((strange.status, &strange.body["errors"][0]["pointer"]), (422, &json!("If-Match")), "{tag:?}");
    }
    // The answer of a write has the tag of what it made.
    let fresh = header(&first, "etag").unwrap().to_owned();
    assert_eq!(api.ask("PUT", &client, "head", &[("If-Match", &fresh)], rename("Второй")).await.status, 200);
    let user = header(&api.get("/v1/staff/sales", "admin").await, "etag").unwrap().to_owned();
    for (tag, status) in [("\"77\"", 412), (user.as_str(), 200), (user.as_str(), 412)] {
        let roles = Some(json!({"roles": ["sales", "support"], "reason": "test"}));
        let answer = api.ask("PUT", "/v1/staff/sales/roles", "admin", &[("If-Match", tag)], roles).await;
        assert_eq!(answer.status, status, "{tag}: {}", answer.body);
    }
    world.drop().await;
}

/// Reads until the other side has said `words`.
async fn heard(stream: &mut TcpStream, words: &str) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    let hear = async {
        while !String::from_utf8_lossy(&said).contains(words) {
            let read = stream.read(&mut buffer).await.unwrap();
            assert!(read > 0, "closed after {}", String::from_utf8_lossy(&said));
            said.extend_from_slice(&buffer[..read]);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), hear).await.unwrap();
    String::from_utf8_lossy(&said).into_owned()
}

/// A request whose body is still on its way when the program is asked to end is answered, and what it wrote is there; nobody else is let in.
#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_requests_under_way_are_answered() {
    let world = World::new(1).await;
    let state = Api::state(&world, Arc::new(SystemClock)).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(serve_until(listener, state.clone(), async move { drop(stopped.await) }));

    let body = json!({"name": "Последний", "email": "last@example.ru", "reason": "test"}).to_string();
    let mut under_way = TcpStream::connect(address).await.unwrap();
    let head = format!(
        "POST /v1/clients HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer token-sales\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    under_way.write_all(head.as_bytes()).await.unwrap();
    // The handler asks for the body: the request is under way.
    heard(&mut under_way, "100 Continue").await;
    stop.send(()).unwrap();
    let shut = async {
        while TcpStream::connect(address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), shut).await.unwrap();
    assert!(!serving.is_finished(), "it waits for the request");
    under_way.write_all(body.as_bytes()).await.unwrap();
    let answer = heard(&mut under_way, "\"twins\"").await;
    assert!(answer.contains("201 Created"), "{answer}");
    tokio::time::timeout(Duration::from_secs(10), serving).await.unwrap().unwrap();
    let api = Api::serve_state(state).await;
    let taken = json!({"name": "x", "email": "last@example.ru", "reason": "test"});
    assert_eq!(api.ask("POST", "/v1/clients", "sales", &[], Some(taken)).await.status, 409);
    world.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_api_is_described_for_people() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    for (path, language, words) in [
        ("/docs", "ru", "Поиск"),
        ("/docs", "en", "What holds for all"),
        ("/docs?language=en", "ru", "What holds for all"),
        ("/docs?language=ru", "en", "Общие правила"),
    ] {
        let page = api.ask("GET", path, "", &[("Accept-Language", language)], None).await;
        assert_eq!((page.status, header(&page, "content-type")), (200, Some("text/html; charset=utf-8")), "{path}");
        assert!(page.text.contains(words), "{path} {language}");
        // The commands ask the server that the page came from.
        assert!(page.text.contains("API=http://test<"), "{path} {language}");
        assert!(header(&page, "content-security-policy").unwrap().contains("script-src 'self'"), "{}", page.head);
    }
    for (path, kind) in [("/docs.css", "text/css"), ("/docs.js", "text/javascript")] {
        let file = api.get(path, "").await;
        assert_eq!(file.status, 200);
        assert!(header(&file, "content-type").unwrap().starts_with(kind), "{}", file.head);
    }
    let root = api.get("/", "").await;
    assert_eq!((root.status, header(&root, "location")), (307, Some("/docs")), "{}", root.head);
    let unknown = api.get("/docs?language=de", "").await;
    assert_eq!((unknown.status, &unknown.body["errors"][0]["pointer"]), (422, &Value::from("/language")));
    world.drop().await;
}
