//! `POST /v1/approvals/{id}/approve`: approve in the name of the caller.
//!
//! Owns: what the request says.
//! Does not own: who may decide, and what follows (`billing::approvals`).
//! Always: the last approval and the execution commit together or not at all.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::approvals;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ApprovalView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Spoken};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// An approval.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Approve {
    /// What is to be said.
    #[serde(default)]
    comment: Option<String>,
}

/// Approve
///
/// For holders of the permission of the step that waits; never for who asked, and for nobody twice. The last approval that is needed executes what was asked
/// for: the answer says `executed`, or `failed` with the reason, and then nothing was done.
#[utoipa::path(
    post, path = "/v1/approvals/{id}/approve", operation_id = "approval_approve", tag = "approvals",
    params(("id" = i64, Path, description = "Number of the request", example = 5), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Approve, example = json!({"comment": "по договору"})),
    responses((status = 200, description = "Approved", body = ApprovalView, example = json!({
        "id": 5, "kind": "account.credit_limit", "entity": "account", "entity_id": "A-000001", "entity_revision": 3, "payload": {"limit": "1500"},
        "state": "executed", "reason": "письмо клиента от 1 июля", "requested_by": "ivanova", "department": "sales",
        "requested_at": "2026-07-01T10:00:00Z", "expires_at": "2026-07-15T10:00:00Z", "closed_at": "2026-07-02T09:00:00Z", "failure": null,
        "consent_needed": false, "consent_number": null,
        "steps": [{"no": 1, "permission": "account.credit_approve", "people": 1, "approved": 1, "barred": [], "head_of": null, "waits": false}],
        "decisions": [{"user": "petrov", "step": 1, "verdict": "approve", "comment": "по договору", "at": "2026-07-02T09:00:00Z"}], "evidence": [], "may_approve": false, "may_refuse": false, "why_not": {"code": "invalid_transition", "detail": "Запрос в состоянии executed"}, "revision": 2
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Approve>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let comment = inputs::party::text("/comment", body.value.comment.as_deref().unwrap_or_default(), 1_000)?;
    let key = context.idempotency("approval_approve", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    approvals::approve(&mut change, &context.staff, number, context.revision, &comment).await?;
    let decided = approvals::changed(&mut change, &context.staff, number).await?;
    writes::commit(change, &ApprovalView::new(decided, language)).await
}
