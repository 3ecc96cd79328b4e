//! The life of a price list: imported, compared, put in force at a date, taken back.

use billing::{Clock, SystemClock};
use chrono::{DateTime, Days, SecondsFormat, Utc};
use serde_json::{Value, json};
use tests::World;

use crate::api::{Answer, Api};

const IMPORTS: &str = "/v1/price-lists/retail/imports";
const CSV: [(&str, &str); 1] = [("Content-Type", "text/csv")];

/// The small operator's retail list with a dearer price, a cheaper one, a new one, and without forwarding.
const SHEET: &str = "Прайс-лист с августа\n\nКод;Услуга;Цена;Тарификация;Страна\n7;outgoing;0,75;1/1;Россия\n381;outgoing;2,5;60/60;Сербия\n\
                     44;outgoing;4;60/60;Британия\n7800;tollfree;0,3;1/1;\n";

async fn import(api: &Api, query: &str, sheet: &[u8]) -> Answer {
    api.send("POST", &format!("{IMPORTS}?{query}"), "head", &CSV, sheet).await
}

async fn draft(api: &Api, query: &str, sheet: &[u8]) -> (i64, Value) {
    let done = import(api, query, sheet).await;
    assert_eq!(done.status, 200, "{}", done.body);
    (done.body["id"].as_i64().unwrap(), done.body["summary"].clone())
}

async fn step(api: &Api, id: i64, step: &str, body: Value) -> Answer {
    let done = api.ask("POST", &format!("{IMPORTS}/{id}/{step}"), "head", &[], Some(body)).await;
    api.refresh().await;
    done
}

fn why() -> Value {
    json!({"reason": "письмо от 20 июля"})
}

/// What a minute to Moscow costs account a1 at a moment, or the verdict where it costs nothing we know.
async fn price(api: &Api, number: &str, service: &str, at: DateTime<Utc>) -> String {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let path = format!("/v1/tariff-check?number={number}&account=a1&service={service}&provider=mts&seconds=60&at={at}");
    let check = api.get(&path, "support").await;
    assert_eq!(check.status, 200, "{}", check.body);
    let amount = check.body["explanation"]["amount"].as_str();
    amount.or(check.body["verdict"].as_str()).unwrap().to_owned()
}

/// The rows of the list from a moment on, without what every row has anew.
async fn rows(api: &Api, at: DateTime<Utc>) -> Vec<Value> {
    let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/v1/price-lists/retail/rates?limit=2&at={at}&cursor={cursor}");
        let page = api.get(&path, "support").await;
        assert_eq!(page.status, 200, "{}", page.body);
        rows.extend(page.body["items"].as_array().unwrap().iter().cloned());
        match page.body["next_cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    for row in &mut rows {
        row.as_object_mut().unwrap().remove("id");
    }
    rows.sort_by_key(ToString::to_string);
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_file_with_faults_to_prices_from_a_date_and_back() {
    let world = World::new(1).await;
    let now = SystemClock.now();
    let api = Api::serve(&world, now).await;
    let date = now.date_naive() + Days::new(2);
    let (before, after) = (now, date.and_hms_opt(0, 0, 1).unwrap().and_utc());
    let at_first = rows(&api, now).await;
    assert_eq!(at_first.len(), 4);

    // Every fault at once, with row and column; nothing is left behind.
    let faulty = SHEET.replace("0,75", "0,7x").replace("381;outgoing", "381;out").replace("44;", "044;");
    let refused = import(&api, "mode=replace", faulty.as_bytes()).await;
    assert_eq!((refused.status, &refused.body["code"]), (422, &json!("import_faults")), "{}", refused.body);
    let pointers: Vec<&str> =
        refused.body["errors"].as_array().unwrap().iter().map(|error| error["pointer"].as_str().unwrap()).collect();
    assert_eq!(pointers, ["/rows/4/price", "/rows/5/service", "/rows/6/prefix"], "{}", refused.body);
    assert_eq!(refused.body["errors_total"], 3);
    let said = refused.body["errors"][0]["detail"].as_str().unwrap();
    assert!(said.starts_with("Строка 4, столбец C «Цена» (price): `0.7x` не подходит"), "{said}");
    assert_eq!(api.get(IMPORTS, "support").await.body["items"], json!([]));

    // 0.60 -> 0.75 is 25 % more, 3 -> 2.5 is 16.6667 % less; 44 is new, forwarding is gone.
    let (id, summary) = draft(&api, &format!("mode=replace&date={date}&file=july.csv"), SHEET.as_bytes()).await;
    let kinds = json!({"new": 1, "gone": 1, "dearer": 1, "cheaper": 1, "changed": 0, "unchanged": 1});
    assert_eq!(summary["kinds"], kinds, "{summary}");
    assert_eq!((&summary["ignored"], &summary["rises"][0]["percent"]), (&json!(["Страна"]), &json!("25")));
    let lines = api.get(&format!("{IMPORTS}/{id}/differences?kind=cheaper"), "support").await;
    let line = &lines.body["items"][0];
    assert_eq!((&line["prefix"], &line["before"], &line["after"]), (&json!("381"), &json!("3"), &json!("2.5")));
    assert_eq!((&line["difference"], &line["percent"], &line["row"]), (&json!("-0.5"), &json!("-16.6667"), &json!(5)));
    let (other, _) = draft(&api, "", b"prefix,service,price\n7,outgoing,0.90\n").await;
    assert_eq!(price(&api, "74951234567", "outgoing", after).await, "0.6", "a draft changes no price");

    // Who may, why, and what is out of date.
    let activate = format!("{IMPORTS}/{id}/activate");
    assert_eq!(api.ask("POST", &activate, "support", &[], Some(why())).await.status, 403);
    assert_eq!(step(&api, id, "activate", json!({})).await.body["code"], "reason_required");
    let done = step(&api, id, "activate", why()).await;
    assert_eq!(done.status, 200, "{}", done.body);
    // Published: 7, 381, 44 and the end of forwarding; withdrawn: forwarding without its end.
    assert_eq!((&done.body["published_rows"], &done.body["withdrawn_rows"]), (&json!(4), &json!(1)));
    assert_eq!(step(&api, id, "activate", why()).await.body["code"], "invalid_transition");
    let stale = step(&api, other, "activate", why()).await;
    assert_eq!((stale.status, &stale.body["code"]), (409, &json!("stale_preview")), "{}", stale.body);
    assert_eq!(step(&api, other, "discard", why()).await.status, 200);

    for (number, service, at, expected) in [
        ("74951234567", "outgoing", before, "0.6"),
        ("74951234567", "outgoing", after, "0.75"),
        ("38112345678", "outgoing", before, "3"),
        ("38112345678", "outgoing", after, "2.5"),
        ("442012345678", "outgoing", before, "NO_RETAIL_PRICE"),
        ("442012345678", "outgoing", after, "4"),
        ("74951234567", "forwarded", before, "0.9"),
        ("74951234567", "forwarded", after, "NO_RETAIL_PRICE"),
    ] {
        assert_eq!(price(&api, number, service, at).await, expected, "{number} {service} {at}");
    }

    // What is exported and imported again changes nothing, as text and as a workbook.
    for (format, kind) in [("csv", "csv"), ("xlsx", "vnd.openxmlformats")] {
        for at in [before, after] {
            let at = at.to_rfc3339_opts(SecondsFormat::Millis, true);
            let file = api.get(&format!("/v1/price-lists/retail/export?format={format}&at={at}"), "support").await;
            assert!(file.status == 200 && file.head.contains(kind), "{}", file.head);
            let query = format!("mode=replace&file=again.{format}&date={at}&backdate=yes");
            let headers = [("Content-Type", "application/octet-stream")];
            let again = api.send("POST", &format!("{IMPORTS}?{query}"), "head", &headers, &file.bytes).await;
            assert_eq!(again.status, 200, "{}", again.body);
            let summary = &again.body["summary"];
            assert_eq!(
                (&summary["publishes"], &summary["withdraws"]),
                (&json!(0), &json!(0)),
                "{format} {at}: {summary}"
            );
            let changed: i64 = ["new", "dearer", "cheaper", "changed"]
                .iter()
                .map(|kind| summary["kinds"][kind].as_i64().unwrap())
                .sum();
            assert_eq!(changed, 0, "{summary}");
        }
    }

    let back = step(&api, id, "roll-back", why()).await;
    assert_eq!((back.status, &back.body["restored_rows"]), (200, &json!(1)), "{}", back.body);
    assert_eq!(rows(&api, now).await, at_first);
    assert_eq!(price(&api, "74951234567", "outgoing", after).await, "0.6");
    assert_eq!(price(&api, "74951234567", "forwarded", after).await, "0.9");
    let history = api.get("/v1/price-lists/retail/prefixes/7/history", "support").await;
    let versions = history.body["items"].as_array().unwrap();
    let restored: Vec<bool> = versions.iter().map(|version| version["restored"].as_bool().unwrap()).collect();
    // From the newest: forwarding restored; 7 of the import and the end of forwarding, withdrawn; two rows of the first load.
    assert_eq!(restored, [true, false, false, false, false], "{}", history.body);
    assert_eq!((&versions[0]["by"], &versions[1]["withdrawn_by_import"]), (&json!("head"), &json!(id)));
    let import = api.get(&format!("{IMPORTS}/{id}"), "support").await;
    assert_eq!((&import.body["state"], &import.body["file"]), (&json!("rolled_back"), &json!("july.csv")));
    assert_eq!(import.body["ended"]["reason"], why()["reason"]);
    world.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn imports_are_taken_back_in_the_order_in_which_they_came() {
    let world = World::new(1).await;
    let now = SystemClock.now();
    let api = Api::serve(&world, now).await;
    let at_first = rows(&api, now).await;
    let (first, _) = draft(&api, "", b"prefix,service,price\n7,outgoing,0.70\n8,outgoing,5\n").await;
    assert_eq!(step(&api, first, "activate", why()).await.status, 200);
    let after_first = rows(&api, now).await;
    // The list ends with the second file: 7, 8 and everything else goes, 8 by a row that the first file brought.
    let (second, summary) = draft(&api, "mode=replace", b"prefix,service,price\n9,outgoing,1\n").await;
    assert_eq!((&summary["kinds"]["gone"], &summary["kinds"]["new"]), (&json!(5), &json!(1)), "{summary}");
    // Exactly now, as the first: its rows never priced a moment, and are withdrawn whole.
    assert_eq!(step(&api, second, "activate", why()).await.status, 200);
    assert_eq!(rows(&api, now).await.len(), 1);
    let refused = step(&api, first, "roll-back", why()).await;
    assert_eq!((refused.status, &refused.body["code"]), (409, &json!("later_import")), "{}", refused.body);
    assert_eq!(step(&api, second, "roll-back", why()).await.status, 200);
    assert_eq!(rows(&api, now).await, after_first);
    assert_eq!(price(&api, "74951234567", "outgoing", now).await, "0.7");
    let back = step(&api, first, "roll-back", why()).await;
    assert_eq!(back.status, 200, "{}", back.body);
    assert_eq!(rows(&api, now).await, at_first);
    assert!(back.body["notice"].as_str().unwrap().contains("уже оценённые"), "{}", back.body);

    // A past date needs a word for it, twice.
    let past = import(&api, "date=2026-01-15", b"prefix,service,price\n7,outgoing,1\n").await;
    assert_eq!((past.status, &past.body["errors"][0]["pointer"]), (422, &json!("/date")), "{}", past.body);
    let (late, _) = draft(&api, "date=2026-01-15&backdate=yes", b"prefix,service,price\n7,outgoing,1\n").await;
    let refused = step(&api, late, "activate", why()).await;
    assert_eq!(refused.body["errors"][0]["pointer"], "/backdate", "{}", refused.body);
    let done = step(&api, late, "activate", json!({"reason": "по договору", "backdate": true})).await;
    assert_eq!(done.status, 200, "{}", done.body);
    assert!(done.body["notice"].as_str().unwrap().contains("уже оценённые"), "{}", done.body);
    assert_eq!(price(&api, "74951234567", "outgoing", "2026-01-16T00:00:00Z".parse().unwrap()).await, "1");
    assert_eq!(price(&api, "74951234567", "outgoing", "2026-01-14T00:00:00Z".parse().unwrap()).await, "0.6");
    world.drop().await;
}

/// Of two people who put drafts of one list in force at once, one is told to look again.
#[tokio::test(flavor = "multi_thread")]
async fn two_activations_at_once() {
    let world = World::new(1).await;
    let api = Api::serve(&world, SystemClock.now()).await;
    let (one, _) = draft(&api, "", b"prefix,service,price\n7,outgoing,0.70\n").await;
    let (two, _) = draft(&api, "", b"prefix,service,price\n7,outgoing,0.80\n").await;
    let (first, second) = tokio::join!(step(&api, one, "activate", why()), step(&api, two, "activate", why()));
    let mut statuses = [first.status, second.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409], "{} {}", first.body, second.body);
    world.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn selling_below_cost_is_said() {
    let world = World::new(1).await;
    let now = SystemClock.now();
    let api = Api::serve(&world, now).await;
    // Wholesale 7 costs 0.20. Retail 0.60 with 22 % inside is 0.4918 without: no loss. At 0.24 it is 0.196721311: 0.003278689 or 1.6393 % below.
    let none = api.get("/v1/price-lists/retail/warnings", "support").await;
    assert_eq!((none.status, &none.body["total"]), (200, &json!(0)), "{}", none.body);
    let (id, summary) = draft(&api, "", b"prefix,service,price\n7,outgoing,0.24\n79,outgoing,1\n").await;
    assert_eq!(summary["losses"], json!({"mts": 1}), "{summary}");
    let losses = api.get(&format!("{IMPORTS}/{id}/warnings"), "support").await;
    let loss = &losses.body["items"][0];
    assert_eq!(
        (&loss["prefix"], &loss["retail"], &loss["wholesale"], &loss["percent"]),
        (&json!("7"), &json!("0.196721311"), &json!("0.2"), &json!("1.6393")),
        "{}",
        losses.body
    );
    assert_eq!(step(&api, id, "activate", why()).await.status, 200);
    let in_force = api.get("/v1/price-lists/retail/warnings", "support").await;
    assert_eq!(
        (&in_force.body["total"], &in_force.body["items"][0]["prefix"]),
        (&json!(1), &json!("7")),
        "{}",
        in_force.body
    );
    // The other way round: a dearer wholesale list, against the retail lists that plans use.
    let path = "/v1/price-lists/wholesale/imports";
    let dearer = api.send("POST", path, "head", &CSV, b"prefix,price\n79,1.1\n").await;
    // 79 of `special` is 1.20, 0.9836 without tax; 79 of `retail` is 1, 0.8197 without; and 79 of `packed` is 0.60, 0.4918
    // without: all below 1.10. 7 is sold below 0.20 as before.
    assert_eq!(dearer.body["summary"]["losses"], json!({"mts": 4}), "{}", dearer.body);
    world.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_are_no_sheets_are_refused() {
    let world = World::new(1).await;
    let api = Api::serve(&world, SystemClock.now()).await;
    for (query, kind, body, status, code) in [
        ("", "text/csv", &b""[..], 422, "import_faults"),
        ("", "text/csv", b"a,b\n1,2\n", 422, "import_faults"),
        ("file=x.xlsx", "", b"PK\x03\x04 no workbook", 422, "import_faults"),
        ("file=x.pdf", "", b"prefix,price\n7,1\n", 415, "unsupported_media_type"),
        ("mode=append", "text/csv", b"prefix,price\n7,1\n", 422, "validation"),
        ("columns=price", "text/csv", b"prefix,price\n7,1\n", 422, "validation"),
        ("misspelt=1", "text/csv", b"prefix,price\n7,1\n", 422, "validation"),
    ] {
        let headers: Vec<(&str, &str)> =
            Some(("Content-Type", kind)).filter(|_| !kind.is_empty()).into_iter().collect();
        let refused = api.send("POST", &format!("{IMPORTS}?{query}"), "head", &headers, body).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (status, Some(code)), "{query} {}", refused.body);
    }
    let nobody = api.send("POST", "/v1/price-lists/nobody/imports", "head", &CSV, b"prefix,price\n7,1\n").await;
    assert_eq!(nobody.status, 404, "{}", nobody.body);
    let large = vec![b'7'; 65 * 1024 * 1024];
    assert_eq!(import(&api, "", &large).await.status, 413);
    // The same key with the same file is one import.
    let headers = [("Content-Type", "text/csv"), ("Idempotency-Key", "once")];
    for _ in 0..2 {
        let done = api.send("POST", IMPORTS, "head", &headers, b"prefix,price\n7,1\n").await;
        assert_eq!(done.status, 200, "{}", done.body);
    }
    assert_eq!(api.get(IMPORTS, "support").await.body["items"].as_array().map(Vec::len), Some(1));
    world.drop().await;
}
