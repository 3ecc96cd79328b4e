//! The lane of a partition: rate, commit, deliver, each batch in order.
//!
//! Owns: the tasks of one claimed partition and their hand-over; recognising the topic by the record before the position.
//! Does not own: how a batch is committed (`commit`) and delivered (`delivery`).
//! Always: while one batch is committed, the next is rated and the former delivered; a lane that is fenced stops and changes nothing more.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use billing::streams::{Claim, OutboxPart};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::batch::RawBatch;
use super::commit::{Lessons, Prepared, Refusal, commit, ids_of};
use super::counting::{Known, Tentative};
use super::delivery;
use super::service::Shared;
use crate::assemble::assemble;
use crate::charge::{Arena, Located, record_digest};
use crate::clickhouse::deliver::Parcel;
use crate::clickhouse::row::{BatchRow, Place};
use crate::counters::Standings;
use crate::decode::Sources;
use crate::stages::{self, Context, fallback_source};

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
    let (to_commit, mut rated) = mpsc::channel::<(Arc<RawBatch>, Prepared)>(1);
    let tentative = Tentative::default();
    let rating_task = tokio::spawn({
        let (shared, claim, tentative) = (Arc::clone(&shared), claim.clone(), tentative.clone());
        async move {
            let mut expected = claim.last_digest.clone();
            let mut from = claim.next_offset;
            while let Some(mut batch) = raw.recv().await {
                recognise(&claim, &mut batch, &mut expected)?;
                let Some((_, next)) = batch.offsets() else { continue };
                let batch = Arc::new(batch);
                let prepared = rate(&shared, &claim, &tentative, Arc::clone(&batch), from, Lessons::default()).await?;
                from = next;
                if to_commit.send((batch, prepared)).await.is_err() {
                    break;
                }
            }
            anyhow::Ok(())
        }
    });
    loop {
        let (batch, mut prepared) = tokio::select! {
            next = rated.recv() => match next {
                Some(next) => next,
                None => break,
            },
            // It ends by itself only when it cannot go on: then nothing more is committed either.
            ended = &mut delivering => return Ok(ended??),
        };
        shared.wait_for_outbox().await;
        loop {
            match commit(&shared, &claim, &mut prepared).await {
                Ok(()) => break,
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
                Err(Refusal::RateAgain(lessons)) => {
                    tentative.refused(&prepared.moves, &prepared.arena);
                    let from = prepared.from_offset;
                    prepared = rate(&shared, &claim, &tentative, Arc::clone(&batch), from, lessons).await?;
                }
            }
        }
        tentative.committed(&prepared.moves, &prepared.arena);
        committed.store(prepared.summary.next_offset, Ordering::Release);
        count(&prepared);
        let parts = std::mem::take(&mut prepared.assembled.parts);
        tracing::info!(
            partition,
            from_offset = prepared.from_offset,
            next_offset = prepared.summary.next_offset,
            parts = parts.len(),
            legs = prepared.arena.legs.len(),
            "batch committed"
        );
        let raw_bytes = parts.iter().map(|part| part.raw_bytes).sum();
        to_deliver.send(&shared, parts.into_iter().map(parcel).collect(), raw_bytes, prepared.summary.next_offset);
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

/// Rates a batch off the runtime's threads and adds it up, repeats left out as far as they are known.
async fn rate(
    shared: &Arc<Shared>,
    claim: &Claim,
    tentative: &Tentative,
    batch: Arc<RawBatch>,
    from: i64,
    lessons: Lessons,
) -> anyhow::Result<Prepared> {
    let ids = shared.reserve_ids_for(batch.len() * 2).await?;
    let (shared, claim, tentative) = (Arc::clone(shared), claim.clone(), tentative.clone());
    let rating = move || rate_batch(&shared, &claim, &tentative, &batch, from, lessons, ids);
    Ok(tokio::task::spawn_blocking(rating).await?)
}

fn rate_batch(
    shared: &Shared,
    claim: &Claim,
    tentative: &Tentative,
    batch: &RawBatch,
    from: i64,
    lessons: Lessons,
    ids: Vec<i64>,
) -> Prepared {
    let started = std::time::Instant::now();
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
    let known = Known { committed: &shared.counters, tentative, seen: &shared.seen, repeats: &lessons.repeats };
    let mut standings = Standings::after(&known);
    let mut arena = Arena::default();
    arena.legs.reserve(batch.len() + batch.len() / 8);
    arena.rows.reserve(batch.byte_len());
    let place = |offset| Place { stream: claim.stream.0 as u32, partition: claim.partition, offset };
    let mut read_up_to_ms = 0;
    let records = batch.records().iter().map(|record| {
        read_up_to_ms = read_up_to_ms.max(record.timestamp_ms);
        let at =
            Located { bytes: batch.payload(record), place: place(record.offset), received_ms: record.timestamp_ms };
        (at, batch.source(record))
    });
    stages::run(&context, records, &mut standings, &mut arena);
    let moves = standings.moves();
    tentative.lead_to(&moves, standings.counted());
    let (_, next_offset) = batch.offsets().expect("a batch that is rated has records");
    let last = batch.records().last().expect("a batch that is rated has records");
    let summary =
        BatchRow { place: place(from), next_offset, records: batch.len() as u32, legs: [0; 4], read_up_to_ms };
    let marks = shared.seen.read().expect("no panic under this lock").mark(&arena.legs);
    let rated = started.elapsed();
    let assembled = assemble(&arena, &marks, summary, &mut ids_of(ids));
    metrics::histogram!("tollgate_stage_seconds", "stage" => "rate").record(rated.as_secs_f64());
    metrics::histogram!("tollgate_stage_seconds", "stage" => "assemble")
        .record(started.elapsed().saturating_sub(rated).as_secs_f64());
    Prepared {
        arena,
        assembled,
        marks,
        summary,
        from_offset: from,
        last_digest: record_digest(batch.payload(last)),
        moves,
        lessons,
    }
}

fn parcel(part: OutboxPart) -> Parcel {
    Parcel {
        id: part.id,
        target: part.target.to_owned(),
        rows: part.rows,
        first_at: part.first_at,
        last_at: part.last_at,
        body: part.body.into(),
    }
}

fn count(prepared: &Prepared) {
    let counts = &prepared.assembled.counts;
    for outcome in rating::Outcome::ALL {
        let legs = u64::from(crate::assemble::count_of(counts, *outcome));
        metrics::counter!("tollgate_legs_total", "outcome" => outcome.as_str()).increment(legs);
    }
    for entry in &prepared.assembled.suspense {
        metrics::counter!("tollgate_suspended_total", "code" => entry.code.as_str()).increment(1);
    }
    metrics::counter!("tollgate_records_total").increment(u64::from(prepared.summary.records));
}
