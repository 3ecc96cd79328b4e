//! The collector: what was acknowledged to a switch is charged once, whatever is killed; files are imports, with their alarms; switches' own counts.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use billing::imports::{self, Filter};
use cdr_ingest::collect::secret;
use chrono::{DateTime, DurationRound, TimeDelta, Utc};
use serde_json::{Value, json};
use tests::{Process, World, record, record_ending, spawn_program};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};

use crate::api::Api;

const SECRET: &str = "a secret of the switch";

/// A port where nobody listens.
async fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port()
}

/// Lets the broker be found at `port` from now on.
async fn broker_comes(port: u16, broker: &str) {
    let listener = TcpListener::bind(("127.0.0.1", port)).await.unwrap();
    let broker = broker.to_owned();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let broker = broker.clone();
            tokio::spawn(async move {
                let mut server = TcpStream::connect(broker).await.unwrap();
                let _ = copy_bidirectional(&mut client, &mut server).await;
            });
        }
    });
}

/// A folder with the collector's configuration, spool and files.
pub(crate) struct Collector {
    folder: tempfile::TempDir,
    port: u16,
}

impl Collector {
    pub(crate) async fn new(world: &World) -> Self {
        let files = "kind = \"ndjson\"\npattern = '^cdr_(?<sequence>\\d+)\\.txt$'\nsettle_seconds = 3600\npoll_seconds = 1\n\
             trailer = '^TRAILER;(?<records>\\d+);(?<answered>\\d+);(?<seconds>\\d+)$'\n";
        Self::with_files(world, "sbc", files).await
    }

    /// One whose source leaves files as `files` says.
    pub(crate) async fn with_files(world: &World, source: &str, files: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = free_port().await;
        let hash = secret::hash(SECRET, &[5; 16]).unwrap();
        let path = folder.path().display();
        std::fs::create_dir(folder.path().join("files")).unwrap();
        let text = format!(
            "topic = \"{}\"\ncluster = \"test\"\nkafka_patience_seconds = 1\nmax_record_bytes = 500000\n[listen]\naddress = \"127.0.0.1:{port}\"\nmax_body_bytes = 900000\n\
             [spool]\ndirectory = \"{path}/spool\"\nmax_bytes = 1048576\n[[source]]\nname = \"{source}\"\n[source.http]\nuser = \"switch\"\nsecret_hash = \"{hash}\"\n\
             [source.files]\ndirectory = \"{path}/files\"\n{files}",
            world.name
        );
        std::fs::write(folder.path().join("collect.toml"), text).unwrap();
        Self { folder, port }
    }

    pub(crate) async fn start(&self, world: &World, kafka: &str) -> Process {
        let config = self.folder.path().join("collect.toml");
        let process = spawn_program(&[
            "--log",
            "error",
            "collect",
            "--config",
            config.to_str().unwrap(),
            "--postgres",
            &world.postgres,
            "--kafka",
            kafka,
        ]);
        until("the collector listens", async || TcpStream::connect(("127.0.0.1", self.port)).await.is_ok()).await;
        process
    }

    /// Status, head and body of a request.
    async fn post(&self, path: &str, authorization: &str, kind: &str, body: &[u8]) -> (u16, String, Value) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).await.unwrap();
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nAccept-Language: en\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\
             Authorization: {authorization}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let _ = stream.write_all(body).await;
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer).await;
        let answer = String::from_utf8_lossy(&answer).into_owned();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
        let status = head.split_whitespace().nth(1).map_or(0, |status| status.parse().unwrap());
        (status, head.to_lowercase(), serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Posts a record; the way it went.
    async fn take(&self, record: &Value) -> String {
        let bearer = format!("Bearer {SECRET}");
        let (status, _, body) =
            self.post("/v1/cdr/sbc", &bearer, "application/json", record.to_string().as_bytes()).await;
        assert_eq!((status, &body["accepted"]), (200, &json!(1)), "{body}");
        body["way"].as_str().unwrap().to_owned()
    }

    pub(crate) fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Leaves a file as a switch does: whole, then its marker.
    pub(crate) fn leave(&self, name: &str, lines: &[String]) {
        std::fs::write(self.files().join(name), lines.join("\n") + "\n").unwrap();
        std::fs::write(self.files().join(format!("{name}.done")), "").unwrap();
    }

    pub(crate) async fn until_in(&self, folder: &str, name: &str) {
        let path = self.files().join(folder).join(name);
        until(&format!("{name} in {folder}"), async || path.exists()).await;
    }
}

pub(crate) async fn until(what: &str, mut is_so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !is_so().await {
        assert!(Instant::now() < deadline, "{what}: not within a minute");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn basic(user: &str, secret: &str) -> String {
    use base64_of_tests::encode;
    format!("Basic {}", encode(format!("{user}:{secret}").as_bytes()))
}

/// Base64, as a switch writes it.
mod base64_of_tests {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    pub(super) fn encode(bytes: &[u8]) -> String {
        let mut text = String::new();
        for chunk in bytes.chunks(3) {
            let bits = chunk.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
            for place in 0..4 {
                let letter = char::from(LETTERS[(bits >> (18 - 6 * place)) as usize & 63]);
                text.push(if place <= chunk.len() { letter } else { '=' });
            }
        }
        text
    }
}

/// Kafka is away, the collector is killed, the end of its spool is torn: every record that was acknowledged is charged once.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_charged_once() {
    let world = World::new(2).await;
    let collector = Collector::new(&world).await;
    let broker_port = free_port().await;
    let away = format!("127.0.0.1:{broker_port}");
    let process = collector.start(&world, &away).await;
    assert_eq!(collector.take(&record("p0", json!({}))).await, "spool");
    // Many at once: one fsync for all who wait.
    let posts = (1..9).map(|number| {
        let record = record(&format!("p{number}"), json!({}));
        let collector = &collector;
        async move { collector.take(&record).await }
    });
    let mut ways = Vec::new();
    for post in posts.collect::<Vec<_>>() {
        ways.push(post.await);
    }
    assert!(ways.iter().all(|way| way == "spool"), "{ways:?}");
    let many = format!("{}\n{}\n", record("n1", json!({})), record("n2", json!({})));
    let form = format!("cdr={}", percent(&record("f1", json!({})).to_string()));
    let (status, _, body) =
        collector.post("/v1/cdr/sbc", &basic("switch", SECRET), "application/x-ndjson", many.as_bytes()).await;
    assert_eq!((status, &body["accepted"]), (200, &json!(2)));
    let (status, ..) = collector
        .post("/v1/cdr/sbc?uuid=f1", &basic("switch", SECRET), "application/x-www-form-urlencoded", form.as_bytes())
        .await;
    assert_eq!(status, 200);
    process.kill();
    // A record that was being written when the machine went off.
    let mut segments: Vec<PathBuf> =
        std::fs::read_dir(collector.folder.path().join("spool")).unwrap().map(|entry| entry.unwrap().path()).collect();
    segments.retain(|path| path.extension().is_some_and(|extension| extension == "spool"));
    segments.sort();
    let mut bytes = std::fs::read(segments.last().unwrap()).unwrap();
    bytes.extend_from_slice(&[200, 1, 0, 0, 9, 9, 9, 9, 1, 2, 3]);
    std::fs::write(segments.last().unwrap(), bytes).unwrap();

    let process = collector.start(&world, &away).await;
    assert_eq!(collector.take(&record("p9", json!({}))).await, "spool", "behind what waits");
    broker_comes(broker_port, &world.kafka).await;
    let last = record("p10", json!({}));
    until("the spool is drained", async || collector.take(&last).await == "kafka").await;
    process.kill();
    world.ingest().await.unwrap();
    // p0..p10, n1, n2, f1: 14 calls of 0.60.
    assert_eq!(world.count("sum(calls) FROM calls").await, 14);
    assert_eq!(world.balance("a1").await, "91.6");
    assert_eq!(world.count("count() FROM suspended").await, 0);
    world.assert_books_agree().await;
    world.drop().await;
}

fn percent(text: &str) -> String {
    let digit = |half: u8| char::from(b"0123456789ABCDEF"[usize::from(half)]);
    text.bytes().flat_map(|byte| ['%', digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Who may not post, and what cannot be taken, is told so; a full spool sends switches away.
#[tokio::test(flavor = "multi_thread")]
async fn refusals_are_told() {
    let world = World::new(1).await;
    let collector = Collector::new(&world).await;
    let away = format!("127.0.0.1:{}", free_port().await);
    let process = collector.start(&world, &away).await;
    let good = basic("switch", SECRET);
    let small = record("r", json!({})).to_string();
    let large = json!({"cdr_id": "x".repeat(600_000)}).to_string();
    let huge = "x".repeat(1_000_000);
    for (path, authorization, body, status, code) in [
        ("/v1/cdr/sbc", "", small.as_str(), 401, "unauthorized"),
        ("/v1/cdr/sbc", "Bearer wrong", &small, 401, "unauthorized"),
        ("/v1/cdr/nobody", "Bearer wrong", &small, 401, "unauthorized"),
        ("/v1/cdr/nobody", &good, &small, 404, "unknown_source"),
        ("/v1/cdr/sbc", &good, "a,b,c", 400, "not_a_record"),
        ("/v1/cdr/sbc", &good, "", 400, "not_a_record"),
        ("/v1/cdr/sbc", &good, &large, 413, "too_large"),
        ("/v1/cdr/sbc", &good, &huge, 413, "too_large"),
    ] {
        let (found, _, answer) = collector.post(path, authorization, "application/json", body.as_bytes()).await;
        assert_eq!((found, &answer["code"]), (status, &json!(code)), "{path} {authorization}: {answer}");
    }
    let filling = |number: u32| json!({"cdr_id": number.to_string(), "x": "y".repeat(400_000)}).to_string();
    for (number, expected) in [(1, 200), (2, 200), (3, 503)] {
        let (status, head, answer) =
            collector.post("/v1/cdr/sbc", &good, "application/json", filling(number).as_bytes()).await;
        assert_eq!(status, expected, "{answer}");
        assert_eq!(head.contains("retry-after: 5"), expected == 503, "{head}");
    }
    process.kill();
    world.drop().await;
}

pub(crate) fn calls(name: &str, count: usize) -> Vec<String> {
    (0..count).map(|number| record(&format!("{name}-{number}"), json!({})).to_string()).collect()
}

pub(crate) async fn work(world: &World) {
    use cdr_ingest::rework::executor;
    use cdr_ingest::stream::service::Shared;
    let (store, clickhouse) = (world.store.clone(), world.clickhouse.clone());
    let (shared, _) = Shared::open(store, clickhouse, std::sync::Arc::default(), Duration::ZERO).await.unwrap();
    executor::run_waiting(&shared).await.unwrap();
}

/// A file becomes an import: charged, shown, rolled back by its number, and it can come again. Missing numbers and wrong trailers are alarms.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_an_import() {
    let world = World::new(2).await;
    let collector = Collector::new(&world).await;
    let first = calls("one", 3);
    let with_trailer = |mut lines: Vec<String>, trailer: &str| {
        lines.push(trailer.to_owned());
        lines
    };
    collector.leave("cdr_1.txt", &with_trailer(first.clone(), "TRAILER;3;3;180"));
    // Four claimed, two found.
    collector.leave("cdr_3.txt", &with_trailer(calls("three", 2), "TRAILER;4;2;120"));
    let process = collector.start(&world, &world.kafka).await;
    collector.until_in("done", "cdr_3.txt").await;
    let api = Api::serve(&world, Utc::now()).await;
    let alarms = async || {
        let answer = api.get("/v1/ingest-alarms", "support").await;
        let kinds = answer.body["items"].as_array().unwrap().clone();
        kinds.iter().map(|alarm| format!("{} {}", alarm["kind"], alarm["subject"]).replace('"', "")).collect::<Vec<_>>()
    };
    let list = api.get("/v1/imports?state=sent", "support").await.body;
    assert_eq!(list["total"], 2, "{list}");
    let ids: Vec<i64> = [1, 0].map(|at: usize| list["items"][at]["id"].as_i64().unwrap()).to_vec();
    let first_shown = &list["items"][1];
    for (column, expected) in [
        ("trailer_records", 3),
        ("trailer_answered", 3),
        ("trailer_seconds", 180),
        ("records_found", 3),
        ("found_answered", 3),
        ("found_seconds", 180),
    ] {
        assert_eq!(first_shown[column], json!(expected), "{column}: {first_shown}");
    }
    let mut open = alarms().await;
    open.sort();
    assert_eq!(open, ["gap 2".to_owned(), format!("trailer {}", ids[1])]);
    // The late file closes the gap; somebody sees to the trailer.
    collector.leave("cdr_2.txt", &calls("two", 1));
    collector.until_in("done", "cdr_2.txt").await;
    assert_eq!(alarms().await, [format!("trailer {}", ids[1])]);
    let all = api.get("/v1/ingest-alarms?kind=trailer", "head").await.body;
    let path = format!("/v1/ingest-alarms/{}/acknowledge", all["items"][0]["id"]);
    let reason = json!({"reason": "the switch counts wrongly"});
    assert_eq!(api.ask("POST", &path, "sales", &[], Some(reason.clone())).await.status, 403);
    assert_eq!(api.ask("POST", &path, "support", &[], Some(reason.clone())).await.status, 200);
    assert_eq!(api.ask("POST", &path, "support", &[], Some(reason)).await.status, 409);
    assert_eq!(alarms().await, Vec::<String>::new());
    // The same content under another name is refused.
    collector.leave("cdr_4.txt", &with_trailer(first.clone(), "TRAILER;3;3;180"));
    collector.until_in("refused", "cdr_4.txt").await;
    let said = std::fs::read_to_string(collector.files().join("refused/cdr_4.txt.reason")).unwrap();
    assert!(said.contains(&format!("that of import {}", ids[0])), "{said}");

    let waiting = api.get(&format!("/v1/imports/{}", ids[0]), "support").await.body;
    assert_eq!((&waiting["records"]["pending"], &waiting["records"]["duplicate"]), (&json!(true), &Value::Null));
    // Files without a record are alike, and each is a file of its own.
    for name in ["cdr_5.txt", "cdr_6.txt"] {
        collector.leave(name, &["TRAILER;0;0;0".to_owned()]);
        collector.until_in("done", name).await;
    }
    let file = async |import: i64| {
        let body = json!({"import": import, "reason": "wrong file"});
        api.ask("POST", "/v1/roll-backs", "admin", &[], Some(body)).await
    };
    let early = file(ids[0]).await;
    assert_eq!(early.status, 422, "what waits in Kafka would be charged afterwards: {}", early.text);
    world.ingest().await.unwrap();
    // 6 calls of 0.60.
    assert_eq!(world.balance("a1").await, "96.4");
    let card = api.get(&format!("/v1/imports/{}", ids[0]), "support").await.body;
    let outcomes =
        json!({"pending": false, "rated": 3, "non_target": 0, "suspended": 0, "discarded": 0, "duplicate": 0});
    assert_eq!(card["records"], outcomes, "{card}");

    let missing = file(999_999).await;
    assert_eq!((missing.status, &missing.body["errors"][0]["pointer"]), (422, &json!("/import")), "{}", missing.text);
    let job = file(ids[0]).await.body["job"].as_i64().unwrap();
    work(&world).await;
    let execute = format!("/v1/rework/{job}/execute");
    assert_eq!(api.ask("POST", &execute, "admin", &[], Some(json!({"reason": "as shown"}))).await.status, 200);
    work(&world).await;
    assert_eq!(world.balance("a1").await, "98.2");
    let card = api.get(&format!("/v1/imports/{}", ids[0]), "support").await.body;
    assert_eq!((&card["rolled_back_by"], &card["records"]["rated"]), (&json!(job), &json!(0)), "{card}");
    assert_eq!(file(ids[0]).await.status, 409, "it was taken back before");
    // What was taken back may come again.
    collector.leave("cdr_4.txt", &with_trailer(first, "TRAILER;3;3;180"));
    collector.until_in("done", "cdr_4.txt").await;
    process.kill();
    world.ingest().await.unwrap();
    assert_eq!(world.balance("a1").await, "96.4");
    world.assert_books_agree().await;
    world.drop().await;
}

/// The collector dies in the middle of a file: it goes on behind what was acknowledged, and every record is charged once.
#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_went_half_goes_on() {
    const RECORDS: usize = 40_000;
    let world = World::new(2).await;
    let collector = Collector::new(&world).await;
    collector.leave("cdr_1.txt", &calls("big", RECORDS));
    let process = collector.start(&world, &world.kafka).await;
    let import = async || imports::list(&world.store, &Filter::default(), 1).await.unwrap().pop();
    until("a part of the file is sent", async || import().await.is_some_and(|import| import.records_sent > 0)).await;
    process.kill();
    let half = import().await.unwrap();
    assert_eq!(half.state, "sending", "{} of {RECORDS} were sent", half.records_sent);
    let process = collector.start(&world, &world.kafka).await;
    collector.until_in("done", "cdr_1.txt").await;
    process.kill();
    let whole = import().await.unwrap();
    assert_eq!((whole.id, whole.state.as_str(), whole.records_sent), (half.id, "sent", RECORDS as i64));
    world.ingest().await.unwrap();
    assert_eq!(world.count("sum(calls) FROM calls").await, RECORDS as i64);
    assert_eq!(world.count("uniqExact(import_id) FROM calls").await, 1);
    // 100 - 40000 * 0.60
    assert_eq!(world.balance("a1").await, "-23900");
    world.assert_books_agree().await;
    world.drop().await;
}

/// An hour as the switch counts it is held against what became of its records.
#[tokio::test(flavor = "multi_thread")]
async fn an_hour_of_a_switch_is_compared() {
    let world = World::new(1).await;
    let hour: DateTime<Utc> = (Utc::now() - TimeDelta::hours(3)).duration_trunc(TimeDelta::hours(1)).unwrap();
    let at = |cdr_id: &str, change: Value| record_ending(cdr_id, hour + TimeDelta::minutes(20), change);
    world.send(0, &at("a", json!({})));
    world.send(0, &at("a", json!({})));
    // On-net: one record, two legs.
    world.send(0, &at("b", json!({"dst": "74950000002"})));
    world.send(0, &at("c", json!({"disposition": "busy", "answer_at": null, "billable_ms": 0})));
    // No price: it waits.
    world.send(0, &at("d", json!({"dst": "442071838750"})));
    // From outside to a number in quarantine.
    let incoming = json!({"service": "incoming", "direction": "in", "src": "79161234567", "dst": "74950000009", "trunk_in": "mts-1", "trunk_out": null});
    world.send(0, &at("e", incoming));
    world.ingest().await.unwrap();
    let api = Api::serve(&world, Utc::now()).await;
    let enter = async |attempts: i64, role: &str| {
        let count = json!({"source": "sbc", "hour": hour, "attempts": attempts, "answered": 4, "seconds": 240});
        api.ask("POST", "/v1/switch-counts", role, &[], Some(json!({"counts": [count]}))).await.status
    };
    assert_eq!((enter(6, "support").await, enter(6, "admin").await), (403, 200));
    let shown = async || {
        let from = hour.to_rfc3339_opts(chrono::SecondsFormat::Secs, true);
        let answer = api.get(&format!("/v1/reconciliation?source=sbc&from={from}"), "support").await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let items = answer.body["items"].as_array().unwrap().clone();
        items.into_iter().find(|item| item["hour"] == json!(hour)).unwrap()
    };
    let item = shown().await;
    let mut ours = item["ours"].clone();
    // Repeats stand in the hour of their arrival.
    ours["duplicate"] = Value::Null;
    let expected = json!({"received": 5, "rated": 3, "non_target": 1, "suspended": 1, "duplicate": null, "answered": 3, "seconds": 180});
    assert_eq!(ours, expected, "{item}");
    assert_eq!(item["missing"], json!({"attempts": 1, "answered": 1, "seconds": 60}));
    assert_eq!(item["differs"], true);
    let arguments = ["reconcile-switches", "--postgres", &world.postgres, "--clickhouse", &world.clickhouse_url];
    assert!(!spawn_program(&arguments).wait(), "a difference is told by the status");
    let alarms = async || api.get("/v1/ingest-alarms?kind=difference", "support").await.body["items"].clone();
    assert_eq!(alarms().await.as_array().unwrap().len(), 1);
    // The switch corrects itself: five attempts, of which one waits in suspense.
    assert_eq!(enter(5, "admin").await, 200);
    assert_eq!(shown().await["differs"], false);
    assert!(spawn_program(&arguments).wait());
    assert_eq!(alarms().await, json!([]));
    world.drop().await;
}

/// The configuration is checked whole, and a secret gets its hash from standard input.
#[test]
fn the_example_passes_its_check() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/collect.example.toml");
    assert!(spawn_program(&["collect", "--check", "--config", example.to_str().unwrap()]).wait());
}
