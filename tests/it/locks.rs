//! Locks as people enter, change and delete them.

use std::time::{Duration, Instant};

use billing::staff;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{SetClock, World, record_ending};

use crate::api::{Answer, Api};

/// Asks again until the answer is as wanted: a change is in force within three seconds.
pub(crate) async fn soon(api: &Api, path: &str, role: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    let begun = Instant::now();
    loop {
        let answer = api.get(path, role).await;
        if wanted(&answer.body) {
            return answer.body;
        }
        assert!(begun.elapsed() < Duration::from_secs(3), "not in force after 3 s: {path}: {}", answer.body);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn make(api: &Api, role: &str, lock: Value) -> Answer {
    api.ask("POST", "/v1/locks", role, &[], Some(lock)).await
}

async fn made(api: &Api, role: &str, lock: Value) -> i64 {
    let answer = make(api, role, lock).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body["id"].as_i64().unwrap()
}

fn masks(check: &Value) -> Vec<&str> {
    check["locks"].as_array().unwrap().iter().map(|lock| lock["mask"].as_str().unwrap()).collect()
}

/// M25-M27, A1, A5: what is made is in force within seconds, for the checks that support asks; the figures of the manual.
#[tokio::test(flavor = "multi_thread")]
async fn a_made_lock_bars_within_seconds() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let check = "/v1/lock-check?account=a1&number=%2B381%2011%204112060";
    assert_eq!(api.get(check, "support").await.body["locked"], false);

    // M27: of 38 and 37, 3820, 381115 exactly 38 bars +381 11 4112060.
    for mask in ["38", "37", "3820", "381115"] {
        made(
            &api,
            "client_service",
            json!({"account": "a1", "mask": mask, "origin": "client", "comment": "письмо от 1 июля"}),
        )
        .await;
    }
    let found = soon(&api, check, "support", |check| check["locked"] == true).await;
    assert_eq!((masks(&found), &found["code"]), (vec!["38"], &json!("LOCKED_LOCAL")), "{found}");
    let line = &found["locks"][0];
    assert_eq!((&line["author"], &line["comment"]), (&json!("client_service"), &json!("письмо от 1 июля")), "{line}");
    assert!(line["since"].is_string() && line["effective"] == true, "{line}");
    let tariff = soon(&api, "/v1/tariff-check?account=a1&number=381114112060", "support", |check| {
        check["locks"].as_array().is_some_and(|locks| !locks.is_empty())
    })
    .await;
    assert_eq!(masks(&tariff), ["38"]);
    // Another account is not concerned.
    assert_eq!(api.get("/v1/lock-check?account=a2&number=381114112060", "support").await.body["locked"], false);

    // M26: a global one for 3811; both are shown, the local one decides. +7 (495).. as people write it.
    made(&api, "head", json!({"mask": "+381-1", "origin": "operator", "comment": "запрещённые регионы"})).await;
    let found = soon(&api, check, "support", |check| masks(check).len() == 2).await;
    assert_eq!((masks(&found), found["locks"][0]["effective"].as_bool()), (vec!["38", "3811"], Some(true)), "{found}");
    let other = api.get("/v1/lock-check?account=a2&number=381114112060", "support").await;
    assert_eq!(other.body["code"], "LOCKED_GLOBAL", "{}", other.body);
    assert_eq!(api.get("/v1/lock-check?account=a2&number=382114112060", "support").await.body["locked"], false);

    // M25: a whole number bars itself and not its neighbour. A5: through one provider.
    made(&api, "sales", json!({"account": "a2", "mask": "+49 (30) 123-456-78", "origin": "client", "comment": "x"}))
        .await;
    made(
        &api,
        "sales",
        json!({"account": "a2", "mask": "48", "provider": "mts", "origin": "operator", "comment": "x"}),
    )
    .await;
    soon(&api, "/v1/lock-check?account=a2&number=48221234567", "support", |check| check["locked"] == true).await;
    for (number, locked) in [("493012345678", true), ("493012345679", false)] {
        let answer = api.get(&format!("/v1/lock-check?account=a2&number={number}"), "support").await;
        assert_eq!(answer.body["locked"], locked, "{number}");
    }
    let through = api.get("/v1/lock-check?account=a2&number=48221234567&provider=mts", "support").await;
    assert_eq!(through.body["locks"][0]["provider"], "mts", "{}", through.body);

    // A1: an emergency code cannot be locked, a lock on 1 does not bar it.
    for mask in ["112", "short:112", "01", "1 01"] {
        let refused = make(&api, "head", json!({"mask": mask, "origin": "operator", "comment": "x"})).await;
        assert_eq!(
            (refused.status, &refused.body["code"]),
            (422, &json!("emergency_not_lockable")),
            "{mask}: {}",
            refused.body
        );
        assert_eq!(refused.body["errors"][0]["pointer"], "/mask");
    }
    made(&api, "head", json!({"mask": "1", "origin": "operator", "comment": "Америка"})).await;
    let america =
        soon(&api, "/v1/lock-check?account=a1&number=12015550123", "support", |check| check["locked"] == true).await;
    assert_eq!(america["code"], "LOCKED_GLOBAL");
    assert_eq!(api.get("/v1/lock-check?account=a1&number=112", "support").await.body["locked"], false);
    world.drop().await;
}

/// What is refused, and with which field; the same bar twice names the lock that stands.
#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_barred() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let lock = |change: Value| {
        let mut lock = json!({"account": "a1", "mask": "38", "origin": "client", "comment": "x"});
        lock.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        lock
    };
    let first = made(&api, "head", lock(json!({}))).await;
    for (change, status, code, pointer) in [
        (json!({}), 409, "already_exists", ""),
        (json!({"comment": " "}), 422, "reason_required", "/comment"),
        (json!({"mask": "38x"}), 422, "validation", "/mask"),
        (json!({"mask": "0381"}), 422, "validation", "/mask"),
        (json!({"mask": ""}), 422, "validation", "/mask"),
        (json!({"account": "nobody"}), 422, "validation", "/account"),
        (json!({"provider": "nobody"}), 422, "validation", "/provider"),
        (json!({"origin": "god"}), 422, "validation", "/origin"),
        (json!({"to": "2020-01-01"}), 422, "validation", "/to"),
        (json!({"from": "2030-01-02", "to": "2030-01-01"}), 422, "validation", "/to"),
        (json!({"from": "tomorrow"}), 422, "validation", "/from"),
        (json!({"masc": "38"}), 422, "validation", "/masc"),
    ] {
        let refused = make(&api, "head", lock(change.clone())).await;
        assert_eq!((refused.status, refused.body["code"].as_str()), (status, Some(code)), "{change}: {}", refused.body);
        assert_eq!(refused.body["errors"][0]["pointer"].as_str().unwrap_or_default(), pointer, "{change}");
        if status == 409 {
            assert!(refused.body["detail"].as_str().unwrap().contains(&first.to_string()), "{}", refused.body);
        }
    }
    // Another origin has other consequences, another provider another way: those are other locks. So is one that begins when the first has ended.
    for change in [json!({"origin": "fraud"}), json!({"provider": "mts"}), json!({"account": null})] {
        made(&api, "head", lock(change)).await;
    }
    // Two at once: one is made, the other names it.
    let at_once = lock(json!({"mask": "40"}));
    let (one, two) = tokio::join!(make(&api, "sales", at_once.clone()), make(&api, "sales", at_once));
    let mut statuses = [one.status, two.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);

    // The list by each filter; pages; the total.
    for (query, count) in [
        ("account=a1", 6),
        ("account=a1&origin=fraud", 2),
        ("scope=global", 2),
        ("scope=local&provider=mts", 1),
        ("number=381611234567", 5),
        ("number=381611234567&account=a1", 4),
        ("number=381611234567&scope=global", 1),
        ("author=load", 3),
        ("author=head&active=true", 4),
        ("active=false", 0),
        ("account=nobody", 0),
    ] {
        let list = api.get(&format!("/v1/locks?{query}"), "assistants").await;
        assert_eq!(list.body["items"].as_array().map(Vec::len), Some(count), "{query}: {}", list.body);
        assert_eq!((&list.body["total"], &list.body["total_exact"]), (&json!(count), &json!(true)), "{query}");
    }
    let page = api.get("/v1/locks?account=a1&limit=4", "support").await;
    let cursor = page.body["next_cursor"].as_str().unwrap().to_owned();
    let rest = api.get(&format!("/v1/locks?account=a1&limit=4&cursor={cursor}"), "support").await;
    assert_eq!(
        (rest.body["items"].as_array().map(Vec::len), &rest.body["total"]),
        (Some(2), &json!(6)),
        "{}",
        rest.body
    );
    for query in ["scope=sideways", "origin=god", "active=yes", "number=12", "cursor=zz"] {
        assert_eq!(api.get(&format!("/v1/locks?{query}"), "support").await.status, 422, "{query}");
    }
    // Locks are closed data for accounting (matrix), in the audit too.
    for path in [
        format!("/v1/audit/lock/{first}"),
        "/v1/locks".to_owned(),
        format!("/v1/locks/{first}"),
        format!("/v1/locks/{first}/history"),
    ] {
        assert_eq!(api.get(&path, "accounting").await.status, 403, "{path}");
    }
    world.drop().await;
}

/// M28, A25: who may delete what; the attempt is in the audit, the history shows author and time.
#[tokio::test(flavor = "multi_thread")]
async fn who_may_lift_a_lock() {
    let world = World::new(1).await;
    let now = Utc::now();
    let clock = SetClock::at(now);
    // One who works in support and in client service at once.
    for role in ["support", "client_service"] {
        staff::add_token(&world.store, "both", role, &format!("token-both-{role}"), now + TimeDelta::days(9))
            .await
            .unwrap();
    }
    let api = Api::serve_by(&world, clock.clone()).await;
    let lock = |mask: &str| json!({"account": "a1", "mask": mask, "origin": "client", "comment": "по заявке"});
    let theirs = made(&api, "client_service", lock("38")).await;
    let own = made(&api, "sales", lock("39")).await;
    let of_both = made(&api, "both-support", lock("40")).await;
    let delete = async |id: i64, role: &str| {
        let path = format!("/v1/locks/{id}");
        api.ask("DELETE", &path, role, &[("Accept-Language", "en")], Some(json!({"reason": "клиент передумал"}))).await
    };
    clock.set(now + TimeDelta::minutes(1));
    for (id, role) in [
        (theirs, "support"),
        (theirs, "sales"),
        (theirs, "head"),
        (theirs, "accounting"),
        (theirs, "assistants"),
        // His own, but he works in support.
        (of_both, "both-support"),
    ] {
        let refused = delete(id, role).await;
        assert_eq!((refused.status, &refused.body["code"]), (403, &json!("forbidden")), "{role}: {}", refused.body);
        assert!(refused.body["detail"].as_str().unwrap().contains("lock.delete"), "{}", refused.body);
        let audit = api.get(&format!("/v1/audit/lock/{id}"), "admin").await;
        let login = role.split('-').next().unwrap();
        let line = &audit.body["items"][0];
        assert_eq!(
            (&line["login"], &line["action"], &line["outcome"]),
            (&json!(login), &json!("lock.delete"), &json!("refused")),
            "{}",
            audit.body
        );
        assert_eq!(api.get(&format!("/v1/locks/{id}"), "support").await.body["active"], true, "the lock stays");
    }
    // Switching off and shortening are lifting too; barring more, or another comment, is not.
    let put = async |id: i64, role: &str, change: Value| {
        let mut body = json!({"comment": "по заявке", "active": true, "reason": "просьба"});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        api.ask("PUT", &format!("/v1/locks/{id}"), role, &[], Some(body)).await
    };
    for (change, status) in [
        (json!({"active": false}), 403),
        (json!({"to": "2099-01-01"}), 403),
        (json!({"from": "2099-01-01"}), 403),
        (json!({"comment": "по заявке 17"}), 200),
    ] {
        assert_eq!(put(theirs, "head", change.clone()).await.status, status, "{change}");
    }
    assert_eq!(put(theirs, "support", json!({})).await.status, 403);

    // The author, with a reason; the administrators, of anybody's.
    let path = format!("/v1/locks/{own}");
    let wordless = api.ask("DELETE", &path, "sales", &[], Some(json!({}))).await;
    assert_eq!((wordless.status, &wordless.body["code"]), (422, &json!("reason_required")), "{}", wordless.body);
    let stale = api.ask("DELETE", &path, "sales", &[("If-Match", "\"7\"")], Some(json!({"reason": "x"}))).await;
    assert_eq!(stale.status, 412, "{}", stale.body);
    for (id, role) in [(own, "sales"), (theirs, "admin")] {
        let done = delete(id, role).await;
        assert_eq!(
            (done.status, &done.body["active"], &done.body["in_force"]),
            (200, &json!(false), &json!(false)),
            "{}",
            done.body
        );
    }
    let again = delete(own, "sales").await;
    assert_eq!((again.status, &again.body["code"]), (409, &json!("invalid_transition")), "{}", again.body);
    assert_eq!(put(own, "sales", json!({})).await.status, 409);
    assert_eq!(delete(999, "admin").await.status, 404);

    // The history of a deleted lock stays readable: who, when, what, why.
    let history = api.get(&format!("/v1/locks/{theirs}/history"), "support").await;
    let items = history.body["items"].as_array().unwrap();
    let told: Vec<_> =
        items.iter().map(|item| (item["user"].as_str().unwrap(), item["action"].as_str().unwrap())).collect();
    assert_eq!(
        told,
        [("admin", "lock.delete"), ("head", "lock.edit"), ("client_service", "lock.create")],
        "{}",
        history.body
    );
    assert_eq!(
        (&items[1]["before"]["comment"], &items[1]["after"]["comment"]),
        (&json!("по заявке"), &json!("по заявке 17"))
    );
    assert_eq!(items[0]["reason"], "клиент передумал");
    let first = DateTime::parse_from_rfc3339(items[2]["at"].as_str().unwrap()).unwrap();
    assert_eq!(first.timestamp_millis(), now.timestamp_millis());
    let page = api.get(&format!("/v1/locks/{theirs}/history?limit=2"), "support").await;
    let cursor = page.body["next_cursor"].as_str().unwrap();
    let rest = api.get(&format!("/v1/locks/{theirs}/history?limit=2&cursor={cursor}"), "support").await;
    assert_eq!(rest.body["items"].as_array().map(Vec::len), Some(1), "{}", rest.body);
    // A lock that came with the operator has an author and a time too.
    let loaded = api.get("/v1/locks/2/history", "support").await;
    assert_eq!(
        (&loaded.body["items"][0]["user"], &loaded.body["items"][0]["reason"]),
        (&json!("load"), &json!("abroad")),
        "{}",
        loaded.body
    );
    world.drop().await;
}

/// A call is judged by the locks of its answer, whatever became of them since: made, switched off, on again, deleted.
#[tokio::test(flavor = "multi_thread")]
async fn calls_are_judged_by_the_locks_of_their_time() {
    let world = World::new(1).await;
    let begin = Utc::now() - TimeDelta::minutes(180);
    let after = |minutes: i64| begin + TimeDelta::minutes(minutes);
    let clock = SetClock::at(begin);
    let api = Api::serve_by(&world, clock.clone()).await;
    // Asked for from yesterday: what is past counts from now.
    let yesterday = (begin - TimeDelta::days(1)).to_rfc3339();
    let lock = made(
        &api,
        "client_service",
        json!({"account": "a1", "mask": "7495", "origin": "client", "from": yesterday, "comment": "просьба клиента"}),
    )
    .await;
    let path = format!("/v1/locks/{lock}");
    for (minutes, active) in [(30, false), (60, true)] {
        clock.set(after(minutes));
        let body = json!({"comment": "просьба клиента", "active": active, "reason": "звонок клиента"});
        let done = api.ask("PUT", &path, "client_service", &[], Some(body)).await;
        assert_eq!((done.status, &done.body["in_force"]), (200, &json!(active)), "{}", done.body);
    }
    let card = api.get(&path, "support").await;
    assert_eq!(
        card.body["since"].as_str().map(|at| DateTime::parse_from_rfc3339(at).unwrap().timestamp()),
        Some(after(60).timestamp())
    );
    clock.set(after(120));
    let done = api.ask("DELETE", &path, "client_service", &[], Some(json!({"reason": "клиент передумал"}))).await;
    assert_eq!(done.status, 200, "{}", done.body);

    // 60 s at 0.60 a minute each; a breach of the client's own lock costs him nothing (A4).
    for (id, minutes) in [("before", -20), ("first", 15), ("off", 45), ("second", 90), ("deleted", 150)] {
        let call = record_ending(id, after(minutes) + TimeDelta::minutes(1), json!({}));
        world.send_at(0, call.to_string().as_bytes(), Utc::now());
    }
    world.ingest().await.unwrap();
    for (id, gross, breach) in
        [("before", "0.6", 0), ("first", "0", 1), ("off", "0.6", 0), ("second", "0", 1), ("deleted", "0.6", 0)]
    {
        let found = world
            .text(
                "concat(toString(gross), ' ', toString(toUInt8(lock_breach)))",
                &format!("FROM calls WHERE cdr_id = '{id}'"),
            )
            .await;
        assert_eq!(found, format!("{gross} {breach}"), "{id}");
    }
    assert_eq!(world.balance("a1").await, "98.2");
    world.drop().await;
}
