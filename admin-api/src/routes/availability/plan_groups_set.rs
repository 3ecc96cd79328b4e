//! `PUT /v1/plans/{code}/groups`: keep a tariff plan for groups, or open it to everybody (B10).
//!
//! Owns: what the request says.
//! Does not own: what is open to whom (`billing::availability`).
//! Always: what was agreed before stays: who has it keeps it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::availability::{self, Thing};

use super::{KeptFor, WantedGroups};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Keep a tariff plan for groups
///
/// These groups take the place of those of before; none opens it to everybody.
#[utoipa::path(
    put, path = "/v1/plans/{code}/groups", operation_id = "plan_groups_set", tag = "terms",
    params(("code" = String, Path, description = "Code of the plan", example = "basic"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedGroups, example = json!({"groups": ["partners"], "reason": "условия партнёрской программы"})),
    responses((status = 200, description = "Kept from now on", body = KeptFor, example = json!({"code": "basic", "groups": ["partners"]})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedGroups>,
) -> Result<Response, Problem> {
    let wanted = body.value.codes()?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("plan_groups_set", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let groups = availability::restrict(&mut change, Thing::Plan, &code, &wanted, context.revision, reason).await?;
    writes::commit(change, &KeptFor { code, groups }).await
}
