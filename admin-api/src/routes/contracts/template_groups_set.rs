//! `PUT /v1/contract-templates/{code}/groups`: keep a template of contracts for groups, or open it to everybody (B31).
//!
//! Owns: its description.
//! Does not own: what the request says (`availability`), what is open to whom (`billing::availability`).
//! Always: what was agreed before stays: who has it keeps it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::availability::Thing;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::problem::Problem;
use crate::routes::availability::{KeptFor, WantedGroups, keep};
use crate::state::AppState;

/// Keep a template of contracts for groups
///
/// These groups take the place of those of before; none opens it to everybody.
#[utoipa::path(
    put, path = "/v1/contract-templates/{code}/groups", operation_id = "contract_template_groups_set", tag = "contracts",
    params(("code" = String, Path, description = "Code of the template", example = "services"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedGroups, example = json!({"groups": ["partners"], "reason": "условия партнёрской программы"})),
    responses((status = 200, description = "Kept from now on", body = KeptFor, example = json!({"code": "services", "groups": ["partners"]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedGroups>,
) -> Result<Response, Problem> {
    keep(&state, &context, ("contract_template_groups_set", Thing::ContractTemplate), code, &body).await
}
