//! `POST /v1/departments`: make a department.
//!
//! Owns: what the request says.
//! Does not own: departments (`billing::staff`).
//! Always: a code stands once.

use axum::extract::State;
use axum::response::Response;
use billing::numbers::forcing::Route;
use billing::staff::{self, NewDepartment};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs::{self, given};
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// A wanted department.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedDepartment {
    /// Code, unique: small Latin letters, digits, `_` and `-`.
    code: String,
    /// Name.
    name: String,
    /// Code of the one above it.
    #[serde(default)]
    parent: Option<String>,
    /// Who approves that a number is forced into sale for its people: `assistants` (the default), or `manager`.
    #[serde(default)]
    forcing: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a department
#[utoipa::path(
    post, path = "/v1/departments", operation_id = "department_add", tag = "staff",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedDepartment, example = json!({"code": "support", "name": "Поддержка", "reason": "новая структура"})),
    responses((status = 201, description = "Made", body = Named, example = json!({"code": "support"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedDepartment>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let parent = given(asked.parent.as_deref()).map(|code| inputs::word("/parent", code).map(str::to_owned));
    let new = NewDepartment {
        code: super::code("/code", &asked.code)?,
        name: inputs::word("/name", asked.name.trim())?.to_owned(),
        parent: parent.transpose()?,
        forcing: super::forcing(asked.forcing.as_deref().unwrap_or(Route::default().as_str()))?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("department_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::add_department(&mut change, &new, reason).await?;
    writes::created(change, &Named { code: new.code }).await
}
