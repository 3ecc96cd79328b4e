//! `DELETE /v1/roles/{code}`: end a role that nobody has.
//!
//! Owns: what the request says.
//! Does not own: roles (`billing::staff`).
//! Always: nothing is erased; its code is not used again.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// End a role
#[utoipa::path(
    delete, path = "/v1/roles/{code}", operation_id = "role_end", tag = "staff",
    params(("code" = String, Path, description = "Code of the role", example = "night_shift"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "дежурств больше нет"})),
    responses((status = 200, description = "Ended", body = Named, example = json!({"code": "night_shift"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("role_end", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::end_role(&mut change, &context.staff, &code, reason).await.map_err(super::of_path)?;
    writes::commit(change, &Named { code }).await
}
