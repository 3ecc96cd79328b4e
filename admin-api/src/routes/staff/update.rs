//! `PUT /v1/staff/{login}`: name, e-mail and department of a user.
//!
//! Owns: what the request says.
//! Does not own: whom a caller may change (`billing::staff`).
//! Always: a field that is absent stays; `null` empties it; no change without a reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::staff::{self, StaffUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::StaffView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a user is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct StaffChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// E-mail; `null`: none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    email: Edit<String>,
    /// Code of the department; `null`: none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    department: Edit<String>,
    /// Whether he heads it.
    #[serde(default)]
    heads_department: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a user
///
/// Nobody moves himself to another department, and nobody changes a user who may more than he.
#[utoipa::path(
    put, path = "/v1/staff/{login}", operation_id = "staff_update", tag = "staff",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = StaffChange, example = json!({"name": "Анна Смирнова", "reason": "сменила фамилию"})),
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
    body: JsonBody<StaffChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let wanted = StaffUpdate {
        name: asked.name.as_deref().map(|name| inputs::word("/name", name.trim()).map(str::to_owned)).transpose()?,
        email: asked.email.try_map(|email| inputs::party::email("/email", &email))?,
        department: asked.department.try_map(|code| inputs::word("/department", &code).map(str::to_owned))?,
        heads_department: asked.heads_department,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("staff_update", &login, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let card = staff::update(&mut change, &context.staff, &login, &wanted, context.revision, reason).await?;
    writes::commit(change, &StaffView::from(&card)).await
}
