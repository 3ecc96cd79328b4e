//! The commit of a portion.
//!
//! Owns: the transaction of a portion and what this process learns from it; the delivery of its rows.
//! Does not own: the statements (`billing`).
//! Always: under the gate and the commit lock of batches; a COMMIT whose answer is lost is settled by the position.

use std::sync::Arc;

use billing::rework::{Claimed, PortionRefused, PortionWrite};
use billing::streams::{self, BatchTx, BatchWrite, IdentityBlob, Resolved, WriteError};
use billing::{Clock, StoreError, SystemClock};

use super::{Prepared, Trouble};
use crate::charge::instant;
use crate::clickhouse::deliver::deliver;
use crate::stream::commit::catch_up;
use crate::stream::delivery::{delete, resend};
use crate::stream::lane::parcel;
use crate::stream::service::Shared;

/// What became of a portion.
pub(super) enum Committed {
    /// It has its effects.
    Yes,
    /// What it was made from has changed: it is to be prepared anew.
    Again,
    /// Somebody else goes on with the job.
    Fenced,
}

/// Commits portion `n` of a job and delivers its rows.
pub(super) async fn commit(
    shared: &Arc<Shared>,
    claimed: &Claimed,
    n: i64,
    prepared: Prepared,
) -> Result<Committed, Trouble> {
    let claim = &claimed.claim;
    let (known, done) = {
        let _gate = shared.gate.lock().await;
        match write(shared, claimed, n, &prepared).await {
            Ok(Some(known)) => (known, prepared),
            Ok(None) | Err(PortionRefused::Outdated | PortionRefused::Batch(WriteError::LongCallsMoved)) => {
                return Ok(Committed::Again);
            }
            Err(PortionRefused::Batch(WriteError::Fenced { .. })) => return Ok(Committed::Fenced),
            Err(PortionRefused::Batch(WriteError::PeriodClosed)) => {
                shared.live.refresh_periods(&shared.store).await?;
                return Ok(Committed::Again);
            }
            Err(PortionRefused::Batch(WriteError::CountersMoved)) => {
                shared.counters.refresh(&shared.store, &prepared.moves.counters).await?;
                return Ok(Committed::Again);
            }
            Err(PortionRefused::Batch(WriteError::NumbersMoved)) => {
                let unread = || Trouble::Later("a number moved, and the catalogue cannot be read".to_owned());
                return shared.live.reach(&shared.store).await?.then_some(Committed::Again).ok_or_else(unread);
            }
            Err(PortionRefused::Batch(WriteError::Store(error))) => return Err(error.into()),
        }
    };
    if !known {
        resend(shared, claim.stream, claim.partition).await.map_err(|error| Trouble::Later(format!("{error:#}")))?;
        return Ok(Committed::Yes);
    }
    for part in done.assembled.parts {
        let id = part.id;
        deliver(&shared.clickhouse, &parcel(part), false).await.map_err(|error| Trouble::Later(error.to_string()))?;
        delete(shared, &[id]).await;
    }
    Ok(Committed::Yes)
}

/// Writes a portion: `Some(whether the server said so)` when it is committed, `None` when it is to be prepared anew.
async fn write(
    shared: &Arc<Shared>,
    claimed: &Claimed,
    n: i64,
    prepared: &Prepared,
) -> Result<Option<bool>, PortionRefused> {
    let now = SystemClock.now();
    let mut tx = BatchTx::begin(&shared.store).await?;
    catch_up(shared, &mut tx, now.timestamp_millis()).await?;
    let was_seen = {
        let seen = shared.seen.read().expect("no panic under this lock");
        prepared.unseen.iter().any(|identity| seen.contains(identity))
    };
    if was_seen {
        return Ok(None);
    }
    let removed = prepared.removed.concat();
    let given_back: Vec<_> = prepared.given_back.iter().map(|(key, added)| (*key, *added)).collect();
    let assembled = &prepared.assembled;
    let newest_end = instant(assembled.newest_end_ms);
    let batch = BatchWrite {
        from_offset: n,
        next_offset: n + 1,
        last_digest: vec![0; 16],
        resolved: Resolved {
            version: shared.live.past_refused(prepared.resolved.version),
            numbers: &prepared.resolved.numbers,
        },
        read_up_to: now,
        usage: &assembled.usage,
        identities: &assembled.identities,
        newest_end,
        suspense: &assembled.suspense,
        counters: &prepared.moves.counters,
        non_target: &assembled.non_target,
        long_calls: &prepared.moves.long_calls,
        revisions: &prepared.moves.revisions,
        // What is charged after all may still have a hold: it goes when it is overdue.
        ended: &[],
        outbox: &assembled.parts,
    };
    let portion = PortionWrite {
        batch,
        settled: &prepared.settled,
        revisions: &prepared.revisions,
        removed: &removed,
        given_back: &given_back,
        differences: &prepared.differences,
        counts: &prepared.counts,
    };
    let blobs = tx.write_portion(claimed, &portion, now).await?;
    let said_so = match tx.commit().await? {
        streams::Committed::Yes => true,
        streams::Committed::Unknown if took_effect(shared, claimed, n).await? => false,
        streams::Committed::Unknown => return Ok(None),
    };
    {
        let mut seen = shared.seen.write().expect("no panic under this lock");
        if let Some(id) = blobs.remembered {
            let keys = assembled.identities.clone();
            seen.insert(&IdentityBlob { id, newest_end, keys, removal: false }, now.timestamp_millis());
        }
        if let Some(id) = blobs.forgotten {
            seen.insert(&IdentityBlob { id, newest_end, keys: removed, removal: true }, now.timestamp_millis());
        }
    }
    shared.counters.moved(&prepared.moves.counters, now.date_naive());
    shared.counters.reread(&shared.store, given_back.into_iter().map(|(key, _)| key).collect()).await?;
    Ok(Some(said_so))
}

/// Whether a COMMIT whose answer was lost took effect. The server may still be at it: its transaction holds the commit lock until it is done.
async fn took_effect(shared: &Shared, claimed: &Claimed, n: i64) -> Result<bool, StoreError> {
    let _after_it = BatchTx::begin(&shared.store).await?;
    let (_, next_offset) = streams::position(&shared.store, claimed.claim.stream, claimed.claim.partition).await?;
    Ok(next_offset > n)
}
