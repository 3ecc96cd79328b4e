//! Long calls are reported in parts: whatever the cut and the order, they come to the price of the whole, and stay one charge.

use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use serde_json::{Value, json};
use tests::{World, record};

use crate::rework::{Desk, period, price};

/// Where a call stands: its answer.
fn answered() -> DateTime<Utc> {
    Utc::now() - TimeDelta::minutes(30)
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
}

/// Part `sequence` of a call that was answered at `answer`: milliseconds `from` to `to` of it.
fn part(
    call: &str,
    sequence: u32,
    answer: DateTime<Utc>,
    (from, to): (i64, i64),
    is_final: bool,
    change: Value,
) -> Value {
    let at = |ms| stamp(answer + TimeDelta::milliseconds(ms));
    let mut record = record(
        call,
        json!({"sequence": sequence, "final": is_final, "setup_at": at(from), "answer_at": at(from), "end_at": at(to), "billable_ms": to - from}),
    );
    if let (Value::Object(record), Value::Object(change)) = (&mut record, change) {
        record.extend(change);
    }
    record
}

/// To Serbia whole minutes cost 3.00: 40 s are one, 80 s and 120 s are two; three calls of 40 s would be three.
#[tokio::test(flavor = "multi_thread")]
async fn each_part_charges_what_the_whole_costs_more() {
    let world = World::new(1).await;
    let answer = answered();
    let serbia = json!({"dst": "381112345678"});
    for (sequence, is_final, balance) in [(1, false, "97"), (2, false, "94"), (2, false, "94"), (3, true, "94")] {
        let stretch = (i64::from(sequence - 1) * 40_000, i64::from(sequence) * 40_000);
        world.send(0, &part("long", sequence, answer, stretch, is_final, serbia.clone()));
        world.ingest().await.unwrap();
        assert_eq!(world.balance("a1").await, balance, "part {sequence}");
        world.assert_books_agree().await;
    }
    assert_eq!(
        world.text("(sum(calls), sum(gross), sum(seconds), sum(calls * duration_ms))", "FROM calls").await,
        "(1,6,120,120000)"
    );
    assert_eq!(world.count("uniqExact(identity) FROM calls").await, 1, "one charge, however often it is revised");
    assert_eq!(world.count("count() FROM duplicates").await, 1);
    // A part has to say which call it is of.
    world.send(0, &part("", 1, answer, (0, 1_000), false, json!({})));
    world.ingest().await.unwrap();
    assert_eq!(world.text("code", "FROM suspended").await, "UNDECODABLE");
    world.drop().await;
}

/// A call of the test: how long it lasts, where it is cut, in which order its parts come, which of them come twice.
#[derive(Clone, Debug)]
struct Cut {
    to_serbia: bool,
    ends: Vec<i64>,
    order: Vec<usize>,
    twice: usize,
}

fn cut() -> impl Strategy<Value = Cut> {
    (any::<bool>(), prop::collection::btree_set(1..600_000i64, 1..6), any::<prop::sample::Index>())
        .prop_flat_map(|(to_serbia, ends, twice)| {
            let ends: Vec<i64> = ends.into_iter().collect();
            let (order, count) = (Just((0..ends.len()).collect::<Vec<_>>()).prop_shuffle(), ends.len());
            (Just(to_serbia), Just(ends), order, Just(twice.index(count)))
        })
        .prop_map(|(to_serbia, ends, order, twice)| Cut { to_serbia, ends, order, twice })
}

/// Eighty calls, cut at random, their parts in any order over two partitions and several batches, one of each twice: each costs what the same call costs in
/// one record.
#[tokio::test(flavor = "multi_thread")]
async fn any_cut_in_any_order_costs_what_the_whole_costs() {
    let world = World::new(2).await;
    let mut runner = TestRunner::new_with_rng(Config::default(), TestRng::deterministic_rng(RngAlgorithm::ChaCha));
    let answer = answered();
    let mut waves: Vec<Vec<(i32, Value)>> = vec![Vec::new(); 3];
    for n in 0..80 {
        let cut = cut().new_tree(&mut runner).unwrap().current();
        let dst = json!({"dst": if cut.to_serbia { "381112345678" } else { "79161234567" }});
        let total = *cut.ends.last().unwrap();
        waves[0].push((0, part(&format!("whole-{n}"), 0, answer, (0, total), true, dst.clone())));
        let twice = cut.order[cut.twice];
        for (place, index) in cut.order.iter().copied().chain([twice]).enumerate() {
            let from = if index == 0 { 0 } else { cut.ends[index - 1] };
            let is_final = index + 1 == cut.ends.len();
            // A call of one part that says so is one record.
            let sequence = index as u32 + 1;
            let record = part(&format!("parts-{n}"), sequence, answer, (from, cut.ends[index]), is_final, dst.clone());
            waves[place % 3].push((i32::from((n + place) % 2 == 0), record));
        }
    }
    for wave in waves {
        for (partition, record) in &wave {
            world.send(*partition, record);
        }
        world.ingest().await.unwrap();
    }
    let by_call = "FROM (SELECT replaceRegexpOne(cdr_id, '.*-', '') AS n, sumIf(gross, startsWith(cdr_id, 'whole')) AS whole,
        sumIf(gross, startsWith(cdr_id, 'parts')) AS parts, sum(calls) AS legs, uniqExactIf(answered_at, calls > 0 AND revision % 2 = 0) AS answers FROM calls GROUP BY n)";
    assert_eq!(world.text("count()", by_call).await, "80");
    assert_eq!(
        world
            .text("groupArray((n, whole, parts, legs))", &format!("{by_call} WHERE whole != parts OR legs != 2"))
            .await,
        "[]"
    );
    assert_eq!(
        world.text("(sum(calls), sum(seconds * if(startsWith(cdr_id, 'whole'), 1, -1)))", "FROM calls").await,
        "(160,0)"
    );
    assert_eq!(world.count("count() FROM duplicates").await, 80, "one part of each call came twice");
    world.assert_books_agree().await;
    world.drop().await;
}

/// 6000 s a month to 7 are free. A call of 3000 s, another of 3000 s, and 3000 s more of the first one: the bundle covers exactly 6000 s of the 9000.
#[tokio::test(flavor = "multi_thread")]
async fn a_bundle_covers_the_whole_and_no_second_twice() {
    let world = World::new(1).await;
    let answer = Utc::now() - TimeDelta::hours(3);
    let of = json!({"src": "74950000004"});
    world.send(0, &part("long", 1, answer, (0, 3_000_000), false, of.clone()));
    world.send(0, &part("other", 0, answer, (0, 3_000_000), true, of.clone()));
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a4").await, "100");
    world.send(0, &part("long", 2, answer, (3_000_000, 6_000_000), true, of));
    world.ingest().await.unwrap();
    // 3000 s at 0.60 a minute.
    assert_eq!(world.balance("a4").await, "70");
    assert_eq!(world.text("sum(calls * seconds_covered)", "FROM calls").await, "6000");
    let desk = Desk::open_at(world, answer).await;
    let bundles = desk.get("/v1/accounts/a4/bundles").await.to_string();
    assert!(bundles.contains("\"used\":6000"), "{bundles}");
    desk.close().await;
}

/// Parts that had no price wait one by one; recycled together, they are one charge.
#[tokio::test(flavor = "multi_thread")]
async fn parts_are_recycled_into_one_charge() {
    let world = World::new(1).await;
    let answer = answered();
    for sequence in 1..=3u32 {
        let stretch = (i64::from(sequence - 1) * 40_000, i64::from(sequence) * 40_000);
        world.send(0, &part("long", sequence, answer, stretch, sequence == 3, json!({"dst": "442071838750"})));
    }
    world.ingest().await.unwrap();
    let desk = Desk::open(world).await;
    assert_eq!(desk.waiting().await, 3);
    price(&desk, "44", "1.20").await;
    let done = desk.done("/v1/suspense/recycle", json!({"code": "NO_RETAIL_PRICE", "reason": "priced"})).await;
    assert_eq!(done["counts"], json!({"recycled": 3}), "{done}");
    // 120 s at 1.20 a minute.
    assert_eq!(desk.world.balance("a1").await, "97.6");
    assert_eq!(desk.world.text("(sum(calls), sum(seconds))", "FROM calls").await, "(1,120)");
    desk.world.send(0, &part("long", 2, answer, (40_000, 80_000), false, json!({"dst": "442071838750"})));
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.world.balance("a1").await, "97.6", "a part that was recycled is known");
    desk.close().await;
}

/// A call is rated again while it goes on; its next part goes on from there. Rolled back, all its parts can come again.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_goes_on_is_rated_again_and_rolled_back() {
    let world = World::new(1).await;
    let answer = answered();
    let of = |sequence: u32| {
        let stretch = (i64::from(sequence - 1) * 60_000, i64::from(sequence) * 60_000);
        part("long", sequence, answer, stretch, sequence == 3, json!({}))
    };
    world.send(0, &of(1));
    world.send(0, &of(2));
    world.ingest().await.unwrap();
    // 120 s at 0.60 a minute.
    assert_eq!(world.balance("a1").await, "98.8");
    let desk = Desk::open(world).await;
    price(&desk, "7", "0.30").await;
    let (from, to) = period();
    let scope = json!({"account": "a1", "from": from, "to": to, "reason": "wrong price"});
    let (_, done) = desk.shown_and_done("/v1/re-ratings", scope.clone()).await;
    assert_eq!(done["counts"], json!({"changed": 1}));
    assert_eq!(desk.world.balance("a1").await, "99.4");
    desk.world.send(0, &of(3));
    desk.world.ingest().await.unwrap();
    // 180 s at 0.30 a minute.
    assert_eq!(desk.world.balance("a1").await, "99.1");
    desk.world.assert_books_agree().await;
    let (_, done) = desk.shown_and_done("/v1/re-ratings", scope).await;
    assert_eq!(done["counts"], json!({"unchanged": 1}));
    // The import that holds its first part is taken back, and with it the call.
    let place = json!({"cluster": "test", "topic": desk.world.name, "partition": 0, "from_offset": 0, "to_offset": 1});
    let (_, done) = desk.shown_and_done("/v1/roll-backs", json!({"place": place, "reason": "not ours"})).await;
    assert_eq!(done["counts"], json!({"charges": 1}));
    assert_eq!(desk.world.balance("a1").await, "100");
    for sequence in [3, 1, 2] {
        desk.world.send(0, &of(sequence));
    }
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.world.balance("a1").await, "99.1");
    assert_eq!(desk.world.count("sum(calls) FROM calls").await, 1);
    assert_eq!(desk.world.count("count() FROM duplicates").await, 0);
    desk.close().await;
}

/// A part that comes again is a repeat: in the next batch of its lane, in the batch itself while it waits for a price, and when nobody remembers its identity.
#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_comes_again_is_a_repeat() {
    let world = World::new(1).await;
    let answer = answered();
    let first = part("long", 1, answer, (0, 60_000), false, json!({}));
    for record in [&first, &first, &part("long", 2, answer, (60_000, 120_000), true, json!({})), &first] {
        world.send(0, record);
    }
    let mut options = world.options();
    options.consumer.batch_rows = 1;
    world.ingest_with(options).await.unwrap();
    // 120 s at 0.60 a minute.
    assert_eq!(world.balance("a1").await, "98.8");
    assert_eq!(world.count("count() FROM duplicates").await, 2);
    let unpriced = part("unpriced", 1, answer, (0, 60_000), false, json!({"dst": "442071838750"}));
    world.send(0, &unpriced);
    world.send(0, &unpriced);
    world.ingest().await.unwrap();
    assert_eq!((world.count("sum(sign) FROM suspended").await, world.count("count() FROM duplicates").await), (1, 3));
    world.store.run_past_the_rooms("DELETE FROM identity_blob").await.unwrap();
    world.send(0, &first);
    world.send(0, &unpriced);
    world.ingest().await.unwrap();
    assert_eq!((world.count("sum(sign) FROM suspended").await, world.count("count() FROM duplicates").await), (1, 5));
    assert_eq!(world.balance("a1").await, "98.8");
    world.assert_books_agree().await;
    world.drop().await;
}

/// A source that uses an identity again after days, when it is forgotten, means another call.
#[tokio::test(flavor = "multi_thread")]
async fn an_identity_that_is_used_again_is_another_call() {
    let world = World::new(1).await;
    for days in [9, 5] {
        let answer = Utc::now() - TimeDelta::days(days);
        for (sequence, stretch) in [(1, (0, 60_000)), (2, (60_000, 120_000))] {
            let record = part("again", sequence, answer, stretch, sequence == 2, json!({}));
            world.send_at(0, record.to_string().as_bytes(), answer + TimeDelta::minutes(3));
        }
        world.ingest().await.unwrap();
        world.store.run_past_the_rooms("DELETE FROM identity_blob").await.unwrap();
    }
    // Two calls of 120 s at 0.60 a minute.
    assert_eq!(world.balance("a1").await, "97.6");
    assert_eq!(world.text("(sum(calls), uniqExact(identity), sum(seconds))", "FROM calls").await, "(2,2,240)");
    world.assert_books_agree().await;
    world.drop().await;
}

/// A part that was recycled into its call comes again after the call was rolled back: it is charged like the others.
#[tokio::test(flavor = "multi_thread")]
async fn a_recycled_part_can_come_again_after_a_roll_back() {
    let world = World::new(1).await;
    let answer = answered();
    let [first, second] = [(1, (0, 60_000)), (2, (60_000, 120_000))]
        .map(|(sequence, stretch)| part("long", sequence, answer, stretch, sequence == 2, json!({})));
    world.send(0, &first);
    // Its account is not known yet.
    let mut early = second.clone();
    early["src"] = json!("74957777777");
    world.send(0, &early);
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "99.4");
    let desk = Desk::open(world).await;
    let entry = desk.get("/v1/suspense").await["items"][0]["id"].as_i64().unwrap();
    let fields = json!({"src": "74950000001", "reason": "the switch named the wrong number"});
    let answer = desk.api.ask("PUT", &format!("/v1/suspense/{entry}/correction"), "admin", &[], Some(fields)).await;
    assert!(answer.status < 300, "{}", answer.text);
    let done = desk.done("/v1/suspense/recycle", json!({"ids": [entry], "reason": "corrected"})).await;
    assert_eq!(done["counts"], json!({"recycled": 1}), "{done}");
    assert_eq!(desk.world.balance("a1").await, "98.8");
    let place = json!({"cluster": "test", "topic": desk.world.name, "partition": 0, "from_offset": 0, "to_offset": 1});
    desk.shown_and_done("/v1/roll-backs", json!({"place": place, "reason": "not ours"})).await;
    assert_eq!(desk.world.balance("a1").await, "100");
    for record in [&first, &second] {
        desk.world.send(0, record);
    }
    desk.world.ingest().await.unwrap();
    assert_eq!(desk.world.balance("a1").await, "98.8");
    desk.close().await;
}
