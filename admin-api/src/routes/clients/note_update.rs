//! `PUT /v1/clients/{code}/notes/{id}`: change a note on a client.
//!
//! Owns: what the request says.
//! Does not own: notes (`billing::clients`).
//! Always: a field that is absent stays; what the program wrote is not changed.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients::{self, NoteUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::NoteView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a note is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NoteChange {
    /// What it says.
    #[serde(default)]
    text: Option<String>,
    /// Whether it stands before the others.
    #[serde(default)]
    important: Option<bool>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Change a note
#[utoipa::path(
    put, path = "/v1/clients/{code}/notes/{id}", operation_id = "note_update", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the note", example = 5), ("If-Match" = Option<String>, Header, description = "The ETag as it was given, or its revision in quotes"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = NoteChange, example = json!({"important": false, "reason": "уже неважно"})),
    responses((status = 200, description = "Changed", body = NoteView, example = json!({"id": 5, "kind": "note", "important": true, "text": "звонить после 11", "author": "ivanova", "created_at": "2026-07-01T10:00:00Z", "revision": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<NoteChange>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let number = inputs::id("/id", &id)?;
    let text = asked.text.as_deref().map(|text| inputs::party::some_text("/text", text, 10_000)).transpose()?;
    let wanted = NoteUpdate { important: asked.important, text };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("note_update", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let note = clients::update_note(&mut change, &code, number, &wanted, context.revision, reason).await?;
    writes::commit(change, &NoteView::from(note)).await
}
