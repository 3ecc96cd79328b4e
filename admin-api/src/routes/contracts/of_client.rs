//! `GET /v1/clients/{code}/contracts`: contracts of a client (B42).
//!
//! Owns: nothing.
//! Does not own: contracts (`billing::contracts`).
//! Always: the newest first; terminated ones are among them.

use axum::Json;
use axum::extract::{Path, State};
use billing::contracts;

use super::ContractView;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// Contracts of a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/contracts", operation_id = "client_contract_list", tag = "contracts",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them, the newest first", body = List<ContractView>, example = json!({"items": [{
        "id": 7, "number": "T-2026-00001", "client": "C-000001", "legal_entity": "T", "kind": "service", "template": "services", "template_version": 2,
        "state": "active", "signed_on": "2026-07-01", "valid_from": "2026-07-01", "valid_to": null, "accounts": ["A-000001"], "created_at": "2026-07-01T10:00:00Z",
        "created_by": "ivanova", "activated_at": "2026-07-01T10:05:00Z", "terminated_at": null, "termination_reason": null, "revision": 2
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<ContractView>>, Problem> {
    let contracts = contracts::of_client(&state.store, &code).await?.ok_or_else(|| no_client(&code))?;
    let most = contracts.len();
    Ok(Json(List::page(contracts, most, |contract| contract.id.to_string()).map(ContractView::from)))
}
