//! `GET /v1/contracts/{id}`: a contract.
//!
//! Owns: nothing.
//! Does not own: contracts (`billing::contracts`), its text (`text`).
//! Always: the header ETag carries its revision.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::contracts;

use super::ContractView;
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// A contract
#[utoipa::path(
    get, path = "/v1/contracts/{id}", operation_id = "contract_get", tag = "contracts",
    params(("id" = i64, Path, description = "Identifier of the contract", example = 7)),
    responses((status = 200, description = "The contract; the header ETag carries its revision", body = ContractView, example = json!({
        "id": 7, "number": "T-2026-00001", "client": "C-000001", "legal_entity": "T", "kind": "service", "template": "services", "template_version": 2,
        "state": "active", "signed_on": "2026-07-01", "valid_from": "2026-07-01", "valid_to": null, "accounts": ["A-000001"], "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "activated_at": "2026-07-01T10:05:00Z", "terminated_at": null, "termination_reason": null, "revision": 2
    })))
)]
pub(crate) async fn handler(State(state): State<AppState>, Path(id): Path<String>) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let contract = contracts::contract(&state.store, id).await?.ok_or(Problem::new(Code::NotFound))?;
    Ok(super::with_etag(contract.revision, ContractView::from(contract)))
}
