//! `POST /v1/dids/{number}/ignored-callers`: calls of somebody to a number do not count, for its buyer declared him (A28).
//!
//! Owns: what the request says.
//! Does not own: what that does to the number (`billing::numbers`).
//! Always: no ignoring without a reason; the calls stay and are shown apart.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Whose calls do not count. No `Debug`: numbers do not belong into logs.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedIgnoredCaller {
    /// The caller, with or without `+`.
    pub(super) caller: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    pub(super) reason: Option<String>,
}

/// Ignore a caller to a number
///
/// For the number that a buyer declared as his own before he chose this one. His calls of before do not count any more either, so that the class of the number
/// is as if he had never called.
#[utoipa::path(
    post, path = "/v1/dids/{number}/ignored-callers", operation_id = "did_ignore_caller", tag = "numbers",
    params(
        ("number" = String, Path, description = "The number of ours, with or without `+`", example = "74951201031"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = WantedIgnoredCaller, example = json!({"caller": "79161112233", "reason": "проверочные звонки покупателя"})),
    responses((status = 201, description = "Ignored", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(number): Path<String>,
    body: JsonBody<WantedIgnoredCaller>,
) -> Result<Response, Problem> {
    let number = inputs::e164("/number", &number)?;
    let caller = inputs::e164("/caller", &body.value.caller)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("did_ignore_caller", &number.to_string(), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = numbers::ignore_caller(&mut change, caller, Some(number), reason).await?;
    writes::created(change, &Numbered { id }).await
}
