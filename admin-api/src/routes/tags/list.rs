//! `GET /v1/tags`: the tree of tags (M10).
//!
//! Owns: nothing.
//! Does not own: the tree (`billing::tags`).
//! Always: each folder before what lies in it, by name; closed ones are not among them.

use axum::Json;
use axum::extract::State;
use billing::tags;

use super::TagView;
use crate::paging::List;
use crate::problem::Problem;
use crate::state::AppState;

/// The tree of tags
#[utoipa::path(
    get, path = "/v1/tags", operation_id = "tag_list", tag = "tags",
    responses((status = 200, description = "All folders and tags, each folder before what lies in it", body = List<TagView>, example = json!({"items": [
        {"id": 1, "parent": null, "name": "Профили клиента", "path": [], "folder": true, "rule": null, "clients": 0, "revision": 1},
        {"id": 2, "parent": 1, "name": "Профили коллтрекинга", "path": ["Профили клиента"], "folder": true, "rule": null, "clients": 0, "revision": 1},
        {"id": 5, "parent": 2, "name": "X", "path": ["Профили клиента", "Профили коллтрекинга"], "folder": false, "rule": null, "clients": 3, "revision": 1}
    ], "next_cursor": null})))
)]
pub(crate) async fn handler(State(state): State<AppState>) -> Result<Json<List<TagView>>, Problem> {
    let tags = tags::tree(&state.store).await?;
    let most = tags.len();
    Ok(Json(List::page(tags, most, |tag| tag.id.to_string()).map(TagView::from)))
}
