//! `PUT /v1/clients/{code}/liquidation-exclusion`: leave a client out of the letters about his liquidation (M59).
//!
//! Owns: what the request says.
//! Does not own: the flag (`billing::liquidation`).
//! Always: «Да» or «Нет», to the letter.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::liquidation::{self, WantedExclusion};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{COMMENT_CHARS_MAX, ExclusionView};
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// Whether a client is to be left out.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExclusionChange {
    /// «Да» or «Нет».
    value: String,
    /// Words on it; the former ones stay when absent.
    #[serde(default)]
    comment: Option<String>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Leave a client out of the letters about his liquidation, or not any more
///
/// Letters that wait to be sent to him are suppressed.
#[utoipa::path(
    put, path = "/v1/clients/{code}/liquidation-exclusion", operation_id = "liquidation_exclude", tag = "liquidation",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("If-Match" = Option<String>, Header, description = "The ETag of the client as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ExclusionChange, example = json!({"value": "Да", "comment": "переоформляется", "reason": "звонок директора"})),
    responses((status = 200, description = "So it is now", body = ExclusionView, example = json!({"client": "C-000001", "value": "Да", "comment": "переоформляется", "revision": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<ExclusionChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let comment = asked.comment.as_deref();
    let wanted = WantedExclusion {
        client: code.clone(),
        value: asked.value.clone(),
        comment: comment.map(|text| inputs::party::text("/comment", text, COMMENT_CHARS_MAX)).transpose()?,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("liquidation_exclude", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let exclusion = liquidation::exclude(&mut change, &wanted, context.revision, reason).await?;
    writes::commit(change, &ExclusionView::of(&code, exclusion)).await
}
