//! Products of accounts and the numbers attached to them: reserved, in work, given up, replaced; the nights in which reservations lapse; business days.

use std::io::Write;
use std::sync::Arc;

use admin_api::{AppState, CallsReader, Ran, run_job};
use billing::Clock;
use chrono::{DateTime, Days, NaiveDate, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

/// Free numbers of these tests.
const NUMBERS: [&str; 6] = ["74951201031", "74951201032", "74951201033", "74951201034", "74951201035", "79161201031"];

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// An operator with free numbers that came on a day, and an API by a clock that a test sets.
struct Stage {
    world: World,
    hands: Arc<SetClock>,
    clock: Arc<dyn Clock>,
    api: Api,
    state: AppState,
}

impl Stage {
    /// It is `now`; the numbers came on `added`, and the days behind it up to `collected` were all collected, silent.
    async fn new(now: &str, added: &str, collected: &str) -> Self {
        let world = World::with_operator(1, |directory| {
            let path = directory.join("dids.csv");
            let mut file = std::fs::OpenOptions::new().append(true).open(path).unwrap();
            for number in NUMBERS {
                writeln!(file, "{number},free,,,").unwrap();
            }
        })
        .await;
        let hands = SetClock::at(at(now));
        let clock: Arc<dyn Clock> = hands.clone();
        let api = Api::serve_by(&world, clock.clone()).await;
        let state =
            AppState::new(world.store.clone(), clock.clone(), CallsReader::open(&world.clickhouse_url, &world.name));
        let opened = Self { world, hands, clock, api, state };
        opened
            .run(&format!(
                "UPDATE did SET added_at = '{added}T09:00:00Z' WHERE status = 'free';
                 INSERT INTO non_target_run (day, collected_at)
                 SELECT d::date, d FROM generate_series('{added}'::timestamptz, '{collected}'::timestamptz, '1 day') AS d ON CONFLICT DO NOTHING"
            ))
            .await;
        opened
    }

    async fn run(&self, statements: &str) {
        self.world.store.run_past_the_rooms(statements).await.unwrap();
    }

    async fn ask(&self, method: &str, path: &str, role: &str, body: Value) -> Answer {
        let mut body = body;
        if body.get("reason").is_none() {
            body["reason"] = json!("test");
        }
        self.api.ask(method, path, role, &[("Accept-Language", "en")], Some(body)).await
    }

    /// Connects the product to an account; its identifier.
    async fn product(&self, account: &str) -> i64 {
        let path = format!("/v1/accounts/{account}/products");
        let made = self.ask("POST", &path, "sales", json!({"product": "telephony"})).await;
        assert_eq!((made.status, &made.body["status"]), (201, &json!("new")), "{}", made.body);
        made.body["id"].as_i64().unwrap()
    }

    async fn attach(&self, product: i64, number: &str) -> Answer {
        let path = format!("/v1/products-of-accounts/{product}/subscribers");
        self.ask("POST", &path, "sales", json!({"number": number})).await
    }

    /// Attaches a number; the identifier of the subscriber.
    async fn attached(&self, product: i64, number: &str) -> i64 {
        let made = self.attach(product, number).await;
        assert_eq!((made.status, &made.body["status"]), (201, &json!("new")), "{}", made.body);
        assert_eq!(self.did(number).await["status"], "reserved");
        made.body["id"].as_i64().unwrap()
    }

    async fn step(&self, subscriber: i64, verb: &str, role: &str, body: Value) -> Answer {
        self.ask("POST", &format!("/v1/subscribers/{subscriber}/{verb}"), role, body).await
    }

    async fn activate(&self, subscriber: i64) {
        let done = self.step(subscriber, "activate", "client_service", json!({})).await;
        assert_eq!((done.status, &done.body["status"]), (200, &json!("in_work")), "{}", done.body);
    }

    async fn subscriber(&self, id: i64) -> Value {
        let found = self.api.get(&format!("/v1/subscribers/{id}"), "support").await;
        assert_eq!(found.status, 200, "{}", found.body);
        found.body
    }

    async fn did(&self, number: &str) -> Value {
        let found = self.api.get(&format!("/v1/dids/{number}"), "support").await;
        assert_eq!(found.status, 200, "{}", found.body);
        found.body
    }

    /// The night to a date: what it ended.
    async fn night_to(&self, date: &str) -> i64 {
        // 04:05 in Moscow.
        self.hands.set(at(&format!("{date}T01:05:00Z")));
        match run_job(&self.state, "reservation_release", day(date)).await.unwrap() {
            Ran::Now(run) if run.is_done() => run.counts.unwrap()["lapsed"].as_i64().unwrap(),
            other => panic!("{other:?}"),
        }
    }

    async fn set(&self, key: &str, value: &str) {
        let done = self.ask("PUT", &format!("/v1/settings/{key}"), "admin", json!({"value": value})).await;
        assert_eq!(done.status, 200, "{}", done.body);
    }

    async fn end(self) {
        assert!(billing::audit::verify(&self.world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
        self.world.drop().await;
    }
}

/// M18, A30: night by night. Created on Monday 7 September 2020: 8 9 10 11 | 14 15 16 17, so the night after Thursday the 17th.
#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_lapses_in_the_night_after_its_eighth_business_day() {
    let stage = Stage::new("2020-09-07T10:00:00Z", "2020-01-01", "2020-12-31").await;
    stage.run("UPDATE did SET archived_at = '2020-03-01T09:00:00Z' WHERE number = '74951201031'").await;
    let product = stage.product("a1").await;
    let (unpaid, paid) = (stage.attached(product, NUMBERS[0]).await, stage.attached(product, NUMBERS[1]).await);
    let card = stage.subscriber(unpaid).await;
    assert_eq!(
        (&card["reserved_from"], &card["reserved_through"]),
        (&json!("2020-09-07"), &json!("2020-09-17")),
        "{card}"
    );
    for date in (8..=16).map(|date| format!("2020-09-{date:02}")) {
        assert_eq!(stage.night_to(&date).await, 0, "{date}");
    }
    // The 7th business day.
    stage.hands.set(at("2020-09-16T10:00:00Z"));
    stage.activate(paid).await;
    assert_eq!(stage.night_to("2020-09-17").await, 0, "the night after Wednesday the 16th");
    assert_eq!(stage.subscriber(unpaid).await["status"], "new");
    assert_eq!(stage.night_to("2020-09-18").await, 1, "the night after Thursday the 17th");
    let (gone, kept) = (stage.subscriber(unpaid).await, stage.subscriber(paid).await);
    assert_eq!(
        (&gone["status"], &gone["closed_for"], &gone["closed_by"]),
        (&json!("closed"), &json!("lapsed"), &json!("system")),
        "{gone}"
    );
    assert_eq!(kept["status"], "in_work");
    let (free, works) = (stage.did(NUMBERS[0]).await, stage.did(NUMBERS[1]).await);
    assert_eq!((&free["status"], &free["account"]), (&json!("free"), &Value::Null), "{free}");
    assert_eq!(free["archived_at"], "2020-03-01T09:00:00Z", "its quarantine is as it was");
    assert_eq!((&works["status"], &works["account"]), (&json!("in_work"), &json!("a1")), "{works}");
    let again = run_job(&stage.state, "reservation_release", day("2020-09-18")).await.unwrap();
    assert_eq!(again, Ran::Before);
    assert_eq!(stage.night_to("2020-09-19").await, 0);
    // Somebody else buys it.
    let other = stage.product("a2").await;
    stage.attached(other, NUMBERS[0]).await;

    // A holiday inside: Thursday 29 October; 30 | 2 3 (4 is a holiday) 5 6 | 9 10 11. Nights that were missed are made up for.
    stage.hands.set(at("2020-10-29T10:00:00Z"));
    let third = stage.attached(product, NUMBERS[2]).await;
    assert_eq!(stage.subscriber(third).await["reserved_through"], "2020-11-11");
    assert_eq!(stage.night_to("2020-11-11").await, 1, "what was reserved again on 19 September, for 8 days");
    assert_eq!(stage.subscriber(third).await["status"], "new");
    assert_eq!(stage.night_to("2020-11-12").await, 1, "the night after Wednesday the 11th");
    assert_eq!(stage.subscriber(third).await["closed_for"], "lapsed");
    let list = stage.api.get("/v1/subscribers?status=closed&account=a1", "support").await;
    assert_eq!(list.body["items"].as_array().map(Vec::len), Some(2), "{}", list.body);
    stage.end().await;
}

/// A30: the term begins with the payment invoice, or with the refusal, where the setting says so.
#[tokio::test(flavor = "multi_thread")]
async fn terms_begin_with_what_the_setting_names() {
    let stage = Stage::new("2020-09-01T10:00:00Z", "2020-01-01", "2020-08-31").await;
    let product = stage.product("a1").await;
    stage.set("did.reservation_from", "payment_due").await;
    let invoiced = stage.attached(product, NUMBERS[0]).await;
    stage.set("did.reservation_from", "refused").await;
    let refused = stage.attached(product, NUMBERS[1]).await;
    for id in [invoiced, refused] {
        assert_eq!(stage.subscriber(id).await["reserved_through"], Value::Null);
    }
    assert_eq!(stage.night_to("2020-09-15").await, 0, "neither term has begun");

    stage.hands.set(at("2020-09-15T10:00:00Z"));
    let begun = stage.step(refused, "refused", "sales", json!({})).await;
    // Tuesday; 16 17 18 | 21 22 23 24 25.
    assert_eq!((begun.status, &begun.body["reserved_through"]), (200, &json!("2020-09-25")), "{}", begun.body);
    let twice = stage.step(refused, "refused", "sales", json!({})).await;
    assert_eq!(said(&twice), (409, "invalid_transition"), "{}", twice.body);

    stage.set("did.reservation_from", "payment_due").await;
    stage
        .run(
            "INSERT INTO document (account_id, kind, number, month, issued_on, issued_at, amount, payable, author, created_at)
             SELECT id, 'payment_invoice', n, '2020-09-01', d::date, d, 100, true, 'test', now()
             FROM account, (VALUES ('before', '2020-08-31T10:00:00Z'::timestamptz), ('first', '2020-09-16T10:00:00Z')) AS v (n, d) WHERE code = 'a1'",
        )
        .await;
    assert_eq!(stage.night_to("2020-09-17").await, 0);
    let card = stage.subscriber(invoiced).await;
    // Due at once, on Wednesday the 16th; 17 18 | 21 22 23 24 25 | 28.
    assert_eq!(
        (&card["reserved_from"], &card["reserved_through"]),
        (&json!("2020-09-16"), &json!("2020-09-28")),
        "{card}"
    );
    assert_eq!(stage.night_to("2020-09-26").await, 1, "the refused one");
    assert_eq!((stage.night_to("2020-09-28").await, stage.night_to("2020-09-29").await), (0, 1));
    stage.end().await;
}

/// M12, M19: a number in work goes to quarantine when its subscriber is closed; past it with the right and a reason alone.
#[tokio::test(flavor = "multi_thread")]
async fn closing_a_subscriber_in_work() {
    let stage = Stage::new("2026-07-01T10:00:00Z", "2026-01-01", "2026-06-30").await;
    let product = stage.product("a1").await;
    let one = stage.attached(product, NUMBERS[0]).await;
    let early = stage.step(one, "close", "client_service", json!({})).await;
    assert_eq!(said(&early), (409, "invalid_transition"), "a reservation is cancelled: {}", early.body);
    assert_eq!(said(&stage.step(one, "activate", "sales", json!({})).await), (403, "forbidden"));
    stage.activate(one).await;
    let card = stage.api.get(&format!("/v1/products-of-accounts/{product}"), "support").await;
    assert_eq!((&card.body["status"], &card.body["numbers"]), (&json!("in_work"), &json!(1)), "{}", card.body);
    assert_eq!(said(&stage.step(one, "cancel", "sales", json!({})).await), (409, "invalid_transition"));
    assert_eq!(said(&stage.step(one, "activate", "client_service", json!({})).await), (409, "invalid_transition"));

    let skip = json!({"skip_quarantine": true});
    let refused = stage.step(one, "close", "client_service", skip.clone()).await;
    assert_eq!(said(&refused), (403, "forbidden"), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("did.skip_quarantine"), "{}", refused.body);
    assert_eq!(stage.did(NUMBERS[0]).await["status"], "in_work", "nothing of it was done");
    let silent = json!({"skip_quarantine": true, "reason": ""});
    assert_eq!(said(&stage.step(one, "close", "admin", silent).await), (422, "reason_required"));

    let closed = stage.step(one, "close", "client_service", json!({"reason": "отказ от номера"})).await;
    assert_eq!((closed.status, &closed.body["closed_for"]), (200, &json!("closed")), "{}", closed.body);
    let did = stage.did(NUMBERS[0]).await;
    assert_eq!(
        (&did["status"], &did["non_target_class"], &did["account"], &did["archived_at"]),
        (&json!("archive"), &json!("no_data"), &Value::Null, &json!("2026-07-01T10:00:00Z")),
        "{did}"
    );
    let green = async |number: &str| {
        stage.api.refresh_shelf().await;
        let found =
            stage.api.get(&format!("/v1/numbers-for-sale?number={number}&offer=green&status=free"), "sales").await;
        assert_eq!(found.status, 200, "{}", found.body);
        found.body["items"].as_array().unwrap().len()
    };
    assert_eq!(green(NUMBERS[0]).await, 0, "it rests");
    assert_eq!(said(&stage.attach(product, NUMBERS[0]).await), (409, "did_not_available"));
    for verb in ["activate", "cancel", "close"] {
        assert_eq!(said(&stage.step(one, verb, "admin", json!({})).await), (409, "invalid_transition"), "{verb}");
    }

    // With the right and a reason it is free at once, and the audit says by whom and why.
    let two = stage.attached(product, NUMBERS[1]).await;
    stage.activate(two).await;
    let body = json!({"skip_quarantine": true, "reason": "клиент переходит на другой счёт"});
    let skipped = stage.step(two, "close", "admin", body).await;
    assert_eq!(skipped.status, 200, "{}", skipped.body);
    let did = stage.did(NUMBERS[1]).await;
    assert_eq!((&did["status"], &did["archived_at"]), (&json!("free"), &Value::Null), "{did}");
    assert_eq!(green(NUMBERS[1]).await, 1, "and for sale");
    let audit = stage.api.get(&format!("/v1/audit/did/{}", NUMBERS[1]), "admin").await;
    let line = &audit.body["items"][0];
    assert_eq!(
        (&line["action"], &line["login"], &line["reason"]),
        (&json!("did.free"), &json!("admin"), &json!("клиент переходит на другой счёт")),
        "{}",
        audit.body
    );

    // Whoever sends the number to quarantine closes its subscriber.
    let three = stage.attached(product, NUMBERS[2]).await;
    let path = format!("/v1/dids/{}/archive", NUMBERS[2]);
    let reserved = stage.ask("POST", &path, "client_service", json!({})).await;
    assert_eq!(said(&reserved), (409, "invalid_transition"), "{}", reserved.body);
    stage.activate(three).await;
    let done = stage.ask("POST", &path, "client_service", json!({"reason": "договор расторгнут"})).await;
    assert_eq!((done.status, &done.body["status"]), (200, &json!("archive")), "{}", done.body);
    let card = stage.subscriber(three).await;
    assert_eq!((&card["status"], &card["closed_for"]), (&json!("closed"), &json!("terminated")), "{card}");
    stage.end().await;
}

/// M21: a number that is for sale is attached once, also where two want it at the same time.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_attach_a_number_one_is_refused() {
    let stage = Stage::new("2026-07-01T10:00:00Z", "2026-01-01", "2026-06-30").await;
    let (first, second) = (stage.product("a1").await, stage.product("a2").await);
    for number in NUMBERS {
        let (one, other) = tokio::join!(stage.attach(first, number), stage.attach(second, number));
        let mut statuses = [said(&one), said(&other)];
        statuses.sort_unstable();
        assert_eq!(statuses, [(201, ""), (409, "did_not_available")], "{} {}", one.body, other.body);
        let did = stage.did(number).await;
        let winner = if one.status == 201 { "a1" } else { "a2" };
        assert_eq!((&did["status"], &did["account"]), (&json!("reserved"), &json!(winner)), "{did}");
    }
    assert_eq!(said(&stage.attach(first, "74957777777").await), (404, "not_ours"));
    assert_eq!(said(&stage.attach(first, "74950000002").await), (409, "did_not_available"), "somebody's");
    assert_eq!(said(&stage.attach(first, "7495").await), (422, "validation"));
    assert_eq!(said(&stage.attach(9_999, NUMBERS[0]).await), (404, "not_found"));
    let card = stage.api.get(&format!("/v1/products-of-accounts/{first}"), "support").await;
    let other = stage.api.get(&format!("/v1/products-of-accounts/{second}"), "support").await;
    let numbers = card.body["numbers"].as_i64().unwrap() + other.body["numbers"].as_i64().unwrap();
    assert_eq!(numbers, NUMBERS.len() as i64);
    stage.end().await;
}

/// M22, A32: another number on the same product, by approval; the count of callers comes with the request, callers from before its contract apart.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_that_strangers_call_is_replaced() {
    let stage = Stage::new("2026-06-01T10:00:00Z", "2026-01-01", "2026-05-31").await;
    let product = stage.product("a1").await;
    let one = stage.attached(product, NUMBERS[0]).await;
    stage.activate(one).await;
    let accounts = billing::accounts::codes(&stage.world.store).await.unwrap();
    let account = accounts.iter().find(|(_, code)| code == "a1").unwrap().0;
    // Three calls of two callers, one of whom had called before; a withheld one; one before it was attached, and one to another number.
    stage
        .world
        .clickhouse
        .client()
        .query(&format!(
            "INSERT INTO calls (account_id, started_at, ended_at, src, dst, service, direction, outcome, disposition, charged_party, calls, usage_day, period)
             SELECT {account}, s, s, x.2, x.3, 'incoming', 'in', 'rated', 'answered', 'called', 1, toDate(s), toStartOfMonth(toDate(s))
             FROM (SELECT arrayJoin([
                 ('2026-06-02 10:00:00', '79160000001', '{0}'), ('2026-06-03 10:00:00', '79160000001', '{0}'), ('2026-06-03 11:00:00', '79160000002', '{0}'),
                 ('2026-06-04 10:00:00', '', '{0}'), ('2026-05-30 10:00:00', '79160000003', '{0}'), ('2026-06-04 10:00:00', '79160000004', '{1}')
             ]) AS x, toDateTime64(x.1, 3, 'UTC') AS s)",
            NUMBERS[0], NUMBERS[1]
        ))
        .execute()
        .await
        .unwrap();
    stage
        .run(&format!(
            "INSERT INTO non_target_call (did_number, day, caller, calls) VALUES ('{}', '2026-02-01', '79160000002', 3), ('{0}', '2026-02-01', '79160000009', 1)",
            NUMBERS[0]
        ))
        .await;
    stage.hands.set(at("2026-07-01T10:00:00Z"));
    let callers = stage.api.get(&format!("/v1/subscribers/{one}/callers"), "support").await;
    assert_eq!(
        callers.body,
        json!({"since": "2026-06-01T10:00:00Z", "calls": 4, "callers": 2, "callers_before": 1}),
        "{}",
        callers.body
    );

    let wanted = |payload: Value| json!({"kind": "did.replace", "entity_id": one.to_string(), "payload": payload});
    let ask = async |role: &str, payload: Value| stage.ask("POST", "/v1/approvals", role, wanted(payload)).await;
    for (payload, expected, pointer) in [
        (json!({"number": NUMBERS[0], "initiator": "client"}), (422, "validation"), "/payload/number"),
        (json!({"number": "12", "initiator": "client"}), (422, "validation"), "/payload/number"),
        (json!({"number": NUMBERS[1], "initiator": "nobody"}), (422, "validation"), "/payload/initiator"),
        (json!({"number": NUMBERS[1], "initiator": "operator"}), (422, "validation"), "/payload/told_on"),
        (json!({"number": "74957777777", "initiator": "client"}), (404, "not_ours"), ""),
        (json!({"number": "74950000002", "initiator": "client"}), (409, "did_not_available"), ""),
    ] {
        let refused = ask("client_service", payload).await;
        assert_eq!(said(&refused), expected, "{}", refused.body);
        assert!(pointer.is_empty() || refused.body["errors"][0]["pointer"] == pointer, "{}", refused.body);
    }
    let asked = ask("client_service", json!({"number": NUMBERS[1], "initiator": "client"})).await;
    assert_eq!((asked.status, &asked.body["state"]), (201, &json!("requested")), "{}", asked.body);
    let evidence = &asked.body["evidence"][0];
    assert_eq!(
        (&evidence["text"], &evidence["number_shown"]),
        (&json!("Входящие звонки с 01.06.2026: 4, уникальных номеров 2, из них звонили до подключения 1"), &json!(2))
    );
    let approve = async |request: &Value, role: &str| {
        let path = format!("/v1/approvals/{}/approve", request["id"]);
        let body = json!({"comment": "ok"});
        stage.api.ask("POST", &path, role, &[("Accept-Language", "en")], Some(body)).await
    };
    assert_eq!(said(&approve(&asked.body, "client_service").await), (403, "self_approval"));
    let done = approve(&asked.body, "assistants").await;
    assert_eq!((done.status, &done.body["state"]), (200, &json!("executed")), "{}", done.body);
    let (old, new) = (stage.did(NUMBERS[0]).await, stage.did(NUMBERS[1]).await);
    assert_eq!(
        (&old["status"], &old["archived_at"], &new["status"], &new["account"]),
        (&json!("archive"), &json!("2026-07-01T10:00:00Z"), &json!("in_work"), &json!("a1"))
    );
    let card = stage.api.get(&format!("/v1/products-of-accounts/{product}"), "support").await.body;
    let (successor, former) = (&card["subscribers"][0], &card["subscribers"][1]);
    assert_eq!(
        (&successor["number"], &successor["status"], &successor["replaces"]),
        (&json!(NUMBERS[1]), &json!("in_work"), &json!(NUMBERS[0])),
        "{card}"
    );
    assert_eq!(
        (&former["closed_for"], &former["closed_by"], &former["replaced_by"]),
        (&json!("replaced"), &json!("assistants"), &json!(NUMBERS[1])),
        "{card}"
    );
    assert_eq!((&card["status"], &card["activated_at"]), (&json!("in_work"), &json!("2026-06-01T10:00:00Z")), "{card}");

    // At our own wish: 60 days after the client was told, 2 May + 60 days = 1 July; a day less is too early.
    let two = successor["id"].as_i64().unwrap();
    let ours = |number: &str, told_on: &str| {
        let payload = json!({"number": number, "initiator": "operator", "told_on": told_on});
        json!({"kind": "did.replace", "entity_id": two.to_string(), "payload": payload})
    };
    let early = stage.ask("POST", "/v1/approvals", "client_service", ours(NUMBERS[2], "2026-05-03")).await;
    assert_eq!(said(&early), (422, "validation"), "{}", early.body);
    let error = &early.body["errors"][0];
    assert_eq!(error["pointer"], "/payload/told_on", "{}", early.body);
    assert!(error["detail"].as_str().unwrap().contains("2026-07-02"), "{}", early.body);
    let asked = stage.ask("POST", "/v1/approvals", "client_service", ours(NUMBERS[2], "2026-05-02")).await;
    assert_eq!(asked.status, 201, "{}", asked.body);
    // Sold meanwhile: the request fails, and nothing of it is done.
    let other = stage.product("a2").await;
    let rival = stage.attached(other, NUMBERS[2]).await;
    assert_eq!(said(&approve(&asked.body, "assistants").await), (409, "stale_request"));
    assert_eq!(stage.subscriber(two).await["status"], "in_work");
    assert_eq!(stage.step(rival, "cancel", "sales", json!({})).await.status, 200);
    let done = approve(&asked.body, "assistants").await;
    assert_eq!((done.status, &done.body["state"]), (200, &json!("executed")), "{}", done.body);
    assert_eq!(stage.did(NUMBERS[2]).await["account"], "a1");
    stage.end().await;
}

/// M23: a number that came on 1 September 2020 is not for sale on the 5th, and is on 2 October, with S = 2 September and nobody calling.
#[tokio::test(flavor = "multi_thread")]
async fn a_number_from_another_operator_rests_first() {
    let stage = Stage::new("2020-09-05T10:00:00Z", "2020-09-01", "2020-09-04").await;
    let product = stage.product("a1").await;
    let did = stage.did(NUMBERS[0]).await;
    assert_eq!((&did["sale"], &did["non_target_class"]), (&json!("yes"), &json!("insufficient_data")), "{did}");
    assert_eq!(said(&stage.attach(product, NUMBERS[0]).await), (409, "did_not_available"));
    stage.run("INSERT INTO non_target_run (day, collected_at) SELECT d::date, d FROM generate_series('2020-09-05'::timestamptz, '2020-10-01'::timestamptz, '1 day') AS d").await;
    // 2 September + 30 days.
    stage.hands.set(at("2020-10-01T10:00:00Z"));
    assert_eq!(said(&stage.attach(product, NUMBERS[0]).await), (409, "did_not_available"));
    stage.hands.set(at("2020-10-02T10:00:00Z"));
    stage.attached(product, NUMBERS[0]).await;
    stage.end().await;
}

/// M61, L7, 6.4: planned days, one product of a kind, its states; what is connected stands against closing the account.
#[tokio::test(flavor = "multi_thread")]
async fn products_of_an_account() {
    let stage = Stage::new("2020-09-09T10:00:00Z", "2020-01-01", "2020-09-08").await;
    stage
        .run("INSERT INTO product (code, name, created_at, created_by) VALUES ('vats', 'ВАТС', now(), 'test'), ('fax', 'Факс', now(), 'test')")
        .await;
    let path = "/v1/accounts/a3/products";
    for (product, planned, expected) in [
        ("vats", "2020-09-09", (422, "planned_date_not_future")),
        ("vats", "2020-09-08", (422, "planned_date_not_future")),
        ("vats", "tomorrow", (422, "validation")),
        ("nothing", "2020-09-10", (422, "validation")),
        ("vats", "2020-09-10", (201, "")),
        ("vats", "2020-09-10", (409, "duplicate_product")),
        ("fax", "2020-09-20", (201, "")),
    ] {
        let made = stage.ask("POST", path, "sales", json!({"product": product, "planned_activation": planned})).await;
        assert_eq!(said(&made), expected, "{product} {planned}: {}", made.body);
    }
    assert_eq!(said(&stage.ask("POST", path, "support", json!({"product": "vats"})).await), (403, "forbidden"));
    assert_eq!(
        said(&stage.ask("POST", "/v1/accounts/nobody/products", "sales", json!({"product": "vats"})).await),
        (404, "not_found")
    );
    let list = stage.api.get(path, "support").await;
    let planned = |place: usize| list.body["items"][place]["planned_activation"].clone();
    assert_eq!((planned(0), planned(1)), (json!("2020-09-20"), json!("2020-09-10")), "both keep their own day");
    let ids: Vec<i64> =
        list.body["items"].as_array().unwrap().iter().map(|item| item["id"].as_i64().unwrap()).collect();
    let (fax, vats) = (format!("/v1/products-of-accounts/{}", ids[0]), format!("/v1/products-of-accounts/{}", ids[1]));

    let old = [("If-Match", "\"9\"")];
    let body = json!({"quantity": 2, "reason": "test"});
    assert_eq!(said(&stage.api.ask("PUT", &vats, "sales", &old, Some(body)).await), (412, "stale"));
    let changed = stage.ask("PUT", &vats, "sales", json!({"quantity": 2, "planned_activation": null})).await;
    assert_eq!(
        (changed.status, &changed.body["quantity"], &changed.body["planned_activation"]),
        (200, &json!(2), &Value::Null),
        "{}",
        changed.body
    );
    assert_eq!(said(&stage.ask("PUT", &vats, "sales", json!({"quantity": 0})).await), (422, "validation"));

    // Its reserved number is in work with it, and goes to quarantine with it.
    stage.attached(ids[1], NUMBERS[0]).await;
    for (verb, role, expected, status) in [
        ("suspend", "sales", (409, "invalid_transition"), "new"),
        ("resume", "sales", (409, "invalid_transition"), "new"),
        ("activate", "client_service", (200, ""), "in_work"),
        ("activate", "client_service", (409, "invalid_transition"), "in_work"),
        ("suspend", "sales", (200, ""), "suspended"),
        ("activate", "client_service", (409, "invalid_transition"), "suspended"),
        ("resume", "sales", (200, ""), "in_work"),
    ] {
        let done = stage.ask("POST", &format!("{vats}/{verb}"), role, json!({})).await;
        assert_eq!(said(&done), expected, "{verb}: {}", done.body);
        assert_eq!(stage.api.get(&vats, "support").await.body["status"], status, "{verb}");
    }
    assert_eq!(stage.did(NUMBERS[0]).await["status"], "in_work");
    let late = stage.ask("PUT", &vats, "sales", json!({"planned_activation": "2020-09-20"})).await;
    assert_eq!(said(&late), (409, "not_new"), "{}", late.body);

    // M55: a blocked account orders and activates nothing.
    let block = "INSERT INTO account_block (account_id, cause, scope, reason, begun_at, begun_by) SELECT id, 'manual', 'all', 'test', '2020-09-01', 'test' FROM account WHERE code = 'a3'";
    stage.run(block).await;
    let refused = stage.ask("POST", &format!("{fax}/activate"), "client_service", json!({})).await;
    assert_eq!(said(&refused), (403, "ACCOUNT_BLOCKED"), "{}", refused.body);
    assert_eq!(said(&stage.attach(ids[1], NUMBERS[1]).await), (403, "ACCOUNT_BLOCKED"));
    stage.run("DELETE FROM account_block").await;

    let archive = stage.ask("POST", "/v1/dids/74950000003/archive", "client_service", json!({})).await;
    assert_eq!(archive.status, 200, "a number that was loaded with its account: {}", archive.body);
    let close = async |what: &str| stage.ask("POST", &format!("{what}/close"), "sales", json!({})).await;
    assert_eq!(said(&close("/v1/accounts/a3").await), (409, "has_active_services"));
    for product in [&vats, &fax] {
        let closed = close(product).await;
        assert_eq!((closed.status, &closed.body["status"]), (200, &json!("closed")), "{}", closed.body);
        assert_eq!(said(&close(product).await), (409, "invalid_transition"));
    }
    assert_eq!(stage.did(NUMBERS[0]).await["status"], "archive");
    let closed = close("/v1/accounts/a3").await;
    assert_eq!(closed.status, 200, "{}", closed.body);
    assert_eq!(said(&stage.ask("POST", path, "sales", json!({"product": "vats"})).await), (409, "account_closed"));
    stage.end().await;
}

/// A30: years are data. A reservation of Friday 25 December 2026: 28 29 30 | 11 12 13 14 15 January; with the 11th off, Monday the 18th.
#[tokio::test(flavor = "multi_thread")]
async fn business_days_are_those_of_a_calendar() {
    let stage = Stage::new("2026-12-25T10:00:00Z", "2026-01-01", "2026-12-24").await;
    let calendar = "/v1/production-calendars/ru";
    let product = stage.product("a1").await;
    let one = stage.attached(product, NUMBERS[0]).await;
    assert_eq!(stage.subscriber(one).await["reserved_through"], "2027-01-15");
    let known = stage.api.get(calendar, "support").await;
    let years: Vec<(i64, i64)> = known.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|year| (year["year"].as_i64().unwrap(), year["working_days"].as_i64().unwrap()))
        .collect();
    assert_eq!(years, [(2020, 248), (2026, 247), (2027, 247)]);
    assert_eq!(said(&stage.api.get("/v1/production-calendars/kz", "support").await), (404, "not_found"));

    let mut days = known.body["items"][2]["days"].as_array().unwrap().clone();
    days.push(json!({"day": "2027-01-11", "working": false, "name": "Перенос"}));
    // A Saturday that is off needs no row.
    days.push(json!({"day": "2027-01-16", "working": false, "name": ""}));
    let year = |days: &[Value]| json!({"year": 2027, "source": "постановление", "settled": true, "days": days});
    assert_eq!(said(&stage.ask("PUT", calendar, "sales", year(&days)).await), (403, "forbidden"));
    let set = stage.ask("PUT", calendar, "admin", year(&days)).await;
    let expected = json!({"calendar": "ru", "year": 2027, "days": days.len() - 1, "reservations_moved": 1});
    assert_eq!((set.status, &set.body), (200, &expected));
    assert_eq!(stage.subscriber(one).await["reserved_through"], "2027-01-18");
    let twice = [days[0].clone(), days[0].clone(), json!({"day": "2028-01-03", "working": false})];
    let refused = stage.ask("PUT", calendar, "admin", year(&twice)).await;
    let pointers: Vec<&str> =
        refused.body["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!((said(&refused), pointers), ((422, "import_faults"), vec!["/days/1/day", "/days/2/day"]));

    // The term would end in 2028, which nobody has entered.
    let last = at("2027-12-24T10:00:00Z");
    stage.hands.set(last);
    assert_eq!(stage.clock.now(), last);
    let refused = stage.attach(product, NUMBERS[1]).await;
    assert_eq!(said(&refused), (422, "outside_calendar"), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("2028"), "{}", refused.body);
    assert_eq!(stage.did(NUMBERS[1]).await["status"], "free");
    let import = async |file: &str| {
        let path = format!("{calendar}/import?year=2028&source=decree&reason=test");
        let headers = [("Content-Type", "text/csv"), ("Accept-Language", "en")];
        stage.api.send("POST", &path, "admin", &headers, file.as_bytes()).await
    };
    let faulty = import("День;Рабочий\n03.01.2028;нет\n32.01.2028;нет\n04.01.2028;может быть\n").await;
    let pointers: Vec<&str> =
        faulty.body["errors"].as_array().unwrap().iter().filter_map(|error| error["pointer"].as_str()).collect();
    assert_eq!((said(&faulty), pointers), ((422, "import_faults"), vec!["/rows/3/day", "/rows/4/working"]));
    let holidays: Vec<String> = (1..=9).map(|date| format!("0{date}.01.2028;нет;Новогодние каникулы\n")).collect();
    let holidays = holidays.concat();
    let done = import(&format!("День;Рабочий;Название\n{holidays}")).await;
    // 1, 2, 8 and 9 January 2028 are a weekend.
    let expected = json!({"calendar": "ru", "year": 2028, "days": 5, "reservations_moved": 0});
    assert_eq!((done.status, &done.body), (200, &expected));
    let made = stage.attach(product, NUMBERS[1]).await;
    // Friday 24 December; 27 28 29 30 (31 is off, and to 9 January) | 10 11 12 13.
    assert_eq!((made.status, &made.body["reserved_through"]), (201, &json!("2028-01-13")), "{}", made.body);
    let next = last.date_naive().checked_add_days(Days::new(1)).unwrap();
    assert_eq!(stage.night_to(&next.to_string()).await, 1, "the one of a year ago");
    stage.end().await;
}
