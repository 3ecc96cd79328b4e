//! `POST /v1/suspense/discard`: settle entries of suspense without a charge.
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

/// Discard records
///
/// They stay in the list as discarded, with their author; a repeat of them is not charged either.
#[utoipa::path(
    post, path = "/v1/suspense/discard", operation_id = "suspense_discard", tag = "suspense",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Chosen, example = json!({"ids": [42], "reason": "проверочные звонки"})),
    responses((status = 200, description = "Filed", body = FiledView, example = json!({"job": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<Chosen>,
) -> Result<Response, Problem> {
    let scope = body.value.scope()?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let job = (Kind::Discard, &scope, reason);
    filed(&state, &context, ("suspense_discard", &body.bytes), job).await
}
