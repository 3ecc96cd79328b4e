//! The lane of a partition: rate, commit, deliver, each batch in order.
//!
//! Owns: the tasks of one claimed partition and their hand-over; recognising the topic by the record before the position; what of a batch is
//! rated again.
//! Does not own: how a batch is committed (`commit`) and delivered (`delivery`).
//! Always: while one batch is committed, the next is rated and the former delivered; a lane that is fenced stops and changes nothing more.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Instant;

use billing::streams::{Claim, OutboxPart};
use rustc_hash::FxHashSet;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tracing::{Instrument, Span};

use super::batch::{RawBatch, RawRecord};
use super::commit::{Again, Lessons, Prepared, Refusal, commit, ids_of};
use super::counting::{Known, Tentative};
use super::counts::{count, observe};
use super::delivery;
use super::service::Shared;
use crate::assemble::assemble;
use crate::charge::{Arena, Identity, Located, record_digest};
use crate::clickhouse::deliver::Parcel;
use crate::clickhouse::row::{BatchRow, Place};
use crate::counters::{Moves, Standings};
use crate::decode::Sources;
use crate::stages::{self, Context, fallback_source};
use crate::traces::{self, stage};

/// A running lane, as the consumer sees it.
pub struct Lane {
    /// Where batches go in; dropping it ends the lane when all is done.
    pub batches: mpsc::Sender<RawBatch>,
    /// Offset up to which everything is committed.
    pub committed: Arc<AtomicI64>,
    /// Ends when the lane has delivered all it committed.
    pub done: JoinHandle<anyhow::Result<()>>,
}

/// Starts the lane of a claimed partition.
pub fn start(shared: Arc<Shared>, claim: Claim) -> Lane {
    let (batches, raw) = mpsc::channel(1);
    let committed = Arc::new(AtomicI64::new(claim.next_offset));
    let done = tokio::spawn(run(shared, claim, raw, Arc::clone(&committed)));
    Lane { batches, committed, done }
}

async fn run(
    shared: Arc<Shared>,
    claim: Claim,
    mut raw: mpsc::Receiver<RawBatch>,
    committed: Arc<AtomicI64>,
) -> anyhow::Result<()> {
    let (stream, partition) = (claim.stream, claim.partition);
    let sent = delivery::resend(&shared, stream, partition).await?;
    tracing::info!(partition, next_offset = claim.next_offset, epoch = claim.epoch, resent = sent, "partition claimed");
    let (to_deliver, deliveries) = delivery::channel();
    let mut delivering = tokio::spawn(deliveries.run(Arc::clone(&shared), partition));
    let (to_commit, mut rated) = mpsc::channel::<(Arc<RawBatch>, Prepared, Span)>(1);
    let tentative = Tentative::default();
    let rating_task = tokio::spawn({
        let (shared, claim, tentative) = (Arc::clone(&shared), claim.clone(), tentative.clone());
        async move {
            let mut expected = claim.last_digest.clone();
            let mut from = claim.next_offset;
            while let Some(mut batch) = raw.recv().await {
                recognise(&claim, &mut batch, &mut expected)?;
                let Some((_, next)) = batch.offsets() else { continue };
                let span = traces::batch(claim.partition, from, batch.len());
                let batch = Arc::new(batch);
                let work = Work::on(&shared, &claim, &tentative, &batch);
                let prepared = work.rate(from, None, Lessons::default()).instrument(stage!(&span, "rate")).await?;
                from = next;
                if to_commit.send((batch, prepared, span)).await.is_err() {
                    break;
                }
            }
            anyhow::Ok(())
        }
    });
    loop {
        let (batch, mut prepared, span) = tokio::select! {
            next = rated.recv() => match next {
                Some(next) => next,
                None => break,
            },
            // It ends by itself only when it cannot go on: then nothing more is committed either.
            ended = &mut delivering => return Ok(ended??),
        };
        shared.wait_for_outbox().await;
        loop {
            let started = Instant::now();
            match commit(&shared, &claim, &mut prepared).instrument(stage!(&span, "commit")).await {
                Ok(()) => {
                    observe("commit", started);
                    break;
                }
                Err(Refusal::Fenced(problem)) => {
                    tracing::warn!(partition, "{problem}; this process leaves it alone");
                    rated.close();
                    rating_task.abort();
                    drop(to_deliver);
                    return Ok(delivering.await??);
                }
                Err(Refusal::Failed(error)) => {
                    return Err(anyhow::Error::from(error).context(format!(
                        "partition {partition}: Postgres refuses the batch at offset {}, and would refuse it again. Nothing of it was charged, and \
                         nothing after it is read until the cause is removed",
                        prepared.from_offset
                    )));
                }
                Err(Refusal::RateAgain(again, lessons)) => {
                    tentative.refused(&prepared.moves.counters, &prepared.arena);
                    let work = Work::on(&shared, &claim, &tentative, &batch);
                    let again = Some((again, prepared.arena));
                    prepared =
                        work.rate(prepared.from_offset, again, lessons).instrument(stage!(&span, "rate")).await?;
                }
            }
        }
        tentative.committed(&prepared.moves.counters, &prepared.arena);
        committed.store(prepared.summary.next_offset, Ordering::Release);
        count(&prepared, shared.live.snapshot().sources());
        let mut parts = std::mem::take(&mut prepared.assembled.parts);
        // The row in `batches` has the highest identifier: what it says is complete has been delivered before it.
        parts.sort_unstable_by_key(|part| part.id);
        tracing::info!(
            partition,
            from_offset = prepared.from_offset,
            next_offset = prepared.summary.next_offset,
            parts = parts.len(),
            legs = prepared.arena.legs.len(),
            "batch committed"
        );
        let raw_bytes = parts.iter().map(|part| part.raw_bytes).sum();
        let parcels = parts.into_iter().map(parcel).collect();
        to_deliver.send(&shared, parcels, raw_bytes, prepared.summary.next_offset, span);
    }
    drop(to_deliver);
    rating_task.await??;
    Ok(delivering.await??)
}

/// The first record of a claimed partition is the one before its position: the same bytes as before, or the topic is another one.
fn recognise(claim: &Claim, batch: &mut RawBatch, expected: &mut Option<Vec<u8>>) -> anyhow::Result<()> {
    let Some(digest) = expected.take() else { return Ok(()) };
    let Some(first) = batch.records().first() else { return Ok(()) };
    if first.offset != claim.next_offset - 1 {
        if first.offset == claim.next_offset {
            tracing::warn!(
                partition = claim.partition,
                "the record before the position is no longer retained; the topic cannot be recognised by it"
            );
            return Ok(());
        }
        anyhow::bail!(
            "partition {}: Postgres stands at offset {}, but the broker goes on at {}: records between them are lost to this topic. Nothing was charged. \
             Use a new topic, or restore the old one.",
            claim.partition,
            claim.next_offset,
            first.offset
        );
    }
    if record_digest(batch.payload(first))[..] != digest[..] {
        anyhow::bail!(
            "partition {}: the record at offset {} is not the one that was charged: the topic was made anew under the same name. Nothing was charged. \
             Use a topic of another name.",
            claim.partition,
            first.offset
        );
    }
    batch.drop_first();
    Ok(())
}

/// Records that went through the stages.
struct Charged {
    arena: Arena,
    moves: Moves,
    calls_asked: Vec<Identity>,
}

/// A batch to be rated, and what is needed for it.
#[derive(Clone)]
struct Work {
    shared: Arc<Shared>,
    claim: Claim,
    tentative: Tentative,
    batch: Arc<RawBatch>,
}

impl Work {
    fn on(shared: &Arc<Shared>, claim: &Claim, tentative: &Tentative, batch: &Arc<RawBatch>) -> Self {
        let (shared, batch) = (Arc::clone(shared), Arc::clone(batch));
        Self { shared, claim: claim.clone(), tentative: tentative.clone(), batch }
    }

    /// Rates the batch, or what of it has to be rated again, and adds it up.
    async fn rate(&self, from: i64, again: Option<(Again, Arena)>, mut lessons: Lessons) -> anyhow::Result<Prepared> {
        let mut charged = match again {
            Some((Again::Counted, arena)) => self.charge_counted(arena, &lessons).await?,
            Some((Again::Everything, _)) | None => self.charge_all(&lessons).await?,
        };
        // What is known of calls that come in parts is read when it is known which calls these are.
        if lessons.long_calls.is_empty() && !charged.calls_asked.is_empty() {
            self.tentative.refused(&charged.moves.counters, &charged.arena);
            lessons = lessons.with_calls(&self.shared, &charged.calls_asked).await?;
            charged = self.charge_counted(charged.arena, &lessons).await?;
        }
        let ids = self.shared.reserve_ids_for(self.batch.len() * 2).await?;
        self.off_the_threads(move |work| work.prepare(from, charged, lessons, ids)).await
    }

    /// Does something long off the runtime's threads.
    async fn off_the_threads<T: Send + 'static>(
        &self,
        long: impl FnOnce(&Self) -> T + Send + 'static,
    ) -> anyhow::Result<T> {
        let work = self.clone();
        Ok(tokio::task::spawn_blocking(move || long(&work)).await?)
    }

    /// Takes every record through the stages.
    async fn charge_all(&self, lessons: &Lessons) -> anyhow::Result<Charged> {
        let lessons = lessons.clone();
        self.off_the_threads(move |work| {
            let arena = Arena::for_records(work.batch.len(), work.batch.byte_len());
            work.charge(work.batch.records(), &lessons, arena)
        })
        .await
    }

    /// Takes only the records through the stages again whose legs are counted: the price of no other leg depends on legs before it.
    async fn charge_counted(&self, mut arena: Arena, lessons: &Lessons) -> anyhow::Result<Charged> {
        let lessons = lessons.clone();
        self.off_the_threads(move |work| {
            let counted: FxHashSet<i64> = arena.counted_offsets().collect();
            let records = work.batch.records().iter().filter(|record| counted.contains(&record.offset));
            let again = work.charge(records, &lessons, Arena::default());
            arena.replace(&counted, again.arena);
            Charged { arena, ..again }
        })
        .await
    }

    /// Adds up what was charged, repeats left out as far as they are known.
    fn prepare(&self, from_offset: i64, charged: Charged, lessons: Lessons, ids: Vec<i64>) -> Prepared {
        let started = Instant::now();
        let Charged { arena, moves, calls_asked } = charged;
        let records = self.batch.records();
        let read_up_to_ms = records.iter().map(|record| record.timestamp_ms).max().unwrap_or(0).max(0);
        let (_, next_offset) = self.batch.offsets().expect("a batch that is rated has records");
        let last = records.last().expect("a batch that is rated has records");
        let place = self.place(from_offset);
        let summary = BatchRow { place, next_offset, records: self.batch.len() as u32, legs: [0; 4], read_up_to_ms };
        let mut marks = self.shared.seen.read().expect("no panic under this lock").mark(&arena.legs);
        arena.legs.iter().zip(&mut marks).for_each(|(leg, mark)| *mark |= leg.is_repeated_part());
        let assembled = assemble(&arena, &marks, summary, &mut ids_of(ids));
        observe("assemble", started);
        let last_digest = record_digest(self.batch.payload(last));
        Prepared { arena, assembled, marks, summary, from_offset, last_digest, moves, calls_asked, lessons }
    }

    const fn place(&self, offset: i64) -> Place {
        Place { stream: self.claim.stream.0 as u32, partition: self.claim.partition, offset }
    }

    /// Takes records through the stages; tells the lane where that leads its counters.
    fn charge<'b>(
        &'b self,
        records: impl IntoIterator<Item = &'b RawRecord>,
        lessons: &Lessons,
        mut arena: Arena,
    ) -> Charged {
        let started = Instant::now();
        let shared = &*self.shared;
        let snapshot = shared.live.snapshot();
        let periods = shared.live.periods();
        let fallback = fallback_source(&snapshot);
        let sources = Sources::new(snapshot.sources(), &fallback);
        let context = Context {
            snapshot: &snapshot,
            sources: &sources,
            periods: &periods,
            now_ms: shared.now_ms(),
            window_ms: shared.window_ms,
            forgotten_up_to_ms: shared.seen.read().expect("no panic under this lock").forgotten_up_to_ms(),
            late_lookup_failed: lessons.late_lookup_failed,
        };
        let known = Known {
            committed: &shared.counters,
            tentative: &self.tentative,
            seen: &shared.seen,
            repeats: &lessons.repeats,
            long_calls: &lessons.long_calls,
        };
        let mut standings = Standings::after(&known);
        let records = records.into_iter().map(|record| {
            let (bytes, place) = (self.batch.payload(record), self.place(record.offset));
            Located {
                bytes,
                place,
                received_ms: record.timestamp_ms,
                header: self.batch.source(record),
                import_id: record.import_id,
                correction: None,
            }
        });
        stages::run(&context, records, &mut standings, &mut arena);
        let moves = standings.moves();
        self.tentative.lead_to(&moves.counters, standings.counted());
        observe("rate", started);
        Charged { arena, moves, calls_asked: standings.calls_asked() }
    }
}

/// What is delivered of a part.
pub(crate) fn parcel(part: OutboxPart) -> Parcel {
    Parcel {
        id: part.id,
        target: part.target.to_owned(),
        rows: part.rows,
        first_at: part.first_at,
        last_at: part.last_at,
        body: part.body.into(),
    }
}
