//! `DELETE /v1/departments/{code}`: close a department that nobody is in.
//!
//! Owns: what the request says.
//! Does not own: departments (`billing::staff`).
//! Always: nothing is erased.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Close a department
#[utoipa::path(
    delete, path = "/v1/departments/{code}", operation_id = "department_close", tag = "staff",
    params(("code" = String, Path, description = "Code of the department", example = "support"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "расформирован"})),
    responses((status = 200, description = "Closed", body = Named, example = json!({"code": "support"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("department_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let closed = staff::close_department(&mut change, &code, reason).await;
    closed.map_err(|error| super::of_department(error, &code))?;
    writes::commit(change, &Named { code }).await
}
