//! `POST /v1/client-groups`: make a group of clients.
//!
//! Owns: what the request says.
//! Does not own: what a group has (`discount_give`, `exchange_enter`).
//! Always: no group without a reason; a code stands once.

use axum::extract::State;
use axum::response::Response;
use billing::terms;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted group.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedGroup {
    /// Code, unique.
    code: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// The group.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GroupMade {
    /// Code.
    code: String,
}

/// Make a group of clients
#[utoipa::path(
    post, path = "/v1/client-groups", operation_id = "group_add", tag = "terms",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters")),
    request_body(content = WantedGroup, example = json!({"code": "partners", "reason": "партнёрская программа"})),
    responses((status = 200, description = "Made", body = GroupMade, example = json!({"code": "partners"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedGroup>,
) -> Result<Response, Problem> {
    let code = inputs::word("/code", body.value.code.trim())?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("group_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    terms::add_group(&mut change, code, reason).await?;
    writes::commit(change, &GroupMade { code: code.to_owned() }).await
}
