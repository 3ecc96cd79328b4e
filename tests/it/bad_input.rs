//! Bad records are data: suspense with code and raw bytes, and the stream goes on.

use chrono::Utc;
use serde_json::{Value, json};
use tests::{World, record};

use crate::api::Api;

fn with(change: Value) -> Vec<u8> {
    record("bad", change).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_bad_record_waits_and_the_stream_goes_on() {
    let world = World::new(1).await;
    let nul = String::from_utf8(with(json!({"cdr_id": "nul"}))).unwrap().replace("call-bad", "call\\u0000bad");
    let cases: Vec<(&str, Vec<u8>)> = vec![
        ("BAD_NUMBER", with(json!({"cdr_id": "16", "dst": "1234567890123456"}))),
        ("BAD_NUMBER", with(json!({"cdr_id": "64", "dst": "7".repeat(64)}))),
        ("BAD_TIMES", with(json!({"cdr_id": "negative", "billable_ms": -5}))),
        ("BAD_TIMES", with(json!({"cdr_id": "order", "answer_at": "2026-01-01T00:00:00Z"}))),
        ("DATE_OUT_OF_RANGE", with(json!({"cdr_id": "1970", "setup_at": 0, "answer_at": 5_000, "end_at": 65_000}))),
        (
            "DATE_OUT_OF_RANGE",
            with(
                json!({"cdr_id": "2099", "setup_at": "2099-01-01T00:00:00Z", "answer_at": "2099-01-01T00:00:05Z", "end_at": "2099-01-01T00:01:05Z"}),
            ),
        ),
        ("UNKNOWN_SUBSCRIBER", with(json!({"cdr_id": "nobody", "src": "74957777777"}))),
        ("UNKNOWN_SUBSCRIBER", with(json!({"cdr_id": "no account", "account": "a99"}))),
        ("NO_RETAIL_PRICE", with(json!({"cdr_id": "no price", "dst": "442012345678"}))),
        ("UNDECODABLE", Vec::new()),
        ("UNDECODABLE", b"\x00".to_vec()),
        ("UNDECODABLE", b"{\"cdr_id\":\"\xff\xfe\"}".to_vec()),
        ("UNDECODABLE", b"{\"cdr_id\":\"cut".to_vec()),
        ("UNDECODABLE", with(json!({"cdr_id": "unconfigured", "source": "other"}))),
        ("UNDECODABLE", with(json!({"cdr_id": "", "sequence": 2}))),
        ("UNDECODABLE", with(json!({"cdr_id": "leg", "leg": 255}))),
    ];
    for (_, bytes) in &cases {
        world.send_at(0, bytes, Utc::now());
    }
    world.send_at(0, nul.as_bytes(), Utc::now());
    world.send(0, &record("good", json!({})));
    world.ingest().await.unwrap();

    let api = Api::serve(&world, Utc::now()).await;
    let listed = api.get("/v1/suspense", "support").await;
    assert_eq!(listed.status, 200, "{}", listed.text);
    let listed = listed.body["items"].as_array().unwrap();
    let mut found: Vec<&str> = listed.iter().map(|entry| entry["code"].as_str().unwrap()).collect();
    let mut expected: Vec<&str> = cases.iter().map(|(code, _)| *code).collect();
    found.sort_unstable();
    expected.sort_unstable();
    assert_eq!(found, expected);
    let of = |cdr_id: &str| listed.iter().find(|entry| entry["cdr_id"] == cdr_id).unwrap();
    let raw = of("nobody")["raw"].as_str().unwrap();
    assert!(raw.starts_with("{\"account\":null"), "the raw bytes are kept: {raw}");
    let strange = listed.iter().any(|entry| entry["raw"] == "{\"cdr_id\":\"\\377\\376\"}");
    assert!(strange, "bytes that are no text are shown by their numbers: {listed:?}");
    let xlsx = api.get("/v1/suspense?format=xlsx", "support").await;
    assert!(xlsx.status == 200 && xlsx.bytes.starts_with(b"PK"), "{}", xlsx.status);
    let counts = api.get("/v1/suspense/counts", "support").await.body;
    let counted: Vec<_> =
        counts["items"].as_array().unwrap().iter().map(|row| row["count"].as_u64().unwrap()).collect();
    assert_eq!(counted.iter().sum::<u64>(), cases.len() as u64, "{counts}");
    assert!(counted.is_sorted_by(|more, fewer| more >= fewer), "{counts}");
    assert_eq!(world.count("sum(sign) FROM suspended").await, cases.len() as i64);
    // The record with a NUL inside a text and the good one are charged: 2 x 0.60.
    assert_eq!(world.balance("a1").await, "98.8");
    assert_eq!(world.count("sum(calls) FROM calls WHERE call_id = 'callbad'").await, 1);
    world.assert_books_agree().await;
    world.drop().await;
}
