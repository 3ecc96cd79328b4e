//! A process that dies, a process that was thought dead, a topic that is not the one it was.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use billing::streams::{self, BatchTx, BatchWrite, Resolved, WriteError};
use chrono::Utc;
use serde_json::json;
use tests::{World, record};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Killed between COMMIT and the acknowledgement of ClickHouse: the next owner delivers the very rows, once.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_committed_is_delivered_by_the_next_owner() {
    let world = World::new(1).await;
    for number in 0..50 {
        world.send(0, &record(&format!("c{number}"), json!({})));
    }
    let first = world.spawn_ingest(&["--hold-delivery-ms", "600000"]);
    wait_for_position(&world, 50).await;
    assert_eq!(world.balance("a1").await, "70");
    assert_eq!(world.count("sum(calls) FROM calls").await, 0);
    assert!(streams::outbox_bytes(&world.store).await.unwrap() > 0);
    first.kill();
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls").await, 50);
    assert_eq!(streams::outbox_bytes(&world.store).await.unwrap(), 0);
    world.assert_books_agree().await;
    world.drop().await;
}

/// Killed after ClickHouse took the rows but before the outbox row was deleted: the rows are counted, not sent again.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_delivered_is_not_delivered_again() {
    let world = World::new(1).await;
    world.send(0, &record("a", json!({})));
    let first = world.spawn_ingest(&["--hold-delivery-ms", "600000"]);
    wait_for_position(&world, 1).await;
    first.kill();
    let stream = streams::open_stream(&world.store, "test", &world.name).await.unwrap();
    for row in streams::pending(&world.store, stream, 0).await.unwrap() {
        cdr_ingest::clickhouse::deliver::deliver(&world.clickhouse, &row.into(), false).await.unwrap();
    }
    assert_eq!(world.count("sum(calls) FROM calls").await, 1);
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls").await, 1);
    assert_eq!(world.count("count() FROM batches").await, 1);
    world.drop().await;
}

/// A zombie: its partition was claimed by somebody else. Nothing it writes takes effect.
#[tokio::test(flavor = "multi_thread")]
async fn a_fenced_owner_changes_nothing() {
    let world = World::new(1).await;
    let stream = streams::open_stream(&world.store, "test", &world.name).await.unwrap();
    let old = streams::claim(&world.store, stream, 0, "zombie", 0).await.unwrap();
    let new = streams::claim(&world.store, stream, 0, "heir", 0).await.unwrap();
    assert_eq!((old.epoch + 1, old.next_offset), (new.epoch, new.next_offset));
    let write = BatchWrite {
        from_offset: 0,
        next_offset: 10,
        last_digest: vec![0; 16],
        resolved: Resolved::default(),
        read_up_to: Utc::now(),
        usage: &[],
        identities: &[1; 16],
        newest_end: Utc::now(),
        suspense: &[],
        counters: &[],
        non_target: &[],
        long_calls: &[],
        revisions: &[],
        ended: &[],
        outbox: &[],
    };
    let mut tx = BatchTx::begin(&world.store).await.unwrap();
    assert!(matches!(tx.write(&old, &write).await, Err(WriteError::Fenced { .. })));
    drop(tx);
    // The heir at a position that is not the committed one is refused too.
    let mut tx = BatchTx::begin(&world.store).await.unwrap();
    assert!(matches!(
        tx.write(&new, &BatchWrite { from_offset: 5, ..write.clone() }).await,
        Err(WriteError::Fenced { .. })
    ));
    drop(tx);
    let mut tx = BatchTx::begin(&world.store).await.unwrap();
    tx.write(&new, &write).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(streams::position(&world.store, stream, 0).await.unwrap(), (new.epoch, 10));
    world.drop().await;
}

/// A topic whose last charged record is another one, or that ends before the position, stops the partition with a clear message.
#[tokio::test(flavor = "multi_thread")]
async fn a_topic_made_anew_is_recognised() {
    let world = World::new(1).await;
    world.send(0, &record("a", json!({})));
    world.ingest().await.unwrap();
    let stream = streams::open_stream(&world.store, "test", &world.name).await.unwrap();
    for (position, digest, says) in
        [(1, vec![7; 16], "made anew under the same name"), (5, vec![7; 16], "the broker's log ends before it")]
    {
        streams::move_position(&world.store, stream, 0, position, &digest).await.unwrap();
        world.send(0, &record(&format!("b{position}"), json!({})));
        let error = world.ingest().await.expect_err(says).to_string();
        assert!(error.contains(says), "{error}");
        assert_eq!(world.balance("a1").await, "99.4", "nothing was charged");
    }
    world.drop().await;
}

/// Two processes of one group share four partitions; one is cut off in the middle; every leg is charged once.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_and_a_death() {
    let world = World::new(4).await;
    for number in 0..400 {
        world.send(number % 4, &record(&format!("c{number}"), json!({})));
    }
    let doomed = world.spawn_ingest(&["--instance", "one", "--batch-rows", "20"]);
    wait_for_position(&world, 20).await;
    doomed.kill();
    // The dead one's name comes back; beside it a second process.
    let first = world.spawn_ingest(&["--instance", "one", "--batch-rows", "20", "--stop-at-end"]);
    let second = world.spawn_ingest(&["--instance", "two", "--batch-rows", "20", "--stop-at-end"]);
    assert!(tokio::task::spawn_blocking(move || first.wait() && second.wait()).await.unwrap());
    assert_eq!(world.count("sum(calls) FROM calls").await, 400);
    // 400 x 0.60 of 100.
    assert_eq!(world.balance("a1").await, "-140");
    world.assert_books_agree().await;
    world.drop().await;
}

/// A partition that was read to its end is resumed there, however the broker batches its log.
#[tokio::test(flavor = "multi_thread")]
async fn a_restart_at_the_end_of_the_topic() {
    let world = World::new(1).await;
    world.send_many(0, (0..3_000).map(|number| record(&format!("c{number}"), json!({}))));
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls").await, 3_000);
    world.ingest().await.unwrap();
    world.send(0, &record("one more", json!({})));
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls").await, 3_001);
    assert_eq!(world.count("count() FROM duplicates").await, 0);
    world.assert_books_agree().await;
    world.drop().await;
}

/// What a watchman sees of a process: alive at once, ready when it follows its partitions, figures.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_says_how_it_is() {
    let world = World::new(1).await;
    let address = {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        free.local_addr().unwrap()
    };
    world.send(0, &record("a", json!({})));
    let process = world.spawn_ingest(&["--monitor", &address.to_string()]);
    let ask = async |path: &str| -> Option<String> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let mut stream = tokio::net::TcpStream::connect(address).await.ok()?;
        let request = format!("GET {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.ok()?;
        Some(answer)
    };
    wait_for_position(&world, 1).await;
    assert!(ask("/health").await.unwrap().contains("200 OK"));
    let mut ready = String::new();
    for _ in 0..60 {
        ready = ask("/ready").await.unwrap();
        if ready.contains("200 OK") {
            break;
        }
        assert!(ready.contains("503") && ready.contains("starting"), "{ready}");
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
    assert!(ready.contains("200 OK"), "{ready}");
    let metrics = ask("/metrics").await.unwrap();
    assert!(metrics.contains("tollgate_records_total 1") && metrics.contains("tollgate_lag_records"), "{metrics}");
    process.kill();
    world.drop().await;
}

async fn wait_for_position(world: &World, offset: i64) {
    for _ in 0..600 {
        let reached: i64 = streams::progress(&world.store).await.unwrap().iter().map(|state| state.next_offset).sum();
        if reached >= offset {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the ingest did not get to offset {offset} within 30 s");
}

/// A whole request: its head and as many bytes as it says. `None` at the end of the connection.
async fn request(connection: &mut TcpStream) -> Option<Vec<u8>> {
    let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
    loop {
        let read = connection.read(&mut bytes).await.ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&bytes[..read]);
        let Some(head) = request.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let text = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
        let length =
            text.lines().find_map(|line| line.strip_prefix("content-length:"))?.trim().parse::<usize>().ok()?;
        if request.len() >= head + 4 + length {
            return Some(request);
        }
    }
}

/// With a collector configured, every batch is a trace with its stages; no number and no account stands in it.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_is_traced_where_a_collector_is_configured() {
    let world = World::new(1).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let told = Arc::new(Mutex::new(Vec::new()));
    let collected = Arc::clone(&told);
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            let collected = Arc::clone(&collected);
            tokio::spawn(async move {
                while let Some(request) = request(&mut connection).await {
                    collected.lock().unwrap().extend_from_slice(&request);
                    connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
                }
            });
        }
    });
    world.send(0, &record("traced", json!({})));
    assert!(world.spawn_ingest(&["--stop-at-end", "--traces", &endpoint]).wait());
    let told = String::from_utf8_lossy(&told.lock().unwrap()).into_owned();
    assert!(told.starts_with("POST /v1/traces HTTP/1.1"), "{told}");
    for span in ["cdr-ingest", "batch", "rate", "commit", "deliver", "partition", "from_offset"] {
        assert!(told.contains(span), "{span} is in no trace");
    }
    for secret in ["74950000001", "74951234567", "a1"] {
        assert!(!told.contains(secret), "{secret} is in a trace");
    }
    world.drop().await;
}
