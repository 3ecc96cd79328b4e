//! `GET /v1/approvals/{id}`: a request with its steps, decisions and evidence.
//!
//! Owns: nothing.
//! Does not own: what stands against a decision of the caller (`billing::approvals`).
//! Always: the header ETag carries its revision.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::header::ETAG;
use axum::response::{IntoResponse, Response};
use billing::approvals;

use super::ApprovalView;
use crate::call_context::CallContext;
use crate::extract::Spoken;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A request for approval
#[utoipa::path(
    get, path = "/v1/approvals/{id}", operation_id = "approval_get", tag = "approvals",
    params(("id" = i64, Path, description = "Number of the request", example = 5)),
    responses((status = 200, description = "The request, and whether the caller may decide; the header ETag carries its revision", body = ApprovalView, example = json!({
        "id": 5, "kind": "account.credit_limit", "entity": "account", "entity_id": "A-000001", "entity_revision": 3, "payload": {"limit": "1500"},
        "state": "requested", "reason": "письмо клиента от 1 июля", "requested_by": "ivanova", "department": "sales",
        "requested_at": "2026-07-01T10:00:00Z", "expires_at": "2026-07-15T10:00:00Z", "closed_at": null, "failure": null,
        "consent_needed": false, "consent_number": null,
        "steps": [{"no": 1, "permission": "account.credit_approve", "people": 1, "approved": 0, "barred": [], "head_of": null, "waits": true}],
        "decisions": [], "evidence": [], "may_approve": true, "may_refuse": true, "why_not": null, "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Spoken(language): Spoken,
    context: CallContext,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let found = approvals::find(&state.store, &context.staff, id, state.clock.now()).await?;
    let view = ApprovalView::new(found.ok_or(Problem::new(Code::NotFound))?, language);
    Ok(([(ETAG, format!("\"{}\"", view.revision))], Json(view)).into_response())
}
