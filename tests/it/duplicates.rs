//! A leg is charged once, however often and wherever it arrives (A8).

use chrono::{TimeDelta, Utc};
use serde_json::json;
use tests::{World, record, record_ending};

#[tokio::test(flavor = "multi_thread")]
async fn repeats_within_a_batch_across_partitions_and_after_a_restart() {
    let world = World::new(2).await;
    let original = record("once", json!({}));
    world.send(0, &original);
    world.send(0, &original);
    world.send(1, &original);
    world.ingest().await.unwrap();
    world.send(0, &original);
    // The same identity with another content is the same record.
    world.send(1, &record("once", json!({"dst": "79161234567"})));
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "99.4");
    assert_eq!(world.count("sum(calls) FROM calls").await, 1);
    assert_eq!(world.count("count() FROM duplicates").await, 4);
    // Another leg, another sequence, another source are other identities.
    world.send(0, &record("once", json!({"leg": 1})));
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "98.8");
    world.assert_books_agree().await;
    world.drop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_record_is_remembered_and_an_undecodable_one_never_repeats() {
    let world = World::new(1).await;
    for _ in 0..2 {
        world.send(0, &record("unknown", json!({"src": "74957777777"})));
        world.send_at(0, b"garbage", Utc::now());
    }
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(sign) FROM suspended WHERE code = 'UNKNOWN_SUBSCRIBER'").await, 1);
    assert_eq!(world.count("sum(sign) FROM suspended WHERE code = 'UNDECODABLE'").await, 2);
    assert_eq!(world.count("count() FROM duplicates").await, 1);
    world.drop().await;
}

/// A record that arrives more than 72 hours after its call is looked up exactly: charged when unseen, a duplicate when seen.
#[tokio::test(flavor = "multi_thread")]
async fn late_records_are_looked_up() {
    let world = World::new(1).await;
    let end = Utc::now() - TimeDelta::hours(100);
    let late = record_ending("late", end, json!({}));
    world.send(0, &late);
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls WHERE late").await, 1);
    // Forget what memory and blobs know: only the look-up can find it now.
    let soon = Utc::now() + TimeDelta::hours(1);
    billing::streams::forget_identities(&world.store, soon, soon).await.unwrap();
    world.send(0, &late);
    world.send(0, &record_ending("late too", end, json!({})));
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls WHERE late").await, 2);
    assert_eq!(world.count("count() FROM duplicates").await, 1);
    assert_eq!(world.balance("a1").await, "98.8");
    world.assert_books_agree().await;
    world.drop().await;
}

/// A copy that carries the message time of the original is no news: once its identity is forgotten it is looked up, though it does not look late.
#[tokio::test(flavor = "multi_thread")]
async fn a_copy_with_an_old_message_time_is_found_after_it_was_forgotten() {
    let world = World::new(1).await;
    let original = record("old copy", json!({}));
    world.send(0, &original);
    world.ingest().await.unwrap();
    let soon = Utc::now() + TimeDelta::hours(1);
    billing::streams::forget_identities(&world.store, soon, soon).await.unwrap();
    world.send(0, &original);
    world.ingest().await.unwrap();
    assert_eq!(world.count("count() FROM duplicates").await, 1);
    assert_eq!(world.balance("a1").await, "99.4");
    world.assert_books_agree().await;
    world.drop().await;
}

/// What waits in suspense is known for as long as it waits, also when no window remembers it and whatever its fault is.
#[tokio::test(flavor = "multi_thread")]
async fn an_open_suspense_is_never_suspended_twice() {
    let world = World::new(1).await;
    let bad = record("bad", json!({"dst": "abc"}));
    for _ in 0..2 {
        world.send(0, &bad);
        world.ingest().await.unwrap();
        let soon = Utc::now() + TimeDelta::hours(1);
        billing::streams::forget_identities(&world.store, soon, soon).await.unwrap();
    }
    assert_eq!(world.count("sum(sign) FROM suspended").await, 1);
    assert_eq!(world.count("count() FROM duplicates").await, 1);
    world.drop().await;
}
