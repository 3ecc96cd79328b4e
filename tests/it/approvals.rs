//! Approvals: asked for by one, decided by others, executed once or not at all.

use std::sync::Arc;

use billing::{Clock, SystemClock, approvals};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

const LIMIT: &str = "/v1/accounts/a2/credit-limit";
const IMPORTS: &str = "/v1/price-lists/retail/imports";

fn now() -> DateTime<Utc> {
    "2026-07-01T10:00:00Z".parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

async fn set(api: &Api, key: &str, value: &str) {
    let body = Some(json!({"value": value, "reason": "test"}));
    let done = api.ask("PUT", &format!("/v1/settings/{key}"), "admin", &[], body).await;
    assert_eq!(done.status, 200, "{}", done.body);
}

async fn set_limit(api: &Api, role: &str, limit: &str) -> Answer {
    api.ask("PUT", LIMIT, role, &[], Some(json!({"limit": limit, "reason": "test"}))).await
}

async fn limit(api: &Api) -> String {
    let account = api.get("/v1/accounts/a2", "support").await;
    account.body["credit_limit"].as_str().unwrap().to_owned()
}

/// A limit of `a2`, whose limit is 1000.
fn wanted(limit: &str) -> Value {
    json!({"kind": "account.credit_limit", "entity_id": "a2", "payload": {"limit": limit}, "reason": "письмо клиента"})
}

fn activation(import: i64, payload: Value) -> Value {
    json!({"kind": "price_import.activate", "entity_id": import.to_string(), "payload": payload, "reason": "новые цены"})
}

async fn ask_for(api: &Api, role: &str, body: Value) -> Answer {
    api.ask("POST", "/v1/approvals", role, &[("Accept-Language", "en")], Some(body)).await
}

/// The number of a request that is made.
async fn asked(api: &Api, role: &str, body: Value) -> i64 {
    let made = ask_for(api, role, body).await;
    assert_eq!((made.status, &made.body["state"]), (201, &json!("requested")), "{}", made.body);
    made.body["id"].as_i64().unwrap()
}

async fn act(api: &Api, role: &str, id: i64, step: &str, body: Value) -> Answer {
    api.ask("POST", &format!("/v1/approvals/{id}/{step}"), role, &[("Accept-Language", "en")], Some(body)).await
}

async fn approve(api: &Api, role: &str, id: i64) -> Answer {
    act(api, role, id, "approve", json!({"comment": "ok"})).await
}

async fn shown(api: &Api, role: &str, id: i64) -> Value {
    let found = api.ask("GET", &format!("/v1/approvals/{id}"), role, &[("Accept-Language", "en")], None).await;
    assert_eq!(found.status, 200, "{}", found.body);
    found.body
}

/// What is in the audit of a request, the oldest first: action and author of what was done.
async fn done_with(api: &Api, id: i64) -> Vec<(String, String)> {
    let audit = api.get(&format!("/v1/audit/approval/{id}"), "admin").await;
    let lines = audit.body["items"].as_array().unwrap().clone();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let done = lines.iter().rev().filter(|line| line["outcome"] == "done");
    done.map(|line| (text(&line["action"]), text(&line["login"]))).collect()
}

fn lines(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(action, login)| ((*action).to_owned(), (*login).to_owned())).collect()
}

/// Numbers of the requests that a list has.
async fn listed(api: &Api, role: &str, query: &str) -> Vec<i64> {
    let list = api.get(&format!("/v1/approvals?{query}"), role).await;
    assert_eq!(list.status, 200, "{}", list.body);
    list.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect()
}

/// The number of a draft of the head's, with this price.
async fn draft(api: &Api, price: &str, query: &str) -> i64 {
    let csv = [("Content-Type", "text/csv")];
    let sheet = format!("prefix,service,price\n7,outgoing,{price}\n");
    let made = api.send("POST", &format!("{IMPORTS}?{query}"), "head", &csv, sheet.as_bytes()).await;
    assert_eq!(made.status, 200, "{}", made.body);
    made.body["id"].as_i64().unwrap()
}

/// A25: a limit above the setting is asked for, approved by somebody else who may, and changed once; off, anybody with the right sets it.
#[tokio::test(flavor = "multi_thread")]
async fn a_credit_limit_above_what_one_person_gives() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    set(&api, "approval.credit_limit_above", "1200").await;
    for (role, limit, expected) in [
        ("accounting", "1200", (200, "")),
        ("accounting", "1200.01", (409, "approval_needed")),
        ("head", "1500", (409, "approval_needed")),
        ("accounting", "1000", (200, "")),
    ] {
        let answer = set_limit(&api, role, limit).await;
        assert_eq!(said(&answer), expected, "{role} {limit}: {}", answer.body);
        let told = answer.status == 200 || answer.body["detail"].as_str().unwrap().contains("POST /v1/approvals");
        assert!(told, "{}", answer.body);
    }
    for (role, body, expected, pointer) in [
        ("support", wanted("1500"), (403, "forbidden"), ""),
        ("sales", wanted("1500"), (403, "forbidden"), ""),
        ("accounting", wanted("-1"), (422, "validation"), "/payload/limit"),
        (
            "accounting",
            json!({"kind": "account.credit_limit", "entity_id": "a2", "reason": "x"}),
            (422, "validation"),
            "/payload/limit",
        ),
        (
            "accounting",
            json!({"kind": "account.credit_limit", "entity_id": "a2", "payload": {"limit": "1500", "tip": 1}, "reason": "x"}),
            (422, "validation"),
            "/payload/tip",
        ),
        (
            "accounting",
            json!({"kind": "account.credit_limit", "entity_id": "a2", "payload": ["1500"], "reason": "x"}),
            (422, "validation"),
            "/payload",
        ),
        (
            "accounting",
            json!({"kind": "account.credit_limit", "entity_id": "nobody", "payload": {"limit": "1500"}, "reason": "x"}),
            (422, "validation"),
            "/entity_id",
        ),
        (
            "accounting",
            json!({"kind": "account.credit_limit", "entity_id": "a1", "payload": {"limit": "1500"}, "reason": "x"}),
            (422, "credit_policy_conflict"),
            "",
        ),
        (
            "accounting",
            json!({"kind": "account.pay", "entity_id": "a2", "payload": {}, "reason": "x"}),
            (422, "validation"),
            "/kind",
        ),
        (
            "accounting",
            json!({"kind": "account.credit_limit", "entity_id": "a2", "payload": {"limit": "1500"}}),
            (422, "reason_required"),
            "/reason",
        ),
    ] {
        let refused = ask_for(&api, role, body).await;
        assert_eq!(said(&refused), expected, "{}", refused.body);
        assert!(pointer.is_empty() || refused.body["errors"][0]["pointer"] == pointer, "{}", refused.body);
    }
    let id = asked(&api, "accounting", wanted("1500.00")).await;
    assert_eq!(said(&ask_for(&api, "head", wanted("1600")).await), (409, "already_exists"), "one at a time");
    let card = shown(&api, "accounting", id).await;
    assert_eq!((&card["payload"], &card["requested_by"]), (&json!({"limit": "1500"}), &json!("accounting")), "{card}");
    assert_eq!((&card["may_approve"], &card["why_not"]["code"]), (&json!(false), &json!("self_approval")), "{card}");
    assert_eq!(card["steps"][0]["permission"], "account.credit_approve");
    assert_eq!(shown(&api, "support", id).await["why_not"]["code"], "forbidden");
    let card = shown(&api, "head", id).await;
    assert_eq!(
        (&card["may_approve"], &card["may_refuse"], &card["why_not"]),
        (&json!(true), &json!(true), &Value::Null)
    );
    assert_eq!(listed(&api, "head", "waiting_for_me=true").await, [id]);
    assert!(listed(&api, "accounting", "waiting_for_me=true").await.is_empty());
    assert!(listed(&api, "sales", "waiting_for_me=true").await.is_empty());
    assert_eq!(listed(&api, "sales", "state=requested&kind=account.credit_limit&requested_by=accounting").await, [id]);

    for (role, expected) in [("accounting", (403, "self_approval")), ("sales", (403, "forbidden"))] {
        for step in ["approve", "refuse"] {
            let refused = act(&api, role, id, step, json!({"comment": "x"})).await;
            assert_eq!(said(&refused), expected, "{role} {step}: {}", refused.body);
            let detail = refused.body["detail"].as_str().unwrap();
            assert!(role == "accounting" || detail.contains("account.credit_approve"), "{detail}");
        }
    }
    let old = [("If-Match", "\"9\"")];
    let path = format!("/v1/approvals/{id}/approve");
    assert_eq!(said(&api.ask("POST", &path, "head", &old, Some(json!({}))).await), (412, "stale"));
    // The same key again is the same approval.
    let key = [("Idempotency-Key", "once")];
    for _ in 0..2 {
        let done = api.ask("POST", &path, "head", &key, Some(json!({"comment": "ok"}))).await;
        assert_eq!((done.status, &done.body["state"]), (200, &json!("executed")), "{}", done.body);
    }
    assert_eq!(said(&approve(&api, "admin", id).await), (409, "invalid_transition"));
    assert_eq!(limit(&api).await, "1500");
    let history = api.get("/v1/accounts/a2/history", "support").await;
    let row = &history.body["items"][0];
    assert_eq!(
        (&row["before"], &row["after"], &row["user"], &row["reason"]),
        (&json!("1000"), &json!("1500"), &json!("head"), &json!(format!("письмо клиента [approval {id}]")))
    );
    let expected = [("approval.request", "accounting"), ("approval.approve", "head"), ("approval.execute", "head")];
    assert_eq!(done_with(&api, id).await, lines(&expected));
    // What is above already may be lowered by one person, and the rule may be switched off.
    assert_eq!(set_limit(&api, "accounting", "1400").await.status, 200);
    set(&api, "approval.credit_limit_above", "").await;
    assert_eq!(set_limit(&api, "accounting", "9000").await.status, 200);
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}

/// A25: somebody whom the requester let in may be himself under another name.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_by_somebody_whom_he_let_in() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let token = async |login: &str| {
        let wanted = json!({"name": "t", "days": 1, "reason": "test"});
        let made = api.ask("POST", &format!("/v1/staff/{login}/tokens"), "admin", &[], Some(wanted)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        format!("Bearer {}", made.body["token"].as_str().unwrap())
    };
    let user = json!({"login": "second", "name": "S", "roles": ["head"], "reason": "test"});
    assert_eq!(api.ask("POST", "/v1/staff", "admin", &[], Some(user)).await.status, 201);
    let (second, of_head) = (token("second").await, token("head").await);
    let id = asked(&api, "admin", wanted("1500")).await;
    let decide = async |bearer: &str, step: &str| {
        let headers = [("Authorization", bearer)];
        let path = format!("/v1/approvals/{id}/{step}");
        api.ask("POST", &path, "", &headers, Some(json!({"comment": "x"}))).await
    };
    for bearer in [&second, &of_head] {
        for step in ["approve", "refuse"] {
            let answer = decide(bearer, step).await;
            assert_eq!(said(&answer), (403, "self_approval"), "{}", answer.body);
        }
    }
    let waiting = api.ask("GET", "/v1/approvals?waiting_for_me=true", "", &[("Authorization", &second)], None).await;
    assert_eq!(waiting.body["items"], json!([]), "{}", waiting.body);
    assert_eq!(shown(&api, "head", id).await["may_approve"], true, "by a token that admin has not made");
    let reset = Some(json!({"reason": "test"}));
    assert_eq!(api.ask("POST", "/v1/staff/head/password-reset", "admin", &[], reset).await.status, 201);
    assert_eq!(said(&approve(&api, "head", id).await), (403, "self_approval"));
    // What somebody else asks for, they decide on.
    assert_eq!(act(&api, "admin", id, "withdraw", json!({"reason": "x"})).await.status, 200);
    let id = asked(&api, "accounting", wanted("1500")).await;
    let done = api
        .ask("POST", &format!("/v1/approvals/{id}/approve"), "", &[("Authorization", &second)], Some(json!({})))
        .await;
    assert_eq!(done.body["state"], "executed", "{}", done.body);
    world.drop().await;
}

/// Refused, withdrawn, stale: how a request ends without effect.
#[tokio::test(flavor = "multi_thread")]
async fn requests_end_without_effect() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let id = asked(&api, "accounting", wanted("1500")).await;
    let silent = act(&api, "head", id, "refuse", json!({})).await;
    assert_eq!((said(&silent), &silent.body["errors"][0]["pointer"]), ((422, "reason_required"), &json!("/comment")));
    let refused = act(&api, "head", id, "refuse", json!({"comment": "есть долг"})).await;
    assert_eq!((refused.status, &refused.body["state"]), (200, &json!("refused")), "{}", refused.body);
    assert_eq!(refused.body["decisions"][0]["comment"], "есть долг");
    for (role, step, body) in [
        ("admin", "approve", json!({})),
        ("admin", "refuse", json!({"comment": "x"})),
        ("accounting", "withdraw", json!({"reason": "x"})),
        ("accounting", "evidence", json!({"kind": "other", "text": "x", "date": "2026-07-01"})),
    ] {
        let answer = act(&api, role, id, step, body).await;
        assert_eq!(said(&answer), (409, "invalid_transition"), "{step}: {}", answer.body);
    }
    assert_eq!(done_with(&api, id).await, lines(&[("approval.request", "accounting"), ("approval.refuse", "head")]));

    // Somebody changes the account meanwhile.
    let id = asked(&api, "accounting", wanted("1500")).await;
    assert_eq!(set_limit(&api, "head", "900").await.status, 200);
    assert_eq!(shown(&api, "admin", id).await["why_not"]["code"], "stale_request");
    assert_eq!(said(&approve(&api, "admin", id).await), (409, "stale_request"));
    assert_eq!(said(&act(&api, "head", id, "withdraw", json!({"reason": "x"})).await), (403, "forbidden"));
    assert_eq!(said(&act(&api, "accounting", id, "withdraw", json!({})).await), (422, "reason_required"));
    let back = act(&api, "accounting", id, "withdraw", json!({"reason": "передумали"})).await;
    assert_eq!((back.status, &back.body["state"]), (200, &json!("withdrawn")), "{}", back.body);
    assert_eq!(said(&approve(&api, "admin", id).await), (409, "invalid_transition"));
    let expected = [("approval.request", "accounting"), ("approval.withdraw", "accounting")];
    assert_eq!(done_with(&api, id).await, lines(&expected));
    // What was tried in vain is in the audit too.
    let audit = api.get(&format!("/v1/audit/approval/{id}"), "admin").await;
    let tried = audit.body["items"].as_array().unwrap().iter().any(|line| line["reason"] == "stale_request");
    assert!(tried, "{}", audit.body);
    assert_eq!(limit(&api).await, "900");
    for (role, step, body) in
        [("head", "approve", json!({"comment": "x"})), ("accounting", "withdraw", json!({"reason": "x"}))]
    {
        let missing = act(&api, role, 999, step, body).await;
        assert_eq!(said(&missing), (404, "not_found"), "{}", missing.body);
    }
    world.drop().await;
}

/// Steps follow one another, each by different people; the last of them executes. The client's consent comes before the last.
#[tokio::test(flavor = "multi_thread")]
async fn steps_of_different_people_and_the_clients_consent() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let id = asked(&api, "accounting", wanted("1500")).await;
    // What no kind asks for yet: a second step, and consent to the number 6.
    let more = format!(
        "INSERT INTO approval_step (approval_id, no, permission) VALUES ({id}, 2, 'price.activate');
         UPDATE approval SET consent_needed = true, consent_number = 6 WHERE id = {id}"
    );
    world.store.run_past_the_rooms(&more).await.unwrap();
    let first = approve(&api, "head", id).await;
    assert_eq!((first.status, &first.body["state"]), (200, &json!("requested")), "{}", first.body);
    assert_eq!((&first.body["steps"][0]["approved"], &first.body["steps"][1]["waits"]), (&json!(1), &json!(true)));
    assert_eq!(limit(&api).await, "1000");
    assert_eq!(said(&approve(&api, "head", id).await), (409, "already_decided"), "of the second step he has the right");
    assert!(listed(&api, "head", "waiting_for_me=true").await.is_empty());
    assert_eq!(listed(&api, "admin", "waiting_for_me=true").await, [id]);
    for (evidence, expected) in [
        (None, (409, "client_consent_required")),
        (
            Some(json!({"kind": "other", "text": "x", "date": "2026-07-01", "number_shown": 6})),
            (409, "client_consent_required"),
        ),
        (Some(json!({"kind": "client_consent", "text": "да", "date": "2026-07-01"})), (409, "client_consent_required")),
        (
            Some(json!({"kind": "client_consent", "text": "да", "date": "2026-07-01", "number_shown": 5})),
            (409, "client_consent_required"),
        ),
        (
            Some(json!({"kind": "client_consent", "text": "согласны", "date": "2026-06-30", "number_shown": 6})),
            (200, ""),
        ),
    ] {
        if let Some(evidence) = evidence {
            let added = act(&api, "accounting", id, "evidence", evidence).await;
            assert_eq!(added.status, 201, "{}", added.body);
        }
        let card = shown(&api, "admin", id).await;
        let why_not = if expected.0 == 200 { Value::Null } else { json!("client_consent_required") };
        assert_eq!((&card["why_not"]["code"], &card["may_refuse"]), (&why_not, &json!(true)), "{card}");
        let answer = approve(&api, "admin", id).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
    }
    let card = shown(&api, "support", id).await;
    assert_eq!(card["state"], "executed");
    let people: Vec<&str> =
        card["decisions"].as_array().unwrap().iter().filter_map(|one| one["user"].as_str()).collect();
    assert_eq!(people, ["head", "admin"]);
    let piece = card["evidence"].as_array().unwrap().last().unwrap();
    assert_eq!((&piece["author"], &piece["number_shown"]), (&json!("accounting"), &json!(6)), "{piece}");
    assert_eq!(limit(&api).await, "1500");
    let evidence = ("approval.evidence", "accounting");
    let expected = [
        ("approval.request", "accounting"),
        ("approval.approve", "head"),
        evidence,
        evidence,
        evidence,
        evidence,
        ("approval.approve", "admin"),
        ("approval.execute", "admin"),
    ];
    assert_eq!(done_with(&api, id).await, lines(&expected));
    let audit = api.get(&format!("/v1/audit/approval/{id}"), "admin").await;
    assert!(!audit.text.contains("согласны"), "the client's words stand apart: {}", audit.text);

    // Two people of one step.
    let id = asked(&api, "accounting", wanted("2000")).await;
    world
        .store
        .run_past_the_rooms(&format!("UPDATE approval_step SET people = 2 WHERE approval_id = {id}"))
        .await
        .unwrap();
    assert_eq!(approve(&api, "head", id).await.body["state"], "requested");
    assert_eq!(said(&approve(&api, "head", id).await), (409, "already_decided"));
    assert_eq!(approve(&api, "admin", id).await.body["state"], "executed");

    let id = asked(&api, "accounting", wanted("2500")).await;
    for (evidence, pointer) in [
        (json!({"kind": "rumour", "text": "x", "date": "2026-07-01"}), "/kind"),
        (json!({"kind": "other", "text": " ", "date": "2026-07-01"}), "/text"),
        (json!({"kind": "other", "text": "x", "date": "2026-07-02"}), "/date"),
        (json!({"kind": "other", "text": "x", "date": "2026-07-01", "number_shown": -1}), "/number_shown"),
    ] {
        let refused = act(&api, "accounting", id, "evidence", evidence).await;
        assert_eq!((said(&refused), &refused.body["errors"][0]["pointer"]), ((422, "validation"), &json!(pointer)));
    }
    world.drop().await;
}

/// After its days a request is expired, whether or not the job has come by; the job writes it down once.
#[tokio::test(flavor = "multi_thread")]
async fn requests_expire() {
    let world = World::new(1).await;
    let clock = SetClock::at(now());
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let first = asked(&api, "accounting", wanted("1500")).await;
    let end = now() + TimeDelta::days(14);
    clock.set(end - TimeDelta::milliseconds(1));
    assert_eq!(shown(&api, "head", first).await["may_approve"], true);
    assert_eq!(approvals::expire(&world.store, clock.now()).await.unwrap(), 0);
    clock.set(end);
    let card = shown(&api, "head", first).await;
    assert_eq!((&card["state"], &card["why_not"]["code"]), (&json!("expired"), &json!("invalid_transition")), "{card}");
    assert!(listed(&api, "head", "waiting_for_me=true").await.is_empty());
    assert_eq!(listed(&api, "head", "state=expired").await, [first]);
    for (role, step, body) in [
        ("head", "approve", json!({})),
        ("head", "refuse", json!({"comment": "x"})),
        ("accounting", "withdraw", json!({"reason": "x"})),
    ] {
        assert_eq!(said(&act(&api, role, first, step, body).await), (409, "invalid_transition"), "{step}");
    }
    // Who asks again does not wait for the job.
    let second = asked(&api, "accounting", wanted("1500")).await;
    assert_eq!(approvals::expire(&world.store, clock.now()).await.unwrap(), 0, "the first is written down already");
    let expected = [("approval.request", "accounting"), ("approval.expire", "accounting")];
    assert_eq!(done_with(&api, first).await, lines(&expected));
    clock.set(end + TimeDelta::days(14));
    assert_eq!(approvals::expire(&world.store, clock.now()).await.unwrap(), 1);
    assert_eq!(approvals::expire(&world.store, clock.now()).await.unwrap(), 0);
    let expected = [("approval.request", "accounting"), ("approval.expire", "tollgate")];
    assert_eq!(done_with(&api, second).await, lines(&expected));
    let card = shown(&api, "head", second).await;
    assert_eq!((&card["state"], &card["closed_at"]), (&json!("expired"), &card["expires_at"]), "{card}");
    assert_eq!(limit(&api).await, "1000");
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}

/// Of two decisions at once one wins, and what was approved is executed once.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_decisions_at_once_one_wins() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let executed = async |id: i64| {
        let lines = done_with(&api, id).await;
        lines.iter().filter(|(action, _)| action == "approval.execute").count()
    };
    let sorted = |one: &Answer, two: &Answer| {
        let mut statuses = [one.status, two.status];
        statuses.sort_unstable();
        statuses
    };
    for round in 1..=5 {
        let id = asked(&api, "accounting", wanted(&(2000 + round).to_string())).await;
        let (one, two) = tokio::join!(approve(&api, "head", id), approve(&api, "admin", id));
        assert_eq!(sorted(&one, &two), [200, 409], "{} {}", one.body, two.body);
        assert_eq!(executed(id).await, 1);

        let id = asked(&api, "accounting", wanted(&(3000 + round).to_string())).await;
        let back = act(&api, "accounting", id, "withdraw", json!({"reason": "x"}));
        let (one, two) = tokio::join!(approve(&api, "head", id), back);
        assert_eq!(sorted(&one, &two), [200, 409], "{} {}", one.body, two.body);
        let is_approved = one.status == 200;
        assert_eq!(executed(id).await, usize::from(is_approved));
        let thousands = if is_approved { 3000 } else { 2000 };
        assert_eq!(limit(&api).await, (thousands + round).to_string());

        let id = asked(&api, "accounting", wanted(&(4000 + round).to_string())).await;
        let no = act(&api, "admin", id, "refuse", json!({"comment": "x"}));
        let (one, two) = tokio::join!(approve(&api, "head", id), no);
        assert_eq!(sorted(&one, &two), [200, 409], "{} {}", one.body, two.body);
        assert_eq!(executed(id).await, usize::from(one.status == 200));
    }
    world.drop().await;
}

/// A25: whoever imported prices does not put them in force himself where the setting says so: somebody else does it, or approves it.
#[tokio::test(flavor = "multi_thread")]
async fn prices_are_put_in_force_by_a_second_person() {
    let world = World::new(1).await;
    let api = Api::serve(&world, SystemClock.now()).await;
    let activate = async |id: i64, role: &str| {
        let body = Some(json!({"reason": "agreed"}));
        api.ask("POST", &format!("{IMPORTS}/{id}/activate"), role, &[("Accept-Language", "en")], body).await
    };
    let state = async |id: i64| api.get(&format!("{IMPORTS}/{id}"), "support").await.body["state"].clone();
    // Off: whoever imports may.
    let id = draft(&api, "0.71", "").await;
    assert_eq!(activate(id, "head").await.status, 200);
    set(&api, "approval.price_import", "second_person").await;
    let id = draft(&api, "0.72", "").await;
    let refused = activate(id, "head").await;
    assert_eq!(said(&refused), (409, "approval_needed"), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("POST /v1/approvals"), "{}", refused.body);
    assert_eq!(activate(id, "admin").await.status, 200, "a second person");

    let id = draft(&api, "0.73", "").await;
    assert_eq!(said(&ask_for(&api, "sales", activation(id, json!({}))).await), (403, "forbidden"));
    assert_eq!(said(&ask_for(&api, "head", activation(9_999, json!({}))).await), (422, "validation"));
    // Asked for by another: who imported is no second person either.
    let request = asked(&api, "admin", activation(id, json!({}))).await;
    for role in ["admin", "head"] {
        assert_eq!(said(&approve(&api, role, request).await), (403, "self_approval"), "{role}");
    }
    assert!(listed(&api, "head", "waiting_for_me=true").await.is_empty());
    assert_eq!(shown(&api, "head", request).await["steps"][0]["barred"], json!(["head"]));
    assert_eq!(act(&api, "admin", request, "withdraw", json!({"reason": "x"})).await.status, 200);
    let request = asked(&api, "head", activation(id, json!({}))).await;
    assert_eq!(said(&approve(&api, "head", request).await), (403, "self_approval"));
    assert_eq!(state(id).await, "draft");
    let done = approve(&api, "admin", request).await;
    assert_eq!((done.status, &done.body["state"]), (200, &json!("executed")), "{}", done.body);
    let import = api.get(&format!("{IMPORTS}/{id}"), "support").await;
    assert_eq!((&import.body["state"], &import.body["activated"]["by"]), (&json!("activated"), &json!("admin")));

    // Stale: the list, or the draft itself, is not what it was.
    let (one, two) = (draft(&api, "0.74", "").await, draft(&api, "0.75", "").await);
    let request = asked(&api, "head", activation(one, json!({}))).await;
    assert_eq!(activate(two, "admin").await.status, 200);
    assert_eq!(said(&approve(&api, "admin", request).await), (409, "stale_request"));
    let id = draft(&api, "0.76", "").await;
    let request = asked(&api, "head", activation(id, json!({}))).await;
    let gone = api.ask("POST", &format!("{IMPORTS}/{id}/discard"), "head", &[], Some(json!({"reason": "x"}))).await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    assert_eq!(said(&approve(&api, "admin", request).await), (409, "stale_request"));
    assert_eq!(said(&ask_for(&api, "head", activation(id, json!({}))).await), (409, "invalid_transition"));

    // What cannot be done is failed with the reason, and nothing of it is there.
    let id = draft(&api, "0.77", "date=2026-01-15&backdate=yes").await;
    let before = api.get("/v1/audit/price_list/retail", "admin").await.body["items"].as_array().unwrap().len();
    let request = asked(&api, "head", activation(id, json!({"backdate": false}))).await;
    let failed = approve(&api, "admin", request).await;
    assert_eq!((failed.status, &failed.body["state"]), (200, &json!("failed")), "{}", failed.body);
    assert!(failed.body["failure"].as_str().unwrap().contains("past"), "{}", failed.body);
    assert_eq!(state(id).await, "draft");
    let after = api.get("/v1/audit/price_list/retail", "admin").await.body["items"].as_array().unwrap().len();
    assert_eq!(after, before, "no audit line of what was not done");
    let expected = [("approval.request", "head"), ("approval.approve", "admin"), ("approval.fail", "admin")];
    assert_eq!(done_with(&api, request).await, lines(&expected));
    assert_eq!(said(&approve(&api, "admin", request).await), (409, "invalid_transition"));
    // Asked for anew with the word for it, it is done.
    let request = asked(&api, "head", activation(id, json!({"backdate": true}))).await;
    let done = approve(&api, "admin", request).await;
    assert_eq!(done.body["state"], "executed", "{}", done.body);
    assert_eq!(state(id).await, "activated");
    world.drop().await;
}
