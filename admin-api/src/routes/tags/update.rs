//! `PUT /v1/tags/{id}`: rename or move a folder or tag (M10).
//!
//! Owns: what the request says.
//! Does not own: the tree (`billing::tags`).
//! Always: a field that is absent stays; `null` as parent puts it on top; what was given under the old name keeps it.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::Edit;
use billing::tags::{self, TagUpdate};
use serde::Deserialize;
use utoipa::ToSchema;

use super::TagView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// How a folder or tag is to be.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct TagChange {
    /// Name.
    #[serde(default)]
    name: Option<String>,
    /// Identifier of the folder that it lies in; `null`: none.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    parent: Edit<i64>,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Rename or move a folder or tag
#[utoipa::path(
    put, path = "/v1/tags/{id}", operation_id = "tag_update", tag = "tags",
    params(("id" = i64, Path, description = "Identifier of the tag", example = 5), ("If-Match" = Option<String>, Header, description = "Revision in quotes, as the tree gave it"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = TagChange, example = json!({"parent": 2, "reason": "порядок в дереве"})),
    responses((status = 200, description = "Changed", body = TagView, example = json!({"id": 5, "parent": 2, "name": "X", "path": ["Профили клиента", "Профили коллтрекинга"], "folder": false, "rule": null, "clients": 3, "revision": 1})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(id): Path<String>,
    body: JsonBody<TagChange>,
) -> Result<Response, Problem> {
    let asked = body.value;
    let number = inputs::id("/id", &id)?;
    let wanted = TagUpdate {
        name: asked.name.as_deref().map(|name| inputs::word("/name", name.trim()).map(str::to_owned)).transpose()?,
        parent: asked.parent,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("tag_update", &id, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let tag = tags::update_tag(&mut change, number, &wanted, context.revision, reason).await?;
    writes::commit(change, &TagView::from(tag)).await
}
