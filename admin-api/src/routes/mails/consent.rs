//! `PUT /v1/clients/{code}/advertising-consent`: a client's word on advertising (A42).
//!
//! Owns: what the request says.
//! Does not own: consents (`billing::mail`).
//! Always: who agrees did so somewhere, and that is named.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::mail::{self, Consent};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// What a client says.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConsentChange {
    /// Whether he agrees.
    given: bool,
    /// Where he said so: a form, a contract, a call.
    source: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// How it is.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ConsentView {
    /// Code of the client.
    client: String,
    /// Since when he agrees; `null`: he does not.
    since: Option<DateTime<Utc>>,
    /// Where he said so.
    source: String,
    /// Revision of the client.
    revision: i64,
}

/// Record that a client agrees to advertising, or does not any more
///
/// Advertising that waits to be sent to whoever does not agree any more is suppressed.
#[utoipa::path(
    put, path = "/v1/clients/{code}/advertising-consent", operation_id = "advertising_consent", tag = "mails",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("If-Match" = Option<String>, Header, description = "The ETag of the client as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = ConsentChange, example = json!({"given": true, "source": "анкета на сайте", "reason": "заявка клиента"})),
    responses((status = 200, description = "So it is now", body = ConsentView, example = json!({"client": "C-000001", "since": "2026-07-01T10:00:00Z", "source": "анкета на сайте", "revision": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<ConsentChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let source = inputs::party::some_text("/source", &asked.source, 300)?;
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("advertising_consent", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let consent = mail::set_consent(&mut change, &code, asked.given, &source, context.revision, reason).await?;
    let Consent { since, source, revision } = consent;
    writes::commit(change, &ConsentView { client: code, since, source, revision }).await
}
