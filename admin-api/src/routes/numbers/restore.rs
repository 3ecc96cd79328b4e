//! `POST /v1/dids/{number}/restore`: bring a withdrawn number back into the capacity (A33, M23).
//!
//! Owns: what the request says.
//! Does not own: which states may become which (`billing::numbers`).
//! Always: it is free and begins without data, whatever it was before.

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

/// The number in the capacity again. No `Debug`: numbers do not belong into logs.
#[derive(Serialize, ToSchema)]
pub(crate) struct RestoredDid {
    /// The number.
    number: String,
    /// Its state.
    status: &'static str,
}

/// Bring a number back into the capacity
///
/// It is free from now on; its class by non-target calls begins anew, as that of a number that comes for the first time.
#[utoipa::path(
    post, path = "/v1/dids/{number}/restore", operation_id = "did_restore", tag = "numbers",
    params(
        ("number" = String, Path, description = "The number, with or without `+`", example = "74951201031"),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "возвращён от другого оператора"})),
    responses((status = 200, description = "In the capacity again", body = RestoredDid, example = json!({"number": "74951201031", "status": "free"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(number): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::e164("/number", &number)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("did_restore", &number.to_string(), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    numbers::restore(&mut change, number, context.revision, reason).await?;
    writes::commit(change, &RestoredDid { number: number.to_string(), status: "free" }).await
}
