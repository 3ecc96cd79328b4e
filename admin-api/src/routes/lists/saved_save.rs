//! `POST /v1/saved-filters`: keep a filter of a list.
//!
//! Owns: what the request says.
//! Does not own: kept filters (`billing::grid`).
//! Always: a query is kept only when the list would answer it.

use std::collections::BTreeMap;

use axum::extract::State;
use axum::response::Response;
use billing::grid::{self, NewSavedFilter};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::call_context::CallContext;
use crate::extract::JsonBody;
use crate::inputs;
use crate::problem::Problem;
use crate::state::AppState;
use crate::writes::{self, Numbered, Write};

/// A filter to be kept.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WantedFilter {
    /// Name of the list: that of the operation without `_list`, with dashes.
    list: String,
    /// Name of the filter.
    name: String,
    /// Parameters of a request for the list.
    query: BTreeMap<String, String>,
    /// Whether everybody sees it who sees the list; `false` when absent.
    #[serde(default)]
    shared: bool,
    /// Why; obligatory.
    #[serde(default)]
    #[schema(value_type = String, required = true)]
    reason: Option<String>,
}

/// Keep a filter
#[utoipa::path(
    post, path = "/v1/saved-filters", operation_id = "saved_filter_save", tag = "lists",
    params(("Idempotency-Key" = Option<String>, Header, description = "A key of your choice, up to 200 characters: the same request, byte for byte, is answered alike for 72 hours")),
    request_body(content = WantedFilter, example = json!({
        "list": "clients", "name": "Мои VIP", "query": {"mine": "true", "label": "VIP", "sort": "name"}, "shared": false, "reason": "каждый день"
    })),
    responses((status = 201, description = "Kept", body = Numbered, example = json!({"id": 3})))
)]
pub(crate) async fn handler(
    State(state): State<AppState>,
    context: CallContext,
    body: JsonBody<WantedFilter>,
) -> Result<Response, Problem> {
    let asked = &body.value;
    let list = super::list_of(&context, &asked.list)?;
    let new = NewSavedFilter {
        list: list.name.to_owned(),
        name: inputs::word("/name", asked.name.trim())?.to_owned(),
        query: super::kept_query(list, &asked.query, &*state.settings()?)?,
        shared: asked.shared,
    };
    let reason = inputs::reason(asked.reason.as_deref())?;
    let key = context.idempotency("saved_filter_save", "", &body.bytes);
    let mut change = match writes::begin(&state, &context, key).await? {
        Write::Begun(change) => change,
        Write::Answered(answer) => return Ok(answer),
    };
    let id = grid::save_filter(&mut change, &new, reason).await?;
    writes::created(change, &Numbered { id }).await
}
