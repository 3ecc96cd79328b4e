//! `DELETE /v1/staff/{login}/permissions/{permission}`: take a right of a user's own away.
//!
//! Owns: what the request says.
//! Does not own: who may (`billing::staff`).
//! Always: what his roles give stays.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Take a right of a user's own away
#[utoipa::path(
    delete, path = "/v1/staff/{login}/permissions/{permission}", operation_id = "staff_permission_take", tag = "staff",
    params(
        ("login" = String, Path, description = "Login, in any case", example = "petrova"),
        ("permission" = String, Path, description = "Name of the permission", example = "lock.edit"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "замещение окончено"})),
    responses((status = 200, description = "Taken", body = Named, example = json!({"code": "lock.edit"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((login, name)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let permission = super::permission("/permission", &name)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("staff_permission_take", &format!("{login}\n{name}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::take_permission(&mut change, &context.staff, &login, permission, reason).await?;
    writes::commit(change, &Named { code: name }).await
}
