//! Bundles and volumes: counted once, whoever counts.

use chrono::{DateTime, TimeDelta, Utc};
use rating::rows::{AccountId, CounterId};
use serde_json::{Value, json};
use tests::{World, record_ending};

/// Noon of yesterday: all records of a test lie in one day and one month.
fn yesterday() -> DateTime<Utc> {
    (Utc::now() - TimeDelta::days(1)).date_naive().and_hms_opt(12, 0, 0).expect("noon").and_utc()
}

/// A call of `a4` of so many seconds.
fn call(cdr_id: &str, seconds: i64, change: &Value) -> Value {
    let answer = (yesterday() - TimeDelta::seconds(seconds)).to_rfc3339();
    let mut record = record_ending(
        cdr_id,
        yesterday(),
        json!({"src": "74950000004", "setup_at": answer, "answer_at": answer, "billable_ms": seconds * 1000}),
    );
    let fields = change.as_object().expect("an object");
    record.as_object_mut().expect("an object").extend(fields.clone());
    record
}

/// Counters of the small operator, in the order of its files.
const SERBIA: u32 = 1;
const HUNDRED: u32 = 2;
const FIVE: u32 = 3;

/// What `a4` has used of a counter.
async fn counter(world: &World, counter: u32) -> u64 {
    let standings = billing::counters::of_account(&world.store, AccountId(4)).await.unwrap();
    standings.iter().filter(|(key, _)| key.counter == CounterId(counter)).map(|(_, used)| used).sum()
}

/// One account on two partitions in two processes with a bundle of 100 minutes: exactly 100 minutes are free, whatever each record's copy does.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_is_used_once_by_two_processes() {
    let world = World::new(2).await;
    for partition in 0..2 {
        // Each twice: the second one repeats the first of its own batch, which counts all the same.
        let calls = (0..200).flat_map(|index| [0, 1].map(|_| call(&format!("{partition}-{index}"), 30, &json!({}))));
        world.send_many(partition, calls);
        // Copies on the other partition: they use nothing.
        let copies = (0..50).map(|index| call(&format!("{}-{index}", 1 - partition), 30, &json!({})));
        world.send_many(partition, copies);
    }
    let arguments = ["--stop-at-end", "--batch-rows", "20"];
    let processes = [world.spawn_ingest(&arguments), world.spawn_ingest(&arguments)];
    let ended = tokio::task::spawn_blocking(move || processes.map(tests::Process::wait)).await.unwrap();
    assert_eq!(ended, [true, true]);
    // 400 calls of 30 s, 6000 s of them included: 6000 s at 0.60 a minute = 60.
    assert_eq!(world.balance("a4").await, "40");
    assert_eq!(counter(&world, HUNDRED).await, 6000);
    assert_eq!(world.count("sum(seconds_covered) FROM calls").await, 6000);
    assert_eq!(world.count("count() FROM duplicates").await, 500);
    // Every second of the bundle was taken by one leg: what each found is what the others had added.
    let taken =
        "sum(counters_added[1]) - max(counters_before[1] + counters_added[1]) FROM calls WHERE length(counter_ids) > 0";
    assert_eq!(world.count(taken).await, 0);
    world.assert_books_agree().await;
    world.drop().await;
}

/// What | seconds | dialled | balance after it. The same identity twice in one batch, and in the batch after it, moves no counter.
#[tokio::test(flavor = "multi_thread")]
async fn bundles_volumes_and_events() {
    let world = World::new(1).await;
    let serbia = json!({"dst": "381114112060"});
    for (what, record, balance) in [
        ("included", call("1", 5_000, &json!({})), "100"),
        // 1000 of 1600 s are left: 600 s at 0.01.
        ("the rest of it", call("2", 1_600, &json!({})), "94"),
        // 0.05 a second up to 600 s, then 0.025: 500 x 0.05.
        ("volume", call("3", 500, &serbia), "69"),
        ("a copy", call("3", 500, &serbia), "69"),
        // 100 x 0.05 + 100 x 0.025.
        ("over the step", call("4", 200, &serbia), "61.5"),
        ("messages", call("5", 0, &json!({"service": "message", "quantity": 4, "billable_ms": null})), "61.5"),
        ("more messages", call("6", 0, &json!({"service": "message", "quantity": 3, "billable_ms": null})), "57.5"),
    ] {
        world.send(0, &record);
        world.ingest().await.unwrap();
        assert_eq!(world.balance("a4").await, balance, "{what}");
    }
    assert_eq!(counter(&world, HUNDRED).await, 6000);
    assert_eq!(counter(&world, SERBIA).await, 700);
    assert_eq!(counter(&world, FIVE).await, 5);
    assert_eq!(world.count("sum(quantity) FROM calls WHERE service = 'message'").await, 7);
    assert_eq!(world.count("sum(seconds) FROM calls").await, 7_300);
    world.assert_books_agree().await;
    world.drop().await;
}

/// Five messages a day are included, for 20 days: what each lane hopes for and takes back must not make another leg find them used up.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_used_up_is_so_when_it_is_committed() {
    const DAYS: i64 = 20;
    let world = World::new(2).await;
    for round in 0..4 {
        for (day, partition) in (0..DAYS).flat_map(|day| [(day, 0), (day, 1)]) {
            let at = yesterday() - TimeDelta::days(day);
            let change = json!({"src": "74950000004", "service": "message", "quantity": 2, "billable_ms": null,
                "setup_at": at.to_rfc3339(), "answer_at": at.to_rfc3339()});
            world.send(partition, &record_ending(&format!("{round}-{day}-{partition}"), at, change));
        }
    }
    let mut options = world.options();
    options.consumer.batch_rows = 30;
    world.ingest_with(options).await.unwrap();
    // 4 x 2 records of 2 messages a day, 5 of 16 included: 11 at 2 = 22 a day.
    assert_eq!(counter(&world, FIVE).await, 5 * DAYS as u64);
    assert_eq!(world.balance("a4").await, (100 - 22 * DAYS).to_string());
    world.assert_books_agree().await;
    world.drop().await;
}

/// Repeats among the records of one batch and of the next, which is rated while the first is committed.
#[tokio::test(flavor = "multi_thread")]
async fn repeats_count_nothing_within_a_lane() {
    let world = World::new(1).await;
    let batch = |from: usize| (from..from + 30).map(|index| call(&format!("{}", index % 40), 100, &json!({})));
    world.send_many(0, batch(0).chain(batch(20)).chain(batch(10)));
    let mut options = world.options();
    options.consumer.batch_rows = 10;
    world.ingest_with(options).await.unwrap();
    // 40 different calls of 100 s.
    assert_eq!(counter(&world, HUNDRED).await, 4000);
    assert_eq!(world.balance("a4").await, "100");
    assert_eq!(world.count("count() FROM duplicates").await, 50);
    world.drop().await;
}

/// A message without its quantity is no record.
#[tokio::test(flavor = "multi_thread")]
async fn an_event_says_how_many() {
    let world = World::new(1).await;
    world.send(0, &call("1", 0, &json!({"service": "message"})));
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(sign) FROM suspended WHERE code = 'UNDECODABLE'").await, 1);
    world.drop().await;
}
