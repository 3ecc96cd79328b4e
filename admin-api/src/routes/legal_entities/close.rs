//! `POST /v1/legal-entities/{code}/close`: close one of our companies.
//!
//! Owns: what the request says.
//! Does not own: what stands against it (`billing::entities`).
//! Always: its card and its closed accounts stay readable.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::entities;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Named, Write};

/// Close a legal entity
///
/// Refused while it has active accounts.
#[utoipa::path(
    post, path = "/v1/legal-entities/{code}/close", operation_id = "legal_entity_close", tag = "legal-entities",
    params(("code" = String, Path, description = "Code of the legal entity", example = "T"), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "ликвидирована"})),
    responses((status = 200, description = "Closed", body = Named, example = json!({"code": "T"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("legal_entity_close", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    entities::close(&mut change, &code, context.revision, reason).await?;
    writes::commit(change, &Named { code }).await
}
