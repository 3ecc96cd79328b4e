//! Consumption: one thread that polls Kafka and hands batches to the lanes.
//!
//! Owns: the group, rebalancing, batching by count and time, back-pressure by pausing partitions.
//! Does not own: what happens to a batch (`lane`).
//! Always: a partition is claimed in Postgres before its first record is fetched, and fetched from Postgres' position; Kafka's own commits are written
//! for dashboards and never read.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use billing::StoreError;
use billing::streams::{self, Claim, StreamId};
use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, RDKafkaLogLevel};
use rdkafka::consumer::base_consumer::BaseConsumer;
use rdkafka::consumer::{CommitMode, Consumer, ConsumerContext, RebalanceProtocol};
use rdkafka::error::KafkaError;
use rdkafka::topic_partition_list::{Offset, TopicPartitionList};
use rdkafka::types::{RDKafkaErrorCode, RDKafkaRespErr};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::batch::{RawBatch, UnderWay};
use super::lane::{self, Lane};
use super::poller::Poller;
use super::service::Shared;

/// Time for an answer of the broker.
pub(super) const KAFKA_TIMEOUT: Duration = Duration::from_secs(10);
/// Time for the record by which a topic is recognised.
pub(super) const RECOGNISE_TIME: Duration = Duration::from_secs(8);
/// For so long the claims of a rebalance are tried while Postgres is away; the group waits for us meanwhile, and by far not as long as it would.
const CLAIM_TIME: Duration = Duration::from_mins(1);
/// Time between two tries.
const CLAIM_RETRY: Duration = Duration::from_secs(1);

/// How records are consumed.
#[derive(Clone, Debug)]
pub struct ConsumerOptions {
    /// Brokers: host:port, separated by commas.
    pub brokers: String,
    /// Name of the cluster, by which the stream is known for ever.
    pub cluster: String,
    /// Topic.
    pub topic: String,
    /// Consumer group.
    pub group: String,
    /// Name of this process within the group: after a restart it gets its partitions back at once.
    pub instance: Option<String>,
    /// Time after which a process that is silent loses its partitions.
    pub session_ms: u32,
    /// Records of a batch.
    pub batch_rows: usize,
    /// Time after which a batch is handed over whatever its count.
    pub batch_time: Duration,
    /// Bytes of records that may be under way at once.
    pub under_way_bytes: usize,
}

/// A partition of ours: its lane, and the batch that is being collected for it.
pub(super) struct Slot {
    pub(super) lane: Lane,
    pub(super) pending: RawBatch,
    pub(super) opened: Instant,
    pub(super) paused: bool,
    /// Offset that the broker sends next.
    pub(super) position: i64,
    /// Until when the record before the committed position has to arrive, by which the topic is recognised; `None` once it has.
    pub(super) recognise_until: Option<Instant>,
    /// Nothing was left to fetch when the broker was asked last. The end of a partition is known by this alone: brokers answer the question for its
    /// log end with what they like (one names the first record of the last batch).
    pub(super) at_end: bool,
}

impl Slot {
    /// Offset up to which everything is committed.
    pub(super) fn committed(&self) -> i64 {
        self.lane.committed.load(Ordering::Acquire)
    }

    /// Whether everything that the broker has is committed.
    fn is_drained(&self) -> bool {
        self.at_end && self.pending.is_empty() && self.committed() == self.position
    }
}

/// Our partitions by number.
pub(super) type Slots = Arc<Mutex<HashMap<i32, Slot>>>;

/// What the client calls back into.
pub(super) struct Context {
    shared: Arc<Shared>,
    stream: StreamId,
    topic: String,
    instance: String,
    pub(super) runtime: Handle,
    slots: Slots,
    under_way: Arc<UnderWay>,
    /// The group has given us a share, possibly an empty one.
    joined: AtomicBool,
    /// Partitions whose lane was fenced, and when. The group is about to take them from us; one that it leaves with us would stand still.
    pub(super) fenced: Mutex<HashMap<i32, Instant>>,
    failures: mpsc::UnboundedSender<anyhow::Error>,
}

impl ClientContext for Context {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        if matches!(level, RDKafkaLogLevel::Debug | RDKafkaLogLevel::Info) {
            tracing::debug!("kafka {facility}: {message}");
        } else {
            tracing::warn!("kafka {facility}: {message}");
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        if !Self::hush(&error) {
            tracing::warn!(%error, "kafka: {reason}");
        }
    }
}

impl Context {
    /// Errors come back from `poll`, where they are dealt with; here they would only be said twice.
    fn hush(error: &KafkaError) -> bool {
        matches!(error, KafkaError::PartitionEOF(_))
            || error.rdkafka_error_code() == Some(RDKafkaErrorCode::PartitionEOF)
    }
}

impl ConsumerContext for Context {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, event: RDKafkaRespErr, partitions: &mut TopicPartitionList) {
        let cooperative = matches!(consumer.rebalance_protocol(), RebalanceProtocol::Cooperative);
        let numbers: Vec<i32> = partitions
            .elements_for_topic(&self.topic)
            .iter()
            .map(rdkafka::topic_partition_list::TopicPartitionListElem::partition)
            .collect();
        let done = if event == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            let assigned = self.take(consumer, &numbers);
            self.joined.store(true, Ordering::Release);
            if cooperative { consumer.incremental_assign(&assigned) } else { consumer.assign(&assigned) }
        } else {
            self.give_up(&numbers);
            if cooperative { consumer.incremental_unassign(partitions) } else { consumer.unassign() }
        };
        if let Err(error) = done {
            tracing::error!(%error, "the group's assignment was not taken over");
        }
    }
}

impl Context {
    /// Claims partitions and starts their lanes; returns where to fetch from. One that cannot be claimed safely is left out, and the failure reported.
    fn take(&self, consumer: &BaseConsumer<Self>, numbers: &[i32]) -> TopicPartitionList {
        let mut assigned = TopicPartitionList::new();
        let until = Instant::now() + CLAIM_TIME;
        for number in numbers {
            self.fenced.lock().expect("no panic under this lock").remove(number);
            match self.claim(consumer, *number, until) {
                Ok((lane, offset)) => {
                    let added = assigned.add_partition_offset(&self.topic, *number, Offset::Offset(offset));
                    added.expect("an offset is not negative");
                    let slot = Slot {
                        position: offset,
                        recognise_until: (offset < lane.committed.load(Ordering::Acquire))
                            .then(|| Instant::now() + RECOGNISE_TIME),
                        lane,
                        pending: RawBatch::new(Arc::clone(&self.under_way)),
                        opened: Instant::now(),
                        paused: false,
                        at_end: false,
                    };
                    self.slots.lock().expect("no panic under this lock").insert(*number, slot);
                }
                Err(error) => {
                    // Without the receiver the process is ending anyway.
                    let _ = self.failures.send(error);
                }
            }
        }
        assigned
    }

    /// The claim in Postgres, tried for a while: Postgres may be away just now, and whoever waits for it waits here too.
    fn claimed(&self, number: i32, low: i64, until: Instant) -> Result<Claim, StoreError> {
        loop {
            let claim = streams::claim(&self.shared.store, self.stream, number, &self.instance, low);
            match self.runtime.block_on(claim) {
                Err(error) if error.is_unavailable() && Instant::now() < until => {
                    tracing::warn!(partition = number, %error, "the partition cannot be claimed yet; trying again");
                    std::thread::sleep(CLAIM_RETRY);
                }
                claim => return claim,
            }
        }
    }

    fn claim(&self, consumer: &BaseConsumer<Self>, number: i32, until: Instant) -> anyhow::Result<(Lane, i64)> {
        let (low, _) = consumer.fetch_watermarks(&self.topic, number, KAFKA_TIMEOUT)?;
        let claim = self.claimed(number, low, until)?;
        if claim.next_offset < low {
            anyhow::bail!(
                "partition {number} of topic {}: Postgres stands at offset {}, but the broker's log begins at {low}: retention removed records that were not \
                 charged. Restore them, or advance the position knowingly.",
                self.topic,
                claim.next_offset
            );
        }
        // The record before the position is read once more, to recognise the topic by it.
        let from = if claim.last_digest.is_some() && claim.next_offset > low {
            claim.next_offset - 1
        } else {
            claim.next_offset
        };
        let _inside = self.runtime.enter();
        Ok((lane::start(Arc::clone(&self.shared), claim), from))
    }

    /// Ends the lanes of partitions that go to somebody else. Batches under way finish, unless the new owner's claim fences them.
    fn give_up(&self, numbers: &[i32]) {
        for number in numbers {
            self.fenced.lock().expect("no panic under this lock").remove(number);
            let slot = self.slots.lock().expect("no panic under this lock").remove(number);
            if let Some(slot) = slot {
                tracing::info!(partition = number, "partition given up");
                drop(slot.lane.batches);
                let finished = self
                    .runtime
                    .block_on(async { tokio::time::timeout(Duration::from_secs(20), slot.lane.done).await });
                if finished.is_err() {
                    tracing::warn!(partition = number, "the lane did not end in time; the new owner fences it");
                }
            }
        }
    }
}

/// The failure of a topic that ends before our position.
pub(super) fn lost(topic: &str, partition: i32, position: i64) -> anyhow::Error {
    anyhow::anyhow!(
        "partition {partition} of topic {topic}: Postgres stands at offset {position}, but the broker's log ends before it: the broker lost records or the \
         topic was made anew. Nothing was charged. Use a topic of another name, or restore the broker."
    )
}

/// The running consumer.
pub struct ConsumerHandle {
    consumer: Arc<BaseConsumer<Context>>,
    slots: Slots,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
    topic: String,
    stream: StreamId,
}

/// Failures that need a person.
pub struct Failures(mpsc::UnboundedReceiver<anyhow::Error>);

impl Failures {
    /// Resolves with the first one.
    pub async fn first(&mut self) -> anyhow::Error {
        self.0.recv().await.unwrap_or_else(|| anyhow::anyhow!("the consumer ended"))
    }
}

/// What others may see of the consumer.
#[derive(Clone)]
pub struct Watch {
    consumer: Arc<BaseConsumer<Context>>,
    slots: Slots,
    topic: String,
    stream: StreamId,
}

/// Starts consuming.
pub fn start(
    shared: Arc<Shared>,
    stream: StreamId,
    options: ConsumerOptions,
) -> anyhow::Result<(ConsumerHandle, Failures)> {
    let (sender, failures) = mpsc::unbounded_channel();
    let slots: Slots = Arc::default();
    let under_way = Arc::new(UnderWay::up_to(options.under_way_bytes));
    let context = Context {
        shared,
        stream,
        topic: options.topic.clone(),
        instance: options.instance.clone().unwrap_or_else(|| format!("process {}", std::process::id())),
        runtime: Handle::current(),
        slots: Arc::clone(&slots),
        under_way: Arc::clone(&under_way),
        joined: AtomicBool::new(false),
        fenced: Mutex::default(),
        failures: sender.clone(),
    };
    let mut config = ClientConfig::new();
    config
        .set("bootstrap.servers", &options.brokers)
        .set("group.id", &options.group)
        .set("session.timeout.ms", options.session_ms.to_string())
        .set("heartbeat.interval.ms", (options.session_ms / 4).to_string())
        .set("max.poll.interval.ms", "300000")
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        .set("auto.offset.reset", "error")
        .set("enable.partition.eof", "true")
        .set("allow.auto.create.topics", "false")
        .set("isolation.level", "read_committed")
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("group.protocol", "classic")
        .set("fetch.message.max.bytes", "1048576")
        .set("queued.max.messages.kbytes", "8192")
        .set("fetch.queue.backoff.ms", "50");
    if let Some(instance) = &options.instance {
        config.set("group.instance.id", instance);
    }
    let consumer: Arc<BaseConsumer<Context>> = Arc::new(config.create_with_context(context)?);
    consumer.subscribe(&[&options.topic])?;
    let stop = Arc::new(AtomicBool::new(false));
    let thread = std::thread::Builder::new().name("kafka".into()).spawn({
        let poller = Poller {
            consumer: Arc::clone(&consumer),
            slots: Arc::clone(&slots),
            options: options.clone(),
            under_way,
            failures: sender,
        };
        let stop = Arc::clone(&stop);
        move || poller.run(&stop)
    })?;
    Ok((
        ConsumerHandle { consumer, slots, stop, thread: Some(thread), topic: options.topic, stream },
        Failures(failures),
    ))
}

impl ConsumerHandle {
    /// What others may see.
    pub fn watch(&self) -> Watch {
        Watch {
            consumer: Arc::clone(&self.consumer),
            slots: Arc::clone(&self.slots),
            topic: self.topic.clone(),
            stream: self.stream,
        }
    }

    /// Resolves when everything that is in the topic is charged and delivered: every partition has been claimed by somebody and stands at the end that the
    /// broker names, and of our own ones nothing is left to fetch or to commit.
    pub async fn reach_end(&self, shared: &Arc<Shared>, stream: StreamId) -> anyhow::Result<()> {
        let watch = self.watch();
        let ends = tokio::task::spawn_blocking(move || watch.log_ends()).await??;
        tracing::info!(partitions = ends.len(), "stopping at the end of the topic");
        loop {
            let positions = streams::progress(&shared.store).await?;
            let reached = ends.iter().filter(|(_, low, high)| high > low).all(|(number, _, high)| {
                positions.iter().any(|position| {
                    position.stream == stream && position.partition == *number && position.next_offset >= *high
                })
            });
            if reached && self.is_drained() && streams::outbox_bytes(&shared.store).await? == 0 {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Whether the group has given us our share, and nothing of it is left.
    fn is_drained(&self) -> bool {
        let joined = self.consumer.context().joined.load(Ordering::Acquire);
        joined && self.slots.lock().expect("no panic under this lock").values().all(Slot::is_drained)
    }

    /// Takes no more records, and waits for what is under way.
    pub async fn stop(mut self) -> anyhow::Result<()> {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            tokio::task::spawn_blocking(move || thread.join())
                .await?
                .map_err(|_| anyhow::anyhow!("the consumer thread broke an invariant"))?;
        }
        self.watch().commit_positions();
        let slots: Vec<Slot> =
            self.slots.lock().expect("no panic under this lock").drain().map(|(_, slot)| slot).collect();
        for slot in slots {
            drop(slot.lane.batches);
            slot.lane.done.await??;
        }
        Ok(())
    }
}

impl Drop for ConsumerHandle {
    /// Whoever forgets to stop it still ends the thread.
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
    }
}

impl Watch {
    /// The stream that is consumed.
    pub const fn stream(&self) -> StreamId {
        self.stream
    }

    /// (partition, log begin, log end as the broker names it) of the whole topic.
    pub fn log_ends(&self) -> Result<Vec<(i32, i64, i64)>, KafkaError> {
        let metadata = self.consumer.fetch_metadata(Some(&self.topic), KAFKA_TIMEOUT)?;
        let mut ends = Vec::new();
        for topic in metadata.topics() {
            for partition in topic.partitions() {
                let (low, high) = self.consumer.fetch_watermarks(&self.topic, partition.id(), KAFKA_TIMEOUT)?;
                ends.push((partition.id(), low, high));
            }
        }
        Ok(ends)
    }

    /// (partition, committed offset, log end) of the partitions that are ours. The log end is where the broker has nothing more; while it still sends, it is
    /// at least what the broker names, and beyond what it has sent.
    pub fn positions(&self) -> Vec<(i32, i64, i64)> {
        let own: Vec<(i32, i64, i64, bool)> = {
            let slots = self.slots.lock().expect("no panic under this lock");
            slots.iter().map(|(number, slot)| (*number, slot.committed(), slot.position, slot.at_end)).collect()
        };
        let named =
            |number| self.consumer.fetch_watermarks(&self.topic, number, KAFKA_TIMEOUT).map_or(0, |(_, high)| high);
        own.into_iter()
            .map(|(number, committed, position, at_end)| {
                (number, committed, if at_end { position } else { named(number).max(position + 1) })
            })
            .collect()
    }

    /// Tells Kafka where we stand, for dashboards of lag.
    pub fn commit_positions(&self) {
        let mut list = TopicPartitionList::new();
        for (number, slot) in self.slots.lock().expect("no panic under this lock").iter() {
            let offset = Offset::Offset(slot.committed());
            let _ = list.add_partition_offset(&self.topic, *number, offset);
        }
        if list.count() > 0
            && let Err(error) = self.consumer.commit(&list, CommitMode::Async)
        {
            tracing::debug!(%error, "kafka did not take the positions; dashboards lag, nothing else");
        }
    }
}
