//! What operators look up in the calls of an account: the search itself, recordings, traffic and fees by month.

use admin_api::{CallsFilter, CallsReader};
use billing::change::Begun;
use billing::fees::{self, NewFee};
use billing::{Actor, Change, FixedClock, staff};
use cdr_ingest::monitor::Readiness;
use cdr_ingest::rework::executor;
use cdr_ingest::stream::service::Shared;
use chrono::{DateTime, Days, NaiveDate, SecondsFormat, TimeDelta, Utc};
use rating::Service;
use serde_json::{Value, json};
use tests::{World, record};

use crate::api::Api;

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// 12:00 of yesterday, UTC.
fn noon() -> DateTime<Utc> {
    let day = Utc::now().date_naive().checked_sub_days(Days::new(1)).unwrap();
    day.and_hms_opt(12, 0, 0).unwrap().and_utc()
}

/// A call of `a1` that was set up then and lasted `seconds`.
fn call(id: &str, at: DateTime<Utc>, seconds: i64, change: Value) -> Value {
    let mut of_then = json!({"setup_at": stamp(at), "answer_at": stamp(at), "end_at": stamp(at + TimeDelta::seconds(seconds)),
                             "billable_ms": seconds * 1000});
    if let (Value::Object(whole), Value::Object(change)) = (&mut of_then, change) {
        whole.extend(change);
    }
    record(id, of_then)
}

async fn asked(api: &Api, query: &str) -> Value {
    let answer = api.get(&format!("/v1/accounts/{query}"), "support").await;
    assert_eq!(answer.status, 200, "{query}: {}", answer.text);
    answer.body
}

fn ids(list: &Value) -> Vec<&str> {
    list["items"].as_array().unwrap().iter().map(|call| call["cdr_id"].as_str().unwrap()).collect()
}

/// M34: at 12:00 a call of 11:00:01 is current only, one of 11:00:00 in the archive only; both together have each once; without a service nothing is told.
#[tokio::test(flavor = "multi_thread")]
async fn current_calls_archive_and_a_service_that_must_be_named() {
    let world = World::new(1).await;
    let hour_ago = noon() - TimeDelta::hours(1);
    for (id, at, change) in [
        ("eleven", hour_ago, json!({})),
        ("a second later", hour_ago + TimeDelta::seconds(1), json!({})),
        ("a day before", noon() - TimeDelta::days(1), json!({"dst": "38111222333"})),
        ("of a neighbour", hour_ago, json!({"src": "74950000002"})),
        (
            "internal",
            hour_ago,
            json!({"service": "tollfree", "src": "79161234567", "dst": "78005550001", "direction": "in"}),
        ),
    ] {
        world.send(0, &call(id, at, 60, change));
    }
    world.ingest().await.unwrap();
    let api = Api::serve(&world, noon()).await;
    for (query, expected) in [
        ("source=current", vec!["a second later"]),
        ("source=archive", vec!["eleven", "a day before"]),
        ("source=auto", vec!["a second later", "eleven", "a day before"]),
        ("", vec!["a second later", "eleven", "a day before"]),
        ("dst=7495", vec!["a second later", "eleven"]),
        ("dst=38111222333&source=archive", vec!["a day before"]),
        ("dst=38111222333&source=current", vec![]),
    ] {
        let found = asked(&api, &format!("a1/calls?service=outgoing&{query}")).await;
        assert_eq!(ids(&found), expected, "{query}");
        assert_eq!((&found["total"], &found["total_exact"]), (&json!(expected.len()), &json!(true)), "{query}");
    }
    let day = noon().date_naive();
    let found = asked(&api, &format!("a1/calls?service=outgoing&from={day}&to={day}")).await;
    assert_eq!(ids(&found), ["a second later", "eleven"]);
    // Time, both numbers, duration, service and price.
    let shown = &found["items"][1];
    for (column, expected) in [
        ("started_at", json!(hour_ago)),
        ("src", json!("74950000001")),
        ("dst", json!("74951234567")),
        ("duration_ms", json!(60_000)),
        ("billed_seconds", json!(60)),
        ("service", json!("outgoing")),
        ("gross", json!("0.6")),
        ("archived", json!(true)),
    ] {
        assert_eq!(shown[column], expected, "{column}: {shown}");
    }
    assert_eq!(found["items"][0]["archived"], json!(false));
    assert_eq!(ids(&asked(&api, "a2/calls?service=tollfree").await), ["internal"]);
    assert_eq!(ids(&asked(&api, "a2/calls?service=outgoing").await), ["of a neighbour"]);
    for (query, pointer) in [
        ("", "/service"),
        ("service=", "/service"),
        ("service=all", "/service"),
        ("source=auto", "/service"),
        ("service=outgoing&source=old", "/source"),
        ("service=outgoing&from=2026-07-02&to=2026-07-01", "/to"),
        ("service=outgoing&cursor=x", "/cursor"),
    ] {
        let refused = api.get(&format!("/v1/accounts/a1/calls?{query}"), "support").await;
        assert_eq!(
            (refused.status, refused.body["errors"][0]["pointer"].as_str()),
            (422, Some(pointer)),
            "{query}: {}",
            refused.text
        );
    }
    world.drop().await;
}

/// Files a job with its dry run and executes it.
async fn rework(world: &World, api: &Api, path: &str, body: Value) {
    let filed = api.ask("POST", path, "admin", &[], Some(body)).await;
    assert_eq!(filed.status, 200, "{}", filed.text);
    let work = || async {
        let (store, clickhouse) = (world.store.clone(), world.clickhouse.clone());
        let readiness = std::sync::Arc::new(Readiness::default());
        let (shared, _) = Shared::open(store, clickhouse, readiness, std::time::Duration::ZERO).await.unwrap();
        executor::run_waiting(&shared).await.unwrap();
    };
    work().await;
    let execute = format!("/v1/rework/{}/execute", filed.body["job"]);
    let answer = api.ask("POST", &execute, "admin", &[], Some(json!({"reason": "as shown"}))).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    work().await;
}

/// A charge is one line, whatever was done to it: rated again it has its last price, taken back it is gone, sent once more it is back.
/// Pages meet without a gap or a repeat, also where several calls began in one millisecond.
#[tokio::test(flavor = "multi_thread")]
async fn a_charge_is_shown_once_as_it_stands() {
    let world = World::new(1).await;
    let at = noon() - TimeDelta::hours(3);
    let records: Vec<Value> = (0..7).map(|index| call(&format!("c{index}"), at, 60, json!({}))).collect();
    let send = || async {
        for record in &records {
            world.send(0, record);
        }
        world.ingest().await.unwrap();
    };
    send().await;
    let api = Api::serve(&world, noon()).await;
    let prices = || async {
        let mut pages: Vec<(String, String, u64)> = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = asked(&api, &format!("a1/calls?service=outgoing&limit=2&cursor={cursor}")).await;
            let calls = page["items"].as_array().unwrap();
            assert_eq!(
                page["total"],
                json!(asked(&api, "a1/calls?service=outgoing").await["items"].as_array().unwrap().len())
            );
            pages.extend(calls.iter().map(|call| {
                let text = |column: &str| call[column].as_str().unwrap().to_owned();
                (text("cdr_id"), text("gross"), call["revision"].as_u64().unwrap())
            }));
            match page["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        pages.sort();
        pages
    };
    let all = |gross: &str, revision: u64| -> Vec<(String, String, u64)> {
        (0..7).map(|index| (format!("c{index}"), gross.to_owned(), revision)).collect()
    };
    assert_eq!(prices().await, all("0.6", 0));

    price(&api, "0.30").await;
    let (from, to) = (at.date_naive() - Days::new(2), at.date_naive() + Days::new(2));
    let scope = json!({"account": "a1", "from": from, "to": to, "reason": "wrong price"});
    rework(&world, &api, "/v1/re-ratings", scope).await;
    // 60 s at 0.30 a minute; three rows each.
    assert_eq!(world.count("count() FROM calls").await, 21);
    assert_eq!(prices().await, all("0.3", 2));

    let place = json!({"cluster": "test", "topic": world.name, "partition": 0, "from_offset": 2, "to_offset": 7});
    rework(&world, &api, "/v1/roll-backs", json!({"place": place, "reason": "not ours"})).await;
    assert_eq!(prices().await, all("0.3", 2)[..2]);
    let gone = asked(&api, "a1/traffic").await;
    assert_eq!((&gone["items"][0]["calls"], &gone["items"][0]["gross"]), (&json!(2), &json!("0.6")), "{gone}");

    send().await;
    let mut again = all("0.3", 0);
    (again[0].2, again[1].2) = (2, 2);
    assert_eq!(prices().await, again);
    world.assert_books_agree().await;
    world.drop().await;
}

/// Puts a price for 7 in force for the past as well.
async fn price(api: &Api, price: &str) {
    let file = format!("prefix,service,price,billing\n7,outgoing,{price},1/1\n");
    let path = "/v1/price-lists/retail/imports?date=2020-01-01&backdate=yes";
    let draft = api.send("POST", path, "admin", &[("Content-Type", "text/csv")], file.as_bytes()).await;
    assert_eq!(draft.status, 200, "{}", draft.text);
    let activate = format!("/v1/price-lists/retail/imports/{}/activate", draft.body["id"]);
    let done = api.ask("POST", &activate, "admin", &[], Some(json!({"reason": "test", "backdate": true}))).await;
    assert_eq!(done.status, 200, "{}", done.text);
}

/// M35: a row of the recording service is a recording; without one the call was not recorded; the unlimited service has a code of its own.
#[tokio::test(flavor = "multi_thread")]
async fn was_it_recorded() {
    let world = World::with_operator(1, |directory| {
        let path = directory.join("rates.csv");
        let rates = std::fs::read_to_string(&path).unwrap();
        let events = "retail,7,CALLS_REC,,,0.50,1,1/1\nretail,7,CALLS_REC_UNLIM,,,0,1,1/1\n";
        std::fs::write(path, rates + events).unwrap();
    })
    .await;
    let at = noon() - TimeDelta::hours(2);
    let recording = |service: &str| json!({"service": service, "quantity": 1, "billable_ms": null});
    world.send(0, &call("talk", at, 60, json!({})));
    world.send(0, &call("its recording", at, 60, recording("CALLS_REC")));
    world.send(0, &call("other talk", at, 60, json!({"dst": "74957654321"})));
    let mut unlimited = recording("CALLS_REC_UNLIM");
    unlimited["dst"] = json!("74951112233");
    world.send(0, &call("unlimited", at, 60, unlimited));
    world.ingest().await.unwrap();
    let api = Api::serve(&world, noon()).await;
    let day = at.date_naive();
    for (query, verdict, own, other) in [
        (format!("service=CALLS_REC&number=74951234567&from={day}&to={day}"), "recorded", 1, 0),
        (format!("service=CALLS_REC&number=74951234567&from={}", day + Days::new(1)), "not_recorded", 0, 0),
        ("service=CALLS_REC&number=74957654321".to_owned(), "not_recorded", 0, 0),
        ("service=CALLS_REC&number=74951112233".to_owned(), "not_recorded", 0, 1),
        ("service=CALLS_REC_UNLIM&number=%2B7 (495) 111-22-33".replace(' ', "%20"), "recorded", 1, 0),
    ] {
        let found = asked(&api, &format!("a1/recordings?{query}")).await;
        assert_eq!(
            (&found["verdict"], &found["recordings"], &found["of_other_service"]),
            (&json!(verdict), &json!(own), &json!(other)),
            "{query}: {found}"
        );
        assert_eq!(found["items"].as_array().unwrap().len(), own, "{found}");
    }
    let english = [("Accept-Language", "en")];
    let path = "/v1/accounts/a1/recordings?service=CALLS_REC&number=74951234567";
    let told = api.ask("GET", path, "support", &english, None).await;
    assert!(told.body["text"].as_str().unwrap().starts_with("1 recording;"), "{}", told.text);
    // The ordinary search finds each by its own code only.
    assert_eq!(ids(&asked(&api, "a1/calls?service=CALLS_REC").await), ["its recording"]);
    assert_eq!(ids(&asked(&api, "a1/calls?service=CALLS_REC_UNLIM").await), ["unlimited"]);
    for (query, pointer) in [
        ("number=74951234567", "/service"),
        ("service=outgoing&number=74951234567", "/service"),
        ("service=CALLS_REC", "/number"),
    ] {
        let refused = api.get(&format!("/v1/accounts/a1/recordings?{query}"), "support").await;
        assert_eq!(
            (refused.status, refused.body["errors"][0]["pointer"].as_str()),
            (422, Some(pointer)),
            "{}",
            refused.text
        );
    }
    world.drop().await;
}

/// M46: 10.50 + 4.50 in one month and 3.00 in the next are 15.00 and 3.00; a fee is in its own list and in neither sum.
#[tokio::test(flavor = "multi_thread")]
async fn traffic_by_month_and_fees_apart() {
    let world = World::new(1).await;
    // June and July of the year when they are over, at 12:00 of the 10th.
    let today = Utc::now().date_naive();
    let year = chrono::Datelike::year(&today.checked_sub_days(Days::new(193)).unwrap());
    let on = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap().and_hms_opt(12, 0, 0).unwrap().and_utc();
    // 0.60 a minute: 1050 s are 10.50, 450 s are 4.50, 300 s are 3.00.
    world.send(0, &call("long", on(6, 10), 1050, json!({})));
    world.send(0, &call("short", on(6, 20), 450, json!({})));
    world.send(0, &call("July", on(7, 10), 300, json!({})));
    world.send(0, &call("of a neighbour", on(6, 10), 300, json!({"src": "74950000002"})));
    world.ingest().await.unwrap();
    assert_eq!(world.count("count() FROM calls").await, 4);
    let now = on(7, 15);
    let api = Api::serve(&world, now).await;
    let a1 = billing::accounts::by_code(&world.store, "a1", now).await.unwrap().unwrap();
    let user_id = staff::add_token(&world.store, "fees", "admin", "fees", now + TimeDelta::days(1)).await.unwrap();
    for (amount, at) in [("150", on(6, 1)), ("99.5", on(7, 1))] {
        let actor = Actor::named(user_id, "fees", "test");
        let Begun::New(mut change) = Change::begin(&world.store, &FixedClock(at), actor, None).await.unwrap() else {
            panic!("a change without a key is new")
        };
        let fee = NewFee { amount: amount.parse().unwrap(), reference: "number".into(), description: "month".into() };
        fees::post(&mut change, a1.id, &fee, "monthly fee").await.unwrap();
        change.commit(200, &Value::Null).await.unwrap();
    }
    // 100 - 18 - 249.50.
    assert_eq!(world.balance("a1").await, "-167.5");
    let traffic = asked(&api, &format!("a1/traffic?from={year}-06&to={year}-07")).await;
    let months: Vec<_> = traffic["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|month| {
            (month["month"].as_str().unwrap(), month["gross"].as_str().unwrap(), month["calls"].as_i64().unwrap())
        })
        .collect();
    let (june, july) = (format!("{year}-06"), format!("{year}-07"));
    assert_eq!(months, [(july.as_str(), "3", 1), (june.as_str(), "15", 2)], "{traffic}");
    assert_eq!(traffic["items"][1]["services"][0]["seconds"], 1500);
    assert_eq!(asked(&api, "a1/traffic").await, traffic);
    let only = asked(&api, &format!("a1/traffic?from={june}&to={june}")).await;
    assert_eq!(only["items"].as_array().unwrap().len(), 1);
    let first = asked(&api, "a1/fees?limit=1").await;
    assert_eq!((&first["items"][0]["month"], &first["items"][0]["amount"]), (&json!(july), &json!("99.5")), "{first}");
    let rest = asked(&api, &format!("a1/fees?cursor={}", first["next_cursor"].as_str().unwrap())).await;
    assert_eq!((&rest["items"][0]["month"], &rest["items"][0]["amount"]), (&json!(june), &json!("150")), "{rest}");
    assert_eq!(rest["items"].as_array().unwrap().len(), 1);
    let of_june = asked(&api, &format!("a1/fees?from={june}-01&to={june}-30")).await;
    assert_eq!(of_june["items"].as_array().unwrap().len(), 1);
    assert_eq!(asked(&api, "a2/fees").await["items"], json!([]));
    for query in ["traffic?from=June", "traffic?from=2026-07&to=2026-06", "fees?from=x"] {
        assert_eq!(api.get(&format!("/v1/accounts/a1/{query}"), "support").await.status, 422, "{query}");
    }
    world.assert_books_agree().await;
    world.drop().await;
}

/// Lists that come from ClickHouse as files: rows as in JSON, moments in the billing zone; what would leave rows out without being asked to is refused.
#[tokio::test(flavor = "multi_thread")]
async fn pages_of_calls_become_files() {
    let world = World::new(1).await;
    let at = noon() - TimeDelta::hours(3);
    for number in 0..12 {
        world.send(0, &call(&format!("c{number}"), at + TimeDelta::seconds(number), 60, json!({})));
    }
    world.ingest().await.unwrap();
    let api = Api::serve(&world, noon()).await;
    let path = "/v1/accounts/a1/calls?service=outgoing";
    let shown = asked(&api, "a1/calls?service=outgoing").await;
    let file = api.get(&format!("{path}&format=csv"), "support").await;
    assert_eq!(file.status, 200, "{}", file.text);
    assert!(
        file.head.contains("content-type: text/csv") && file.head.contains("filename=\"calls.csv\""),
        "{}",
        file.head
    );
    let mut reader = csv::Reader::from_reader(file.bytes.as_slice());
    let titles = reader.headers().unwrap().clone();
    let column = |title: &str| titles.iter().position(|other| other == title).unwrap();
    let [record, started, gross] = ["Запись", "Начало (Europe/Moscow)", "С налогом"].map(column);
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.iter().map(|row| &row[record]).collect::<Vec<_>>(), ids(&shown));
    let newest = at + TimeDelta::seconds(11) + TimeDelta::hours(3);
    assert_eq!(rows[0][started], newest.format("%Y-%m-%d %H:%M:%S").to_string());
    assert_eq!(&rows[0][gross], "0.6");
    let english = api.ask("GET", &format!("{path}&format=csv"), "support", &[("Accept-Language", "en")], None).await;
    assert!(english.text.starts_with("\u{feff}Id,Revision,Archived,Started (Europe/Moscow),"), "{}", english.text);
    let xlsx = api.get(&format!("{path}&format=xlsx"), "support").await;
    assert!(xlsx.status == 200 && xlsx.bytes.starts_with(b"PK"), "{}", xlsx.status);
    for (query, lines) in [
        ("traffic?format=csv", 2),
        ("fees?format=csv", 1),
        ("recordings?service=CALLS_REC&number=74951234567&format=csv", 1),
        ("calls?service=outgoing&format=csv&limit=5", 6),
        ("calls?service=incoming&format=csv", 1),
    ] {
        let file = api.get(&format!("/v1/accounts/a1/{query}"), "support").await;
        assert_eq!((file.status, file.text.lines().count()), (200, lines), "{query}: {}", file.text);
    }
    let strange = api.get(&format!("{path}&format=pdf"), "support").await;
    assert_eq!((strange.status, &strange.body["errors"][0]["pointer"]), (422, &json!("/format")), "{}", strange.text);

    let most = json!({"value": "10", "reason": "test"});
    assert_eq!(api.ask("PUT", "/v1/settings/grid.max_rows", "admin", &[], Some(most)).await.status, 200);
    api.refresh().await;
    let cut = api.get(&format!("{path}&format=csv"), "support").await;
    assert_eq!((cut.status, &cut.body["code"]), (422, &json!("limit_too_large")), "{}", cut.text);
    let ten = api.get(&format!("{path}&format=csv&limit=10"), "support").await;
    assert_eq!((ten.status, ten.text.lines().count()), (200, 11), "{}", ten.text);
    world.drop().await;
}

/// A line of EXPLAIN without the lines of its tree.
fn said(line: &str) -> &str {
    line.trim_start_matches(['│', ' '])
}

/// What is read for an account does not grow with the table: of 600,000 rows of 200 accounts in three months a page reads one granule or two of each part,
/// and a period of a month one month's parts only.
#[tokio::test(flavor = "multi_thread")]
async fn a_search_reads_what_the_account_has() {
    let world = World::new(1).await;
    for month in ["2026-01-01", "2026-02-01", "2026-03-01"] {
        let fill = format!(
            "INSERT INTO calls (identity, account_id, service, outcome, started_at, ended_at, dst, calls, seconds, gross, net)
             SELECT sipHash128('{month}', number), number % 200 + 1, 'outgoing', 'rated', toDateTime64('{month} 00:00:00', 3, 'UTC') + number * 4 AS at, at,
                    '74951234567', 1, 60, 0.6, 0.5 FROM numbers(200000)"
        );
        world.clickhouse.client().query(&fill).execute().await.unwrap();
    }
    let reader = CallsReader::open(&world.clickhouse_url, &world.name);
    let day = |text: &str| Some(format!("{text}T00:00:00Z").parse::<DateTime<Utc>>().unwrap());
    let filter = |from, to| CallsFilter { account_id: 77, service: Service::Outgoing, from, to, numbers: None };
    for (filter, calls, granules_max, parts) in
        [(filter(None, None), 3000, 12, 3), (filter(day("2026-02-01"), day("2026-03-01")), 1000, 4, 1)]
    {
        assert_eq!(reader.count(&filter).await.unwrap(), calls);
        assert_eq!(reader.list(&filter, None, 101).await.unwrap().len(), 101);
        let plan = reader.explain(&filter, 101).await.unwrap();
        // What the primary key leaves, after the period has left out whole months: one for the window, one for the page.
        let ratio = |line: &String, word: &str| -> Option<(u64, u64)> {
            let (selected, all) = said(line).strip_prefix(word)?.split_once('/')?;
            Some((selected.trim().parse().ok()?, all.trim().parse().ok()?))
        };
        let keys: Vec<usize> = (0..plan.len()).filter(|at| said(&plan[*at]) == "PrimaryKey").collect();
        assert_eq!(keys.len(), 2, "{plan:#?}");
        for at in keys {
            let granules = plan[at..].iter().find_map(|line| ratio(line, "Granules:")).unwrap();
            let left = plan[at..].iter().find_map(|line| ratio(line, "Parts:")).unwrap();
            assert!(granules.0 <= granules_max && left.0 <= parts, "{plan:#?}");
        }
        let whole = plan.iter().filter_map(|line| ratio(line, "Granules:")).map(|(_, all)| all).max().unwrap();
        assert!(whole >= 72, "600,000 rows are 74 granules and more: {plan:#?}");
    }
    assert_eq!(
        reader.traffic(77, "2026-01-01".parse().unwrap(), "2026-12-01".parse().unwrap()).await.unwrap().len(),
        0
    );
    world.drop().await;
}
