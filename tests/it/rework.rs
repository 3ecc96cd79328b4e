//! What was charged wrongly or not at all is put right: suspense recycled, charges rated again, imports rolled back; each exactly once, the books whole.

use cdr_ingest::monitor::Readiness;
use cdr_ingest::rework::executor;
use cdr_ingest::stream::service::Shared;
use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{World, record, record_ending};

use crate::api::Api;

/// A desk at which jobs are filed, and who executes them.
pub(crate) struct Desk {
    pub(crate) api: Api,
    pub(crate) world: World,
}

impl Desk {
    pub(crate) async fn open(world: World) -> Self {
        Self::open_at(world, Utc::now()).await
    }

    /// One that sees the accounts as they were at a moment: units of a month are those of the month that it lies in.
    pub(crate) async fn open_at(world: World, moment: DateTime<Utc>) -> Self {
        Self { api: Api::serve(&world, moment).await, world }
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let answer = self.api.ask("POST", path, "admin", &[], Some(body)).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        let answer = self.api.ask("GET", path, "admin", &[], None).await;
        assert_eq!(answer.status, 200, "{path}: {}", answer.text);
        answer.body
    }

    /// Executes what waits, as a process of its own does.
    async fn work(&self) {
        let readiness = std::sync::Arc::new(Readiness::default());
        let (store, clickhouse) = (self.world.store.clone(), self.world.clickhouse.clone());
        let (shared, _) = Shared::open(store, clickhouse, readiness, std::time::Duration::ZERO).await.unwrap();
        executor::run_waiting(&shared).await.unwrap();
    }

    /// Files a job, executes it, shows it.
    pub(crate) async fn done(&self, path: &str, body: Value) -> Value {
        let job = self.post(path, body).await["job"].as_i64().unwrap();
        self.work().await;
        self.get(&format!("/v1/rework/{job}")).await
    }

    /// The same with the dry run, what it shows, and the execution.
    pub(crate) async fn shown_and_done(&self, path: &str, body: Value) -> (Value, Value) {
        let previewed = self.done(path, body).await;
        assert_eq!((&previewed["state"], &previewed["dry_run"]), (&json!("previewed"), &json!(true)), "{previewed}");
        let job = previewed["id"].as_i64().unwrap();
        let shown = self.get(&format!("/v1/rework/{job}/differences")).await;
        self.post(&format!("/v1/rework/{job}/execute"), json!({"reason": "as shown"})).await;
        self.work().await;
        let done = self.get(&format!("/v1/rework/{job}")).await;
        assert_eq!(done["state"], "done", "{done}");
        assert_eq!(done["counts"], previewed["counts"], "the execution does what the dry run has shown");
        assert_eq!(self.get(&format!("/v1/rework/{job}/differences")).await["items"], shown["items"]);
        (shown["items"].clone(), done)
    }

    pub(crate) async fn waiting(&self) -> i64 {
        let open = self.get("/v1/suspense").await["total"].as_i64().unwrap();
        assert_eq!(
            self.world.count("sum(sign) FROM suspended").await,
            open,
            "ClickHouse counts what waits in Postgres"
        );
        open
    }

    pub(crate) async fn close(self) {
        self.world.assert_books_agree().await;
        self.world.drop().await;
    }
}

/// A number that nobody has a price for waits; when there is one, all of the code are recycled at once, and a second time changes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn suspense_is_recycled_once() {
    let world = World::new(1).await;
    // 44 has no price; the second one is nobody's.
    world.send(0, &record("a", json!({"dst": "442071838750"})));
    world.send(0, &record("b", json!({"dst": "442071838750", "billable_ms": 61_000, "answer_at": null})));
    world.send(0, &record("c", json!({"src": "74957777777"})));
    world.ingest().await.unwrap();
    let desk = Desk::open(world).await;
    let before = desk.waiting().await;
    assert!(before >= 2, "{before}");
    let still = desk.done("/v1/suspense/recycle", json!({"code": "NO_RETAIL_PRICE", "reason": "try"})).await;
    assert_eq!(still["counts"]["still_open"], json!(still["counts"]["still_open"].as_i64().unwrap()));
    assert_eq!(desk.waiting().await, before);

    price(&desk, "44", "1.20").await;
    let done =
        desk.done("/v1/suspense/recycle", json!({"code": "NO_RETAIL_PRICE", "reason": "a price was added"})).await;
    assert_eq!(done["state"], "done", "{done}");
    let recycled = done["counts"]["recycled"].as_i64().unwrap();
    assert!(recycled >= 1, "{done}");
    assert_eq!(desk.waiting().await, before - recycled);
    // 60 s at 1.20 a minute.
    assert_eq!(desk.world.balance("a1").await, "98.8");
    let again = desk.done("/v1/suspense/recycle", json!({"code": "NO_RETAIL_PRICE", "reason": "again"})).await;
    assert_eq!(again["counts"].get("recycled"), None, "{again}");
    // A repeat of what was recycled is a repeat.
    desk.world.send(0, &record("a", json!({"dst": "442071838750"})));
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.world.balance("a1").await, "98.8");
    desk.close().await;
}

/// Gives a prefix a price in the retail list, by the importer.
pub(crate) async fn price(desk: &Desk, prefix: &str, price: &str) {
    let csv = format!("prefix,service,price,billing\n{prefix},outgoing,{price},1/1\n");
    let headers = [("Content-Type", "text/csv")];
    let path = "/v1/price-lists/retail/imports?date=2026-01-15&backdate=yes";
    let answer = desk.api.send("POST", path, "admin", &headers, csv.as_bytes()).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let id = answer.body["id"].as_i64().unwrap();
    desk.post(&format!("/v1/price-lists/retail/imports/{id}/activate"), json!({"reason": "test", "backdate": true}))
        .await;
    desk.api.refresh().await;
}

/// A person says what the record should read; the record stays, and is charged as corrected.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_record_is_charged_as_corrected() {
    let world = World::new(1).await;
    world.send(0, &record("wrong", json!({"dst": "abc"})));
    world.send_at(0, b"garbage", Utc::now());
    world.ingest().await.unwrap();
    let desk = Desk::open(world).await;
    let list = desk.get("/v1/suspense").await;
    let [garbage, wrong] = [0, 1].map(|index| list["items"][index]["id"].as_i64().unwrap());
    let correct = async |id: i64, body: Value| {
        let answer = desk.api.ask("PUT", &format!("/v1/suspense/{id}/correction"), "admin", &[], Some(body)).await;
        (answer.status, answer.body)
    };
    assert_eq!(correct(wrong, json!({"dst": "74951234567"})).await.0, 422, "no reason");
    assert_eq!(correct(wrong, json!({"disposition": "maybe", "reason": "x"})).await.0, 422);
    assert_eq!(correct(wrong, json!({"dst": "74951234567", "reason": "typing error"})).await.0, 200);
    let replacement = record("was garbage", json!({})).to_string();
    assert_eq!(correct(garbage, json!({"record": replacement, "reason": "from the switch's log"})).await.0, 200);
    let done = desk.done("/v1/suspense/recycle", json!({"ids": [wrong, garbage], "reason": "corrected"})).await;
    assert_eq!(done["counts"], json!({"recycled": 2}), "{done}");
    // Two calls of 60 s at 0.60 a minute.
    assert_eq!(desk.world.balance("a1").await, "98.8");
    assert_eq!(desk.waiting().await, 0);
    let entry = desk.get(&format!("/v1/suspense/{wrong}")).await;
    assert_eq!((&entry["status"], &entry["settled_by"]), (&json!("recycled"), &done["id"]));
    assert!(entry["raw"].as_str().unwrap().contains("abc"), "the record stays as it came");
    assert_eq!(correct(wrong, json!({"dst": "1", "reason": "too late"})).await.0, 409);
    let history = desk.get(&format!("/v1/audit/suspense/{wrong}")).await.to_string();
    assert!(history.contains("typing error") && history.contains("suspense.correct"), "{history}");
    // The switch sends the record that was given by hand after all: it is charged already.
    desk.world.send_at(0, replacement.as_bytes(), Utc::now());
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.world.balance("a1").await, "98.8");
    desk.close().await;
}

/// A record that could not be read is given by hand, but has no price yet: it waits as before, and is charged when there is one.
#[tokio::test(flavor = "multi_thread")]
async fn a_corrected_record_may_have_to_wait_for_its_price() {
    let world = World::new(1).await;
    world.send_at(0, b"garbage", Utc::now());
    world.ingest().await.unwrap();
    let desk = Desk::open(world).await;
    let id = desk.get("/v1/suspense").await["items"][0]["id"].as_i64().unwrap();
    let by_hand = record("by hand", json!({"dst": "442071838750"})).to_string();
    let body = json!({"record": by_hand, "reason": "from the switch's log"});
    let answer = desk.api.ask("PUT", &format!("/v1/suspense/{id}/correction"), "admin", &[], Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let again = json!({"ids": [id], "reason": "try"});
    let done = desk.done("/v1/suspense/recycle", again.clone()).await;
    assert_eq!(done["counts"], json!({"still_open": 1}));
    assert_eq!(desk.get(&format!("/v1/suspense/{id}")).await["code"], "NO_RETAIL_PRICE");
    assert_eq!(desk.waiting().await, 1);
    price(&desk, "44", "1.20").await;
    assert_eq!(desk.done("/v1/suspense/recycle", again).await["counts"], json!({"recycled": 1}));
    assert_eq!((desk.world.balance("a1").await.as_str(), desk.waiting().await), ("98.8", 0));
    desk.close().await;
}

/// Both legs of a call within the network wait; each is charged once, and a bundle is drawn from once.
#[tokio::test(flavor = "multi_thread")]
async fn both_legs_of_a_record_are_recycled_each_once() {
    let world = World::new(1).await;
    world.send(0, &record("on net", json!({"src": "74950000004", "dst": "74950000001", "disposition": "answered"})));
    let end = Utc::now() - TimeDelta::minutes(1);
    let bad = json!({"src": "74950000004", "dst": "74950000001", "end_at": "2001-01-01T00:00:00Z"});
    world.send(0, &record_ending("bad", end, bad));
    world.ingest().await.unwrap();
    let legs = world.count("sum(calls) FROM calls").await;
    let desk = Desk::open(world).await;
    let list = desk.get("/v1/suspense").await;
    let id = list["items"][0]["id"].as_i64().unwrap();
    assert_eq!(list["total"], 1);
    let body = json!({"end_at": end, "reason": "the clock of the switch was wrong"});
    let answer = desk.api.ask("PUT", &format!("/v1/suspense/{id}/correction"), "admin", &[], Some(body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let done = desk.done("/v1/suspense/recycle", json!({"ids": [id], "reason": "corrected"})).await;
    assert_eq!(done["counts"], json!({"recycled": 1}), "{done}");
    assert_eq!(desk.world.count("sum(calls) FROM calls").await, legs * 2, "as many legs as of its like");
    let drawn = desk
        .world
        .text(
            "groupArray(tuple(counters_before, counters_added))",
            "FROM (SELECT * FROM calls WHERE notEmpty(counter_ids) ORDER BY counters_before)",
        )
        .await;
    assert_eq!(drawn, "[([0],[60]),([60],[60])]");
    desk.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn discarded_records_wait_no_longer_and_cost_nothing() {
    let world = World::new(1).await;
    world.send(0, &record("a", json!({"dst": "abc"})));
    world.ingest().await.unwrap();
    let desk = Desk::open(world).await;
    assert_eq!(desk.waiting().await, 1);
    let nothing = desk.api.ask("POST", "/v1/suspense/discard", "admin", &[], Some(json!({"reason": "all?"}))).await;
    assert_eq!(nothing.status, 422, "which ones has to be said");
    let forbidden =
        desk.api.ask("POST", "/v1/suspense/discard", "support", &[], Some(json!({"all": true, "reason": "x"}))).await;
    assert_eq!(forbidden.status, 403);
    let done = desk.done("/v1/suspense/discard", json!({"code": "BAD_NUMBER", "reason": "test calls"})).await;
    assert_eq!(done["counts"], json!({"discarded": 1}));
    assert_eq!((desk.waiting().await, desk.world.balance("a1").await.as_str()), (0, "100"));
    assert_eq!(desk.get("/v1/suspense?status=discarded").await["total"], 1);
    desk.world.send(0, &record("a", json!({"dst": "abc"})));
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.waiting().await, 0, "a repeat of what was discarded does not wait again");
    desk.close().await;
}

pub(crate) fn period() -> (String, String) {
    let today = Utc::now().date_naive();
    (
        today.checked_sub_days(Days::new(3)).unwrap().to_string(),
        today.checked_add_days(Days::new(1)).unwrap().to_string(),
    )
}

/// A price was wrong: the dry run shows by account and destination what it would come to, the execution does exactly that, and doing it again does nothing.
#[tokio::test(flavor = "multi_thread")]
async fn charges_are_rated_again() {
    let world = World::new(2).await;
    for (partition, index) in [(0, 0), (1, 1), (0, 2)] {
        world.send(partition, &record(&format!("m{index}"), json!({})));
    }
    world.send(0, &record("mobile", json!({"dst": "79161234567"})));
    world.send(1, &record("other", json!({"src": "74950000002"})));
    world.send(1, &record("archived", json!({"dst": "74950000009", "service": "incoming", "direction": "in"})));
    world.ingest().await.unwrap();
    // Three calls at 0.60, one at 1.20.
    assert_eq!(world.balance("a1").await, "97");
    let desk = Desk::open(world).await;
    let (from, to) = period();
    let scope = json!({"account": "a1", "from": from, "to": to, "reason": "wrong price"});
    let (_, done) = desk.shown_and_done("/v1/re-ratings", scope.clone()).await;
    assert_eq!(done["counts"], json!({"unchanged": 4}), "the same tariff gives no difference");

    price(&desk, "7", "0.30").await;
    let (shown, done) = desk.shown_and_done("/v1/re-ratings", scope.clone()).await;
    assert_eq!(done["counts"], json!({"changed": 3, "unchanged": 1}));
    let (before, after): (Vec<_>, Vec<_>) = shown
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            (row["retail_before"].as_str().unwrap().to_owned(), row["retail_after"].as_str().unwrap().to_owned())
        })
        .unzip();
    assert!(before.contains(&"1.8".to_owned()) && after.contains(&"0.9".to_owned()), "{shown}");
    // 100 - 3 x 0.30 - 1.20.
    assert_eq!(desk.world.balance("a1").await, "97.9");
    assert_eq!(desk.world.text("sum(gross)", "FROM calls WHERE account_id = 1").await, "2.1");
    assert_eq!(desk.world.count("sum(calls) FROM calls WHERE account_id = 1").await, 4);
    assert_eq!(desk.world.count("sum(seconds) FROM calls WHERE account_id = 1").await, 240);
    let (_, again) = desk.shown_and_done("/v1/re-ratings", scope).await;
    assert_eq!(again["counts"], json!({"unchanged": 4}));
    assert_eq!(desk.world.balance("a1").await, "97.9");
    // Wholesale stays where only retail is asked for.
    assert_eq!(desk.world.text("sum(wholesale_cost)", "FROM calls WHERE account_id = 1").await, "0.8");
    desk.close().await;
}

/// A month that was closed stays as it is: the difference is owed in the oldest open one (A9).
#[tokio::test(flavor = "multi_thread")]
async fn the_difference_of_a_closed_month_is_booked_into_the_open_one() {
    let world = World::new(1).await;
    world.send(0, &record("a", json!({})));
    world.ingest().await.unwrap();
    let desk = Desk::open(world).await;
    let usage_day: String = desk.world.text("max(usage_day)", "FROM calls").await;
    let month = usage_day.parse::<NaiveDate>().unwrap();
    let month = chrono::Datelike::with_day(&month, 1).unwrap();
    price(&desk, "7", "0.30").await;
    billing::ledger::close_period(&desk.world.store, month, Utc::now()).await.unwrap();
    let (from, to) = period();
    desk.shown_and_done("/v1/re-ratings", json!({"from": from, "to": to, "side": "retail", "reason": "wrong price"}))
        .await;
    assert_eq!(desk.world.balance("a1").await, "99.7");
    let next = month.checked_add_months(chrono::Months::new(1)).unwrap();
    let closed = format!("FROM calls WHERE period = '{month}'");
    assert_eq!(desk.world.text("sum(gross)", &closed).await, "0.6");
    assert_eq!(desk.world.text("sum(gross)", &format!("FROM calls WHERE period = '{next}'")).await, "-0.3");
    desk.close().await;
}

/// An import that should not have come is taken back with everything it did; sent again, it is charged again.
#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_rolled_back_and_can_come_again() {
    let world = World::new(1).await;
    let records = || {
        [
            record("keep", json!({})),
            record("one", json!({})),
            // 6000 s a month to 7 are free: 100 s of them are used here.
            record("bundle", json!({"src": "74950000004", "billable_ms": 60_000})),
            record(
                "not in work",
                json!({"dst": "74950000009", "service": "incoming", "direction": "in", "src": "79031112233"}),
            ),
            record("waits", json!({"dst": "abc"})),
        ]
    };
    for record in records() {
        world.send(0, &record);
    }
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "98.8");
    let desk = Desk::open(world).await;
    let non_target = || async { desk.get("/v1/dids/74950000009/non-target").await.to_string() };
    let called = non_target().await;
    let last_call = || async { desk.get("/v1/dids/74950000009").await["last_call"].clone() };
    assert!(last_call().await.is_string());
    let place = json!({"cluster": "test", "topic": desk.world.name, "partition": 0, "from_offset": 1, "to_offset": 5});
    let beyond = json!({"place": {"cluster": "test", "topic": desk.world.name, "partition": 0, "from_offset": 1, "to_offset": 50}, "reason": "x"});
    let answer = desk.api.ask("POST", "/v1/roll-backs", "admin", &[], Some(beyond)).await;
    assert_eq!(
        (answer.status, answer.body["errors"][0]["pointer"].as_str()),
        (422, Some("/place/to_offset")),
        "{}",
        answer.text
    );
    let (_, done) = desk.shown_and_done("/v1/roll-backs", json!({"place": place, "reason": "not ours"})).await;
    assert_eq!(done["counts"], json!({"charges": 3, "suspended": 1}));
    assert_eq!(desk.world.balance("a1").await, "99.4");
    assert_eq!(desk.world.count("sum(calls) FROM calls").await, 1);
    assert_eq!(desk.waiting().await, 0);
    assert_eq!(desk.world.text("sum(gross)", "FROM calls").await, "0.6");
    assert_ne!(non_target().await, called);
    assert_eq!(last_call().await, Value::Null);
    let bundles = desk.get("/v1/accounts/a4/bundles").await.to_string();
    assert!(!bundles.contains("\"used\":60"), "{bundles}");
    desk.world.assert_books_agree().await;
    // Everything comes again, the one that was kept as well.
    for record in records() {
        desk.world.send(0, &record);
    }
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.world.balance("a1").await, "98.8");
    assert_eq!((desk.world.count("sum(calls) FROM calls").await, desk.waiting().await), (4, 1));
    assert_eq!(desk.world.count("count() FROM duplicates").await, 1);
    assert_eq!(non_target().await, called);
    assert!(last_call().await.is_string());
    // What came again is a charge like any other: rated again, and taken back once more.
    price(&desk, "7", "0.30").await;
    let (from, to) = period();
    let scope = json!({"account": "a1", "from": from, "to": to, "reason": "wrong price"});
    let (_, done) = desk.shown_and_done("/v1/re-ratings", scope).await;
    assert_eq!(done["counts"], json!({"changed": 2}));
    assert_eq!(desk.world.balance("a1").await, "99.4");
    let place = json!({"cluster": "test", "topic": desk.world.name, "partition": 0, "from_offset": 5, "to_offset": 10});
    let (_, done) = desk.shown_and_done("/v1/roll-backs", json!({"place": place, "reason": "still not ours"})).await;
    assert_eq!(done["counts"], json!({"charges": 3, "suspended": 1}));
    assert_eq!(desk.world.balance("a1").await, "99.7");
    assert_eq!((desk.world.count("sum(calls) FROM calls").await, desk.waiting().await), (1, 0));
    desk.close().await;
}

/// What was suspended, recycled and then taken back with its import: the dry run counts the entry as the execution does, and the record can come again.
#[tokio::test(flavor = "multi_thread")]
async fn a_recycled_record_is_rolled_back_with_its_import() {
    let world = World::new(1).await;
    let records = || [record("one", json!({})), record("priced later", json!({"dst": "442071838750"}))];
    for record in records() {
        world.send(0, &record);
    }
    world.ingest().await.unwrap();
    let desk = Desk::open(world).await;
    price(&desk, "44", "1.20").await;
    desk.done("/v1/suspense/recycle", json!({"code": "NO_RETAIL_PRICE", "reason": "a price was added"})).await;
    assert_eq!(desk.world.balance("a1").await, "98.2");
    let place = json!({"cluster": "test", "topic": desk.world.name, "partition": 0, "from_offset": 0, "to_offset": 2});
    let (_, done) = desk.shown_and_done("/v1/roll-backs", json!({"place": place, "reason": "not ours"})).await;
    assert_eq!(done["counts"], json!({"charges": 2, "settled": 1}));
    assert_eq!((desk.world.balance("a1").await.as_str(), desk.waiting().await), ("100", 0));
    for record in records() {
        desk.world.send(0, &record);
    }
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.world.balance("a1").await, "98.2");
    assert_eq!(desk.world.count("count() FROM duplicates").await, 0);
    desk.close().await;
}

/// A bundle was sold with too few seconds: the calls of the account are run again in the order in which they were charged, and the counters with them.
/// 6000 s cover the first two calls of 3000 s and nothing of the third, which costs 30.00; 7500 s cover half of it.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_run_again_in_the_order_of_charging() {
    let world = World::new(1).await;
    let ended = Utc::now() - TimeDelta::minutes(5);
    for call in ["first", "second", "third"] {
        let stamp =
            |seconds| (ended - TimeDelta::seconds(seconds)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
        let of = json!({"src": "74950000004", "billable_ms": 3_000_000, "setup_at": stamp(3000), "answer_at": stamp(3000), "end_at": stamp(0)});
        world.send(0, &record(call, of));
        world.ingest().await.unwrap();
    }
    assert_eq!(world.balance("a4").await, "70");
    let desk = Desk::open_at(world, ended - TimeDelta::seconds(3000)).await;
    let (from, to) = period();
    let scope = json!({"account": "a4", "from": from, "to": to, "reason": "the bundle was too small"});
    let (_, done) = desk.shown_and_done("/v1/re-ratings", scope.clone()).await;
    assert_eq!(done["counts"], json!({"unchanged": 3}), "the same bundle gives no difference");
    desk.world
        .store
        .run_past_the_rooms(
            "UPDATE catalogue SET version = version + 1;
             INSERT INTO counter (kind, code, period, plan_id, priority, units, keeps, waives_connect_fee, services, destination_group_id, published_in)
             SELECT kind, code, period, plan_id, priority, 7500, keeps, waives_connect_fee, services, destination_group_id, version
             FROM counter, catalogue WHERE code = 'hundred' AND withdrawn_in IS NULL;
             UPDATE counter SET withdrawn_in = version FROM catalogue WHERE code = 'hundred' AND units = 6000;
             INSERT INTO catalogue_change (version, what) SELECT version, 'tariffs' FROM catalogue",
        )
        .await
        .unwrap();
    desk.api.refresh().await;
    let (shown, done) = desk.shown_and_done("/v1/re-ratings", scope.clone()).await;
    // All three draw from the counter of the new bundle; only the third costs something else.
    assert_eq!(done["counts"], json!({"changed": 3}));
    assert_eq!((&shown[0]["retail_before"], &shown[0]["retail_after"]), (&json!("30"), &json!("15")), "{shown}");
    assert_eq!(desk.world.balance("a4").await, "85");
    assert_eq!(desk.world.text("sum(calls * seconds_covered)", "FROM calls").await, "7500");
    let bundles = desk.get("/v1/accounts/a4/bundles").await.to_string();
    assert!(bundles.contains("\"used\":7500"), "{bundles}");
    let (_, done) = desk.shown_and_done("/v1/re-ratings", scope).await;
    assert_eq!(done["counts"], json!({"unchanged": 3}));
    desk.close().await;
}
