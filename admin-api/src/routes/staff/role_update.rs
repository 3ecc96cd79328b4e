//! `PUT /v1/roles/{code}`: names and rights of a role.
//!
//! Owns: what the request says.
//! Does not own: which rights a caller may change (`billing::staff`).
//! Always: a field that is absent stays; nobody adds what he lacks, nor to a role of his own (S41).

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff::{self, RoleUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::RoleView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a role is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RoleChange {
    /// Name in Russian.
    #[serde(default)]
    name_ru: Option<String>,
    /// Name in English.
    #[serde(default)]
    name_en: Option<String>,
    /// Names of all permissions that it is to have.
    #[serde(default)]
    permissions: Option<Vec<String>>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a role
#[utoipa::path(
    put, path = "/v1/roles/{code}", operation_id = "role_update", tag = "staff",
    params(("code" = String, Path, description = "Code of the role", example = "night_shift"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = RoleChange, example = json!({"permissions": ["account.view"], "reason": "блокировки не нужны"})),
    responses((status = 200, description = "Changed; counts from the next request of everybody who has it", body = RoleView, example = json!({"code": "night_shift", "name_ru": "Ночная смена", "name_en": "Night shift", "built_in": false, "permissions": ["account.view", "lock.view"], "people": 0, "revision": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<RoleChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let name = |pointer: &str, name: &Option<String>| {
        name.as_deref().map(|name| inputs::word(pointer, name.trim()).map(str::to_owned)).transpose()
    };
    let permissions = asked.permissions.as_ref().map(|names| super::permissions("/permissions", names)).transpose()?;
    let wanted = RoleUpdate {
        name_ru: name("/name_ru", &asked.name_ru)?,
        name_en: name("/name_en", &asked.name_en)?,
        permissions,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("role_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let role = staff::update_role(&mut change, &context.staff, &code, &wanted, context.revision, reason)
        .await
        .map_err(super::of_path)?;
    writes::commit(change, &RoleView::from(role)).await
}
