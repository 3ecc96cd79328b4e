//! A change by an operator is in force in the stream within seconds.

use std::time::{Duration, Instant};

use billing::SystemClock;
use billing::{Clock, accounts};
use chrono::Utc;
use serde_json::json;
use tests::{World, record};

use crate::api::Api;

/// What must be kept; a shared machine is given three times as long before the test calls it a failure.
const MUST: Duration = Duration::from_secs(3);

/// A price list is imported and activated while the stream runs: the ingest is not restarted, and calls go on being priced.
#[tokio::test(flavor = "multi_thread")]
async fn a_new_price_is_in_force_in_the_stream_within_seconds() {
    let world = World::new(1).await;
    let api = Api::serve(&world, SystemClock.now()).await;
    let ingest = world.spawn_ingest(&["--session-ms", "6000"]);
    world.send(0, &record("before", json!({})));
    // 60 s at 0.60 a minute.
    wait_for_balance(&world, "99.4").await;
    let csv = [("Content-Type", "text/csv")];
    let path = "/v1/price-lists/retail/imports";
    let draft = api.send("POST", path, "head", &csv, b"prefix,service,price\n7,outgoing,6\n").await;
    assert_eq!(draft.status, 200, "{}", draft.body);
    let activate = format!("{path}/{}/activate", draft.body["id"]);
    let done = api.ask("POST", &activate, "head", &[], Some(json!({"reason": "agreed"}))).await;
    assert_eq!(done.status, 200, "{}", done.body);
    let activated = Instant::now();
    let mut sent = 0;
    let in_force = loop {
        let answered = Utc::now().to_rfc3339();
        let call = json!({"setup_at": answered, "answer_at": answered, "end_at": answered, "billable_ms": 1000});
        world.send(0, &record(&format!("after-{sent}"), call));
        sent += 1;
        tokio::time::sleep(Duration::from_millis(200)).await;
        // A second costs 0.01 before and 0.1 after.
        if world.count("countIf(gross = 0.1) FROM calls").await > 0 {
            break activated.elapsed();
        }
        assert!(activated.elapsed() < 3 * MUST, "the new price is not in force after {:?}", activated.elapsed());
    };
    assert!(sent > 0 && in_force < 3 * MUST);
    tracing::warn!(?in_force, "a new price is in force");
    ingest.kill();
    world.assert_books_agree().await;
    world.drop().await;
}

async fn wait_for_balance(world: &World, wanted: &str) {
    let started = Instant::now();
    loop {
        let account = accounts::by_code(&world.store, "a1", Utc::now()).await.unwrap().unwrap();
        if account.balance.normalize().to_string() == wanted {
            return;
        }
        assert!(started.elapsed() < Duration::from_mins(1), "the balance is {}", account.balance);
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}
