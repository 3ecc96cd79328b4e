//! Lists: every one of them by every column and filter; paging, totals, kept filters, files.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use billing::grid::{Asked, Caller, Claimed, Column, Filter, Grid, Read};
use billing::{Actor, Store, grid, parties, staff};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tests::World;

use crate::api::{Answer, Api};
use crate::audit::begun;

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
    if let Some(word) = schema["enum"][0].as_str().or(schema["items"]["enum"][0].as_str()) {
        return word.to_owned();
    }
    match schema["type"].as_str().unwrap() {
        "boolean" => "true".to_owned(),
        "integer" => "1".to_owned(),
        _ if about.contains("a day,") || about.contains("a day or a moment") => "2026-07-01".to_owned(),
        _ if about.contains("number in any writing") || about.contains("dialled") => "8 (495) 000-00-01".to_owned(),
        _ if about.contains("capital letters") => "RUB".to_owned(),
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
        // In the order of what was found: `сервис`, `сервис`, `сервис плюс`.
        ("name=СЕРВИС", vec!["Строй Сервис", "СтройП Сервис", "Сервис Плюс"]),
        ("name=СЕРВИС&sort=name", vec!["Сервис Плюс", "Строй Сервис", "СтройП Сервис"]),
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
    // What has neither letter nor digit is the beginning of no code; `²` is one to Rust and none to Postgres.
    let none = api.get("/v1/accounts?code=-", "support").await;
    assert_eq!((none.status, &none.body["items"]), (200, &json!([])), "{}", none.text);
    let none = api.get("/v1/search?q=%C2%B2", "support").await;
    assert_eq!((none.status, &none.body["accounts"]["items"]), (200, &json!([])), "{}", none.text);
    let label = "INSERT INTO client_label (name) VALUES ('Важный'); UPDATE client SET label_id = (SELECT id FROM client_label WHERE name = 'Важный') WHERE code = 'c1'";
    world.store.run_past_the_rooms(label).await.unwrap();
    let labelled = api.get(&format!("/v1/clients?label={}", escaped("ВАЖНЫЙ")), "support").await;
    assert_eq!(names(&labelled), ["c1"]);
    let found = api.get("/v1/search?q=%D1%81%D1%82%D1%80%D0%BE%D0%B9", "support").await;
    assert_eq!(found.body["clients"]["items"].as_array().unwrap().len(), 2, "{}", found.body);
    world.drop().await;
}

/// Where a name is found by what was typed, as A33 says it, by a look at each of its letters: the part of the name from there on.
fn found_at<'a>(words: &'a str, typed: &str) -> Option<&'a str> {
    let is_inside = typed.starts_with('%');
    let parts: Vec<&str> = typed.split('%').map(str::trim).filter(|part| !part.is_empty()).collect();
    words.char_indices().map(|(at, _)| at).find_map(|at| {
        let begins_a_word = at == 0 || words[..at].ends_with(' ');
        let mut rest = words[at..].strip_prefix(parts[0]).filter(|_| is_inside || begins_a_word)?;
        for part in &parts[1..] {
            rest = &rest[rest.find(part)? + part.len()..];
        }
        Some(&words[at..])
    })
}

/// M1, A33: whatever the names and whatever is typed, the index of words finds whom a look at each name finds, each once, in the order of what was found,
/// on pages that lose nothing, with the total; also after names changed and clients went.
#[tokio::test(flavor = "multi_thread")]
async fn words_are_found_as_by_a_look_at_each_name() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let mut some = |form: &str| prop::string::string_regex(form).unwrap().new_tree(&mut runner).unwrap().current();
    // Few letters, so that words begin alike, and stand twice in a name.
    let mut clients: BTreeMap<i64, String> =
        (1..=150).map(|id| (9_000 + id, some("[аб]{1,3}( [аб]{1,3}){0,3}"))).collect();
    let rows: Vec<String> = clients.iter().map(|(id, name)| format!("({id}, 'W{id}', '{name}')")).collect();
    let insert = format!("INSERT INTO client (id, code, name) OVERRIDING SYSTEM VALUE VALUES {}", rows.join(","));
    world.store.run_past_the_rooms(&insert).await.unwrap();
    for id in 9_001..=9_040 {
        clients.insert(id, some("[аб]{1,3}( [аб]{1,3}){0,3}"));
        let rename = format!("UPDATE client SET name = '{}' WHERE id = {id}", clients[&id]);
        world.store.run_past_the_rooms(&rename).await.unwrap();
    }
    world
        .store
        .run_past_the_rooms("DELETE FROM client WHERE id > 9140; UPDATE client SET comment = name WHERE id > 9000")
        .await
        .unwrap();
    clients.retain(|id, _| *id <= 9_140);
    for _ in 0..60 {
        let typed = some("%?[аб]{1,3}(( |%)[аб]{1,2}){0,2}%?");
        let mut expected: Vec<(&str, i64)> =
            clients.iter().filter_map(|(id, name)| Some((found_at(name, &typed)?, *id))).collect();
        let is_by_name = typed.starts_with('%');
        if is_by_name {
            expected = expected.iter().map(|(_, id)| (clients[id].as_str(), *id)).collect();
        }
        expected.sort_unstable();
        for filter in ["name", "q"] {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let query = format!("{filter}={}&limit=40&cursor={cursor}", escaped(&typed));
                let page = api.get(&format!("/v1/clients?{query}"), "support").await;
                assert_eq!((page.status, &page.body["total"]), (200, &json!(expected.len())), "{typed}: {}", page.text);
                seen.extend(page.body["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
                match page.body["next_cursor"].as_str() {
                    Some(next) => next.clone_into(&mut cursor),
                    None => break,
                }
            }
            assert_eq!(seen, expected.iter().map(|(_, id)| *id).collect::<Vec<_>>(), "{filter}={typed}");
        }
        // Beside another filter, and in another order, they are the same.
        let query = format!("name={}&sort=-id&active=true&limit=500", escaped(&typed));
        let page = api.get(&format!("/v1/clients?{query}"), "support").await;
        let mut ids: Vec<i64> = expected.iter().map(|(_, id)| *id).collect();
        ids.sort_unstable_by(|one, other| other.cmp(one));
        let seen = page.body["items"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap());
        assert_eq!((seen.collect::<Vec<_>>(), &page.body["total"]), (ids.clone(), &json!(ids.len())), "{typed}");
    }
    world.drop().await;
}

/// What names a client exactly comes before what his name begins with, and whom both find is there once.
#[tokio::test(flavor = "multi_thread")]
async fn exact_matches_come_first_and_nobody_comes_twice() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let insert = "INSERT INTO client (code, name) VALUES ('альфа', 'Яшма'), ('AB-2', 'Альфа'), ('AB-3', 'ООО Альфа Альфа'), ('АЛЬФА-1', 'Альфа 1')";
    world.store.run_past_the_rooms(insert).await.unwrap();
    for (query, expected) in [
        ("альфа", vec!["Яшма", "Альфа", "Альфа 1", "ООО Альфа Альфа"]),
        ("альфа 1", vec!["Альфа 1"]),
        ("ab 2", vec!["Альфа"]),
    ] {
        let found = api.get(&format!("/v1/clients?q={}", escaped(query)), "support").await;
        assert_eq!((names(&found), &found.body["total"]), (expected.clone(), &json!(expected.len())), "{query}");
    }
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
        // `g:name:1:` and a NUL, which Postgres takes in no text.
        ("cursor=673a6e616d653a313a00".to_owned(), "validation", "/cursor"),
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
    assert!(ten.text.starts_with("\u{feff}№,Код,Название,"), "{}", ten.text);
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
        (filter("x", json!({"limit": "10"}), false), (422, "validation"), "/query/limit"),
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
    let undone = format!("/v1/clients?saved={good}&characteristic=&sort=id");
    let all = ["c1", "c2", "c3", "Альфа", "Бета"];
    assert_eq!(names(&api.get(&undone, "support").await), all, "an empty value takes the kept one away");
    assert_eq!(said(&api.get(&format!("/v1/clients?saved={good}"), "sales").await), (422, "validation"));
    let seen = api.get("/v1/saved-filters?list=clients", "sales").await;
    assert_eq!(seen.body["items"].as_array().unwrap().len(), 1);
    let path = format!("/v1/saved-filters/{}", shared.body["id"]);
    let reason = json!({"reason": "test"});
    assert_eq!(said(&api.ask("DELETE", &path, "sales", &[], Some(reason.clone())).await), (404, "not_found"));
    assert_eq!(said(&api.ask("DELETE", &path, "support", &[], Some(reason)).await), (200, ""));
    world.drop().await;
}

/// An export once it has ended.
async fn ended(api: &Api, path: &str, bearer: &str) -> Value {
    let mut state = Value::Null;
    for _ in 0..200 {
        state = api.ask("GET", path, "", &[("Authorization", bearer)], None).await.body;
        if state["state"] != "queued" && state["state"] != "running" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    state
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
        let state = ended(&api, &path, "Bearer token-support").await;
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
    let short = order("support", "csv", json!({"limit": "1"})).await;
    assert_eq!((said(&short), &short.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/query/limit")));
    let audit = api.get("/v1/audit?entity=export&login=support&outcome=done", "admin").await;
    assert_eq!(audit.body["total"], 2, "{}", audit.body);
    world.drop().await;
}

/// A file shows no more than the token that ordered it, and nobody gets one who may not see the list by what he shows now.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_shows_no_more_than_its_order_might() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let by = async |bearer: &str, method: &str, path: &str, body: Option<Value>| {
        api.ask(method, path, "", &[("Authorization", bearer)], body).await
    };
    let token = async |scopes: Value| {
        let wanted = json!({"name": scopes.to_string(), "scopes": scopes, "days": 10, "reason": "test"});
        let made = api.ask("POST", "/v1/staff/admin/tokens", "admin", &[], Some(wanted)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        format!("Bearer {}", made.body["token"].as_str().unwrap())
    };
    let order = async |bearer: &str, list: &str| {
        let body = json!({"list": list, "query": {}, "reason": "test"});
        let ordered = by(bearer, "POST", "/v1/exports", Some(body)).await;
        assert_eq!(ordered.status, 201, "{}", ordered.body);
        format!("/v1/exports/{}", ordered.body["id"])
    };
    // Making a token leaves a line about a user, which takes `staff.view` to see.
    let narrow = token(json!(["audit.view", "list.keep"])).await;
    let whole = "Bearer token-admin";
    let (by_narrow, by_whole) = (order(&narrow, "audit").await, order(whole, "audit").await);
    for (path, bearer, has_users) in [(&by_narrow, narrow.as_str(), false), (&by_whole, whole, true)] {
        let state = ended(&api, path, bearer).await;
        assert_eq!(state["state"], "done", "{state}");
        let file = by(bearer, "GET", &format!("{path}/file"), None).await;
        assert_eq!(file.status, 200, "{}", file.text);
        assert_eq!(file.text.contains("staff.token"), has_users, "{}", file.text);
    }
    for path in [by_whole.clone(), format!("{by_whole}/file")] {
        assert_eq!(
            said(&by(&narrow, "GET", &path, None).await),
            (403, "forbidden"),
            "made with more than the token has"
        );
    }

    let support = "Bearer token-support";
    let clients = order(support, "clients").await;
    assert_eq!(ended(&api, &clients, support).await["state"], "done");
    for (path, body) in [
        (
            "/v1/roles",
            json!({"code": "keeper", "name_ru": "Хранит", "name_en": "Keeps", "permissions": ["list.keep"], "reason": "test"}),
        ),
        ("/v1/staff/support/roles", json!({"roles": ["keeper"], "reason": "test"})),
    ] {
        let method = if path == "/v1/roles" { "POST" } else { "PUT" };
        let done = api.ask(method, path, "admin", &[], Some(body)).await;
        assert!(done.status < 300, "{}", done.body);
    }
    for path in [clients.clone(), format!("{clients}/file")] {
        assert_eq!(said(&by(support, "GET", &path, None).await), (403, "forbidden"), "who lost `client.view`");
    }
    world.drop().await;
}

/// An order of a user of support, which no program has begun to make; his identifier.
async fn order_past_the_api(world: &World) -> i64 {
    let user_id =
        staff::add_token(&world.store, "support", "support", "token", now() + TimeDelta::days(1)).await.unwrap();
    let ordered = format!(
        "INSERT INTO export (user_id, list, query, format, language, scopes, state, ordered_at, expires_at)
         VALUES ({user_id}, 'clients', '{{}}', 'csv', 'ru', '{{client.view,list.keep}}', 'queued', '{at}', '{at}'::timestamptz + interval '1 day')",
        at = now().to_rfc3339()
    );
    world.store.run_past_the_rooms(&ordered).await.unwrap();
    user_id
}

/// A maker that was taken for dead writes nothing more; one that beats is not taken for dead; what breaks off time and again is given up.
#[tokio::test(flavor = "multi_thread")]
async fn one_maker_at_a_time_and_not_for_ever() {
    let world = World::new(1).await;
    order_past_the_api(&world).await;
    let after = |seconds: i64| now() + TimeDelta::seconds(seconds);
    let dead = grid::claim(&world.store, now()).await.unwrap().unwrap();
    assert!(grid::put_chunk(&world.store, &dead, 0, b"old").await.unwrap());
    assert!(grid::beat(&world.store, &dead, after(100)).await.unwrap());
    assert!(grid::claim(&world.store, after(150)).await.unwrap().is_none(), "it beat 50 s ago");
    let alive = grid::claim(&world.store, after(300)).await.unwrap().unwrap();
    assert!(!grid::put_chunk(&world.store, &dead, 0, b"old").await.unwrap());
    assert!(!grid::beat(&world.store, &dead, after(300)).await.unwrap());
    assert!(grid::put_chunk(&world.store, &alive, 0, b"anew").await.unwrap());
    assert_eq!(grid::size(&world.store, alive.export.id).await.unwrap(), 4);
    for (seconds, is_hopeless) in [(600, false), (900, false), (1_200, false), (1_500, true)] {
        let claimed = grid::claim(&world.store, after(seconds)).await.unwrap().unwrap();
        assert_eq!(claimed.is_hopeless(), is_hopeless, "{seconds}");
        assert!(grid::put_chunk(&world.store, &claimed, 0, b"part").await.unwrap());
        if is_hopeless {
            grid::fail(&world.store, &claimed, "why", after(seconds)).await.unwrap();
        }
    }
    assert_eq!(grid::size(&world.store, alive.export.id).await.unwrap(), 0, "what failed keeps no bytes");

    // The program gives up too, in the words of the owner.
    let again = "UPDATE export SET state = 'queued', error = NULL, finished_at = NULL";
    world.store.run_past_the_rooms(again).await.unwrap();
    let api = Api::serve(&world, now()).await;
    let state = ended(&api, &format!("/v1/exports/{}", alive.export.id), "Bearer token-support").await;
    assert_eq!(state["state"], "failed", "{state}");
    assert!(state["error"].as_str().unwrap().contains("обрывалась"), "{state}");
    world.drop().await;
}

/// Whoever removes parts holds the row of the export; with this he goes on only when somebody waits for him there.
const SLOW_REMOVAL: &str = "CREATE FUNCTION until_somebody_waits() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        FOR i IN 1..500 LOOP
            EXIT WHEN EXISTS (SELECT FROM pg_locks WHERE transactionid = pg_current_xact_id()::xid AND NOT granted);
            PERFORM pg_sleep(0.01);
        END LOOP;
        RETURN NULL;
    END $$;
    CREATE TRIGGER until_somebody_waits BEFORE DELETE ON export_chunk FOR EACH STATEMENT EXECUTE FUNCTION until_somebody_waits()";

/// Writes part after part, as a maker does that knows of nothing, until it is told that they count no more.
async fn write_on(world: &World, claimed: &Claimed, first: i32) {
    for number in first..20_000 {
        if !grid::put_chunk(&world.store, claimed, number, b"old").await.unwrap() {
            return;
        }
    }
    panic!("a maker writes on and on");
}

/// Takes an order over at a moment at which no part is just being written.
async fn take_over(world: &World, at: DateTime<Utc>) -> Claimed {
    for _ in 0..20_000 {
        if let Some(claimed) = grid::claim(&world.store, at).await.unwrap() {
            return claimed;
        }
    }
    panic!("an order is never free");
}

/// Of makers that come at once one has the order; and a maker that still writes while another takes the order over, or its owner cancels it, waits and leaves
/// no part behind.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_maker_leaves_no_part_behind() {
    let world = World::new(1).await;
    let user_id = order_past_the_api(&world).await;
    let claim = || grid::claim(&world.store, now());
    let (one, two, three) = tokio::join!(claim(), claim(), claim());
    let mut makers: Vec<Claimed> = [one, two, three].into_iter().filter_map(Result::unwrap).collect();
    assert_eq!(makers.len(), 1, "{makers:?}");
    let late = makers.remove(0);
    let id = late.export.id;
    let size = async || grid::size(&world.store, id).await.unwrap();

    world.store.run_past_the_rooms(SLOW_REMOVAL).await.unwrap();
    let silent = now() + TimeDelta::minutes(5);
    let ((), alive) = tokio::join!(write_on(&world, &late, 0), take_over(&world, silent));
    assert_eq!(size().await, 0, "parts of the late one stay");
    assert!(grid::put_chunk(&world.store, &alive, 0, b"anew").await.unwrap());
    assert!(!grid::put_chunk(&world.store, &late, 0, b"old").await.unwrap());
    let first = grid::chunk(&world.store, id, 0).await.unwrap();
    assert_eq!(first.as_deref(), Some(b"anew".as_slice()), "a part stands once");

    let cancel = async {
        let mut change = begun(&world, Actor::named(user_id, "support", "cancel")).await;
        grid::cancel(&mut change, id, "test").await.unwrap();
        change.commit(200, &json!({})).await.unwrap();
    };
    tokio::join!(write_on(&world, &alive, 1), cancel);
    assert_eq!(size().await, 0, "parts of a cancelled export stay");
    world.drop().await;
}

/// An export in which something of ours breaks has failed and says no more than that; the next one is made all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_panic_ends_one_export_and_not_the_next() {
    let world = World::new(1).await;
    // A moment behind the end of all calendars: whoever reads it panics, here in the midst of making the file.
    let party = "INSERT INTO party (kind, name, created_at, updated_at) VALUES ('natural', 'N', now(), 'infinity')";
    world.store.run_past_the_rooms(party).await.unwrap();
    let store = world.store.clone();
    let read = tokio::spawn(async move {
        let column = &parties::GRID.columns[0];
        let asked = Asked { filters: Vec::new(), column, descending: false, is_nothing: false, after: None };
        let caller = Caller { id: 0, rights: Vec::new(), now: now() };
        grid::Reader::begin(&store).await.unwrap().page(&parties::GRID, &asked, &caller, 1).await
    });
    assert!(read.await.unwrap_err().is_panic(), "without a panic this test shows nothing");
    let api = Api::serve(&world, now()).await;
    let order = async |list: &str| {
        let body = json!({"list": list, "query": {}, "reason": "test"});
        let ordered = api.ask("POST", "/v1/exports", "admin", &[], Some(body)).await;
        assert_eq!(ordered.status, 201, "{}", ordered.body);
        format!("/v1/exports/{}", ordered.body["id"])
    };
    let (broken, next) = (order("parties").await, order("clients").await);
    let state = ended(&api, &broken, "Bearer token-admin").await;
    assert_eq!((&state["state"], &state["error"]), (&json!("failed"), &json!("Внутренняя ошибка")), "{state}");
    let file = api.get(&format!("{broken}/file"), "admin").await;
    assert_eq!(said(&file), (409, "invalid_transition"), "{}", file.text);
    let state = ended(&api, &next, "Bearer token-admin").await;
    assert_eq!((&state["state"], &state["rows_done"]), (&json!("done"), &json!(3)), "{state}");
    world.drop().await;
}

/// A list of one row: how long its statement may take.
static LIMIT: Grid = Grid {
    name: "limit",
    ru: "Срок",
    en: "Limit",
    from: "(SELECT 1::bigint AS id, current_setting('statement_timeout') AS text) t",
    key: "t.id",
    columns: &[Column::text("text", "t.text", "Срок", "Limit", "20s").sorted()],
    filters: &[Filter::new("text", "t.text = {}", Read::Word, "Срок", "Limit")],
    order: "text",
    required: &[],
    keys_first: false,
};

/// The edge gives an answer up after 30 s: by then the statement of a list has ended too, and its connection is free. What is not a list has no such limit.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_ends_before_it_is_given_up() {
    let world = World::new(1).await;
    // One connection: what a list leaves on it is there for whoever has it next.
    let store = Store::open(&world.postgres, 1).unwrap();
    let caller = Caller { id: 0, rights: Vec::new(), now: now() };
    let limit = || grid::Value::Text("20s".into());
    let asked =
        |filters| Asked { filters, column: &LIMIT.columns[0], descending: false, is_nothing: false, after: None };
    let mut reader = grid::Reader::begin(&store).await.unwrap();
    let page = reader.page(&LIMIT, &asked(Vec::new()), &caller, 10).await.unwrap();
    assert_eq!(page.rows[0].cells, [Some(limit())]);
    let filter = LIMIT.filter("text").unwrap();
    let total = reader.total(&LIMIT, &asked(vec![(filter, limit())]), &caller).await.unwrap();
    assert_eq!(total, 1, "counting has the same limit");
    let other = "DO $$ BEGIN ASSERT current_setting('statement_timeout') <> '20s'; END $$";
    store.run_past_the_rooms(other).await.unwrap();
    world.drop().await;
}

/// Asks for the list of parties until it is refused.
async fn refused_parties(api: &Api) -> Answer {
    for _ in 0..2_000 {
        let answer = api.get("/v1/parties", "admin").await;
        if answer.status != 200 {
            return answer;
        }
    }
    panic!("the list of parties is never refused");
}

/// A list that takes too long is refused in words of ours, and costs nobody else a connection.
#[tokio::test(flavor = "multi_thread")]
async fn a_list_that_takes_too_long_is_told_so() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    // Its statement finds the table held, and is ended by hand: Postgres says the same as when the limit ends it (57014), only sooner.
    let hold_and_end = "BEGIN; LOCK TABLE party; DO $$ BEGIN
            FOR i IN 1..1000 LOOP
                EXIT WHEN (SELECT count(pg_cancel_backend(pid)) > 0 FROM pg_locks
                           WHERE relation = 'party'::regclass AND database = (SELECT oid FROM pg_database WHERE datname = current_database()) AND NOT granted);
                PERFORM pg_sleep(0.01);
            END LOOP;
        END $$; COMMIT";
    let (held, refused) = tokio::join!(world.store.run_past_the_rooms(hold_and_end), refused_parties(&api));
    held.unwrap();
    assert_eq!(said(&refused), (504, "timeout"), "{}", refused.text);
    assert!(refused.head.contains("application/problem+json"), "{}", refused.head);
    assert!(!refused.head.contains("retry-after: "), "the same list would take as long: {}", refused.head);
    assert!(!refused.text.contains("cancel"), "the words of Postgres stay inside: {}", refused.text);
    // Oftener than there are connections: also the one on which the statement ended.
    for _ in 0..40 {
        let answer = api.get("/v1/parties", "admin").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
    }
    world.drop().await;
}

/// An export goes on where a step ended, whatever the order: of rows in several steps each stands once.
#[tokio::test(flavor = "multi_thread")]
async fn long_files_lose_and_repeat_nothing() {
    let world = World::new(1).await;
    let parties = "INSERT INTO party (kind, name, region, created_at, updated_at) SELECT 'natural', 'N ' || i % 7, 'R ' || i % 3, now(), now() FROM generate_series(1, 4500) i";
    world.store.run_past_the_rooms(parties).await.unwrap();
    let api = Api::serve(&world, now()).await;
    for sort in ["-id", "name"] {
        let body = json!({"list": "parties", "query": {"kind": "natural", "sort": sort}, "reason": "test"});
        let ordered = api.ask("POST", "/v1/exports", "admin", &[], Some(body)).await;
        assert_eq!(ordered.status, 201, "{}", ordered.body);
        let path = format!("/v1/exports/{}", ordered.body["id"]);
        let state = ended(&api, &path, "Bearer token-admin").await;
        assert_eq!((&state["state"], &state["rows_done"]), (&json!("done"), &json!(4_500)), "{state}");
        let file = api.get(&format!("{path}/file"), "admin").await;
        let mut reader = csv::Reader::from_reader(file.bytes.as_slice());
        let ids: Vec<i64> = reader.records().map(|row| row.unwrap()[0].parse().unwrap()).collect();
        let different: BTreeSet<i64> = ids.iter().copied().collect();
        assert_eq!((ids.len(), different.len()), (4_500, 4_500), "{sort}");
        assert!(sort != "-id" || ids.is_sorted_by(|before, after| before > after));
    }
    world.drop().await;
}

/// T14: a contract that is over is none, whatever its state, also where no account is left; leads have none yet.
#[tokio::test(flavor = "multi_thread")]
async fn a_contract_that_is_over_is_none() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let contract = "INSERT INTO contract_template (code, title, legal_entity_id, language, version, created_at, created_by) SELECT 't', 't', min(id), 'ru', 1, now(), 'x' FROM legal_entity;
        INSERT INTO contract_template_version (template_id, version, body, created_at, created_by) SELECT id, version, 't', now(), 'x' FROM contract_template;
        INSERT INTO contract (number, client_id, legal_entity_id, kind, template_id, template_version, state, signed_on, valid_from, valid_to, created_at, created_by, activated_at)
        SELECT c.code, c.id, t.legal_entity_id, (SELECT min(code) FROM contract_kind), t.id, t.version, 'active', '2026-01-01', '2026-01-01', '2026-06-30', now(), 'x', now()
        FROM contract_template t, client c WHERE c.code = 'c1';
        UPDATE account SET active = false WHERE code = 'a1';
        UPDATE client SET stage = 'lead' WHERE code = 'c2'";
    world.store.run_past_the_rooms(contract).await.unwrap();
    let codes = async |path: &str| {
        let list = api.get(path, "admin").await;
        assert_eq!(list.status, 200, "{}", list.text);
        let rows = list.body["items"].as_array().unwrap().iter();
        rows.map(|row| row["code"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(codes("/v1/clients-without-contract").await, ["c1", "c3"]);
    assert_eq!(codes("/v1/reports/completeness?lacks=contract").await, ["c1", "c3"]);
    let in_force = "UPDATE contract SET valid_to = '2026-07-01'";
    world.store.run_past_the_rooms(in_force).await.unwrap();
    assert_eq!(codes("/v1/clients-without-contract").await, ["c3"]);
    assert_eq!(codes("/v1/reports/completeness?lacks=contract").await, ["c3"]);
    world.drop().await;
}

/// M58: who is liquidated by his status is so since that became known, not on a day of termination that has not come.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_was_liquidated_on_a_day_to_come() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let party =
        "WITH party AS (INSERT INTO party (kind, name, registry_status, status_at, termination_date, created_at)
            VALUES ('legal', 'N', 'inactive', '2026-06-15T09:00:00Z', '2027-01-01', now()) RETURNING id)
        UPDATE client SET party_id = (SELECT id FROM party) WHERE code = 'c3'";
    world.store.run_past_the_rooms(party).await.unwrap();
    let report = "/v1/reports/liquidation-notices?liquidation_from=2026-06-01&liquidation_to=2026-07-01";
    let list = api.get(report, "support").await;
    let row = &list.body["items"][0];
    assert_eq!(
        (&row["client"], &row["liquidation_date"], &row["excluded"]),
        (&json!("c3"), &json!("2026-06-15"), &json!(false)),
        "{}",
        list.text
    );
    world.drop().await;
}
