//! What is counted of authorisation, whatever the switches speak.
//!
//! Owns: the doors through which requests come in, which note what became of each and how long it took; the handles of all figures.
//! Does not own: the names (`meters`), the answers.
//! Always: every answer is counted once, by a label of a few values; no handle is made and nothing is written while a call waits.

use std::time::{Duration, Instant};

use billing::holds::ENDED_BY_STAFF;
use metrics::{Counter, Gauge, Histogram};
use rating::authorize::Check;

use super::{Answer, Authorizer, CallRequest, Extension, Fault, Freed, Release};
use crate::meters;

impl Authorizer {
    /// Whether a call may begin.
    ///
    /// # Errors
    /// The request is none that can be answered, or the books cannot be reached in time.
    pub async fn authorize(&self, request: &CallRequest) -> Result<Answer, Fault> {
        let begun = Instant::now();
        let answer = self.begin(request).await;
        self.core.figures.authorize.answered(Outcome::of(&answer), begun.elapsed());
        answer
    }

    /// Whether a call may go on.
    ///
    /// # Errors
    /// There is no such call, or the books cannot be reached in time.
    pub async fn extend(&self, asked: Extension) -> Result<Answer, Fault> {
        let begun = Instant::now();
        let answer = self.go_on(asked).await;
        self.core.figures.extend.answered(Outcome::of(&answer), begun.elapsed());
        answer
    }

    /// A call is over: what it does not cost is free again.
    ///
    /// # Errors
    /// The books cannot be reached in time; the record of the call will say the same.
    pub async fn release(&self, asked: Release) -> Result<Freed, Fault> {
        let begun = Instant::now();
        let freed = self.end(asked).await;
        self.core.figures.release.answered(Outcome::of_end(&freed), begun.elapsed());
        freed
    }
}

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// It may go, and its money is reserved.
    Allowed,
    /// It goes whatever holds.
    Emergency,
    /// It goes though nobody looked whether the money is there.
    WithoutBooks,
    /// It may not, by this code.
    Refused(&'static str),
    /// It is over.
    Released,
    /// It is over, and nothing was reserved for it.
    Unknown,
    /// There is no answer.
    Fault(Fault),
}

impl Outcome {
    fn of(answer: &Result<Answer, Fault>) -> Self {
        match answer {
            Ok(Answer::Allowed(allowed)) if allowed.is_emergency => Self::Emergency,
            Ok(Answer::Allowed(allowed)) if allowed.hold.is_none() => Self::WithoutBooks,
            Ok(Answer::Allowed(_)) => Self::Allowed,
            Ok(Answer::Refused(refused)) => Self::Refused(refused.code),
            Err(fault) => Self::Fault(*fault),
        }
    }

    const fn of_end(freed: &Result<Freed, Fault>) -> Self {
        match freed {
            Ok(freed) if freed.hold.is_some() => Self::Released,
            Ok(_) => Self::Unknown,
            Err(fault) => Self::Fault(*fault),
        }
    }

    /// The label, and the code of what is not as the switch wished.
    const fn labels(self) -> [&'static str; 2] {
        match self {
            Self::Allowed => ["allowed", ""],
            Self::Emergency => ["emergency", ""],
            Self::WithoutBooks => ["without_books", ""],
            Self::Refused(code) => ["refused", code],
            Self::Released => ["released", ""],
            Self::Unknown => ["unknown", ""],
            Self::Fault(Fault::NoSource) => ["fault", "no_source"],
            Self::Fault(Fault::NoCall) => ["fault", "no_call"],
            Self::Fault(Fault::NoSuchCall) => ["fault", "no_such_call"],
            Self::Fault(Fault::OtherAccount) => ["fault", "other_account"],
            Self::Fault(Fault::OutOfReach) => ["fault", "out_of_reach"],
        }
    }
}

/// What a call that wants to begin or to go on may hear.
fn decisions() -> Vec<Outcome> {
    let refusals = Check::ALL.iter().filter(|check| **check != Check::Emergency).map(|check| check.as_str());
    let refusals = refusals.chain([ENDED_BY_STAFF]).map(Outcome::Refused);
    [Outcome::Allowed, Outcome::Emergency, Outcome::WithoutBooks].into_iter().chain(refusals).chain(faults()).collect()
}

/// What a call that is over may hear.
fn ends() -> Vec<Outcome> {
    [Outcome::Released, Outcome::Unknown].into_iter().chain(faults()).collect()
}

fn faults() -> impl Iterator<Item = Outcome> {
    [Fault::NoSource, Fault::NoCall, Fault::NoSuchCall, Fault::OtherAccount, Fault::OutOfReach]
        .into_iter()
        .map(Outcome::Fault)
}

/// Requests of one kind.
struct Answers {
    counters: Vec<(Outcome, Counter)>,
    seconds: Histogram,
}

impl Answers {
    fn of(request: &'static str, outcomes: Vec<Outcome>) -> Self {
        let counter = |outcome: Outcome| {
            let [label, code] = outcome.labels();
            let counter =
                metrics::counter!(meters::AUTHORIZE_ANSWERS, "request" => request, "outcome" => label, "code" => code);
            (outcome, counter)
        };
        Self {
            counters: outcomes.into_iter().map(counter).collect(),
            seconds: metrics::histogram!(meters::AUTHORIZE_SECONDS, "request" => request),
        }
    }

    fn answered(&self, outcome: Outcome, after: Duration) {
        if let Some((_, counter)) = self.counters.iter().find(|(of, _)| *of == outcome) {
            counter.increment(1);
        }
        self.seconds.record(after.as_secs_f64());
    }
}

/// The handles.
pub(super) struct Figures {
    authorize: Answers,
    extend: Answers,
    release: Answers,
    waiting: Gauge,
    batch_requests: Histogram,
    batch_seconds: Histogram,
    /// Grants that nobody heard of and that are taken back.
    pub(super) taken_back: Counter,
    /// Notes of refused calls that were thrown away.
    pub(super) notes_lost: Counter,
    /// Whether the books count as out of reach.
    pub(super) books_away: Gauge,
}

impl Figures {
    /// Those of this process, if it has a recorder by now; else nothing is counted.
    pub(super) fn new() -> Self {
        Self {
            authorize: Answers::of("authorize", decisions()),
            extend: Answers::of("extend", decisions()),
            release: Answers::of("release", ends()),
            waiting: metrics::gauge!(meters::AUTHORIZE_WAITING),
            batch_requests: metrics::histogram!(meters::AUTHORIZE_BATCH_REQUESTS),
            batch_seconds: metrics::histogram!(meters::AUTHORIZE_BATCH_SECONDS),
            taken_back: metrics::counter!(meters::AUTHORIZE_TAKEN_BACK),
            notes_lost: metrics::counter!(meters::AUTHORIZE_NOTES_LOST),
            books_away: metrics::gauge!(meters::AUTHORIZE_BOOKS_AWAY),
        }
    }

    /// A request waits for the books, until what is returned is dropped.
    pub(super) fn waits(&self) -> Waits<'_> {
        self.waiting.increment(1.0);
        Waits(&self.waiting)
    }

    /// So many requests were settled together.
    pub(super) fn batch(&self, requests: usize, took: Duration) {
        self.batch_requests.record(requests as f64);
        self.batch_seconds.record(took.as_secs_f64());
    }
}

/// A request that waits; however its waiting ends, also when its switch goes.
pub(super) struct Waits<'a>(&'a Gauge);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rust_decimal::Decimal;

    use super::*;
    use crate::authorize::{Allowed, Refused};

    fn allowed(hold: Option<Decimal>, is_emergency: bool) -> Answer {
        Answer::Allowed(Allowed {
            seconds: 60,
            reauthorize_at: None,
            price: hold,
            hold,
            currency: None,
            routes: Vec::new(),
            is_emergency,
            is_repeat: false,
        })
    }

    fn refused(code: &'static str) -> Answer {
        let words = [String::new(), String::new()];
        Answer::Refused(Refused { code, words, lock: None, missing: None, department: None, seconds: None })
    }

    /// An answer | how it is counted.
    #[test]
    fn every_answer_has_its_label() {
        for (answer, labels) in [
            (Ok(allowed(Some(Decimal::ONE), false)), ["allowed", ""]),
            // A bundle pays: nothing is reserved, and the books know of it.
            (Ok(allowed(Some(Decimal::ZERO), false)), ["allowed", ""]),
            (Ok(allowed(None, false)), ["without_books", ""]),
            (Ok(allowed(Some(Decimal::ZERO), true)), ["emergency", ""]),
            (Ok(refused("LOCKED_LOCAL")), ["refused", "LOCKED_LOCAL"]),
            (Ok(refused(ENDED_BY_STAFF)), ["refused", ENDED_BY_STAFF]),
            (Err(Fault::OutOfReach), ["fault", "out_of_reach"]),
        ] {
            let outcome = Outcome::of(&answer);
            assert_eq!(outcome.labels(), labels, "{answer:?}");
            assert!(decisions().contains(&outcome), "{outcome:?} has no counter");
        }
        for (hold, expected) in [(Some(Decimal::ZERO), Outcome::Released), (None, Outcome::Unknown)] {
            let outcome = Outcome::of_end(&Ok(Freed { hold, currency: None }));
            assert_eq!(outcome, expected);
            assert!(ends().contains(&outcome));
        }
    }

    /// Two that share their labels would be one figure.
    #[test]
    fn no_label_is_given_twice() {
        for outcomes in [decisions(), ends()] {
            let labels: BTreeSet<[&str; 2]> = outcomes.iter().map(|outcome| outcome.labels()).collect();
            assert_eq!(labels.len(), outcomes.len());
        }
    }
}
