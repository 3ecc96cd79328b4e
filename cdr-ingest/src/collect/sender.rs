//! Records to Kafka.
//!
//! Owns: the producer and what its refusals mean.
//! Does not own: what is done while Kafka is away (`gate`).
//! Always: a record counts as sent when all replicas that are in step have it; the producer writes each of its sends once; a producer that is beyond help is
//! replaced.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::{FutureProducer, FutureRecord, Producer};
use rdkafka::{ClientConfig, ClientContext};

use super::record::Record;

/// Where a record went: partition, offset.
pub type Place = (i32, i64);

/// Why a record did not go.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// The broker will never take it.
    #[error("the broker refuses it: {0}")]
    Refused(String),
    /// Trying again helps.
    #[error("{0}")]
    Away(String),
}

/// A client that keeps to itself that it cannot connect, many times a second: who sends says so once.
struct Quiet;

impl ClientContext for Quiet {
    fn error(&self, error: KafkaError, reason: &str) {
        tracing::debug!(%error, reason, "kafka");
    }
}

/// The producer.
pub struct Sender {
    brokers: String,
    topic: String,
    patience: Duration,
    producer: ArcSwap<FutureProducer<Quiet>>,
}

impl Sender {
    /// A producer for a topic; gives a record up when it was not acknowledged within `patience`.
    ///
    /// # Errors
    /// The options are not understood by the client library.
    pub fn open(brokers: &str, topic: &str, patience: Duration) -> Result<Self, KafkaError> {
        let producer = ArcSwap::from_pointee(producer(brokers, patience)?);
        Ok(Self { brokers: brokers.to_owned(), topic: topic.to_owned(), patience, producer })
    }

    /// Sends records, and waits for what becomes of each.
    pub async fn send(&self, records: &[Record]) -> Vec<Result<Place, SendError>> {
        let producer = self.producer.load_full();
        let mut waiting = Vec::with_capacity(records.len());
        for record in records {
            waiting.push(self.enqueue(&producer, record).await);
        }
        let mut results = Vec::with_capacity(waiting.len());
        for one in waiting {
            results.push(match one {
                Ok(delivery) => match delivery.await {
                    Ok(Ok(delivery)) => Ok((delivery.partition, delivery.offset)),
                    Ok(Err((error, _))) => Err(meaning(&error)),
                    Err(_) => Err(SendError::Away("the producer ended".into())),
                },
                Err(error) => Err(error),
            });
        }
        if let Some((code, reason)) = producer.client().fatal_error() {
            tracing::warn!(%code, reason, "the Kafka producer is beyond help and is replaced");
            if let Ok(fresh) = self::producer(&self.brokers, self.patience) {
                self.producer.store(Arc::new(fresh));
            }
        }
        results
    }

    async fn enqueue(
        &self,
        producer: &FutureProducer<Quiet>,
        record: &Record,
    ) -> Result<rdkafka::producer::future_producer::DeliveryFuture, SendError> {
        let import = record.import.to_string();
        let mut headers = OwnedHeaders::new().insert(Header { key: "source", value: Some(&*record.source) });
        if record.import > 0 {
            headers = headers.insert(Header { key: "import", value: Some(&import) });
        }
        let mut message = FutureRecord::to(&self.topic)
            .key(&record.key[..])
            .payload(&record.payload[..])
            .timestamp(record.received_ms)
            .headers(headers);
        loop {
            match producer.send_result(message) {
                Ok(delivery) => return Ok(delivery),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    message = unsent;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err((error, _)) => return Err(meaning(&error)),
            }
        }
    }
}

fn meaning(error: &KafkaError) -> SendError {
    match error.rdkafka_error_code() {
        Some(RDKafkaErrorCode::MessageSizeTooLarge | RDKafkaErrorCode::InvalidMessage) => {
            SendError::Refused(error.to_string())
        }
        Some(
            RDKafkaErrorCode::UnknownTopicOrPartition
            | RDKafkaErrorCode::UnknownTopic
            | RDKafkaErrorCode::UnknownPartition,
        ) => SendError::Away(format!(
            "the topic does not exist ({error}); create it (`cdr-ingest produce --create-partitions N` does)"
        )),
        _ => SendError::Away(error.to_string()),
    }
}

fn producer(brokers: &str, patience: Duration) -> Result<FutureProducer<Quiet>, KafkaError> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .set("batch.num.messages", "10000")
        .set("queue.buffering.max.messages", "100000")
        .set("queue.buffering.max.kbytes", "262144")
        .set("message.max.bytes", "1000000")
        .set("message.timeout.ms", patience.as_millis().to_string())
        .set("reconnect.backoff.max.ms", "1000")
        .set("log_level", "2");
    FutureProducer::from_config_and_context(&config, Quiet)
}
