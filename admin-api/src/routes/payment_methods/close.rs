//! `DELETE /v1/payment-methods/{code}`: close a payment method.
//!
//! Owns: what the request says.
//! Does not own: payment methods (`billing::payment_methods`).
//! Always: nothing is erased; payments that were made by it stay.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::payment_methods;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Close a payment method
#[utoipa::path(
    delete, path = "/v1/payment-methods/{code}", operation_id = "payment_method_close", tag = "terms",
    params(("code" = String, Path, description = "Its code", example = "cash_office"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "больше не нужен"})),
    responses((status = 200, description = "Closed", body = Named, example = json!({"code": "cash_office"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("payment_method_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    payment_methods::close(&mut change, &code, reason).await?;
    writes::commit(change, &Named { code }).await
}
