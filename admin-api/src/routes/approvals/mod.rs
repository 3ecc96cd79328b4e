//! Endpoints of approvals: asked for, looked at, backed with evidence, approved, refused, withdrawn.
//!
//! Owns: the list of them, how a request is shown, which problem each obstacle is.
//! Does not own: who may decide, what is executed (`billing::approvals`).
//! Always: who decides needs the permission of the step that waits, which the room knows; the path alone asks for `approval.view`.

pub(crate) mod approve;
pub(crate) mod evidence_add;
pub(crate) mod get;
pub(crate) mod refuse;
pub(crate) mod request;
pub(crate) mod withdraw;

use billing::approvals::{Approval, ApprovalError, Decision, Evidence, Obstacle, Standing, State};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::call_context::forbidden;
use crate::extract;
use crate::language::{Language, Text};
use crate::problem::{Code, Problem};

/// Who has to approve before the next step.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StepView {
    /// Number, from 1.
    no: i16,
    /// What they may.
    permission: &'static str,
    /// How many different people; never who asked, and nobody twice.
    people: i16,
    /// How many of them have approved.
    approved: i64,
    /// Logins of others who do not count.
    barred: Vec<String>,
    /// Whether this is the step that waits.
    waits: bool,
}

/// What somebody decided.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DecisionView {
    /// Login.
    user: String,
    /// In which step.
    step: i16,
    /// `approve` or `refuse`.
    verdict: &'static str,
    /// His words.
    comment: String,
    /// When.
    at: DateTime<Utc>,
}

impl From<Decision> for DecisionView {
    fn from(decision: Decision) -> Self {
        let Decision { login: user, step, verdict, comment, at, .. } = decision;
        Self { user, step, verdict: verdict.as_str(), comment, at }
    }
}

/// What speaks for a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    /// Identifier.
    id: i64,
    /// `client_consent` or `other`.
    kind: &'static str,
    /// The words.
    text: String,
    /// Their day.
    date: NaiveDate,
    /// The number that the client was shown.
    number_shown: Option<i64>,
    /// Login of who added it.
    author: String,
    /// When.
    created_at: DateTime<Utc>,
}

impl From<Evidence> for EvidenceView {
    fn from(evidence: Evidence) -> Self {
        let Evidence { id, kind, text, day: date, number_shown, author, created_at } = evidence;
        Self { id, kind: kind.as_str(), text, date, number_shown, author, created_at }
    }
}

/// What stands against an approval of the caller.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WhyNotView {
    /// The code that a try would be refused with.
    code: &'static str,
    /// The same in words.
    detail: String,
}

/// A request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ApprovalView {
    /// Number.
    id: i64,
    /// What is asked for.
    kind: &'static str,
    /// Kind of record that it is about.
    entity: &'static str,
    /// Which one.
    entity_id: String,
    /// Its revision when it was asked for; another one makes the request stale.
    entity_revision: i64,
    /// What it would do, as its kind has it.
    #[schema(value_type = Object)]
    payload: Value,
    /// `requested`, `approved`, `refused`, `withdrawn`, `expired`, `executed`, or `failed`: approved, and could not be done.
    state: &'static str,
    /// Why it is asked for.
    reason: String,
    /// Login of who asked.
    requested_by: String,
    /// Code of his department then.
    department: Option<String>,
    /// When.
    requested_at: DateTime<Utc>,
    /// The moment from which it can be decided no more.
    expires_at: DateTime<Utc>,
    /// When it came to its end.
    closed_at: Option<DateTime<Utc>>,
    /// Why it could not be done; nothing of it was.
    failure: Option<String>,
    /// Whether the client had to agree when it was asked for.
    consent_needed: bool,
    /// The number that he has to have been shown.
    consent_number: Option<i64>,
    /// Who has to approve, one step after another.
    steps: Vec<StepView>,
    /// Who decided what.
    decisions: Vec<DecisionView>,
    /// What speaks for it.
    evidence: Vec<EvidenceView>,
    /// Whether the caller may approve now.
    may_approve: bool,
    /// Whether he may refuse now.
    may_refuse: bool,
    /// Why he may not approve.
    why_not: Option<WhyNotView>,
    /// Raised with every change; the ETag.
    revision: i64,
}

impl ApprovalView {
    /// How a request is shown to a caller with this standing.
    fn new((approval, standing): (Approval, Standing), language: Language) -> Self {
        let is_open = approval.state == State::Requested;
        let step = |(no, step): (i16, &billing::approvals::Step)| StepView {
            no,
            permission: step.permission.as_str(),
            people: step.people,
            approved: approval.approved_in(no),
            barred: step.barred.clone(),
            waits: is_open && no == approval.step,
        };
        let steps: Vec<StepView> = (1_i16..).zip(&approval.steps).map(step).collect();
        let why_not = standing.approve.map(|obstacle| {
            let (code, detail) = Problem::from(obstacle).told(language);
            WhyNotView { code, detail }
        });
        Self {
            id: approval.id,
            kind: approval.kind.as_str(),
            entity: approval.kind.entity(),
            entity_id: approval.entity_id,
            entity_revision: approval.entity_revision,
            payload: approval.payload,
            state: approval.state.as_str(),
            reason: approval.reason,
            requested_by: approval.requester,
            department: approval.department,
            requested_at: approval.requested_at,
            expires_at: approval.expires_at,
            closed_at: approval.closed_at,
            failure: approval.failure,
            consent_needed: approval.consent.is_some(),
            consent_number: approval.consent.and_then(|consent| consent.number),
            steps,
            decisions: approval.decisions.into_iter().map(DecisionView::from).collect(),
            evidence: approval.evidence.into_iter().map(EvidenceView::from).collect(),
            may_approve: standing.approve.is_none(),
            may_refuse: standing.refuse.is_none(),
            why_not,
            revision: approval.revision,
        }
    }
}

impl From<Obstacle> for Problem {
    fn from(obstacle: Obstacle) -> Self {
        match obstacle {
            Obstacle::State(state) => {
                let state = state.as_str();
                Self::new(Code::InvalidTransition)
                    .because(Text::new(format!("Запрос в состоянии {state}"), format!("The request is {state}")))
            }
            Obstacle::SelfApproval => Self::new(Code::SelfApproval),
            Obstacle::OwnWork => Self::new(Code::SelfApproval)
                .because(Text::fixed("Сделанное вами согласует другой", "Somebody else approves what you made")),
            Obstacle::Lacks(permission) => forbidden(permission),
            Obstacle::AlreadyDecided => Self::new(Code::AlreadyDecided),
            Obstacle::StaleRequest => Self::new(Code::StaleRequest),
            Obstacle::ConsentRequired(consent) => {
                let problem = Self::new(Code::ClientConsentRequired);
                match consent.number {
                    Some(number) => problem.because(Text::new(
                        format!("Нужно согласие клиента, которому показано число {number}"),
                        format!("The consent of the client is needed, who was shown the number {number}"),
                    )),
                    None => problem,
                }
            }
        }
    }
}

impl From<ApprovalError> for Problem {
    fn from(error: ApprovalError) -> Self {
        match error {
            ApprovalError::NotFound => Self::new(Code::NotFound),
            ApprovalError::NoEntity => {
                Self::field("/entity_id", Text::fixed("Такой записи нет", "There is no such record"))
            }
            ApprovalError::Payload(said) => extract::of_part("payload", &said),
            ApprovalError::Limit => Self::field(
                "/payload/limit",
                Text::fixed(
                    "Ожидается строкой число от 0 до 999999999.99, не больше двух знаков после точки",
                    "A number of 0 to 999999999.99 is expected as a string, with at most two decimals",
                ),
            ),
            ApprovalError::AlreadyOpen => Self::new(Code::AlreadyExists).at(
                "/entity_id",
                Text::fixed(
                    "Такой запрос уже ждёт решения: GET /v1/approvals с kind и entity_id",
                    "Such a request waits already: GET /v1/approvals with kind and entity_id",
                ),
            ),
            ApprovalError::Obstacle(obstacle) => obstacle.into(),
            ApprovalError::NotRequester => Self::new(Code::Forbidden)
                .because(Text::fixed("Запрос отзывает тот, кто его сделал", "A request is withdrawn by who made it")),
            ApprovalError::TooMuchEvidence(most) => Self::new(Code::LimitTooLarge).because(Text::new(
                format!("Не больше {most} оснований"),
                format!("At most {most} pieces of evidence"),
            )),
            ApprovalError::Stale => Self::new(Code::Stale),
            ApprovalError::Account(error) => error.into(),
            ApprovalError::Ledger(error) => error.into(),
            ApprovalError::Prices(error) => error.into(),
            ApprovalError::NotDue => Self::new(Code::TerminationNotDue).at(
                "/entity_id",
                Text::fixed(
                    "Срок после уведомления не истёк, или долг погашен: GET /v1/terminations?account=..",
                    "The term after the notice is not over, or the debt was paid: GET /v1/terminations?account=..",
                ),
            ),
            // Only what is executed runs into it, and there it is kept as the failure of the request.
            ApprovalError::Termination(error) => {
                Self::new(Code::InvalidTransition).because(Text::new(error.to_string(), error.to_string()))
            }
            ApprovalError::Store(error) => error.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use billing::accounts::AccountError;
    use billing::approvals::Consent;
    use billing::price_lists::ActivateError;
    use billing::staff::Permission;

    use super::*;

    #[test]
    fn every_refusal_has_its_code() {
        let of = |obstacle: Obstacle| ApprovalError::Obstacle(obstacle);
        for (error, code) in [
            (ApprovalError::NotFound, Code::NotFound),
            (ApprovalError::NoEntity, Code::Validation),
            (ApprovalError::Payload("x".into()), Code::Validation),
            (ApprovalError::Limit, Code::Validation),
            (ApprovalError::AlreadyOpen, Code::AlreadyExists),
            (ApprovalError::NotRequester, Code::Forbidden),
            (ApprovalError::TooMuchEvidence(100), Code::LimitTooLarge),
            (ApprovalError::Stale, Code::Stale),
            (
                ApprovalError::Account(AccountError::Credit(billing::accounts::CreditFault::NoLimit)),
                Code::CreditPolicyConflict,
            ),
            (ApprovalError::Prices(ActivateError::StalePreview), Code::StalePreview),
            (ApprovalError::NotDue, Code::TerminationNotDue),
            (of(Obstacle::State(State::Refused)), Code::InvalidTransition),
            (of(Obstacle::SelfApproval), Code::SelfApproval),
            (of(Obstacle::OwnWork), Code::SelfApproval),
            (of(Obstacle::Lacks(Permission::PriceActivate)), Code::Forbidden),
            (of(Obstacle::AlreadyDecided), Code::AlreadyDecided),
            (of(Obstacle::StaleRequest), Code::StaleRequest),
            (of(Obstacle::ConsentRequired(Consent { number: Some(6) })), Code::ClientConsentRequired),
        ] {
            assert_eq!(Problem::from(error).code(), code);
        }
        let (code, detail) = Problem::from(Obstacle::Lacks(Permission::PriceActivate)).told(Language::English);
        assert!(code == "forbidden" && detail.contains("price.activate"), "{detail}");
        let (code, detail) = Problem::from(Obstacle::SelfApproval).told(Language::Russian);
        assert!(code == "self_approval" && !detail.is_empty(), "{detail}");
    }
}
