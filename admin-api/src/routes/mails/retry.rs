//! `POST /v1/mails/{id}/retry`: send a mail that failed again.
//!
//! Owns: what the request says.
//! Does not own: mails (`billing::mail`).
//! Always: it gets all its attempts again.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::mail;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Send a mail that failed again
#[utoipa::path(
    post, path = "/v1/mails/{id}/retry", operation_id = "mail_retry", tag = "mails",
    params(("id" = i64, Path, description = "Number of the mail", example = 31), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "ящик исправлен"})),
    responses((status = 200, description = "It waits to be sent", body = Numbered, example = json!({"id": 31})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("mail_retry", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    mail::retry(&mut change, number, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
