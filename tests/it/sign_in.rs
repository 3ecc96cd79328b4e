//! How people sign in: passwords, sessions, second factors, and who has to wait.

use std::sync::Arc;

use admin_api::SecretKey;
use billing::{Clock, audit, sign_in};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, Mac};
use serde_json::{Value, json};
use sha1::Sha1;
use tests::{SetClock, World};

use crate::api::{Answer, Api};

const PASSWORD: &str = "correct horse battery";

/// A clock that shows ten in the morning.
pub(crate) fn morning() -> Arc<SetClock> {
    SetClock::at("2026-07-01T10:00:00Z".parse().unwrap())
}

pub(crate) fn said(answer: &Answer) -> (u16, &str) {
    let code = if answer.status < 400 { "" } else { answer.body["code"].as_str().unwrap_or_default() };
    (answer.status, code)
}

/// A user of the role `support`, added by the administrator.
pub(crate) async fn hired(api: &Api, login: &str) {
    let user = json!({"login": login, "name": "Anna", "email": format!("{login}@example.ru"), "roles": ["support"], "reason": "test"});
    assert_eq!(api.ask("POST", "/v1/staff", "admin", &[], Some(user)).await.status, 201);
}

async fn setup_token(api: &Api, login: &str, drop_totp: bool) -> String {
    let wanted = json!({"drop_totp": drop_totp, "reason": "test"});
    let made = api.ask("POST", &format!("/v1/staff/{login}/password-reset"), "admin", &[], Some(wanted)).await;
    assert_eq!(made.status, 201, "{}", made.body);
    made.body["setup_token"].as_str().unwrap().to_owned()
}

async fn set_password(api: &Api, token: &str, password: &str) -> Answer {
    let body = json!({"setup_token": token, "password": password});
    api.ask("POST", "/v1/session/password", "", &[], Some(body)).await
}

/// A user with a password.
async fn with_password(api: &Api, login: &str) {
    hired(api, login).await;
    let token = setup_token(api, login, false).await;
    assert_eq!(set_password(api, &token, PASSWORD).await.status, 200);
}

async fn sign_in_with(api: &Api, headers: &[(&str, &str)], body: Value) -> Answer {
    api.ask("POST", "/v1/session", "", headers, Some(body)).await
}

async fn sign_in(api: &Api, login: &str, password: &str) -> Answer {
    sign_in_with(api, &[], json!({"login": login, "password": password})).await
}

/// Asks in a session.
pub(crate) async fn ask(api: &Api, session: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    api.ask(method, path, "", &[("Authorization", &format!("Bearer {session}"))], body).await
}

fn token_of(answer: &Answer) -> String {
    assert_eq!(answer.status, 201, "{}", answer.body);
    answer.body["token"].as_str().unwrap().to_owned()
}

async fn set_setting(api: &Api, key: &str, value: &str) {
    let wanted = json!({"value": value, "reason": "test"});
    let done = api.ask("PUT", &format!("/v1/settings/{key}"), "admin", &[], Some(wanted)).await;
    assert_eq!(done.status, 200, "{}", done.body);
    api.refresh().await;
}

/// A password is set by its owner, once by each token; nobody makes a token for somebody who may more.
#[tokio::test(flavor = "multi_thread")]
async fn a_password_is_set_and_changed_by_its_owner() {
    let world = World::new(1).await;
    let clock = morning();
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    hired(&api, "petrova").await;
    let (void, token) = (setup_token(&api, "petrova", false).await, setup_token(&api, "PETROVA", false).await);
    assert_eq!(said(&sign_in(&api, "petrova", PASSWORD).await), (401, "wrong_credentials"), "none is set yet");
    for (token, password, expected) in [
        (&void, PASSWORD, (401, "wrong_credentials")),
        (&token, "elevenchars", (422, "validation")),
        (&token, "petrova-2026!", (422, "validation")),
        (&token, "password1234", (422, "validation")),
        (&token, "123456789012", (422, "validation")),
        (&token, PASSWORD, (200, "")),
        (&token, "another good password", (401, "wrong_credentials")),
    ] {
        assert_eq!(said(&set_password(&api, token, password).await), expected, "{password}");
    }
    let late = setup_token(&api, "petrova", false).await;
    clock.pass(TimeDelta::hours(24));
    assert_eq!(said(&set_password(&api, &late, PASSWORD).await), (401, "wrong_credentials"), "it was good for a day");

    let (first, second) = (sign_in(&api, "petrova", PASSWORD).await, sign_in(&api, "Petrova", PASSWORD).await);
    let (first, second) = (token_of(&first), token_of(&second));
    let list = ask(&api, &first, "GET", "/v1/me/sessions", None).await;
    let ones: Vec<bool> =
        list.body["items"].as_array().unwrap().iter().filter_map(|one| one["this_one"].as_bool()).collect();
    assert_eq!(ones, [false, true], "{}", list.body);
    assert!(!list.text.contains("tollgate_"));
    let change = |old: &str, new: &str| Some(json!({"old_password": old, "new_password": new}));
    for (old, new, expected) in [
        ("not the old one", "four boats on a lake", (401, "wrong_credentials")),
        (PASSWORD, "short", (422, "validation")),
        (PASSWORD, "four boats on a lake", (200, "")),
        (PASSWORD, "five boats on a lake", (401, "wrong_credentials")),
    ] {
        let answer = ask(&api, &first, "PUT", "/v1/me/password", change(old, new)).await;
        assert_eq!(said(&answer), expected, "{old} {new}: {}", answer.body);
    }
    assert_eq!(ask(&api, &first, "GET", "/v1/me", None).await.status, 200);
    assert_eq!(ask(&api, &second, "GET", "/v1/me", None).await.status, 401, "his other sessions have ended");
    assert_eq!(said(&sign_in(&api, "petrova", PASSWORD).await), (401, "wrong_credentials"));
    let bearer = format!("Bearer {first}");
    let key = [("Idempotency-Key", "k"), ("Authorization", bearer.as_str())];
    let kept = api.ask("PUT", "/v1/me/password", "", &key, change("four boats on a lake", PASSWORD)).await;
    assert_eq!(said(&kept), (422, "validation"), "a body with passwords is not kept, nor its digest");

    // A head may less than the administrator; nobody makes a token for himself.
    let why = || Some(json!({"reason": "r"}));
    for (role, login, expected) in [
        ("support", "petrova", (403, "forbidden")),
        ("head", "admin", (404, "not_found")),
        ("admin", "nobody", (404, "not_found")),
        ("admin", "admin", (403, "self_grant")),
    ] {
        let path = format!("/v1/staff/{login}/password-reset");
        assert_eq!(said(&api.ask("POST", &path, role, &[], why()).await), expected, "{role} {login}");
    }
    let chief = json!({"login": "chief", "name": "C", "roles": ["admin"], "reason": "test"});
    assert_eq!(api.ask("POST", "/v1/staff", "admin", &[], Some(chief)).await.status, 201);
    let token = setup_token(&api, "chief", false).await;
    assert_eq!(set_password(&api, &token, PASSWORD).await.status, 200);
    let administrator = token_of(&sign_in(&api, "chief", PASSWORD).await);
    let own = ask(&api, &administrator, "POST", "/v1/staff/chief/password-reset", why()).await;
    assert_eq!(said(&own), (403, "self_grant"));

    // Another right, a block or a password of his own make a setup token void.
    hired(&api, "newcomer").await;
    for (method, path, body) in [
        ("PUT", "/v1/staff/newcomer/roles", json!({"roles": ["sales"], "reason": "r"})),
        ("PUT", "/v1/staff/newcomer/permissions/lock.edit", json!({"reason": "r"})),
        ("POST", "/v1/staff/newcomer/block", json!({"reason": "r"})),
    ] {
        let void = setup_token(&api, "newcomer", false).await;
        assert_eq!(api.ask(method, path, "admin", &[], Some(body)).await.status, 200, "{path}");
        let answer = set_password(&api, &void, PASSWORD).await;
        assert_eq!(said(&answer), (401, "wrong_credentials"), "{path}: {}", answer.body);
    }
    world.drop().await;
}

/// Idle for an hour, or half a day old: a session ends; and by its owner, and with its owner (S42).
#[tokio::test(flavor = "multi_thread")]
async fn sessions_end() {
    let world = World::new(1).await;
    let clock = morning();
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    with_password(&api, "petrova").await;
    let idle = token_of(&sign_in(&api, "petrova", PASSWORD).await);
    let used = token_of(&sign_in(&api, "petrova", PASSWORD).await);
    // 14 times 50 minutes are 11 h 40 min.
    for _ in 0..14 {
        clock.pass(TimeDelta::minutes(50));
        assert_eq!(ask(&api, &used, "GET", "/v1/me", None).await.status, 200);
    }
    assert_eq!(ask(&api, &idle, "GET", "/v1/me", None).await.status, 401);
    clock.pass(TimeDelta::minutes(20));
    assert_eq!(ask(&api, &used, "GET", "/v1/me", None).await.status, 401, "half a day is over");

    let (one, two) = (sign_in(&api, "petrova", PASSWORD).await, sign_in(&api, "petrova", PASSWORD).await);
    let (id, one, two) = (two.body["id"].as_i64().unwrap(), token_of(&one), token_of(&two));
    clock.pass(TimeDelta::minutes(59));
    assert_eq!(ask(&api, &two, "GET", "/v1/me", None).await.status, 200);
    clock.pass(TimeDelta::minutes(1));
    assert_eq!(ask(&api, &one, "GET", "/v1/me", None).await.status, 401, "an hour without a request");
    let three = token_of(&sign_in(&api, "petrova", PASSWORD).await);
    for (path, expected) in [
        (format!("/v1/me/sessions/{id}"), (200, "")),
        (format!("/v1/me/sessions/{id}"), (404, "not_found")),
        ("/v1/me/sessions/999999".to_owned(), (404, "not_found")),
        ("/v1/me/sessions/x".to_owned(), (422, "validation")),
    ] {
        assert_eq!(said(&ask(&api, &three, "DELETE", &path, None).await), expected, "{path}");
    }
    assert_eq!(ask(&api, &two, "GET", "/v1/me", None).await.status, 401);
    assert_eq!(ask(&api, &three, "DELETE", "/v1/session", None).await.status, 200);
    assert_eq!(ask(&api, &three, "GET", "/v1/me", None).await.status, 401);

    let last = token_of(&sign_in(&api, "petrova", PASSWORD).await);
    // Also the one that is only idle.
    let blocked = api.ask("POST", "/v1/staff/petrova/block", "admin", &[], Some(json!({"reason": "left"}))).await;
    assert_eq!((blocked.status, &blocked.body["sessions_ended"]), (200, &json!(2)), "{}", blocked.body);
    assert_eq!(ask(&api, &last, "GET", "/v1/me", None).await.status, 401);
    assert_eq!(said(&sign_in(&api, "petrova", PASSWORD).await), (401, "wrong_credentials"), "blocked (S42)");
    let path = "/v1/staff/petrova/password-reset";
    assert_eq!(said(&api.ask("POST", path, "admin", &[], Some(json!({"reason": "r"}))).await), (404, "not_found"));
    world.drop().await;
}

/// The hash follows the cost of the settings when its owner signs in; every try is in the audit, and no password is.
#[tokio::test(flavor = "multi_thread")]
async fn every_try_is_in_the_audit_and_no_password() {
    let world = World::new(1).await;
    let clock = morning();
    let api = Api::serve_by(&world, Arc::clone(&clock) as Arc<dyn Clock>).await;
    with_password(&api, "petrova").await;
    for (login, password, expected) in [
        ("petrova", "wrong horse battery", (401, "wrong_credentials")),
        ("somebody", PASSWORD, (401, "wrong_credentials")),
        ("support", PASSWORD, (401, "wrong_credentials")),
        ("petrova", "", (422, "validation")),
        ("petrova", PASSWORD, (201, "")),
    ] {
        assert_eq!(said(&sign_in(&api, login, password).await), expected, "{login}");
    }
    let hash = async || sign_in::by_login(&world.store, "petrova").await.unwrap().unwrap().hash.unwrap();
    assert!(hash().await.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
    set_setting(&api, "password.memory_kib", "8192").await;
    token_of(&sign_in(&api, "petrova", PASSWORD).await);
    assert!(hash().await.starts_with("$argon2id$v=19$m=8192,t=2,p=1$"));
    token_of(&sign_in(&api, "petrova", PASSWORD).await);

    let tries = |answer: &Answer| -> Vec<(String, String, String)> {
        let told = |line: &Value, name: &str| line[name].as_str().unwrap().to_owned();
        let lines = answer.body["items"].as_array().unwrap().iter();
        let tries = lines.filter(|line| line["action"] == "session.open");
        tries.map(|line| (told(line, "login"), told(line, "outcome"), told(line, "reason"))).collect()
    };
    let own = |login: &str, outcome: &str, reason: &str| (login.to_owned(), outcome.to_owned(), reason.to_owned());
    let audit = api.get("/v1/audit/staff/petrova", "admin").await;
    let done = || own("petrova", "done", "");
    assert_eq!(tries(&audit), [done(), done(), done(), own("petrova", "refused", "wrong_password")]);
    assert!(!audit.text.contains("horse") && audit.text.contains("127.0.0.1"), "{}", audit.text);
    let nobody = api.get("/v1/audit/staff/support", "admin").await;
    assert_eq!(tries(&nobody), [own("support", "refused", "no_password")]);
    let unknown = api.get("/v1/audit/session/unknown", "admin").await;
    assert_eq!(tries(&unknown), [own("system", "refused", "unknown_login")]);
    assert!(!unknown.text.contains("somebody"), "people write passwords into the field of the login");
    assert_eq!(said(&api.get("/v1/audit/session/unknown", "accounting").await), (403, "forbidden"));
    let verdict = audit::verify(&world.store, None, None, &mut |_| ()).await.unwrap();
    assert_eq!(verdict.fault, None);
    world.drop().await;
}

fn retry_after(answer: &Answer) -> &str {
    answer.head.lines().find_map(|line| line.strip_prefix("retry-after: ")).unwrap_or_default().trim()
}

/// Five wrong guesses with a login from an address wait; twenty from an address with any logins; nobody else waits for it.
#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_waits() {
    let world = World::new(1).await;
    let clock = morning();
    let api = Api::serve_with(&world, Arc::clone(&clock) as Arc<dyn Clock>, |state| {
        state.behind(vec!["127.0.0.0/8".parse().unwrap()])
    })
    .await;
    with_password(&api, "petrova").await;
    let (here, there) = ([("X-Forwarded-For", "192.0.2.7")], [("X-Forwarded-For", "198.51.100.9")]);
    let right = || json!({"login": "petrova", "password": PASSWORD});
    let wrong = |login: &str| json!({"login": login, "password": "wrong horse battery"});
    for _ in 0..5 {
        assert_eq!(said(&sign_in_with(&api, &here, wrong("petrova")).await), (401, "wrong_credentials"));
    }
    let waits = sign_in_with(&api, &here, right()).await;
    assert_eq!(said(&waits), (429, "too_many_attempts"));
    assert_eq!(retry_after(&waits), "30");
    assert_eq!(sign_in_with(&api, &there, right()).await.status, 201, "a stranger shuts nobody out");
    clock.pass(TimeDelta::seconds(30));
    assert_eq!(said(&sign_in_with(&api, &here, wrong("petrova")).await), (401, "wrong_credentials"));
    let longer = sign_in_with(&api, &here, right()).await;
    assert_eq!(retry_after(&longer), "60");
    clock.pass(TimeDelta::seconds(60));
    assert_eq!(sign_in_with(&api, &here, right()).await.status, 201);
    // Success has cleared the pair: four more are no reason to wait.
    for _ in 0..4 {
        assert_eq!(said(&sign_in_with(&api, &here, wrong("petrova")).await), (401, "wrong_credentials"));
    }
    assert_eq!(sign_in_with(&api, &here, right()).await.status, 201);
    // But not the address: 5 + 1 + 4 wrong ones were from it, 10 more with as many logins are 20.
    for number in 0..10 {
        let answer = sign_in_with(&api, &here, wrong(&format!("login{number}"))).await;
        assert_eq!(said(&answer), (401, "wrong_credentials"), "{number}");
    }
    assert_eq!(said(&sign_in_with(&api, &here, right()).await), (429, "too_many_attempts"));
    let token = json!({"setup_token": "tollgate_guess", "password": PASSWORD});
    let guess = api.ask("POST", "/v1/session/password", "", &here, Some(token)).await;
    assert_eq!(said(&guess), (429, "too_many_attempts"));
    assert_eq!(sign_in_with(&api, &there, right()).await.status, 201);
    for (path, waits) in [("/v1/audit/session/petrova", 2), ("/v1/audit/session/192.0.2.7", 1)] {
        let audit = api.get(path, "admin").await;
        let lines = audit.body["items"].as_array().unwrap();
        assert_eq!(lines.iter().filter(|line| line["action"] == "session.wait").count(), waits, "{}", audit.body);
    }
    // A quarter of an hour after the end of the wait nothing is left of it.
    clock.pass(TimeDelta::minutes(16));
    assert_eq!(sign_in_with(&api, &here, right()).await.status, 201);
    world.drop().await;
}

/// The code of a moment, reckoned here from what RFC 6238 says.
fn code_at(secret: &str, at: DateTime<Utc>) -> String {
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: Vec<String> = secret.chars().map(|letter| format!("{:05b}", letters.find(letter).unwrap())).collect();
    let bits = bits.concat();
    let key: Vec<u8> =
        (0..bits.len() / 8).map(|at| u8::from_str_radix(&bits[8 * at..8 * at + 8], 2).unwrap()).collect();
    let mut mac = Hmac::<Sha1>::new_from_slice(&key).unwrap();
    mac.update(&(at.timestamp() / 30).to_be_bytes());
    let digest: [u8; 20] = mac.finalize().into_bytes().into();
    let offset = usize::from(digest[19] & 15);
    let number = digest[offset..offset + 4].iter().fold(0_u32, |number, byte| (number << 8) | u32::from(*byte));
    format!("{:06}", (number & 0x7fff_ffff) % 1_000_000)
}

/// A second factor: enrolled with a code, asked for at the door, good once a code, with ten ways out for who has lost it.
#[tokio::test(flavor = "multi_thread")]
async fn a_second_factor() {
    let world = World::new(1).await;
    let clock = morning();
    let key: SecretKey = "0f".repeat(32).parse().unwrap();
    let api = Api::serve_with(&world, Arc::clone(&clock) as Arc<dyn Clock>, |state| state.with_secret_key(key)).await;
    with_password(&api, "petrova").await;
    let session = token_of(&sign_in(&api, "petrova", PASSWORD).await);
    let wish = |password: &str| Some(json!({"password": password}));
    let strange = ask(&api, &session, "POST", "/v1/me/totp", wish("wrong horse battery")).await;
    assert_eq!(said(&strange), (401, "wrong_credentials"), "a session left open is not the person");
    let begun = ask(&api, &session, "POST", "/v1/me/totp", wish(PASSWORD)).await;
    assert_eq!(begun.status, 201, "{}", begun.body);
    let secret = begun.body["secret"].as_str().unwrap().to_owned();
    let address = begun.body["otpauth_url"].as_str().unwrap();
    assert!(address.starts_with("otpauth://totp/Tollgate:petrova?secret=") && address.contains(&secret), "{address}");
    let kept = sign_in::by_login(&world.store, "petrova").await.unwrap().unwrap().totp.unwrap();
    assert_eq!((kept.is_confirmed, kept.secret.len()), (false, 24 + 20 + 16), "encrypted: nonce, secret, tag");

    let code = |steps: i64| code_at(&secret, clock.now() + TimeDelta::seconds(30 * steps));
    let confirm =
        async |code: String| ask(&api, &session, "POST", "/v1/me/totp/confirm", Some(json!({"code": code}))).await;
    assert_eq!(said(&confirm(code(5)).await), (401, "wrong_code"));
    let confirmed = confirm(code(0)).await;
    let recovery: Vec<&str> =
        confirmed.body["recovery_codes"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!((confirmed.status, recovery.len()), (200, 10));
    assert_eq!(said(&confirm(code(1)).await), (409, "invalid_transition"));
    assert_eq!(said(&ask(&api, &session, "POST", "/v1/me/totp", wish(PASSWORD)).await), (409, "invalid_transition"));

    let door = async |shown: Value| {
        let mut body = json!({"login": "petrova", "password": PASSWORD});
        body.as_object_mut().unwrap().extend(shown.as_object().unwrap().clone());
        sign_in_with(&api, &[], body).await
    };
    let used = code(0);
    assert_eq!(said(&door(json!({})).await), (401, "code_needed"));
    assert_eq!(said(&door(json!({"code": used})).await), (401, "wrong_code"), "it was used to confirm");
    clock.pass(TimeDelta::seconds(30));
    for (shown, expected) in [
        (json!({"code": code(0)}), (201, "")),
        (json!({"code": code(0)}), (401, "wrong_code")),
        (json!({"code": code(2)}), (401, "wrong_code")),
        (json!({"code": code(1)}), (201, "")),
        (json!({"recovery_code": recovery[3].to_lowercase()}), (201, "")),
        (json!({"recovery_code": recovery[3]}), (401, "wrong_code")),
        (json!({"recovery_code": "nothing"}), (401, "wrong_code")),
    ] {
        let answer = door(shown.clone()).await;
        assert_eq!(said(&answer), expected, "{shown}: {}", answer.body);
    }
    clock.pass(TimeDelta::seconds(120));
    let off = async |code: String| ask(&api, &session, "DELETE", "/v1/me/totp", Some(json!({"code": code}))).await;
    assert_eq!(said(&off(code(9)).await), (401, "wrong_code"));
    assert_eq!(off(code(0)).await.status, 200);
    assert_eq!(door(json!({})).await.status, 201);

    // Required: who has none may only enrol one, in a session that is there already too.
    set_setting(&api, "signin.totp", "required").await;
    assert_eq!(said(&ask(&api, &session, "GET", "/v1/me", None).await), (403, "enrolment_needed"));
    let opened = door(json!({})).await;
    assert_eq!(opened.body["enrolment_needed"], true, "{}", opened.body);
    let narrow = token_of(&opened);
    assert_eq!(said(&ask(&api, &narrow, "GET", "/v1/me/sessions", None).await), (403, "enrolment_needed"));
    let begun = ask(&api, &narrow, "POST", "/v1/me/totp", wish(PASSWORD)).await;
    let secret = begun.body["secret"].as_str().unwrap();
    let shown = Some(json!({"code": code_at(secret, clock.now())}));
    assert_eq!(ask(&api, &narrow, "POST", "/v1/me/totp/confirm", shown).await.status, 200);
    assert_eq!(ask(&api, &narrow, "GET", "/v1/me", None).await.status, 200);
    assert_eq!(api.get("/v1/me", "support").await.status, 200, "API tokens are not people");

    // Who has lost telephone and recovery codes is helped by somebody who manages people.
    let token = setup_token(&api, "petrova", true).await;
    assert_eq!(set_password(&api, &token, PASSWORD).await.status, 200);
    assert_eq!(door(json!({})).await.body["enrolment_needed"], true);
    world.drop().await;
}

/// Who knows a password guesses at the code five times, from wherever; asking for the code is no guess.
#[tokio::test(flavor = "multi_thread")]
async fn who_guesses_at_a_code_waits_everywhere() {
    let world = World::new(1).await;
    let clock = morning();
    let key: SecretKey = "0f".repeat(32).parse().unwrap();
    let api = Api::serve_with(&world, Arc::clone(&clock) as Arc<dyn Clock>, |state| {
        state.behind(vec!["127.0.0.0/8".parse().unwrap()]).with_secret_key(key)
    })
    .await;
    with_password(&api, "petrova").await;
    let session = token_of(&sign_in(&api, "petrova", PASSWORD).await);
    let begun = ask(&api, &session, "POST", "/v1/me/totp", Some(json!({"password": PASSWORD}))).await;
    let secret = begun.body["secret"].as_str().unwrap().to_owned();
    let shown = Some(json!({"code": code_at(&secret, clock.now())}));
    assert_eq!(ask(&api, &session, "POST", "/v1/me/totp/confirm", shown).await.status, 200);
    clock.pass(TimeDelta::seconds(30));
    let door = async |from: &str, code: Option<&str>| {
        let body = json!({"login": "petrova", "password": PASSWORD, "code": code});
        sign_in_with(&api, &[("X-Forwarded-For", from)], body).await
    };
    for _ in 0..6 {
        assert_eq!(said(&door("192.0.2.1", None).await), (401, "code_needed"));
    }
    for number in 1..=5 {
        assert_eq!(said(&door(&format!("192.0.2.{number}"), Some("nothing")).await), (401, "wrong_code"));
    }
    let right = code_at(&secret, clock.now());
    let waits = door("198.51.100.9", Some(&right)).await;
    assert_eq!((said(&waits), retry_after(&waits)), ((429, "too_many_attempts"), "30"));
    clock.pass(TimeDelta::seconds(30));
    assert_eq!(door("198.51.100.9", Some(&code_at(&secret, clock.now()))).await.status, 201);
    world.drop().await;
}

/// Without a key nobody enrols, and is told what the server lacks.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_configured_says_so() {
    let world = World::new(1).await;
    let api = Api::serve_by(&world, morning()).await;
    with_password(&api, "petrova").await;
    let session = token_of(&sign_in(&api, "petrova", PASSWORD).await);
    let answer = ask(&api, &session, "POST", "/v1/me/totp", Some(json!({"password": PASSWORD}))).await;
    assert_eq!(said(&answer), (404, "not_configured"));
    assert!(answer.body["detail"].as_str().unwrap().contains("TOLLGATE_SECRET_KEY"), "{}", answer.body);
    let answer = api.get("/v1/session/oidc", "").await;
    assert_eq!(said(&answer), (404, "not_configured"));
    assert!(answer.body["detail"].as_str().unwrap().contains("--oidc-issuer"), "{}", answer.body);
    world.drop().await;
}
