//! `POST /v1/tags`: another folder or tag (M10).
//!
//! Owns: what the request says.
//! Does not own: the tree (`billing::tags`).
//! Always: a name stands once in a folder, whatever its case.

use axum::extract::State;
use axum::response::Response;
use billing::tags::{self, NewTag};
use serde::Deserialize;
use utoipa::ToSchema;

use super::TagView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted folder or tag.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedTag {
    /// Name.
    name: String,
    /// Identifier of the folder that it lies in.
    #[serde(default)]
    parent: Option<i64>,
    /// Whether it is a folder.
    #[serde(default)]
    folder: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a folder or tag
#[utoipa::path(
    post, path = "/v1/tags", operation_id = "tag_create", tag = "tags",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedTag, example = json!({"name": "X", "parent": 2, "folder": false, "reason": "новый профиль"})),
    responses((status = 201, description = "Made", body = TagView, example = json!({"id": 5, "parent": 2, "name": "X", "path": ["Профили клиента", "Профили коллтрекинга"], "folder": false, "rule": null, "clients": 3, "revision": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedTag>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let name = inputs::word("/name", asked.name.trim())?.to_owned();
    let new = NewTag { name, parent: asked.parent, folder: asked.folder };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("tag_create", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let tag = tags::add_tag(&mut change, &new, reason).await?;
    writes::created(change, &TagView::from(tag)).await
}
