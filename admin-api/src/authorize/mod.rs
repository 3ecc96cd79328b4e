//! May this call go, and for how long: what switches are answered.
//!
//! ```text
//! request -> checks of the catalogue, in memory (`rating::authorize`) -> a lane (`lane`) -> funds, blocks, limits, the hold (`billing::holds`) -> answer
//!            emergency: allowed at once                                  books out of reach (`outage`): as groups and the setting say
//! ```
//!
//! Owns: the way of a request from its switch to its answer, the lanes, what happens without the books, the notes of refused calls.
//! Does not own: the checks (`rating::authorize`), money (`billing::holds`), the wire (routes, RADIUS).
//! Always: an emergency call waits for nothing and nobody; a request is answered within its time; what was answered is reserved, or was let go without the books
//! knowingly; numbers are in no log.
//! Start reading at [`Authorizer::authorize`].

mod call;
mod disconnect;
mod figures;
mod lane;
mod live;
mod outage;
mod refusals;
mod rules;
mod upkeep;

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use billing::holds::{Admission, Ask, CallKey, Denied, Facts, Granted, RefusedCall, Settled, Unheld, What};
use billing::{Clock, Store};
use chrono::{DateTime, Utc};
use rating::authorize::{Admitted, Check, Checked, Refusal, admit, reauthorize_at};
use rating::rows::AccountId;
use rating::wording::Language;
use rating::{Service, Snapshot};
use rust_decimal::Decimal;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

pub use call::{Allowed, AllowedRoute, Answer, CallRequest, Extension, Fault, Freed, Refused, Release};
pub(crate) use call::{CALL_CHARS_MAX, WORD_CHARS_MAX, is_answer, is_said, is_talk};
pub use disconnect::Disconnect;

use crate::snapshot::Catalogue;
use call::{kept, routes};
use figures::Figures;
use lane::{Heard, Later, Unheard, WAITING_MAX, Waiting, Wanted, Wants};
use live::{Live, LiveCall, digest};
use outage::Outage;
use rules::Rules;

/// Transactions under way at once. Each waits for the disk most of its time.
const LANES: usize = 3;
/// Grants that wait to be taken back.
const UNHEARD_MAX: usize = 20_000;
/// Refused calls that wait to be noted.
const NOTES_MAX: usize = 20_000;

/// Lets calls go. Cheap to clone; answers while [`Authorizer::work`] runs.
#[derive(Clone)]
pub struct Authorizer {
    core: Arc<Core>,
}

/// What requests are answered with.
struct Core {
    store: Store,
    clock: Arc<dyn Clock>,
    catalogue: Arc<Catalogue>,
    lanes: Vec<mpsc::Sender<Waiting>>,
    notes: mpsc::Sender<RefusedCall>,
    unheard: mpsc::Sender<Unheard>,
    live: Live,
    outage: Outage,
    disconnect: OnceLock<Arc<dyn Disconnect>>,
    figures: Figures,
    /// The other ends of the lanes and of the notes, until somebody works on them.
    work: Mutex<Option<Work>>,
}

/// What waits for somebody to work on it.
struct Work {
    queues: Vec<mpsc::Receiver<Waiting>>,
    notes: mpsc::Receiver<RefusedCall>,
    unheard: mpsc::Receiver<Unheard>,
}

/// The books cannot be reached in time.
struct OutOfReach;

impl Core {
    /// The settings in force, if they are known.
    fn rules(&self) -> Option<Rules> {
        let settings = self.catalogue.settings()?;
        match Rules::of(&settings) {
            Ok(rules) => Some(rules),
            Err(error) => {
                tracing::error!("settings of authorisation: {error}");
                None
            }
        }
    }

    /// Puts a request into its lane and waits for what it hears.
    async fn ask(&self, lane: u64, wanted: Wanted, rules: &Rules) -> Result<Heard, OutOfReach> {
        if self.outage.is_away() {
            return Err(OutOfReach);
        }
        let (reply, answer) = oneshot::channel();
        let lane = &self.lanes[(lane % self.lanes.len() as u64) as usize];
        let _waits = self.figures.waits();
        // A full lane has more before it than it settles in time.
        lane.try_send(Waiting { wanted, reply }).map_err(|_| OutOfReach)?;
        match tokio::time::timeout(rules.timeout, answer).await {
            Ok(Ok(reply)) => Ok(reply.arrived()),
            Ok(Err(_)) | Err(_) => Err(OutOfReach),
        }
    }

    /// Notes a refused call for support, if there is room: no call waits for a note.
    fn note(&self, call: RefusedCall) {
        if self.notes.try_send(call).is_err() {
            self.figures.notes_lost.increment(1);
            tracing::warn!("a refused call is not noted: too many wait for that");
        }
    }
}

impl Authorizer {
    /// One over these books and this catalogue.
    pub(crate) fn new(store: Store, clock: Arc<dyn Clock>, catalogue: Arc<Catalogue>) -> Self {
        let (lanes, queues) = (0..LANES).map(|_| mpsc::channel(WAITING_MAX)).unzip();
        let (notes, to_write) = mpsc::channel(NOTES_MAX);
        let (unheard, taken_back) = mpsc::channel(UNHEARD_MAX);
        let core = Core {
            store,
            clock,
            catalogue,
            lanes,
            notes,
            unheard,
            live: Live::default(),
            outage: Outage::default(),
            disconnect: OnceLock::new(),
            figures: Figures::new(),
            work: Mutex::new(Some(Work { queues, notes: to_write, unheard: taken_back })),
        };
        Self { core: Arc::new(core) }
    }

    /// Has a way to end calls that are under way; the first one that is given counts.
    pub fn disconnect_by(&self, way: Arc<dyn Disconnect>) {
        if self.core.disconnect.set(way).is_err() {
            tracing::warn!("there is a way to end calls already");
        }
    }

    /// Settles requests, for ever: once a process. A second one that is asked to has nothing to do.
    pub async fn work(self) {
        let work = self.core.work.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(work) = work else { return std::future::pending().await };
        // Dropped with this future, and all of it then ends.
        let mut tasks = JoinSet::new();
        for queue in work.queues {
            tasks.spawn(lane::run(Arc::clone(&self.core), queue));
        }
        tasks.spawn(lane::take_back(Arc::clone(&self.core), work.unheard));
        tasks.spawn(refusals::run(Arc::clone(&self.core), work.notes));
        tasks.spawn(upkeep::run(Arc::clone(&self.core)));
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!("a task of authorisation ended: {error}");
            }
        }
    }

    async fn begin(&self, request: &CallRequest) -> Result<Answer, Fault> {
        let core = &*self.core;
        let (Some(snapshot), Some(rules)) = (core.catalogue.snapshot(), core.rules()) else {
            return Err(Fault::OutOfReach);
        };
        if !request.service.is_call() {
            return Err(Fault::NoCall);
        }
        let now = core.clock.now();
        let max_seconds = request.max_seconds.unwrap_or(rules.max_seconds).min(rules.max_seconds);
        let (outcome, checks) = {
            let source = snapshot.sources().iter().find(|source| source.code == request.source);
            let providers: Vec<&str> = request.providers.iter().map(String::as_str).collect();
            let asked = request.asked(source.ok_or(Fault::NoSource)?, &providers, now.timestamp_millis());
            let admission = admit(&snapshot, &asked, rules.checks);
            (admission.outcome, admission.checks)
        };
        let asked = Asking { request, snapshot: &snapshot, checks, now };
        let admitted = match outcome {
            Ok(admitted) if admitted.emergency => return Ok(asked.emergency(&admitted)),
            Ok(admitted) => Arc::new(admitted),
            Err(refusal) => {
                core.note(asked.refused(&refusal));
                return Ok(Answer::Refused(by_catalogue(&refusal)));
            }
        };
        // Nobody pays for emergency calls alone.
        let Some(index) = admitted.account else { return Err(Fault::OutOfReach) };
        let account = snapshot.account(index).id;
        let key = request.key();
        let call = Admission { admitted: Arc::clone(&admitted), snapshot: Arc::clone(&snapshot) };
        let what = What::Begin { call, max_seconds, facts: Box::new(asked.facts(&admitted)) };
        let wanted = Wanted::Begin(Ask { key: key.clone(), account, what });
        match core.ask(account.0, wanted, &rules).await {
            Ok(Heard::Settled(Settled::Granted(granted))) => {
                core.remember(&key, account, &granted, &rules, now);
                Ok(Answer::Allowed(allowed(granted, &rules)))
            }
            Ok(Heard::Settled(Settled::Denied(denied))) => {
                core.note_denied(&asked, account, &denied);
                by_books(&denied)
            }
            Ok(Heard::Settled(Settled::Released(_)) | Heard::Refused(_) | Heard::Unknown) => Err(Fault::NoSuchCall),
            Err(OutOfReach) => core.without_the_books(&asked, &admitted, (account, max_seconds), &rules),
        }
    }

    async fn go_on(&self, asked: Extension) -> Result<Answer, Fault> {
        let core = &*self.core;
        let rules = core.rules().ok_or(Fault::OutOfReach)?;
        let Extension { key, max_seconds, answered_at } = asked;
        let known = core.live.get(&key);
        let lane = known.map_or_else(|| digest(&key), |call| call.account.0);
        let later = Later { key: key.clone(), answered_at, wants: Wants::More(max_seconds) };
        match core.ask(lane, Wanted::Later(later), &rules).await {
            Ok(Heard::Settled(Settled::Granted(granted))) => {
                if let Some(known) = known {
                    core.remember(&key, known.account, &granted, &rules, core.clock.now());
                }
                Ok(Answer::Allowed(allowed(granted, &rules)))
            }
            Ok(Heard::Settled(Settled::Denied(denied))) => by_books(&denied),
            Ok(Heard::Refused(refusal)) => Ok(Answer::Refused(by_catalogue(&refusal))),
            Ok(Heard::Settled(Settled::Released(_)) | Heard::Unknown) => Err(Fault::NoSuchCall),
            Err(OutOfReach) => core.on_without_the_books(&key, known, max_seconds, &rules),
        }
    }

    async fn end(&self, asked: Release) -> Result<Freed, Fault> {
        let core = &*self.core;
        let rules = core.rules().ok_or(Fault::OutOfReach)?;
        let Release { key, seconds, answered_at } = asked;
        let lane = core.live.get(&key).map_or_else(|| digest(&key), |call| call.account.0);
        let later = Later { key: key.clone(), answered_at, wants: Wants::End(seconds) };
        match core.ask(lane, Wanted::Later(later), &rules).await {
            Ok(Heard::Settled(Settled::Released(released))) => {
                core.live.drop(&key);
                core.outage.drop(&key);
                let currency = released.hold.is_some().then_some(released.currency);
                Ok(Freed { hold: released.hold, currency })
            }
            Ok(_) => Err(Fault::NoSuchCall),
            Err(OutOfReach) => Err(Fault::OutOfReach),
        }
    }

    /// Whether the books are known to be out of reach.
    pub(crate) fn is_without_the_books(&self) -> bool {
        self.core.outage.is_away()
    }

    /// Tells the switch of a call to end it, where there is a way; whether it said that it does.
    pub async fn disconnect(&self, call: &CallKey) -> bool {
        match self.core.disconnect.get() {
            Some(way) => way.disconnect(call).await,
            None => false,
        }
    }
}

/// A request while it is answered.
struct Asking<'a> {
    request: &'a CallRequest,
    snapshot: &'a Snapshot,
    checks: Vec<Checked>,
    now: DateTime<Utc>,
}

impl Asking<'_> {
    /// Allowed and free, without a look at anything else; the switch may talk as long as it likes.
    fn emergency(&self, admitted: &Admitted) -> Answer {
        let seconds = self.request.max_seconds.unwrap_or(u64::from(u32::MAX));
        Answer::Allowed(Allowed {
            seconds,
            reauthorize_at: None,
            price: Some(Decimal::ZERO),
            hold: Some(Decimal::ZERO),
            currency: None,
            routes: routes(admitted, self.snapshot, self.request),
            is_emergency: true,
            is_repeat: false,
        })
    }

    /// What is kept of the call.
    fn facts(&self, admitted: &Admitted) -> Facts {
        let passed = [Check::AccountBlocked, Check::ConcurrencyLimit, Check::InsufficientFunds];
        let checks: Vec<Checked> = self.checks.iter().cloned().chain(passed.map(|check| noted(check, false))).collect();
        Facts {
            service: admitted.service,
            src: self.request.src.clone(),
            dst: self.request.dst.clone(),
            currency: admitted.account.map_or(self.snapshot.currency, |index| self.snapshot.account(index).currency),
            request: kept(self.request),
            routes: kept(&routes(admitted, self.snapshot, self.request)),
            checks: kept(&checks),
        }
    }

    /// The note of a call that the catalogue does not let go.
    fn refused(&self, refusal: &Refusal) -> RefusedCall {
        let account = refusal.account.map(|index| self.snapshot.account(index).id);
        let words = [refusal.text(Language::Russian), refusal.text(Language::English)];
        let (code, lock) = (refusal.check.as_str(), refusal.lock());
        self.note((account, refusal.service), (code, lock, words), &self.checks)
    }

    fn note(
        &self,
        (account, service): (Option<AccountId>, Service),
        (code, lock, words): (&'static str, Option<u64>, [String; 2]),
        checks: &[Checked],
    ) -> RefusedCall {
        RefusedCall {
            at: self.now,
            key: self.request.key(),
            account,
            service,
            src: self.request.src.clone(),
            dst: self.request.dst.clone(),
            code,
            lock,
            words,
            checks: kept(&checks),
        }
    }
}

impl Core {
    /// Notes a call that the books do not let go.
    fn note_denied(&self, asked: &Asking<'_>, account: AccountId, denied: &Denied) {
        let Some(code) = denied.denial.code() else { return };
        let mut checks = asked.checks.clone();
        for check in [Check::AccountBlocked, Check::ConcurrencyLimit, Check::InsufficientFunds] {
            let decides = denied.denial.check() == Some(check);
            checks.push(noted(check, decides));
            if decides {
                break;
            }
        }
        let words = [denied.denial.text(Language::Russian), denied.denial.text(Language::English)];
        self.note(asked.note((Some(account), asked.request.service), (code, None, words), &checks));
    }

    fn remember(&self, key: &CallKey, account: AccountId, granted: &Granted, rules: &Rules, now: DateTime<Utc>) {
        // Its answer is not known here: it counts from now, which is later.
        let rings_ms = rules.terms.ring.num_milliseconds();
        let ends_ms = now.timestamp_millis() + rings_ms + (granted.seconds.min(1 << 32) as i64) * 1_000;
        self.live.put(key, LiveCall { account, seconds: granted.seconds, ends_ms });
    }

    /// A call begins while the books cannot be reached.
    fn without_the_books(
        &self,
        asked: &Asking<'_>,
        admitted: &Admitted,
        (account, max_seconds): (AccountId, u64),
        rules: &Rules,
    ) -> Result<Answer, Fault> {
        let payer = admitted.account.map(|index| asked.snapshot.account(index));
        let Some(payer) = payer.filter(|payer| self.outage.allows(payer.client, rules.outage_allows)) else {
            return Err(Fault::OutOfReach);
        };
        let key = asked.request.key();
        let before = self.outage.granted(&key);
        let seconds = before.unwrap_or_else(|| max_seconds.min(rules.outage_seconds));
        if before.is_none() {
            let amount = admitted.price(asked.snapshot, &()).hold_for(seconds).unwrap_or_default();
            let rings_ms = rules.terms.ring.num_milliseconds();
            let ends_ms = asked.now.timestamp_millis() + rings_ms + (seconds as i64) * 1_000;
            self.live.put(&key, LiveCall { account, seconds, ends_ms });
            self.outage.put(Unheld {
                key,
                account,
                service: admitted.service.as_str(),
                src: asked.request.src.clone(),
                dst: asked.request.dst.clone(),
                currency: payer.currency,
                amount: billing::decimal(amount),
                seconds,
                request: kept(asked.request),
                created_at: asked.now,
            });
        }
        let routes = routes(admitted, asked.snapshot, asked.request);
        Ok(Answer::Allowed(unheld(seconds, before.is_some(), routes, rules)))
    }

    /// A call goes on while they cannot be reached: one of ours, for a while more.
    fn on_without_the_books(
        &self,
        key: &CallKey,
        known: Option<LiveCall>,
        max_seconds: Option<u64>,
        rules: &Rules,
    ) -> Result<Answer, Fault> {
        let snapshot = self.catalogue.snapshot().ok_or(Fault::OutOfReach)?;
        let payer = known.and_then(|call| Some((call, snapshot.account_by_id(call.account)?)));
        let (call, index) = payer.ok_or(Fault::OutOfReach)?;
        if !self.outage.allows(snapshot.account(index).client, rules.outage_allows) {
            return Err(Fault::OutOfReach);
        }
        let most = call.seconds.saturating_add(rules.outage_seconds);
        let seconds = max_seconds.unwrap_or(most).min(most);
        let ends_ms = call.ends_ms + (seconds.saturating_sub(call.seconds) as i64) * 1_000;
        self.live.put(key, LiveCall { seconds: seconds.max(call.seconds), ends_ms, ..call });
        Ok(Answer::Allowed(unheld(seconds, false, Vec::new(), rules)))
    }
}

fn noted(check: Check, decides: bool) -> Checked {
    Checked { check, decides, locks: Vec::new(), left_out: Vec::new() }
}

/// A call that the books let go.
fn allowed(granted: Granted, rules: &Rules) -> Allowed {
    Allowed {
        seconds: granted.seconds,
        reauthorize_at: Some(reauthorize_at(granted.seconds, rules.lead_seconds)),
        price: Some(granted.price),
        hold: Some(granted.hold),
        currency: Some(granted.currency),
        routes: serde_json::from_value(granted.routes).unwrap_or_default(),
        is_emergency: false,
        is_repeat: granted.is_repeat,
    }
}

/// A call that goes without the books.
fn unheld(seconds: u64, is_repeat: bool, routes: Vec<AllowedRoute>, rules: &Rules) -> Allowed {
    Allowed {
        seconds,
        reauthorize_at: Some(reauthorize_at(seconds, rules.lead_seconds)),
        price: None,
        hold: None,
        currency: None,
        routes,
        is_emergency: false,
        is_repeat,
    }
}

fn by_catalogue(refusal: &Refusal) -> Refused {
    let missing = refusal.missing();
    Refused {
        code: refusal.check.as_str(),
        words: [refusal.text(Language::Russian), refusal.text(Language::English)],
        lock: refusal.lock(),
        missing: missing.map(rating::authorize::Missing::as_str),
        department: missing.and_then(rating::authorize::Missing::department),
        seconds: None,
    }
}

fn by_books(denied: &Denied) -> Result<Answer, Fault> {
    let Some(code) = denied.denial.code() else {
        return Err(match denied.denial {
            billing::holds::Denial::OtherAccount => Fault::OtherAccount,
            _ => Fault::NoSuchCall,
        });
    };
    Ok(Answer::Refused(Refused {
        code,
        words: [denied.denial.text(Language::Russian), denied.denial.text(Language::English)],
        lock: None,
        missing: None,
        department: None,
        seconds: denied.seconds,
    }))
}
