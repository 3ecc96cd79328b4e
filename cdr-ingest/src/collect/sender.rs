//! Records to Kafka.
//!
//! Owns: the producer and what its refusals mean.
//! Does not own: what is done while Kafka is away (`gate`).
//! Always: a record counts as sent when all replicas that are in step have it; the producer writes each of its sends once; a producer that is beyond help is
//! replaced; a broker answers for a whole batch, so a record counts as refused when it was refused alone.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::{ArcSwap, ArcSwapOption};
use rdkafka::config::FromClientConfigAndContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{Header, OwnedHeaders};
use rdkafka::producer::future_producer::DeliveryFuture;
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

/// What an answer of the broker means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Meaning {
    /// The record, or another of its batch, will never be taken.
    Refused,
    /// The same for the time of its message.
    WrongTime,
    /// Trying again helps.
    Away,
}

/// Bytes of one batch: far below what any broker takes, so that no batch is refused for the sum of its records.
const BATCH_BYTES: &str = "262144";
/// Records of one batch.
const BATCH_RECORDS: u32 = 10_000;

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
    /// Sends each record in a batch of its own; made when a batch was refused.
    single: ArcSwapOption<FutureProducer<Quiet>>,
}

impl Sender {
    /// A producer for a topic; gives a record up when it was not acknowledged within `patience`.
    ///
    /// # Errors
    /// The options are not understood by the client library.
    pub fn open(brokers: &str, topic: &str, patience: Duration) -> Result<Self, KafkaError> {
        let producer = ArcSwap::from_pointee(producer(brokers, patience, BATCH_RECORDS)?);
        let single = ArcSwapOption::empty();
        Ok(Self { brokers: brokers.to_owned(), topic: topic.to_owned(), patience, producer, single })
    }

    /// Sends records, and waits for what becomes of each. The guilty ones of a refused batch are found out by sending its records one by one.
    pub async fn send(&self, records: &[Record]) -> Vec<Result<Place, SendError>> {
        let producer = self.producer.load_full();
        let mut waiting = Vec::with_capacity(records.len());
        for record in records {
            waiting.push(self.enqueue(&producer, record, Some(record.received_ms)).await);
        }
        let mut outcomes = Vec::with_capacity(waiting.len());
        for one in waiting {
            outcomes.push(outcome(one).await);
        }
        if let Some((code, reason)) = producer.client().fatal_error() {
            tracing::warn!(%code, reason, "the Kafka producer is beyond help and is replaced");
            if let Ok(fresh) = self::producer(&self.brokers, self.patience, BATCH_RECORDS) {
                self.producer.store(Arc::new(fresh));
            }
        }
        let mut results = Vec::with_capacity(outcomes.len());
        let mut away = None;
        for (record, outcome) in records.iter().zip(outcomes) {
            let result = match (outcome, &away) {
                (Ok(place), _) => Ok(place),
                (Err(error), _) if meaning(&error) == Meaning::Away => Err(told(&error)),
                // One waits for the broker; the others need not wait for it too.
                (Err(_), Some(reason)) => Err(SendError::Away(String::clone(reason))),
                (Err(_), None) => self.send_alone(record).await,
            };
            if let Err(SendError::Away(reason)) = &result {
                away.get_or_insert_with(|| reason.clone());
            }
            results.push(result);
        }
        results
    }

    /// Sends a record in a batch of its own, as it is, and if the broker does not like its time, with the present one.
    async fn send_alone(&self, record: &Record) -> Result<Place, SendError> {
        let single = self.single().map_err(|error| SendError::Away(error.to_string()))?;
        let mut result = outcome(self.enqueue(&single, record, Some(record.received_ms)).await).await;
        if result.as_ref().is_err_and(|error| meaning(error) == Meaning::WrongTime) {
            result = outcome(self.enqueue(&single, record, None).await).await;
        }
        if single.client().fatal_error().is_some() {
            self.single.store(None);
        }
        result.map_err(|error| told(&error))
    }

    fn single(&self) -> Result<Arc<FutureProducer<Quiet>>, KafkaError> {
        if let Some(single) = self.single.load_full() {
            return Ok(single);
        }
        let made = Arc::new(producer(&self.brokers, self.patience, 1)?);
        self.single.store(Some(Arc::clone(&made)));
        Ok(made)
    }

    /// Hands a record to a producer; without a time it gets the present one.
    async fn enqueue(
        &self,
        producer: &FutureProducer<Quiet>,
        record: &Record,
        at_ms: Option<i64>,
    ) -> Result<DeliveryFuture, KafkaError> {
        let import = record.import.to_string();
        let mut headers = OwnedHeaders::new().insert(Header { key: "source", value: Some(&*record.source) });
        if record.import > 0 {
            headers = headers.insert(Header { key: "import", value: Some(&import) });
        }
        let mut message =
            FutureRecord::to(&self.topic).key(&record.key[..]).payload(&record.payload[..]).headers(headers);
        message.timestamp = at_ms;
        loop {
            match producer.send_result(message) {
                Ok(delivery) => return Ok(delivery),
                Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                    message = unsent;
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                Err((error, _)) => return Err(error),
            }
        }
    }
}

async fn outcome(enqueued: Result<DeliveryFuture, KafkaError>) -> Result<Place, KafkaError> {
    match enqueued?.await {
        Ok(Ok(delivery)) => Ok((delivery.partition, delivery.offset)),
        Ok(Err((error, _))) => Err(error),
        Err(_) => Err(KafkaError::Canceled),
    }
}

fn meaning(error: &KafkaError) -> Meaning {
    match error.rdkafka_error_code() {
        Some(
            RDKafkaErrorCode::MessageSizeTooLarge
            | RDKafkaErrorCode::MessageBatchTooLarge
            | RDKafkaErrorCode::InvalidMessage
            | RDKafkaErrorCode::InvalidMessageSize
            | RDKafkaErrorCode::InvalidRecord,
        ) => Meaning::Refused,
        Some(RDKafkaErrorCode::InvalidTimestamp) => Meaning::WrongTime,
        _ => Meaning::Away,
    }
}

fn told(error: &KafkaError) -> SendError {
    if meaning(error) != Meaning::Away {
        return SendError::Refused(error.to_string());
    }
    match error.rdkafka_error_code() {
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

fn producer(brokers: &str, patience: Duration, batch_records: u32) -> Result<FutureProducer<Quiet>, KafkaError> {
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", brokers)
        .set("acks", "all")
        .set("enable.idempotence", "true")
        .set("linger.ms", "5")
        .set("batch.num.messages", batch_records.to_string())
        .set("batch.size", BATCH_BYTES)
        .set("queue.buffering.max.messages", "100000")
        .set("queue.buffering.max.kbytes", "262144")
        .set("message.max.bytes", "1000000")
        .set("message.timeout.ms", patience.as_millis().to_string())
        .set("reconnect.backoff.max.ms", "1000")
        .set("log_level", "2");
    FutureProducer::from_config_and_context(&config, Quiet)
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use rdkafka::mocking::MockCluster;
    use rdkafka::producer::DefaultProducerContext;
    use rdkafka::types::{RDKafkaApiKey, RDKafkaRespErr as Answer};

    use super::*;

    const GOOD: Answer = Answer::RD_KAFKA_RESP_ERR_NO_ERROR;
    const LARGE: Answer = Answer::RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    const TIME: Answer = Answer::RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP;

    /// `o` = taken, `-` = refused, of three records that a broker with these answers gets.
    async fn sent(answers: &[Answer]) -> String {
        let cluster: MockCluster<'_, DefaultProducerContext> = MockCluster::new(1).unwrap();
        cluster.create_topic("t", 1, 1).unwrap();
        cluster.request_errors(RDKafkaApiKey::Produce, answers);
        let sender = Sender::open(&cluster.bootstrap_servers(), "t", Duration::from_secs(10)).unwrap();
        let record = |number: i64| Record::new(&"sbc".into(), 0, number, Bytes::from(number.to_string()));
        let results = sender.send(&[record(1), record(2), record(3)]).await;
        let shown = |result: &Result<Place, SendError>| match result {
            Ok(_) => 'o',
            Err(SendError::Refused(_)) => '-',
            Err(SendError::Away(_)) => '?',
        };
        results.iter().map(shown).collect()
    }

    /// The first answer is to the batch; after it was refused, one to each record, and one more where its time was.
    #[tokio::test(flavor = "multi_thread")]
    async fn of_a_refused_batch_only_the_guilty_record_is_refused() {
        for (answers, expected) in [
            (&[GOOD][..], "ooo"),
            (&[LARGE, GOOD, LARGE, GOOD], "o-o"),
            (&[LARGE, GOOD, GOOD, GOOD], "ooo"),
            (&[TIME, GOOD, TIME, GOOD, GOOD], "ooo"),
            (&[TIME, TIME, TIME, GOOD, GOOD], "-oo"),
            (&[LARGE, LARGE, LARGE, LARGE], "---"),
        ] {
            assert_eq!(sent(answers).await, expected, "{answers:?}");
        }
    }
}
