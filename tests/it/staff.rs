//! People who work here: who gives what to whom, whom a head reaches, what a block ends.

use std::sync::Arc;

use billing::change::Begun;
use billing::staff::{self, Permission};
use billing::{Actor, Change, Clock, FixedClock, StoreError, settings};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World};

use crate::api::{Answer, Api};

fn now() -> DateTime<Utc> {
    "2026-07-01T10:00:00Z".parse().unwrap()
}

/// A user with a token of his own.
struct Worker<'a> {
    api: &'a Api,
    token: String,
}

impl<'a> Worker<'a> {
    /// Added by the administrator, with all that he may.
    async fn new(api: &'a Api, login: &str, roles: &[&str], department: Option<&str>) -> Self {
        let user = json!({"login": login, "name": login, "roles": roles, "department": department, "reason": "test"});
        let added = api.ask("POST", "/v1/staff", "admin", &[], Some(user)).await;
        assert_eq!(added.status, 201, "{}", added.body);
        Self::with_token(api, login, json!({"name": "all", "days": 10, "reason": "test"})).await
    }

    async fn with_token(api: &'a Api, login: &str, wanted: Value) -> Self {
        let made = api.ask("POST", &format!("/v1/staff/{login}/tokens"), "admin", &[], Some(wanted)).await;
        assert_eq!(made.status, 201, "{}", made.body);
        Self { api, token: made.body["token"].as_str().unwrap().to_owned() }
    }

    async fn ask(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        self.api.ask(method, path, "", &[("Authorization", &bearer), ("Accept-Language", "en")], body).await
    }

    async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, None).await
    }
}

fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// A department `sales` with `north` below it, a role of few rights, and a head of `sales` who has that role and may manage people.
async fn team(api: &Api) -> Worker<'_> {
    let lead = ["staff.view", "staff.edit", "staff.grant", "account.view", "lock.view"];
    for (path, body) in [
        ("/v1/departments", json!({"code": "sales", "name": "Продажи", "reason": "test"})),
        ("/v1/departments", json!({"code": "north", "name": "Север", "parent": "sales", "reason": "test"})),
        ("/v1/departments", json!({"code": "books", "name": "Бухгалтерия", "reason": "test"})),
        (
            "/v1/roles",
            json!({"code": "team_lead", "name_ru": "Старший", "name_en": "Lead", "permissions": lead, "reason": "test"}),
        ),
        (
            "/v1/roles",
            json!({"code": "looker", "name_ru": "Смотрит", "name_en": "Looks", "permissions": ["account.view"], "reason": "test"}),
        ),
    ] {
        let made = api.ask("POST", path, "admin", &[], Some(body)).await;
        assert_eq!(made.status, 201, "{}", made.body);
    }
    let boss = Worker::new(api, "boss", &["team_lead"], Some("sales")).await;
    let heads = json!({"heads_department": true, "reason": "test"});
    assert_eq!(api.ask("PUT", "/v1/staff/boss", "admin", &[], Some(heads)).await.status, 200);
    boss
}

/// S41: roles, rights, scopes and tokens are given by those who have them; nobody changes his own rights or somebody above him.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_gives_more_than_he_has() {
    let world = World::new(1).await;
    let clock = SetClock::at(now());
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    let boss = team(&api).await;
    let user = |login: &str, roles: &[&str], department: &str| {
        Some(json!({"login": login, "name": "N", "roles": roles, "department": department, "reason": "hired"}))
    };
    let refused = boss.ask("POST", "/v1/staff", user("w1", &["accounting"], "north")).await;
    assert_eq!(said(&refused), (403, "grant_exceeds_own"));
    assert!(refused.body["detail"].as_str().unwrap().contains("account.credit"), "{}", refused.body);
    let hired = boss.ask("POST", "/v1/staff", user("w1", &["looker"], "north")).await;
    assert_eq!(hired.status, 201, "{}", hired.body);
    Worker::new(&api, "clerk", &["accounting"], Some("north")).await;
    Worker::new(&api, "mate", &["looker"], Some("sales")).await;
    let days = |days: i64| Some(json!({"name": "t", "days": days, "reason": "r"}));
    let why = || Some(json!({"reason": "r"}));
    for (method, path, body, expected) in [
        (
            "PUT",
            "/v1/staff/w1/roles",
            Some(json!({"roles": ["accounting"], "reason": "r"})),
            (403, "grant_exceeds_own"),
        ),
        ("PUT", "/v1/staff/w1/roles", Some(json!({"roles": ["nothing"], "reason": "r"})), (422, "validation")),
        ("PUT", "/v1/staff/w1/roles", Some(json!({"roles": ["looker", "team_lead"], "reason": "r"})), (200, "")),
        ("PUT", "/v1/staff/w1/permissions/lock.view", why(), (200, "")),
        ("PUT", "/v1/staff/w1/permissions/lock.edit", why(), (403, "grant_exceeds_own")),
        ("PUT", "/v1/staff/w1/permissions/account.pay", why(), (422, "validation")),
        ("DELETE", "/v1/staff/w1/permissions/lock.view", why(), (200, "")),
        ("DELETE", "/v1/staff/w1/permissions/lock.view", why(), (409, "invalid_transition")),
        // Himself.
        ("PUT", "/v1/staff/boss/roles", Some(json!({"roles": ["looker"], "reason": "r"})), (403, "self_grant")),
        ("PUT", "/v1/staff/BOSS/permissions/lock.view", why(), (403, "self_grant")),
        ("PUT", "/v1/staff/boss", Some(json!({"department": "north", "reason": "r"})), (403, "self_grant")),
        ("POST", "/v1/staff/boss/block", why(), (403, "self_grant")),
        ("PUT", "/v1/staff/boss", Some(json!({"name": "Boss", "reason": "r"})), (200, "")),
        // Somebody of his department who may more than he.
        ("POST", "/v1/staff/clerk/block", why(), (403, "grant_exceeds_own")),
        ("PUT", "/v1/staff/clerk", Some(json!({"name": "x", "reason": "r"})), (403, "grant_exceeds_own")),
        ("POST", "/v1/staff/clerk/tokens", days(1), (403, "grant_exceeds_own")),
        (
            "POST",
            "/v1/staff/clerk/tokens",
            Some(json!({"name": "t", "scopes": ["account.view"], "days": 1, "reason": "r"})),
            (403, "grant_exceeds_own"),
        ),
        ("POST", "/v1/staff/mate/tokens", days(1), (201, "")),
        // Other departments, and none, are out of his reach.
        ("GET", "/v1/staff/admin", None, (404, "not_found")),
        ("POST", "/v1/staff/admin/block", why(), (404, "not_found")),
        ("POST", "/v1/staff", user("w2", &[], "books"), (422, "validation")),
        ("PUT", "/v1/staff/w1", Some(json!({"department": "books", "reason": "r"})), (422, "validation")),
        ("PUT", "/v1/staff/w1", Some(json!({"department": null, "reason": "r"})), (422, "validation")),
        ("PUT", "/v1/roles/looker", Some(json!({"permissions": [], "reason": "r"})), (403, "forbidden")),
        // Nor does he put a department below his own.
        ("PUT", "/v1/departments/books", Some(json!({"parent": "sales", "reason": "r"})), (403, "forbidden")),
        ("POST", "/v1/departments", Some(json!({"code": "mine", "name": "N", "reason": "r"})), (403, "forbidden")),
        // Names that are taken, in any case.
        ("POST", "/v1/staff", user("W1", &[], "north"), (409, "login_in_use")),
    ] {
        let answer = boss.ask(method, path, body).await;
        assert_eq!(said(&answer), expected, "{method} {path}: {}", answer.body);
    }
    let seen = boss.get("/v1/staff").await;
    let logins: Vec<&str> =
        seen.body["items"].as_array().unwrap().iter().filter_map(|user| user["login"].as_str()).collect();
    assert_eq!(logins, ["boss", "clerk", "mate", "w1"]);
    // A right for a time counts until its last day is over.
    let until = Some(json!({"until": "2026-07-01", "reason": "r"}));
    assert_eq!(api.ask("PUT", "/v1/staff/mate/permissions/lock.view", "admin", &[], until).await.status, 200);
    let past = Some(json!({"until": "2026-06-30", "reason": "r"}));
    assert_eq!(
        said(&api.ask("PUT", "/v1/staff/mate/permissions/lock.view", "admin", &[], past).await),
        (422, "validation")
    );
    let mate = Worker::with_token(&api, "mate", json!({"name": "t", "days": 30, "reason": "r"})).await;
    assert_eq!(mate.get("/v1/locks").await.status, 200);
    // Midnight in the billing zone.
    clock.set("2026-07-01T21:00:00Z".parse().unwrap());
    assert_eq!(said(&mate.get("/v1/locks").await), (403, "forbidden"));
    let audit = api.get("/v1/audit/staff/clerk", "admin").await;
    let lines = audit.body["items"].as_array().unwrap();
    assert!(
        lines.iter().any(|line| line["login"] == "boss"
            && line["outcome"] == "refused"
            && line["reason"] == "grant_exceeds_own")
    );
    world.drop().await;
}

/// A token may no more than its scopes and no more than its owner at the moment; with few scopes one makes no token with more.
#[tokio::test(flavor = "multi_thread")]
async fn a_token_narrows_and_never_widens() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    Worker::new(&api, "ann", &["support"], None).await;
    let scoped = json!({"name": "locks", "scopes": ["lock.view", "account.credit"], "days": 5, "reason": "r"});
    let locks = Worker::with_token(&api, "ann", scoped).await;
    assert_eq!(locks.get("/v1/locks").await.status, 200);
    // She lacks account.credit, whatever the token says; and account.view is not in it.
    assert_eq!(locks.get("/v1/me").await.body["permissions"], json!(["lock.view"]));
    assert_eq!(said(&locks.get("/v1/accounts/a1").await), (403, "forbidden"));
    let wanted = |scopes: Value| Some(json!({"name": "more", "scopes": scopes, "days": 1, "reason": "r"}));
    Worker::new(&api, "bob", &["admin"], None).await;
    let few = json!({"name": "few", "scopes": ["staff.edit", "lock.view"], "days": 5, "reason": "r"});
    let narrow = Worker::with_token(&api, "bob", few).await;
    for (scopes, expected) in [
        (json!(["account.view"]), (403, "grant_exceeds_own")),
        (Value::Null, (403, "grant_exceeds_own")),
        (json!(["lock.view"]), (201, "")),
        (json!(["lock.eat"]), (422, "validation")),
    ] {
        // Her own, by being she: in a session only. By the right to make tokens with any token, and no more than it may.
        let made = locks.ask("POST", "/v1/staff/ann/tokens", wanted(scopes.clone())).await;
        assert_eq!(said(&made), (403, "forbidden"), "{scopes}: {}", made.body);
        let made = narrow.ask("POST", "/v1/staff/bob/tokens", wanted(scopes.clone())).await;
        assert_eq!(said(&made), expected, "{scopes}: {}", made.body);
    }
    let reset = narrow.ask("POST", "/v1/staff/bob/password-reset", Some(json!({"reason": "r"}))).await;
    assert_eq!(said(&reset), (403, "grant_exceeds_own"), "a password is worth all that he may");
    let whole = Worker::with_token(&api, "bob", json!({"name": "all", "days": 5, "reason": "r"})).await;
    let reset = whole.ask("POST", "/v1/staff/bob/password-reset", Some(json!({"reason": "r"}))).await;
    assert_eq!(said(&reset), (403, "self_grant"));
    // A token that somebody else made does not grow with her.
    let all = Worker::with_token(&api, "ann", json!({"name": "whole", "days": 5, "reason": "r"})).await;
    let given = api.ask("PUT", "/v1/staff/ann/permissions/lock.edit", "admin", &[], Some(json!({"reason": "r"}))).await;
    assert_eq!(given.status, 200, "{}", given.body);
    let shown = all.get("/v1/me").await.body;
    assert!(!shown["permissions"].as_array().unwrap().contains(&json!("lock.edit")), "{shown}");
    // The right goes from the role: also from the token, at its next request.
    let without = json!({"roles": ["settlement"], "reason": "moved"});
    assert_eq!(api.ask("PUT", "/v1/staff/ann/roles", "admin", &[], Some(without)).await.status, 200);
    assert_eq!(said(&locks.get("/v1/locks").await), (403, "forbidden"));
    for (days, status) in [(366, 201), (367, 422), (0, 422)] {
        let wanted = Some(json!({"name": "long", "days": days, "reason": "r"}));
        let made = api.ask("POST", "/v1/staff/ann/tokens", "admin", &[], wanted).await;
        assert_eq!(made.status, status, "{days}: {}", made.body);
    }
    let key = [("Idempotency-Key", "k")];
    let again = api
        .ask("POST", "/v1/staff/ann/tokens", "admin", &key, Some(json!({"name": "t", "days": 1, "reason": "r"})))
        .await;
    assert_eq!(said(&again), (422, "validation"), "the answer with a secret is kept nowhere");
    let list = locks.get("/v1/staff/ann/tokens").await;
    let ids: Vec<i64> =
        list.body["items"].as_array().unwrap().iter().filter_map(|token| token["id"].as_i64()).collect();
    assert!(!list.text.contains("tollgate_") && ids.len() == 4, "{}", list.text);
    assert_eq!(said(&locks.get("/v1/staff/support/tokens").await), (403, "forbidden"));
    for id in ids {
        let revoked =
            api.ask("DELETE", &format!("/v1/staff/ann/tokens/{id}"), "admin", &[], Some(json!({"reason": "r"}))).await;
        assert_eq!(revoked.status, 200, "{}", revoked.body);
    }
    assert_eq!(said(&locks.get("/v1/me").await), (401, "unauthorized"));
    world.drop().await;
}

/// S42: a blocked user is out with his next request, and a write of his that is under way is not committed.
#[tokio::test(flavor = "multi_thread")]
async fn a_block_ends_everything_at_once() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let first = Worker::new(&api, "leaver", &["head", "sales"], None).await;
    let second = Worker::with_token(&api, "leaver", json!({"name": "two", "days": 5, "reason": "r"})).await;
    assert_eq!((first.get("/v1/me").await.status, second.get("/v1/me").await.status), (200, 200));
    let caller = staff::authenticate(&world.store, &first.token, now()).await.unwrap().unwrap();
    let actor = Actor::named(caller.id, &caller.login, "under way");
    let clock = FixedClock(now());
    let Begun::New(mut under_way) = Change::begin(&world.store, &clock, actor, None).await.unwrap() else { panic!() };
    settings::set(&mut under_way, "did.quarantine_days", "1", "revenge").await.unwrap();
    let why = || Some(json!({"reason": "left on 1 July"}));
    let blocked = api.ask("POST", "/v1/staff/Leaver/block", "admin", &[], why()).await;
    assert_eq!((blocked.status, &blocked.body["tokens_revoked"]), (200, &json!(2)), "{}", blocked.body);
    assert_eq!((first.get("/v1/me").await.status, second.get("/v1/me").await.status), (401, 401));
    let refused = under_way.commit(200, &json!({})).await;
    assert!(matches!(refused, Err(StoreError::AuthorBlocked)), "{refused:?}");
    let days = settings::Settings::read(&world.store).await.unwrap().number("did.quarantine_days").unwrap();
    assert_eq!(days, 30, "nothing was written");
    let working = api.get("/v1/staff?text=leaver", "admin").await;
    let gone = api.get("/v1/staff?text=LEAVER&blocked=true", "admin").await;
    assert_eq!(
        (working.body["items"].as_array().unwrap().len(), &gone.body["items"][0]["block_reason"]),
        (0, &json!("left on 1 July"))
    );
    assert_eq!(
        said(&api.ask("POST", "/v1/staff/leaver/block", "admin", &[], why()).await),
        (409, "invalid_transition")
    );
    let token = Some(json!({"name": "t", "days": 1, "reason": "r"}));
    assert_eq!(said(&api.ask("POST", "/v1/staff/leaver/tokens", "admin", &[], token).await), (404, "not_found"));
    assert_eq!(api.ask("POST", "/v1/staff/leaver/unblock", "admin", &[], why()).await.status, 200);
    assert_eq!(first.get("/v1/me").await.status, 401, "the tokens stay revoked");
    world.drop().await;
}

/// Somebody can always change roles: the last who may is not shut out, also when two shut each other out at once.
#[tokio::test(flavor = "multi_thread")]
async fn somebody_administers_always() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let stripped = || Some(json!({"permissions": ["staff.view"], "reason": "r"}));
    assert_eq!(said(&api.ask("PUT", "/v1/roles/admin", "admin", &[], stripped()).await), (409, "last_administrator"));
    let other = Worker::new(&api, "second", &["admin"], None).await;
    let why = || Some(json!({"reason": "r"}));
    let (one, two) = tokio::join!(
        api.ask("POST", "/v1/staff/second/block", "admin", &[], why()),
        other.ask("POST", "/v1/staff/admin/block", why())
    );
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    // The second finds himself blocked, or the other one to be the last.
    assert!(statuses == [200, 401] || statuses == [200, 409], "{} {}", one.body, two.body);
    world.drop().await;
}

/// Roles, departments and settings as an administrator keeps them.
#[tokio::test(flavor = "multi_thread")]
async fn roles_departments_and_settings() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    team(&api).await;
    Worker::new(&api, "eve", &["looker"], Some("north")).await;
    let reason = |body: Value| {
        let mut body = body;
        body["reason"] = json!("r");
        Some(body)
    };
    for (method, path, body, expected) in [
        (
            "POST",
            "/v1/roles",
            json!({"code": "looker", "name_ru": "а", "name_en": "a", "permissions": []}),
            (409, "already_exists"),
        ),
        (
            "POST",
            "/v1/roles",
            json!({"code": "Big", "name_ru": "а", "name_en": "a", "permissions": []}),
            (422, "validation"),
        ),
        (
            "POST",
            "/v1/roles",
            json!({"code": "payer", "name_ru": "а", "name_en": "a", "permissions": ["account.pay"]}),
            (422, "validation"),
        ),
        ("PUT", "/v1/roles/looker", json!({"permissions": ["account.view", "calls.view"]}), (200, "")),
        // The administrator himself has no right to import prices: he cannot hand it out, nor widen a role of his own.
        ("PUT", "/v1/roles/admin", json!({"name_en": "Admins"}), (200, "")),
        ("PUT", "/v1/roles/nothing", json!({"name_en": "x"}), (404, "not_found")),
        ("DELETE", "/v1/roles/looker", json!({}), (409, "invalid_transition")),
        ("DELETE", "/v1/roles/support", json!({}), (409, "invalid_transition")),
        ("PUT", "/v1/departments/sales", json!({"parent": "north"}), (422, "validation")),
        ("PUT", "/v1/departments/north", json!({"parent": "nowhere"}), (422, "validation")),
        ("PUT", "/v1/departments/nowhere", json!({"name": "x"}), (404, "not_found")),
        ("PUT", "/v1/departments/north", json!({"parent": "books"}), (200, "")),
        ("DELETE", "/v1/departments/north", json!({}), (409, "invalid_transition")),
        ("DELETE", "/v1/departments/books", json!({}), (409, "invalid_transition")),
        ("PUT", "/v1/staff/eve", json!({"department": null, "email": "Eve@Example.ru"}), (200, "")),
        ("PUT", "/v1/staff/boss", json!({"email": "eve@example.RU"}), (409, "email_in_use")),
        ("PUT", "/v1/staff/eve", json!({"heads_department": true}), (422, "validation")),
        ("DELETE", "/v1/departments/north", json!({}), (200, "")),
        ("DELETE", "/v1/departments/north", json!({}), (404, "not_found")),
        ("PUT", "/v1/staff/eve", json!({"department": "north"}), (422, "validation")),
        ("PUT", "/v1/staff/eve/roles", json!({"roles": []}), (200, "")),
        ("DELETE", "/v1/roles/looker", json!({}), (200, "")),
        (
            "POST",
            "/v1/roles",
            json!({"code": "looker", "name_ru": "а", "name_en": "a", "permissions": []}),
            (409, "already_exists"),
        ),
        ("PUT", "/v1/settings/did.quarantine_days", json!({"value": "45"}), (200, "")),
        ("PUT", "/v1/settings/did.quarantine_days", json!({"value": "0"}), (422, "validation")),
        ("PUT", "/v1/settings/numbering.emergency", json!({"value": ""}), (422, "validation")),
        ("PUT", "/v1/settings/no.such", json!({"value": "1"}), (404, "not_found")),
    ] {
        let answer = api.ask(method, path, "admin", &[("Accept-Language", "en")], reason(body)).await;
        assert_eq!(said(&answer), expected, "{method} {path}: {}", answer.body);
    }
    // Who has seen an older revision changes nothing.
    for path in ["/v1/roles/team_lead", "/v1/staff/boss"] {
        let etag = api.get(path, "admin").await;
        let etag = etag.head.lines().find_map(|line| line.strip_prefix("etag: ")).unwrap().to_owned();
        let headers = [("If-Match", etag.as_str())];
        let name = || reason(if path.contains("roles") { json!({"name_en": "n"}) } else { json!({"name": "n"}) });
        assert_eq!(api.ask("PUT", path, "admin", &headers, name()).await.status, 200, "{path}");
        assert_eq!(said(&api.ask("PUT", path, "admin", &headers, name()).await), (412, "stale"), "{path}");
    }
    let history = api.get("/v1/audit/setting/did.quarantine_days", "admin").await;
    assert_eq!(history.body["items"][1]["after"], json!({"value": "45"}), "{}", history.body);
    let english = api.ask("GET", "/v1/permissions", "admin", &[("Accept-Language", "en")], None).await;
    let row = english.body["items"].as_array().unwrap().iter().find(|row| row["permission"] == "staff.grant").unwrap();
    assert_eq!(row["roles"], json!(["admin", "head", "team_lead"]), "{row}");
    // Every setting has a kind that its default fits, and every right of a role is one that the program knows.
    for setting in settings::list(&world.store).await.unwrap() {
        let kind = settings::kind(&setting.key).unwrap_or_else(|| panic!("{} has no kind", setting.key));
        assert!(kind.fits(&setting.value), "{} = {}", setting.key, setting.value);
    }
    let names: Vec<String> = staff::permission_names(&world.store).await.unwrap();
    assert!(names.len() > 30 && names.iter().all(|name| name.parse::<Permission>().is_ok()), "{names:?}");
    world.drop().await;
}
