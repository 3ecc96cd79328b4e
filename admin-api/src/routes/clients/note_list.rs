//! `GET /v1/clients/{code}/notes`: notes on a client (L5, L29).
//!
//! Owns: nothing.
//! Does not own: notes (`billing::clients`).
//! Always: important ones first, then the newest; the first 1000; for staff only.

use axum::Json;
use axum::extract::{Path, State};
use billing::clients;

use super::NoteView;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// Notes on a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/notes", operation_id = "note_list", tag = "clients",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "Important ones first, then the newest", body = List<NoteView>, example = json!({"items": [{"id": 5, "kind": "note", "important": true, "text": "звонить после 11", "author": "ivanova", "created_at": "2026-07-01T10:00:00Z", "revision": 1}], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<NoteView>>, Problem> {
    let notes = clients::notes(&state.store, &code).await?.ok_or_else(|| super::no_client(&code))?;
    let most = notes.len();
    Ok(Json(List::page(notes, most, |note| note.id.to_string()).map(NoteView::from)))
}
