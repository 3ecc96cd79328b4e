//! `POST /v1/contracts/{id}/terminate`: end a contract that is in force.
//!
//! Owns: what the request says.
//! Does not own: contracts (`billing::contracts`), services and numbers of the client.
//! Always: the reason is kept with the contract.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::contracts;

use super::ContractView;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// End a contract
#[utoipa::path(
    post, path = "/v1/contracts/{id}/terminate", operation_id = "contract_terminate", tag = "contracts",
    params(("id" = i64, Path, description = "Identifier of the contract", example = 7), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "заявление клиента"})),
    responses((status = 200, description = "Ended", body = ContractView, example = json!({
        "id": 7, "number": "T-2026-00001", "client": "C-000001", "legal_entity": "T", "kind": "service", "template": "services", "template_version": 2,
        "state": "terminated", "signed_on": "2026-07-01", "valid_from": "2026-07-01", "valid_to": null, "accounts": ["A-000001"], "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "activated_at": "2026-07-01T10:05:00Z", "terminated_at": "2026-07-02T09:00:00Z", "termination_reason": "заявление клиента", "revision": 3
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("contract_terminate", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let contract = contracts::terminate(&mut change, number, context.revision, reason).await?;
    writes::commit(change, &ContractView::from(contract)).await
}
