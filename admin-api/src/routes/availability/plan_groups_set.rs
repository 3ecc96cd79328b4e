//! `PUT /v1/plans/{code}/groups`: keep a tariff plan for groups, or open it to everybody (B10).
//!
//! Owns: its description.
//! Does not own: what the request says (the folder), what is open to whom (`billing::availability`).
//! Always: what was agreed before stays: who has it keeps it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::availability::Thing;

use super::{KeptFor, WantedGroups, keep};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::problem::Problem;
use crate::state::AppState;

/// Keep a tariff plan for groups
///
/// These groups take the place of those of before; none opens it to everybody.
#[utoipa::path(
    put, path = "/v1/plans/{code}/groups", operation_id = "plan_groups_set", tag = "terms",
    params(("code" = String, Path, description = "Code of the plan", example = "basic"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedGroups, example = json!({"groups": ["partners"], "reason": "условия партнёрской программы"})),
    responses((status = 200, description = "Kept from now on", body = KeptFor, example = json!({"code": "basic", "groups": ["partners"]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedGroups>,
) -> Result<Response, Problem> {
    keep(&state, &context, ("plan_groups_set", Thing::Plan), code, &body).await
}
