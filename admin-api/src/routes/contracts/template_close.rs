//! `DELETE /v1/contract-templates/{code}`: close a template of contracts.
//!
//! Owns: what the request says.
//! Does not own: templates (`billing::contracts`).
//! Always: nothing is erased; contracts that were made of it stay.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::contracts;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Close a template of contracts
#[utoipa::path(
    delete, path = "/v1/contract-templates/{code}", operation_id = "contract_template_close", tag = "contracts",
    params(("code" = String, Path, description = "Its code", example = "services"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "больше не нужен"})),
    responses((status = 200, description = "Closed", body = Named, example = json!({"code": "services"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("contract_template_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    contracts::close_template(&mut change, &code, reason).await?;
    writes::commit(change, &Named { code }).await
}
