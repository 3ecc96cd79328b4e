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
use billing::numbers::force::ForceError;
use billing::numbers::forcing::NotForced;
use billing::staff::Permission;
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
    /// Code of the department that they have to head, or one above it.
    head_of: Option<String>,
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
            head_of: step.head_of.clone(),
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
            Obstacle::Lacks(permission @ Permission::DidForceForeign) => {
                let name = permission.as_str();
                Self::new(Code::ProviderNotOwn).because(Text::new(
                    format!("Номер чужого провайдера согласует назначенный сотрудник продаж: нужно право {name}"),
                    format!("The designated approver of sales decides on another provider's number: the permission {name} is needed"),
                ))
            }
            Obstacle::Lacks(permission) => forbidden(permission),
            Obstacle::NotManager => Self::new(Code::Forbidden).because(Text::fixed(
                "Согласует руководитель отдела того, кто запросил, или вышестоящего отдела",
                "Who heads the department of the requester, or one above it, decides",
            )),
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
            ApprovalError::Number => Self::field(
                "/entity_id",
                Text::fixed(
                    "Ожидается номер: только цифры, с кодом страны и без +",
                    "A number is expected: digits alone, with the country code and without `+`",
                ),
            ),
            ApprovalError::NoManager(department) => Self::field(
                "/kind",
                Text::new(
                    format!(
                        "Согласовать некому: ни у отдела {department}, ни у вышестоящих нет руководителя, кроме вас; его назначают в PUT /v1/staff/{{login}}"
                    ),
                    format!(
                        "Nobody can approve it: neither the department {department} nor one above it has a head beside you; PUT /v1/staff/{{login}} makes one"
                    ),
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
            ApprovalError::Force(error) => not_forced(error),
            ApprovalError::Subscription(error) => error.into(),
            ApprovalError::Store(error) => error.into(),
        }
    }
}

/// Why a number cannot be forced, and what helps.
fn not_forced(error: ForceError) -> Problem {
    let state = |ru: String, en: String| Problem::new(Code::InvalidTransition).at("/entity_id", Text::new(ru, en));
    let client = |code: Code, ru: String, en: String| Problem::new(code).at("/payload/client", Text::new(ru, en));
    match error {
        ForceError::NotForced(NotForced::State(status)) => state(
            format!("Номер в состоянии {status}, а принудительно выводят свободный или архивный"),
            format!("The number is {status}; only a free or archived one is forced into sale"),
        ),
        ForceError::NotForced(NotForced::OffSale) => state(
            "Номер снят с продажи: сначала верните его, PUT /v1/dids/{number} с sale yes".to_owned(),
            "The number was taken off sale: put it on sale first, PUT /v1/dids/{number} with sale yes".to_owned(),
        ),
        ForceError::NotForced(NotForced::Already) => {
            state("Номер уже выведен принудительно".to_owned(), "The number is forced into sale already".to_owned())
        }
        ForceError::NotForced(NotForced::Green) => {
            state("Номер и так продаётся".to_owned(), "The number is for sale without that".to_owned())
        }
        ForceError::NotForced(NotForced::Rests(until)) => state(
            format!("Мобильный номер не продаётся раньше {until}"),
            format!("A mobile number is not for sale before {until}"),
        ),
        ForceError::NoClient(code) => {
            client(Code::Validation, format!("Клиента {code} нет"), format!("There is no client {code}"))
        }
        ForceError::Cleaned(code) => client(
            Code::Cleaned,
            format!("Данные клиента {code} очищены"),
            format!("The data of client {code} were cleaned"),
        ),
        ForceError::ClientNeeded(callers) => client(
            Code::ClientConsentRequired,
            format!("Уникальных звонивших: {callers}. Укажите клиента, для которого номер: понадобится его согласие"),
            format!("{callers} unique callers: name the client for whom the number is, his consent will be needed"),
        ),
        ForceError::Calendar(outside) => outside.into(),
        ForceError::Did(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use billing::accounts::AccountError;
    use billing::approvals::Consent;
    use billing::numbers::DidError;
    use billing::price_lists::ActivateError;
    use billing::production_calendar::OutsideCalendar;

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
            (ApprovalError::Number, Code::Validation),
            (ApprovalError::NoManager("care".into()), Code::Validation),
            (ApprovalError::Force(NotForced::OffSale.into()), Code::InvalidTransition),
            (ApprovalError::Force(ForceError::NoClient("C".into())), Code::Validation),
            (ApprovalError::Force(ForceError::Cleaned("C".into())), Code::Cleaned),
            (ApprovalError::Force(ForceError::ClientNeeded(6)), Code::ClientConsentRequired),
            (ApprovalError::Force(DidError::NotOurs.into()), Code::NotOurs),
            (ApprovalError::Force(OutsideCalendar { calendar: "ru".into(), year: 2028 }.into()), Code::OutsideCalendar),
            (of(Obstacle::State(State::Refused)), Code::InvalidTransition),
            (of(Obstacle::SelfApproval), Code::SelfApproval),
            (of(Obstacle::OwnWork), Code::SelfApproval),
            (of(Obstacle::Lacks(Permission::PriceActivate)), Code::Forbidden),
            (of(Obstacle::Lacks(Permission::DidForceForeign)), Code::ProviderNotOwn),
            (of(Obstacle::NotManager), Code::Forbidden),
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
