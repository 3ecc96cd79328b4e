//! The execution of jobs, one after another.
//!
//! Owns: taking a job over, its cut, counting its portions, going through them, its end.
//! Does not own: what a portion does (`recycle`, `rerate`, `rollback`), its commit (`commit`).
//! Always: a job begins when everything that was charged before it was begun is in ClickHouse; what an owner leaves half done the next one goes on with.

use std::sync::Arc;
use std::time::Duration;

use billing::rework::{self, Claimed, Kind, Portion, PortionOf, RollbackScope, Scope};
use billing::streams::{self, StreamId};
use billing::{Clock, SystemClock};
use chrono::{DateTime, Utc};
use tracing::Instrument;

use super::charges::{self, ChargesOf};
use super::commit::{Committed, commit};
use super::{Prepared, Trouble, recycle, rerate, rollback};
use crate::stream::delivery::resend;
use crate::stream::service::Shared;
use crate::traces;

/// Time between two signs of life.
const BEAT: Duration = Duration::from_secs(5);
/// How often a portion is prepared anew because something moved meanwhile.
const TRIES: u32 = 100;
/// Entries of suspense in a portion.
const ENTRIES: i64 = 2_000;
/// Pause where there is nothing to do, or something to wait for.
const PAUSE: Duration = Duration::from_secs(1);

/// Executes jobs for ever.
pub async fn follow(shared: Arc<Shared>) {
    let owner = owner();
    loop {
        match next(&shared, &owner).await {
            Ok(true) => {}
            Ok(false) => tokio::time::sleep(PAUSE).await,
            Err(error) => {
                tracing::warn!("a job does not go on: {error:#}; trying again");
                tokio::time::sleep(PAUSE * 5).await;
            }
        }
    }
}

/// Executes every job that waits, then ends; gives how many there were.
///
/// # Errors
/// What keeps a job from going on now: an engine that is away.
pub async fn run_waiting(shared: &Arc<Shared>) -> anyhow::Result<usize> {
    let owner = owner();
    let mut count = 0;
    while next(shared, &owner).await? {
        count += 1;
    }
    Ok(count)
}

/// A name that no other executor has.
fn owner() -> String {
    format!("rework-{}-{}", std::process::id(), SystemClock.now().timestamp_micros())
}

/// Executes one job, if one waits.
async fn next(shared: &Arc<Shared>, owner: &str) -> anyhow::Result<bool> {
    let Some(claimed) = rework::claim_next(&shared.store, owner, SystemClock.now()).await? else { return Ok(false) };
    let job = &claimed.job;
    tracing::info!(
        job = job.id,
        kind = job.kind.as_str(),
        dry_run = job.dry_run,
        portion = claimed.claim.next_offset,
        "job taken over"
    );
    let beating = tokio::spawn(keep_alive(Arc::clone(shared), job.id, owner.to_owned()));
    let work = tokio::spawn({
        let (shared, claimed, owner) = (Arc::clone(shared), claimed.clone(), owner.to_owned());
        async move { go_through(&shared, &claimed, &owner).await }
    });
    // A broken invariant ends the job, not the jobs after it.
    let ended = work.await.unwrap_or_else(|panicked| Err(Trouble::Hopeless(format!("an invariant broke: {panicked}"))));
    beating.abort();
    match ended {
        Ok(true) => {
            rework::finish(&shared.store, job, owner, SystemClock.now()).await?;
            tracing::info!(job = job.id, "pass of the job finished");
        }
        Ok(false) => tracing::info!(job = job.id, "the job was cancelled, or somebody else goes on with it"),
        Err(Trouble::Hopeless(problem)) => {
            tracing::error!(job = job.id, "the job fails: {problem}");
            rework::fail(&shared.store, job.id, owner, &problem, SystemClock.now()).await?;
        }
        Err(Trouble::Later(problem)) => anyhow::bail!("job {}: {problem}", job.id),
    }
    Ok(true)
}

/// Says that the owner is at it, however long a portion takes.
async fn keep_alive(shared: Arc<Shared>, job: i64, owner: String) {
    loop {
        tokio::time::sleep(BEAT).await;
        if let Err(error) = rework::beat(&shared.store, job, &owner, SystemClock.now()).await {
            tracing::warn!(job, %error, "the job's sign of life was not written");
        }
    }
}

/// Goes through the portions that are left; `false` when the job is not ours to go on with.
async fn go_through(shared: &Arc<Shared>, claimed: &Claimed, owner: &str) -> Result<bool, Trouble> {
    let (job, claim) = (&claimed.job, &claimed.claim);
    for (stream, partition) in rework::undelivered(&shared.store).await? {
        resend(shared, stream, partition).await.map_err(|error| Trouble::Later(format!("{error:#}")))?;
    }
    if !wait_for_cut(shared, claimed, owner).await? {
        return Ok(false);
    }
    let import = match &job.scope {
        Scope::Import(scope) => Some(Import::of(shared, scope).await?),
        Scope::Suspense(_) | Scope::Charges(_) => None,
    };
    if job.portions.is_none() {
        let portions = count_portions(shared, claimed, import.as_ref()).await?;
        rework::set_portions(&shared.store, job.id, &portions).await?;
    }
    let (mut n, mut tries) = (claim.next_offset, 0);
    while let Some(portion) = rework::portion(&shared.store, job.id, n).await? {
        if !rework::beat(&shared.store, job.id, owner, SystemClock.now()).await? {
            return Ok(false);
        }
        let span = traces::portion(job.id, job.kind.as_str(), n);
        let done = async {
            let prepared = prepare(shared, claimed, portion, import.as_ref()).await?;
            commit(shared, claimed, n, prepared).await
        };
        match done.instrument(span).await? {
            Committed::Yes => (n, tries) = (n + 1, 0),
            Committed::Again if tries < TRIES => {
                tries += 1;
                tokio::time::sleep(PAUSE / 5).await;
            }
            Committed::Again => {
                return Err(Trouble::Hopeless(format!(
                    "portion {n} is outdated whenever it is committed; file the job anew"
                )));
            }
            Committed::Fenced => return Ok(false),
        }
    }
    Ok(true)
}

/// Waits until ClickHouse has everything that was charged before this pass of the job was begun, and the catalogue is as new as the job.
async fn wait_for_cut(shared: &Shared, claimed: &Claimed, owner: &str) -> Result<bool, Trouble> {
    let job = &claimed.job;
    loop {
        let oldest: Option<DateTime<Utc>> = streams::oldest_waiting(&shared.store).await?;
        let delivered = oldest.is_none_or(|oldest| job.started_at.is_some_and(|started| oldest > started));
        // Re-rating reads the catalogue of its version itself.
        let in_force = job.kind != Kind::Recycle || shared.live.snapshot().version as i64 >= job.catalogue_version;
        if delivered && in_force {
            return Ok(true);
        }
        if !rework::beat(&shared.store, job.id, owner, SystemClock.now()).await? {
            return Ok(false);
        }
        tokio::time::sleep(PAUSE / 4).await;
    }
}

/// An import as rows name it.
struct Import {
    place: Option<(StreamId, i32, i64, i64)>,
    id: Option<u64>,
}

impl Import {
    async fn of(shared: &Shared, scope: &RollbackScope) -> Result<Self, Trouble> {
        match scope {
            RollbackScope::Import(id) => Ok(Self { place: None, id: Some(*id) }),
            RollbackScope::Place(place) => {
                let stream = rework::stream_of(&shared.store, &place.cluster, &place.topic).await?;
                let stream = stream.ok_or_else(|| Trouble::Hopeless(format!("topic {} is gone", place.topic)))?;
                Ok(Self { place: Some((stream, place.partition, place.from_offset, place.to_offset)), id: None })
            }
        }
    }

    const fn charges(&self) -> ChargesOf<'static> {
        match (self.place, self.id) {
            (Some((stream, partition, from, to)), _) => ChargesOf::Place { stream: stream.0, partition, from, to },
            (None, Some(id)) => ChargesOf::Import(id),
            (None, None) => ChargesOf::Import(0),
        }
    }
}

async fn count_portions(shared: &Shared, claimed: &Claimed, import: Option<&Import>) -> Result<Vec<Portion>, Trouble> {
    let mut portions = Vec::new();
    if let Scope::Charges(scope) = &claimed.job.scope {
        let of = charges::of_scope(shared, scope).await?;
        portions.extend(charges::portions(&shared.clickhouse, &of).await?);
    }
    if let Some(import) = import {
        portions.extend(charges::portions(&shared.clickhouse, &import.charges()).await?);
    }
    if claimed.job.kind != Kind::Rerate {
        portions.extend(rework::portion_bounds(&shared.store, &claimed.job.scope, ENTRIES).await?);
    }
    Ok(portions)
}

async fn prepare(
    shared: &Arc<Shared>,
    claimed: &Claimed,
    portion: Portion,
    import: Option<&Import>,
) -> Result<Prepared, Trouble> {
    let job = &claimed.job;
    match (&job.scope, portion.of, import) {
        (Scope::Suspense(scope), _, _) => {
            let entries = rework::suspense_waiting(&shared.store, scope, portion).await?;
            if job.kind == Kind::Discard {
                return recycle::discard(shared, &entries).await;
            }
            recycle::recycle(shared, &entries).await
        }
        (Scope::Charges(scope), ..) => {
            let of = charges::of_scope(shared, scope).await?;
            let charges = charges::read(&shared.store, &shared.clickhouse, &of, portion).await?;
            rerate::rerate(shared, job, scope, charges).await
        }
        (Scope::Import(_), PortionOf::Charges, Some(import)) => {
            let charges = charges::read(&shared.store, &shared.clickhouse, &import.charges(), portion).await?;
            rollback::charges(shared, job, charges).await
        }
        (Scope::Import(_), PortionOf::Suspense, Some(import)) => {
            let entries = rework::suspense_by_place(&shared.store, import.place, import.id, portion).await?;
            rollback::entries(shared, job, &import.charges(), &entries).await
        }
        (Scope::Import(_), _, None) => Err(Trouble::Hopeless("the import of the job is not known".into())),
    }
}
