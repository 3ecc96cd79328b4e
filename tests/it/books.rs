//! A record becomes a charge in both books.

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tests::{World, record, record_ending};

/// Each row: what is sent, and what it must cost: A2, A3 and the small operator's prices.
#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_leg_is_charged_to_its_payer() {
    let world = World::new(2).await;
    world.send(0, &record("out", json!({})));
    world.send(0, &record("mobile", json!({"dst": "79161234567", "billable_ms": 61_000})));
    world.send(1, &record("attempt", json!({"answer_at": null, "billable_ms": null, "disposition": "busy"})));
    world.send(1, &record("tollfree", json!({"src": "79161234567", "dst": "78005550001", "service": "tollfree", "direction": "in", "trunk_in": "mts-1", "trunk_out": null})));
    world.send(
        1,
        &record(
            "incoming",
            json!({"src": "79161234567", "dst": "74950000001", "service": "incoming", "direction": "in"}),
        ),
    );
    world.send(1, &record("forwarded", json!({"src": "79161234567", "dst": "74951112233", "service": "forwarded", "ext": {"forwarded_from": "74950000002"}})));
    world.send(0, &record("on-net", json!({"dst": "74950000002"})));
    world.send(0, &record("emergency", json!({"dst": "112", "src": "anonymous"})));
    world.send(
        0,
        &record("emergency in", json!({"dst": "112", "account": "a3", "service": "incoming", "direction": "in"})),
    );
    world.send(0, &record("archived", json!({"dst": "74950000009", "src": "74950000003"})));
    world.ingest().await.unwrap();

    // a1: 60 s at 0.60 a minute, 61 s at 1.20 a begun minute (2), on-net 60 s at 0.60: 0.60 + 2.40 + 0.60 = 3.60 of its 100.
    assert_eq!(world.balance("a1").await, "96.4");
    // a2: toll-free 60 s at 0.30 and forwarded 60 s at 0.90: 1.20; the called leg of the on-net call is free.
    assert_eq!(world.balance("a2").await, "-1.2");
    // a3: its own leg to the number in quarantine, 0.60.
    assert_eq!(world.balance("a3").await, "-0.6");
    for (what, expected, filter) in [
        ("legs", 12, "1"),
        ("rated", 11, "outcome = 'rated'"),
        ("non-target: the called leg of the number in quarantine", 1, "outcome = 'non_target' AND dst = '74950000009'"),
        (
            "the called leg of the on-net call",
            1,
            "cdr_id = 'on-net' AND leg = 1 AND gross = 0 AND charged_party = 'called'",
        ),
        ("emergency", 2, "emergency AND gross = 0 AND account_id = 0 AND dst_short"),
        ("unanswered", 1, "answered_at IS NULL AND disposition = 'busy' AND gross = 0"),
        (
            "wholesale of the call to Moscow: 60 s at 0.20",
            1,
            "cdr_id = 'out' AND wholesale_amount = 0.2 AND NOT wholesale_missing",
        ),
        ("net of 22 %: 0.60 / 1.22", 1, "cdr_id = 'out' AND net = toDecimal64('0.491803279', 9) AND tax_rate = 22"),
    ] {
        assert_eq!(world.count(&format!("sum(calls) FROM calls WHERE {filter}")).await, expected, "{what}");
    }
    world.assert_books_agree().await;
    world.drop().await;
}

/// A4: origin of the lock | charge | breach
#[tokio::test(flavor = "multi_thread")]
async fn calls_in_spite_of_a_lock() {
    let world = World::new(1).await;
    for (id, dst) in [("client", "381611234567"), ("operator", "381621234567"), ("fraud", "381631234567")] {
        world.send(0, &record(id, json!({"dst": dst})));
    }
    world.ingest().await.unwrap();
    // Client: 0; operator: a begun minute at 3.00; fraud: waits.
    assert_eq!(world.balance("a1").await, "97");
    assert_eq!(world.count("sum(calls) FROM calls WHERE lock_breach").await, 2);
    assert_eq!(world.count("sum(sign) FROM suspended WHERE code = 'LOCK_BREACH'").await, 1);
    world.assert_books_agree().await;
    world.drop().await;
}

/// A9: usage of a closed month is booked into the oldest open one, and its day stays its day.
#[tokio::test(flavor = "multi_thread")]
async fn a_late_record_never_alters_a_closed_month() {
    let world = World::new(1).await;
    let ended = Utc::now() - TimeDelta::minutes(1);
    world.send(0, &record_ending("before", ended, json!({})));
    world.ingest().await.unwrap();
    // Whatever month it is where the accounts are.
    let month = world.text("max(period)", "FROM calls").await;
    billing::ledger::close_period(&world.store, month.parse().unwrap(), chrono::Utc::now()).await.unwrap();
    world.send(0, &record_ending("after", ended, json!({})));
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "98.8");
    assert_eq!(world.count(&format!("sum(calls) FROM calls WHERE period = '{month}' AND cdr_id = 'before'")).await, 1);
    assert_eq!(
        world
            .count(&format!(
                "sum(calls) FROM calls WHERE period = addMonths(toDate('{month}'), 1) AND cdr_id = 'after'"
            ))
            .await,
        1
    );
    world.assert_books_agree().await;
    world.drop().await;
}
