//! `PUT /v1/staff/{login}/roles`: which roles a user has.
//!
//! Owns: what the request says.
//! Does not own: who may give which (`billing::staff`).
//! Always: nobody gives what he lacks, nor changes his own (S41).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;
use serde::Deserialize;
use utoipa::ToSchema;

use super::StaffView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Wanted roles.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedRoles {
    /// Codes of all roles that he is to have.
    roles: Vec<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Say which roles a user has
#[utoipa::path(
    put, path = "/v1/staff/{login}/roles", operation_id = "staff_roles", tag = "staff",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedRoles, example = json!({"roles": ["support", "assistants"], "reason": "замещает"})),
    responses((status = 200, description = "Changed", body = StaffView, example = json!({
        "login": "petrova", "name": "Анна Петрова", "email": "petrova@example.ru", "department": "support", "heads_department": false,
        "roles": ["support"], "permissions": ["account.view", "calls.view"], "blocked_at": null, "block_reason": null,
        "created_at": "2026-07-01T10:00:00Z", "created_by": "admin", "revision": 1
    })))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(login): Path<String>,
    body: JsonBody<WantedRoles>,
) -> Result<Response, Problem> {
    let roles = super::roles(&body.value.roles)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("staff_roles", &login, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let card = staff::set_roles(&mut change, &context.staff, &login, &roles, context.revision, reason).await?;
    writes::commit(change, &StaffView::from(&card)).await
}
