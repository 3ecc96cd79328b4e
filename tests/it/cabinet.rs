//! The cabinet: users of clients and what they may, employees who work as clients, payers.

use billing::{Actor, StoreError, cabinet};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World, record};

use crate::api::{Answer, Api};
use crate::audit::{begun, until_somebody_waits};

const PASSWORD: &str = "correct horse";
/// What a user chooses himself.
const OWN_PASSWORD: &str = "four boats on a lake";

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

/// Somebody in the cabinet.
pub(crate) struct Visitor<'a> {
    api: &'a Api,
    token: String,
}

impl<'a> Visitor<'a> {
    /// A new user of a client with these rights, signed in, with a password of his own.
    pub(crate) async fn user(api: &'a Api, client: &str, email: &str, rights: &[&str]) -> Self {
        let added = add(api, client, json!({"email": email, "rights": rights})).await;
        assert_eq!(added.status, 201, "{}", added.body);
        let user = Self::signed_in(api, email, PASSWORD).await;
        let chosen = user.choose(PASSWORD, OWN_PASSWORD).await;
        assert_eq!(chosen.status, 200, "{}", chosen.body);
        user
    }

    async fn signed_in(api: &'a Api, login: &str, password: &str) -> Self {
        let answer = sign_in(api, login, password).await;
        assert_eq!(answer.status, 201, "{}", answer.body);
        Self { api, token: answer.body["token"].as_str().unwrap().to_owned() }
    }

    /// An employee who works as a client; `bearer`: his own token.
    pub(crate) async fn employee(api: &'a Api, bearer: &str, client: &str) -> Self {
        let path = format!("/v1/clients/{client}/work-as");
        let begun = api.ask("POST", &path, "", &[("Authorization", bearer)], Some(why(json!({})))).await;
        assert_eq!(begun.status, 201, "{}", begun.body);
        Self { api, token: begun.body["token"].as_str().unwrap().to_owned() }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
        let bearer = format!("Bearer {}", self.token);
        let mut headers = headers.to_vec();
        headers.extend([("Authorization", bearer.as_str()), ("Accept-Language", "en")]);
        self.api.ask(method, path, "", &headers, body).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], None).await
    }

    async fn choose(&self, old: &str, new: &str) -> Answer {
        let body = json!({"old_password": old, "new_password": new});
        self.ask("POST", "/v1/cabinet/password", &[], Some(body)).await
    }

    /// What the audit calls a user of a client.
    async fn name(&self) -> String {
        format!("client:{}", self.get("/v1/cabinet/me").await.body["user"]["id"])
    }
}

/// Adds a user to a client as a head would; name, password and reason are filled in.
async fn add(api: &Api, client: &str, body: Value) -> Answer {
    let mut user = json!({"name": "N", "password": PASSWORD, "confirmation": PASSWORD, "reason": "test"});
    for (field, value) in body.as_object().unwrap() {
        user[field] = value.clone();
    }
    let path = format!("/v1/clients/{client}/users");
    api.ask("POST", &path, "head", &[("Accept-Language", "en")], Some(user)).await
}

async fn sign_in(api: &Api, login: &str, password: &str) -> Answer {
    let who = json!({"login": login, "password": password});
    api.ask("POST", "/v1/cabinet/session", "", &[("Accept-Language", "en")], Some(who)).await
}

/// B2, B4: the e-mail is the login unless the setting gives others; passwords are named twice or made up; nobody says that a phone was verified.
#[tokio::test(flavor = "multi_thread")]
async fn users_are_added_and_sign_in() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    for (body, expected, pointer) in [
        (json!({"email": "x@example.ru", "login": "ivan"}), (422, "validation"), "/login"),
        (json!({"email": "x@example.ru", "confirmation": "other horse"}), (422, "validation"), "/confirmation"),
        (
            json!({"email": "x@example.ru", "password": "short", "confirmation": "short"}),
            (422, "validation"),
            "/password",
        ),
        (json!({"email": "x@example.ru", "generate": true}), (422, "validation"), "/password"),
        (json!({"email": "x"}), (422, "validation"), "/email"),
        (json!({"email": "x@example.ru", "rights": ["all"]}), (422, "validation"), "/rights"),
        (json!({"email": "x@example.ru", "verified_phone": "+74952000200"}), (422, "validation"), "/verified_phone"),
    ] {
        let refused = add(&api, "c1", body).await;
        assert_eq!(said(&refused), expected, "{}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.body);
    }
    assert_eq!(said(&add(&api, "c99", json!({"email": "x@example.ru"})).await), (404, "not_found"));
    let made = add(&api, "c1", json!({"email": "X@example.ru"})).await;
    assert_eq!((made.status, &made.body["login"], &made.body["password"]), (201, &json!("X@example.ru"), &Value::Null));
    let opened = sign_in(&api, "x@EXAMPLE.ru", PASSWORD).await;
    assert_eq!((opened.status, &opened.body["client"]), (201, &json!("c1")), "{}", opened.body);
    assert!(opened.body["token"].as_str().unwrap().starts_with("tollgate_client_"));
    assert_eq!(said(&add(&api, "c2", json!({"email": "x@example.RU"})).await).0, 409);

    // Made up, shown once, kept nowhere.
    let wanted = || Some(json!({"name": "N", "email": "y@example.ru", "generate": true, "reason": "test"}));
    let key = [("Idempotency-Key", "k")];
    let with_key = api.ask("POST", "/v1/clients/c1/users", "head", &key, wanted()).await;
    assert_eq!(said(&with_key), (422, "validation"));
    let made = api.ask("POST", "/v1/clients/c1/users", "head", &[], wanted()).await;
    let password = made.body["password"].as_str().unwrap().to_owned();
    assert_eq!(sign_in(&api, "y@example.ru", &password).await.status, 201);
    let made_id = made.body["id"].clone();

    // A login of one's own, where the setting gives one; the e-mail is none then.
    let on = Some(json!({"value": "yes", "reason": "test"}));
    let set = api.ask("PUT", "/v1/settings/client.login_at_registration", "admin", &[], on).await;
    assert_eq!(set.status, 200, "{}", set.body);
    assert_eq!(add(&api, "c1", json!({"login": "ivan", "email": "z@example.ru"})).await.status, 201);
    assert_eq!(sign_in(&api, "Ivan", PASSWORD).await.status, 201);
    assert_eq!(said(&sign_in(&api, "z@example.ru", PASSWORD).await), (401, "wrong_credentials"));
    for (body, code) in [
        (json!({"login": "IVAN", "email": "w@example.ru"}), "login_in_use"),
        (json!({"login": "other", "email": "Z@example.ru"}), "email_in_use"),
    ] {
        assert_eq!(said(&add(&api, "c1", body).await), (409, code));
    }

    // B4: the verified phone is shown, and no edit has the field.
    let verified = format!(
        "UPDATE client_user SET verified_phone = '+74952000200', phone_verified_at = now() WHERE id = {made_id}"
    );
    world.store.run_past_the_rooms(&verified).await.unwrap();
    let user = format!("/v1/clients/c1/users/{made_id}");
    for field in ["verified_phone", "phone_verified_at", "phone_verified"] {
        let refused = api.ask("PUT", &user, "head", &[], Some(why(json!({field: "x"})))).await;
        assert_eq!(refused.body["errors"][0]["pointer"], format!("/{field}"), "{}", refused.body);
    }
    let renamed = api.ask("PUT", &user, "head", &[], Some(why(json!({"name": "M", "email": "new@example.ru"})))).await;
    assert_eq!(renamed.status, 200, "{}", renamed.body);
    let shown = (&renamed.body["name"], &renamed.body["login"], &renamed.body["verified_phone"]);
    assert_eq!(shown, (&json!("M"), &json!("new@example.ru"), &json!("+74952000200")), "{}", renamed.body);
    let stale = api.ask("PUT", &user, "head", &[("If-Match", "\"1\"")], Some(why(json!({"name": "L"})))).await;
    assert_eq!(said(&stale), (412, "stale"));
    assert_eq!(said(&api.ask("PUT", &user, "support", &[], Some(why(json!({"name": "L"})))).await), (403, "forbidden"));

    // Another password ends his sessions, and so does a block.
    let visitor = Visitor::signed_in(&api, "new@example.ru", &password).await;
    let body = json!({"password": "another horse", "confirmation": "another horse"});
    let changed = api.ask("POST", &format!("{user}/password"), "head", &[], Some(why(body))).await;
    assert_eq!(changed.status, 200, "{}", changed.body);
    assert_eq!(visitor.get("/v1/cabinet/me").await.status, 401);
    assert_eq!(said(&sign_in(&api, "new@example.ru", &password).await), (401, "wrong_credentials"));
    let visitor = Visitor::signed_in(&api, "new@example.ru", "another horse").await;
    let block =
        async |what: &str| said(&api.ask("POST", &format!("{user}/{what}"), "head", &[], Some(why(json!({})))).await).0;
    assert_eq!((block("block").await, block("block").await), (200, 409));
    assert_eq!(visitor.get("/v1/cabinet/me").await.status, 401);
    assert_eq!(said(&sign_in(&api, "new@example.ru", "another horse").await), (401, "wrong_credentials"));
    assert_eq!((block("unblock").await, block("unblock").await), (200, 409));
    assert_eq!(visitor.get("/v1/cabinet/me").await.status, 401, "his sessions stay ended");
    let visitor = Visitor::signed_in(&api, "new@example.ru", "another horse").await;
    assert_eq!(visitor.ask("DELETE", "/v1/cabinet/session", &[], None).await.status, 200);
    assert_eq!(visitor.get("/v1/cabinet/me").await.status, 401);

    let audit = api.get("/v1/audit/client/c1?limit=100", "admin").await;
    for secret in [password.as_str(), "argon2", PASSWORD, "another horse", "tollgate_"] {
        assert!(!audit.text.contains(secret), "{secret}");
    }
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}

/// Five tries that fail within a quarter of an hour, per login and address; also for a login that nobody has, and at once.
#[tokio::test(flavor = "multi_thread")]
async fn passwords_are_not_tried_for_ever() {
    let world = World::new(1).await;
    let clock = SetClock::at(now());
    let api = Api::serve_by(&world, clock.clone()).await;
    for email in ["a@example.ru", "b@example.ru"] {
        assert_eq!(add(&api, "c1", json!({"email": email})).await.status, 201);
    }
    for login in ["a@example.ru", "nobody@example.ru"] {
        for _ in 0..5 {
            assert_eq!(said(&sign_in(&api, login, "wrong horse!").await), (401, "wrong_credentials"));
        }
        let refused = sign_in(&api, &login.to_uppercase(), PASSWORD).await;
        assert_eq!(said(&refused), (429, "too_many_attempts"), "{}", refused.body);
        assert!(refused.head.contains("retry-after: 30"), "{}", refused.head);
    }
    // A success in between forgets what failed (the address is counted too: 20 in a quarter of an hour).
    for _ in 0..2 {
        for _ in 0..4 {
            assert_eq!(sign_in(&api, "b@example.ru", "wrong horse!").await.status, 401);
        }
        assert_eq!(sign_in(&api, "b@example.ru", PASSWORD).await.status, 201);
    }
    clock.set(now() + TimeDelta::minutes(15));
    assert_eq!(sign_in(&api, "a@example.ru", PASSWORD).await.status, 201);
    let once = || sign_in(&api, "b@example.ru", "wrong horse!");
    let many = tokio::join!(once(), once(), once(), once(), once(), once(), once(), once());
    let statuses = [many.0, many.1, many.2, many.3, many.4, many.5, many.6, many.7].map(|answer| answer.status);
    let judged = statuses.iter().filter(|status| **status == 401).count();
    // Four are hashed at once: so many may have been let through before the fifth wrong one was counted.
    let refused = statuses.iter().filter(|status| **status == 429).count();
    assert!((5..=8).contains(&judged) && judged + refused == 8, "{statuses:?}");
    assert_eq!(once().await.status, 429);
    world.drop().await;
}

/// B27: what each user may; his own accounts and nobody else's; what he does is in the audit under his name.
#[tokio::test(flavor = "multi_thread")]
async fn users_see_and_do_what_is_their_own() {
    let world = World::new(1).await;
    world.send(0, &record("c", json!({})));
    world.ingest().await.unwrap();
    let api = Api::serve(&world, Utc::now()).await;
    let payer = Visitor::user(&api, "c1", "pay@example.ru", &["view", "pay"]).await;
    let viewer = Visitor::user(&api, "c1", "view@example.ru", &["view"]).await;
    let stranger = Visitor::user(&api, "c2", "other@example.ru", &["view", "pay", "manage_services"]).await;
    // As if 72 hours were over.
    world.store.run_past_the_rooms("UPDATE client_user SET pay_withheld_until = NULL").await.unwrap();

    // 100 - 0.60.
    let accounts = viewer.get("/v1/cabinet/accounts").await;
    let own =
        json!([{"code": "a1", "issuer": "T", "currency": "RUB", "balance": "99.4", "plan": "basic", "active": true}]);
    assert_eq!(accounts.body["items"], own, "{}", accounts.body);
    let calls = viewer.get("/v1/cabinet/accounts/a1/calls?service=outgoing").await;
    let items = calls.body["items"].as_array().unwrap();
    assert_eq!(
        (items.len(), &items[0]["gross"], &calls.body["total"]),
        (1, &json!("0.6"), &json!(1)),
        "{}",
        calls.body
    );
    assert!(items[0].get("provider").is_none() && items[0].get("rate").is_none(), "{}", calls.body);
    let file = viewer.get("/v1/cabinet/accounts/a1/calls?service=outgoing&format=csv").await;
    assert_eq!((file.status, file.text.lines().count()), (200, 2), "{}", file.text);
    assert!(file.text.starts_with("\u{feff}Id,Archived,Started (") && !file.text.contains("Provider"), "{}", file.text);
    for (path, expected) in [
        ("/v1/cabinet/accounts/a2/calls?service=outgoing", (404, "not_found")),
        ("/v1/cabinet/accounts/a99/calls?service=outgoing", (404, "not_found")),
        ("/v1/cabinet/accounts/a1/calls", (422, "validation")),
        ("/v1/cabinet/locks?account=a2", (404, "not_found")),
        ("/v1/accounts/a1", (401, "unauthorized")),
        ("/v1/me", (401, "unauthorized")),
    ] {
        assert_eq!(said(&viewer.get(path).await), expected, "{path}");
    }
    assert_eq!(said(&api.get("/v1/cabinet/me", "admin").await), (401, "unauthorized"));

    let pay = |amount: &str, account: &str| Some(json!({"account": account, "amount": amount}));
    let intents = "/v1/cabinet/payment-intents";
    let refused = viewer.ask("POST", intents, &[], pay("10", "a1")).await;
    assert_eq!(said(&refused), (403, "forbidden"));
    assert!(refused.body["detail"].as_str().unwrap().contains("pay"), "{}", refused.body);
    for (amount, account, expected) in [
        ("0", "a1", (422, "validation")),
        ("-5", "a1", (422, "validation")),
        ("1.234", "a1", (422, "validation")),
        ("ten", "a1", (422, "validation")),
        ("10", "a2", (404, "not_found")),
    ] {
        assert_eq!(said(&payer.ask("POST", intents, &[], pay(amount, account)).await), expected, "{amount} {account}");
    }
    let key = [("Idempotency-Key", "k-1")];
    let made = payer.ask("POST", intents, &key, pay("1500.00", "a1")).await;
    assert_eq!(
        (made.status, &made.body["state"], &made.body["amount"], &made.body["currency"]),
        (201, &json!("new"), &json!("1500"), &json!("RUB")),
        "{}",
        made.body
    );
    let again = payer.ask("POST", intents, &key, pay("1500.00", "a1")).await;
    assert_eq!((again.status, &again.body["id"]), (201, &made.body["id"]));
    assert!(again.head.contains("idempotent-replayed: true"), "{}", again.head);
    let other = payer.ask("POST", intents, &key, pay("1501.00", "a1")).await;
    assert_eq!(said(&other), (422, "idempotency_key_reused"));
    let of_other = stranger.ask("POST", intents, &key, pay("7", "a2")).await;
    assert_eq!(of_other.status, 201, "keys of others are theirs: {}", of_other.body);
    let audit = api.get("/v1/audit/account/a1", "admin").await;
    let line = audit.body["items"].as_array().unwrap().iter().find(|line| line["action"] == "payment_intent.create");
    assert_eq!(line.unwrap()["login"], payer.name().await, "{}", audit.body);
    assert!(!audit.text.contains("pay@example.ru"), "{}", audit.text);
    assert_eq!(world.balance("a1").await, "99.4", "no money is booked");

    // Rights count from the next request on; who has the right shuts others of his client out, and never himself.
    let users = api.get("/v1/clients/c1/users", "support").await;
    let id = |number: usize| users.body["items"][number]["id"].clone();
    let path = format!("/v1/clients/c1/users/{}", id(1));
    let rights = json!({"rights": ["view", "manage_users", "pay"]});
    assert_eq!(api.ask("PUT", &path, "head", &[], Some(why(rights))).await.status, 200);
    assert_eq!(viewer.ask("POST", intents, &[], pay("10", "a1")).await.status, 201);
    let other_users = api.get("/v1/clients/c2/users", "support").await;
    let foreign = other_users.body["items"][0]["id"].clone();
    for (user, expected) in [(id(1), (409, "invalid_transition")), (foreign, (404, "not_found")), (id(0), (200, ""))] {
        let answer = viewer.ask("POST", &format!("/v1/cabinet/users/{user}/block"), &[], Some(json!({}))).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
    }
    assert_eq!(said(&payer.get("/v1/cabinet/me").await), (401, "unauthorized"));
    assert_eq!(viewer.get("/v1/cabinet/users").await.body["items"][0]["blocked"], true);
    // B13: nothing is paid to an account in a currency that its company had before.
    let currency = async |code: &str| {
        let sql = format!("UPDATE legal_entity SET currency = '{code}'");
        world.store.run_past_the_rooms(&sql).await.unwrap();
    };
    currency("USD").await;
    assert_eq!(said(&viewer.ask("POST", intents, &[], pay("10", "a1")).await), (409, "invalid_transition"));
    currency("RUB").await;
    // B8: users alone are no history, payments are.
    let gone = api.ask("DELETE", "/v1/clients/c1", "admin", &[], Some(why(json!({})))).await;
    assert_eq!(said(&gone), (409, "has_history"));
    world.drop().await;
}

/// Locks of the client's own wish: made, seen and lifted by him; those of others are none of his.
#[tokio::test(flavor = "multi_thread")]
async fn clients_bar_and_lift_what_is_their_own() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let client = Visitor::user(&api, "c1", "a@example.ru", &["view", "manage_services"]).await;
    let employee = Visitor::employee(&api, "Bearer token-client_service", "c1").await;
    let support = Visitor::employee(&api, "Bearer token-support", "c1").await;
    let list = async || {
        let answer = client.get("/v1/cabinet/locks?account=a1").await;
        answer.body["items"].as_array().unwrap().clone()
    };
    let loaded = list().await;
    assert_eq!(loaded.len(), 1, "of two on the account one is his own: {loaded:?}");
    assert_eq!((&loaded[0]["mask"], &loaded[0]["comment"]), (&json!("38161"), &Value::Null), "what staff wrote");
    let wanted = |account: &str, mask: &str| Some(json!({"account": account, "mask": mask, "comment": "не звоним"}));
    for (account, mask, expected) in [
        ("a2", "44", (404, "not_found")),
        ("a1", "112", (422, "emergency_not_lockable")),
        ("a1", "38161", (409, "already_exists")),
        ("a1", "44", (201, "")),
    ] {
        let answer = client.ask("POST", "/v1/cabinet/locks", &[], wanted(account, mask)).await;
        assert_eq!(said(&answer), expected, "{account} {mask}: {}", answer.body);
    }
    // Nobody does as a client what he lacks the right to do for him.
    let refused = support.ask("POST", "/v1/cabinet/locks", &[], wanted("a1", "49")).await;
    assert_eq!(said(&refused), (403, "forbidden"));
    assert!(refused.body["detail"].as_str().unwrap().contains("lock.edit"), "{}", refused.body);
    let by_employee = employee.ask("POST", "/v1/cabinet/locks", &[], wanted("a1", "49")).await;
    assert_eq!((by_employee.status, &by_employee.body["comment"]), (201, &Value::Null), "{}", by_employee.body);
    let made = list().await;
    let masks: Vec<&str> = made.iter().map(|lock| lock["mask"].as_str().unwrap()).collect();
    assert_eq!(masks, ["49", "44", "38161"]);
    assert_eq!(made[1]["comment"], "не звоним");

    // B26: employee E as client C.
    let audit = api.get(&format!("/v1/audit/lock/{}", made[0]["id"]), "admin").await;
    let line = &audit.body["items"][0];
    assert_eq!(
        (&line["login"], &line["on_behalf"], &line["action"]),
        (&json!("client_service"), &json!("c1"), &json!("lock.create")),
        "{}",
        audit.body
    );
    let fraud = api.get("/v1/locks?account=a1&origin=fraud", "support").await.body["items"][0]["id"].clone();
    for (visitor, id, body, expected) in [
        // M28: support never lifts a lock, also not as a client.
        (&support, &made[1]["id"], json!({"reason": "r"}), (403, "forbidden")),
        (&support, &made[0]["id"], json!({"reason": "r"}), (403, "forbidden")),
        (&support, &made[0]["id"], json!({}), (422, "reason_required")),
        // Somebody else's lock, and he may not lift those of others.
        (&employee, &made[1]["id"], json!({"reason": "r"}), (403, "forbidden")),
        (&client, &fraud, json!({}), (404, "not_found")),
        (&client, &made[2]["id"], json!({}), (200, "")),
        (&client, &made[0]["id"], json!({"reason": "r"}), (200, "")),
        (&client, &made[0]["id"], json!({}), (409, "invalid_transition")),
    ] {
        let answer = visitor.ask("DELETE", &format!("/v1/cabinet/locks/{id}"), &[], Some(body)).await;
        assert_eq!(said(&answer), expected, "{id}: {}", answer.body);
    }
    assert_eq!(list().await.len(), 1);
    world.drop().await;
}

/// Every lock of a client's wish is read with every call of the account, so they end somewhere. What bars no more does not count, nor what others wish.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_has_a_thousand_locks_of_its_client() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let client = Visitor::user(&api, "c1", "a@example.ru", &["view", "manage_services"]).await;
    // One was loaded; of these 1,001 three bar no more.
    let many = "INSERT INTO lock (account_id, mask, origin, author, reason)
                SELECT a.id, '44' || i, 'client', 'test', 'test' FROM account a, generate_series(1001, 2001) i WHERE a.code = 'a1';
                UPDATE lock SET active = false WHERE mask = '441001';
                UPDATE lock SET active = false, deleted_at = now() WHERE mask = '441002';
                UPDATE lock SET valid_to = '2020-01-01' WHERE mask = '441003'";
    world.store.run_past_the_rooms(many).await.unwrap();
    let own = async |mask: &str| {
        let body = json!({"account": "a1", "mask": mask, "comment": "не звоним"});
        client.ask("POST", "/v1/cabinet/locks", &[], Some(body)).await
    };
    let last = own("46").await;
    assert_eq!(said(&last), (201, ""), "{}", last.body);
    let refused = own("47").await;
    assert_eq!(said(&refused), (422, "limit_too_large"), "{}", refused.body);
    assert!(refused.body["detail"].as_str().unwrap().contains("1000"), "{}", refused.body);
    for (account, origin, expected) in [
        ("a1", "client", (422, "limit_too_large")),
        ("a1", "operator", (200, "")),
        ("a1", "fraud", (200, "")),
        ("a2", "client", (200, "")),
    ] {
        let lock = json!({"account": account, "mask": "47", "origin": origin, "comment": "x"});
        let answer = api.ask("POST", "/v1/locks", "head", &[], Some(lock)).await;
        assert_eq!(said(&answer), expected, "{account} {origin}: {}", answer.body);
    }
    let lifted = client.ask("DELETE", &format!("/v1/cabinet/locks/{}", last.body["id"]), &[], Some(json!({}))).await;
    assert_eq!(said(&lifted), (200, ""), "{}", lifted.body);
    // Who lifts one has room for another, and no more of two that come at once.
    let (one, other) = tokio::join!(own("47"), own("49"));
    let mut both = [said(&one), said(&other)];
    both.sort_unstable();
    assert_eq!(both, [(201, ""), (422, "limit_too_large")], "{} {}", one.body, other.body);
    // One that rests and is switched on again is one more, too.
    let found = api.get("/v1/locks?account=a1&active=false", "head").await;
    let resting = found.body["items"].as_array().unwrap().iter().find(|lock| lock["mask"] == "441001");
    let path = format!("/v1/locks/{}", resting.unwrap_or_else(|| panic!("{}", found.text))["id"]);
    let again = json!({"active": true, "comment": "x", "reason": "test"});
    let refused = api.ask("PUT", &path, "head", &[], Some(again)).await;
    assert_eq!(said(&refused), (422, "limit_too_large"), "{}", refused.body);
    world.drop().await;
}

/// Users of a client past the API: so many who may come in, and as many blocked ones as are said.
async fn add_past_the_api(world: &World, client: &str, working: usize, blocked: usize) {
    let users = format!(
        "INSERT INTO client_user (client_id, login, email, name, rights, password_digest, blocked_at, created_at, created_by)
         SELECT c.id, 'u' || i || '@example.ru', 'u' || i || '@example.ru', 'N', '{{view}}'::text[], '', CASE WHEN i > {working} THEN now() END, now(), 'test'
         FROM client c, generate_series(1, {all}) i WHERE c.code = '{client}' ORDER BY i",
        all = working + blocked
    );
    world.store.run_past_the_rooms(&users).await.unwrap();
}

/// A client has a hundred users who may come in, also when two are added at once; who is blocked counts again when he is let in.
#[tokio::test(flavor = "multi_thread")]
async fn a_client_has_a_hundred_users() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    add_past_the_api(&world, "c1", 99, 1).await;
    let (one, two) = tokio::join!(
        add(&api, "c1", json!({"email": "x@example.ru"})),
        add(&api, "c1", json!({"email": "y@example.ru"}))
    );
    let mut both = [said(&one), said(&two)];
    both.sort_unstable();
    assert_eq!(both, [(201, ""), (422, "limit_too_large")], "{} {}", one.body, two.body);
    assert_eq!(said(&add(&api, "c2", json!({"email": "z@example.ru"})).await), (201, ""), "another client");
    let users = api.get("/v1/clients/c1/users", "support").await;
    let (working, blocked) = (&users.body["items"][0], &users.body["items"][99]);
    assert!(working["blocked_at"].is_null() && blocked["blocked_at"].is_string(), "{working} {blocked}");
    for (user, what, expected) in [
        (blocked, "unblock", (422, "limit_too_large")),
        (working, "block", (200, "")),
        (blocked, "unblock", (200, "")),
        (working, "unblock", (422, "limit_too_large")),
    ] {
        let path = format!("/v1/clients/c1/users/{}/{what}", user["id"]);
        let answer = api.ask("POST", &path, "head", &[], Some(why(json!({})))).await;
        assert_eq!(said(&answer), expected, "{what}: {}", answer.body);
    }
    world.drop().await;
}

/// Of two users who block each other at once the second waits for the first, finds himself blocked, and has blocked nobody.
#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_block_each_other_one_stays() {
    let world = World::new(1).await;
    add_past_the_api(&world, "c1", 2, 0).await;
    let users = async || cabinet::users(&world.store, "c1").await.unwrap().unwrap();
    let ids: Vec<i64> = users().await.iter().map(|user| user.id).collect();
    let (one, two) = (ids[0], ids[1]);
    let mut first = begun(&world, Actor::of_client(one, "first")).await;
    cabinet::block_user(&mut first, ("c1", two), "test").await.unwrap();
    let first = async {
        until_somebody_waits(&world).await;
        first.commit(200, &json!({})).await
    };
    let second = async {
        let mut second = begun(&world, Actor::of_client(two, "second")).await;
        cabinet::block_user(&mut second, ("c1", one), "test").await.unwrap();
        second.commit(200, &json!({})).await
    };
    let (first, second) = tokio::join!(first, second);
    first.unwrap();
    assert!(matches!(second, Err(StoreError::AuthorBlocked)), "{second:?}");
    let blocked: Vec<bool> = users().await.iter().map(|user| user.blocked_at.is_some()).collect();
    assert_eq!(blocked, [false, true]);
    world.drop().await;
}

/// L3, L5, L27: the profile changes on the word of the user whose e-mail it has; what stood there is a note, which no client sees.
#[tokio::test(flavor = "multi_thread")]
async fn the_profile_changes_on_its_own_word() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let profile = json!({"email": "office@example.ru", "phone": "8 495 200-02-00", "comment": "тайна"});
    assert_eq!(api.ask("PUT", "/v1/clients/c1", "sales", &[], Some(why(profile))).await.status, 200);
    let contact = json!({"name": "Орлова", "email": "orlova@example.ru"});
    assert_eq!(api.ask("POST", "/v1/clients/c1/contacts", "sales", &[], Some(why(contact))).await.status, 201);
    let owner = Visitor::user(&api, "c1", "Office@example.ru", &["view", "manage_contacts"]).await;
    let other = Visitor::user(&api, "c1", "orlova@example.ru", &["view", "manage_contacts"]).await;
    let employee = Visitor::employee(&api, "Bearer token-head", "c1").await;
    let phone = |number: &str| json!({"phone": number, "reason": "новый"});
    for (visitor, body, expected) in [
        (&other, phone("8 495 200-02-01"), (403, "unverified_sender")),
        (&employee, phone("8 495 200-02-01"), (403, "unverified_sender")),
        (&owner, phone("12"), (422, "validation")),
        (&owner, json!({"comment": "x"}), (422, "validation")),
        (&owner, json!({"phone": "8 495 200-02-01"}), (200, "")),
    ] {
        let answer = visitor.ask("PUT", "/v1/cabinet/profile", &[], Some(body)).await;
        assert_eq!(said(&answer), expected, "{}", answer.body);
    }
    let notes = api.get("/v1/clients/c1/notes", "support").await;
    let note = notes.body["items"].as_array().unwrap().iter().find(|note| note["important"] == true).unwrap();
    assert_eq!((&note["text"], &note["author"]), (&json!("phone: 8 495 200-02-00"), &json!(owner.name().await)));
    let seen = other.get("/v1/cabinet/contacts").await;
    assert_eq!(
        (&seen.body["profile"]["phone"], &seen.body["items"][0]["name"]),
        (&json!("8 495 200-02-01"), &json!("Орлова")),
        "{}",
        seen.body
    );
    for secret in ["тайна", "200-02-00", "sales", "characteristic", "label", "created_by"] {
        assert!(!seen.text.contains(secret), "{secret}: {}", seen.text);
    }
    let audit = api.get("/v1/audit/client/c1?limit=100", "admin").await;
    let lines = audit.body["items"].as_array().unwrap();
    let of = |login: &str, on_behalf: &Value, reason: &str| {
        lines.iter().any(|line| line["login"] == login && line["on_behalf"] == *on_behalf && line["reason"] == reason)
    };
    assert!(of("head", &json!("c1"), "unverified_sender"), "{}", audit.body);
    assert!(of(&other.name().await, &Value::Null, "unverified_sender"), "{}", audit.body);
    let edit = lines.iter().find(|line| line["action"] == "client.edit").unwrap();
    assert_eq!(edit["login"], owner.name().await, "{}", audit.body);
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}

/// B11, B26: an employee works as a client, never pays, and is out with his block, his permission, his time or his own word.
#[tokio::test(flavor = "multi_thread")]
async fn an_employee_works_as_a_client_and_never_pays() {
    let world = World::new(1).await;
    let clock = SetClock::at(now());
    let api = Api::serve_by(&world, clock.clone()).await;
    for (role, path, body, expected) in [
        ("sales", "/v1/clients/c1/work-as", why(json!({})), (403, "forbidden")),
        ("support", "/v1/clients/c1/work-as", json!({}), (422, "reason_required")),
        ("support", "/v1/clients/c99/work-as", why(json!({})), (404, "not_found")),
    ] {
        assert_eq!(said(&api.ask("POST", path, role, &[], Some(body)).await), expected, "{role} {path}");
    }
    let key = [("Idempotency-Key", "k")];
    let keyed = api.ask("POST", "/v1/clients/c1/work-as", "support", &key, Some(why(json!({})))).await;
    assert_eq!(said(&keyed), (422, "validation"));
    let employee = Visitor::employee(&api, "Bearer token-support", "c1").await;
    assert!(employee.token.starts_with("tollgate_work_as_"));
    let me = employee.get("/v1/cabinet/me").await;
    assert_eq!(
        (&me.body["client"], &me.body["user"], &me.body["employee"]),
        (&json!("c1"), &Value::Null, &json!("support")),
        "{}",
        me.body
    );
    assert_eq!(me.body["rights"], json!(["view", "manage_services", "manage_contacts", "manage_users"]));
    assert_eq!(me.body["expires_at"], "2026-07-01T10:30:00Z");
    assert_eq!(said(&employee.get("/v1/accounts/a1").await), (401, "unauthorized"), "staff routes take staff tokens");
    assert_eq!(said(&employee.get("/v1/cabinet/accounts/a2/calls?service=outgoing").await), (404, "not_found"));
    let pay = || Some(json!({"account": "a1", "amount": "10", "reason": "r"}));
    let paid = employee.ask("POST", "/v1/cabinet/payment-intents", &[], pay()).await;
    assert_eq!(said(&paid), (403, "only_client_pays"), "{}", paid.body);
    let blocks = employee.ask("POST", "/v1/cabinet/users/1/block", &[], Some(why(json!({})))).await;
    assert_eq!(said(&blocks), (403, "forbidden"));
    assert!(blocks.body["detail"].as_str().unwrap().contains("client_user.edit"), "{}", blocks.body);
    assert_eq!(said(&employee.choose(PASSWORD, OWN_PASSWORD).await), (403, "forbidden"), "he has no password there");
    let history = api.get("/v1/audit/client/c1", "admin").await;
    let lines = history.body["items"].as_array().unwrap();
    let begun = lines.iter().find(|line| line["action"] == "client.work_as" && line["outcome"] == "done").unwrap();
    assert_eq!(begun["reason"], "test", "{}", history.body);
    let tried = lines.iter().find(|line| line["action"] == "cabinet.pay").unwrap();
    assert_eq!(
        (&tried["login"], &tried["on_behalf"], &tried["outcome"], &tried["reason"]),
        (&json!("support"), &json!("c1"), &json!("refused"), &json!("only_client_pays")),
        "{}",
        history.body
    );

    // A user of staff of his own, so that he can be blocked.
    let user = json!({"login": "petrov", "name": "P", "roles": ["client_service"], "reason": "test"});
    assert_eq!(api.ask("POST", "/v1/staff", "admin", &[], Some(user)).await.status, 201);
    let token = json!({"name": "t", "days": 1, "reason": "test"});
    let made = api.ask("POST", "/v1/staff/petrov/tokens", "admin", &[], Some(token)).await;
    let bearer = format!("Bearer {}", made.body["token"].as_str().unwrap());
    let petrov = Visitor::employee(&api, &bearer, "c2").await;
    assert_eq!(petrov.get("/v1/cabinet/accounts").await.status, 200);
    for what in ["block", "unblock"] {
        let done = api.ask("POST", &format!("/v1/staff/petrov/{what}"), "admin", &[], Some(why(json!({})))).await;
        assert_eq!(done.status, 200, "{}", done.body);
        assert_eq!(said(&petrov.get("/v1/cabinet/accounts").await), (401, "unauthorized"), "after {what}");
    }
    // The token by which he began is revoked.
    let token = json!({"name": "t", "days": 1, "reason": "test"});
    let made = api.ask("POST", "/v1/staff/petrov/tokens", "admin", &[], Some(token)).await;
    let bearer = format!("Bearer {}", made.body["token"].as_str().unwrap());
    let petrov = Visitor::employee(&api, &bearer, "c2").await;
    let path = format!("/v1/staff/petrov/tokens/{}", made.body["id"]);
    assert_eq!(api.ask("DELETE", &path, "admin", &[], Some(why(json!({})))).await.status, 200);
    assert_eq!(said(&petrov.get("/v1/cabinet/accounts").await), (401, "unauthorized"));
    // Without the permission no more: his tokens were revoked, so he gets another one first.
    let token = json!({"name": "t", "days": 1, "reason": "test"});
    let made = api.ask("POST", "/v1/staff/petrov/tokens", "admin", &[], Some(token)).await;
    let bearer = format!("Bearer {}", made.body["token"].as_str().unwrap());
    let petrov = Visitor::employee(&api, &bearer, "c2").await;
    let none = Some(why(json!({"roles": ["accounting"]})));
    assert_eq!(api.ask("PUT", "/v1/staff/petrov/roles", "admin", &[], none).await.status, 200);
    assert_eq!(said(&petrov.get("/v1/cabinet/accounts").await), (401, "unauthorized"));

    let second = Visitor::employee(&api, "Bearer token-support", "c1").await;
    assert_eq!(second.ask("DELETE", "/v1/cabinet/session", &[], None).await.status, 200);
    assert_eq!(said(&second.get("/v1/cabinet/me").await), (401, "unauthorized"));
    assert_eq!(employee.get("/v1/cabinet/me").await.status, 200);
    clock.set(now() + TimeDelta::minutes(30));
    assert_eq!(said(&employee.get("/v1/cabinet/me").await), (401, "unauthorized"));
    world.drop().await;
}

/// B11: staff know no password that is good for anything but choosing another; where they change how somebody comes in, he does not pay for 72 hours, and the
/// client gets a letter. B9: nobody comes in for a client whose data were cleaned.
#[tokio::test(flavor = "multi_thread")]
async fn staff_let_nobody_in_to_pay() {
    let world = World::new(1).await;
    let clock = SetClock::at(now());
    let api = Api::serve_by(&world, clock.clone()).await;
    let profile = json!({"email": "office@example.ru"});
    assert_eq!(api.ask("PUT", "/v1/clients/c1", "sales", &[], Some(why(profile))).await.status, 200);
    let added = add(&api, "c1", json!({"email": "a@example.ru", "rights": ["view", "pay"]})).await;
    assert_eq!(added.status, 201, "{}", added.body);
    let user = format!("/v1/clients/c1/users/{}", added.body["id"]);
    let visitor = Visitor::signed_in(&api, "a@example.ru", PASSWORD).await;
    let second = Visitor::signed_in(&api, "a@example.ru", PASSWORD).await;
    let intents = "/v1/cabinet/payment-intents";
    let pay = || Some(json!({"account": "a1", "amount": "10"}));
    assert_eq!(said(&visitor.get("/v1/cabinet/accounts").await), (403, "own_password_needed"));
    assert_eq!(said(&visitor.ask("POST", intents, &[], pay()).await), (403, "own_password_needed"));
    let me = visitor.get("/v1/cabinet/me").await.body;
    assert_eq!((&me["own_password_needed"], &me["rights"]), (&json!(true), &json!([])), "{me}");
    for (old, new, expected) in [
        ("another horse", OWN_PASSWORD, (401, "wrong_credentials")),
        (PASSWORD, PASSWORD, (422, "validation")),
        (PASSWORD, "short", (422, "validation")),
        (PASSWORD, OWN_PASSWORD, (200, "")),
        (PASSWORD, "five boats on a lake", (401, "wrong_credentials")),
    ] {
        let answer = visitor.choose(old, new).await;
        assert_eq!(said(&answer), expected, "{old} {new}: {}", answer.body);
    }
    assert_eq!(second.get("/v1/cabinet/me").await.status, 401, "his other sessions have ended");
    let body = json!({"old_password": OWN_PASSWORD, "new_password": PASSWORD});
    let kept = visitor.ask("POST", "/v1/cabinet/password", &[("Idempotency-Key", "k")], Some(body)).await;
    assert_eq!(said(&kept), (422, "validation"), "a body with passwords is not kept");
    assert_eq!(visitor.get("/v1/cabinet/accounts").await.status, 200);
    let early = visitor.ask("POST", intents, &[], pay()).await;
    assert_eq!(said(&early), (403, "forbidden"));
    assert!(early.body["detail"].as_str().unwrap().contains("2026-07-04 10:00"), "{}", early.body);
    let me = visitor.get("/v1/cabinet/me").await.body;
    assert_eq!(
        (&me["pay_withheld_until"], &me["rights"], &me["own_password_needed"]),
        (&json!("2026-07-04T10:00:00Z"), &json!(["view"]), &json!(false))
    );

    clock.set(now() + TimeDelta::hours(72));
    let visitor = Visitor::signed_in(&api, "a@example.ru", OWN_PASSWORD).await;
    assert_eq!(visitor.ask("POST", intents, &[], pay()).await.status, 201);
    // Another e-mail, and he waits again; another name is nothing.
    for (change, expected) in [(json!({"name": "M"}), 201), (json!({"email": "b@example.ru"}), 403)] {
        assert_eq!(api.ask("PUT", &user, "head", &[], Some(why(change))).await.status, 200);
        assert_eq!(visitor.ask("POST", intents, &[], pay()).await.status, expected);
    }
    clock.set(now() + TimeDelta::hours(144));
    let visitor = Visitor::signed_in(&api, "b@example.ru", OWN_PASSWORD).await;
    assert_eq!(visitor.ask("POST", intents, &[], pay()).await.status, 201);
    let body = json!({"password": PASSWORD, "confirmation": PASSWORD});
    assert_eq!(api.ask("POST", &format!("{user}/password"), "head", &[], Some(why(body))).await.status, 200);
    let visitor = Visitor::signed_in(&api, "b@example.ru", PASSWORD).await;
    assert_eq!(said(&visitor.get("/v1/cabinet/accounts").await), (403, "own_password_needed"));
    assert_eq!(visitor.choose(PASSWORD, OWN_PASSWORD).await.status, 200);
    assert_eq!(said(&visitor.ask("POST", intents, &[], pay()).await), (403, "forbidden"));

    let audit = api.get("/v1/audit/client/c1?limit=100", "admin").await;
    let letters = audit.body["items"].as_array().unwrap().iter().filter(|line| line["action"] == "mail.enqueue");
    let kinds: Vec<&str> = letters.filter_map(|line| line["after"]["kind"].as_str()).collect();
    assert_eq!(kinds, ["password_set"; 3], "{}", audit.body);
    assert!(!audit.text.contains(OWN_PASSWORD) && !audit.text.contains("argon2"));

    // Payments that are wanted do not pile up.
    let many = "INSERT INTO payment_intent (account_id, user_id, amount, currency, created_at)
                SELECT account_id, user_id, 1, 'RUB', created_at FROM (SELECT * FROM payment_intent LIMIT 1) i, generate_series(1, 98);
                UPDATE client_user SET pay_withheld_until = NULL";
    world.store.run_past_the_rooms(many).await.unwrap();
    // Three were paid above.
    assert_eq!(said(&visitor.ask("POST", intents, &[], pay()).await), (422, "limit_too_large"));

    let cleaned = "UPDATE client SET gdpr_state = 'cleaned', cleaned_at = now() WHERE code = 'c1'";
    world.store.run_past_the_rooms(cleaned).await.unwrap();
    assert_eq!(visitor.get("/v1/cabinet/me").await.status, 401);
    assert_eq!(said(&add(&api, "c1", json!({"email": "c@example.ru"})).await), (409, "cleaned"));
    for path in [format!("{user}/block"), "/v1/clients/c1/work-as".to_owned()] {
        assert_eq!(said(&api.ask("POST", &path, "head", &[], Some(why(json!({})))).await), (409, "cleaned"), "{path}");
    }
    world.drop().await;
}

/// B27: payers of a client, one of them the default; numbers that do not fit are refused.
#[tokio::test(flavor = "multi_thread")]
async fn payers_of_a_client() {
    let world = World::new(1).await;
    let api = Api::serve(&world, now()).await;
    let ask = async |method: &str, path: &str, body: Value| {
        let path = format!("/v1/clients/c1/payers{path}");
        api.ask(method, &path, "accounting", &[("Accept-Language", "en")], Some(why(body))).await
    };
    let company = |changes: Value| {
        let mut body = json!({
            "kind": "legal", "name": "ООО «Строй Сервис»", "inn": "7707083893", "kpp": "770701001", "bank": "ПАО Сбербанк", "bik": "044525225",
            "settlement_account": "40702810938000000001", "correspondent_account": "30101810400000000225",
        });
        for (field, value) in changes.as_object().unwrap() {
            body[field] = value.clone();
        }
        body
    };
    for (changes, pointer) in [
        (json!({"inn": "7707083894"}), "/inn"),
        (json!({"kpp": null}), "/kpp"),
        (json!({"kind": "company"}), "/kind"),
        (json!({"name": " "}), "/name"),
        (json!({"bik": "04452522"}), "/bik"),
        (json!({"settlement_account": "40702810838000000001"}), "/settlement_account"),
        (json!({"correspondent_account": "30101810500000000225"}), "/correspondent_account"),
    ] {
        let refused = ask("POST", "", company(changes)).await;
        assert_eq!(said(&refused), (422, "validation"), "{}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"], pointer, "{}", refused.body);
    }
    let first = ask("POST", "", company(json!({}))).await;
    assert_eq!(first.status, 201, "{}", first.body);
    assert_eq!(said(&ask("POST", "", company(json!({}))).await), (409, "already_exists"));
    let person = json!({"kind": "natural", "name": "Иванов", "inn": "500100732259"});
    let second = ask("POST", "", person.clone()).await;
    assert_eq!(second.status, 201, "{}", second.body);
    let (first, second) = (format!("/{}", first.body["id"]), format!("/{}", second.body["id"]));
    let defaults = async || {
        let list = api.get("/v1/clients/c1/payers", "support").await;
        let items = list.body["items"].as_array().unwrap();
        items.iter().map(|payer| payer["default"].as_bool().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(defaults().await, [true, false]);
    assert_eq!(ask("POST", &format!("{second}/default"), json!({})).await.status, 200);
    assert_eq!(defaults().await, [false, true]);
    let changed = ask("PUT", &second, json!({"kind": "natural", "name": "Иванов И.", "inn": "500100732259"})).await;
    assert_eq!((changed.status, &changed.body["name"]), (200, &json!("Иванов И.")), "{}", changed.body);
    assert_eq!(changed.body["default"], true);
    assert_eq!(ask("DELETE", &second, json!({})).await.status, 200);
    assert_eq!(said(&ask("PUT", &second, person).await), (404, "not_found"));
    assert_eq!(said(&ask("POST", &format!("{second}/default"), json!({})).await), (404, "not_found"));
    assert_eq!(defaults().await, [false]);
    let foreign = format!("/v1/clients/c2/payers{first}");
    assert_eq!(said(&api.ask("DELETE", &foreign, "accounting", &[], Some(why(json!({})))).await), (404, "not_found"));

    let visitor = Visitor::user(&api, "c1", "a@example.ru", &["view"]).await;
    let own = visitor.get("/v1/cabinet/payers").await;
    assert_eq!((own.body["items"].as_array().unwrap().len(), &own.body["items"][0]["inn"]), (1, &json!("7707083893")));
    let audit = api.get("/v1/audit/client/c1", "admin").await;
    assert!(!audit.text.contains("500100732259") && audit.text.contains("***"), "{}", audit.text);
    assert!(billing::audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap().fault.is_none());
    world.drop().await;
}
