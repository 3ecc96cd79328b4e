//! The states of a request, who may decide on it, and what its approval leads to.
//!
//! Owns: the table of states, the rules of steps and of consent.
//! Does not own: which steps a kind asks for (`kinds`), whether a request is stale (`read` compares revisions).
//! Always: pure.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::model::{Approval, Evidence};
use crate::staff::{Permission, Staff};

/// Where a request stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// It waits for decisions.
    Requested,
    /// Everybody needed has approved; passed through on the way to execution.
    Approved,
    /// Somebody refused.
    Refused,
    /// Who asked does not want it any more.
    Withdrawn,
    /// Nobody decided in time.
    Expired,
    /// It was done.
    Executed,
    /// It was approved and could not be done.
    Failed,
}

impl State {
    /// All of them.
    pub const ALL: &'static [Self] =
        &[Self::Requested, Self::Approved, Self::Refused, Self::Withdrawn, Self::Expired, Self::Executed, Self::Failed];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Executed => "executed",
            Self::Failed => "failed",
        }
    }

    /// The state at `now` of a request that is to be decided until `expires_at`: overdue ones count as expired before anybody has written it down.
    pub(super) fn at(self, expires_at: DateTime<Utc>, now: DateTime<Utc>) -> Self {
        if self == Self::Requested && expires_at <= now { Self::Expired } else { self }
    }

    /// The state after something happened.
    pub(super) fn after(self, event: Event) -> Result<Self, Obstacle> {
        match (self, event) {
            (Self::Requested, Event::Approve) => Ok(Self::Approved),
            (Self::Requested, Event::Refuse) => Ok(Self::Refused),
            (Self::Requested, Event::Withdraw) => Ok(Self::Withdrawn),
            (Self::Approved, Event::Execute) => Ok(Self::Executed),
            (Self::Approved, Event::Fail) => Ok(Self::Failed),
            (state, _) => Err(Obstacle::State(state)),
        }
    }
}

impl FromStr for State {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|state| state.as_str() == text).ok_or(())
    }
}

/// What happens to a request. That its time is over is no event: [`State::at`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Event {
    /// The last approval that was needed.
    Approve,
    /// A refusal.
    Refuse,
    /// Who asked takes it back.
    Withdraw,
    /// It is done.
    Execute,
    /// It could not be done.
    Fail,
}

/// What somebody decided.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// For it.
    Approve,
    /// Against it.
    Refuse,
}

impl Verdict {
    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Refuse => "refuse",
        }
    }
}

impl FromStr for Verdict {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        [Self::Approve, Self::Refuse].into_iter().find(|verdict| verdict.as_str() == text).ok_or(())
    }
}

/// What a piece of evidence is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EvidenceKind {
    /// The client agrees.
    ClientConsent,
    /// Anything else that speaks for the request.
    Other,
}

impl EvidenceKind {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::ClientConsent, Self::Other];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ClientConsent => "client_consent",
            Self::Other => "other",
        }
    }
}

impl FromStr for EvidenceKind {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// Who has to approve before the next step, or the end: never who asked, and never anybody a second time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Step {
    /// What they may.
    pub permission: Permission,
    /// How many different people.
    pub people: i16,
    /// Logins of others who do not count.
    pub barred: Vec<String>,
    /// Code of the department that they have to head, or one above it; `None`: they need not.
    pub head_of: Option<String>,
}

impl Step {
    /// One holder of a permission.
    pub(super) const fn one(permission: Permission) -> Self {
        Self { permission, people: 1, barred: Vec::new(), head_of: None }
    }

    /// The same, and not this user.
    pub(super) fn but(mut self, login: &str) -> Self {
        self.barred.push(login.to_owned());
        self
    }

    /// The same, and he heads this department, or one above it.
    pub(super) fn by_head_of(self, department: &str) -> Self {
        Self { head_of: Some(department.to_owned()), ..self }
    }
}

/// The client's consent, before the last approval.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Consent {
    /// The number that he has to have been shown, or a greater one.
    pub number: Option<i64>,
}

/// What stands against a decision.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Obstacle {
    /// The request is not in the state that the step begins with.
    #[error("the request is {}", .0.as_str())]
    State(State),
    /// Nobody approves his own request (A25).
    #[error("nobody decides on his own request")]
    SelfApproval,
    /// Nor what he made himself.
    #[error("nobody decides on what he made himself")]
    OwnWork,
    /// The caller lacks a permission.
    #[error("the permission {} is needed", .0.as_str())]
    Lacks(Permission),
    /// The caller does not head the department of who asked, nor one above it (M20).
    #[error("who heads the department of the requester, or one above it, decides")]
    NotManager,
    /// Nobody decides twice.
    #[error("the caller has decided already")]
    AlreadyDecided,
    /// What it is about has changed since.
    #[error("what the request is about was changed since")]
    StaleRequest,
    /// The client has to agree first.
    #[error("the client's consent is needed first")]
    ConsentRequired(Consent),
}

/// What ties somebody who decides to a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Ties {
    /// Who asked has let him in, so that it may be himself under another name.
    pub(super) let_in: bool,
    /// He heads the department that the step that waits names, or one above it.
    pub(super) heads: bool,
}

/// What stands against a decision of `by`, as far as the request itself says. His roles do not matter before who he is.
pub(super) fn obstacle(approval: &Approval, by: &Staff, ties: Ties) -> Option<Obstacle> {
    if approval.state != State::Requested {
        return Some(Obstacle::State(approval.state));
    }
    let by_his_token = by.token_by.as_ref() == Some(&approval.requester);
    if approval.requester_id == by.id || ties.let_in || by_his_token {
        return Some(Obstacle::SelfApproval);
    }
    let step = approval.waiting_step()?;
    if step.barred.contains(&by.login) {
        return Some(Obstacle::OwnWork);
    }
    if approval.decisions.iter().any(|decision| decision.user_id == by.id) {
        return Some(Obstacle::AlreadyDecided);
    }
    if !by.may(step.permission) {
        return Some(Obstacle::Lacks(step.permission));
    }
    (step.head_of.is_some() && !ties.heads).then_some(Obstacle::NotManager)
}

/// Where one more approval leads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Progress {
    /// The step waits for more people.
    SameStep,
    /// The step with this number waits.
    NextStep(i16),
    /// Nobody else is needed.
    Complete,
}

/// Where one more approval of the step that waits leads.
pub(super) fn progress(approval: &Approval) -> Progress {
    let people = approval.waiting_step().map_or(1, |step| step.people);
    if approval.approved_in(approval.step) + 1 < i64::from(people) {
        Progress::SameStep
    } else if usize::try_from(approval.step).is_ok_and(|step| step < approval.steps.len()) {
        Progress::NextStep(approval.step + 1)
    } else {
        Progress::Complete
    }
}

/// The stricter of what was needed when it was asked for and what is needed now.
pub(super) fn stricter(then: Option<Consent>, now: Option<Consent>) -> Option<Consent> {
    match (then, now) {
        (Some(then), Some(now)) => Some(Consent { number: then.number.max(now.number) }),
        (one, other) => one.or(other),
    }
}

/// The consent that is needed and not there. A consent to a smaller number is none.
pub(super) fn missing_consent(needed: Option<Consent>, evidence: &[Evidence]) -> Option<Consent> {
    needed.filter(|needed| {
        !evidence.iter().any(|piece| {
            piece.kind == EvidenceKind::ClientConsent
                && needed.number.is_none_or(|number| piece.number_shown.is_some_and(|shown| shown >= number))
        })
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use chrono::TimeDelta;
    use serde_json::json;

    use super::*;
    use crate::approvals::{Decision, Kind};

    /// A request of user 1 with these steps, of which `step` waits, and approvals by (user, step).
    fn approval(steps: Vec<Step>, step: i16, approved: &[(i64, i16)]) -> Approval {
        let at = DateTime::UNIX_EPOCH;
        let decision = |(user_id, step): &(i64, i16)| Decision {
            user_id: *user_id,
            login: format!("u{user_id}"),
            step: *step,
            verdict: Verdict::Approve,
            comment: String::new(),
            at,
        };
        Approval {
            id: 1,
            kind: Kind::AccountCreditLimit,
            entity_id: "a".into(),
            entity_revision: 1,
            payload: json!({}),
            state: State::Requested,
            step,
            steps,
            consent: None,
            reason: "r".into(),
            requester_id: 1,
            requester: "u1".into(),
            department: None,
            requested_at: at,
            expires_at: at + TimeDelta::days(14),
            closed_at: None,
            failure: None,
            revision: 1,
            decisions: approved.iter().map(decision).collect(),
            evidence: Vec::new(),
        }
    }

    fn user(id: i64, permissions: &[Permission]) -> Staff {
        let permissions = permissions.iter().copied().collect::<BTreeSet<_>>();
        let roles = vec!["admin".into()];
        Staff { id, login: format!("u{id}"), permissions, roles, session: None, only_enrols: false, token_by: None }
    }

    /// Every state and every event: what is not in the list is refused, and names the state.
    #[test]
    fn the_table_of_states() {
        let allowed = [
            (State::Requested, Event::Approve, State::Approved),
            (State::Requested, Event::Refuse, State::Refused),
            (State::Requested, Event::Withdraw, State::Withdrawn),
            (State::Approved, Event::Execute, State::Executed),
            (State::Approved, Event::Fail, State::Failed),
        ];
        for state in State::ALL.iter().copied() {
            for event in [Event::Approve, Event::Refuse, Event::Withdraw, Event::Execute, Event::Fail] {
                let expected = allowed.iter().find(|(from, what, _)| (*from, *what) == (state, event));
                let expected = expected.map_or(Err(Obstacle::State(state)), |(.., to)| Ok(*to));
                assert_eq!(state.after(event), expected, "{state:?} {event:?}");
            }
            assert_eq!(state.as_str().parse(), Ok(state));
        }
        assert!("asked".parse::<State>().is_err());
    }

    #[test]
    fn what_waits_too_long_is_expired() {
        let end = DateTime::UNIX_EPOCH + TimeDelta::days(14);
        for state in State::ALL.iter().copied() {
            for (late, is_over) in [(-1, false), (0, true), (1, true)] {
                let expected = if is_over && state == State::Requested { State::Expired } else { state };
                assert_eq!(state.at(end, end + TimeDelta::milliseconds(late)), expected, "{state:?} {late}");
            }
        }
    }

    /// A25: step, approvals so far, caller, what he may | what stands against his decision
    #[test]
    fn who_may_decide() {
        use Permission::{AccountCreditApprove as Credit, PriceActivate as Price};
        let steps = || vec![Step::one(Credit).but("u5"), Step { people: 2, ..Step::one(Price) }];
        for (step, approved, id, may, expected) in [
            (1, &[][..], 2, &[Credit][..], None),
            (1, &[], 2, &[Price], Some(Obstacle::Lacks(Credit))),
            (1, &[], 2, &[], Some(Obstacle::Lacks(Credit))),
            // His own, whatever he may and whatever role he has.
            (1, &[], 1, &[Credit, Price], Some(Obstacle::SelfApproval)),
            (1, &[], 1, &[], Some(Obstacle::SelfApproval)),
            (1, &[], 5, &[Credit, Price], Some(Obstacle::OwnWork)),
            // Barred from the first step only.
            (2, &[(2, 1)], 5, &[Price], None),
            (2, &[(2, 1)], 2, &[Credit, Price], Some(Obstacle::AlreadyDecided)),
            (2, &[(2, 1)], 3, &[Credit], Some(Obstacle::Lacks(Price))),
            (2, &[(2, 1), (3, 2)], 3, &[Price], Some(Obstacle::AlreadyDecided)),
            (2, &[(2, 1), (3, 2)], 4, &[Price], None),
        ] {
            let found = obstacle(&approval(steps(), step, approved), &user(id, may), Ties::default());
            assert_eq!(found, expected, "step {step} {approved:?} by {id} {may:?}");
        }
        // Himself under another name: he let the other in, or made the token.
        let waiting = approval(steps(), 1, &[]);
        let by_token = |login: &str| Staff { token_by: Some(login.to_owned()), ..user(2, &[Credit]) };
        let let_in = Ties { let_in: true, heads: false };
        assert_eq!(obstacle(&waiting, &user(2, &[Credit]), let_in), Some(Obstacle::SelfApproval));
        assert_eq!(obstacle(&waiting, &by_token("u1"), Ties::default()), Some(Obstacle::SelfApproval));
        assert_eq!(obstacle(&waiting, &by_token("u2"), Ties::default()), None);
        for state in State::ALL.iter().copied().filter(|state| *state != State::Requested) {
            let closed = Approval { state, ..approval(steps(), 1, &[]) };
            for id in [1, 2] {
                assert_eq!(obstacle(&closed, &user(id, &[Credit]), Ties::default()), Some(Obstacle::State(state)));
            }
        }
    }

    /// M20: caller, what he may, whether who asked let him in, whether he heads the department | what stands against his decision
    #[test]
    fn a_direct_manager_decides() {
        use Permission::{DidForceForeign as Foreign, DidForceOwn as Own};
        for (id, may, let_in, heads, expected) in [
            (2, &[Own][..], false, true, None),
            (2, &[Own], false, false, Some(Obstacle::NotManager)),
            // Who heads it needs the right all the same, and another one does not stand for it.
            (2, &[], false, true, Some(Obstacle::Lacks(Own))),
            (2, &[Foreign], false, true, Some(Obstacle::Lacks(Own))),
            (2, &[Own], true, true, Some(Obstacle::SelfApproval)),
            // A head who asks himself is decided on by who stands above him.
            (1, &[Own], false, true, Some(Obstacle::SelfApproval)),
        ] {
            let waiting = approval(vec![Step::one(Own).by_head_of("care")], 1, &[]);
            let found = obstacle(&waiting, &user(id, may), Ties { let_in, heads });
            assert_eq!(found, expected, "{id} {may:?} {let_in} {heads}");
        }
        // No department is named: whoever may.
        let waiting = approval(vec![Step::one(Own)], 1, &[]);
        assert_eq!(obstacle(&waiting, &user(2, &[Own]), Ties::default()), None);
    }

    /// people per step, step that waits, approvals so far | where one more leads
    #[test]
    fn steps_follow_one_another() {
        for (people, step, approved, expected) in [
            (&[1][..], 1, &[][..], Progress::Complete),
            (&[2], 1, &[], Progress::SameStep),
            (&[2], 1, &[(2, 1)], Progress::Complete),
            (&[1, 1], 1, &[], Progress::NextStep(2)),
            (&[1, 1], 2, &[(2, 1)], Progress::Complete),
            (&[2, 3], 1, &[(2, 1)], Progress::NextStep(2)),
            (&[2, 3], 2, &[(2, 1), (3, 1)], Progress::SameStep),
            (&[2, 3], 2, &[(2, 1), (3, 1), (4, 2), (5, 2)], Progress::Complete),
        ] {
            let steps = people.iter().map(|people| Step { people: *people, ..Step::one(Permission::PriceActivate) });
            let found = progress(&approval(steps.collect(), step, approved));
            assert_eq!(found, expected, "{people:?} {step} {approved:?}");
        }
    }

    /// needed | kind and number of the evidence | whether it is still missing
    #[test]
    fn consent_is_to_the_number_that_counts() {
        use EvidenceKind::{ClientConsent, Other};
        let piece = |(kind, number_shown): &(EvidenceKind, Option<i64>)| Evidence {
            id: 1,
            kind: *kind,
            text: "yes".into(),
            day: DateTime::UNIX_EPOCH.date_naive(),
            number_shown: *number_shown,
            author: "u1".into(),
            created_at: DateTime::UNIX_EPOCH,
        };
        let six = Some(Consent { number: Some(6) });
        let any = Some(Consent { number: None });
        for (needed, evidence, missing) in [
            (None, &[][..], false),
            (any, &[], true),
            (any, &[(Other, None)], true),
            (any, &[(ClientConsent, None)], false),
            (six, &[(ClientConsent, None)], true),
            (six, &[(ClientConsent, Some(5))], true),
            (six, &[(ClientConsent, Some(6))], false),
            (six, &[(Other, Some(6)), (ClientConsent, Some(7))], false),
        ] {
            let evidence: Vec<Evidence> = evidence.iter().map(piece).collect();
            let expected = if missing { needed } else { None };
            assert_eq!(missing_consent(needed, &evidence), expected, "{needed:?} {evidence:?}");
        }
        for (then, now, expected) in [
            (None, None, None),
            (six, None, six),
            (None, any, any),
            (any, six, six),
            (six, Some(Consent { number: Some(9) }), Some(Consent { number: Some(9) })),
        ] {
            assert_eq!(stricter(then, now), expected, "{then:?} {now:?}");
        }
    }
}
