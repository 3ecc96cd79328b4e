//! `PUT /v1/departments/{code}`: name and place of a department, and whom its people ask for a forcing.
//!
//! Owns: what the request says.
//! Does not own: departments (`billing::staff`).
//! Always: a field that is absent stays; `null` as parent puts it on top.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::staff::{self, DepartmentUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::DepartmentView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a department is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DepartmentChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Code of the one above it; `null`: none.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    parent: Edit<String>,
    /// Who approves that a number is forced into sale for its people: `assistants`, or `manager`: who heads it, with a copy to the designated approver.
    #[serde(default)]
    forcing: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a department
#[utoipa::path(
    put, path = "/v1/departments/{code}", operation_id = "department_update", tag = "staff",
    params(("code" = String, Path, description = "Code of the department", example = "support"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = DepartmentChange, example = json!({"name": "Техподдержка", "forcing": "assistants", "reason": "переименование"})),
    responses((status = 200, description = "Changed", body = DepartmentView, example = json!({"code": "support", "name": "Поддержка", "parent": "service", "forcing": "assistants", "people": 12, "revision": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<DepartmentChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let wanted = DepartmentUpdate {
        name: asked.name.as_deref().map(|name| inputs::word("/name", name.trim()).map(str::to_owned)).transpose()?,
        parent: asked.parent.try_map(|code| inputs::word("/parent", &code).map(str::to_owned))?,
        forcing: asked.forcing.as_deref().map(super::forcing).transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("department_update", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let department = staff::update_department(&mut change, &code, &wanted, context.revision, reason).await;
    writes::commit(change, &DepartmentView::from(department.map_err(|error| super::of_department(error, &code))?)).await
}
