//! `GET /v1/clients/{code}/tags`: tags that a client has (M10).
//!
//! Owns: nothing.
//! Does not own: tags (`billing::tags`).
//! Always: those that he has, the newest first.

use axum::Json;
use axum::extract::{Path, State};
use billing::tags;

use super::AssignmentView;
use crate::paging::List;
use crate::problem::Problem;
use crate::routes::clients::no_client;
use crate::state::AppState;

/// Tags of a client
#[utoipa::path(
    get, path = "/v1/clients/{code}/tags", operation_id = "client_tag_list", tag = "tags",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001")),
    responses((status = 200, description = "The tags of now, the newest first", body = List<AssignmentView>, example = json!({"items": [{
        "id": 17, "tag": 5, "name": "X", "folder": "Профили коллтрекинга", "note": "", "added_at": "2019-10-11T06:07:19Z", "added_by": "ivanova",
        "add_reason": "подключил коллтрекинг", "removed_at": null, "removed_by": null, "remove_reason": null
    }], "next_cursor": null})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    Path(code): Path<String>,
) -> Result<Json<List<AssignmentView>>, Problem> {
    let tags = tags::of_client(&state.store, &code).await?.ok_or_else(|| no_client(&code))?;
    let most = tags.len();
    Ok(Json(List::page(tags, most, |tag| tag.id.to_string()).map(AssignmentView::from)))
}
