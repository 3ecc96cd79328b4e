//! The harness of the tests that run on real engines.
//!
//! Owns: a database in Postgres and in ClickHouse and a topic for one test, a small operator, records by a few words, a running ingest; a clock that a test sets
//! ([`SetClock`]), a program of the API that can be killed ([`ApiProcess`]), a payment gateway ([`gateway`]), a service of cash registers ([`cash_register`]),
//! callers who go away ([`cut()`]).
//! Does not own: what is tested.
//! Always: names are made by the harness and nothing else is touched; a missing engine is a failure that names the command to run, never a skip.

mod api_process;
mod asked;
pub mod cash_register;
mod clock;
mod cut;
pub mod gateway;

pub use api_process::ApiProcess;
pub use clock::SetClock;
pub use cut::cut;

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use billing::{Clock, Store, SystemClock};
use cdr_ingest::clickhouse::{ClickHouse, schema};
use cdr_ingest::generate::GeneratedRecord;
use cdr_ingest::operator_dir;
use cdr_ingest::stream::consumer::ConsumerOptions;
use cdr_ingest::stream::service::{self, ServiceOptions};
use chrono::{DateTime, TimeDelta, Utc};
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer};
use serde_json::{Value, json};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Databases and a topic of one test, dropped at its end.
pub struct World {
    /// Address of the Postgres database.
    pub postgres: String,
    /// Address of ClickHouse.
    pub clickhouse_url: String,
    /// Brokers.
    pub kafka: String,
    /// Name of the databases and of the topic.
    pub name: String,
    /// Postgres.
    pub store: Store,
    /// ClickHouse.
    pub clickhouse: ClickHouse,
}

fn engine(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: start the engines with `deploy/stack up` and `eval \"$(deploy/stack env)\"`, or run `deploy/test`")
    })
}

impl World {
    /// Makes the databases, and a topic with so many partitions; loads the small operator.
    pub async fn new(partitions: i32) -> Self {
        Self::with_operator(partitions, |_| ()).await
    }

    /// The same with an operator that `change` made of the files of the small one.
    pub async fn with_operator(partitions: i32, change: impl FnOnce(&Path)) -> Self {
        let _ = tracing_subscriber::fmt()
            .with_env_filter(std::env::var("TOLLGATE_LOG").unwrap_or_else(|_| "warn".into()))
            .with_test_writer()
            .try_init();
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tollgate_test_{}_{number}", std::process::id());
        let base = engine("TOLLGATE_POSTGRES");
        let postgres = format!("{}/{name}", base.rsplit_once('/').expect("an address ends with a database").0);
        let (clickhouse_url, kafka) = (engine("TOLLGATE_CLICKHOUSE"), engine("TOLLGATE_KAFKA"));
        Store::create_database(&postgres, true).await.expect("Postgres answers; `deploy/stack up` starts it");
        let store = Store::open(&postgres, 16).expect("a good address");
        store.migrate().await.expect("migrations apply");
        let clickhouse = ClickHouse::open(&clickhouse_url, &name);
        schema::migrate(&clickhouse, true).await.expect("ClickHouse answers; `deploy/stack up` starts it");
        create_topic(&kafka, &name, partitions).await;
        let world = Self { postgres, clickhouse_url, kafka, name, store, clickhouse };
        let directory = tempfile::tempdir().expect("a temporary directory");
        write_operator(directory.path());
        change(directory.path());
        let operator = operator_dir::read(directory.path()).expect("the small operator is well formed");
        billing::operator::load(&world.store, &operator.operator, SystemClock.now(), &|_| ())
            .await
            .expect("the small operator loads");
        world
    }

    /// Sends a record to a partition; its message time is `at`.
    pub fn send_at(&self, partition: i32, payload: &[u8], at: DateTime<Utc>) {
        self.send_with(partition, payload, at, None);
    }

    /// As [`Self::send_at`], with a source header.
    pub fn send_with(&self, partition: i32, payload: &[u8], at: DateTime<Utc>, source: Option<&str>) {
        let producer: BaseProducer =
            ClientConfig::new().set("bootstrap.servers", &self.kafka).create().expect("a producer");
        let mut record: BaseRecord<'_, [u8], [u8]> =
            BaseRecord::to(&self.name).partition(partition).payload(payload).timestamp(at.timestamp_millis());
        if let Some(source) = source {
            record = record.headers(OwnedHeaders::new().insert(Header { key: "source", value: Some(source) }));
        }
        producer.send(record).map_err(|(error, _)| error).expect("the broker takes a record");
        producer.flush(Duration::from_secs(10)).expect("the broker acknowledges");
    }

    /// Sends many records now, in as few requests as the producer makes of them.
    pub fn send_many(&self, partition: i32, records: impl IntoIterator<Item = Value>) {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.kafka)
            .set("linger.ms", "200")
            .set("batch.num.messages", "10000")
            .create()
            .expect("a producer");
        for record in records {
            let payload = record.to_string();
            let record: BaseRecord<'_, [u8], str> = BaseRecord::to(&self.name).partition(partition).payload(&payload);
            producer.send(record).map_err(|(error, _)| error).expect("the broker takes a record");
        }
        producer.flush(Duration::from_secs(10)).expect("the broker acknowledges");
    }

    /// Sends generated records as their switches do: with key, header and time.
    ///
    /// # Panics
    /// The broker does not take them.
    pub fn send_generated(&self, records: &[GeneratedRecord]) {
        let producer: BaseProducer = ClientConfig::new()
            .set("bootstrap.servers", &self.kafka)
            .set("linger.ms", "100")
            .create()
            .expect("a producer");
        for generated in records {
            let mut record: BaseRecord<'_, [u8], [u8]> = BaseRecord::to(&self.name)
                .key(generated.key.as_slice())
                .payload(generated.payload.as_slice())
                .timestamp(generated.timestamp_ms);
            if let Some(source) = &generated.source {
                record = record.headers(OwnedHeaders::new().insert(Header { key: "source", value: Some(source) }));
            }
            producer.send(record).map_err(|(error, _)| error).expect("the broker takes a record");
        }
        producer.flush(Duration::from_secs(30)).expect("the broker acknowledges");
    }

    /// Sends a record now.
    pub fn send(&self, partition: i32, record: &Value) {
        self.send_at(partition, record.to_string().as_bytes(), Utc::now());
    }

    /// How the ingest runs in tests.
    pub fn options(&self) -> ServiceOptions {
        ServiceOptions {
            consumer: ConsumerOptions {
                brokers: self.kafka.clone(),
                cluster: "test".into(),
                topic: self.name.clone(),
                group: self.name.clone(),
                instance: None,
                session_ms: 6_000,
                batch_rows: 1_000,
                batch_time: Duration::from_millis(50),
                under_way_bytes: 64 << 20,
            },
            stop_at_end: true,
            hold_delivery: Duration::ZERO,
            readiness: std::sync::Arc::default(),
        }
    }

    /// Runs the ingest until everything in the topic is charged and delivered.
    pub async fn ingest(&self) -> anyhow::Result<()> {
        self.ingest_with(self.options()).await
    }

    /// As [`Self::ingest`], with options.
    pub async fn ingest_with(&self, options: ServiceOptions) -> anyhow::Result<()> {
        let run = service::run(self.store.clone(), self.clickhouse.clone(), options, std::future::pending());
        tokio::time::timeout(Duration::from_secs(90), run).await.expect("the ingest ends within 90 s")
    }

    /// Starts `cdr-ingest run` as a process of its own, to be killed.
    pub fn spawn_ingest(&self, arguments: &[&str]) -> Process {
        let child = std::process::Command::new(program("cdr-ingest"))
            .args([
                "--log",
                "warn",
                "run",
                "--cluster",
                "test",
                "--topic",
                &self.name,
                "--group",
                &self.name,
                "--postgres",
                &self.postgres,
            ])
            .args(["--clickhouse", &self.clickhouse_url, "--kafka", &self.kafka, "--batch-ms", "50"])
            .args(arguments)
            .spawn()
            .expect("cdr-ingest starts");
        Process(child)
    }

    /// One number from ClickHouse.
    pub async fn count(&self, sql: &str) -> i64 {
        let sql = format!("SELECT toInt64({sql}");
        self.clickhouse.client().query(&sql.replacen("FROM", ") FROM", 1)).fetch_one().await.expect("a number")
    }

    /// One text from ClickHouse.
    pub async fn text(&self, expression: &str, rest: &str) -> String {
        self.clickhouse
            .client()
            .query(&format!("SELECT toString({expression}) {rest}"))
            .fetch_one()
            .await
            .expect("a text")
    }

    /// Balance of an account.
    pub async fn balance(&self, account: &str) -> String {
        let account = billing::accounts::by_code(&self.store, account, Utc::now()).await.expect("Postgres answers");
        account.expect("an account of the small operator").balance.normalize().to_string()
    }

    /// The books are what they add up to, and Postgres and ClickHouse agree per account and day.
    pub async fn assert_books_agree(&self) {
        assert_eq!(billing::ledger::check(&self.store).await.expect("Postgres answers"), []);
        let codes: std::collections::HashMap<u64, String> =
            billing::accounts::codes(&self.store).await.expect("Postgres answers").into_iter().collect();
        let sql = "SELECT account_id, toString(usage_day) AS day, toString(sum(gross)) AS total FROM calls WHERE account_id > 0
                   GROUP BY account_id, usage_day HAVING sum(gross) != 0";
        let rows: Vec<(u64, String, String)> =
            self.clickhouse.client().query(sql).fetch_all().await.expect("ClickHouse answers");
        let mut facts: Vec<(String, String, rust_decimal::Decimal)> = rows
            .into_iter()
            .map(|(id, day, total)| (codes[&id].clone(), day, total.parse().expect("a decimal")))
            .collect();
        let totals = billing::ledger::usage_by_day(&self.store).await.expect("Postgres answers");
        let mut books: Vec<(String, String, rust_decimal::Decimal)> =
            totals.into_iter().map(|(code, _, day, gross)| (code, day.to_string(), gross)).collect();
        // A day whose charges were all taken back.
        books.retain(|(_, _, gross)| !gross.is_zero());
        facts.sort();
        books.sort();
        assert_eq!(facts, books, "ClickHouse and Postgres by account and day");
    }

    /// Drops what the test made.
    pub async fn drop(self) {
        let _ = schema::drop_database(&self.clickhouse).await;
        drop(self.store);
        let _ = Store::drop_database(&self.postgres).await;
    }
}

/// Starts `cdr-ingest` with these arguments, to be killed.
pub fn spawn_program(arguments: &[&str]) -> Process {
    Process(std::process::Command::new(program("cdr-ingest")).args(arguments).spawn().expect("cdr-ingest starts"))
}

/// A process that is killed, like by the machine, at the latest when the test ends.
pub struct Process(std::process::Child);

impl Process {
    /// SIGKILL.
    pub fn kill(mut self) {
        self.0.kill().expect("a child can be killed");
        self.0.wait().expect("a killed child ends");
    }

    /// Waits for its own end; whether it was a good one.
    pub fn wait(mut self) -> bool {
        self.0.wait().expect("a child ends").success()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A program of the workspace, built beside the tests.
pub fn program(name: &str) -> std::path::PathBuf {
    let mut path = std::env::current_exe().expect("a test knows where it is");
    path.pop();
    path.pop();
    let path = path.join(name);
    assert!(path.exists(), "{} is not built: run `cargo build --workspace`, or `deploy/test`", path.display());
    path
}

/// Makes a topic.
pub async fn create_topic(brokers: &str, topic: &str, partitions: i32) {
    let admin: AdminClient<rdkafka::client::DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create().expect("an admin client");
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    let made =
        admin.create_topics([&new], &AdminOptions::new()).await.expect("Kafka answers; `deploy/stack up` starts it");
    assert!(made.iter().all(Result::is_ok), "{made:?}");
}

/// Writes the small operator: two retail layers, one provider, four accounts, seven numbers, locks of each origin, bundles.
///
/// * 7 at 0.60 a minute per second; 79 at 1.20 per begun minute; 381 at 3.00; toll-free 0.30; wholesale 7 at 0.20.
/// * `a1` owns 74950000001, `a2` 74950000002 and the toll-free 78005550001; 74950000009 lies in quarantine.
/// * `a4` owns 74950000004 and has bundles: 6000 s a month to 7 (else 0.60 a minute), 5 messages a day (else 2.00); 381 at 3.00 a minute, from 600 s a month on at 1.50.
pub fn write_operator(directory: &Path) {
    let write = |file: &str, lines: &[&str]| {
        std::fs::write(directory.join(file), lines.join("\n") + "\n").expect("a file in a temporary directory");
    };
    write("entity.csv", &["code,name,currency,zone", "T,Test operator,RUB,Europe/Moscow"]);
    write("providers.csv", &["provider,name,trunks", "mts,MTS,mts-1 mts-2"]);
    write(
        "sources.csv",
        &["source,format,zone,on_net,rules", "sbc,canonical,UTC,once,", "ast,asterisk,Europe/Moscow,both,+> 8>7 7>7"],
    );
    write(
        "lists.csv",
        &[
            "list,kind,provider,currency",
            "retail,retail,,RUB",
            "special,retail,,RUB",
            "wholesale,wholesale,mts,RUB",
            "packed,retail,,RUB",
        ],
    );
    write(
        "rates.csv",
        &[
            "list,prefix,service,volume,from_volume,price,unit,billing",
            "retail,7,outgoing,,,0.60,,1/1",
            "retail,381,outgoing,,,3.00,,60/60",
            "retail,7800,tollfree,,,0.30,,1/1",
            "retail,7,forwarded,,,0.90,,1/1",
            "special,79,outgoing,,,1.20,,60/60",
            "wholesale,7,,,,0.20,,1/1",
            "packed,7,outgoing,,,0.60,,1/1",
            "packed,381,outgoing,serbia,,3.00,,1/1",
            "packed,381,outgoing,,600,1.50,,1/1",
            "packed,7,message,,,2.00,1,1/1",
        ],
    );
    write("volumes.csv", &["list,volume,period", "packed,serbia,month"]);
    write("plans.csv", &["plan,layer,list", "basic,1,special", "basic,2,retail", "bundled,1,packed"]);
    write("destination_groups.csv", &["group,prefix", "russia,7"]);
    write(
        "bundles.csv",
        &[
            "plan,bundle,units,period,priority,services,destinations",
            "bundled,hundred,6000,month,1,outgoing,russia",
            "bundled,five,5,day,2,message,",
        ],
    );
    write(
        "accounts.csv",
        &[
            "account,plan,client,mode,policy,limit,balance",
            "a1,basic,c1,prepaid,none,,100",
            "a2,basic,c2,postpaid,monthly,1000,",
            "a3,basic,c2,prepaid,none,,",
            "a4,bundled,c3,prepaid,none,,100",
        ],
    );
    write(
        "dids.csv",
        &[
            "number,status,account,from,to",
            "74950000001,in_work,a1,,",
            "74950000002,in_work,a2,,",
            "74950000003,in_work,a3,,",
            "74950000004,in_work,a4,,",
            "78005550001,in_work,a2,,",
            "74950000009,archive,,2026-01-01T00:00:00Z,",
            "74950000008,free,,,",
        ],
    );
    // Of no effect on any call of the tests: nobody dials 999.
    write("groups.csv", &["group,client,from,to", "partners,c2,2026-02-01T00:00:00Z,"]);
    write(
        "discounts.csv",
        &[
            "level,client,group,percent,prefix,from,to,name",
            "promo,,partners,20,999,2026-01-01T00:00:00Z,2026-03-01T00:00:00Z,Winter",
            "group,,partners,7.5,999,,,Partners",
            "personal,c2,,10,999,,,Loyalty",
        ],
    );
    write(
        "locks.csv",
        &[
            "mask,account,origin,reason",
            "38161,a1,client,own wish",
            "38162,,operator,abroad",
            "38163,a1,fraud,under suspicion",
        ],
    );
}

/// An answered call of `a1` to a Moscow number that ended a minute ago and lasted 60 s: 0.60. `change` overrides fields.
pub fn record(cdr_id: &str, change: Value) -> Value {
    let end = Utc::now() - TimeDelta::minutes(1);
    record_ending(cdr_id, end, change)
}

/// As [`record`], for a call that ended at `end`.
pub fn record_ending(cdr_id: &str, end: DateTime<Utc>, change: Value) -> Value {
    let stamp = |seconds| (end - TimeDelta::seconds(seconds)).to_rfc3339_opts(chrono::SecondsFormat::Millis, true);
    let mut record = json!({
        "cdr_id": cdr_id, "source": "sbc", "leg": 0, "sequence": 0, "final": true, "call_id": format!("call-{cdr_id}"), "account": null,
        "src": "74950000001", "dst": "74951234567", "service": "outgoing", "direction": "out",
        "setup_at": stamp(65), "answer_at": stamp(60), "end_at": stamp(0), "billable_ms": 60_000, "quantity": null,
        "disposition": "answered", "release_cause": "16", "trunk_in": null, "trunk_out": "mts-1", "ext": {}
    });
    if let (Value::Object(record), Value::Object(change)) = (&mut record, change) {
        record.extend(change);
    }
    record
}
