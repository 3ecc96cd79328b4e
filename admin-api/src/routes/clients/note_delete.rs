//! `DELETE /v1/clients/{code}/notes/{id}`: delete a note on a client (L29).
//!
//! Owns: what the request says.
//! Does not own: notes (`billing::clients`).
//! Always: an important one takes a right of its own; nothing is erased.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::clients;
use billing::staff::Permission;

use crate::call_context::CallContext;
use crate::extract::{JsonBody, Reason};
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// Delete a note
#[utoipa::path(
    delete, path = "/v1/clients/{code}/notes/{id}", operation_id = "note_delete", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("id" = i64, Path, description = "Identifier of the note", example = 5), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = Reason, example = json!({"reason": "устарело"})),
    responses((status = 200, description = "Deleted", body = Numbered, example = json!({"id": 5})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path((code, id)): Path<(String, String)>,
    body: JsonBody<Reason>,
) -> Result<Response, Problem> {
    let number = inputs::id("/id", &id)?;
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("note_delete", &format!("{code}\n{id}"), &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let may = context.staff.may(Permission::NoteDeleteImportant);
    clients::delete_note(&mut change, &code, number, may, reason).await?;
    writes::commit(change, &Numbered { id: number }).await
}
