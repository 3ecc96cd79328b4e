//! `POST /v1/clients/{code}/tags`: give a tag to a client (M10).
//!
//! Owns: what the request says.
//! Does not own: tags (`billing::tags`).
//! Always: a client has a tag once; what a rule gives, no person does.

use axum::extract::{Path, State};
use axum::response::Response;
use billing::tags;
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A tag for a client.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct GivenTag {
    /// Identifier of the tag.
    tag: i64,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Give a tag to a client
#[utoipa::path(
    post, path = "/v1/clients/{code}/tags", operation_id = "client_tag_give", tag = "tags",
    params(("code" = String, Path, description = "Code of the client", example = "C-000001"), ("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = GivenTag, example = json!({"tag": 5, "reason": "подключил коллтрекинг"})),
    responses((status = 201, description = "Given", body = Numbered, example = json!({"id": 17})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    Path(code): Path<String>,
    body: JsonBody<GivenTag>,
) -> Result<Response, Problem> {
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("client_tag_give", &code, &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = tags::add(&mut change, &code, body.value.tag, reason).await.map_err(super::of_body)?;
    writes::created(change, &Numbered { id }).await
}
