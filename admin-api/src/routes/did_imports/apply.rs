//! `POST /v1/dids/imports/{id}/apply`: apply a draft of numbers.
//!
//! Owns: what the request says, how long the answer waits.
//! Does not own: what a draft does (`billing::numbers::import`).
//! Always: what the preview showed is done as a whole, or nothing; who stops waiting does not stop it, and a program that stops leaves a draft as it was.

use std::time::Duration;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use billing::Change;
use billing::numbers::import;

use super::NumbersImported;
use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::{Code, Problem};
use crate::state::AppState;
use crate::writes::{self, Write};

/// How long the answer waits for the end.
const ANSWER_WITHIN: Duration = Duration::from_secs(20);

/// Apply a draft of numbers
///
/// New numbers are free from now on, and begin without data on non-target calls (M23); numbers that were withdrawn come back; the others become what the file says of them. Refused
/// when any of these numbers was changed since the comparison. A large file is applied for up to a minute: the answer is 202 then, and `GET /v1/dids/imports/{id}` says `applied`
/// when it is done, or still `draft` where it was refused; the same request with its `Idempotency-Key` waits for the end.
#[utoipa::path(
    post, path = "/v1/dids/imports/{id}/apply", operation_id = "did_import_apply", tag = "numbers",
    params(
        ("id" = String, Path, description = "Number of the import", example = "3"),
        ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"),
        ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")
    ),
    request_body(content = Reason, example = json!({"reason": "новая ёмкость"})),
    responses(
        (status = 200, description = "Applied", body = NumbersImported, example = json!({
            "id": 3, "state": "applied",
            "summary": {"ranges": 1, "numbers": 10000, "new": 9990, "returned": 0, "changed": 4, "same": 6, "classes": {"bronze": 1874, "platinum": 11},
                        "read_as": "csv ; utf-8", "columns": {"from": "A «от»", "to": "B «до»"}, "ignored": []}
        })),
        (status = 202, description = "It is being applied", body = NumbersImported, example = json!({"id": 3, "state": "applying", "summary": null}))
    )
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let id = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?.to_owned();
    let key = context.idempotency("did_import_apply", &id.to_string(), &body.bytes);
    let change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    // A task of its own: who stops waiting for the answer does not stop the work.
    let work = tokio::spawn(carry_out(change, id, context.revision, reason));
    match tokio::time::timeout(ANSWER_WITHIN, work).await {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => {
            tracing::error!(import = id, "applying numbers breaks off: {error}");
            Err(Problem::new(Code::Internal))
        }
        Err(_) => {
            let applying = NumbersImported { id, state: "applying", summary: None };
            Ok((StatusCode::ACCEPTED, Json(applying)).into_response())
        }
    }
}

async fn carry_out(mut change: Change, id: i64, revision: Option<i64>, reason: String) -> Result<Response, Problem> {
    let done = import::apply(&mut change, id, revision, &reason).await;
    if let Err(error) = &done {
        // The one who asked may not wait for the answer any more.
        tracing::warn!(import = id, "numbers are not applied: {error}");
    }
    let summary = serde_json::to_value(done?).map_err(|_| Problem::new(Code::Internal))?;
    writes::commit(change, &NumbersImported { id, state: "applied", summary: Some(summary) }).await
}
