//! Groups of clients with what they permit and what is kept for them; payment methods; contracts and their templates.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

fn moment(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    moment("2026-07-01T10:00:00Z")
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

async fn ask(api: &Api, method: &str, path: &str, role: &str, body: Value) -> Answer {
    let mut body = body;
    body["reason"] = json!("test");
    api.ask(method, path, role, &[("Accept-Language", "en")], Some(body)).await
}

/// The same where it succeeds.
async fn done(api: &Api, method: &str, path: &str, role: &str, body: Value) -> Value {
    let answer = ask(api, method, path, role, body).await;
    assert!(answer.status < 300, "{method} {path}: {}", answer.body);
    answer.body
}

/// One field of the rows of a list.
async fn listed(api: &Api, path: &str, field: &str) -> Vec<String> {
    let answer = api.get(path, "head").await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    let items = answer.body["items"].as_array().unwrap();
    items.iter().map(|item| item[field].as_str().unwrap().to_owned()).collect()
}

/// B10, B32: what is kept for a group is offered to its members of the moment and refused to others.
#[tokio::test(flavor = "multi_thread")]
async fn plans_and_payment_methods_are_kept_for_groups() {
    let world = World::new(1).await;
    let clock = SetClock::at(now());
    let api = Api::serve_by(&world, clock.clone()).await;
    done(&api, "POST", "/v1/client-groups", "head", json!({"code": "g", "title": "Партнёры"})).await;
    for client in ["c1", "c2", "c3"] {
        assert_eq!(listed(&api, &format!("/v1/clients/{client}/plans"), "code").await, ["basic", "bundled"]);
    }
    let kept = done(&api, "PUT", "/v1/plans/bundled/groups", "head", json!({"groups": ["g", "g"]})).await;
    assert_eq!(kept, json!({"code": "bundled", "groups": ["g"]}));
    assert_eq!(api.get("/v1/plans/bundled/groups", "support").await.body, kept);
    done(
        &api,
        "POST",
        "/v1/payment-methods",
        "accounting",
        json!({"code": "desk", "name_ru": "Касса", "name_en": "Desk", "kind": "cash", "legal_entity": "T"}),
    )
    .await;
    done(&api, "PUT", "/v1/payment-methods/desk/groups", "accounting", json!({"groups": ["g"]})).await;

    // Inside from now on; inside until yesterday; inside from tomorrow on.
    let members = "/v1/client-groups/g/members";
    done(&api, "POST", members, "head", json!({"client": "c1"})).await;
    done(&api, "POST", members, "head", json!({"client": "c3", "from": "2026-06-01", "to": "2026-06-30"})).await;
    done(&api, "POST", members, "head", json!({"client": "c2", "from": "2026-07-02"})).await;
    for (client, plans, plan, method) in [
        ("c1", &["basic", "bundled"][..], (200, ""), (200, "")),
        ("c2", &["basic"], (403, "tariff_not_available"), (403, "payment_method_not_available")),
        ("c3", &["basic"], (403, "tariff_not_available"), (403, "payment_method_not_available")),
    ] {
        assert_eq!(listed(&api, &format!("/v1/clients/{client}/plans"), "code").await, plans, "{client}");
        let answer = api.get(&format!("/v1/clients/{client}/plans/bundled"), "support").await;
        assert_eq!(said(&answer), plan, "{client}: {}", answer.body);
        assert_eq!(api.get(&format!("/v1/clients/{client}/plans/basic"), "support").await.status, 200, "{client}");
        let answer = api.get(&format!("/v1/clients/{client}/payment-methods/desk"), "support").await;
        assert_eq!(said(&answer), method, "{client}: {}", answer.body);
        let offered = listed(&api, &format!("/v1/clients/{client}/payment-methods"), "code").await;
        assert_eq!(offered.len(), usize::from(method.0 == 200), "{client}: {offered:?}");
    }
    clock.set(moment("2026-07-03T10:00:00Z"));
    assert_eq!(api.get("/v1/clients/c2/plans/bundled", "support").await.status, 200);
    done(&api, "DELETE", "/v1/client-groups/g/members/c2", "head", json!({})).await;
    clock.set(moment("2026-07-04T10:00:00Z"));
    assert_eq!(said(&api.get("/v1/clients/c2/plans/bundled", "support").await), (403, "tariff_not_available"));

    for (method, path, role, body, expected, pointer) in [
        ("PUT", "/v1/plans/bundled/groups", "head", json!({"groups": ["none"]}), (422, "validation"), "/groups"),
        ("PUT", "/v1/plans/none/groups", "head", json!({"groups": []}), (404, "not_found"), ""),
        ("PUT", "/v1/plans/bundled/groups", "support", json!({"groups": []}), (403, "forbidden"), ""),
        (
            "PUT",
            "/v1/payment-methods/desk/groups",
            "accounting",
            json!({"groups": ["none"]}),
            (422, "validation"),
            "/groups",
        ),
        ("PUT", "/v1/payment-methods/desk", "accounting", json!({"kind": "gold"}), (422, "validation"), "/kind"),
        (
            "POST",
            "/v1/payment-methods",
            "accounting",
            json!({"code": "desk", "name_ru": "К", "name_en": "D", "kind": "cash", "legal_entity": "T"}),
            (409, "already_exists"),
            "/code",
        ),
        (
            "POST",
            "/v1/payment-methods",
            "accounting",
            json!({"code": "x", "name_ru": "К", "name_en": "D", "kind": "cash", "legal_entity": "X"}),
            (422, "validation"),
            "/legal_entity",
        ),
    ] {
        let answer = ask(&api, method, path, role, body).await;
        assert_eq!(said(&answer), expected, "{method} {path}: {}", answer.body);
        assert_eq!(answer.body["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{}", answer.body);
    }
    for path in ["/v1/clients/none/plans", "/v1/clients/none/plans/basic", "/v1/clients/c1/payment-methods/none"] {
        assert_eq!(api.get(path, "support").await.status, 404, "{path}");
    }

    // A method that is off, then closed, is offered to nobody.
    let stale = json!({"active": false, "reason": "test"});
    let stale = api.ask("PUT", "/v1/payment-methods/desk", "accounting", &[("If-Match", "\"1\"")], Some(stale)).await;
    assert_eq!(said(&stale), (412, "stale"), "its groups raised the revision");
    let off = done(&api, "PUT", "/v1/payment-methods/desk", "accounting", json!({"active": false})).await;
    assert_eq!((&off["active"], &off["revision"], &off["groups"]), (&json!(false), &json!(3), &json!(["g"])));
    assert_eq!(api.get("/v1/clients/c1/payment-methods/desk", "support").await.status, 404);
    assert_eq!(listed(&api, "/v1/payment-methods?group=g", "code").await, ["desk"]);
    done(&api, "DELETE", "/v1/payment-methods/desk", "accounting", json!({})).await;
    let again = ask(&api, "DELETE", "/v1/payment-methods/desk", "accounting", json!({})).await;
    assert_eq!(said(&again), (409, "invalid_transition"));

    // A closed group has no members; what is kept for it stays kept, until it is opened to everybody.
    done(&api, "DELETE", "/v1/client-groups/g", "head", json!({})).await;
    assert_eq!(said(&api.get("/v1/clients/c1/plans/bundled", "support").await), (403, "tariff_not_available"));
    for (method, path, body, expected) in [
        ("POST", members, json!({"client": "c1"}), (404, "not_found")),
        ("PUT", "/v1/client-groups/g", json!({"title": "x"}), (409, "invalid_transition")),
        ("DELETE", "/v1/client-groups/g", json!({}), (409, "invalid_transition")),
        ("PUT", "/v1/plans/basic/groups", json!({"groups": ["g"]}), (422, "validation")),
        (
            "POST",
            "/v1/discounts",
            json!({"level": "promo", "group": "g", "percent": "20", "name": "x"}),
            (422, "validation"),
        ),
    ] {
        assert_eq!(said(&ask(&api, method, path, "head", body).await), expected, "{method} {path}");
    }
    done(&api, "PUT", "/v1/plans/bundled/groups", "head", json!({"groups": []})).await;
    assert_eq!(api.get("/v1/clients/c3/plans/bundled", "support").await.status, 200);
    let audit = api.get("/v1/audit/tariff_plan/bundled", "admin").await;
    let line = &audit.body["items"][0];
    assert_eq!(
        (&line["action"], &line["before"], &line["after"]),
        (&json!("plan.groups"), &json!({"groups": ["g"]}), &json!({"groups": []})),
        "{}",
        audit.body
    );
    world.drop().await;
}

/// B10: several groups at once: what one permits, holds; what one denies, does not.
#[tokio::test(flavor = "multi_thread")]
async fn several_groups_permit_and_deny() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let none = api.get("/v1/clients/c1/permissions", "support").await;
    assert_eq!((&none.body["groups"], &none.body["referral"]["holds"]), (&json!([]), &json!(true)), "{}", none.body);
    for group in [
        json!({"code": "g1", "permits": ["may_stop_services", "may_resume_services"], "referral": "allow", "mailing_segment": "news"}),
        json!({"code": "g2", "permits": ["may_stop_services", "no_service_limit"], "referral": "deny", "promo": "deny"}),
        json!({"code": "g3", "mailing_segment": "news"}),
    ] {
        let code = group["code"].as_str().unwrap().to_owned();
        done(&api, "POST", "/v1/client-groups", "head", group).await;
        let members = format!("/v1/client-groups/{code}/members");
        done(&api, "POST", &members, "head", json!({"client": "c1"})).await;
    }
    let found = api.get("/v1/clients/c1/permissions", "support").await;
    assert_eq!(
        found.body,
        json!({
            "client": "c1", "groups": ["g1", "g2", "g3"],
            "permits": [
                {"name": "may_stop_services", "holds": true, "by": ["g1", "g2"]},
                {"name": "may_resume_services", "holds": true, "by": ["g1"]},
                {"name": "may_delete_services", "holds": false, "by": []},
                {"name": "no_service_limit", "holds": true, "by": ["g2"]},
            ],
            "promo": {"holds": false, "said": "deny", "by": ["g2"]},
            "referral": {"holds": false, "said": "deny", "by": ["g2"]},
            "segments": [{"name": "news", "by": ["g1", "g3"]}],
        })
    );
    assert_eq!(api.get("/v1/clients/none/permissions", "support").await.status, 404);

    let group = "/v1/client-groups/g2";
    let card = api.get(group, "support").await;
    assert!(card.head.contains("etag: \"1\""), "{}", card.head);
    for (body, expected) in [
        (json!({"permits": ["may_pay"]}), (422, "validation")),
        (json!({"referral": "perhaps"}), (422, "validation")),
        (json!({"code": "g9"}), (422, "validation")),
        (json!({"permits": [], "referral": "unsaid", "comment": "больше не запрещает"}), (200, "")),
    ] {
        let answer = ask(&api, "PUT", group, "head", body).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
    }
    let stale = Some(json!({"title": "x", "reason": "test"}));
    let stale = api.ask("PUT", group, "head", &[("If-Match", "\"1\"")], stale).await;
    assert_eq!(said(&stale), (412, "stale"));
    assert_eq!(said(&ask(&api, "PUT", group, "support", json!({"title": "x"})).await), (403, "forbidden"));
    let found = api.get("/v1/clients/c1/permissions", "support").await;
    assert_eq!(found.body["referral"], json!({"holds": true, "said": "allow", "by": ["g1"]}), "{}", found.body);
    assert_eq!(found.body["permits"][3]["holds"], false);
    // A closed group says nothing any more.
    done(&api, "DELETE", "/v1/client-groups/g1", "head", json!({})).await;
    let found = api.get("/v1/clients/c1/permissions", "support").await;
    assert_eq!((&found.body["groups"], &found.body["permits"][0]["holds"]), (&json!(["g2", "g3"]), &json!(false)));
    let closed = api.get("/v1/client-groups/g1", "support").await;
    assert_eq!((&closed.body["members"], closed.body["closed_at"].is_string()), (&json!(0), true), "{}", closed.body);
    world.drop().await;
}

const BODY: &str = "Договор {{contract.number}} от {{contract.signed_on}}: {{client.code}}, {{ contract.accounts }}, <{{issuer.code}}>";

fn template(code: &str, body: &str) -> Value {
    json!({"code": code, "title": "Договор", "legal_entity": "T", "language": "ru", "body": body})
}

/// B31, B42: a client of the group gets a contract from its sample, others are neither offered it nor get it.
#[tokio::test(flavor = "multi_thread")]
async fn templates_are_checked_kept_for_groups_and_have_versions() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let templates = "/v1/contract-templates";
    for (body, expected, pointer) in [
        (template("t", "{{client.nme}}"), (422, "validation"), "/body"),
        (template("t", "{{client.name"), (422, "validation"), "/body"),
        (template("t", " "), (422, "validation"), "/body"),
        (
            json!({"code": "t", "title": "Д", "legal_entity": "X", "language": "ru", "body": "x"}),
            (422, "validation"),
            "/legal_entity",
        ),
        (
            json!({"code": "t", "title": "Д", "legal_entity": "T", "language": "de", "body": "x"}),
            (422, "validation"),
            "/language",
        ),
        (template("open", BODY), (201, ""), ""),
        (template("open", BODY), (409, "already_exists"), "/code"),
        (template("of_g", BODY), (201, ""), ""),
    ] {
        let answer = ask(&api, "POST", templates, "settlement", body).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
        assert_eq!(answer.body["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{}", answer.body);
    }
    let unknown = ask(&api, "POST", templates, "settlement", template("t", "x {{client.nme}}")).await;
    let detail = unknown.body["errors"][0]["detail"].as_str().unwrap();
    assert!(detail.starts_with("There is no field {{client.nme}}; there are: client.city"), "{detail}");
    assert_eq!(said(&ask(&api, "POST", templates, "sales", template("t", BODY)).await), (403, "forbidden"));

    done(&api, "POST", "/v1/client-groups", "head", json!({"code": "g"})).await;
    done(&api, "POST", "/v1/client-groups/g/members", "head", json!({"client": "c1"})).await;
    done(&api, "PUT", "/v1/contract-templates/of_g/groups", "settlement", json!({"groups": ["g"]})).await;
    assert_eq!(listed(&api, "/v1/clients/c1/contract-templates", "code").await, ["of_g", "open"]);
    assert_eq!(listed(&api, "/v1/clients/c2/contract-templates", "code").await, ["open"]);
    for (client, template, expected) in [
        ("c1", "of_g", (201, "")),
        ("c2", "of_g", (403, "template_not_available")),
        ("c2", "open", (201, "")),
        ("c2", "none", (422, "validation")),
        ("none", "open", (404, "not_found")),
    ] {
        let path = format!("/v1/clients/{client}/contracts");
        let answer = ask(&api, "POST", &path, "sales", json!({"template": template, "kind": "service"})).await;
        assert_eq!(said(&answer), expected, "{client} {template}: {}", answer.body);
    }
    let own = api.get("/v1/clients/c1/contracts", "support").await;
    assert_eq!(
        (&own.body["items"][0]["template"], &own.body["items"][0]["number"]),
        (&json!("of_g"), &json!("T-2026-00001"))
    );
    // A draft does not come to it by the back door either.
    let drafts = api.get("/v1/clients/c2/contracts", "support").await;
    let path = format!("/v1/contracts/{}", drafts.body["items"][0]["id"]);
    let refused = ask(&api, "PUT", &path, "sales", json!({"template": "of_g"})).await;
    assert_eq!(said(&refused), (403, "template_not_available"));

    // Another text is another version; the draft keeps its own until it is told to take the new one.
    let same =
        done(&api, "PUT", "/v1/contract-templates/open", "settlement", json!({"title": "Новый", "body": BODY})).await;
    assert_eq!((&same["version"], &same["title"]), (&json!(1), &json!("Новый")));
    let newer =
        done(&api, "PUT", "/v1/contract-templates/open", "settlement", json!({"body": "v2 {{client.code}}"})).await;
    assert_eq!((&newer["version"], &newer["revision"]), (&json!(2), &json!(3)));
    let first = api.get("/v1/contract-templates/open/versions/1", "support").await;
    assert_eq!((first.status, &first.body["body"]), (200, &json!(BODY)));
    assert_eq!(api.get("/v1/contract-templates/open/versions/3", "support").await.status, 404);
    let text = format!("{path}/text");
    let kept = done(&api, "PUT", &path, "sales", json!({"kind": "agency"})).await;
    assert_eq!(kept["template_version"], 1, "{kept}");
    assert!(api.get(&text, "support").await.text.starts_with("Договор T-2026-00002 от —: c2, —, <T>"));
    let taken = done(&api, "PUT", &path, "sales", json!({"template": "open"})).await;
    assert_eq!((&taken["template_version"], api.get(&text, "support").await.text), (&json!(2), "v2 c2".to_owned()));
    done(&api, "DELETE", "/v1/contract-templates/open", "settlement", json!({})).await;
    assert_eq!(listed(&api, "/v1/clients/c2/contract-templates", "code").await, Vec::<String>::new());
    let closed = json!({"template": "open", "kind": "service"});
    let closed = ask(&api, "POST", "/v1/clients/c2/contracts", "sales", closed).await;
    assert_eq!((said(&closed), &closed.body["errors"][0]["pointer"]), ((422, "validation"), &json!("/template")));
    assert_eq!(listed(&api, "/v1/contract-templates?closed=true", "code").await, ["open"]);
    world.drop().await;
}

/// Contracts get numbers without a gap, change while they are drafts, come into force and end.
#[tokio::test(flavor = "multi_thread")]
async fn contracts_are_numbered_signed_and_ended() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    done(&api, "POST", "/v1/contract-templates", "settlement", template("t", BODY)).await;
    let kind = json!({"code": "subscription", "name_ru": "Подписной", "name_en": "Subscription"});
    done(&api, "POST", "/v1/contract-kinds", "head", kind.clone()).await;
    assert_eq!(said(&ask(&api, "POST", "/v1/contract-kinds", "head", kind).await), (409, "already_exists"));
    assert_eq!(listed(&api, "/v1/contract-kinds", "code").await, ["additional", "agency", "service", "subscription"]);
    assert_eq!(listed(&api, "/v1/clients-without-contract", "code").await, ["c1", "c2", "c3"]);

    let with = |change: Value| {
        let mut body = json!({"template": "t", "kind": "service", "accounts": ["a1"]});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body
    };
    let contracts = "/v1/clients/c1/contracts";
    // Two at once; what is refused in between takes no number.
    let both = tokio::join!(
        ask(&api, "POST", contracts, "sales", with(json!({}))),
        ask(&api, "POST", contracts, "client_service", with(json!({"accounts": []})))
    );
    let mut numbers = [both.0.body["number"].as_str().unwrap(), both.1.body["number"].as_str().unwrap()];
    numbers.sort_unstable();
    assert_eq!(numbers, ["T-2026-00001", "T-2026-00002"]);
    for (change, expected, pointer) in [
        (json!({"accounts": ["a2"]}), (422, "validation"), "/accounts"),
        (json!({"kind": "none"}), (422, "validation"), "/kind"),
        (json!({"valid_from": "2026-07-02", "valid_to": "2026-07-01"}), (422, "validation"), "/valid_to"),
        (json!({"signed_on": "yesterday"}), (422, "validation"), "/signed_on"),
    ] {
        let answer = ask(&api, "POST", contracts, "sales", with(change)).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
        assert_eq!(answer.body["errors"][0]["pointer"], pointer, "{}", answer.body);
    }
    assert_eq!(said(&ask(&api, "POST", contracts, "support", with(json!({}))).await), (403, "forbidden"));
    let third = done(&api, "POST", contracts, "sales", with(json!({"valid_to": "2026-07-01"}))).await;
    assert_eq!((&third["number"], &third["valid_from"]), (&json!("T-2026-00003"), &json!("2026-07-01")));
    let format = |value: &str| json!({"value": value});
    let setting = "/v1/settings/contract.number_format";
    assert_eq!(said(&ask(&api, "PUT", setting, "admin", format("{number}")).await), (422, "validation"));
    done(&api, "PUT", setting, "admin", format("Д-{number}/{yy}")).await;
    let fourth = done(&api, "POST", contracts, "sales", with(json!({"accounts": []}))).await;
    assert_eq!(fourth["number"], "Д-4/26");

    let path = format!("/v1/contracts/{}", third["id"]);
    let step = |name: &str| format!("{path}/{name}");
    for (method, path, body, expected) in [
        ("PUT", path.clone(), json!({"signed_on": "2026-07-02", "valid_to": null}), (200, "")),
        ("POST", step("activate"), json!({}), (422, "validation")),
        ("POST", step("terminate"), json!({}), (409, "invalid_transition")),
        ("POST", step("activate"), json!({"signed_on": "2026-06-30"}), (200, "")),
        ("POST", step("activate"), json!({}), (409, "invalid_transition")),
        ("PUT", path.clone(), json!({"accounts": []}), (409, "invalid_transition")),
        ("POST", "/v1/contracts/999/activate".into(), json!({}), (404, "not_found")),
    ] {
        let answer = ask(&api, method, &path, "sales", body).await;
        assert_eq!(said(&answer), expected, "{method} {path}: {}", answer.body);
    }
    let card = api.get(&path, "support").await;
    assert_eq!(
        (&card.body["state"], &card.body["signed_on"], &card.body["valid_to"], &card.body["accounts"]),
        (&json!("active"), &json!("2026-06-30"), &Value::Null, &json!(["a1"])),
        "{}",
        card.body
    );
    assert!(card.head.contains("etag: \"3\""), "{}", card.head);
    // What was filled in stays, whatever becomes of the template.
    done(&api, "PUT", "/v1/contract-templates/t", "settlement", json!({"body": "другой"})).await;
    let text = api.get(&step("text"), "support").await;
    assert_eq!(text.text, "Договор T-2026-00003 от 30.06.2026: c1, a1, <T>");
    assert!(text.head.contains("text/plain"), "{}", text.head);
    let page = api.get(&format!("{}?format=html", step("text")), "support").await;
    assert!(page.text.contains("c1, a1, &lt;T&gt;") && page.head.contains("text/html"), "{}", page.text);
    assert_eq!(api.get(&format!("{}?format=pdf", step("text")), "support").await.status, 422);

    // T14, T16: who has a contract in force is not among those without.
    assert_eq!(listed(&api, "/v1/clients-without-contract", "code").await, ["c2", "c3"]);
    for (query, expected) in [
        ("client=c1&state=active", &["T-2026-00003"][..]),
        ("client=c2", &[]),
        ("number=00003&legal_entity=T", &["T-2026-00003"]),
        ("signed_from=2026-06-30&signed_to=2026-06-30", &["T-2026-00003"]),
        ("signed_from=2026-07-01", &[]),
        ("kind=agency", &[]),
        ("without_accounts=true&state=active", &[]),
    ] {
        assert_eq!(listed(&api, &format!("/v1/contracts?{query}"), "number").await, expected, "{query}");
    }
    assert_eq!(listed(&api, "/v1/contracts?without_accounts=true", "number").await.len(), 2);
    let no_reason = api.ask("POST", &step("terminate"), "sales", &[], Some(json!({}))).await;
    assert_eq!(said(&no_reason), (422, "reason_required"));
    let ended = done(&api, "POST", &step("terminate"), "sales", json!({})).await;
    assert_eq!((&ended["state"], &ended["termination_reason"]), (&json!("terminated"), &json!("test")));
    assert_eq!(said(&ask(&api, "POST", &step("terminate"), "sales", json!({})).await), (409, "invalid_transition"));
    assert_eq!(listed(&api, "/v1/clients-without-contract", "code").await, ["c1", "c2", "c3"]);

    let audit = api.get(&format!("/v1/audit/contract/{}", third["id"]), "admin").await;
    let lines = audit.body["items"].as_array().unwrap();
    let actions: Vec<&str> = lines
        .iter()
        .rev()
        .filter(|line| line["outcome"] == "done")
        .map(|line| line["action"].as_str().unwrap())
        .collect();
    assert_eq!(actions, ["contract.create", "contract.edit", "contract.activate", "contract.terminate"]);
    assert_eq!((&lines[0]["login"], lines.len()), (&json!("sales"), 10), "refusals too: {}", audit.body);
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}
