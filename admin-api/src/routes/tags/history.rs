//! `GET /v1/clients/{code}/tags/history`: tags that a client has or had (M10).
//!
//! Owns: nothing.
//! Does not own: tags (`billing::tags`).
//! Always: the newest first, each with who gave it and who took it; a thousand at most.

use axum::Json;
use axum::extract::{Path, State};
use billing::tags;

use super::AssignmentView;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// Tags that a client has or had
#[utoipa::path(
    get, path = "/v1/clients/{code}/tags/history", operation_id = "client_tag_history", tag = "tags",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "All of them, the newest first", body = List<AssignmentView>, example = json!({"items": [{
        "id": 17, "tag": 5, "name": "X", "folder": "Профили коллтрекинга", "note": "", "added_at": "2019-10-11T06:07:19Z", "added_by": "ivanova",
        "add_reason": "подключил коллтрекинг", "removed_at": "2019-10-12T08:00:00Z", "removed_by": "petrov", "remove_reason": "отключил коллтрекинг"
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<AssignmentView>>, Problem> {
    let tags = tags::history(&state.store, &code).await?.ok_or_else(|| no_client(&code))?;
    let most = tags.len();
    Ok(Json(List::page(tags, most, |tag| tag.id.to_string()).map(AssignmentView::from)))
}
