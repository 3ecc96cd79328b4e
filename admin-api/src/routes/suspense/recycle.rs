//! `POST /v1/suspense/recycle`: try entries of suspense again.
//!
//! Owns: nothing but the request.
//! Does not own: what becomes of the entries (the ingest executes the job).
//! Always: an entry that was settled meanwhile is left alone.

use axum::extract::State;
use axum::response::Response;
use billing::rework::Kind;

use super::Chosen;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::routes::rework::{FiledView, filed};
use crate::state::AppState;

/// Try records again
///
/// By the catalogue of now and with their corrections: charged where they can be, else they stay open and say why.
#[utoipa::path(
    post, path = "/v1/suspense/recycle", operation_id = "suspense_recycle", tag = "suspense",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Chosen, example = json!({"code": "NO_RETAIL_PRICE", "reason": "добавлены цены Сербии"})),
    responses((status = 200, description = "Filed", body = FiledView, example = json!({"job": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<Chosen>,
) -> Result<Response, Problem> {
    let scope = body.value.scope()?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let job = (Kind::Recycle, &scope, reason);
    filed(&state, &context, ("suspense_recycle", &body.bytes), job).await
}
