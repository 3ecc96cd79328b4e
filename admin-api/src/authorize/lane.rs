//! Lanes: requests that wait are settled together.
//!
//! ```text
//! requests -> the lane of their account -> wait a millisecond for others -> one transaction -> answers
//! ```
//!
//! Owns: the queues, what is gathered, who hears of what.
//! Does not own: what is settled (`billing::holds`).
//! Always: requests of one account wait in one lane, in their order, and lanes do not wait for one another; a queue that is full takes nobody; a request whose
//! caller has gone is not settled, and a grant that nobody heard of is taken back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use billing::StoreError;
use billing::holds::{self, Admission, Ask, Asked, CallKey, Settled, What};
use chrono::{DateTime, Utc};
use rating::authorize::{Refusal, admit};
use rating::rows::AccountId;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::Core;
use super::call::CallRequest;

/// Most requests that are settled together.
const TOGETHER_MAX: usize = 256;
/// Most requests that wait in a lane.
pub(super) const WAITING_MAX: usize = 2_048;
/// How long a request waits for others while no settings are known.
const GATHER: Duration = Duration::from_millis(1);

/// What a request wants.
pub(super) enum Wanted {
    /// A call begins.
    Begin(Ask),
    /// A call goes on, or is over.
    Later(Later),
}

/// A call that has begun before.
pub(super) struct Later {
    pub(super) key: CallKey,
    pub(super) answered_at: Option<DateTime<Utc>>,
    pub(super) wants: Wants,
}

/// What becomes of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wants {
    /// It goes on, up to so many seconds from the answer on; `None`: as many as the setting says beyond those that it has.
    More(Option<u64>),
    /// It is over after so many.
    End(u64),
}

/// What a request hears.
pub(super) enum Heard {
    /// The answer of the books.
    Settled(Settled),
    /// The catalogue does not let the call go on.
    Refused(Refusal),
    /// There is no such call.
    Unknown,
}

/// A request that waits.
pub(super) struct Waiting {
    pub(super) wanted: Wanted,
    pub(super) reply: oneshot::Sender<Reply>,
}

/// What is on its way to who asked.
pub(super) struct Reply {
    pub(super) heard: Heard,
    receipt: Option<Receipt>,
}

impl Reply {
    const fn of(heard: Heard) -> Self {
        Self { heard, receipt: None }
    }

    /// It has arrived.
    pub(super) fn arrived(self) -> Heard {
        if let Some(receipt) = self.receipt {
            receipt.signed();
        }
        self.heard
    }
}

/// A grant that is on its way: one that does not arrive is taken back.
struct Receipt {
    grant: Option<Unheard>,
    unheard: mpsc::Sender<Unheard>,
}

/// A grant that nobody has heard of: the call, who pays for it, and when it was let go.
pub(super) type Unheard = (CallKey, AccountId, DateTime<Utc>);

impl Receipt {
    fn signed(mut self) {
        self.grant = None;
    }
}

impl Drop for Receipt {
    fn drop(&mut self) {
        if let Some(grant) = self.grant.take()
            && self.unheard.try_send(grant).is_err()
        {
            tracing::warn!("a grant that nobody heard of stays until it is overdue: too many wait to be taken back");
        }
    }
}

/// Takes back grants that nobody heard of, for ever.
pub(super) async fn take_back(core: Arc<Core>, mut unheard: mpsc::Receiver<Unheard>) {
    let mut grants = Vec::with_capacity(TOGETHER_MAX);
    while unheard.recv_many(&mut grants, TOGETHER_MAX).await > 0 {
        match holds::forget(&core.store, &grants).await {
            Ok(calls) => {
                core.figures.taken_back.increment(calls);
                tracing::debug!(calls, "grants that nobody waited for are taken back");
            }
            Err(error) => tracing::warn!("grants that nobody waited for stay until they are overdue: {error}"),
        }
        grants.clear();
    }
}

/// Settles what comes, for ever.
pub(super) async fn run(core: Arc<Core>, mut queue: mpsc::Receiver<Waiting>) {
    let mut waiting = Vec::with_capacity(TOGETHER_MAX);
    while queue.recv_many(&mut waiting, TOGETHER_MAX).await > 0 {
        gather(&core, &mut queue, &mut waiting).await;
        waiting.retain(|one: &Waiting| !one.reply.is_closed());
        if waiting.is_empty() {
            continue;
        }
        let (requests, begun) = (waiting.len(), Instant::now());
        let settled = settle(&core, &mut waiting).await;
        core.figures.batch(requests, begun.elapsed());
        if let Err(error) = settled {
            // Who waits hears that nobody answers: his end of the line is dropped.
            tracing::warn!(requests, "requests of switches were not settled: {error}");
            if error.is_unavailable() {
                core.outage.set_away(true);
            }
        }
        waiting.clear();
    }
}

/// Waits for others, a moment.
async fn gather(core: &Core, queue: &mut mpsc::Receiver<Waiting>, waiting: &mut Vec<Waiting>) {
    let wait = core.rules().map_or(GATHER, |rules| rules.batch);
    if wait.is_zero() {
        return;
    }
    let until = Instant::now() + wait;
    while waiting.len() < TOGETHER_MAX {
        let room = TOGETHER_MAX - waiting.len();
        match timeout_at(until, queue.recv_many(waiting, room)).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

async fn settle(core: &Core, waiting: &mut Vec<Waiting>) -> Result<(), StoreError> {
    let Some(rules) = core.rules() else { return Ok(()) };
    let later: Vec<&CallKey> = waiting
        .iter()
        .filter_map(|one| match &one.wanted {
            Wanted::Later(later) => Some(&later.key),
            Wanted::Begin(_) => None,
        })
        .collect();
    let known = if later.is_empty() { HashMap::new() } else { holds::asked(&core.store, &later).await? };
    let (mut asks, mut replies) = (Vec::with_capacity(waiting.len()), Vec::with_capacity(waiting.len()));
    for Waiting { wanted, reply } in waiting.drain(..) {
        let ask = match wanted {
            Wanted::Begin(ask) => Ok(ask),
            Wanted::Later(later) => ask_of(core, later, &known),
        };
        match ask {
            Ok(ask) => {
                asks.push(ask);
                replies.push(reply);
            }
            // Whoever has gone meanwhile does not want to know.
            Err(heard) => drop(reply.send(Reply::of(heard))),
        }
    }
    let settled = holds::grant(&core.store, &asks, rules.terms, core.clock.now()).await?;
    for ((ask, reply), settled) in asks.iter().zip(replies).zip(settled) {
        let grant = match (&ask.what, &settled) {
            (What::Begin { .. }, Settled::Granted(granted)) if !granted.is_repeat => {
                Some((ask.key.clone(), ask.account, granted.created_at))
            }
            _ => None,
        };
        let receipt = grant.map(|grant| Receipt { grant: Some(grant), unheard: core.unheard.clone() });
        // Whoever has gone meanwhile, and whoever goes before he reads it, drops it.
        drop(reply.send(Reply { heard: Heard::Settled(settled), receipt }));
    }
    Ok(())
}

/// The ask of a call that has begun before, priced as of its answer; or what its switch hears at once.
fn ask_of(core: &Core, later: Later, known: &HashMap<CallKey, Asked>) -> Result<Ask, Heard> {
    let Some(known) = known.get(&later.key) else {
        // Its record has come, or there never was such a call: nothing is reserved.
        return Err(match later.wants {
            Wants::More(_) => Heard::Unknown,
            Wants::End(_) => Heard::Settled(Settled::Released(holds::Released { hold: None, currency: String::new() })),
        });
    };
    let answered_at = later.answered_at.or(known.answered_at);
    let at_ms = answered_at.unwrap_or(known.created_at).timestamp_millis();
    let admission = admitted(core, known, at_ms);
    let what = match (later.wants, admission) {
        (Wants::End(seconds), admission) => {
            What::End { call: admission.and_then(Result::ok), seconds, answered_at: later.answered_at }
        }
        (Wants::More(_), Some(Err(refusal))) => return Err(Heard::Refused(refusal)),
        (Wants::More(_), None) => return Err(Heard::Unknown),
        (Wants::More(max_seconds), Some(Ok(call))) => {
            let most = core.rules().map_or(u64::MAX, |rules| rules.max_seconds);
            let bound = known.seconds.saturating_add(most);
            let max_seconds = max_seconds.unwrap_or(bound).min(bound);
            What::GoOn { call, max_seconds, answered_at: later.answered_at }
        }
    };
    Ok(Ask { key: later.key, account: known.account, what })
}

/// The call as the catalogue of now admits it; `None`: it cannot be asked about any more.
fn admitted(core: &Core, known: &Asked, at_ms: i64) -> Option<Result<Admission, Refusal>> {
    let (snapshot, rules) = (core.catalogue.snapshot()?, core.rules()?);
    let request: CallRequest = serde_json::from_value(known.request.clone()).ok()?;
    let source = snapshot.sources().iter().find(|source| source.code == request.source)?;
    let providers: Vec<&str> = request.providers.iter().map(String::as_str).collect();
    let outcome = admit(&snapshot, &request.asked(source, &providers, at_ms), rules.checks).outcome;
    Some(outcome.map(|admitted| Admission { admitted: Arc::new(admitted), snapshot: Arc::clone(&snapshot) }))
}
