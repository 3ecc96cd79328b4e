//! `POST /v1/staff/{login}/unblock`: a user works here again.
//!
//! Owns: what the request says.
//! Does not own: who may (`billing::staff`).
//! Always: tokens that were revoked stay so.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Let a blocked user work again
#[utoipa::path(
    post, path = "/v1/staff/{login}/unblock", operation_id = "staff_unblock", tag = "staff",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "вернулась из отпуска"})),
    responses((status = 200, description = "He works again; a token is made apart", body = Named, example = json!({"code": "petrova"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(login): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("staff_unblock", &login, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    staff::unblock(&mut change, &context.staff, &login, reason).await?;
    writes::commit(change, &Named { code: login }).await
}
