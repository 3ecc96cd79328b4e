//! The audit proves itself: a line that was changed, taken out or put in later is found.

use std::time::Duration;

use billing::audit::{self, Anchor, AuditLine, Fault, Verdict, What};
use billing::change::Begun;
use billing::staff::{self, Staff, StaffUpdate};
use billing::{Actor, Change, FixedClock};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use tests::World;

use crate::api::Api;

fn at() -> DateTime<Utc> {
    "2026-07-01T10:00:00Z".parse().unwrap()
}

/// Words that printing and reading JSON could spoil.
const REASON: &str = "письмо \"от\" 1 июля\t\\ \u{1}\u{7f} № 5\n";

async fn write(world: &World, actor: &Actor, number: i64) {
    let line = AuditLine {
        action: "account.credit",
        entity: "account",
        entity_id: format!("a{number}"),
        before: Some(json!({"limit": "0", "note": REASON})),
        personal: None,
        after: (number % 2 == 0).then(|| json!({"limit": 1e3, "list": [null, true, {"b": 1, "a": 0.10}]})),
        reason: REASON.to_owned(),
    };
    audit::done(&world.store, actor, at() + TimeDelta::milliseconds(number), line).await.unwrap();
}

async fn verdict(world: &World, anchor: Option<&Anchor>) -> Verdict {
    audit::verify(&world.store, None, anchor, &mut |_| {}).await.unwrap()
}

/// A world with ten lines, and their author.
async fn ten_lines() -> (World, Actor) {
    let world = World::new(1).await;
    let user_id = staff::add_token(&world.store, "auditor", "admin", "t", at() + TimeDelta::days(1)).await.unwrap();
    let actor =
        Actor { address: "192.0.2.7".into(), on_behalf: Some("c1".into()), ..Actor::named(user_id, "auditor", "r-1") };
    for number in 1..=10 {
        write(&world, &actor, number).await;
    }
    (world, actor)
}

/// What somebody does who may do anything in the database | the line that is found, counted from the first | what is wrong with it
#[tokio::test(flavor = "multi_thread")]
async fn what_is_done_past_the_rules_is_found() {
    let (world, _) = ten_lines().await;
    let whole = verdict(&world, None).await;
    assert!(whole.fault.is_none() && whole.lines == 10, "{whole:?}");
    let head = whole.head.unwrap();
    let first = head.id - 9;
    let anchor = audit::head(&world.store).await.unwrap().unwrap();
    assert_eq!(anchor, head);

    for (what_is_done, line, what) in [
        (
            "UPDATE audit_record SET reason = 'другая' WHERE id = (SELECT min(id) + 3 FROM audit_record)",
            3,
            What::Digest,
        ),
        (
            "UPDATE audit_record SET at = at + interval '1 ms' WHERE id = (SELECT min(id) FROM audit_record)",
            0,
            What::Digest,
        ),
        ("UPDATE audit_record SET address = '' WHERE id = (SELECT max(id) FROM audit_record)", 9, What::Digest),
        (
            "UPDATE audit_record SET after = after || '{\"limit\": 1001}' WHERE id = (SELECT min(id) + 1 FROM audit_record)",
            1,
            What::Digest,
        ),
        (
            "UPDATE audit_record SET personal = '{}' WHERE id = (SELECT min(id) + 4 FROM audit_record)",
            4,
            What::Personal,
        ),
        ("DELETE FROM audit_record WHERE id = (SELECT min(id) + 5 FROM audit_record)", 6, What::Digest),
        ("DELETE FROM audit_record WHERE id = (SELECT max(id) FROM audit_record)", 9, What::Head),
        (
            "INSERT INTO audit_record (id, at, user_id, login, action, entity, entity_id, outcome, request_id, digest)
             SELECT max(id) + 1, now(), null, 'nobody', 'x', 'x', 'x', 'done', '', sha256('x') FROM audit_record",
            10,
            What::Digest,
        ),
    ] {
        let statements = format!(
            "BEGIN; CREATE TABLE kept AS SELECT * FROM audit_record; ALTER TABLE audit_record DISABLE TRIGGER USER; {what_is_done}; ALTER TABLE audit_record ENABLE TRIGGER USER; COMMIT"
        );
        world.store.run_past_the_rooms(&statements).await.unwrap();
        let found = verdict(&world, None).await.fault;
        assert_eq!(found, Some(Fault { id: first + line, what }), "{what_is_done}");
        let back = "BEGIN; ALTER TABLE audit_record DISABLE TRIGGER USER; DELETE FROM audit_record; INSERT INTO audit_record SELECT * FROM kept; DROP TABLE kept;
                    ALTER TABLE audit_record ENABLE TRIGGER USER; COMMIT";
        world.store.run_past_the_rooms(back).await.unwrap();
        assert!(verdict(&world, Some(&anchor)).await.fault.is_none(), "{what_is_done}");
    }

    // Two lines and every trace of them: only who noted an anchor knows.
    let cut = "BEGIN; ALTER TABLE audit_record DISABLE TRIGGER USER; DELETE FROM audit_record WHERE id > (SELECT max(id) - 2 FROM audit_record);
               UPDATE audit_head SET (record_id, digest) = (SELECT id, digest FROM audit_record ORDER BY id DESC LIMIT 1);
               ALTER TABLE audit_record ENABLE TRIGGER USER; COMMIT";
    world.store.run_past_the_rooms(cut).await.unwrap();
    assert!(verdict(&world, None).await.fault.is_none());
    assert_eq!(verdict(&world, Some(&anchor)).await.fault, Some(Fault { id: anchor.id, what: What::Anchor }));
    world.drop().await;
}

/// With the triggers there, nothing but an INSERT goes through.
#[tokio::test(flavor = "multi_thread")]
async fn the_table_takes_only_new_lines() {
    let (world, _) = ten_lines().await;
    for statement in ["UPDATE audit_record SET reason = ''", "DELETE FROM audit_record", "TRUNCATE audit_record"] {
        let error = world.store.run_past_the_rooms(statement).await.unwrap_err().to_string();
        assert!(error.contains("append-only"), "{statement}: {error}");
    }
    let step = verdict(&world, None).await;
    assert!(step.fault.is_none() && step.lines == 10);
    let head = step.head.unwrap();
    let half = audit::verify(&world.store, Some(head.id - 4), Some(&head), &mut |_| {}).await.unwrap();
    assert!(half.fault.is_none() && half.lines == 4, "{half:?}");
    world.drop().await;
}

/// Writers at once: numbers without a gap, one chain.
#[tokio::test(flavor = "multi_thread")]
async fn writers_at_once_make_one_chain() {
    let (world, actor) = ten_lines().await;
    let world = std::sync::Arc::new(world);
    let writers: Vec<_> = (0..8)
        .map(|writer| {
            let (world, actor) = (std::sync::Arc::clone(&world), actor.clone());
            tokio::spawn(async move {
                for number in 0..25 {
                    write(&world, &actor, writer * 100 + number).await;
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let verdict = verdict(&world, None).await;
    assert!(verdict.fault.is_none(), "{:?}", verdict.fault);
    assert_eq!(verdict.lines, 210);
    let gaps = "(SELECT max(id) - min(id) + 1 - count(*) FROM audit_record) = 0";
    world.store.run_past_the_rooms(&format!("DO $$ BEGIN ASSERT {gaps}; END $$")).await.unwrap();
    std::sync::Arc::into_inner(world).unwrap().drop().await;
}

/// A line of the API says from where; a header of the caller's own invention says nothing.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_says_from_where() {
    let world = World::new(1).await;
    let api = Api::serve(&world, Utc::now()).await;
    let refused =
        api.ask("PUT", "/v1/accounts/a1/credit-limit", "support", &[("X-Forwarded-For", "198.51.100.1")], None).await;
    assert_eq!(refused.status, 403);
    let audit = api.get("/v1/audit/account/a1", "admin").await;
    let line = &audit.body["items"][0];
    assert_eq!(
        (&line["address"], &line["on_behalf"], &line["login"]),
        (&"127.0.0.1".into(), &serde_json::Value::Null, &"support".into())
    );
    world.drop().await;
}

/// A change of this author, under way.
pub(crate) async fn begun(world: &World, author: Actor) -> Change {
    match Change::begin(&world.store, &FixedClock(at()), author, None).await.unwrap() {
        Begun::New(change) => change,
        Begun::Repeated(..) | Begun::KeyReused => panic!("a change without a key is new"),
    }
}

/// Waits until a statement on the database of this world waits for a lock.
pub(crate) async fn until_somebody_waits(world: &World) {
    let waits = "DO $$ BEGIN ASSERT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'); END $$";
    for _ in 0..500 {
        if world.store.run_past_the_rooms(waits).await.is_ok() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("nobody waits for a lock");
}

async fn administrator(world: &World, login: &str) -> Staff {
    let token = format!("token-{login}");
    staff::add_token(&world.store, login, "admin", &token, at() + TimeDelta::days(1)).await.unwrap();
    staff::authenticate(&world.store, &token, at()).await.unwrap().unwrap()
}

/// Author and record are held in one order, whoever is which: of two who change each other at once the second waits, and both are done. With the author held
/// only at the end each would wait for the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_who_change_each_other_are_both_done() {
    let world = World::new(1).await;
    let (one, two) = (administrator(&world, "one").await, administrator(&world, "two").await);
    let renamed = StaffUpdate { name: Some("N".into()), ..StaffUpdate::default() };
    let mut first = begun(&world, Actor::named(one.id, &one.login, "first")).await;
    staff::update(&mut first, &one, "two", &renamed, None, "test").await.unwrap();
    let first = async {
        until_somebody_waits(&world).await;
        first.commit(200, &json!({})).await
    };
    let second = async {
        let mut second = begun(&world, Actor::named(two.id, &two.login, "second")).await;
        staff::update(&mut second, &two, "one", &renamed, None, "test").await.unwrap();
        second.commit(200, &json!({})).await
    };
    let (first, second) = tokio::join!(first, second);
    assert!(first.is_ok() && second.is_ok(), "{first:?} {second:?}");
    let verdict = verdict(&world, None).await;
    assert!(verdict.fault.is_none() && verdict.lines == 2, "{verdict:?}");
    world.drop().await;
}

/// Who writes a line holds up all other lines, and the line refers to its author: were it to wait for somebody who blocks the author, he would wait for it with
/// the line of his own.
#[tokio::test(flavor = "multi_thread")]
async fn a_line_does_not_wait_for_the_block_of_its_author() {
    let world = World::new(1).await;
    let (one, two) = (administrator(&world, "one").await, administrator(&world, "two").await);
    let mut block = begun(&world, Actor::named(one.id, &one.login, "block")).await;
    staff::block(&mut block, &one, "two", "left").await.unwrap();
    let line = AuditLine {
        action: "account.credit",
        entity: "account",
        entity_id: "a1".to_owned(),
        before: None,
        after: None,
        personal: None,
        reason: "forbidden".to_owned(),
    };
    let author = Actor::named(two.id, &two.login, "refused");
    let written = audit::refused(&world.store, &author, at(), line);
    tokio::time::timeout(Duration::from_secs(5), written).await.expect("the line waits for the block").unwrap();
    block.commit(200, &json!({})).await.unwrap();
    let verdict = verdict(&world, None).await;
    assert!(verdict.fault.is_none() && verdict.lines == 2, "{verdict:?}");
    world.drop().await;
}
