//! `DELETE /v1/client-groups/{code}/members/{client}`: take a client out of a group (B30).
//!
//! Owns: what the request says.
//! Does not own: memberships (`billing::terms`).
//! Always: nothing is erased; calls answered before keep what the group had.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::terms;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A membership that was ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct MemberEnded {
    /// Code of the client.
    client: String,
    /// The moment from which he belongs to the group no more.
    ended_at: DateTime<Utc>,
}

/// Take a client out of a group
///
/// Now, and out of what was agreed for later.
#[utoipa::path(
    delete, path = "/v1/client-groups/{code}/members/{client}", operation_id = "member_end", tag = "terms",
    params(
        ("code" = String, Path, description = "Code of the group", example = "partners"),
        ("client" = String, Path, description = "Code of the client", example = "C-000001"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "вышел из программы"})),
    responses((status = 200, description = "Ended", body = MemberEnded, example = json!({"client": "C-000001", "ended_at": "2026-07-01T10:00:00Z"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, client)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let (code, client) = (inputs::word("/code", &code)?, inputs::word("/client", &client)?);
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("member_end", &format!("{code}\n{client}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    terms::end_member(&mut change, code, client, reason).await?;
    let ended_at = change.now();
    writes::commit(change, &MemberEnded { client: client.to_owned(), ended_at }).await
}
