//! The loop of the consumer thread: messages into batches, batches to the lanes.
//!
//! Owns: batching by count and time, back-pressure by pausing partitions, what the broker's errors mean.
//! Does not own: the group and its rebalancing (`consumer`), what happens to a batch (`lane`).
//! Always: a record is taken only for a partition that is ours; nothing here waits for a lane.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use billing::{Clock, SystemClock};
use rdkafka::consumer::Consumer;
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::error::KafkaError;
use rdkafka::message::{BorrowedMessage, Headers, Message};
use rdkafka::topic_partition_list::TopicPartitionList;
use rdkafka::types::RDKafkaErrorCode;
use tokio::sync::mpsc;

use super::batch::UnderWay;
use super::consumer::{ConsumerOptions, Context, KAFKA_TIMEOUT, RECOGNISE_TIME, Slot, Slots, lost};

/// Bytes of a batch beyond which it is handed over whatever its count.
const BATCH_BYTES_MAX: usize = 64 << 20;
/// Records under way may be as many as fit for so long before partitions are paused: to pause one throws away what was fetched ahead.
const FULL_TIME: Duration = Duration::from_millis(500);
/// Time for the group to take a partition from us whose lane was fenced.
const FENCED_TIME: Duration = Duration::from_mins(1);
/// Message times are taken from so far back: as far as records are.
const MESSAGE_AGE_MAX_MS: i64 = 400 * 86_400_000;
/// And from so far ahead.
const MESSAGE_AHEAD_MAX_MS: i64 = 3_600_000;

/// Header by which a message says which import its record belongs to: a number in digits.
pub(super) const IMPORT_HEADER: &str = "import";

/// The loop of the consumer thread.
pub(super) struct Poller {
    pub(super) consumer: Arc<BaseConsumer<Context>>,
    pub(super) slots: Slots,
    pub(super) options: ConsumerOptions,
    pub(super) under_way: Arc<UnderWay>,
    pub(super) failures: mpsc::UnboundedSender<anyhow::Error>,
}

impl Poller {
    /// Polls until told to stop.
    pub(super) fn run(&self, stop: &AtomicBool) {
        let mut since_flush = 0;
        let mut full_since: Option<Instant> = None;
        while !stop.load(Ordering::Relaxed) {
            full_since = match full_since {
                None if self.under_way.is_full() => Some(Instant::now()),
                Some(_) if self.under_way.has_room() => {
                    self.pause_all(false);
                    None
                }
                same => {
                    // What was handed over while memory was short has room by now.
                    if same.is_none() && since_flush == 0 {
                        self.pause_all(false);
                    }
                    same
                }
            };
            if let Some(since) = full_since {
                self.flush();
                if since.elapsed() < FULL_TIME {
                    std::thread::sleep(Duration::from_millis(2));
                    continue;
                }
                // It lasts: the group must still hear from us, so what would come is held back instead.
                self.pause_all(true);
            }
            match self.consumer.poll(Duration::from_millis(20)) {
                Some(Ok(message)) => {
                    self.take(&message);
                    since_flush += 1;
                    if since_flush >= 512 {
                        self.flush();
                        since_flush = 0;
                    }
                }
                Some(Err(error)) => self.complain(&error),
                None => {
                    self.flush();
                    since_flush = 0;
                }
            }
        }
    }

    fn take(&self, message: &BorrowedMessage<'_>) {
        let mut slots = self.slots.lock().expect("no panic under this lock");
        let Some(slot) = slots.get_mut(&message.partition()) else { return };
        slot.position = message.offset() + 1;
        slot.recognise_until = None;
        slot.at_end = false;
        if slot.pending.is_empty() {
            slot.opened = Instant::now();
        }
        let (mut source, mut import_id) = (None, 0);
        for header in message.headers().iter().flat_map(|headers| headers.iter()) {
            match header.key {
                "source" => source = header.value,
                IMPORT_HEADER => import_id = header.value.and_then(import_of).unwrap_or(0),
                _ => {}
            }
        }
        let timestamp = message_time(message);
        slot.pending.push(message.payload().unwrap_or_default(), message.offset(), timestamp, source, import_id);
    }

    /// Hands over batches that are full or old enough; pauses partitions whose lane is busy, resumes them when it is not.
    fn flush(&self) {
        let mut slots = self.slots.lock().expect("no panic under this lock");
        for (number, slot) in slots.iter_mut() {
            let full = slot.pending.len() >= self.options.batch_rows || slot.pending.byte_len() >= BATCH_BYTES_MAX;
            // Where memory is short, what there is goes on, however little.
            let waits = slot.opened.elapsed() >= self.options.batch_time || self.under_way.is_full();
            let due = full || (!slot.pending.is_empty() && waits);
            if !due {
                continue;
            }
            match slot.lane.batches.try_reserve() {
                Ok(permit) => {
                    permit.send(slot.pending.take());
                    if !self.under_way.is_full() && std::mem::take(&mut slot.paused) {
                        report(self.consumer.resume(&self.one(*number)));
                    }
                }
                Err(mpsc::error::TrySendError::Full(())) if full && !slot.paused => {
                    slot.paused = true;
                    report(self.consumer.pause(&self.one(*number)));
                }
                Err(mpsc::error::TrySendError::Full(())) => {}
                Err(mpsc::error::TrySendError::Closed(())) => drop(slot.pending.take()),
            }
        }
        self.look_for_the_lost(&mut slots);
        self.look_for_the_stranded();
        self.collect_ended(&mut slots);
    }

    /// Pauses every partition, or resumes those whose batch is not full.
    fn pause_all(&self, pause: bool) {
        let mut slots = self.slots.lock().expect("no panic under this lock");
        for (number, slot) in slots.iter_mut().filter(|(_, slot)| slot.paused != pause) {
            if !pause && slot.pending.len() >= self.options.batch_rows {
                continue;
            }
            slot.paused = pause;
            let one = self.one(*number);
            report(if pause { self.consumer.pause(&one) } else { self.consumer.resume(&one) });
        }
    }

    /// A partition that was fenced and that the group did not take from us: another group charges the same stream.
    fn look_for_the_stranded(&self) {
        let mut fenced = self.consumer.context().fenced.lock().expect("no panic under this lock");
        let stranded = fenced.iter().find(|(_, since)| since.elapsed() > FENCED_TIME).map(|(number, _)| *number);
        if let Some(number) = stranded {
            fenced.remove(&number);
            let _ = self.failures.send(anyhow::anyhow!(
                "partition {number} of topic {}: another process has claimed it, but the group still gives it to this one. Do two groups charge one stream? \
                 Use one --group for a topic; then start again.",
                self.options.topic
            ));
        }
    }

    /// A position beyond the log end is an error to most brokers, and to some just silence: when the record before it does not come, ask for the log end.
    fn look_for_the_lost(&self, slots: &mut HashMap<i32, Slot>) {
        for (number, slot) in slots.iter_mut() {
            if slot.recognise_until.is_none_or(|until| Instant::now() < until) {
                continue;
            }
            slot.recognise_until = Some(Instant::now() + RECOGNISE_TIME);
            match self.consumer.fetch_watermarks(&self.options.topic, *number, KAFKA_TIMEOUT) {
                Ok((_, high)) if high < slot.committed() => {
                    let _ = self.failures.send(lost(&self.options.topic, *number, slot.committed()));
                }
                Ok(_) => tracing::warn!(
                    partition = number,
                    "the broker is slow to send the record by which the topic is recognised"
                ),
                Err(error) => tracing::warn!(%error, "kafka"),
            }
        }
    }

    /// A lane that ended by itself was fenced (fine) or failed (reported).
    fn collect_ended(&self, slots: &mut HashMap<i32, Slot>) {
        let ended: Vec<i32> =
            slots.iter().filter(|(_, slot)| slot.lane.done.is_finished()).map(|(number, _)| *number).collect();
        for number in ended {
            let Some(slot) = slots.remove(&number) else { continue };
            let result = self.consumer.context().runtime.block_on(slot.lane.done);
            let failure = match result {
                Ok(Ok(())) => {
                    self.consumer
                        .context()
                        .fenced
                        .lock()
                        .expect("no panic under this lock")
                        .insert(number, Instant::now());
                    continue;
                }
                Ok(Err(error)) => error,
                Err(panicked) => anyhow::anyhow!("the lane of partition {number} broke an invariant: {panicked}"),
            };
            let _ = self.failures.send(failure);
        }
    }

    fn one(&self, number: i32) -> TopicPartitionList {
        let mut list = TopicPartitionList::new();
        list.add_partition(&self.options.topic, number);
        list
    }

    /// The broker has nothing more of a partition.
    fn end_of(&self, number: i32) {
        let mut slots = self.slots.lock().expect("no panic under this lock");
        let Some(slot) = slots.get_mut(&number) else { return };
        slot.at_end = true;
        if slot.recognise_until.is_some() {
            let _ = self.failures.send(lost(&self.options.topic, number, slot.committed()));
        }
    }

    fn complain(&self, error: &KafkaError) {
        if let KafkaError::PartitionEOF(number) = error {
            return self.end_of(*number);
        }
        match error.rdkafka_error_code() {
            Some(RDKafkaErrorCode::AutoOffsetReset) => {
                let problem = "the broker no longer has the position that Postgres stands at: records were lost, or the topic was made anew. Use a topic of another name, or restore the broker.";
                let _ = self.failures.send(anyhow::anyhow!("topic {}: {problem} ({error})", self.options.topic));
            }
            Some(RDKafkaErrorCode::UnknownTopicOrPartition | RDKafkaErrorCode::UnknownTopic) => {
                let problem = "the topic does not exist; create it (`cdr-ingest produce --create-partitions N` does)";
                let _ = self.failures.send(anyhow::anyhow!("topic {}: {problem}", self.options.topic));
            }
            _ => tracing::warn!(%error, "kafka"),
        }
    }
}

fn import_of(value: &[u8]) -> Option<u64> {
    std::str::from_utf8(value).ok()?.parse().ok()
}

/// The message time; one that no stream of ours can have (none, in another unit, in the future) is now.
fn message_time(message: &BorrowedMessage<'_>) -> i64 {
    let now = SystemClock.now().timestamp_millis();
    let sensible = now - MESSAGE_AGE_MAX_MS..=now + MESSAGE_AHEAD_MAX_MS;
    message.timestamp().to_millis().filter(|at| sensible.contains(at)).unwrap_or(now)
}

fn report(result: Result<(), KafkaError>) {
    if let Err(error) = result {
        tracing::warn!(%error, "kafka");
    }
}
