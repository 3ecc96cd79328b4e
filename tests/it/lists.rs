//! Lists: every one of them by every column and filter; paging, totals, kept filters, files.

use std::collections::BTreeSet;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::World;

use crate::api::{Answer, Api};

fn now() -> DateTime<Utc> {
    "2026-07-01T10:00:00Z".parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// A value that a parameter of this schema takes.
fn sample(name: &str, parameter: &Value) -> String {
    let schema = &parameter["schema"];
    let about = parameter["description"].as_str().unwrap();
    if let Some(word) = schema["enum"][0].as_str() {
        return word.to_owned();
    }
    match (schema["type"].as_str().unwrap(), schema["format"].as_str()) {
        ("boolean", _) => "true".to_owned(),
        ("integer", _) => "1".to_owned(),
        (_, Some("date")) => "2026-07-01".to_owned(),
        _ if about.contains("a day or a moment") => "2026-07-01".to_owned(),
        _ if about.contains("number in any writing") || about.contains("dialled") => "8 (495) 000-00-01".to_owned(),
        _ if about.contains("capital letters") => "RUB".to_owned(),
        _ if about.contains("Some of: ") => {
            about.split("Some of: ").nth(1).unwrap().split([',', ';']).next().unwrap().to_owned()
        }
        _ if about.contains("a decimal") => "1.50".to_owned(),
        _ => format!("{name}1"),
    }
}

fn escaped(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

/// Whatever lists there are: each answers by each of its orders and filters, as JSON and as files of the same rows.
#[tokio::test(flavor = "multi_thread")]
async fn every_list_answers_by_every_column_and_filter() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let document = api.get("/openapi.json", "").await.body;
    let mut lists = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let operation = &item["get"];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        if !parameters.iter().any(|parameter| parameter["name"] == "saved") {
            continue;
        }
        lists += 1;
        // One of the filters that the list requires is enough.
        let needed = parameters.iter().find(|parameter| parameter["x-required-one-of"] == true).map(|parameter| {
            let name = parameter["name"].as_str().unwrap();
            (name, format!("{name}={}", escaped(&sample(name, parameter))))
        });
        let base = format!("{path}?{}", needed.as_ref().map(|(_, pair)| pair.as_str()).unwrap_or_default());
        let ask = async |more: String| {
            let answer = api.get(&format!("{base}&{more}"), "admin").await;
            assert_eq!(answer.status, 200, "{base}&{more}: {}", answer.text);
            answer
        };
        for parameter in &parameters {
            let name = parameter["name"].as_str().unwrap();
            match name {
                "sort" => {
                    for order in parameter["schema"]["enum"].as_array().unwrap() {
                        let page = ask(format!("sort={}&limit=1", order.as_str().unwrap())).await.body;
                        if let Some(cursor) = page["next_cursor"].as_str() {
                            ask(format!("sort={}&limit=1&cursor={cursor}", order.as_str().unwrap())).await;
                        }
                    }
                }
                "cursor" | "saved" | "limit" | "format" => {}
                _ if needed.as_ref().is_some_and(|(needed, _)| *needed == name) => {}
                _ => {
                    ask(format!("{name}={}", escaped(&sample(name, parameter)))).await;
                }
            }
        }
        let rows = ask(String::new()).await.body;
        let csv = ask("format=csv".to_owned()).await;
        let mut reader = csv::Reader::from_reader(csv.bytes.as_slice());
        assert_eq!(reader.records().count(), rows["items"].as_array().unwrap().len(), "{path}");
        let xlsx = ask("format=xlsx".to_owned()).await;
        assert!(xlsx.bytes.starts_with(b"PK"), "{path}");
        let unknown = api.get(&format!("{base}&no_such=1"), "admin").await;
        assert_eq!(
            (said(&unknown), &unknown.body["errors"][0]["pointer"]),
            ((422, "validation"), &json!("/no_such")),
            "{path}"
        );
    }
    assert!(lists >= 8, "{lists}");
    world.drop().await;
}

async fn make_clients(api: &Api, names: &[(&str, Value)]) -> Vec<String> {
    let mut codes = Vec::new();
    for (number, (name, more)) in names.iter().enumerate() {
        let mut body = json!({"name": name, "email": format!("n{number}@example.ru"), "reason": "test"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let made = api.ask("POST", "/v1/clients", "sales", &[], Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        codes.push(made.body["code"].as_str().unwrap().to_owned());
    }
    codes
}

fn names(answer: &Answer) -> Vec<&str> {
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.body["items"].as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect()
}

/// M1, M2, M3, A33: clients by words, INN, number, anything; filters hold together.
#[tokio::test(flavor = "multi_thread")]
async fn clients_are_found_by_whatever_is_known_of_them() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let party =
        |inn: &str, name: &str| json!({"party": {"kind": "legal", "name": name, "inn": inn, "kpp": "770701001"}});
    make_clients(
        &api,
        &[
            ("Строй Сервис", party("7707083893", "ООО «Строй Сервис»")),
            ("СтройП Сервис", json!({"phone": "8 (495) 200-0-200", "characteristic": "conflict"})),
            ("Ромашка", json!({"manager": "sales"})),
            ("Сервис Плюс", json!({"comment": "100% наш"})),
        ],
    )
    .await;
    for (query, expected) in [
        ("name=%25сервис", vec!["Сервис Плюс", "Строй Сервис", "СтройП Сервис"]),
        ("name=Стр%25", vec!["Строй Сервис", "СтройП Сервис"]),
        ("name=СЕРВИС", vec!["Сервис Плюс", "Строй Сервис", "СтройП Сервис"]),
        ("name=ервис", vec![]),
        ("name=стр_й", vec![]),
        ("inn=7707083893", vec!["Строй Сервис"]),
        ("q=7707083893", vec!["Строй Сервис"]),
        ("q=стройп", vec!["СтройП Сервис"]),
        ("q=8(495)200-0-200", vec!["СтройП Сервис"]),
        ("q=N2@Example.RU", vec!["Ромашка"]),
        ("phone=%2B74952000200", vec!["СтройП Сервис"]),
        ("account=a1", vec!["c1"]),
        ("q=a1", vec!["c1"]),
        ("number=8(495)000-00-01", vec!["c1"]),
        ("q=74950000001", vec!["c1"]),
        ("manager=SALES", vec!["Ромашка"]),
        ("name=сервис&characteristic=conflict", vec!["СтройП Сервис"]),
        ("name=сервис&characteristic=conflict&inn=7707083893", vec![]),
        ("code=no-such", vec![]),
        ("state=active&sort=code", vec!["c1", "c2", "c3"]),
        ("without_manager=false", vec!["Ромашка"]),
        ("name=Р%25&registered_from=2026-07-01&registered_to=2026-07-01", vec!["Ромашка"]),
    ] {
        let ascii = |letter: char| if letter.is_ascii() { letter.to_string() } else { escaped(&letter.to_string()) };
        let query: String = query.chars().map(ascii).collect();
        let found = api.get(&format!("/v1/clients?{query}"), "support").await;
        assert_eq!(names(&found), expected, "{query}");
    }
    let mine = api.get("/v1/clients?mine=true", "sales").await;
    assert_eq!(names(&mine), ["Ромашка"]);
    let nothing = api.get("/v1/clients?name=%25", "support").await;
    assert_eq!((said(&nothing), &nothing.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/name")));

    // M2: a number leads to its holder; one that rests has none; one that is not ours says so.
    for (q, number, client, not_ours) in [
        ("8%28495%29000-00-01", json!("74950000001"), json!("c1"), Value::Null),
        ("74950000009", json!("74950000009"), Value::Null, Value::Null),
        ("84951112233", Value::Null, Value::Null, json!("74951112233")),
    ] {
        let found = api.get(&format!("/v1/search?q={q}"), "support").await;
        assert_eq!(found.status, 200, "{}", found.text);
        let row = &found.body["numbers"]["items"][0];
        assert_eq!((&row["number"], &row["client"], &found.body["not_ours"]), (&number, &client, &not_ours), "{q}");
    }
    let found = api.get("/v1/search?q=%D1%81%D1%82%D1%80%D0%BE%D0%B9", "support").await;
    assert_eq!(found.body["clients"]["items"].as_array().unwrap().len(), 2, "{}", found.body);
    world.drop().await;
}

/// M65: pages lose and repeat nothing, whatever the order; the total is told; what cannot be is named.
#[tokio::test(flavor = "multi_thread")]
async fn pages_lose_and_repeat_nothing() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let several: Vec<(String, Value)> = (0..23).map(|number| (format!("Имя {}", number % 5), json!({}))).collect();
    let several: Vec<(&str, Value)> = several.iter().map(|(name, more)| (name.as_str(), more.clone())).collect();
    make_clients(&api, &several).await;
    for sort in ["name", "-name", "id", "-registered_at", "code"] {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = api.get(&format!("/v1/clients?sort={sort}&limit=4&cursor={cursor}"), "support").await;
            assert_eq!((page.status, &page.body["total"], &page.body["total_exact"]), (200, &json!(26), &json!(true)));
            let rows = page.body["items"].as_array().unwrap();
            seen.extend(rows.iter().map(|row| row["id"].as_i64().unwrap()));
            match page.body["next_cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let different: BTreeSet<i64> = seen.iter().copied().collect();
        assert_eq!((seen.len(), different.len()), (26, 26), "{sort}");
    }
    let first = api.get("/v1/clients?sort=name&limit=4", "support").await;
    let cursor = first.body["next_cursor"].as_str().unwrap();
    for (query, code, pointer) in [
        (format!("sort=-name&cursor={cursor}"), "validation", "/cursor"),
        ("cursor=00".to_owned(), "validation", "/cursor"),
        ("sort=email".to_owned(), "validation", "/sort"),
        ("limit=5001".to_owned(), "limit_too_large", "/limit"),
        ("format=pdf".to_owned(), "validation", "/format"),
        ("state=asleep".to_owned(), "validation", "/state"),
        ("limit=1&limit=2".to_owned(), "validation", "/limit"),
        ("saved=77".to_owned(), "validation", "/saved"),
    ] {
        let refused = api.get(&format!("/v1/clients?{query}"), "support").await;
        assert_eq!((said(&refused).1, refused.body["errors"][0]["pointer"].as_str()), (code, Some(pointer)), "{query}");
    }
    // A file without a wish has all rows, or is refused.
    let most = json!({"value": "10", "reason": "test"});
    assert_eq!(api.ask("PUT", "/v1/settings/grid.max_rows", "admin", &[], Some(most)).await.status, 200);
    api.refresh().await;
    let cut = api.get("/v1/clients?format=csv", "support").await;
    assert_eq!(said(&cut), (422, "limit_too_large"), "{}", cut.text);
    let ten = api.get("/v1/clients?format=csv&limit=10&sort=name", "support").await;
    assert_eq!(ten.text.lines().count(), 11, "{}", ten.text);
    assert!(ten.text.starts_with("№,Код,Название,"), "{}", ten.text);
    assert!(ten.text.contains("2026-07-01 13:00:00"), "moments are in the billing zone: {}", ten.text);
    world.drop().await;
}

/// Filters that people keep: their own, those that others share, and nobody else's.
#[tokio::test(flavor = "multi_thread")]
async fn filters_are_kept() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    make_clients(&api, &[("Альфа", json!({"characteristic": "good"})), ("Бета", json!({}))]).await;
    let save = async |role: &str, body: Value| {
        api.ask("POST", "/v1/saved-filters", role, &[("Accept-Language", "en")], Some(body)).await
    };
    let filter = |name: &str, query: Value, shared: bool| json!({"list": "clients", "name": name, "query": query, "shared": shared, "reason": "test"});
    let good = save("support", filter("Хорошие", json!({"characteristic": "good", "sort": "-name"}), false)).await;
    assert_eq!(good.status, 201, "{}", good.body);
    let shared = save("support", filter("Все", json!({"name": "%а"}), true)).await;
    for (body, expected, pointer) in [
        (filter("ХОРОШИЕ", json!({}), false), (409, "already_exists"), "/name"),
        (filter("x", json!({"characteristic": "bad"}), false), (422, "validation"), "/query/characteristic"),
        (filter("x", json!({"cursor": "1"}), false), (422, "validation"), "/query/cursor"),
        (filter("x", json!({"no": "1"}), false), (422, "validation"), "/query/no"),
        (json!({"list": "nothing", "name": "x", "query": {}, "reason": "r"}), (422, "validation"), "/list"),
    ] {
        let refused = save("support", body).await;
        assert_eq!(
            (said(&refused), refused.body["errors"][0]["pointer"].as_str()),
            (expected, Some(pointer)),
            "{}",
            refused.body
        );
    }
    let forbidden = save("support", json!({"list": "audit", "name": "x", "query": {}, "reason": "r"})).await;
    assert_eq!(said(&forbidden), (403, "forbidden"), "{}", forbidden.body);
    let good = good.body["id"].as_i64().unwrap();
    assert_eq!(names(&api.get(&format!("/v1/clients?saved={good}"), "support").await), ["Альфа"]);
    let other = format!("/v1/clients?saved={good}&characteristic=ordinary&name=%D0%B1");
    assert_eq!(names(&api.get(&other, "support").await), ["Бета"], "what the request says itself counts more");
    assert_eq!(said(&api.get(&format!("/v1/clients?saved={good}"), "sales").await), (422, "validation"));
    let seen = api.get("/v1/saved-filters?list=clients", "sales").await;
    assert_eq!(seen.body["items"].as_array().unwrap().len(), 1);
    let path = format!("/v1/saved-filters/{}", shared.body["id"]);
    let reason = json!({"reason": "test"});
    assert_eq!(said(&api.ask("DELETE", &path, "sales", &[], Some(reason.clone())).await), (404, "not_found"));
    assert_eq!(said(&api.ask("DELETE", &path, "support", &[], Some(reason)).await), (200, ""));
    world.drop().await;
}

/// More rows than an answer has become a file in the background, of its owner only.
#[tokio::test(flavor = "multi_thread")]
async fn long_lists_become_files_in_the_background() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let several: Vec<(&str, Value)> = vec![("=1+1", json!({})), ("Ёлка, «Ель»", json!({})), ("Ромашка", json!({}))];
    make_clients(&api, &several).await;
    let order = async |role: &str, format: &str, query: Value| {
        let body = json!({"list": "clients", "query": query, "format": format, "reason": "test"});
        api.ask("POST", "/v1/exports", role, &[], Some(body)).await
    };
    for format in ["csv", "xlsx"] {
        let ordered = order("support", format, json!({"without_manager": "true", "sort": "-id"})).await;
        assert_eq!(ordered.status, 201, "{}", ordered.body);
        let path = format!("/v1/exports/{}", ordered.body["id"]);
        let mut state = Value::Null;
        for _ in 0..200 {
            state = api.get(&path, "support").await.body;
            if state["state"] != "queued" && state["state"] != "running" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(
            (&state["state"], &state["rows_done"], &state["rows_total"]),
            (&json!("done"), &json!(6), &json!(6)),
            "{state}"
        );
        assert_eq!(api.get(&path, "sales").await.status, 404, "another's export");
        let file = api.get(&format!("{path}/file"), "support").await;
        assert_eq!(file.status, 200);
        if format == "csv" {
            let mut reader = csv::Reader::from_reader(file.text.as_bytes());
            let column: Vec<String> = reader.records().map(|row| row.unwrap()[2].to_owned()).collect();
            assert_eq!(column, ["Ромашка", "Ёлка, «Ель»", "'=1+1", "c3", "c2", "c1"]);
        } else {
            assert!(file.bytes.starts_with(b"PK"));
        }
        assert_eq!(
            said(&api.ask("DELETE", &path, "support", &[], Some(json!({"reason": "r"}))).await),
            (409, "invalid_transition")
        );
    }
    assert_eq!(said(&order("support", "pdf", json!({})).await), (422, "validation"));
    let audit = api.get("/v1/audit?entity=export&login=support&outcome=done", "admin").await;
    assert_eq!(audit.body["total"], 2, "{}", audit.body);
    world.drop().await;
}
