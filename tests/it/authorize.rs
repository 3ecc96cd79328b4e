//! Calls that want to begin: who may, for how long, and what that reserves.

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use admin_api::{AppState, CallRequest, CallsReader, Disconnect, Ran, RateLimits, run_job};
use billing::holds::CallKey;
use billing::{Clock, Store, SystemClock, staff};
use chrono::{TimeDelta, Utc};
use rating::Service;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use tests::{SetClock, World, record};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use crate::api::{Answer, Api};

/// A program for switches over a world.
pub(crate) async fn served(world: &World, clock: Arc<dyn Clock>) -> (Api, AppState) {
    let expires = clock.now() + TimeDelta::days(1_000);
    // A second program of the same world finds the token there.
    let _ = staff::add_token(&world.store, "switch", "switch", "token-switch", expires).await;
    let state = AppState::new(world.store.clone(), clock, CallsReader::open(&world.clickhouse_url, &world.name))
        .limited(RateLimits::NONE);
    (Api::serve_state(state.clone()).await, state)
}

/// The same, with people who work there.
async fn served_with_people(world: &World, clock: Arc<dyn Clock>) -> (Api, AppState) {
    let _ = Api::state(world, Arc::clone(&clock)).await;
    served(world, clock).await
}

/// An outgoing call of `a1` to Moscow: 0.60 a minute, by the second.
fn call(call_id: &str, change: Value) -> Value {
    let mut call =
        json!({"source": "sbc", "call_id": call_id, "src": "74950000001", "dst": "74951234567", "max_seconds": 600});
    if let (Value::Object(call), Value::Object(change)) = (&mut call, change) {
        call.extend(change);
    }
    call
}

pub(crate) async fn ask(api: &Api, what: &str, body: Value) -> Answer {
    api.ask("POST", &format!("/switch/v1/{what}"), "switch", &[("Accept-Language", "en")], Some(body)).await
}

pub(crate) async fn authorize(api: &Api, call_id: &str, change: Value) -> Answer {
    ask(api, "authorize", call(call_id, change)).await
}

/// The code of a refusal, or the seconds of a grant.
pub(crate) fn said(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{}", answer.text);
    match answer.body["allowed"].as_bool() {
        Some(true) if answer.body["code"].is_null() => answer.body["seconds"].to_string(),
        _ => answer.body["code"].as_str().unwrap().to_owned(),
    }
}

pub(crate) fn amount(value: &Value) -> Decimal {
    value.as_str().unwrap_or_else(|| panic!("{value} is no amount")).parse().unwrap()
}

/// Money that calls of an account have reserved, and how many they are, whatever their state.
pub(crate) async fn reserved(api: &Api, account: &str) -> (Decimal, usize) {
    let mut reserved = (Decimal::ZERO, 0);
    for state in ["open", "released"] {
        let list = api.get(&format!("/v1/open-calls?account={account}&state={state}&limit=1000"), "support").await;
        let rows = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.text));
        reserved.0 += rows.iter().map(|row| amount(&row["hold"])).sum::<Decimal>();
        reserved.1 += rows.len();
    }
    reserved
}

/// Sets the balance of an account to an amount, with a posting.
pub(crate) async fn balance_to(world: &World, account: &str, amount: &str) {
    let sql = format!(
        "INSERT INTO posting (account_id, kind, is_real, amount, at, reference, author)
         SELECT b.account_id, 'topup_manual', false, {amount} - b.balance, now(), 'test', 'test' FROM account_balance b JOIN account a ON a.id = b.account_id
         WHERE a.code = '{account}' AND b.balance <> {amount};
         UPDATE account_balance SET balance = {amount} WHERE account_id = (SELECT id FROM account WHERE code = '{account}')"
    );
    world.store.run_past_the_rooms(&sql).await.unwrap();
}

async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !holds().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "{what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// 64 at once over two programs ask for 600 s at 0.60 a minute, 6.00 each, of an account that has exactly 60.00: ten go, and not a kopeck more is reserved.
#[tokio::test(flavor = "multi_thread")]
async fn the_money_of_an_account_is_granted_once() {
    let world = World::new(1).await;
    balance_to(&world, "a1", "60").await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (one, _) = served_with_people(&world, Arc::clone(&clock)).await;
    let (other, _) = served(&world, clock).await;
    let programs = Arc::new([one, other]);
    let asking: Vec<JoinHandle<String>> = (0..64)
        .map(|number| {
            let programs = Arc::clone(&programs);
            tokio::spawn(async move { said(&authorize(&programs[number % 2], &format!("c{number}"), json!({})).await) })
        })
        .collect();
    let mut answers = Vec::new();
    for one in asking {
        answers.push(one.await.unwrap());
    }
    let granted = answers.iter().filter(|answer| *answer == "600").count();
    let refused = answers.iter().filter(|answer| *answer == "INSUFFICIENT_FUNDS").count();
    assert_eq!((granted, refused), (10, 54), "{answers:?}");
    assert_eq!(reserved(&programs[0], "a1").await, (Decimal::from(60), 10));
    let card = programs[0].get("/v1/accounts/a1/summary", "support").await;
    if card.status == 200 {
        assert_eq!(card.body["available"], json!("0"), "{}", card.text);
    }
    until("all refusals are noted", async || {
        let list = programs[0].get("/v1/refused-calls?code=INSUFFICIENT_FUNDS", "support").await;
        list.body["total"] == json!(54)
    })
    .await;
    world.drop().await;
}

/// What is asked | the answer, the first check that refuses; every refusal is noted with its lock and its words.
#[tokio::test(flavor = "multi_thread")]
async fn every_refusal_has_its_code() {
    let world = World::new(1).await;
    let shared =
        "INSERT INTO account_trunk (trunk, account_id) SELECT 'shared', id FROM account WHERE code IN ('a1', 'a2');
                  UPDATE account SET concurrency_limit = 1 WHERE code = 'a4';
                  INSERT INTO account_block (account_id, cause, scope, reason, begun_at, begun_by)
                  SELECT id, 'manual', 'outgoing_paid', 'test', now(), 'test' FROM account WHERE code = 'a2'";
    world.store.run_past_the_rooms(shared).await.unwrap();
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    let of = |number: u8| format!("7495000000{number}");
    for (number, (change, expected)) in [
        (json!({"dst": "112"}), "EMERGENCY"),
        // Whoever calls, from wherever: nobody pays (A1).
        (json!({"dst": "112", "src": ""}), "EMERGENCY"),
        (json!({"dst": "7495-abc"}), "BAD_NUMBER"),
        (json!({"src": "74951111111"}), "UNKNOWN_SUBSCRIBER"),
        (json!({"account": "no-such"}), "UNKNOWN_SUBSCRIBER"),
        (json!({"trunk": "shared", "src": "74951111111"}), "AMBIGUOUS_SUBSCRIBER"),
        (json!({"service": "incoming", "src": "74951111111", "dst": "74950000009"}), "DID_NOT_IN_WORK"),
        (json!({"account": "a1", "src": of(2)}), "ORIGIN_NOT_ALLOWED"),
        (json!({"dst": "381611234567"}), "LOCKED_LOCAL"),
        (json!({"dst": "381621234567"}), "LOCKED_GLOBAL"),
        (json!({"dst": "442079460000"}), "NO_RETAIL_PRICE"),
        // Serbia has a retail price, and no provider sells it.
        (json!({"dst": "381114112060"}), "NO_WHOLESALE_PRICE"),
        (json!({"src": of(2)}), "ACCOUNT_BLOCKED"),
        // What comes in is not stopped by a block of paid calls (A16).
        (json!({"service": "incoming", "src": "74951111111", "dst": of(2)}), "600"),
        (json!({"src": of(4)}), "600"),
        (json!({"src": of(4)}), "CONCURRENCY_LIMIT"),
        (json!({"src": of(3)}), "INSUFFICIENT_FUNDS"),
        (json!({"src": of(1), "providers": ["mts-1"]}), "600"),
    ]
    .into_iter()
    .enumerate()
    {
        let answer = authorize(&api, &format!("c{number}"), change.clone()).await;
        assert_eq!(said(&answer), expected, "{change}: {}", answer.text);
        let is_allowed = ["EMERGENCY", "600"].contains(&expected);
        assert_eq!(answer.body["allowed"], json!(is_allowed), "{change}");
        assert_eq!(answer.body["text"].is_null(), is_allowed, "{change}");
        assert_eq!(answer.body["lock"].is_null(), !expected.starts_with("LOCKED"), "{change}: {}", answer.text);
    }
    let routed = authorize(&api, "routed", json!({"providers": ["mts-1", "nobody"]})).await;
    assert_eq!(
        routed.body["providers"],
        json!([{"provider": "mts", "route": "mts-1", "wholesale": "0.2", "currency": "RUB"}]),
        "{}",
        routed.text
    );
    // 600 s at 0.60 a minute; asked again half a minute before the end.
    let shown = ["price", "hold", "currency", "reauthorize_at"].map(|name| routed.body[name].clone());
    assert_eq!(shown, [json!("6"), json!("6"), json!("RUB"), json!(570)]);
    let missing = authorize(&api, "missing", json!({"dst": "442079460000"})).await;
    assert_eq!([&missing.body["missing"], &missing.body["department"]], [&json!("retail"), &json!("marketing")]);
    until("refusals are noted", async || api.get("/v1/refused-calls", "support").await.body["total"] == json!(14))
        .await;
    let list = api.get("/v1/refused-calls?code=LOCKED_LOCAL", "support").await;
    let row = &list.body["items"][0];
    assert!(row["lock"].is_number() && row["words_en"].as_str().unwrap().contains("38161"), "{row}");
    assert_eq!((&row["account"], &row["dst"]), (&json!("a1"), &json!("381611234567")));
    assert!(row["checks"].as_str().unwrap().contains("LOCKED_LOCAL"), "{row}");
    world.drop().await;
}

/// What a switch writes wrong is a problem that names the field; nothing is reserved.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_a_problem() {
    let world = World::new(1).await;
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    for (what, body, status, pointer) in [
        ("authorize", call("c", json!({"source": "no-such"})), 422, "/source"),
        ("authorize", call("c", json!({"service": "message"})), 422, "/service"),
        ("authorize", call("c", json!({"service": "fax"})), 422, "/service"),
        ("authorize", call("", json!({})), 422, "/call_id"),
        ("authorize", call("c", json!({"max_seconds": 0})), 422, "/max_seconds"),
        ("authorize", call("c", json!({"colour": "red"})), 422, "/colour"),
        ("extend", json!({"source": "sbc", "call_id": "no-such"}), 404, ""),
        (
            "extend",
            json!({"source": "sbc", "call_id": "c", "answered_at": "2020-01-01T00:00:00Z"}),
            422,
            "/answered_at",
        ),
        ("release", json!({"source": "sbc", "call_id": "c"}), 422, "/seconds"),
    ] {
        let answer = ask(&api, what, body.clone()).await;
        let blamed = answer.body["errors"][0]["pointer"].as_str().unwrap_or_default();
        assert_eq!((answer.status, blamed), (status, pointer), "{what} {body}: {}", answer.text);
    }
    let unknown = ask(&api, "release", json!({"source": "sbc", "call_id": "no-such", "seconds": 5})).await;
    assert_eq!((unknown.status, &unknown.body["known"]), (200, &json!(false)));
    assert_eq!(reserved(&api, "a1").await, (Decimal::ZERO, 0));
    world.drop().await;
}

/// A call that is asked for again is answered as before; it reserves once.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_is_let_go_once() {
    let world = World::new(1).await;
    balance_to(&world, "a1", "6").await;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let (one, _) = served_with_people(&world, Arc::clone(&clock)).await;
    let (other, _) = served(&world, clock).await;
    let first = authorize(&one, "c", json!({})).await;
    let again = authorize(&other, "c", json!({})).await;
    assert_eq!((said(&first), said(&again)), ("600".to_owned(), "600".to_owned()));
    assert_eq!([&first.body["is_repeat"], &again.body["is_repeat"]], [&json!(false), &json!(true)]);
    assert_eq!(first.body["hold"], again.body["hold"]);
    let (left, right) = tokio::join!(authorize(&one, "c", json!({})), authorize(&one, "c", json!({})));
    assert_eq!((said(&left), said(&right)), ("600".to_owned(), "600".to_owned()));
    assert_eq!(reserved(&one, "a1").await, (Decimal::from(6), 1));
    // The same name for a call of another account is a mistake of the switch.
    let other_account = authorize(&one, "c", json!({"src": "74950000004"})).await;
    assert_eq!((other_account.status, &other_account.body["code"]), (409, &json!("already_exists")));
    world.drop().await;
}

/// 60 s hold 0.60; 120 s hold 1.20 in its place; 75 s talked hold 0.75; the record of 75 s charges 0.75 and ends the hold.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_ends_and_is_charged() {
    let world = World::new(1).await;
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    let held = async || reserved(&api, "a1").await.0.normalize().to_string();
    let named = |change: Value| {
        let mut body = json!({"source": "sbc", "call_id": "call-c"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    assert_eq!(said(&authorize(&api, "call-c", json!({"max_seconds": 60})).await), "60");
    assert_eq!(held().await, "0.6");
    let longer = ask(&api, "extend", named(json!({"max_seconds": 120, "answered_at": Utc::now()}))).await;
    assert_eq!((said(&longer), &longer.body["hold"]), ("120".to_owned(), &json!("1.2")), "{}", longer.text);
    let again = ask(&api, "extend", named(json!({"max_seconds": 120}))).await;
    assert_eq!((said(&again), &again.body["is_repeat"]), ("120".to_owned(), &json!(true)));
    assert_eq!(held().await, "1.2");
    let released = ask(&api, "release", named(json!({"seconds": 75}))).await;
    assert_eq!((&released.body["known"], &released.body["hold"]), (&json!(true), &json!("0.75")), "{}", released.text);
    assert_eq!(ask(&api, "release", named(json!({"seconds": 90}))).await.body["hold"], json!("0.75"), "once");
    assert_eq!(held().await, "0.75");
    let over = ask(&api, "extend", named(json!({"max_seconds": 600}))).await;
    assert_eq!(over.status, 404, "{}", over.text);

    // Another call, of the same moment, whose switch has tried a route that nobody answered: it may go on by the next one.
    assert_eq!(said(&authorize(&api, "call-d", json!({"max_seconds": 60})).await), "60");
    let unanswered = json!({"answer_at": null, "billable_ms": null, "disposition": "no_answer"});
    world.send(0, &record("d", unanswered.clone()));
    // And one that nobody answers at all.
    assert_eq!(said(&authorize(&api, "call-e", json!({"max_seconds": 60})).await), "60");
    let nobody = ask(&api, "release", json!({"source": "sbc", "call_id": "call-e", "seconds": 0})).await;
    assert_eq!((&nobody.body["known"], &nobody.body["hold"]), (&json!(true), &json!("0")), "{}", nobody.text);
    world.send(0, &record("e", unanswered));
    world.send(
        0,
        &record(
            "c",
            json!({"billable_ms": 75_000, "answer_at": (Utc::now() - TimeDelta::seconds(135)).to_rfc3339(),
        "setup_at": (Utc::now() - TimeDelta::seconds(140)).to_rfc3339()}),
        ),
    );
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "99.25");
    assert_eq!(reserved(&api, "a1").await, ("0.6".parse().unwrap(), 1), "the call that goes on");
    world.send(0, &record("d2", json!({"call_id": "call-d"})));
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "98.65");
    assert_eq!(reserved(&api, "a1").await, (Decimal::ZERO, 0));
    world.assert_books_agree().await;
    world.drop().await;
}

/// What was charged is not there to be reserved: ten calls of 6.00 of 60.00, five of them charged, five over unanswered: five more go.
#[tokio::test(flavor = "multi_thread")]
async fn charges_take_the_place_of_holds() {
    let world = World::new(1).await;
    balance_to(&world, "a1", "60").await;
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    for number in 0..10 {
        assert_eq!(said(&authorize(&api, &format!("call-c{number}"), json!({})).await), "600");
    }
    for number in 0..5 {
        let answered = (Utc::now() - TimeDelta::seconds(660)).to_rfc3339();
        let talked = json!({"billable_ms": 600_000, "setup_at": answered, "answer_at": answered});
        world.send(0, &record(&format!("c{number}"), talked));
    }
    world.ingest().await.unwrap();
    // 60 - 5 x 6
    assert_eq!(world.balance("a1").await, "30");
    assert_eq!(said(&authorize(&api, "full", json!({})).await), "INSUFFICIENT_FUNDS");
    for number in 5..10 {
        let over = json!({"source": "sbc", "call_id": format!("call-c{number}"), "seconds": 0});
        assert_eq!(ask(&api, "release", over).await.status, 200);
    }
    for number in 0..5 {
        assert_eq!(said(&authorize(&api, &format!("again-{number}"), json!({})).await), "600");
    }
    assert_eq!(said(&authorize(&api, "more", json!({})).await), "INSUFFICIENT_FUNDS");
    assert_eq!(reserved(&api, "a1").await, (Decimal::from(30), 5));
    world.drop().await;
}

/// M55, A1, A16: a block counts for the next request, and for the next extension; emergency calls pass; what is paid lets go again.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_counts_at_once() {
    let world = World::new(1).await;
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    assert_eq!(said(&authorize(&api, "c", json!({})).await), "600");
    let block = json!({"cause": "fraud", "reason": "test"});
    let blocked = api.ask("POST", "/v1/accounts/a1/blocks", "head", &[], Some(block)).await;
    assert_eq!(blocked.status, 201, "{}", blocked.text);
    let refused = authorize(&api, "d", json!({})).await;
    assert_eq!(said(&refused), "ACCOUNT_BLOCKED");
    assert!(refused.body["text"].as_str().unwrap().contains("fraud"), "{}", refused.text);
    let longer = ask(&api, "extend", json!({"source": "sbc", "call_id": "c", "max_seconds": 900})).await;
    assert_eq!((said(&longer), &longer.body["seconds"]), ("ACCOUNT_BLOCKED".to_owned(), &Value::Null), "it ends now");
    assert_eq!(said(&authorize(&api, "e", json!({"dst": "112"})).await), "EMERGENCY");
    let lift = format!("/v1/account-blocks/{}", blocked.body["id"]);
    assert_eq!(api.ask("DELETE", &lift, "head", &[], Some(json!({"reason": "test"}))).await.status, 200);
    assert_eq!(said(&authorize(&api, "d", json!({})).await), "600");
    world.drop().await;
}

/// What money does not reach for is said: a call may be talked to the second that it has.
#[tokio::test(flavor = "multi_thread")]
async fn money_that_ends_ends_the_call() {
    let world = World::new(1).await;
    // 100 s at 0.01.
    balance_to(&world, "a1", "1").await;
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    assert_eq!(said(&authorize(&api, "c", json!({"max_seconds": 60})).await), "60");
    let extend =
        async |most: u64| ask(&api, "extend", json!({"source": "sbc", "call_id": "c", "max_seconds": most})).await;
    assert_eq!(said(&extend(600).await), "100");
    let last = extend(600).await;
    assert_eq!((said(&last), &last.body["seconds"]), ("INSUFFICIENT_FUNDS".to_owned(), &json!(100)));
    assert_eq!(said(&authorize(&api, "d", json!({})).await), "INSUFFICIENT_FUNDS");
    balance_to(&world, "a1", "7").await;
    assert_eq!(said(&extend(600).await), "600");
    assert_eq!(said(&authorize(&api, "d", json!({})).await), "100");
    world.drop().await;
}

/// The bundle of `a4` has 6000 s: what an open call may use of it, the next one does not find.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_reserved_too() {
    let world = World::new(1).await;
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    let of = |seconds: u64| json!({"src": "74950000004", "max_seconds": seconds});
    let first = authorize(&api, "c", of(5_400)).await;
    assert_eq!((said(&first), &first.body["hold"]), ("5400".to_owned(), &json!("0")), "{}", first.text);
    // 600 s are left of it: 1200 s cost 600 x 0.01.
    let second = authorize(&api, "d", of(1_200)).await;
    assert_eq!((said(&second), &second.body["hold"]), ("1200".to_owned(), &json!("6")), "{}", second.text);
    let over = json!({"source": "sbc", "call_id": "c", "seconds": 0});
    assert_eq!(ask(&api, "release", over).await.status, 200);
    let third = authorize(&api, "e", of(1_200)).await;
    assert_eq!((said(&third), &third.body["hold"]), ("1200".to_owned(), &json!("0")), "{}", third.text);
    world.drop().await;
}

/// Payment by fact is not asked for money (A13); a temporary limit is.
#[tokio::test(flavor = "multi_thread")]
async fn floors_and_limits() {
    let world = World::new(1).await;
    let terms = "UPDATE account SET payment_mode = 'prepaid', credit_policy = 'days', credit_limit = 3 WHERE code = 'a3';
                 INSERT INTO account_limit (account_id, amount, valid_from, valid_to, author, reason, created_at)
                 SELECT id, 3, now() - interval '1 hour', now() + interval '1 hour', 'test', 'test', now() FROM account WHERE code = 'a3';
                 UPDATE account SET payment_mode = 'postpaid', credit_policy = 'none', credit_limit = 0 WHERE code = 'a2'";
    world.store.run_past_the_rooms(terms).await.unwrap();
    let (api, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    // Balance 0, floor -3 - 3: 600 s.
    assert_eq!(said(&authorize(&api, "c", json!({"src": "74950000003", "max_seconds": 7_200})).await), "600");
    assert_eq!(said(&authorize(&api, "d", json!({"src": "74950000002", "max_seconds": 7_200})).await), "7200");
    world.drop().await;
}

/// A record that never comes: the money is free by itself after 24 h, and the job reports it.
#[tokio::test(flavor = "multi_thread")]
async fn overdue_holds_end_and_are_reported() {
    let world = World::new(1).await;
    balance_to(&world, "a1", "6").await;
    let clock = SetClock::at(SystemClock.now());
    let (api, state) = served_with_people(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    assert_eq!(said(&authorize(&api, "c", json!({})).await), "600");
    let over = json!({"source": "sbc", "call_id": "c", "seconds": 600});
    assert_eq!(ask(&api, "release", over).await.body["hold"], json!("6"));
    clock.pass(TimeDelta::hours(23));
    assert_eq!(said(&authorize(&api, "d", json!({})).await), "INSUFFICIENT_FUNDS");
    clock.pass(TimeDelta::hours(2));
    assert_eq!(said(&authorize(&api, "d", json!({})).await), "600");
    let ran = run_job(&state, "holds_expire", clock.now().date_naive()).await.unwrap();
    let ran = match ran {
        Ran::Now(ran) => ran,
        other => panic!("{other:?}"),
    };
    assert_eq!(ran.counts.unwrap()["overdue"], json!(1));
    let list = api.get("/v1/reports/overdue-holds?account=a1", "support").await;
    let row = &list.body["items"][0];
    assert_eq!(
        (&row["hold"], &row["used"], &row["state"]),
        (&json!("6"), &json!(600), &json!("released")),
        "{}",
        list.text
    );
    assert_eq!(reserved(&api, "a1").await.1, 1);
    world.drop().await;
}

/// A request that nobody waits for any more, at whatever point of its way, leaves nothing behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_given_up_leaves_nothing() {
    let world = World::new(1).await;
    let (api, state) = served_with_people(&world, Arc::new(SystemClock)).await;
    let mut answered = 0;
    for number in 0..60u64 {
        let request = CallRequest {
            source: "sbc".into(),
            call_id: format!("c{number}"),
            leg: 0,
            account: None,
            trunk: None,
            src: "74950000001".into(),
            dst: "74951234567".into(),
            service: Service::Outgoing,
            incoming_service: None,
            place: None,
            providers: Vec::new(),
            forwarded_from: None,
            max_seconds: Some(60),
        };
        let authorizer = state.authorizer().clone();
        let asking = tokio::spawn(async move { authorizer.authorize(&request).await });
        tokio::time::sleep(Duration::from_micros(number * 200)).await;
        asking.abort();
        answered += usize::from(asking.await.is_ok_and(|answer| answer.is_ok()));
    }
    until("what nobody heard of is taken back", async || reserved(&api, "a1").await.1 == answered).await;
    world.drop().await;
}

/// Told which calls to end.
#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Disconnect for Told {
    fn disconnect<'a>(&'a self, call: &'a CallKey) -> Pin<Box<dyn Future<Output = bool> + Send + 'a>> {
        self.0.lock().unwrap().push(call.call_id.clone());
        Box::pin(std::future::ready(true))
    }
}

/// Staff end a call: its switch is told where there is a way, and else hears with its next extension.
#[tokio::test(flavor = "multi_thread")]
async fn staff_end_a_call() {
    let world = World::new(1).await;
    let (api, state) = served_with_people(&world, Arc::new(SystemClock)).await;
    let told = Arc::new(Told::default());
    state.authorizer().disconnect_by(Arc::clone(&told) as Arc<dyn Disconnect>);
    assert_eq!(said(&authorize(&api, "c", json!({})).await), "600");
    let list = api.get("/v1/open-calls?account=a1", "support").await;
    let row = &list.body["items"][0];
    assert_eq!((&row["call_id"], &row["dst"], &row["hold"]), (&json!("c"), &json!("74951234567"), &json!("6")));
    assert!(row["checks"].as_str().unwrap().contains("INSUFFICIENT_FUNDS"), "all checks are kept: {row}");
    let path = format!("/v1/open-calls/{}/end", row["id"]);
    let end = async |role: &str| api.ask("POST", &path, role, &[], Some(json!({"reason": "мошенничество"}))).await;
    assert_eq!(end("support").await.status, 403);
    assert_eq!(end("head").await.status, 200);
    assert_eq!(end("head").await.status, 409);
    assert_eq!(*told.0.lock().unwrap(), ["c"]);
    let longer = ask(&api, "extend", json!({"source": "sbc", "call_id": "c", "max_seconds": 900})).await;
    assert_eq!((said(&longer), &longer.body["seconds"]), ("ENDED_BY_STAFF".to_owned(), &Value::Null));
    assert_eq!(said(&authorize(&api, "c", json!({})).await), "ENDED_BY_STAFF");
    let audit = api.get(&format!("/v1/audit/call/{}", row["id"]), "head").await;
    assert_eq!(audit.body["items"][0]["action"], json!("call.end"), "{}", audit.text);
    world.drop().await;
}

/// A way to Postgres that can be cut.
struct Way {
    port: u16,
    upstream: String,
    carrying: JoinHandle<()>,
}

impl Way {
    async fn open(port: u16, upstream: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let target = upstream.to_owned();
        let carrying = tokio::spawn(async move {
            // Dropped with this task, and every connection with it.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((mut near, _)) = listener.accept().await {
                let target = target.clone();
                connections.spawn(async move {
                    if let Ok(mut far) = TcpStream::connect(&target).await {
                        let _ = tokio::io::copy_bidirectional(&mut near, &mut far).await;
                    }
                });
            }
        });
        Self { port, upstream: upstream.to_owned(), carrying }
    }

    async fn cut(self) -> (u16, String) {
        self.carrying.abort();
        let _ = self.carrying.await;
        (self.port, self.upstream)
    }
}

/// Host and port of an address of Postgres.
fn host_of(url: &str) -> &str {
    let (_, rest) = url.split_once("://").unwrap();
    let (authority, _) = rest.split_once('/').unwrap();
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}

/// Postgres goes away: members of a group that may call without it do, for 300 s at a time; others are told to wait; emergency calls pass. When it is back, what
/// went without it is written down, with its money.
#[tokio::test(flavor = "multi_thread")]
async fn calls_go_as_their_groups_say_while_the_books_are_away() {
    let world = World::new(1).await;
    let groups = "WITH g AS (INSERT INTO client_group (code, outage_calls) VALUES ('trusted', 'allow') RETURNING id)
                  INSERT INTO client_group_member (group_id, client_id) SELECT g.id, c.id FROM g, client c WHERE c.code = 'c1'";
    world.store.run_past_the_rooms(groups).await.unwrap();
    let (people, _) = served_with_people(&world, Arc::new(SystemClock)).await;
    let host = host_of(&world.postgres).to_owned();
    let way = Way::open(0, &host).await;
    let url = world.postgres.replacen(&host, &format!("127.0.0.1:{}", way.port), 1);
    let store = Store::open(&url, 8).unwrap();
    let calls = CallsReader::open(&world.clickhouse_url, &world.name);
    let state = AppState::new(store, Arc::new(SystemClock), calls).limited(RateLimits::NONE);
    let api = Api::serve_state(state).await;
    // The token is known from now on, and the groups are read with the first turn of the upkeep.
    assert_eq!(said(&authorize(&api, "before", json!({"max_seconds": 60})).await), "60");
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(said(&authorize(&api, "before-too", json!({"max_seconds": 60})).await), "60");
    let (port, host) = way.cut().await;

    let away = authorize(&api, "away", json!({})).await;
    assert_eq!(said(&away), "300", "{}", away.text);
    assert_eq!([&away.body["hold"], &away.body["price"]], [&Value::Null, &Value::Null], "nothing is reserved");
    let again = authorize(&api, "away", json!({})).await;
    assert_eq!((said(&again), &again.body["is_repeat"]), ("300".to_owned(), &json!(true)));
    let longer = ask(&api, "extend", json!({"source": "sbc", "call_id": "before", "max_seconds": 900})).await;
    assert_eq!(said(&longer), "360", "{}", longer.text);
    let denied = authorize(&api, "denied", json!({"src": "74950000004"})).await;
    assert_eq!((denied.status, &denied.body["code"]), (503, &json!("unavailable")), "{}", denied.text);
    assert_eq!(said(&authorize(&api, "help", json!({"src": "74950000004", "dst": "112"})).await), "EMERGENCY");

    let _way = Way::open(port, &host).await;
    until("the call is written down", async || {
        let list = people.get("/v1/open-calls?account=a1&unheld=true", "support").await;
        list.body["items"].as_array().is_some_and(|rows| rows.len() == 1 && rows[0]["hold"] == json!("3"))
    })
    .await;
    until("calls go by the books again", async || {
        let answer = authorize(&api, "after", json!({"src": "74950000004", "max_seconds": 60})).await;
        answer.status == 200 && answer.body["hold"] == json!("0")
    })
    .await;
    world.drop().await;
}
