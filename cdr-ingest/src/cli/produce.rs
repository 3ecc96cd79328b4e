//! `cdr-ingest produce`: records to a topic.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use rdkafka::ClientContext;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::config::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{DeliveryResult, Header, OwnedHeaders};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer, ProducerContext};

use super::generate::{TrafficSource, last_midnight};
use crate::generate::traffic::TrafficOptions;

/// Send records to a topic: those of a file (one a line), or generated ones of an operator directory.
///
///   cdr-ingest produce --topic cdrs --create-partitions 4 calls.txt
///   cdr-ingest produce --topic cdrs --operator demo --cdrs 100000 --expect expected.json
#[derive(clap::Args)]
pub(super) struct Options {
    /// Brokers: host:port, separated by commas.
    #[arg(long, env = "TOLLGATE_KAFKA")]
    kafka: String,
    /// The topic.
    #[arg(long)]
    topic: String,
    /// Create the topic with so many partitions; one that exists is left as it is.
    #[arg(long)]
    create_partitions: Option<i32>,
    /// Send no more than so many records a second.
    #[arg(long)]
    per_second: Option<u64>,
    /// Source to put into the message header, for formats that name none.
    #[arg(long)]
    source: Option<String>,
    /// Generate records for this operator directory instead of reading a file.
    #[arg(long, conflicts_with = "input")]
    operator: Option<PathBuf>,
    /// How many records to generate.
    #[arg(long, default_value_t = 1_000_000)]
    cdrs: u64,
    /// What the random numbers start from.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// The moment that counts as now when records are generated; default: the last midnight (UTC).
    #[arg(long)]
    until: Option<DateTime<Utc>>,
    /// Days that generated traffic spreads over.
    #[arg(long, default_value_t = 3)]
    days: u32,
    /// Days that generated calls to numbers not in work spread over.
    #[arg(long, default_value_t = 40)]
    non_target_days: u32,
    /// File for what the generated records must cost.
    #[arg(long)]
    expect: Option<PathBuf>,
    /// File of records, one a line; `-` or nothing: standard input.
    input: Option<PathBuf>,
}

/// A producer that remembers the first refusal.
pub(super) type BoundProducer = BaseProducer<Acknowledgements>;

/// A producer for many records.
pub(super) fn producer(brokers: &str) -> anyhow::Result<BoundProducer> {
    Ok(ClientConfig::new()
        .set("bootstrap.servers", brokers)
        .set("linger.ms", "20")
        .set("batch.num.messages", "10000")
        .set("batch.size", "1000000")
        .set("queue.buffering.max.messages", "500000")
        .set("queue.buffering.max.kbytes", "524288")
        .set("acks", "all")
        .create_with_context(Acknowledgements::default())?)
}

/// Whether the broker took everything so far.
pub(super) fn check(producer: &BoundProducer) -> anyhow::Result<()> {
    match producer.context().failed.lock().expect("no panic under this lock").as_ref() {
        Some(error) => anyhow::bail!("the broker refused a record: {error}"),
        None => Ok(()),
    }
}

/// Counts acknowledgements; remembers the first refusal.
#[derive(Default)]
pub(super) struct Acknowledgements {
    failed: std::sync::Mutex<Option<String>>,
}

impl ClientContext for Acknowledgements {}

impl ProducerContext for Acknowledgements {
    type DeliveryOpaque = ();

    fn delivery(&self, result: &DeliveryResult<'_>, (): ()) {
        if let Err((error, _)) = result {
            self.failed.lock().expect("no panic under this lock").get_or_insert_with(|| error.to_string());
        }
    }
}

struct Sender {
    producer: BoundProducer,
    topic: String,
    per_second: Option<u64>,
    started: Instant,
    sent: u64,
    bar: indicatif::ProgressBar,
}

impl Sender {
    fn send(
        &mut self,
        payload: &[u8],
        key: &[u8],
        source: Option<&str>,
        timestamp_ms: Option<i64>,
    ) -> anyhow::Result<()> {
        self.pace();
        let mut record = BaseRecord::to(&self.topic).payload(payload).key(key);
        if let Some(at) = timestamp_ms {
            record = record.timestamp(at);
        }
        if let Some(source) = source {
            record = record.headers(OwnedHeaders::new().insert(Header { key: "source", value: Some(source) }));
        }
        loop {
            match self.producer.send(record) {
                Ok(()) => break,
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    record = unsent;
                    self.producer.poll(Duration::from_millis(5));
                }
                Err((error, _)) => return Err(error.into()),
            }
        }
        self.sent += 1;
        if self.sent.is_multiple_of(1024) {
            self.producer.poll(Duration::ZERO);
            self.bar.set_position(self.sent);
            check(&self.producer)?;
        }
        Ok(())
    }

    fn pace(&self) {
        let Some(rate) = self.per_second else { return };
        let due = Duration::from_micros(self.sent * 1_000_000 / rate.max(1));
        let ahead = due.saturating_sub(self.started.elapsed());
        if ahead > Duration::from_millis(2) {
            self.producer.poll(ahead);
        }
    }

    fn finish(self) -> anyhow::Result<u64> {
        self.producer.flush(Duration::from_mins(1))?;
        check(&self.producer)?;
        self.bar.finish_and_clear();
        let seconds = self.started.elapsed().as_secs_f64();
        eprintln!("{} records sent to {} in {seconds:.1} s", self.sent, self.topic);
        Ok(self.sent)
    }
}

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    if let Some(partitions) = options.create_partitions {
        create_topic(&options.kafka, &options.topic, partitions).await?;
    }
    tokio::task::spawn_blocking(move || send_all(&options)).await??;
    Ok(ExitCode::SUCCESS)
}

async fn create_topic(brokers: &str, topic: &str, partitions: i32) -> anyhow::Result<()> {
    let admin: AdminClient<rdkafka::client::DefaultClientContext> =
        ClientConfig::new().set("bootstrap.servers", brokers).create()?;
    let new = NewTopic::new(topic, partitions, TopicReplication::Fixed(1));
    for result in
        admin.create_topics([&new], &AdminOptions::new().operation_timeout(Some(Duration::from_secs(10)))).await?
    {
        match result {
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((topic, code)) => anyhow::bail!("topic {topic} cannot be created: {code}"),
        }
    }
    Ok(())
}

fn send_all(options: &Options) -> anyhow::Result<()> {
    let producer = producer(&options.kafka)?;
    let total = if options.operator.is_some() { options.cdrs } else { 0 };
    let mut sender = Sender {
        producer,
        topic: options.topic.clone(),
        per_second: options.per_second,
        started: Instant::now(),
        sent: 0,
        bar: super::progress_bar(total, "records to the topic"),
    };
    if let Some(directory) = &options.operator {
        let traffic = TrafficSource {
            operator: directory.clone(),
            options: TrafficOptions {
                seed: options.seed,
                cdrs: options.cdrs,
                until: options.until.unwrap_or_else(last_midnight),
                days: options.days,
                non_target_days: options.non_target_days,
            },
        };
        let expectation = traffic.generate(&mut |record| {
            sender.send(&record.payload, &record.key, record.source.as_deref(), Some(record.timestamp_ms))
        })?;
        if let Some(path) = &options.expect {
            expectation.write_json(path)?;
        }
    } else {
        let mut input = super::read_records(options.input.as_ref())?;
        let mut record = Vec::new();
        while super::next_record(&mut *input, &mut record)? {
            sender.send(&record, b"", options.source.as_deref(), None)?;
        }
    }
    sender.finish()?;
    Ok(())
}
