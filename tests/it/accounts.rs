//! Our own companies, and accounts as staff keep them: opened, changed, closed, found; their plans over time.

use chrono::{DateTime, TimeDelta, Utc};
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

/// The field to blame; empty = none.
fn blamed(answer: &Answer) -> &str {
    answer.body["errors"][0]["pointer"].as_str().unwrap_or_default()
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

/// A new client; his code.
async fn client(api: &Api, name: &str) -> String {
    let body = json!({"code": name, "name": format!("ООО «{name}»"), "email": format!("{name}@example.ru")});
    let made = ask(api, "POST", "/v1/clients", "sales", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
    name.to_owned()
}

/// A new company of ours.
async fn entity(api: &Api, code: &str, currency: &str) {
    let body = json!({"code": code, "name": format!("ООО «{code}»"), "kind": "legal", "currency": currency, "zone": "Europe/Moscow"});
    let made = ask(api, "POST", "/v1/legal-entities", "accounting", body).await;
    assert_eq!(made.status, 201, "{}", made.body);
}

/// Asks for an account of a client at a company.
async fn open(api: &Api, role: &str, (client, entity): (&str, &str), more: Value) -> Answer {
    let mut body = json!({"client": client, "legal_entity": entity});
    if let (Value::Object(body), Value::Object(more)) = (&mut body, more) {
        body.extend(more);
    }
    ask(api, "POST", "/v1/accounts", role, body).await
}

fn codes(list: &Answer) -> Vec<&str> {
    assert_eq!(list.status, 200, "{}", list.text);
    list.body["items"].as_array().unwrap().iter().map(|row| row["code"].as_str().unwrap()).collect()
}

/// Numbers of the registry and of banks are checked; a company with active accounts does not close; what changed is on record.
#[tokio::test(flavor = "multi_thread")]
async fn legal_entities_begin_change_and_close() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let whole = || {
        json!({
            "code": "P2", "name": "ООО «Вторая»", "kind": "legal", "inn": "7707083893", "kpp": "770701001", "ogrn": "1027700132195",
            "banks": [{"bank": "Банк", "bic": "044525225", "account": "40702810438000060473", "correspondent": "30101810400000000225"}],
            "currency": "RUB", "zone": "Europe/Moscow", "tax_regime": "simplified", "external_code": "002"
        })
    };
    let with = |field: &str, value: Value| {
        let mut body = whole();
        body[field] = value;
        body
    };
    let bank = |account: &str| json!([{"bank": "Банк", "bic": "044525225", "account": account}]);
    let path = "/v1/legal-entities";
    for (body, expected, pointer) in [
        (with("inn", json!("7707083894")), (422, "validation"), "/inn"),
        (with("kpp", json!(null)), (422, "validation"), "/kpp"),
        (with("ogrn", json!("1027700132196")), (422, "validation"), "/ogrn"),
        (with("kind", json!("natural")), (422, "validation"), "/kind"),
        (with("banks", bank("40702810538000060473")), (422, "validation"), "/banks/0/account"),
        (with("currency", json!("VND")), (422, "validation"), "/currency"),
        (with("zone", json!("Moscow")), (422, "validation"), "/zone"),
        (with("tax_regime", json!("none")), (422, "validation"), "/tax_regime"),
        (with("code", json!("T")), (409, "already_exists"), "/code"),
        (with("director", json!("x")), (422, "validation"), "/director"),
        (whole(), (201, ""), ""),
    ] {
        let answer = ask(&api, "POST", path, "accounting", body).await;
        assert_eq!((said(&answer), blamed(&answer)), (expected, pointer), "{}", answer.body);
    }
    assert_eq!(ask(&api, "POST", path, "head", whole()).await.status, 403);

    let card = api.get("/v1/legal-entities/P2", "support").await;
    assert_eq!(
        (&card.body["inn"], &card.body["banks"][0]["bic"], &card.body["tax_regime"], &card.body["created_by"]),
        (&json!("7707083893"), &json!("044525225"), &json!("simplified"), &json!("accounting")),
        "{}",
        card.body
    );
    assert!(card.head.contains("etag: \"1\""), "{}", card.head);
    let second = "/v1/legal-entities/P2";
    for (method, path, body, expected) in [
        ("PUT", second, json!({"kpp": null}), (422, "validation")),
        ("PUT", second, json!({"address": "Москва", "banks": []}), (200, "")),
        ("PUT", second, json!({"zone": "Asia/Almaty"}), (200, "")),
        ("PUT", "/v1/legal-entities/T", json!({"phone": "8 495 200-02-00"}), (200, "")),
        ("PUT", "/v1/legal-entities/none", json!({"address": ""}), (404, "not_found")),
        ("POST", "/v1/legal-entities/T/close", json!({}), (409, "has_active_accounts")),
        ("POST", "/v1/legal-entities/P2/close", json!({}), (200, "")),
        ("POST", "/v1/legal-entities/P2/close", json!({}), (409, "invalid_transition")),
        ("PUT", second, json!({"address": "Тверь"}), (409, "invalid_transition")),
    ] {
        let answer = ask(&api, method, path, "accounting", body).await;
        assert_eq!(said(&answer), expected, "{method} {path}: {}", answer.body);
    }
    let stale = [("If-Match", "\"1\"")];
    let stale = api.ask("PUT", second, "accounting", &stale, Some(why(json!({"address": "x"})))).await;
    assert_eq!(said(&stale), (412, "stale"));
    let history = api.get("/v1/legal-entities/P2/history", "head").await;
    let lines = history.body["items"].as_array().unwrap();
    let actions: Vec<&str> = lines.iter().map(|line| line["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["entity.close", "entity.edit", "entity.edit", "entity.create"], "{}", history.body);
    assert_eq!((&lines[2]["before"]["address"], &lines[2]["after"]["address"]), (&json!(""), &json!("Москва")));
    assert_eq!(codes(&api.get("/v1/legal-entities", "support").await), ["P2", "T"]);
    assert_eq!(codes(&api.get("/v1/legal-entities?closed=false", "support").await), ["T"]);
    let closed = open(&api, "sales", (&client(&api, "late").await, "P2"), json!({})).await;
    assert_eq!(said(&closed), (409, "invalid_transition"), "{}", closed.body);
    world.drop().await;
}

/// B12: one active service -> 409; after its deletion -> off. Who is not connected is connected with his first account, unless the setting says no.
#[tokio::test(flavor = "multi_thread")]
async fn clients_are_connected_to_legal_entities() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let own = "/v1/clients/c1/legal-entities/T";
    let off = || json!({"enabled": false});
    let shown = api.get("/v1/clients/c1/legal-entities", "sales").await;
    assert_eq!(
        (
            &shown.body["items"][0]["legal_entity"],
            &shown.body["items"][0]["enabled"],
            &shown.body["items"][0]["accounts"]
        ),
        (&json!("T"), &json!(true), &json!(1)),
        "{}",
        shown.body
    );
    let refused = ask(&api, "PUT", own, "sales", off()).await;
    assert_eq!(said(&refused), (409, "has_active_services"), "{}", refused.body);
    let archived = ask(&api, "POST", "/v1/dids/74950000001/archive", "assistants", json!({})).await;
    assert!(archived.status < 300, "{}", archived.body);
    for (path, body, expected) in [
        (own, off(), (200, "")),
        (own, json!({"enabled": true}), (200, "")),
        ("/v1/clients/c1/legal-entities/none", off(), (404, "not_found")),
        ("/v1/clients/none/legal-entities/T", off(), (404, "not_found")),
    ] {
        let answer = ask(&api, "PUT", path, "sales", body).await;
        assert_eq!(said(&answer), expected, "{path}: {}", answer.body);
    }
    let history = api.get("/v1/clients/c1/history", "sales").await;
    assert_eq!(history.body["items"][0]["action"], "client.connect", "{}", history.body);

    let first = client(&api, "first").await;
    assert_eq!(open(&api, "sales", (&first, "T"), json!({})).await.status, 201);
    let shown = api.get("/v1/clients/first/legal-entities", "sales").await;
    assert_eq!(
        (&shown.body["items"][0]["enabled"], &shown.body["items"][0]["changed_by"]),
        (&json!(true), &json!("sales"))
    );
    let setting = ask(&api, "PUT", "/v1/settings/client.auto_connect", "admin", json!({"value": "no"})).await;
    assert_eq!(setting.status, 200, "{}", setting.body);
    api.refresh().await;
    let second = client(&api, "second").await;
    let refused = open(&api, "sales", (&second, "T"), json!({})).await;
    assert_eq!(said(&refused), (409, "not_connected"), "{}", refused.body);
    let on = ask(&api, "PUT", "/v1/clients/second/legal-entities/T", "sales", json!({"enabled": true})).await;
    assert_eq!(on.status, 200, "{}", on.body);
    assert_eq!(open(&api, "sales", (&second, "T"), json!({})).await.status, 201);
    // A40: nobody is deleted under a legal hold.
    let hold = "UPDATE account SET legal_hold = true WHERE client_id = (SELECT id FROM client WHERE code = 'second')";
    world.store.run_past_the_rooms(hold).await.unwrap();
    let refused = ask(&api, "DELETE", "/v1/clients/second", "admin", json!({})).await;
    assert_eq!(said(&refused), (409, "legal_hold"), "{}", refused.body);
    // Who is deleted takes his connections along (B8).
    let third = client(&api, "third").await;
    ask(&api, "PUT", "/v1/clients/third/legal-entities/T", "sales", json!({"enabled": true})).await;
    let gone = ask(&api, "DELETE", &format!("/v1/clients/{third}"), "admin", json!({})).await;
    assert_eq!(gone.status, 200, "{}", gone.body);
    let audit = api.get("/v1/audit/client/third", "admin").await;
    let line = &audit.body["items"][0];
    assert!(line["action"] == "client.delete" && line["before"].get("name").is_none(), "{}", audit.body);
    world.drop().await;
}

/// A13, B13, B35: what stands against an account, and what does not.
#[tokio::test(flavor = "multi_thread")]
async fn what_an_account_may_be() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    entity(&api, "USD", "USD").await;
    let own = client(&api, "own").await;
    for (role, at, more, expected, pointer) in [
        (
            "head",
            "T",
            json!({"payment_mode": "prepaid", "credit_policy": "monthly"}),
            (422, "credit_policy_conflict"),
            "",
        ),
        (
            "head",
            "T",
            json!({"payment_mode": "postpaid", "credit_policy": "days"}),
            (422, "credit_policy_conflict"),
            "",
        ),
        ("head", "T", json!({"payment_mode": "postpaid", "credit_limit": "1"}), (422, "credit_policy_conflict"), ""),
        (
            "head",
            "T",
            json!({"payment_mode": "postpaid", "credit_policy": "monthly", "credit_limit": "0.001"}),
            (422, "validation"),
            "/credit_limit",
        ),
        // Credit is given by those who may.
        ("sales", "T", json!({"payment_mode": "postpaid"}), (403, "forbidden"), ""),
        ("sales", "T", json!({"credit_policy": "days", "credit_limit": "100"}), (403, "forbidden"), ""),
        ("support", "T", json!({}), (403, "forbidden"), ""),
        ("sales", "T", json!({"payment_mode": "later"}), (422, "validation"), "/payment_mode"),
        ("sales", "T", json!({"credit_policy": "ever"}), (422, "validation"), "/credit_policy"),
        ("sales", "none", json!({}), (422, "validation"), "/legal_entity"),
        ("sales", "T", json!({"client": "none"}), (422, "validation"), "/client"),
        ("sales", "T", json!({"plan": "none"}), (422, "validation"), "/plan"),
        ("sales", "T", json!({"responsible": "nobody"}), (422, "validation"), "/responsible"),
        // B35: not active in the directory; active, but not the one that the company has (B13).
        ("sales", "T", json!({"currency": "VND"}), (422, "validation"), "/currency"),
        ("sales", "T", json!({"currency": "USD"}), (422, "validation"), "/currency"),
        ("sales", "T", json!({"zone": "Moscow"}), (422, "validation"), "/zone"),
        ("sales", "T", json!({"code": "a1"}), (409, "already_exists"), "/code"),
        // The month began at 21:00 of the 30th by the clock of the world.
        ("sales", "T", json!({"plan": "basic", "plan_from": "2026-06-30"}), (403, "forbidden"), ""),
        // Lists in roubles, and no rate into dollars: no snapshot could be made of such an account.
        ("sales", "USD", json!({"plan": "basic"}), (422, "validation"), "/plan"),
        ("sales", "USD", json!({}), (201, ""), ""),
        ("sales", "T", json!({"client": "c1"}), (409, "already_exists"), ""),
        (
            "head",
            "T",
            json!({"payment_mode": "postpaid", "credit_policy": "monthly", "credit_limit": "2000", "plan": "basic", "plan_from": "2026-07-01", "currency": "RUB"}),
            (201, ""),
            "",
        ),
        ("sales", "T", json!({}), (409, "already_exists"), ""),
    ] {
        let answer = open(&api, role, (&own, at), more.clone()).await;
        assert_eq!((said(&answer), blamed(&answer)), (expected, pointer), "{role} {at} {more}: {}", answer.body);
    }
    // All of it is a catalogue that can be read.
    api.refresh().await;
    let setting = ask(&api, "PUT", "/v1/settings/account.one_per_entity", "admin", json!({"value": "no"})).await;
    assert_eq!(setting.status, 200, "{}", setting.body);
    for (value, expected) in [("A-", 422), ("Т{number:04}", 200)] {
        let set = ask(&api, "PUT", "/v1/settings/account.code_format", "admin", json!({"value": value})).await;
        assert_eq!(set.status, expected, "{}", set.body);
    }
    api.refresh().await;
    let another = open(&api, "sales", (&own, "T"), json!({})).await;
    assert_eq!(another.status, 201, "{}", another.body);
    assert_eq!(another.body["code"], "Т0003", "the third of the sequence");
    assert_eq!(
        (&another.body["status"], &another.body["balance"], &another.body["plan"], &another.body["zone"]),
        (&json!("active"), &json!("0"), &Value::Null, &json!("Europe/Moscow"))
    );
    world.drop().await;
}

/// Of two who open the same account at once one is refused: the second of a client at a company, and the second of a code.
#[tokio::test(flavor = "multi_thread")]
async fn two_open_an_account_at_once() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let (one, two, three) = (client(&api, "one").await, client(&api, "two").await, client(&api, "three").await);
    let plan = || json!({"plan": "basic"});
    let both =
        tokio::join!(open(&api, "sales", (&one, "T"), plan()), open(&api, "client_service", (&one, "T"), plan()));
    let coded = || json!({"code": "X-1"});
    let same_code = tokio::join!(open(&api, "sales", (&two, "T"), coded()), open(&api, "head", (&three, "T"), coded()));
    for (a, b) in [both, same_code] {
        let mut statuses = [a.status, b.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [201, 409], "{} {}", a.body, b.body);
    }
    // The same key again opens no second one.
    let four = client(&api, "four").await;
    let body = || Some(why(json!({"client": four, "legal_entity": "T"})));
    let key = [("Idempotency-Key", "k-1")];
    let first = api.ask("POST", "/v1/accounts", "sales", &key, body()).await;
    let again = api.ask("POST", "/v1/accounts", "sales", &key, body()).await;
    assert_eq!((first.status, again.status, &first.body), (201, 201, &again.body), "{}", again.body);
    world.drop().await;
}

/// A13, B16, L6, M69: terms change field by field, each with its author; zone stays once there is usage.
#[tokio::test(flavor = "multi_thread")]
async fn terms_change_and_leave_a_history() {
    let world = World::new(1).await;
    world.send(0, &record("c", json!({"account": "a2", "src": "74950000002"})));
    world.ingest().await.unwrap();
    let api = Api::serve(&world, now()).await;
    let own = client(&api, "own").await;
    let made = open(
        &api,
        "head",
        (&own, "T"),
        json!({"code": "L-1", "payment_mode": "postpaid", "credit_policy": "monthly", "responsible": "sales"}),
    )
    .await;
    assert_eq!(made.status, 201, "{}", made.body);
    let path = "/v1/accounts/L-1";
    // B16: limit 0 -> 1000 by a user.
    let limit = ask(&api, "PUT", "/v1/accounts/L-1/credit-limit", "accounting", json!({"limit": "1000"})).await;
    assert_eq!(limit.status, 200, "{}", limit.body);
    let history = api.get("/v1/accounts/L-1/history?limit=1", "support").await;
    let row = &history.body["items"][0];
    assert_eq!(
        (&row["field"], &row["before"], &row["after"], &row["user"], &row["at"]),
        (&json!("credit_limit"), &json!("0"), &json!("1000"), &json!("accounting"), &json!(now())),
        "{row}"
    );
    for (role, path, body, expected) in [
        ("head", path, json!({"payment_mode": "prepaid"}), (422, "credit_policy_conflict")),
        ("head", path, json!({"credit_policy": "none"}), (422, "credit_policy_conflict")),
        ("head", path, json!({"credit_policy": "days"}), (422, "credit_policy_conflict")),
        ("sales", path, json!({"credit_limit": "5000"}), (403, "forbidden")),
        ("head", path, json!({"credit_limit": "-1"}), (422, "validation")),
        ("head", path, json!({"payment_mode": "prepaid", "credit_policy": "days", "credit_limit": "500"}), (200, "")),
        ("head", path, json!({"payment_mode": "postpaid", "credit_policy": "none", "credit_limit": "0"}), (200, "")),
        (
            "sales",
            path,
            json!({"responsible": "client_service", "card_code": "К-00017", "comment": "звонить после 11"}),
            (200, ""),
        ),
        ("sales", path, json!({"responsible": "nobody"}), (422, "validation")),
        ("sales", path, json!({"zone": "Asia/Almaty"}), (200, "")),
        ("sales", "/v1/accounts/a2", json!({"zone": "Asia/Almaty"}), (409, "has_history")),
        ("sales", path, json!({"plan": "basic"}), (422, "validation")),
        ("sales", "/v1/accounts/none", json!({"comment": ""}), (404, "not_found")),
    ] {
        let answer = ask(&api, "PUT", path, role, body.clone()).await;
        assert_eq!(said(&answer), expected, "{path} {body}: {}", answer.body);
    }
    let stale = api.ask("PUT", path, "sales", &[("If-Match", "\"1\"")], Some(why(json!({"comment": "x"})))).await;
    assert_eq!(said(&stale), (412, "stale"));
    let history = api.get("/v1/accounts/L-1/history", "support").await;
    let fields: Vec<(&str, &Value, &Value)> = history.body["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["field"].as_str().unwrap(), &row["before"], &row["after"]))
        .collect();
    for expected in [
        ("responsible", &json!("sales"), &json!("client_service")),
        ("card_code", &Value::Null, &json!("К-00017")),
        ("comment", &json!(""), &json!("звонить после 11")),
        ("payment_mode", &json!("prepaid"), &json!("postpaid")),
        ("active", &Value::Null, &json!(true)),
    ] {
        assert!(fields.contains(&expected), "{expected:?}: {fields:?}");
    }
    // The comment stands apart in the audit, so that it can be destroyed (A40).
    let audit = api.get("/v1/audit/account/L-1", "admin").await;
    assert!(!audit.text.contains("звонить после"), "{}", audit.text);
    // With a limit above which others approve, nobody gives payment by fact alone: it has none.
    let most = ask(&api, "PUT", "/v1/settings/approval.credit_limit_above", "admin", json!({"value": "5000"})).await;
    assert_eq!(most.status, 200, "{}", most.body);
    for (body, expected) in [
        (json!({"payment_mode": "postpaid"}), (200, "")),
        (json!({"payment_mode": "prepaid"}), (200, "")),
        (json!({"payment_mode": "postpaid"}), (409, "approval_needed")),
        (json!({"payment_mode": "postpaid", "credit_policy": "monthly", "credit_limit": "5000"}), (200, "")),
        (json!({"credit_policy": "none", "credit_limit": "0"}), (409, "approval_needed")),
    ] {
        let answer = ask(&api, "PUT", path, "head", body.clone()).await;
        assert_eq!(said(&answer), expected, "{body}: {}", answer.body);
    }
    let fact = client(&api, "fact").await;
    let opened = open(&api, "head", (&fact, "T"), json!({"payment_mode": "postpaid"})).await;
    assert_eq!(said(&opened), (409, "approval_needed"), "{}", opened.body);
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}

/// B13, T25: nothing is closed that holds or owes money or has numbers; what is closed stays readable and may be opened again.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_close_and_open_again() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    entity(&api, "P2", "RUB").await;
    let own = client(&api, "own").await;
    let made = open(&api, "sales", (&own, "P2"), json!({"code": "X-1", "plan": "basic"})).await;
    assert_eq!((made.status, &made.body["plan"]), (201, &json!("basic")), "{}", made.body);
    let trunk = "INSERT INTO account_trunk (trunk, account_id) SELECT 't-9', id FROM account WHERE code = 'X-1'";
    world.store.run_past_the_rooms(trunk).await.unwrap();
    let refused = ask(&api, "POST", "/v1/accounts/X-1/close", "accounting", json!({})).await;
    assert_eq!(said(&refused), (409, "has_active_services"), "{}", refused.body);
    world.store.run_past_the_rooms("DELETE FROM account_trunk WHERE trunk = 't-9'").await.unwrap();
    for (method, path, body, expected) in [
        // a1 holds 100, a3 has a number.
        ("POST", "/v1/accounts/a1/close", json!({}), (409, "balance_not_zero")),
        ("POST", "/v1/accounts/a3/close", json!({}), (409, "has_active_services")),
        ("POST", "/v1/legal-entities/P2/close", json!({}), (409, "has_active_accounts")),
        ("POST", "/v1/accounts/X-1/reopen", json!({}), (409, "invalid_transition")),
        ("POST", "/v1/accounts/X-1/close", json!({}), (200, "")),
        ("POST", "/v1/accounts/X-1/close", json!({}), (409, "invalid_transition")),
        ("PUT", "/v1/accounts/X-1/plan", json!({"plan": "basic"}), (409, "invalid_transition")),
        ("POST", "/v1/accounts/X-1/reopen", json!({"plan": "none"}), (422, "validation")),
        ("POST", "/v1/accounts/none/reopen", json!({}), (404, "not_found")),
    ] {
        let answer = ask(&api, method, path, "accounting", body).await;
        assert_eq!(said(&answer), expected, "{method} {path}: {}", answer.body);
    }
    let card = api.get("/v1/accounts/X-1", "support").await;
    assert_eq!(
        (&card.body["status"], &card.body["plan"], &card.body["closed_at"], &card.body["available"]),
        (&json!("closed"), &Value::Null, &json!(now()), &json!(false)),
        "{}",
        card.body
    );
    assert_eq!(codes(&api.get("/v1/accounts?active=false", "support").await), ["X-1"]);
    // Another takes its place; then it does not come back.
    let another = open(&api, "sales", (&own, "P2"), json!({"code": "X-2"})).await;
    assert_eq!(another.status, 201, "{}", another.body);
    let refused = ask(&api, "POST", "/v1/accounts/X-1/reopen", "sales", json!({})).await;
    assert_eq!(said(&refused), (409, "already_exists"), "{}", refused.body);
    assert_eq!(ask(&api, "POST", "/v1/accounts/X-2/close", "sales", json!({})).await.status, 200);
    let back = ask(&api, "POST", "/v1/accounts/X-1/reopen", "sales", json!({"plan": "bundled"})).await;
    assert_eq!(
        (back.status, &back.body["status"], &back.body["plan"], &back.body["closed_at"]),
        (200, &json!("active"), &json!("bundled"), &Value::Null),
        "{}",
        back.body
    );
    // B13: the company takes another currency; the account stays, its client cannot use it, and another one may be opened.
    let other = ask(&api, "PUT", "/v1/legal-entities/P2", "accounting", json!({"currency": "USD"})).await;
    assert_eq!(other.status, 200, "{}", other.body);
    let card = api.get("/v1/accounts/X-1", "support").await;
    assert_eq!((&card.body["currency"], &card.body["available"]), (&json!("RUB"), &json!(false)), "{}", card.body);
    let dollars = open(&api, "sales", (&own, "P2"), json!({})).await;
    assert_eq!((dollars.status, &dollars.body["currency"]), (201, &json!("USD")), "{}", dollars.body);
    api.refresh().await;
    world.drop().await;
}

/// Plans follow one another without a gap or an overlap; a future one can be replaced; each has its author.
#[tokio::test(flavor = "multi_thread")]
async fn plans_of_an_account_over_time() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let path = "/v1/accounts/a1/plan";
    let set = async |role: &str, plan: &str, from: &str| {
        ask(&api, "PUT", path, role, json!({"plan": plan, "from": from})).await
    };
    let lines = async || {
        let list = api.get("/v1/accounts/a1/plans", "support").await;
        let items = list.body["items"].as_array().unwrap().clone();
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        items
            .iter()
            .map(|line| {
                let words = ["plan", "from", "to", "state", "author"].map(|field| text(&line[field]));
                words.join(" ")
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(lines().await, ["basic - - current load"]);
    let future = set("sales", "bundled", "2026-08-01").await;
    assert_eq!((future.status, &future.body["plan"]), (200, &json!("basic")), "{}", future.body);
    assert_eq!(
        lines().await,
        ["bundled 2026-07-31T21:00:00Z - future sales", "basic - 2026-07-31T21:00:00Z current load"]
    );
    // Ten days earlier than it was: the first wish stays on record.
    assert_eq!(set("head", "bundled", "2026-07-10").await.status, 200);
    assert_eq!(
        lines().await,
        [
            "bundled 2026-07-31T21:00:00Z - replaced sales",
            "bundled 2026-07-09T21:00:00Z - future head",
            "basic - 2026-07-09T21:00:00Z current load",
        ]
    );
    for (role, plan, from, expected) in [
        ("sales", "bundled", "2026-07-20", (409, "already_exists")),
        ("sales", "bundled", "2026-06-30", (403, "forbidden")),
        ("sales", "none", "2026-07-20", (422, "validation")),
        ("sales", "bundled", "soon", (422, "validation")),
        ("support", "bundled", "2026-07-20", (403, "forbidden")),
        ("head", "bundled", "2026-06-30", (200, "")),
    ] {
        let answer = set(role, plan, from).await;
        assert_eq!(said(&answer), expected, "{role} {plan} {from}: {}", answer.body);
    }
    assert_eq!(
        lines().await,
        [
            "bundled 2026-07-31T21:00:00Z - replaced sales",
            "bundled 2026-07-09T21:00:00Z - replaced head",
            "bundled 2026-06-29T21:00:00Z - current head",
            "basic - 2026-06-29T21:00:00Z past load",
        ]
    );
    // A9: not in a month that the issuer has closed, whoever asks.
    let closed = "INSERT INTO billing_period (legal_entity_id, month, closed_at) SELECT id, '2026-06-01', now() FROM legal_entity
                  ON CONFLICT (legal_entity_id, month) DO UPDATE SET closed_at = excluded.closed_at";
    world.store.run_past_the_rooms(closed).await.unwrap();
    let refused = set("head", "basic", "2026-06-20").await;
    assert_eq!(said(&refused), (409, "period_closed"), "{}", refused.body);
    let card = api.get("/v1/clients/c1", "support").await;
    assert_eq!(card.body["accounts"][0]["plan"], "bundled", "{}", card.body);
    // In force for rating: its bundles are there.
    api.refresh().await;
    let bundles = api.get("/v1/accounts/a1/bundles", "support").await;
    assert_eq!(bundles.body["items"].as_array().map(Vec::len), Some(2), "{}", bundles.body);
    let plan = api.get("/v1/plans/bundled", "support").await;
    assert_eq!(
        (&plan.body["accounts"], &plan.body["layers"][0]["list"], &plan.body["bundles"][0]["code"]),
        (&json!(2), &json!("packed"), &json!("hundred")),
        "{}",
        plan.body
    );
    assert_eq!(api.get("/v1/plans/none", "support").await.status, 404);
    let plans = api.get("/v1/plans?price_list=retail", "support").await;
    assert_eq!((codes(&plans), &plans.body["items"][0]["layers"]), (vec!["basic"], &json!(["special", "retail"])));
    assert_eq!(codes(&api.get("/v1/accounts?plan=bundled&sort=code", "support").await), ["a1", "a4"]);
    world.drop().await;
}

/// S46, L6, T25: by code as people write it, INN, name, who answers, mine; without a card code.
#[tokio::test(flavor = "multi_thread")]
async fn accounts_are_found() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let party =
        json!({"kind": "legal", "name": "ООО «Ёлка»", "inn": "7707083893", "kpp": "770701001", "city": "Тверь"});
    let body = json!({"code": "elka", "name": "ООО «Ёлка»", "email": "elka@example.ru", "party": party});
    assert_eq!(ask(&api, "POST", "/v1/clients", "sales", body).await.status, 201);
    let own = json!({"code": "2979032", "plan": "basic", "responsible": "sales"});
    assert_eq!(open(&api, "sales", ("elka", "T"), own).await.status, 201);
    for (query, expected) in [
        ("code=2%20979%20032", vec!["2979032"]),
        ("code=2979", vec!["2979032"]),
        ("code=979032", vec![]),
        ("inn=7707083893", vec!["2979032"]),
        ("name=%D0%B5%D0%BB%D0%BA%D0%B0", vec!["2979032"]),
        ("city=%D1%82%D0%B2%D0%B5%D1%80%D1%8C", vec!["2979032"]),
        ("responsible=SALES", vec!["2979032"]),
        ("mine=true", vec!["2979032"]),
        ("mine=false&sort=code", vec!["a1", "a2", "a3", "a4"]),
        ("client=c2&sort=code", vec!["a2", "a3"]),
        ("client=c2&sort=-code", vec!["a3", "a2"]),
        ("legal_entity=T&payment_mode=postpaid", vec!["a2"]),
        ("balance_from=0.01&sort=code", vec!["a1", "a4"]),
        ("balance_to=0&sort=code&active=true", vec!["2979032", "a2", "a3"]),
        ("has_card_code=true", vec![]),
        ("has_card_code=false&client=elka", vec!["2979032"]),
        ("currency=RUB&plan=bundled", vec!["a4"]),
        ("currency=USD", vec![]),
    ] {
        let list = api.get(&format!("/v1/accounts?{query}"), "sales").await;
        assert_eq!(codes(&list), expected, "{query}: {}", list.text);
    }
    assert_eq!(codes(&api.get("/v1/accounts?mine=true", "head").await), Vec::<&str>::new());
    let row = api.get("/v1/accounts?code=2979032", "support").await.body["items"][0].clone();
    assert_eq!(
        (&row["client"], &row["client_name"], &row["legal_entity"], &row["plan"], &row["balance"], &row["active"]),
        (&json!("elka"), &json!("ООО «Ёлка»"), &json!("T"), &json!("basic"), &json!("0"), &json!(true)),
        "{row}"
    );
    // L6: with its code it is missing no more.
    let set = ask(&api, "PUT", "/v1/accounts/2979032", "sales", json!({"card_code": "К-00017"})).await;
    assert_eq!((set.status, &set.body["card_code"]), (200, &json!("К-00017")), "{}", set.body);
    assert_eq!(codes(&api.get("/v1/accounts?has_card_code=true", "sales").await), ["2979032"]);
    assert_eq!(codes(&api.get("/v1/accounts?has_card_code=false&client=elka", "sales").await), Vec::<&str>::new());
    let misspelt = api.get("/v1/accounts?sort=balance", "sales").await;
    assert_eq!(misspelt.status, 422, "{}", misspelt.text);
    world.drop().await;
}

/// S7: contacts stand on both cards, each with who registered it.
#[tokio::test(flavor = "multi_thread")]
async fn contacts_of_an_account_and_of_its_client() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let (account, client) = ("/v1/accounts/a1/contacts", "/v1/clients/c1/contacts");
    for (path, role, body, expected) in [
        (account, "sales", json!({"name": "Орлова", "phone": "8 495 200-02-01"}), (201, "")),
        (client, "client_service", json!({"name": "Петров", "email": "petrov@example.ru"}), (201, "")),
        (account, "sales", json!({"name": "Никто"}), (422, "validation")),
        ("/v1/accounts/none/contacts", "sales", json!({"name": "x", "email": "x@example.ru"}), (404, "not_found")),
        (account, "support", json!({"name": "x", "email": "x@example.ru"}), (403, "forbidden")),
    ] {
        let answer = ask(&api, "POST", path, role, body).await;
        assert_eq!(said(&answer), expected, "{path} {role}: {}", answer.body);
    }
    let names = async |path: &str| {
        let list = api.get(path, "support").await;
        let items = list.body["items"].as_array().unwrap().clone();
        items.iter().map(|row| format!("{} {}", row["name"], row["created_by"])).collect::<Vec<_>>()
    };
    assert_eq!(names(account).await, ["\"Орлова\" \"sales\""]);
    assert_eq!(names(client).await, ["\"Петров\" \"client_service\""]);
    let id = api.get(account, "support").await.body["items"][0]["id"].clone();
    for (path, expected) in [(client, (404, "not_found")), (account, (200, "")), (account, (404, "not_found"))] {
        let answer = ask(&api, "DELETE", &format!("{path}/{id}"), "sales", json!({})).await;
        assert_eq!(said(&answer), expected, "{path}: {}", answer.body);
    }
    assert_eq!(names(account).await, Vec::<String>::new());
    let audit = api.get("/v1/audit/account_contact/a1", "admin").await;
    let done = audit.body["items"].as_array().unwrap().iter().filter(|line| line["outcome"] == "done").count();
    assert_eq!(done, 2, "{}", audit.body);
    assert!(!audit.text.contains("200-02-01") && !audit.text.contains("Орлова"), "{}", audit.text);
    world.drop().await;
}

/// B37: a call on a new account is rated and charged there; the balance at the other company pays nothing of it.
#[tokio::test(flavor = "multi_thread")]
async fn balances_at_two_companies_are_two() {
    let world = World::new(1).await;
    // An hour ago, so that the plan counts for calls of now.
    let api = Api::serve(&world, Utc::now() - TimeDelta::hours(1)).await;
    entity(&api, "P2", "RUB").await;
    let own = client(&api, "own").await;
    for (entity, code) in [("T", "at-t"), ("P2", "at-p2")] {
        let made = open(&api, "sales", (&own, entity), json!({"code": code, "plan": "basic"})).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let pay = "INSERT INTO posting (account_id, kind, is_real, amount, at, reference, author) SELECT id, 'payment', true, 100, now(), 'p', 'test' FROM account WHERE code = 'at-t';
               UPDATE account_balance SET balance = 100 WHERE account_id = (SELECT id FROM account WHERE code = 'at-t')";
    world.store.run_past_the_rooms(pay).await.unwrap();
    world.send(0, &record("call", json!({"account": "at-p2", "src": "74957777777"})));
    world.ingest().await.unwrap();
    // 60 s at 0.60 a minute.
    assert_eq!((world.balance("at-p2").await.as_str(), world.balance("at-t").await.as_str()), ("-0.6", "100"));
    world.assert_books_agree().await;
    // What owes is not closed; who has usage keeps his zone, and so does the company by whose days it is counted.
    let refused = ask(&api, "POST", "/v1/accounts/at-p2/close", "sales", json!({})).await;
    assert_eq!(said(&refused), (409, "balance_not_zero"), "{}", refused.body);
    for code in ["T", "P2"] {
        let zone = json!({"zone": "Asia/Almaty"});
        let refused = ask(&api, "PUT", &format!("/v1/legal-entities/{code}"), "accounting", zone).await;
        assert_eq!(said(&refused), (409, "has_history"), "{code}: {}", refused.body);
    }
    let turnover = api.get("/v1/clients/own", "support").await;
    let accounts = turnover.body["accounts"].as_array().unwrap();
    let issuers: Vec<_> = accounts.iter().map(|line| (&line["code"], &line["issuer"], &line["balance"])).collect();
    assert_eq!(
        issuers,
        [(&json!("at-p2"), &json!("P2"), &json!("-0.6")), (&json!("at-t"), &json!("T"), &json!("100"))],
        "{}",
        turnover.body
    );
    world.drop().await;
}

/// Carriers are looked at, and renamed.
#[tokio::test(flavor = "multi_thread")]
async fn providers_are_shown_and_renamed() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let list = api.get("/v1/providers?trunk=mts-2", "support").await;
    assert_eq!((codes(&list), &list.body["items"][0]["price_lists"]), (vec!["mts"], &json!(["wholesale"])));
    let path = "/v1/providers/mts";
    for (path, role, headers, expected) in [
        (path, "support", vec![], (403, "forbidden")),
        (path, "settlement", vec![("If-Match", "\"7\"")], (412, "stale")),
        (path, "settlement", vec![("If-Match", "\"1\"")], (200, "")),
        ("/v1/providers/none", "settlement", vec![], (404, "not_found")),
    ] {
        let answer = api.ask("PUT", path, role, &headers, Some(why(json!({"name": "ПАО «МТС»"})))).await;
        assert_eq!(said(&answer), expected, "{path} {role}: {}", answer.body);
    }
    let card = api.get(path, "support").await;
    assert_eq!(
        (&card.body["name"], &card.body["trunks"], &card.body["revision"]),
        (&json!("ПАО «МТС»"), &json!(["mts-1", "mts-2"]), &json!(2)),
        "{}",
        card.body
    );
    world.drop().await;
}
