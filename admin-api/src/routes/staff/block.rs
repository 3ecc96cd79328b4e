//! `POST /v1/staff/{login}/block`: a user works here no more (S42).
//!
//! Owns: what the request says.
//! Does not own: what a block ends (`billing::staff`).
//! Always: his next request is refused, and so is a write of his that is under way.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::staff;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// What the block did.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BlockedView {
    /// Since when.
    blocked_at: DateTime<Utc>,
    /// Tokens that were revoked.
    tokens_revoked: u64,
    /// Sessions that were ended.
    sessions_ended: u64,
}

/// Block a user
#[utoipa::path(
    post, path = "/v1/staff/{login}/block", operation_id = "staff_block", tag = "staff",
    params(("login" = String, Path, description = "Login, in any case", example = "petrova"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "уволена 1 июля"})),
    responses((status = 200, description = "Blocked", body = BlockedView, example = json!({"blocked_at": "2026-07-01T10:00:00Z", "tokens_revoked": 1, "sessions_ended": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(login): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("staff_block", &login, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let done = staff::block(&mut change, &context.staff, &login, reason).await?;
    let (tokens_revoked, sessions_ended) = (done.tokens_revoked, done.sessions_ended);
    writes::commit(change, &BlockedView { blocked_at: done.at, tokens_revoked, sessions_ended }).await
}
