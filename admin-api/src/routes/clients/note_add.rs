//! `POST /v1/clients/{code}/notes`: a note on a client (L5).
//!
//! Owns: what the request says.
//! Does not own: notes (`billing::clients`).
//! Always: the note is its own reason.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients::{self, NewNote};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A wanted note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedNote {
    /// What it says.
    text: String,
    /// Whether it stands before the others.
    #[serde(default)]
    important: bool,
}

/// Write a note
#[utoipa::path(
    post, path = "/v1/clients/{code}/notes", operation_id = "note_add", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedNote, example = json!({"text": "звонить после 11", "important": true})),
    responses((status = 201, description = "Written", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<WantedNote>,
) -> Result<Response, Problem> {
    let text = inputs::party::some_text("/text", &body.value.text, 10_000)?;
    let new = NewNote { important: body.value.important, text };
    let key = context.idempotency("note_add", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = clients::add_note(&mut change, &code, &new).await?;
    writes::created(change, &Numbered { id }).await
}
