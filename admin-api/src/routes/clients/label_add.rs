//! `POST /v1/labels`: another label of clients (B5).
//!
//! Owns: what the request says.
//! Does not own: labels (`billing::clients`).
//! Always: a name stands once, whatever its case.

use axum::extract::State;
use axum::response::Response;
use billing::clients;
use serde::Deserialize;
use utoipa::ToSchema;

use super::label_list::LabelView;
use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Write};

/// A wanted label.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedLabel {
    /// Name.
    name: String,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Make a label
#[utoipa::path(
    post, path = "/v1/labels", operation_id = "label_add", tag = "clients",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedLabel, example = json!({"name": "Реферал", "reason": "партнёрская программа"})),
    responses((status = 201, description = "Made", body = LabelView, example = json!({"name": "Реферал"})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedLabel>,
) -> Result<Response, Problem> {
    let name = inputs::word("/name", body.value.name.trim())?.to_owned();
    let reason = inputs::reason(body.value.reason.as_deref())?;
    let key = context.idempotency("label_add", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    clients::add_label(&mut change, &name, reason).await?;
    writes::created(change, &LabelView { name }).await
}
