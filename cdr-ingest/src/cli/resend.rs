//! `cdr-ingest resend`: records of a topic once more, at its end.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use rdkafka::config::ClientConfig;
use rdkafka::consumer::{BaseConsumer, Consumer};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Headers, Message, OwnedHeaders};
use rdkafka::producer::{BaseRecord, Producer};
use rdkafka::{Offset, TopicPartitionList};

use super::produce::{self, BoundProducer};

/// Send the records between two offsets of a partition again, to its end, as they were: bytes, key, headers, time.
///
/// For records that were rolled back: they are charged again. Of others nothing is charged twice: they are known and count as repeats. To send a range
/// twice does no harm either.
///
///   cdr-ingest resend --topic cdrs --partition 0 --from 1200 --to 4800
#[derive(clap::Args)]
pub(super) struct Options {
    /// Brokers: host:port, separated by commas.
    #[arg(long, env = "TOLLGATE_KAFKA")]
    kafka: String,
    /// The topic.
    #[arg(long)]
    topic: String,
    /// The partition.
    #[arg(long)]
    partition: i32,
    /// First offset.
    #[arg(long)]
    from: i64,
    /// Offset after the last.
    #[arg(long)]
    to: i64,
}

/// Silence after which the broker has nothing more.
const SILENCE: Duration = Duration::from_secs(20);

pub(super) async fn main(options: Options) -> anyhow::Result<ExitCode> {
    ensure!(
        0 <= options.from && options.from < options.to,
        "--to is the offset after the last one and must be above --from"
    );
    tokio::task::spawn_blocking(move || resend(&options)).await??;
    Ok(ExitCode::SUCCESS)
}

fn resend(options: &Options) -> anyhow::Result<()> {
    let consumer: BaseConsumer = ClientConfig::new()
        .set("bootstrap.servers", &options.kafka)
        .set("group.id", "tollgate-resend")
        .set("enable.auto.commit", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false")
        .create()?;
    let mut place = TopicPartitionList::new();
    place.add_partition_offset(&options.topic, options.partition, Offset::Offset(options.from))?;
    consumer.assign(&place)?;
    let producer = produce::producer(&options.kafka)?;
    let bar = super::progress_bar((options.to - options.from) as u64, "records sent again");
    let (mut sent, mut heard) = (0u64, Instant::now());
    // The range ends before its own copies begin: they are written behind the log end of now.
    loop {
        match consumer.poll(Duration::from_millis(200)) {
            Some(Ok(message)) => {
                heard = Instant::now();
                if message.offset() >= options.to {
                    break;
                }
                send(&producer, options, &message)?;
                sent += 1;
                bar.set_position(sent);
                if message.offset() + 1 == options.to {
                    break;
                }
            }
            Some(Err(KafkaError::PartitionEOF(_))) => break,
            Some(Err(error)) => {
                return Err(error).with_context(|| {
                    format!(
                        "topic {}, partition {}: offset {} cannot be read",
                        options.topic, options.partition, options.from
                    )
                });
            }
            None => ensure!(heard.elapsed() < SILENCE, "the broker sends nothing for {} s", SILENCE.as_secs()),
        }
    }
    producer.flush(Duration::from_mins(1))?;
    produce::check(&producer)?;
    bar.finish_and_clear();
    eprintln!("{sent} records of {}/{} sent again", options.topic, options.partition);
    Ok(())
}

fn send(producer: &BoundProducer, options: &Options, message: &BorrowedMessage<'_>) -> anyhow::Result<()> {
    let mut record = BaseRecord::<[u8], [u8]>::to(&options.topic)
        .partition(options.partition)
        .payload(message.payload().unwrap_or_default());
    if let Some(key) = message.key() {
        record = record.key(key);
    }
    if let Some(at) = message.timestamp().to_millis() {
        record = record.timestamp(at);
    }
    if let Some(headers) = message.headers() {
        record = record.headers(headers.iter().fold(OwnedHeaders::new(), |all, header| all.insert(header)));
    }
    loop {
        match producer.send(record) {
            Ok(()) => return Ok(()),
            Err((KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull), unsent)) => {
                record = unsent;
                producer.poll(Duration::from_millis(5));
            }
            Err((error, _)) => return Err(error.into()),
        }
    }
}
