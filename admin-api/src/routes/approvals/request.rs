//! `POST /v1/approvals`: ask for something that others have to approve.
//!
//! Owns: what the request says.
//! Does not own: what can be asked for, and who approves it (`billing::approvals`).
//! Always: no request without a reason; one open request of a kind on the same.

use axum::extract::State;
use axum::response::Response;
use billing::approvals::{self, Kind, NewEvidence, NewRequest};
use serde::Deserialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::ApprovalView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Spoken};
use crate::inputs;
use crate::problem::Problem;
use crate::routes::subscriptions::callers;
use crate::state::AppState;
use crate::writes::{self, Write};

/// What is asked for.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedApproval {
    /// `account.credit_limit`, `account.terminate`, `did.force`, `did.replace`, `posting.reverse` or `price_import.activate`.
    kind: String,
    /// What it is about: the code of an account, a telephone number, the number of a subscriber or of an import.
    entity_id: String,
    /// What it would do: `{"limit": "1500.00"}` of an account, `{"client": "C-000017"}` of a number (the client has to agree where six callers or more rang),
    /// `{"backdate": false}` of an import, of a subscriber the number to come: `{"number": "74951201031", "initiator": "client"}`, or `operator` with `told_on`,
    /// the day on which the client was told.
    #[serde(default)]
    #[schema(value_type = Object)]
    payload: Option<Map<String, Value>>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Ask for approval
///
/// What is asked for is kept with the revision of what it is about: when that changes, the request is stale. A kind also asks for the permission of what it
/// does: `account.credit` for a limit, `contract.edit` for ending the contract of a debtor (`termination_not_due` before its term is over), `did.force_request`
/// for a number, `price.import` for an import, `did.replace_request` for the number of a subscriber; with that comes the count of callers as evidence.
#[utoipa::path(
    post, path = "/v1/approvals", operation_id = "approval_request", tag = "approvals",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedApproval, example = json!({
        "kind": "account.credit_limit", "entity_id": "A-000001", "payload": {"limit": "1500.00"}, "reason": "письмо клиента от 1 июля"
    })),
    responses((status = 201, description = "Asked for", body = ApprovalView, example = json!({
        "id": 5, "kind": "account.credit_limit", "entity": "account", "entity_id": "A-000001", "entity_revision": 3, "payload": {"limit": "1500"},
        "state": "requested", "reason": "письмо клиента от 1 июля", "requested_by": "ivanova", "department": "sales",
        "requested_at": "2026-07-01T10:00:00Z", "expires_at": "2026-07-15T10:00:00Z", "closed_at": null, "failure": null,
        "consent_needed": false, "consent_number": null,
        "steps": [{"no": 1, "permission": "account.credit_approve", "people": 1, "approved": 0, "barred": [], "head_of": null, "waits": true}],
        "decisions": [], "evidence": [], "may_approve": false, "may_refuse": false, "why_not": {"code": "self_approval", "detail": "Свой запрос согласует другой"}, "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    context: CallContext,
    body: JsonBody<WantedApproval>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let kind: Kind = inputs::one_of("/kind", &asked.kind, Kind::NAMES.iter().copied())?;
    let entity_id = inputs::word("/entity_id", &asked.entity_id)?;
    let payload = Value::Object(asked.payload.clone().unwrap_or_default());
    let reason = inputs::reason(asked.reason.as_deref())?;
    let days = state.settings()?.number("approval.days")?;
    let new = NewRequest { kind, entity_id, payload: &payload, days };
    let evidence = evidence(&state, kind, entity_id).await?;
    let key = context.idempotency("approval_request", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = approvals::request(&mut change, &context.staff, &new, reason).await?;
    if let Some(evidence) = evidence {
        approvals::add_evidence(&mut change, id, &evidence).await?;
    }
    let made = approvals::changed(&mut change, &context.staff, id).await?;
    writes::created(change, &ApprovalView::new(made, language)).await
}

/// What the program itself knows that speaks for a request: of a number to be replaced, who has called it (M22).
async fn evidence(state: &AppState, kind: Kind, entity_id: &str) -> Result<Option<NewEvidence>, Problem> {
    let subscriber = entity_id.parse::<i64>().ok().filter(|_| kind == Kind::DidReplace);
    let Some(subscriber) = subscriber else { return Ok(None) };
    let zone = state.settings()?.zone("billing.zone")?;
    let day = state.clock.now().with_timezone(&zone).date_naive();
    let figures = callers::figures(state, subscriber).await?;
    Ok(figures.map(|figures| figures.evidence(day, zone)))
}
