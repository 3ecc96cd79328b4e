//! How a write begins and ends.
//!
//! Owns: the steps around a [`Change`] that are the same for every write: the answer of an earlier try, the answer that is kept, and the two plainest
//! answers.
//! Does not own: what is changed (the rooms of `billing`).
//! Always: the effects, the audit line and the kept answer commit together.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use billing::change::{Begun, IdempotencyKey};
use billing::{Actor, Change};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::etag;
use crate::language::Text;
use crate::problem::{Code, Problem};
use crate::state::AppState;

/// What a write answers that made or changed something with a code.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Named {
    /// Its code.
    pub(crate) code: String,
}

/// What a write answers that made or changed something with a number.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Numbered {
    /// Its identifier.
    pub(crate) id: i64,
}

/// A write that was begun.
pub(crate) enum Write {
    /// Go on.
    Begun(Change),
    /// The same request was answered before; this is the answer.
    Answered(Response),
}

/// Somebody who writes.
pub(crate) trait Caller: Sync {
    /// Author of the change.
    fn actor(&self) -> &Actor;
}

impl Caller for Actor {
    fn actor(&self) -> &Actor {
        self
    }
}

/// Begins a write of the caller.
pub(crate) async fn begin(
    state: &AppState,
    context: &impl Caller,
    key: Option<IdempotencyKey>,
) -> Result<Write, Problem> {
    let begun = Change::begin(&state.store, state.clock.as_ref(), context.actor().clone(), key).await?;
    match begun {
        Begun::New(change) => Ok(Write::Begun(change)),
        Begun::Repeated(status, body) => Ok(Write::Answered(repeated(status, body))),
        Begun::KeyReused => Err(Problem::new(Code::IdempotencyKeyReused)),
    }
}

/// Begins a write of somebody who proves in the request itself who he is, and so has no context.
pub(crate) async fn begin_as(state: &AppState, actor: Actor) -> Result<Change, Problem> {
    match Change::begin(&state.store, state.clock.as_ref(), actor, None).await? {
        Begun::New(change) => Ok(change),
        // Only a key is ever repeated.
        Begun::Repeated(..) | Begun::KeyReused => Err(Problem::new(Code::Internal)),
    }
}

/// Refuses an `Idempotency-Key` where an answer is shown once or a body holds a secret: neither is kept, not even as a digest.
pub(crate) fn refuse_key(context: &CallContext) -> Result<(), Problem> {
    if context.idempotency("", "", &[]).is_none() {
        return Ok(());
    }
    Err(key_refused())
}

/// The refusal of a key there.
pub(crate) fn key_refused() -> Problem {
    let detail = Text::fixed(
        "Запросы и ответы с секретами нигде не хранятся, повторить их нельзя: уберите заголовок",
        "Requests and answers with secrets are kept nowhere and cannot be repeated: leave the header out",
    );
    Problem::field("Idempotency-Key", detail)
}

/// Commits a write and answers `body`.
pub(crate) async fn commit<T: Serialize>(change: Change, body: &T) -> Result<Response, Problem> {
    answered(change, StatusCode::OK, body).await
}

/// Commits a write that made something new, and answers `body`.
pub(crate) async fn created<T: Serialize>(change: Change, body: &T) -> Result<Response, Problem> {
    answered(change, StatusCode::CREATED, body).await
}

async fn answered<T: Serialize>(change: Change, status: StatusCode, body: &T) -> Result<Response, Problem> {
    let body = serde_json::to_value(body).map_err(|error| {
        tracing::error!("an answer cannot be written: {error}");
        Problem::new(Code::Internal)
    })?;
    change.commit(status.as_u16(), &body).await?;
    Ok(tagged(status, body))
}

fn repeated(status: u16, body: Value) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    let mut response = tagged(status, body);
    let name = HeaderName::from_static("idempotent-replayed");
    response.headers_mut().insert(name, HeaderValue::from_static("true"));
    response
}

/// The answer, with the tag of the record that it shows.
fn tagged(status: StatusCode, body: Value) -> Response {
    let mut headers = HeaderMap::new();
    etag::put(&mut headers, &body);
    (status, headers, Json(body)).into_response()
}
