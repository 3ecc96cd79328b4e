//! `DELETE /v1/staff/{login}/tokens/{id}`: revoke a token.
//!
//! Owns: what the request says.
//! Does not own: tokens (`billing::staff`).
//! Always: the next request with it is refused.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Revoke a token
#[utoipa::path(
    delete, path = "/v1/staff/{login}/tokens/{id}", operation_id = "staff_token_revoke", tag = "staff",
    params(
        ("login" = String, Path, description = "Login, in any case", example = "petrova"),
        ("id" = i64, Path, description = "Identifier of the token", example = 7),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "панели больше нет"})),
    responses((status = 200, description = "Revoked", body = Named, example = json!({"code": "petrova"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((login, id)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("staff_token_revoke", &format!("{login}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::revoke_token(&mut change, &context.staff, &login, number, reason).await?;
    writes::commit(change, &Named { code: login }).await
}
