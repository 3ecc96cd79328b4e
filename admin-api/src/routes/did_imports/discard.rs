//! `POST /v1/dids/imports/{id}/discard`: discard a draft of numbers.
//!
//! Owns: what the request says.
//! Does not own: which import may be discarded (`billing::numbers::import`).
//! Always: nothing is erased; it can be looked at and not applied any more.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::numbers::import;

use super::NumbersImported;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Discard a draft of numbers
#[utoipa::path(
    post, path = "/v1/dids/imports/{id}/discard", operation_id = "did_import_discard", tag = "numbers",
    params(
        ("id" = String, Path, description = "Number of the import", example = "3"),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "не тот файл"})),
    responses((status = 200, description = "Discarded", body = NumbersImported, example = json!({"id": 3, "state": "discarded", "summary": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("did_import_discard", &id.to_string(), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    import::discard(&mut change, id, context.revision, reason).await?;
    writes::commit(change, &NumbersImported { id, state: "discarded", summary: None }).await
}
