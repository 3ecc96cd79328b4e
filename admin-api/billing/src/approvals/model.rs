//! A request as the room sees it.
//!
//! Owns: the shapes of requests, decisions and evidence.
//! Does not own: their rules (`rules`), their rows (`read`, `request`, `decide`).
//! Always: the state is that of the moment when it was read.

use chrono::{DateTime, NaiveDate, Utc};
use serde_json::Value;

use super::kinds::Kind;
use super::rules::{Consent, EvidenceKind, State, Step, Verdict};

/// A request.
#[derive(Clone, Debug)]
pub struct Approval {
    /// Identifier.
    pub id: i64,
    /// What is asked for.
    pub kind: Kind,
    /// What it is about.
    pub entity_id: String,
    /// Revision of that when it was asked for.
    pub entity_revision: i64,
    /// What it would do.
    pub payload: Value,
    /// Where it stands; an overdue one is expired.
    pub state: State,
    /// Number of the step that waits, from 1.
    pub step: i16,
    /// All steps, in their order.
    pub steps: Vec<Step>,
    /// The consent that was needed when it was asked for.
    pub consent: Option<Consent>,
    /// Why.
    pub reason: String,
    /// Identifier of who asked.
    pub requester_id: i64,
    /// His login.
    pub requester: String,
    /// Code of his department then.
    pub department: Option<String>,
    /// When.
    pub requested_at: DateTime<Utc>,
    /// The moment from which it can be decided no more.
    pub expires_at: DateTime<Utc>,
    /// When it came to its end.
    pub closed_at: Option<DateTime<Utc>>,
    /// Why it could not be done.
    pub failure: Option<String>,
    /// Raised with every change; the ETag.
    pub revision: i64,
    /// Who decided what, in order.
    pub decisions: Vec<Decision>,
    /// What speaks for it, in order.
    pub evidence: Vec<Evidence>,
}

impl Approval {
    /// The step that waits.
    pub(super) fn waiting_step(&self) -> Option<&Step> {
        self.steps.get(usize::try_from(self.step).ok()?.checked_sub(1)?)
    }

    /// How many have approved in the step with this number.
    pub fn approved_in(&self, step: i16) -> i64 {
        let of_step = |decision: &&Decision| decision.step == step && decision.verdict == Verdict::Approve;
        self.decisions.iter().filter(of_step).count() as i64
    }
}

/// What somebody decided.
#[derive(Clone, Debug)]
pub struct Decision {
    /// Identifier of who.
    pub user_id: i64,
    /// His login.
    pub login: String,
    /// In which step.
    pub step: i16,
    /// What.
    pub verdict: Verdict,
    /// His words.
    pub comment: String,
    /// When.
    pub at: DateTime<Utc>,
}

/// What speaks for a request.
#[derive(Clone, Debug)]
pub struct Evidence {
    /// Identifier.
    pub id: i64,
    /// What it is.
    pub kind: EvidenceKind,
    /// The words.
    pub text: String,
    /// Their day.
    pub day: NaiveDate,
    /// The number that the client was shown.
    pub number_shown: Option<i64>,
    /// Login of who added it.
    pub author: String,
    /// When.
    pub created_at: DateTime<Utc>,
}

/// A request to be made.
#[derive(Clone, Debug)]
pub struct NewRequest<'a> {
    /// What is asked for.
    pub kind: Kind,
    /// What it is about.
    pub entity_id: &'a str,
    /// What it would do.
    pub payload: &'a Value,
    /// Days in which it can be decided.
    pub days: i64,
}

/// Evidence to be added.
#[derive(Clone, Debug)]
pub struct NewEvidence {
    /// What it is.
    pub kind: EvidenceKind,
    /// The words.
    pub text: String,
    /// Their day.
    pub day: NaiveDate,
    /// The number that the client was shown.
    pub number_shown: Option<i64>,
}
