//! Clients as staff keep them: made, changed, found to be the same, deleted; contacts and notes.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::{World, record};

use crate::api::{Answer, Api};

fn now() -> DateTime<Utc> {
    "2026-07-01T10:00:00Z".parse().unwrap()
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// A body with a reason.
fn why(body: Value) -> Value {
    let mut body = body;
    body["reason"] = json!("test");
    body
}

fn company(inn: &str) -> Value {
    json!({"kind": "legal", "name": "ООО «Строй Сервис»", "inn": inn, "kpp": "770701001", "ogrn": "1027700132195"})
}

/// L1, L2, B4, B5: numbers grow, e-mails are unique whatever their case, what is of the beginning has no field.
#[tokio::test(flavor = "multi_thread")]
async fn clients_are_made_and_changed() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let create = async |body: Value| {
        api.ask("POST", "/v1/clients", "sales", &[("Accept-Language", "en")], Some(why(body))).await
    };
    let mut ids = Vec::new();
    for number in 1..=3 {
        let made = create(json!({"name": format!("К{number}"), "email": format!("k{number}@example.ru")})).await;
        assert_eq!(made.status, 201, "{}", made.body);
        assert_eq!(made.body["code"], made.body["id"].to_string());
        ids.push(made.body["id"].as_i64().unwrap());
    }
    assert_eq!((ids[1], ids[2]), (ids[0] + 1, ids[0] + 2));
    let third = format!("/v1/clients/{}", ids[2]);
    let gone = api.ask("DELETE", &third, "admin", &[], Some(why(json!({})))).await;
    assert_eq!((gone.status, api.get(&third, "sales").await.status), (200, 404), "{}", gone.body);
    let next = create(json!({"name": "К4", "email": "k3@example.ru"})).await;
    assert_eq!(next.body["id"], json!(ids[2] + 1), "a number is never used again");
    // Codes that were somebody's choice are passed over, however many they are.
    for taken in [2, 3, 4, 6] {
        let code = (ids[2] + taken).to_string();
        let chosen = json!({"code": code, "name": "по выбору", "email": format!("chosen{taken}@example.ru")});
        assert_eq!(create(chosen).await.status, 201);
    }
    let after = create(json!({"name": "К5", "email": "k5@example.ru"})).await;
    let (id, code) = (after.body["id"].as_i64().unwrap(), after.body["code"].as_str().unwrap().to_owned());
    assert!(after.status == 201 && code == id.to_string() && id > ids[2] + 6, "{}", after.body);
    let later = create(json!({"name": "К6", "email": "k6@example.ru"})).await;
    assert!(later.body["id"].as_i64().unwrap() > id, "{}", later.body);
    for (body, expected, pointer) in [
        (json!({"name": "x", "email": "K1@Example.RU"}), (409, "email_in_use"), "/email"),
        (json!({"name": "x", "email": "k1"}), (422, "validation"), "/email"),
        (json!({"name": " ", "email": "x@example.ru"}), (422, "validation"), "/name"),
        (json!({"name": "x"}), (422, "validation"), "/email"),
        (
            json!({"name": "x", "email": "x@example.ru", "phone_verified_at": "2026-07-01"}),
            (422, "validation"),
            "/phone_verified_at",
        ),
        (json!({"name": "x", "email": "x@example.ru", "phone": "12"}), (422, "validation"), "/phone"),
        (json!({"name": "x", "email": "x@example.ru", "label": "none"}), (422, "validation"), "/label"),
        (json!({"name": "x", "email": "x@example.ru", "manager": "nobody"}), (422, "validation"), "/manager"),
        (json!({"name": "x", "email": "x@example.ru", "code": "c1"}), (409, "already_exists"), "/code"),
        (json!({"name": "x", "email": "x@example.ru", "country": "Russia"}), (422, "validation"), "/country"),
        (
            json!({"name": "x", "email": "x@example.ru", "party": company("7707083894")}),
            (422, "validation"),
            "/party/inn",
        ),
        (json!({"name": "x", "email": "x@example.ru", "party": {"kind": "legal"}}), (422, "validation"), "/party/name"),
        (
            json!({"name": "x", "email": "x@example.ru", "party": {"kind": "legal", "name": "x", "extra": 1}}),
            (422, "validation"),
            "/party/extra",
        ),
        (json!({"name": "x", "email": "x@example.ru", "party": ["legal", "x"]}), (422, "validation"), "/party"),
    ] {
        let refused = create(body).await;
        assert_eq!(said(&refused), expected, "{}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.body);
    }
    let both = tokio::join!(
        create(json!({"name": "x", "email": "same@example.ru"})),
        create(json!({"name": "y", "email": "SAME@example.ru"}))
    );
    let mut statuses = [both.0.status, both.1.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409], "one of two at once");

    // B5: one label; the second takes the place of the first.
    for name in ["Реферал", "VIP"] {
        assert_eq!(api.ask("POST", "/v1/labels", "head", &[], Some(why(json!({"name": name})))).await.status, 201);
    }
    let doubled = api.ask("POST", "/v1/labels", "head", &[], Some(why(json!({"name": "vip"})))).await;
    assert_eq!(said(&doubled), (409, "already_exists"));
    let first = format!("/v1/clients/{}", ids[0]);
    for label in ["Реферал", "VIP"] {
        let set = api
            .ask("PUT", &first, "sales", &[], Some(why(json!({"label": label, "characteristic": "conflict"}))))
            .await;
        assert_eq!(
            (set.status, &set.body["label"], &set.body["characteristic"]),
            (200, &json!(label), &json!("conflict")),
            "{}",
            set.body
        );
    }
    for (body, expected) in [
        (json!({"registered": {"at": "2020-01-01T00:00:00Z"}}), (422, "validation")),
        (json!({"email": "k2@EXAMPLE.ru"}), (409, "email_in_use")),
        (json!({"characteristic": "bad"}), (422, "validation")),
        (json!({"email": null}), (422, "validation")),
        (json!({"label": null, "manager": "sales", "active": false}), (200, "")),
    ] {
        let answer = api.ask("PUT", &first, "sales", &[], Some(why(body))).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
    }
    let card = api.get(&first, "support").await;
    assert_eq!(
        (&card.body["label"], &card.body["manager"], &card.body["active"]),
        (&Value::Null, &json!("sales"), &json!(false))
    );
    assert_eq!(
        (&card.body["registered"]["by"], &card.body["registered"]["from"]),
        (&json!("sales"), &json!("127.0.0.1"))
    );
    let stale = api.ask("PUT", &first, "sales", &[("If-Match", "\"1\"")], Some(why(json!({"name": "z"})))).await;
    assert_eq!(said(&stale), (412, "stale"));
    world.drop().await;
}

/// S4: the same INN, phone or e-mail is told; the numbers of the registry are checked and stand once.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_be_the_same_is_told() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let create = async |body: Value| {
        let made = api.ask("POST", "/v1/clients", "sales", &[], Some(why(body))).await;
        assert_eq!(made.status, 201, "{}", made.body);
        made.body
    };
    let one = create(
        json!({"name": "А", "email": "a@example.ru", "phone": "8 (495) 200-0-200", "party": company("7707083893")}),
    )
    .await;
    assert_eq!(one["twins"], json!([]));
    let person = json!({"kind": "natural", "name": "Иванов", "inn": "500100732259"});
    let two = create(json!({"name": "Б", "email": "b@example.ru", "phone": "+74952000200", "party": person})).await;
    assert_eq!((&two["twins"][0]["code"], &two["twins"][0]["alike"]), (&one["code"], &json!(["phone"])), "{two}");
    let contact = Some(why(json!({"name": "О", "email": "C@example.ru", "origin": {"channel": "call"}})));
    let path = format!("/v1/clients/{}/contacts", one["code"].as_str().unwrap());
    assert_eq!(api.ask("POST", &path, "sales", &[], contact).await.status, 201);
    let three = create(json!({"name": "В", "email": "c@example.ru", "party": company("7707083893")})).await;
    assert_eq!(three["twins"][0]["alike"], json!(["email", "inn"]), "{three}");
    world.drop().await;
}

/// S1: what is said of a party that is known already fills in what was not known, and is refused where something else is kept.
#[tokio::test(flavor = "multi_thread")]
async fn a_known_party_is_not_contradicted() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let bare = json!({"kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001"});
    let first = json!({"code": "P1", "name": "А", "email": "p1@example.ru", "party": bare});
    assert_eq!(api.ask("POST", "/v1/clients", "sales", &[], Some(why(first))).await.status, 201);
    let party = api.get("/v1/parties?inn=7707083893", "sales").await.body["items"][0]["id"].clone();
    let with = |changes: Value| {
        let mut party = company("7707083893");
        party.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
        json!({"party": party})
    };
    // The same in another writing, with an OGRN and a city that were not known.
    let second = why(json!({
        "code": "P2", "name": "Б", "email": "p2@example.ru",
        "party": with(json!({"name": " ооо  \"СТРОЙ СЕРВИС\"", "city": "Тверь"}))["party"]
    }));
    let made = api.ask("POST", "/v1/clients", "sales", &[], Some(second)).await;
    assert_eq!(said(&made), (201, ""), "{}", made.body);
    let kept = api.get(&format!("/v1/parties/{party}"), "sales").await.body;
    for (field, value) in [
        ("name", json!("ООО «Строй Сервис»")),
        ("ogrn", json!("1027700132195")),
        ("city", json!("Тверь")),
        ("revision", json!(2)),
    ] {
        assert_eq!(kept[field], value, "{kept}");
    }
    let audit = api.get(&format!("/v1/audit/party/{party}"), "admin").await;
    assert_eq!(audit.body["items"][0]["action"], "party.edit", "{}", audit.body);
    for (changes, expected, pointers) in [
        (json!({"name": "ООО «Строй Сервис Плюс»"}), (409, "already_exists"), vec!["/party/name"]),
        (json!({"city": "Москва", "name": "АО"}), (409, "already_exists"), vec!["/party/name", "/party/city"]),
        (json!({"city": "", "ogrn": null, "legal_address": "Тверь, ул. Ленина, 1"}), (200, ""), vec![]),
        (json!({"city": "ТВЕРЬ", "legal_address": "Тверь, ул.Ленина 1"}), (200, ""), vec![]),
        (json!({"legal_address": "Тверь, ул. Мира, 1"}), (409, "already_exists"), vec!["/party/legal_address"]),
        // A branch has a KPP of its own, and is a party of its own.
        (json!({"kpp": "770702002", "name": "Филиал"}), (200, ""), vec![]),
    ] {
        let english = [("Accept-Language", "en")];
        let answer = api.ask("PUT", "/v1/clients/P2", "sales", &english, Some(why(with(changes.clone())))).await;
        assert_eq!(said(&answer), expected, "{changes}: {}", answer.body);
        let errors = answer.body["errors"].as_array().cloned().unwrap_or_default();
        let found: Vec<&str> = errors.iter().filter_map(|error| error["pointer"].as_str()).collect();
        assert_eq!(found, pointers, "{changes}: {}", answer.body);
        let remedy = format!("PUT /v1/parties/{party}");
        assert!(errors.iter().all(|error| error["detail"].as_str().unwrap().contains(&remedy)), "{}", answer.body);
    }
    let agent =
        json!({"code": "A-9", "name": "x", "type": "own", "party": with(json!({"name": "ООО «Другое»"}))["party"]});
    let refused = api.ask("POST", "/v1/agents", "head", &[], Some(why(agent))).await;
    assert_eq!(
        (refused.status, &refused.body["errors"][0]["pointer"]),
        (409, &json!("/party/name")),
        "{}",
        refused.body
    );
    world.drop().await;
}

/// L3, L27: contacts change from the profile's e-mail; what stood there is an important note. L5, L29: notes.
#[tokio::test(flavor = "multi_thread")]
async fn contacts_change_on_the_clients_word_and_leave_a_note() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let new = Some(why(json!({"name": "А", "email": "office@example.ru", "phone": "8 495 200-02-00"})));
    let made = api.ask("POST", "/v1/clients", "sales", &[], new).await;
    let client = format!("/v1/clients/{}", made.body["code"].as_str().unwrap());
    let ask = async |method: &str, path: &str, role: &str, body: Value| {
        api.ask(method, &format!("{client}{path}"), role, &[("Accept-Language", "en")], Some(why(body))).await
    };
    let mail = |sender: &str| json!({"channel": "mail", "sender": sender});
    let add = json!({"name": "Орлова", "email": "orlova@example.ru", "origin": mail("office@example.ru")});
    let contact = ask("POST", "/contacts", "sales", add).await;
    assert_eq!(contact.status, 201, "{}", contact.body);
    let contact = format!("/contacts/{}", contact.body["id"]);
    for (method, path, body, expected) in [
        // A further contact's word does not count.
        (
            "PUT",
            "",
            json!({"phone": "8 495 200-02-01", "origin": mail("orlova@example.ru")}),
            (403, "unverified_sender"),
        ),
        ("PUT", "", json!({"phone": "8 495 200-02-01", "origin": {"channel": "mail"}}), (422, "validation")),
        ("PUT", "", json!({"phone": "8 495 200-02-01", "origin": mail("OFFICE@example.ru")}), (200, "")),
        ("PUT", "", json!({"comment": "не контакт", "origin": mail("orlova@example.ru")}), (200, "")),
        ("PUT", &contact, json!({"email": null, "phone": null}), (422, "validation")),
        (
            "PUT",
            &contact,
            json!({"phone": "8 495 200-02-09", "email": null, "origin": mail("other@example.ru")}),
            (403, "unverified_sender"),
        ),
        ("PUT", &contact, json!({"phone": "8 495 200-02-09", "email": null}), (200, "")),
        ("DELETE", &contact, json!({"origin": {"channel": "call"}}), (200, "")),
        ("DELETE", &contact, json!({}), (404, "not_found")),
        ("POST", "/contacts", json!({"name": "Никто"}), (422, "validation")),
    ] {
        let answer = ask(method, path, "sales", body).await;
        assert_eq!(said(&answer), expected, "{method} {path}: {}", answer.body);
    }
    let texts = async || {
        let notes = api.get(&format!("{client}/notes"), "support").await;
        let items = notes.body["items"].as_array().unwrap().clone();
        items
            .iter()
            .map(|note| {
                (
                    note["id"].as_i64().unwrap(),
                    note["important"].as_bool().unwrap(),
                    note["text"].as_str().unwrap().to_owned(),
                )
            })
            .collect::<Vec<_>>()
    };
    let kept: Vec<String> =
        texts().await.into_iter().map(|(_, important, text)| format!("{important} {text}")).collect();
    assert_eq!(
        kept,
        [
            "true phone (Орлова): 8 495 200-02-09",
            "true email (Орлова): orlova@example.ru",
            "true phone: 8 495 200-02-00"
        ]
    );

    let note = async |text: &str, important: bool| {
        let body = Some(json!({"text": text, "important": important}));
        api.ask("POST", &format!("{client}/notes"), "support", &[], body).await.body["id"].as_i64().unwrap()
    };
    let (important, plain) = (note("важно", true).await, note("просто", false).await);
    let order: Vec<i64> = texts().await.into_iter().map(|(id, ..)| id).collect();
    assert_eq!((order[0], *order.last().unwrap()), (important, plain), "important ones first");
    let by_program = order[1];
    for (method, id, role, body, expected) in [
        ("DELETE", important, "sales", json!({}), (403, "forbidden")),
        ("DELETE", important, "head", json!({}), (200, "")),
        ("PUT", by_program, "sales", json!({"text": "другое"}), (409, "invalid_transition")),
        ("PUT", plain, "assistants", json!({"text": "иначе"}), (200, "")),
        ("DELETE", plain, "sales", json!({}), (200, "")),
        ("DELETE", plain, "sales", json!({}), (404, "not_found")),
    ] {
        let answer = ask(method, &format!("/notes/{id}"), role, body).await;
        assert_eq!(said(&answer), expected, "{method} {id} {role}: {}", answer.body);
    }
    // B23: who, what, when; personal values are shown to those who see clients, and stand apart in the audit itself.
    let history = api.get(&format!("{client}/history?limit=100"), "sales").await;
    let lines = history.body["items"].as_array().unwrap();
    let phone =
        lines.iter().find(|line| line["action"] == "client.edit" && !line["before"]["phone"].is_null()).unwrap();
    assert_eq!((&phone["before"]["phone"], &phone["login"]), (&json!("8 495 200-02-00"), &json!("sales")));
    let code = client.rsplit('/').next().unwrap();
    let audit = api.get(&format!("/v1/audit/client/{code}"), "admin").await;
    assert!(
        audit.text.contains("***") && !audit.text.contains("200-02-00") && !audit.text.contains("orlova@"),
        "{}",
        audit.text
    );
    let refused = audit.body["items"].as_array().unwrap().iter().any(|line| line["reason"] == "unverified_sender");
    assert!(refused, "{}", audit.body);
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}

/// B8: an active account stands against deletion; a closed one goes with its client, and the audit keeps that it was.
#[tokio::test(flavor = "multi_thread")]
async fn closed_accounts_go_with_their_client() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let ask = async |method: &str, path: &str, role: &str, body: Value| {
        api.ask(method, path, role, &[("Accept-Language", "en")], Some(why(body))).await
    };
    let new = json!({"code": "G", "name": "Г", "email": "g@example.ru"});
    assert_eq!(ask("POST", "/v1/clients", "sales", new).await.status, 201);
    let open = json!({"client": "G", "legal_entity": "T", "code": "G-1", "plan": "basic"});
    assert_eq!(ask("POST", "/v1/accounts", "sales", open).await.status, 201);
    let refused = ask("DELETE", "/v1/clients/G", "admin", json!({})).await;
    assert_eq!(said(&refused), (409, "has_active_accounts"), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("POST /v1/accounts/G-1/close"), "{}", refused.body);
    for (method, path, role) in [("POST", "/v1/accounts/G-1/close", "sales"), ("DELETE", "/v1/clients/G", "admin")] {
        let done = ask(method, path, role, json!({})).await;
        assert_eq!(done.status, 200, "{path}: {}", done.body);
    }
    for path in ["/v1/clients/G", "/v1/accounts/G-1"] {
        assert_eq!(api.get(path, "admin").await.status, 404, "{path}");
    }
    let audit = api.get("/v1/audit/account/G-1", "admin").await;
    let line = &audit.body["items"][0];
    assert_eq!((&line["action"], &line["before"]["client"]), (&json!("account.delete"), &json!("G")), "{}", audit.body);
    world.drop().await;
}

/// B1, B6, B7, B8: the card of a client with accounts; who has history is not deleted.
#[tokio::test(flavor = "multi_thread")]
async fn the_card_and_what_stands_against_deletion() {
    let world = World::new(1).await;
    world.send(0, &record("c", json!({"account": "a2", "src": "74950000002"})));
    world.ingest().await.unwrap();
    let api = Api::serve(&world, Utc::now()).await;
    let account = api.get("/v1/accounts/a2", "support").await;
    let client = format!("/v1/clients/{}", account.body["client"].as_str().unwrap());
    let card = api.get(&client, "support").await;
    assert_eq!(card.status, 200, "{}", card.body);
    let lines = card.body["accounts"].as_array().unwrap();
    let line = lines.iter().find(|line| line["code"] == "a2").unwrap();
    assert_eq!((&line["balance"], &line["turnover_year"]), (&account.body["balance"], &json!("0")), "{line}");
    let services = card.body["services"].as_array().unwrap().len() as i64;
    let state = if services > 0 { "active" } else { "inactive" };
    assert_eq!((&card.body["services_total"], &card.body["state"]), (&json!(services), &json!(state)), "{}", card.body);
    let refused = api.ask("DELETE", &client, "admin", &[], Some(why(json!({})))).await;
    assert_eq!(said(&refused), (409, "has_history"), "{}", refused.body);
    // Payments count for a year, each issuer apart.
    for (days, amount) in [(1, 1000), (364, 500), (366, 7)] {
        let sql = format!(
            "INSERT INTO posting (account_id, kind, is_real, amount, at, reference, author) SELECT id, 'payment', true, {amount}, now() - interval '{days} days', 'p', 'test' FROM account WHERE code = 'a2'"
        );
        world.store.run_past_the_rooms(&sql).await.unwrap();
    }
    let card = api.get(&client, "support").await;
    let line = card.body["accounts"].as_array().unwrap().iter().find(|line| line["code"] == "a2").unwrap().clone();
    assert_eq!(line["turnover_year"], "1500", "{line}");
    world.drop().await;
}
