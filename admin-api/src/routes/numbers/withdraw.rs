//! `POST /v1/dids/{number}/withdraw`: take a number out of the capacity: ported out, or returned (A33).
//!
//! Owns: what the request says.
//! Does not own: which states may become which (`billing::numbers`).
//! Always: no withdrawal without a reason; a number that a subscriber has stays until he is closed.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers;
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// The number outside of the capacity. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct WithdrawnDid {
    /// The number.
    number: String,
    /// Its state.
    status: &'static str,
}

/// Take a number out of the capacity
///
/// It was ported to another operator, or returned to the one from whom it came. Its calls are none of ours from now on. A subscriber who has it is closed first.
#[utoipa::path(
    post, path = "/v1/dids/{number}/withdraw", operation_id = "did_withdraw", tag = "numbers",
    params(
        ("number" = String, Path, description = "The number, with or without `+`", example = "74951201031"),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "перенесён к другому оператору"})),
    responses((status = 200, description = "Withdrawn", body = WithdrawnDid, example = json!({"number": "74951201031", "status": "withdrawn"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(number): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::e164("/number", &number)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("did_withdraw", &number.to_string(), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    numbers::withdraw(&mut change, number, context.revision, reason).await?;
    writes::commit(change, &WithdrawnDid { number: number.to_string(), status: "withdrawn" }).await
}
