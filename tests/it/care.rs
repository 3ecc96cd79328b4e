//! The life of a client with us: who brought him, who holds him, where he stands, what he is marked with, what he lacks, and how his data end.

use std::sync::Arc;

use admin_api::{AppState, CallsReader, apply_risk_tags};
use billing::{Clock, ledger};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World, record};

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

async fn ask(api: &Api, method: &str, path: &str, role: &str, body: Value) -> Answer {
    api.ask(method, path, role, &[("Accept-Language", "en")], Some(why(body))).await
}

/// Makes a client with this code, and what else is said of him.
async fn client(api: &Api, code: &str, more: Value) {
    let mut body = json!({"code": code, "name": format!("Client {code}"), "email": format!("{code}@example.ru")});
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    let made = ask(api, "POST", "/v1/clients", "client_service", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// (code, outcome, who holds him) of each.
fn outcomes(answer: &Answer) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let items = answer.body["items"].as_array().unwrap_or_else(|| panic!("{}", answer.body));
    items.iter().map(|item| (text(&item["code"]), text(&item["outcome"]), text(&item["held_by"]))).collect()
}

fn expected(rows: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    let own = |text: &str| text.to_owned();
    rows.iter().map(|(code, outcome, held_by)| (own(code), own(outcome), own(held_by))).collect()
}

/// S4: three free clients are taken; one whose like another manager holds is not, but by right.
#[tokio::test(flavor = "multi_thread")]
async fn clients_are_taken_unless_others_hold_them_or_their_like() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    for code in ["F1", "F2", "F3"] {
        client(&api, code, json!({})).await;
    }
    client(&api, "HELD", json!({"phone": "8 495 200-02-00", "manager": "client_service"})).await;
    client(&api, "TWIN", json!({"phone": "+7 495 2000200"})).await;
    let assign = async |role: &str, body: Value| ask(&api, "POST", "/v1/client-assignments", role, body).await;

    let free = assign("sales", json!({"manager": "me", "clients": ["F1", "F2", "F3", "F1"]})).await;
    assert_eq!((free.status, &free.body["assigned"]), (200, &json!(3)), "{}", free.body);
    for code in ["F1", "F2", "F3"] {
        assert_eq!(api.get(&format!("/v1/clients/{code}"), "sales").await.body["manager"], "sales");
    }
    let asked = json!({"manager": "me", "clients": ["F1", "HELD", "TWIN", "NONE"]});
    let mixed = assign("sales", asked).await;
    assert_eq!(mixed.body["assigned"], json!(0));
    let all = [
        ("F1", "same", ""),
        ("HELD", "held", "client_service"),
        ("TWIN", "held_by_related", "client_service"),
        ("NONE", "not_found", ""),
    ];
    assert_eq!(outcomes(&mixed), expected(&all));
    assert_eq!(api.get("/v1/clients/TWIN", "sales").await.body["manager"], Value::Null);
    for (role, body, refusal) in [
        ("sales", json!({"manager": "me", "clients": ["TWIN"], "override": true}), (403, "forbidden")),
        ("sales", json!({"manager": "nobody", "clients": ["F1"]}), (422, "validation")),
        ("sales", json!({"manager": "me", "clients": []}), (422, "validation")),
        ("sales", json!({"manager": "me", "clients": vec!["F1"; 5_001]}), (422, "limit_too_large")),
        ("support", json!({"manager": "me", "clients": ["F1"]}), (403, "forbidden")),
    ] {
        let refused = assign(role, body).await;
        assert_eq!(said(&refused), refusal, "{}", refused.body);
    }
    // The same rule where one client is changed, and where a second card is made.
    for (method, path, role, body, answer) in [
        ("PUT", "/v1/clients/HELD", "sales", json!({"manager": "sales"}), (409, "held")),
        ("PUT", "/v1/clients/HELD", "sales", json!({"manager": null}), (409, "held")),
        ("PUT", "/v1/clients/TWIN", "sales", json!({"manager": "sales"}), (409, "held_by_related")),
        ("PUT", "/v1/clients/TWIN", "head", json!({"manager": "sales"}), (409, "held_by_related")),
        ("PUT", "/v1/clients/TWIN", "sales", json!({"manager": "client_service"}), (200, "")),
        ("PUT", "/v1/clients/TWIN", "client_service", json!({"manager": null}), (200, "")),
        (
            "POST",
            "/v1/clients",
            "sales",
            json!({"name": "Third", "email": "t@example.ru", "phone": "8 495 200-02-00", "manager": "sales"}),
            (409, "held_by_related"),
        ),
    ] {
        let given = ask(&api, method, path, role, body).await;
        assert_eq!(said(&given), answer, "{method} {path} {role}: {}", given.body);
    }
    let forced = assign("head", json!({"manager": "sales", "clients": ["TWIN"], "override": true})).await;
    assert_eq!(outcomes(&forced), expected(&[("TWIN", "assigned", "client_service")]));
    let audit = api.get("/v1/audit/client/TWIN", "admin").await;
    let line = &audit.body["items"][0];
    assert_eq!(
        (&line["action"], &line["after"]),
        (&json!("client.assign"), &json!({"manager": "sales", "override": true, "related_held_by": "client_service"})),
        "{}",
        audit.body
    );
    // Both cards of one client go to another manager together, by right.
    let freed = ask(&api, "PUT", "/v1/clients/TWIN", "sales", json!({"manager": null})).await;
    assert_eq!(said(&freed), (200, ""), "{}", freed.body);
    let together = assign("head", json!({"manager": "head", "clients": ["TWIN", "HELD"]})).await;
    assert_eq!(outcomes(&together), expected(&[("TWIN", "assigned", ""), ("HELD", "assigned", "")]));
    world.drop().await;
}

/// S5: 799 + 27 + 0 = 826; clients without a partner 704 + 8 + 0 = 712. M5: agents are searched by a part of the name.
#[tokio::test(flavor = "multi_thread")]
async fn agents_and_the_distribution_of_clients() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let party = json!({"kind": "legal", "name": "ООО «Ромашка»", "inn": "7707083893", "kpp": "770701001"});
    for (role, body, answer) in [
        ("head", json!({"code": "P-1", "name": "ООО «Ромашка Плюс»", "type": "partner", "party": party}), (201, "")),
        ("head", json!({"code": "L-1", "name": "Лицензиат Север", "type": "licensee"}), (201, "")),
        ("head", json!({"code": "P-1", "name": "x", "type": "own"}), (409, "already_exists")),
        ("head", json!({"code": "X", "name": "x", "type": "agent"}), (422, "validation")),
        ("sales", json!({"code": "X", "name": "x", "type": "own"}), (403, "forbidden")),
    ] {
        let made = ask(&api, "POST", "/v1/agents", role, body).await;
        assert_eq!(said(&made), answer, "{}", made.body);
    }
    let found = api.get("/v1/agents?name=%D1%80%D0%BE%D0%BC%D0%B0%D1%88", "support").await;
    assert_eq!(
        (found.body["items"].as_array().map(Vec::len), &found.body["items"][0]["code"]),
        (Some(1), &json!("P-1")),
        "{}",
        found.body
    );
    let licensees = api.get("/v1/agents?type=licensee", "support").await;
    assert_eq!(licensees.body["items"][0]["code"], "L-1", "{}", licensees.body);
    client(&api, "C-A", json!({})).await;
    for (path, role, body, answer) in [
        ("/v1/clients/C-A", "sales", json!({"agent": "P-9"}), (422, "validation")),
        ("/v1/clients/C-A", "sales", json!({"agent": "P-1"}), (200, "")),
        ("/v1/agents/P-1", "head", json!({"name": "ООО «Ромашка»", "type": "own"}), (200, "")),
    ] {
        let changed = ask(&api, "PUT", path, role, body).await;
        assert_eq!(said(&changed), answer, "{path}: {}", changed.body);
    }
    let card = api.get("/v1/agents/P-1", "sales").await;
    assert_eq!(
        (&card.body["type"], &card.body["clients"], &card.body["party"]["inn"]),
        (&json!("own"), &json!(1), &json!("7707083893"))
    );
    assert!(card.head.contains("etag: \"2\""), "{}", card.head);
    assert_eq!(said(&ask(&api, "DELETE", "/v1/agents/P-1", "head", json!({})).await), (200, ""));
    assert_eq!(said(&ask(&api, "DELETE", "/v1/agents/P-1", "head", json!({})).await), (409, "invalid_transition"));
    assert_eq!(said(&ask(&api, "PUT", "/v1/clients/C-A", "sales", json!({"agent": "P-1"})).await), (422, "validation"));
    let kept = api.get("/v1/clients/C-A", "sales").await;
    assert_eq!((&kept.body["agent"], &kept.body["agent_type"]), (&json!("P-1"), &json!("own")));

    // What came of talking to a client is said one by one; the report's figures come in bulk.
    for (body, answer) in [
        (json!({"state": "gone"}), (422, "validation")),
        (json!({"stage": "support"}), (409, "invalid_transition")),
        (json!({"stage": "lead", "state": "invited"}), (200, "")),
        (json!({"state": null}), (200, "")),
    ] {
        let changed = ask(&api, "PUT", "/v1/clients/C-A/lead", "sales", body).await;
        assert_eq!(said(&changed), answer, "{}", changed.body);
    }
    // Of nobody 704 and 8; of L-1 799 - 704 = 95 and 27 - 8 = 19.
    let bulk = "INSERT INTO client (code, name, lead_state, lead_state_at, agent_id)
        SELECT 'S' || n, 'S' || n, CASE WHEN n <= 704 OR n BETWEEN 713 AND 807 THEN 'invited' ELSE 'connected' END, now(),
               CASE WHEN n > 712 THEN (SELECT id FROM agent WHERE code = 'L-1') END FROM generate_series(1, 826) AS n";
    world.store.run_past_the_rooms(bulk).await.unwrap();
    let report = api.get("/v1/reports/distribution?by=agent", "sales").await;
    assert_eq!(
        report.body,
        json!({
            "items": [
                {"code": null, "name": null, "invited": 704, "connected": 8, "refused": 0, "total": 712},
                {"code": "L-1", "name": "Лицензиат Север", "invited": 95, "connected": 19, "refused": 0, "total": 114}
            ],
            "totals": {"code": null, "name": null, "invited": 799, "connected": 27, "refused": 0, "total": 826}
        })
    );
    let by_manager = api.get("/v1/reports/distribution", "sales").await;
    assert_eq!(by_manager.body["totals"]["total"], 826, "{}", by_manager.body);
    assert_eq!(said(&api.get("/v1/reports/distribution?by=region", "sales").await), (422, "validation"));
    world.drop().await;
}

/// L4: from sales to support once the first payment is booked, with a personal manager and a line of history.
#[tokio::test(flavor = "multi_thread")]
async fn who_has_paid_goes_to_support() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let path = "/v1/clients/c2/transfer-to-support";
    let transfer = async |role: &str| ask(&api, "POST", path, role, json!({"manager": "Client_Service"})).await;
    assert_eq!(said(&ask(&api, "PUT", "/v1/clients/c2", "sales", json!({"manager": "sales"})).await), (200, ""));
    assert_eq!(said(&transfer("sales").await), (409, "not_paid"));
    // Virtual money is no payment.
    let post = async |kind: &str, real: bool| {
        let sql = format!(
            "INSERT INTO posting (account_id, kind, is_real, amount, at, reference, author) SELECT id, '{kind}', {real}, 500, now(), 'p', 'test' FROM account WHERE code = 'a2'"
        );
        world.store.run_past_the_rooms(&sql).await.unwrap();
    };
    post("topup_credit", false).await;
    assert_eq!(said(&transfer("sales").await), (409, "not_paid"));
    post("payment", true).await;
    for (role, answer) in [
        ("support", (403, "forbidden")),
        ("client_service", (409, "held")),
        ("sales", (200, "")),
        ("sales", (409, "invalid_transition")),
    ] {
        let given = transfer(role).await;
        assert_eq!(said(&given), answer, "{role}: {}", given.body);
    }
    let card = api.get("/v1/clients/c2", "support").await;
    assert_eq!((&card.body["stage"], &card.body["manager"]), (&json!("support"), &json!("client_service")));
    let history = api.get("/v1/clients/c2/history", "sales").await;
    let line = &history.body["items"][0];
    assert_eq!(
        (&line["action"], &line["login"], &line["before"], &line["after"]),
        (
            &json!("client.transfer"),
            &json!("sales"),
            &json!({"stage": "sales", "manager": "sales"}),
            &json!({"stage": "support", "manager": "client_service"})
        )
    );
    let back = ask(&api, "PUT", "/v1/clients/c2/lead", "sales", json!({"stage": "sales"})).await;
    assert_eq!(said(&back), (409, "invalid_transition"));
    world.drop().await;
}

/// M10: a tag of the tree is given and taken; the list of now lacks it then, and the history has both with their authors.
#[tokio::test(flavor = "multi_thread")]
async fn tags_are_given_and_taken_and_stay_on_record() {
    let world = World::new(1).await;
    // 11.10.2019 09:07:19 in Moscow.
    let given: DateTime<Utc> = "2019-10-11T06:07:19Z".parse().unwrap();
    let clock = SetClock::at(given);
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let tree = api.get("/v1/tags", "support").await;
    let items = tree.body["items"].as_array().unwrap();
    let named = |name: &str| items.iter().find(|item| item["name"] == name).unwrap_or_else(|| panic!("{}", tree.body));
    let (top, folder) = (named("Профили клиента"), named("Профили коллтрекинга"));
    assert_eq!((&folder["path"], &folder["parent"]), (&json!(["Профили клиента"]), &top["id"]));
    let risk = items.iter().find(|item| item["rule"] == "few_calls").unwrap();

    let tag = async |body: Value| ask(&api, "POST", "/v1/tags", "head", body).await;
    let x = tag(json!({"name": "X", "parent": folder["id"]})).await;
    assert_eq!(said(&x), (201, ""), "{}", x.body);
    let id = x.body["id"].as_i64().unwrap();
    for (body, answer) in [
        (json!({"name": "x", "parent": folder["id"]}), (409, "already_exists")),
        (json!({"name": "Y", "parent": id}), (422, "validation")),
        (json!({"name": "Y", "parent": 999_999}), (422, "validation")),
        (json!({"name": "Y", "parent": top["id"], "folder": true}), (201, "")),
    ] {
        assert_eq!(said(&tag(body.clone()).await), answer, "{body}");
    }
    for (method, path, role, body, answer) in [
        ("PUT", format!("/v1/tags/{}", top["id"]), "head", json!({"parent": folder["id"]}), (422, "validation")),
        ("PUT", format!("/v1/tags/{}", folder["id"]), "head", json!({"name": "Профили звонков"}), (200, "")),
        ("PUT", format!("/v1/tags/{id}"), "sales", json!({"name": "Z"}), (403, "forbidden")),
        ("DELETE", format!("/v1/tags/{}", folder["id"]), "head", json!({}), (409, "invalid_transition")),
        ("POST", "/v1/clients/c1/tags".to_owned(), "sales", json!({"tag": folder["id"]}), (422, "validation")),
        ("POST", "/v1/clients/c1/tags".to_owned(), "sales", json!({"tag": risk["id"]}), (409, "invalid_transition")),
        ("POST", "/v1/clients/c1/tags".to_owned(), "sales", json!({"tag": 999_999}), (422, "validation")),
        ("POST", "/v1/clients/none/tags".to_owned(), "sales", json!({"tag": id}), (404, "not_found")),
        ("POST", "/v1/clients/c1/tags".to_owned(), "sales", json!({"tag": id}), (201, "")),
        ("POST", "/v1/clients/c1/tags".to_owned(), "sales", json!({"tag": id}), (409, "already_exists")),
    ] {
        let said_now = ask(&api, method, &path, role, body).await;
        assert_eq!(said(&said_now), answer, "{method} {path}: {}", said_now.body);
    }
    let current = api.get("/v1/clients/c1/tags", "support").await;
    let row = &current.body["items"][0];
    assert_eq!(
        (&row["name"], &row["added_at"], &row["added_by"], &row["folder"]),
        (&json!("X"), &json!("2019-10-11T06:07:19Z"), &json!("sales"), &json!("Профили звонков"))
    );
    clock.set(given + TimeDelta::days(1));
    let one = format!("/v1/clients/c1/tags/{id}");
    assert_eq!(said(&ask(&api, "DELETE", &one, "support", json!({})).await), (200, ""));
    assert_eq!(said(&ask(&api, "DELETE", &one, "support", json!({})).await), (404, "not_found"));
    assert_eq!(api.get("/v1/clients/c1/tags", "support").await.body["items"], json!([]));
    let history = api.get("/v1/clients/c1/tags/history", "support").await;
    let row = &history.body["items"][0];
    assert_eq!(
        (&row["added_by"], &row["removed_at"], &row["removed_by"]),
        (&json!("sales"), &json!("2019-10-12T06:07:19Z"), &json!("support")),
        "{}",
        history.body
    );
    let report = api.get("/v1/reports/tag-history?client=c1&sort=at", "support").await;
    let events: Vec<(&str, &str)> = report.body["items"]
        .as_array()
        .unwrap_or_else(|| panic!("{}", report.body))
        .iter()
        .map(|row| (row["event"].as_str().unwrap(), row["author"].as_str().unwrap()))
        .collect();
    assert_eq!(events, [("add", "sales"), ("remove", "support")]);
    assert_eq!(said(&ask(&api, "DELETE", &format!("/v1/tags/{id}"), "head", json!({})).await), (200, ""));
    let closed = ask(&api, "POST", "/v1/clients/c1/tags", "sales", json!({"tag": id})).await;
    assert_eq!(said(&closed), (422, "validation"));
    world.drop().await;
}

/// M10: fewer than 100 calls in the last full month mark a client; the mark goes when he calls again.
#[tokio::test(flavor = "multi_thread")]
async fn rules_mark_clients_who_call_little() {
    let world = World::new(1).await;
    for number in 0..3 {
        world.send(0, &record(&format!("c{number}"), json!({})));
    }
    world.ingest().await.unwrap();
    // In the month after the calls they are the last full month; whatever the day, 32 days lead into the next month or the one after.
    let clock = SetClock::at(Utc::now());
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let calls = CallsReader::open(&world.clickhouse_url, &world.name);
    let state = AppState::new(world.store.clone(), Arc::clone(&clock) as Arc<dyn Clock>, calls);
    let called = (Utc::now() - TimeDelta::minutes(2)).with_timezone(&chrono::FixedOffset::east_opt(3 * 3600).unwrap());
    let next_month = (1..=31).map(|days| called + TimeDelta::days(days)).find(|day| {
        let month = |moment: &DateTime<chrono::FixedOffset>| moment.format("%Y-%m").to_string();
        month(day) != month(&called)
    });
    clock.set(next_month.unwrap().with_timezone(&Utc));
    // All three clients have numbers in work; c1 made three calls, the others none.
    let marked = async || {
        let report = api.get("/v1/reports/tags?source=rules&sort=client", "support").await;
        let items = report.body["items"].as_array().unwrap_or_else(|| panic!("{}", report.body)).clone();
        items
            .iter()
            .map(|row| format!("{} {}", row["client"].as_str().unwrap(), row["note"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let first = apply_risk_tags(&state).await.unwrap();
    assert_eq!((first.added, first.removed), (3, 0));
    assert_eq!(marked().await, ["c1 3 < 100", "c2 0 < 100", "c3 0 < 100"]);
    let again = apply_risk_tags(&state).await.unwrap();
    assert_eq!((again.added, again.removed), (0, 0), "a second round changes nothing");
    let limit = ask(&api, "PUT", "/v1/settings/risk_tag.calls", "admin", json!({"value": "3"})).await;
    assert_eq!(said(&limit), (200, ""), "{}", limit.body);
    let later = apply_risk_tags(&state).await.unwrap();
    assert_eq!((later.added, later.removed), (0, 1), "3 calls are not fewer than 3");
    assert_eq!(marked().await, ["c2 0 < 100", "c3 0 < 100"]);
    let history = api.get("/v1/clients/c1/tags/history", "support").await;
    assert_eq!(
        (&history.body["items"][0]["added_by"], &history.body["items"][0]["removed_by"]),
        (&json!("rule few_calls"), &json!("rule few_calls"))
    );
    world.drop().await;
}

/// A template, its version, and a contract of c1 in force.
const CONTRACT: &str = "INSERT INTO contract_template (code, title, legal_entity_id, language, version, created_at, created_by) SELECT 't', 't', min(id), 'ru', 1, now(), 'x' FROM legal_entity;
        INSERT INTO contract_template_version (template_id, version, body, created_at, created_by) SELECT id, version, 't', now(), 'x' FROM contract_template;
        INSERT INTO contract (number, client_id, legal_entity_id, kind, template_id, template_version, state, signed_on, valid_from, created_at, created_by, activated_at)
        SELECT '1', c.id, t.legal_entity_id, (SELECT min(code) FROM contract_kind), t.id, t.version, 'active', '2026-07-01', '2026-07-01', now(), 'x', now()
        FROM contract_template t, client c WHERE c.code = 'c1'";

/// T14: a company is listed with exactly what it lacks. M3: three persons, one of a licensee; without licensees two are left, whatever else is asked.
#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_what_is_listed() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let missing = async |query: &str| {
        let list = api.get(&format!("/v1/reports/completeness?{query}"), "sales").await;
        let items = list.body["items"].as_array().unwrap_or_else(|| panic!("{}", list.body)).clone();
        items.iter().map(|row| (row["code"].as_str().unwrap().to_owned(), row["missing"].clone())).collect::<Vec<_>>()
    };
    // Loaded with an account and a plan, and nothing else.
    assert_eq!(missing("client=c1").await, [("c1".to_owned(), json!(["requisites", "email", "contract"]))]);
    let party = json!({"kind": "legal", "name": "N", "inn": "7707083893", "kpp": "770701001"});
    assert_eq!(said(&ask(&api, "PUT", "/v1/clients/c1", "sales", json!({"party": party})).await), (200, ""));
    assert_eq!(missing("client=c1").await, [("c1".to_owned(), json!(["email", "contract"]))]);
    assert!(missing("client=c1&lacks=requisites").await.is_empty());
    let email = json!({"email": "c1@example.ru"});
    assert_eq!(said(&ask(&api, "PUT", "/v1/clients/c1", "sales", email).await), (200, ""));
    assert_eq!(missing("client=c1").await, [("c1".to_owned(), json!(["contract"]))]);
    // (A template, its version and a contract, past the rooms: how they are made is tested where they live.)
    world.store.run_past_the_rooms(CONTRACT).await.unwrap();
    assert!(missing("client=c1").await.is_empty(), "who lacks nothing is not listed");

    let licensee = json!({"code": "L-1", "name": "Лицензиат", "type": "licensee"});
    assert_eq!(said(&ask(&api, "POST", "/v1/agents", "head", licensee).await), (201, ""));
    for (code, inn) in [("N1", Some("500100732259")), ("N2", None), ("N3", None)] {
        let mut party = json!({"kind": "natural", "name": format!("Иванов {code}")});
        if let Some(inn) = inn {
            party["inn"] = json!(inn);
        }
        client(&api, code, json!({"party": party})).await;
    }
    assert_eq!(said(&ask(&api, "PUT", "/v1/clients/N3", "sales", json!({"agent": "L-1"})).await), (200, ""));
    let codes = async |query: &str| missing(query).await.into_iter().map(|(code, _)| code).collect::<Vec<_>>();
    assert_eq!(codes("kind=natural").await, ["N1", "N2", "N3"]);
    assert_eq!(codes("kind=natural&agent_type_not=licensee&lacks=tariff").await, ["N1", "N2"]);
    assert_eq!(codes("kind=natural&agent_type=licensee").await, ["N3"]);
    assert_eq!(missing("client=N1").await, [("N1".to_owned(), json!(["tariff", "contract"]))]);
    // A person needs no INN, and a contract counts until its last day.
    assert_eq!(missing("client=N2").await, [("N2".to_owned(), json!(["tariff", "contract"]))]);
    let over = "UPDATE contract SET valid_from = '2026-06-01', valid_to = '2026-06-30'";
    world.store.run_past_the_rooms(over).await.unwrap();
    assert_eq!(missing("client=c1").await, [("c1".to_owned(), json!(["contract"]))]);
    world.drop().await;
}

/// B9, A40: cleaning makes anonymous and leaves the books as they are; destruction waits for the law and leaves an act; the chain of the audit holds.
#[tokio::test(flavor = "multi_thread")]
async fn personal_data_end_and_the_books_stay() {
    let world = World::new(1).await;
    world.send(0, &record("c", json!({})));
    world.ingest().await.unwrap();
    let clock = SetClock::at(Utc::now());
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let step = async |what: &str, role: &str, confirm: &str| {
        let english = [("Accept-Language", "en")];
        let body = why(json!({"confirm": confirm}));
        api.ask("POST", &format!("/v1/clients/c1/{what}"), role, &english, Some(body)).await
    };
    let set = async |key: &str, value: &str| {
        let done = ask(&api, "PUT", &format!("/v1/settings/{key}"), "admin", json!({"value": value})).await;
        api.refresh().await;
        (done.status, done.body)
    };
    let person = json!({"kind": "natural", "name": "Иванов Иван", "inn": "500100732259"});
    let filled = json!({"name": "Иванов", "party": person, "email": "ivanov@example.ru", "phone": "8 495 200-02-00", "contact_person": "Иванов"});
    assert_eq!(said(&ask(&api, "PUT", "/v1/clients/c1", "sales", filled).await), (200, ""));
    let contact = json!({"name": "Орлова", "email": "orlova@example.ru"});
    assert_eq!(said(&ask(&api, "POST", "/v1/clients/c1/contacts", "sales", contact).await), (201, ""));
    let note = json!({"text": "живёт на Ленина, 1"});
    assert_eq!(api.ask("POST", "/v1/clients/c1/notes", "sales", &[], Some(note)).await.status, 201);
    let balance = world.balance("a1").await;

    assert_eq!(said(&step("clean", "admin", "c1").await), (404, "module_off"));
    assert_eq!(set("gdpr.module", "on").await.0, 200);
    assert_eq!(set("retention.documents_years", "4").await.0, 422, "the law says 5");
    assert_eq!(said(&step("clean", "head", "c1").await), (403, "forbidden"));
    assert_eq!(said(&step("clean", "admin", "c2").await), (422, "validation"));
    // The contract runs.
    assert_eq!(said(&step("clean", "admin", "c1").await), (409, "retention"));
    let archived = ask(&api, "POST", "/v1/dids/74950000001/archive", "head", json!({})).await;
    assert_eq!(archived.status, 200, "{}", archived.body);
    world.store.run_past_the_rooms(CONTRACT).await.unwrap();
    assert_eq!(said(&step("clean", "admin", "c1").await), (409, "retention"));
    let over = "UPDATE contract SET state = 'terminated', terminated_at = now()";
    world.store.run_past_the_rooms(over).await.unwrap();
    let trunk = "INSERT INTO account_trunk (trunk, account_id) SELECT 't-9', id FROM account WHERE code = 'a1'";
    world.store.run_past_the_rooms(trunk).await.unwrap();
    assert_eq!(said(&step("clean", "admin", "c1").await), (409, "retention"));
    world.store.run_past_the_rooms("DELETE FROM account_trunk WHERE trunk = 't-9'").await.unwrap();
    assert_eq!(set("gdpr.retention_days", "30").await.0, 200);
    assert_eq!(said(&step("clean", "admin", "c1").await), (409, "retention"));
    assert_eq!(set("gdpr.retention_days", "0").await.0, 200);
    let hold = async |hold: bool| {
        said_of(ask(&api, "PUT", "/v1/accounts/a1/legal-hold", "admin", json!({"hold": hold})).await)
    };
    assert_eq!(hold(true).await, (200, String::new()));
    assert_eq!(hold(true).await, (409, "invalid_transition".to_owned()));
    assert_eq!(said(&step("clean", "admin", "c1").await), (409, "legal_hold"));
    assert_eq!(hold(false).await, (200, String::new()));
    assert_eq!(said(&step("destroy", "admin", "c1").await), (409, "invalid_transition"));

    let cleaned = step("clean", "admin", "c1").await;
    assert_eq!(cleaned.status, 200, "{}", cleaned.body);
    assert_eq!((&cleaned.body["contacts"], &cleaned.body["party"]), (&json!(1), &json!(true)));
    let card = api.get("/v1/clients/c1", "sales").await;
    let id = card.body["id"].to_string();
    assert_eq!(
        (&card.body["name"], &card.body["email"], &card.body["phone"], &card.body["contact_person"]),
        (&json!(format!("№ {id}")), &Value::Null, &Value::Null, &json!(""))
    );
    assert_eq!((&card.body["active"], &card.body["gdpr_state"]), (&json!(false), &json!("cleaned")));
    assert_eq!(card.body["accounts"][0]["active"], json!(false));
    let account = api.get("/v1/accounts/a1", "sales").await;
    assert!(account.body["plan"].is_null() && account.body["closed_at"].is_string(), "{}", account.body);
    // The text of a contract is kept for the law.
    let contracts = api.get("/v1/contracts?client=c1", "sales").await;
    let text = format!("/v1/contracts/{}/text", contracts.body["items"][0]["id"]);
    assert_eq!(said(&api.get(&text, "sales").await), (409, "cleaned"));
    assert_eq!(api.get(&text, "admin").await.status, 200);
    let shown = [
        card.text,
        api.get("/v1/clients/c1/history?limit=100", "sales").await.text,
        api.get("/v1/clients/c1/notes", "sales").await.text,
        api.get("/v1/clients/c1/contacts", "sales").await.text,
    ];
    for text in shown {
        assert!(
            !["Иванов", "ivanov@", "200-02-00", "500100732259", "Орлова", "Ленина"]
                .iter()
                .any(|one| text.contains(one)),
            "{text}"
        );
    }
    // Money and usage are as they were.
    assert_eq!(world.balance("a1").await, balance);
    assert_eq!(ledger::check(&world.store).await.unwrap(), []);
    world.assert_books_agree().await;
    for (method, path, body) in [
        ("PUT", "/v1/clients/c1", json!({"name": "Иванов"})),
        ("PUT", "/v1/clients/c1/lead", json!({"state": "invited"})),
        ("POST", "/v1/clients/c1/contacts", json!({"name": "x", "email": "x@example.ru"})),
        ("POST", "/v1/clients/c1/tags", json!({"tag": 1})),
        ("DELETE", "/v1/clients/c1", json!({})),
        ("POST", "/v1/clients/c1/payers", json!({"kind": "natural", "name": "Иванов"})),
        ("PUT", "/v1/clients/c1/legal-entities/T", json!({"enabled": false})),
        ("PUT", "/v1/clients/c1/advertising-consent", json!({"given": true, "source": "x"})),
        ("PUT", "/v1/clients/c1/liquidation-exclusion", json!({"value": "Да"})),
        ("POST", "/v1/accounts", json!({"client": "c1", "legal_entity": "T"})),
        ("PUT", "/v1/accounts/a1", json!({"comment": "Иванов"})),
        ("PUT", "/v1/accounts/a1/credit-limit", json!({"limit": "0"})),
        ("PUT", "/v1/accounts/a1/plan", json!({"plan": "bundled"})),
        ("POST", "/v1/accounts/a1/reopen", json!({})),
        ("POST", "/v1/accounts/a1/contacts", json!({"name": "x", "email": "x@example.ru"})),
    ] {
        let refused = ask(&api, method, path, "admin", body).await;
        assert_eq!(said(&refused), (409, "cleaned"), "{method} {path}: {}", refused.body);
    }
    let assigned =
        ask(&api, "POST", "/v1/client-assignments", "sales", json!({"manager": "me", "clients": ["c1"]})).await;
    assert_eq!(outcomes(&assigned), expected(&[("c1", "cleaned", "")]));
    assert_eq!(said(&step("clean", "admin", "c1").await), (409, "cleaned"));

    // Five years after the last document, not a day before.
    assert_eq!(said(&step("destroy", "admin", "c1").await), (409, "retention"));
    clock.set(Utc::now() + TimeDelta::days(365 * 5 - 30));
    tokens_for_later(&world, clock.now()).await;
    assert_eq!(said(&step("destroy", "admin", "c1").await), (409, "retention"));
    clock.set(Utc::now() + TimeDelta::days(365 * 5 + 30));
    assert_eq!(hold(true).await, (200, String::new()));
    assert_eq!(said(&step("destroy", "admin", "c1").await), (409, "legal_hold"));
    assert_eq!(hold(false).await, (200, String::new()));
    assert_eq!(said(&api.get("/v1/clients/c1/destruction-act", "admin").await), (404, "not_found"));
    let act = step("destroy", "admin", "c1").await;
    assert_eq!(act.status, 200, "{}", act.body);
    let lines = act.body["extract"].as_array().unwrap();
    assert!(lines.len() == 3 && act.body["lines"] == 3, "the change, the contact, the note: {}", act.body);
    assert_eq!(
        lines.iter().map(|line| line["action"].as_str().unwrap()).collect::<Vec<_>>(),
        ["client.edit", "contact.add", "note.add"]
    );
    assert!(lines.iter().all(|line| line["digest"].as_str().is_some_and(|digest| digest.len() == 64)));
    assert_eq!(api.get("/v1/clients/c1/destruction-act", "admin").await.body, act.body);
    assert_eq!(said(&step("destroy", "admin", "c1").await), (409, "invalid_transition"));
    let verdict = billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap();
    assert!(verdict.fault.is_none(), "the chain holds without the values: {:?}", verdict.fault);
    let kept = world.store.run_past_the_rooms("DELETE FROM destruction_act").await;
    assert!(kept.is_err(), "an act stays");
    assert_eq!(ledger::check(&world.store).await.unwrap(), []);
    world.drop().await;
}

/// As [`said`], of an answer that is not kept.
fn said_of(answer: Answer) -> (u16, String) {
    let (status, code) = said(&answer);
    (status, code.to_owned())
}

/// The tokens of the beginning are over after years: they live on for this test.
async fn tokens_for_later(world: &World, moment: DateTime<Utc>) {
    let sql = format!("UPDATE api_token SET expires_at = '{}'", (moment + TimeDelta::days(1_000)).to_rfc3339());
    world.store.run_past_the_rooms(&sql).await.unwrap();
}
