//! The admin API over the books that the stream has filled.

use std::io::ErrorKind;
use std::sync::Arc;

use admin_api::{AppState, CallsReader, Doors, RateLimits, app};
use billing::{Clock, FixedClock, staff};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{World, record, record_ending};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A served API with a token for each role asked for.
pub(crate) struct Api {
    address: std::net::SocketAddr,
    state: AppState,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: Value,
    pub(crate) bytes: Vec<u8>,
    /// The body as it came.
    pub(crate) text: String,
}

/// All roles; each has a user of its name.
pub(crate) const ROLES: [&str; 8] =
    ["support", "sales", "client_service", "assistants", "head", "accounting", "settlement", "admin"];

impl Api {
    pub(crate) async fn serve(world: &World, now: DateTime<Utc>) -> Self {
        Self::serve_by(world, Arc::new(FixedClock(now))).await
    }

    /// The same by a clock of the test's own.
    pub(crate) async fn serve_by(world: &World, clock: Arc<dyn Clock>) -> Self {
        Self::serve_state(Self::state(world, clock).await).await
    }

    /// The same with a state that `change` made of the plain one.
    pub(crate) async fn serve_with(
        world: &World,
        clock: Arc<dyn Clock>,
        change: impl FnOnce(AppState) -> AppState,
    ) -> Self {
        Self::serve_state(change(Self::state(world, clock).await)).await
    }

    /// A program with this state; several of them may serve one world.
    pub(crate) async fn serve_state(state: AppState) -> Self {
        Self::serve_doors(state, |doors| doors).await
    }

    /// The same with doors that `more` made of the plain one.
    pub(crate) async fn serve_doors(state: AppState, more: impl FnOnce(Doors) -> Doors) -> Self {
        state.refresh().await.unwrap();
        // Searched from the first request on: the program itself reads the numbers beside its start.
        state.refresh_shelf().await.unwrap();
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(admin_api::serve_on(more(listener.into()), state.clone()));
        let _ = app(state.clone());
        Self { address, state }
    }

    /// A program's state without limits, and a user with a token for each role.
    pub(crate) async fn state(world: &World, clock: Arc<dyn Clock>) -> AppState {
        for role in ROLES {
            let expires = clock.now() + TimeDelta::days(1_000);
            staff::add_token(&world.store, role, role, &format!("token-{role}"), expires).await.unwrap();
        }
        let calls = CallsReader::open(&world.clickhouse_url, &world.name);
        AppState::new(world.store.clone(), clock, calls).limited(RateLimits::NONE)
    }

    /// Waits until the catalogue of now is in force.
    pub(crate) async fn refresh(&self) {
        self.state.refresh().await.unwrap();
    }

    /// Waits until the numbers of now can be searched for sale.
    pub(crate) async fn refresh_shelf(&self) {
        self.state.refresh_shelf().await.unwrap();
    }

    /// The state that it serves, for jobs by the same clock.
    pub(crate) const fn state_of(&self) -> &AppState {
        &self.state
    }

    pub(crate) async fn ask(
        &self,
        method: &str,
        path: &str,
        role: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let body = body.map(|body| body.to_string()).unwrap_or_default();
        let mut headers = headers.to_vec();
        if !body.is_empty() {
            headers.push(("Content-Type", "application/json"));
        }
        self.send(method, path, role, &headers, body.as_bytes()).await
    }

    /// As [`Self::ask`], with a body of any kind.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        role: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let mut request = format!(
            "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {}\r\n",
            body.len()
        );
        if !role.is_empty() {
            request.extend(["Authorization: Bearer token-", role, "\r\n"]);
        }
        for (name, value) in headers {
            request.extend([*name, ": ", *value, "\r\n"]);
        }
        stream.write_all(format!("{request}\r\n").as_bytes()).await.unwrap();
        // Whose body is refused for its length is answered before it is read: the rest of it has nowhere to go.
        let is_shut =
            |error: std::io::Error| matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset);
        let mut answer = Vec::new();
        assert!(stream.write_all(body).await.map_or_else(is_shut, |()| true));
        assert!(stream.read_to_end(&mut answer).await.map_or_else(is_shut, |_| true));
        let end = answer.windows(4).position(|part| part == b"\r\n\r\n").unwrap();
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = head.split_whitespace().nth(1).unwrap().parse().unwrap();
        let bytes = answer[end + 4..].to_vec();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status, head, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null), bytes, text }
    }

    pub(crate) async fn get(&self, path: &str, role: &str) -> Answer {
        self.ask("GET", path, role, &[], None).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_its_calls_its_invoice_and_its_limit() {
    let world = World::new(1).await;
    let now = Utc::now();
    for number in 0..3 {
        world.send(0, &record(&format!("c{number}"), json!({"account": "a2", "src": "74950000002"})));
    }
    world.ingest().await.unwrap();
    let api = Api::serve(&world, now).await;

    let account = api.get("/v1/accounts/a2", "support").await;
    assert_eq!(account.status, 200, "{}", account.body);
    assert_eq!((account.body["balance"].as_str(), account.body["credit_limit"].as_str()), (Some("-1.8"), Some("1000")));
    let days =
        format!("from={}&to={}", (now - TimeDelta::days(1)).date_naive(), (now + TimeDelta::days(1)).date_naive());
    let calls = api.get(&format!("/v1/accounts/a2/calls?service=outgoing&{days}&limit=2"), "support").await;
    assert_eq!(calls.body["items"].as_array().map(Vec::len), Some(2), "{}", calls.body);
    let cursor = calls.body["next_cursor"].as_str().unwrap();
    let rest =
        api.get(&format!("/v1/accounts/a2/calls?service=outgoing&{days}&limit=2&cursor={cursor}"), "support").await;
    assert_eq!(rest.body["items"].as_array().map(Vec::len), Some(1), "{}", rest.body);

    // Three calls of 0.60: 1.80 with 22 % inside: 1.80 * 22 / 122 = 0.3246.
    let month = (now - TimeDelta::minutes(2)).with_timezone(&chrono_tz_moscow()).date_naive();
    let invoice = api.get(&format!("/v1/accounts/a2/invoices/{}-{:02}", month.year(), month.month()), "support").await;
    assert_eq!(
        (invoice.body["gross"].as_str(), invoice.body["tax"].as_str()),
        (Some("1.80"), Some("0.32")),
        "{}",
        invoice.body
    );
    assert_eq!(invoice.body["lines"][0]["service"], "outgoing");

    // M47: discounts in the order in which they count, of a group while the client is a member; none is an empty list.
    let discounts = api.get("/v1/accounts/a2/discounts", "support").await;
    let items = discounts.body["items"].as_array().unwrap();
    let shown: Vec<_> = items
        .iter()
        .map(|item| {
            (item["level"].as_str().unwrap(), item["percent"].as_str().unwrap(), item["in_force"].as_bool().unwrap())
        })
        .collect();
    assert_eq!(shown, [("personal", "10", true), ("group", "7.5", true), ("promo", "20", false)], "{}", discounts.body);
    assert_eq!(
        (items[2]["group"].as_str(), items[2]["from"].as_str(), items[2]["to"].as_str()),
        (Some("partners"), Some("2026-02-01T00:00:00Z"), Some("2026-03-01T00:00:00Z"))
    );
    let none = api.get("/v1/accounts/a1/discounts", "support").await;
    assert_eq!((none.status, &none.body["items"]), (200, &json!([])), "{}", none.body);

    // B16: limit 1000 -> 1500 by the head of the department; the same key again changes nothing more.
    let change = Some(json!({"limit": "1500", "reason": "договор 12"}));
    let limit = "/v1/accounts/a2/credit-limit";
    let key = [("Idempotency-Key", "k1")];
    for _ in 0..2 {
        let done = api.ask("PUT", limit, "head", &key, change.clone()).await;
        assert_eq!(done.status, 200, "{}", done.body);
    }
    let history = api.get("/v1/accounts/a2/history", "support").await;
    let items = history.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{}", history.body);
    let row = &items[0];
    assert_eq!(
        (&row["field"], &row["before"], &row["after"], &row["user"]),
        (&json!("credit_limit"), &json!("1000"), &json!("1500"), &json!("head"))
    );
    for (path, role, headers, body, status, code) in [
        (limit, "head", vec![("If-Match", "\"1\"")], change.clone(), 412, "stale"),
        (limit, "head", vec![], Some(json!({"limit": "-1", "reason": "x"})), 422, "validation"),
        (limit, "head", vec![], Some(json!({"limit": "1500"})), 422, ""),
        (limit, "head", key.to_vec(), Some(json!({"limit": "1", "reason": "other"})), 422, "idempotency_key_reused"),
        (limit, "support", vec![], change.clone(), 403, "forbidden"),
        (limit, "", vec![], change.clone(), 401, "unauthorized"),
        ("/v1/accounts/nobody/credit-limit", "head", vec![], change, 404, "not_found"),
    ] {
        let refused = api.ask("PUT", path, role, &headers, body).await;
        assert_eq!(refused.status, status, "{path} {role}: {}", refused.body);
        assert!(refused.head.contains("application/problem+json"), "{}", refused.head);
        assert!(code.is_empty() || refused.body["code"] == code, "{}", refused.body);
    }
    world.drop().await;
}

fn chrono_tz_moscow() -> chrono::FixedOffset {
    chrono::FixedOffset::east_opt(3 * 3600).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn tariffs_locks_and_suspense() {
    let world = World::new(1).await;
    world.send(0, &record("unknown", json!({"src": "74957777777"})));
    world.ingest().await.unwrap();
    let api = Api::serve(&world, Utc::now()).await;

    let check = api
        .get("/v1/tariff-check?number=%2B79161234567&account=a1&service=outgoing&provider=mts&seconds=61", "support")
        .await;
    assert_eq!((check.status, &check.body["verdict"]), (200, &json!("ok")), "{}", check.body);
    assert!(check.body["request"].is_null());
    assert_eq!(check.body["priced"], json!(["retail", "wholesale"]));
    assert!(check.body["text"].as_str().unwrap().starts_with("цены есть, розничная и оптовая"), "{}", check.body);
    // Operators are spoken to in Russian unless they wish otherwise.
    let lines = check.body["explanation"]["lines"].as_array().unwrap();
    assert!(lines.iter().any(|line| line["text"].as_str().unwrap().starts_with("округлено")), "{lines:?}");
    // M29: forwarding is another service; 381 has no wholesale price.
    let forwarded = api.get("/v1/tariff-check?number=381114112060&account=a1&service=forwarded", "support").await;
    assert_eq!(
        (&forwarded.body["verdict"], &forwarded.body["department"]),
        (&json!("NO_RETAIL_PRICE"), &json!("marketing")),
        "{}",
        forwarded.body
    );
    let wholesale = api.get("/v1/tariff-check?number=381114112060&account=a1&service=outgoing", "support").await;
    assert_eq!(
        (&wholesale.body["verdict"], &wholesale.body["department"]),
        (&json!("NO_WHOLESALE_PRICE"), &json!("b2b")),
        "{}",
        wholesale.body
    );
    // M30: the request to the department, ready to be sent.
    let request = &wholesale.body["request"];
    assert_eq!((&request["missing"], &request["asked"]["account"]), (&json!("wholesale"), &json!("a1")), "{request}");
    let misspelt = api.get("/v1/tariff-check?number=381114112060&account=a1&place=nowhere", "support").await;
    assert_eq!((misspelt.status, &misspelt.body["errors"][0]["pointer"]), (422, &json!("/place")), "{}", misspelt.body);
    let unresolved = api.get("/v1/tariff-check?number=381114112060&account=nobody&service=outgoing", "support").await;
    assert!(
        unresolved.status >= 400 && unresolved.body["errors"][0]["pointer"].is_string(),
        "M29: an error, not an empty answer: {}",
        unresolved.body
    );

    let locks = api.get("/v1/lock-check?number=381611234567&account=a1", "support").await;
    assert_eq!(
        locks.body["locks"].as_array().or(locks.body["items"].as_array()).map(Vec::len),
        Some(1),
        "{}",
        locks.body
    );
    let suspense = api.get("/v1/suspense?code=UNKNOWN_SUBSCRIBER", "support").await;
    assert_eq!(suspense.body["items"][0]["cdr_id"], "unknown", "{}", suspense.body);
    let russian = api.ask("GET", "/v1/accounts/nobody", "support", &[("Accept-Language", "ru")], None).await;
    let english = api.ask("GET", "/v1/accounts/nobody", "support", &[("Accept-Language", "en")], None).await;
    assert_eq!((russian.status, english.status), (404, 404));
    assert_ne!(russian.body["title"], english.body["title"]);
    assert_eq!(api.get("/ready", "").await.status, 200);
    world.drop().await;
}

/// M12-M15, A28, A29: a number is archived, called by strangers, and judged when its term is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_in_quarantine() {
    let world = World::new(1).await;
    let now = Utc::now();
    // Calls to the archived number over the last days: two callers and a withheld one.
    for (id, days, src) in
        [("1", 1, "79161112233"), ("2", 1, "79161112233"), ("3", 2, "79164445566"), ("4", 2, "anonymous")]
    {
        let end = now - TimeDelta::days(days);
        let call =
            record_ending(id, end, json!({"src": src, "dst": "74950000009", "service": "incoming", "direction": "in"}));
        world.send_at(0, call.to_string().as_bytes(), end);
    }
    world.ingest().await.unwrap();
    let api = Api::serve(&world, now).await;
    let card = api.get("/v1/dids/74950000009", "assistants").await;
    assert_eq!(
        (&card.body["status"], &card.body["non_target_class"]),
        (&json!("archive"), &json!("no_data")),
        "{}",
        card.body
    );
    // Statistics count as collected from the 2nd of January on: far more than 30 days.
    let first = "2026-01-02".parse::<chrono::NaiveDate>().unwrap();
    let days: Vec<_> = first.iter_days().take_while(|day| *day <= now.date_naive()).collect();
    billing::numbers::mark_collected(&world.store, &days, now).await.unwrap();
    let card = api.get("/v1/dids/74950000009", "assistants").await;
    assert_eq!(card.body["non_target_class"], "has_calls", "{}", card.body);
    assert_eq!(
        (&card.body["calls_in_window"], &card.body["unique_callers_in_window"]),
        (&json!(4), &json!(3)),
        "{}",
        card.body
    );
    let silent = api.get("/v1/dids/74950000008", "assistants").await;
    assert_eq!(silent.body["status"], "free");

    // In work -> archive; a second time it is no step (M12); support may not (403).
    let reason = || Some(json!({"reason": "договор расторгнут"}));
    let archive = "/v1/dids/74950000001/archive";
    assert_eq!(api.ask("POST", archive, "support", &[], reason()).await.status, 403);
    let done = api.ask("POST", archive, "assistants", &[], reason()).await;
    assert!(done.status < 300, "{}", done.body);
    let again = api.ask("POST", archive, "assistants", &[], reason()).await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("invalid_transition")), "{}", again.body);
    let history = api.get("/v1/audit/did/74950000001", "head").await;
    let outcomes: Vec<&str> =
        history.body["items"].as_array().unwrap().iter().filter_map(|line| line["outcome"].as_str()).collect();
    assert_eq!(outcomes, ["refused", "done", "refused"], "the forbidden attempt is in the audit too: {}", history.body);
    // A call that took place before is still charged to the one who had the number then; a later one is a non-target call.
    world.send(0, &record("before", json!({})));
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "99.4");
    let not_ours = api.get("/v1/dids/74959999999", "assistants").await;
    assert_eq!((not_ours.status, &not_ours.body["code"]), (404, &json!("not_ours")), "{}", not_ours.body);
    world.drop().await;
}
